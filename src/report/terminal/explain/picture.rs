//! The picture of a request's life: a row for its caller, for every wait and attempt, and for what the attempt's provider
//! did, all on one axis.

use super::axis::Axis;
use crate::history::{
    Attempt, AttemptResult, Call, CallerEnding, Ending, Header, Limit, Moment, Record, Trail,
};
use crate::judge::{Verdict, link};
use crate::report::limits::{Bound, bounds};
use crate::report::paint::{Paint, fit, pad, tame, width};
use crate::report::words;

/// What a stretch of a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    /// Nothing has come yet.
    Silence,
    /// The status is there, and no output yet.
    Status,
    /// Output comes.
    Output,
    /// The router waits before it asks anybody.
    Pause,
}

impl Ink {
    const fn glyph(self) -> char {
        match self {
            Ink::Silence => '░',
            Ink::Status => '▒',
            Ink::Output => '█',
            Ink::Pause => '╌',
        }
    }
}

/// What the glyphs mean.
const LEGEND: [&str; 7] = [
    "░ nothing yet",
    "▒ status, no output yet",
    "█ output",
    "╌ pause",
    "┊ limit",
    "◆ limit that ran out",
    "⊘ passed over",
];

/// The meanings of the glyphs that are in `picture`.
pub(super) fn legend(picture: &str) -> String {
    let used =
        LEGEND.into_iter().filter(|entry| entry.chars().next().is_some_and(|glyph| picture.contains(glyph)));
    used.collect::<Vec<_>>().join(" · ")
}

/// Notes are not cut below this: a duration and the longest name of a failure.
const NOTE_MIN: usize = 28;

/// A line of the picture.
struct Row {
    label: String,
    spans: Vec<(Moment, Moment, Ink)>,
    marks: Vec<(Moment, char)>,
    note: String,
    tint: Option<Verdict>,
    dim: bool,
}

impl Row {
    fn new(label: impl Into<String>) -> Row {
        let label = label.into();
        Row { label, spans: vec![], marks: vec![], note: String::new(), tint: None, dim: false }
    }

    /// Stretches between moments that follow each other; those that never came end where the next does.
    fn stretches(mut self, from: Moment, steps: &[(Option<Moment>, Ink)], ended: Moment) -> Row {
        let mut at = from;
        let mut ink = Ink::Silence;
        for (until, after) in steps {
            let Some(until) = until.filter(|until| *until <= ended) else { continue };
            self.spans.push((at, until, ink));
            (at, ink) = (until, *after);
        }
        self.spans.push((at, ended, ink));
        self
    }
}

/// Draws the life of `record` on at most `columns` columns.
pub(super) fn picture(record: &Record, header: &Header, columns: usize, paint: Paint) -> (String, Axis) {
    let rows = rows(record, header);
    let widest = rows.iter().map(|row| width(&row.label)).max().unwrap_or(0);
    let label = widest.min(columns / 4).max(6);
    let notes = rows.iter().map(|row| width(&row.note)).max().unwrap_or(0);
    let note = notes.min((columns * 3 / 10).max(NOTE_MIN)).max(10);
    let room = columns.saturating_sub(label + note + 4);
    let axis = Axis::new(record.caller.intended, &moments(&rows), room);
    let [labels, line] = axis.ruler();
    let margin = " ".repeat(label + 2);
    let mut text = format!("{margin}{}\n{margin}{}\n", paint.dim(&labels), paint.dim(&line));
    for row in &rows {
        text.push_str(draw(row, &axis, label, note, paint).trim_end());
        text.push('\n');
    }
    (text, axis)
}

/// The moments that stretches begin and end with: limits are shown where they fall, and make no axis longer.
fn moments(rows: &[Row]) -> Vec<Moment> {
    rows.iter().flat_map(|row| row.spans.iter().flat_map(|(from, to, _)| [*from, *to])).collect()
}

fn draw(row: &Row, axis: &Axis, label: usize, note: usize, paint: Paint) -> String {
    let mut cells = vec![' '; axis.room()];
    // An answer that came in one piece took no time, and is the more worth seeing.
    let long =
        |(from, to, ink): &&(Moment, Moment, Ink)| from < to || *ink == Ink::Output || row.spans.len() == 1;
    for (from, to, ink) in row.spans.iter().filter(long) {
        let from = axis.column(*from);
        // Whatever took any time at all is seen.
        let to = axis.column(*to).max(from + 1).min(axis.room());
        cells[from.min(to - 1)..to].fill(ink.glyph());
    }
    for (at, mark) in row.marks.iter().filter(|(at, _)| axis.shows(*at)) {
        cells[axis.column(*at)] = *mark;
    }
    let bars: String = cells.into_iter().collect();
    let bars = match row.tint {
        Some(verdict) => paint.verdict(verdict, &bars),
        None if row.dim => paint.dim(&bars),
        None => bars,
    };
    format!("{}  {bars}  {}", pad(&row.label, label), fit(&row.note, note))
}

