//! One request's life on a time axis: what the router did and why, what providers did, what the caller saw.

use crate::history::{Attempt, Call, Header, Moment, Record, Trail};
use crate::judge::link;
use crate::report::paint::right;
use crate::report::words;

/// Tells `record` line by line, times from the intended arrival on.
#[must_use]
pub fn explain(record: &Record, header: &Header) -> String {
    let caller = &record.caller;
    let start = caller.intended;
    let mut events = vec![(start, 0, words::arrival(record, header))];
    if let Some(trail) = &record.trail {
        events.extend(decisions(trail, start));
        let links = link(&trail.attempts, &record.calls, header);
        for (attempt, call) in trail.attempts.iter().zip(links) {
            events.extend(tried(attempt, call.map(|index| &record.calls[index])));
        }
    } else {
        let calls = record.calls.iter();
        events.extend(calls.map(|call| (call.received, 3, format!("{} was called", call.provider))));
    }
    if let Some(first) = caller.first_output {
        events.push((first, LAST - 1, "the caller sees the first output".to_owned()));
    }
    events.push((caller.ended, LAST, words::ending(record)));
    events.sort_by_key(|(at, rank, _)| (*at, *rank));
    events
        .iter()
        .map(|(at, _, text)| format!("{}  {text}\n", right(&words::offset(*at, start), 10)))
        .collect()
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
fn tried(attempt: &Attempt, call: Option<&Call>) -> Vec<Event> {
    let rank = attempt.number.saturating_mul(STEP);
    let title = format!("┌ attempt {}: {} ({})", attempt.number + 1, attempt.model, words::why(attempt));
    let mut events = vec![(attempt.started, rank + 1, title)];
    events.extend(
        call.map(|call| (call.ended.min(attempt.ended), rank + 2, format!("│ {}", words::provider(call)))),
    );
    events.push((attempt.ended, rank + 3, format!("└ {}", words::result(attempt))));
    events
}
