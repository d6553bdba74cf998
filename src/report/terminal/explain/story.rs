//! A request's life line by line: what the router did and why, what providers did, what the caller saw.

use crate::history::{Call, Header, Moment, Record, Trail};
use crate::judge::link;
use crate::report::limits::{self, bounds};
use crate::report::paint::{right, tame, width, wrap};
use crate::report::words;

/// Tells `record` line by line on `columns` columns, times from the intended arrival on.
#[must_use]
pub fn story(record: &Record, header: &Header, columns: usize) -> String {
    let caller = &record.caller;
    let start = caller.intended;
    let mut events = vec![(start, 0, words::arrival(record, header))];
    if let Some(trail) = &record.trail {
        events.extend(decisions(trail, start));
        let links = link(&trail.attempts, &record.calls, header);
        for (index, call) in links.into_iter().enumerate() {
            events.extend(tried(trail, index, call.map(|call| &record.calls[call]), header));
        }
    } else {
        events.extend(record.calls.iter().zip(1..).flat_map(|(call, nth)| called(call, nth)));
    }
    if let Some(first) = caller.first_output {
        events.push((first, LAST - 1, "the caller sees the first output".to_owned()));
    }
    events.push((caller.ended, LAST, words::ending(record)));
    events.sort_by_key(|(at, rank, _)| (*at, *rank));
    events.iter().map(|(at, _, text)| line(*at, start, text, columns)).collect()
}

/// A time and what happened then; what does not fit goes on below, on the trunk of an attempt that is not over.
fn line(at: Moment, start: Moment, text: &str, columns: usize) -> String {
    const TIME: usize = 10;
    let (trunk, text) = match text.split_once(' ') {
        Some((trunk @ ("┌" | "│" | "└"), rest)) => (trunk, rest),
        _ => ("", text),
    };
    let below = match trunk {
        "" => "",
        "└" => "  ",
        _ => "│ ",
    };
    let trunk = if trunk.is_empty() { String::new() } else { format!("{trunk} ") };
    let room = columns.saturating_sub(TIME + 2 + width(&trunk));
    let time = right(&words::offset(at, start), TIME);
    let lines = wrap(&tame(text), room).into_iter().enumerate();
    let lines = lines.map(|(index, line)| match index {
        0 => format!("{time}  {trunk}{line}\n"),
        _ => format!("{}  {below}{line}\n", " ".repeat(TIME)),
    });
    lines.collect()
}

/// Something that happened: when, its rank among what happened at the same moment, and the words for it.
type Event = (Moment, u32, String);

/// The rank of the end.
const LAST: u32 = u32::MAX;

/// Ranks an attempt takes up: the next one begins after the one before has ended.
const STEP: u32 = 8;

/// Models passed over, and waits.
fn decisions(trail: &Trail, start: Moment) -> Vec<Event> {
    let rank = |at: Moment| {
        let before = trail.attempts.iter().filter(|attempt| attempt.started < at).count();
        u32::try_from(before).unwrap_or(0).saturating_mul(STEP)
    };
    let skips = trail.skips.iter().map(|skip| {
        (
            skip.at,
            rank(skip.at),
            format!("passed over {}: {}", skip.model, words::skipped(skip.reason, start)),
        )
    });
    let waits = trail.waits.iter().map(|wait| {
        let span = words::show(wait.until.min(trail.ended) - wait.from);
        (wait.from, rank(wait.from), format!("waits {span}: {}", words::waited(wait.cause)))
    });
    skips.chain(waits).collect()
}

/// An attempt: its beginning, what its provider did, its end.
fn tried(trail: &Trail, index: usize, call: Option<&Call>, header: &Header) -> Vec<Event> {
    let attempt = &trail.attempts[index];
    let rank = attempt.number.saturating_mul(STEP);
    let because = words::because(trail, index);
    let title = format!("┌ attempt {}: {} ({because})", attempt.number + 1, attempt.model);
    let mut events = vec![(attempt.started, rank + 1, title)];
    events.extend(
        call.map(|call| (call.ended.min(attempt.ended), rank + 2, format!("│ {}", words::provider(call)))),
    );
    let mut result = format!("└ {}", words::result(attempt));
    if let Some(hit) = bounds(attempt, trail, header).into_iter().find(|bound| bound.hit) {
        let span = hit.span.filter(|span| attempt.started + *span <= trail.deadline);
        let span = span.map_or_else(|| "its share of the deadline".to_owned(), words::show);
        result.push_str(&format!(" (limit on the {}: {span})", limits::name(hit.limit)));
    }
    events.push((attempt.ended, rank + 3, result));
    events
}

/// A call of which only its provider tells, the `nth` of its request: when it came, and what the provider did.
fn called(call: &Call, nth: u32) -> [Event; 2] {
    let rank = nth.saturating_mul(STEP);
    let title = format!("┌ {} is called", call.provider);
    [(call.received, rank + 1, title), (call.ended, rank + 2, format!("└ {}", words::provider(call)))]
}