fn rows(record: &Record, header: &Header) -> Vec<Row> {
    let mut rows = vec![caller(record)];
    let Some(trail) = &record.trail else {
        rows.extend(record.calls.iter().map(provider));
        return rows;
    };
    let links = link(&trail.attempts, &record.calls, header);
    let mut timed: Vec<(Moment, u8, Vec<Row>)> = skips(trail);
    timed.extend(trail.waits.iter().map(|wait| {
        let mut row = Row::new("pause");
        let until = wait.until.min(trail.ended);
        row.spans.push((wait.from, until, Ink::Pause));
        row.note = format!("{} {}", words::show(until - wait.from), words::waited(wait.cause));
        row.dim = true;
        (wait.from, 1, vec![row])
    }));
    for (index, tried) in trail.attempts.iter().enumerate() {
        let call = links[index].map(|call| &record.calls[call]);
        let mut pair = vec![attempt(tried, trail, header)];
        pair.extend(call.map(provider));
        timed.push((tried.started, 2, pair));
    }
    timed.sort_by_key(|(at, rank, _)| (*at, *rank));
    rows.extend(timed.into_iter().flat_map(|(_, _, rows)| rows));
    // What reached a provider and is in no trail is the more worth seeing.
    let linked = |at: usize| links.contains(&Some(at));
    rows.extend(
        record.calls.iter().enumerate().filter(|(at, _)| !linked(*at)).map(|(_, call)| provider(call)),
    );
    rows
}

fn caller(record: &Record) -> Row {
    let caller = &record.caller;
    let steps = [(caller.headers, Ink::Status), (caller.first_output, Ink::Output)];
    let mut row = Row::new("caller").stretches(caller.intended, &steps, caller.ended);
    if let Some(trail) = &record.trail {
        row.marks.push((trail.deadline, '┊'));
    }
    let status = caller.status.map(|status| format!(" {status}")).unwrap_or_default();
    let took = words::show(caller.ended - caller.intended);
    let good = caller.ending == CallerEnding::Complete;
    row.tint = Some(if good { Verdict::Pass } else { Verdict::Fail });
    row.note = format!("{took} {}{status}", if good { "✓" } else { "✗" });
    row
}

/// Models passed over, those of one moment in one row.
fn skips(trail: &Trail) -> Vec<(Moment, u8, Vec<Row>)> {
    let mut rows: Vec<(Moment, u8, Vec<Row>)> = Vec::new();
    for skip in &trail.skips {
        match rows.last_mut() {
            Some((at, _, row)) if *at == skip.at => {
                row[0].note.push_str(&format!(", {}", skip.model));
            }
            _ => {
                let mut row = Row::new("passed over");
                row.marks.push((skip.at, '⊘'));
                row.note = skip.model.clone();
                row.dim = true;
                rows.push((skip.at, 0, vec![row]));
            }
        }
    }
    rows
}

fn attempt(attempt: &Attempt, trail: &Trail, header: &Header) -> Row {
    let steps = [(attempt.first_output, Ink::Output)];
    let title = format!("{} {}", attempt.number + 1, attempt.model);
    let mut row = Row::new(title).stretches(attempt.started, &steps, attempt.ended);
    let limits = bounds(attempt, trail, header);
    row.marks.extend(limits.iter().filter(|bound| bound.hit || stood(bound, attempt)).map(|bound| {
        // What ran out ended the attempt: its mark is the end of the bar.
        let at = if bound.hit { Moment::from_us(bound.at.as_us().saturating_sub(1)) } else { bound.at };
        (at, if bound.hit { '◆' } else { '┊' })
    }));
    let took = words::show(attempt.ended - attempt.started);
    let (glyph, tint, what) = match &attempt.result {
        AttemptResult::Served => ("✓", Some(Verdict::Pass), String::new()),
        AttemptResult::Failed(failure) => ("✗", Some(Verdict::Fail), format!(" {}", failure.class)),
        AttemptResult::Cancelled => ("○", None, " caller left".to_owned()),
        AttemptResult::Lost => ("○", None, " another was faster".to_owned()),
    };
    row.note = format!("{took} {glyph}{what}");
    row.dim = tint.is_none();
    row.tint = tint;
    row
}

/// Whether a limit was still to be met when its attempt ended.
fn stood(bound: &Bound, attempt: &Attempt) -> bool {
    match bound.limit {
        Limit::Connect => attempt.connected.is_none(),
        Limit::FirstToken => attempt.first_output.is_none(),
        Limit::Idle | Limit::Total => true,
    }
}

fn provider(call: &Call) -> Row {
    let output = [(call.headers_sent, Ink::Status), (call.first_output, Ink::Output)];
    let mut row = Row::new(format!("  {}", call.provider)).stretches(call.received, &output, call.ended);
    let status = call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let words = match (call.words_sent, call.words_planned) {
        (0, 0) => String::new(),
        (sent, planned) => format!(" {sent}/{planned} words"),
    };
    let end = match call.ending {
        Ending::Complete => "",
        Ending::Broken => " broken off",
        Ending::Abandoned => " left",
        Ending::Shutdown => " shut down",
    };
    let faults =
        if call.faults.is_empty() { String::new() } else { format!(" [{}]", call.faults.join(", ")) };
    row.note = tame(&format!("{status}{words}{end}{faults}"));
    row.dim = true;
    row
}
