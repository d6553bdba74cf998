//! A run over time, in block characters: what arrived, what became of it, who was asked, and which faults were armed.

use super::explain::Axis;
use crate::history::{HealthState, Moment};
use crate::judge::{Outcome, Verdict};
use crate::report::Account;
use crate::report::account::{Lane, Slice, Timeline};
use crate::report::paint::{Paint, fit, pad, percent, right, thousands, width};

/// Most rows of faults, of providers, and of targets that lost their good standing.
const ROWS_MAX: usize = 5;

/// Columns of the value at the end of a row.
const VALUE: usize = 12;

/// Columns of a picture at most: more tell no more.
const ROOM_MAX: usize = 80;

/// Attainment below this is coloured.
const WELL: f64 = 0.95;

/// A row: its name, a cell a column, and a value for the whole of it.
struct Row {
    name: String,
    cells: String,
    value: String,
}

/// The picture; nothing where nothing arrived.
pub(super) fn timeline(account: &Account, columns: usize, paint: Paint) -> String {
    let picture = Picture::new(account, columns, paint);
    if account.timeline.slices.is_empty() {
        return String::new();
    }
    let rows: Vec<Row> = [
        picture.service(),
        picture.outcomes(),
        picture.providers(),
        picture.retries(),
        picture.faults(),
        picture.lanes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let [labels, line] = picture.axis.ruler();
    let margin = " ".repeat(picture.name + 3);
    let mut text = format!("{margin}{}\n{margin}{}\n", paint.dim(labels.trim_end()), paint.dim(&line));
    for row in rows {
        let line = format!("  {} {} {}", pad(&row.name, picture.name), row.cells, right(&row.value, VALUE));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

struct Picture<'a> {
    account: &'a Account,
    timeline: &'a Timeline,
    /// Columns of the names.
    name: usize,
    axis: Axis,
    /// The slices of each column.
    columns: Vec<std::ops::Range<usize>>,
    paint: Paint,
}

impl<'a> Picture<'a> {
    fn new(account: &'a Account, columns: usize, paint: Paint) -> Self {
        let timeline = &account.timeline;
        let faults = account.judgement.header.faults.iter().map(|fault| fault.name.as_str());
        let names = timeline.providers.iter().map(String::as_str).chain(faults).map(width);
        let name = names.max().unwrap_or(0).clamp(8, (columns / 5).max(8));
        let room = columns.saturating_sub(name + VALUE + 4).clamp(10, ROOM_MAX);
        let arrived = timeline.start(timeline.slices.len());
        let ended = account.judgement.footer.ended.max(arrived);
        let axis = Axis::new(Moment::ZERO, &[ended], room);
        let columns = ranges(timeline, ended, axis.room());
        Picture { account, timeline, name, axis, columns, paint }
    }

    /// The sum over each column; none in columns after the last arrival.
    fn sums(&self, of: impl Fn(&Slice) -> u32) -> Vec<Option<u64>> {
        let slices = &self.timeline.slices;
        let sum = |range: &std::ops::Range<usize>| {
            slices[range.clone()].iter().map(|slice| u64::from(of(slice))).sum()
        };
        self.columns.iter().map(|range| (!range.is_empty()).then(|| sum(range))).collect()
    }

    fn total(&self, of: impl Fn(&Slice) -> u32) -> u64 {
        self.timeline.slices.iter().map(|slice| u64::from(of(slice))).sum()
    }

    /// The share of `part` in `whole` by column; none where there is no whole.
    fn shares(&self, part: impl Fn(&Slice) -> u32, whole: impl Fn(&Slice) -> u32) -> Vec<Option<f64>> {
        let wholes = self.sums(whole).into_iter();
        let shares = self.sums(part).into_iter().zip(wholes).map(|(part, whole)| {
            let (part, whole) = (part?, whole.filter(|whole| *whole > 0)?);
            Some(part as f64 / whole as f64)
        });
        shares.collect()
    }

    /// What arrived, and how much of it was attained.
    fn service(&self) -> Vec<Row> {
        let seconds = self.timeline.width.as_secs_f64();
        let rates: Vec<Option<f64>> = self
            .sums(|slice| slice.offered)
            .into_iter()
            .zip(&self.columns)
            .map(|(sum, range)| Some(sum? as f64 / (range.len() as f64 * seconds)))
            .collect();
        let peak = rates.iter().flatten().copied().fold(0.0, f64::max);
        let offered = spark(rates.iter().map(|rate| Some((*rate)? / peak.max(f64::MIN_POSITIVE))));
        let attained = self.shares(|slice| slice.attained, |slice| slice.offered);
        let least = attained.iter().flatten().copied().reduce(f64::min);
        vec![
            row("offered", offered, &format!("peak {}/s", thousands(peak.round() as u64))),
            row("attained", self.mind(&attained), &format!("least {}", percent(least))),
        ]
    }

    /// Attainment, coloured where it is low.
    fn mind(&self, shares: &[Option<f64>]) -> String {
        let low = |share: &Option<f64>| share.is_some_and(|share| share < WELL);
        let runs = shares.chunk_by(|a, b| low(a) == low(b));
        runs.map(|run| {
            let cells = spark(run.iter().copied());
            if low(&run[0]) { self.paint.verdict(Verdict::Fail, &cells) } else { cells }
        })
        .collect()
    }

    /// A row for every outcome that was not the first choice's, as a share of what arrived.
    fn outcomes(&self) -> Vec<Row> {
        let occurred = Outcome::SPLIT[1..].iter().filter_map(|outcome| {
            let of = |slice: &Slice| slice.outcomes[*outcome as usize];
            let total = self.total(of);
            (total > 0).then(|| {
                let cells = spark(self.shares(of, |slice| slice.offered).into_iter());
                let cells = match outcome {
                    Outcome::Partial | Outcome::Error | Outcome::Broken => {
                        self.paint.verdict(Verdict::Fail, &cells)
                    }
                    _ => cells,
                };
                row(outcome.name(), cells, &thousands(total))
            })
        });
        occurred.collect()
    }

    /// Each provider's share of the attempts.
    fn providers(&self) -> Vec<Row> {
        let all = |slice: &Slice| slice.attempts.iter().sum();
        let asked = |at: usize| move |slice: &Slice| slice.attempts.get(at).copied().unwrap_or(0);
        let mut busy: Vec<usize> = (0..self.timeline.providers.len()).collect();
        busy.retain(|at| self.total(asked(*at)) > 0);
        if busy.len() < 2 {
            return Vec::new();
        }
        let rows = busy.iter().take(ROWS_MAX).map(|at| {
            let cells = spark(self.shares(asked(*at), all).into_iter());
            row(&self.timeline.providers[*at], cells, &format!("{} asked", thousands(self.total(asked(*at)))))
        });
        rows.collect()
    }

    fn retries(&self) -> Vec<Row> {
        let total = self.total(|slice| slice.retries);
        if total == 0 {
            return Vec::new();
        }
        let sums = self.sums(|slice| slice.retries);
        let most = sums.iter().flatten().copied().max().unwrap_or(1).max(1) as f64;
        let cells = spark(sums.into_iter().map(|sum| Some(sum? as f64 / most)));
        vec![row("retries", cells, &thousands(total))]
    }

    /// When each fault is armed; those without a window are armed always.
    fn faults(&self) -> Vec<Row> {
        let faults = &self.account.judgement.header.faults;
        let mut rows: Vec<Row> = faults
            .iter()
            .take(ROWS_MAX)
            .map(|fault| {
                let whole = [(Moment::ZERO, Moment::NEVER)];
                let windows: Vec<_> = fault.during.iter().map(|window| (window.from, window.to)).collect();
                let cells = self.marks(if windows.is_empty() { &whole } else { &windows }, '━');
                row(&fault.name, self.paint.verdict(Verdict::Inconclusive, &cells), &fault.kind)
            })
            .collect();
        if faults.len() > ROWS_MAX {
            let more = format!("{} more faults", faults.len() - ROWS_MAX);
            rows.push(row("", pad(&more, self.axis.room()), ""));
        }
        rows
    }

    /// When the router kept away from a target.
    fn lanes(&self) -> Vec<Row> {
        let lanes = self
            .account
            .lanes
            .lanes
            .iter()
            .filter(|lane| lane.spans.iter().any(|span| kept_away(span.state)));
        lanes.take(ROWS_MAX).map(|lane| self.lane(lane)).collect()
    }

    fn lane(&self, lane: &Lane) -> Row {
        let spans = lane.spans.iter().filter(|span| kept_away(span.state));
        let spans: Vec<_> = spans.map(|span| (span.from, span.to)).collect();
        row(&lane.target, self.paint.dim(&self.marks(&spans, '▒')), "benched")
    }

    /// `mark` in every column that one of `spans` touches.
    fn marks(&self, spans: &[(Moment, Moment)], mark: char) -> String {
        let mut cells = vec![' '; self.axis.room()];
        for (from, to) in spans.iter().filter(|(from, _)| self.axis.shows(*from)) {
            let from = self.axis.column(*from);
            // Whatever took any time is seen.
            let to = if self.axis.shows(*to) { self.axis.column(*to).max(from + 1) } else { cells.len() };
            cells[from..to].fill(mark);
        }
        cells.into_iter().collect()
    }
}

fn row(name: &str, cells: String, value: &str) -> Row {
    Row { name: name.to_owned(), cells, value: fit(value, VALUE) }
}

/// Whether a target gets next to nothing.
const fn kept_away(state: HealthState) -> bool {
    matches!(state, HealthState::Benched { .. } | HealthState::Probing | HealthState::Cooling { .. })
}

/// The slices of each of `room` columns between the run's start and its end.
fn ranges(timeline: &Timeline, ended: Moment, room: usize) -> Vec<std::ops::Range<usize>> {
    let width = timeline.width.as_micros().max(1) as f64;
    let each = ended.as_us() as f64 / room as f64 / width;
    let slices = timeline.slices.len();
    let range = |column: usize| {
        let from = (column as f64 * each) as usize;
        let to = (((column + 1) as f64 * each) as usize).max(from + 1);
        from.min(slices)..to.min(slices)
    };
    (0..room).map(range).collect()
}

/// A block a share: none is a space, zero a point, and anything above shows.
fn spark(shares: impl Iterator<Item = Option<f64>>) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    shares
        .map(|share| match share {
            None => ' ',
            Some(share) if share <= 0.0 => '·',
            Some(share) => BLOCKS[((share * 8.0).ceil() as usize).clamp(1, 8) - 1],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_block_and_nothing_is_something_else_than_none() {
        let shares = [None, Some(0.0), Some(0.001), Some(0.125), Some(0.126), Some(0.5), Some(1.0)];
        assert_eq!(spark(shares.into_iter()), " ·▁▁▂▄█");
    }

    #[test]
    fn every_slice_is_in_a_column_and_columns_after_the_last_are_empty() {
        // Ten slices of a second, drawn to 20 s on ten columns: two slices each on the first five.
        let timeline = Timeline {
            width: std::time::Duration::from_secs(1),
            providers: vec![],
            slices: vec![Slice::default(); 10],
        };
        let columns = ranges(&timeline, Moment::from_us(20_000_000), 10);
        assert_eq!(columns[..6], [0..2, 2..4, 4..6, 6..8, 8..10, 10..10]);
        // On forty, each slice is drawn twice.
        let columns = ranges(&timeline, Moment::from_us(10_000_000), 20);
        assert_eq!(columns[..4], [0..1, 0..1, 1..2, 1..2]);
    }
}
