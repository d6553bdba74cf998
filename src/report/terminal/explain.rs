//! One request's life on a time axis: what the router did and why, what providers did, what the caller saw.

use crate::history::{
    Attempt, AttemptResult, Call, CallerEnding, Cause, Ending, Header, Moment, Record, RouterOutcome,
    SkipReason, Trail, WaitCause,
};
use crate::judge::link;
use crate::report::paint::{right, show_seconds};

/// Tells `record` line by line, times from the intended arrival on.
#[must_use]
pub fn explain(record: &Record, header: &Header) -> String {
    let caller = &record.caller;
    let start = caller.intended;
    let mut events = vec![(start, 0, arrival(record, header))];
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
    events.push((caller.ended, LAST, ending(record)));
    events.sort_by_key(|(at, rank, _)| (*at, *rank));
    events.iter().map(|(at, _, text)| format!("{}  {text}\n", offset(*at, start))).collect()
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
        (skip.at, rank(skip.at), format!("passed over {}: {}", skip.model, skipped(skip.reason, start)))
    });
    let waits = trail.waits.iter().map(|wait| {
        let span = show(wait.until.min(trail.ended) - wait.from);
        (wait.from, rank(wait.from), format!("waits {span}: {}", waited(wait.cause)))
    });
    skips.chain(waits).collect()
}

/// An attempt: its beginning, what its provider did, its end.
fn tried(attempt: &Attempt, call: Option<&Call>) -> Vec<Event> {
    let rank = attempt.number.saturating_mul(STEP);
    let title = format!("┌ attempt {}: {} ({})", attempt.number + 1, attempt.model, why(attempt));
    let mut events = vec![(attempt.started, rank + 1, title)];
    events.extend(call.map(|call| (call.ended.min(attempt.ended), rank + 2, provider(call))));
    events.push((attempt.ended, rank + 3, format!("└ {}", result(attempt))));
    events
}

fn arrival(record: &Record, header: &Header) -> String {
    let caller = &record.caller;
    let chain = header.routes.get(&caller.route).map_or_else(String::new, |route| {
        format!(" [{}], deadline {}", route.chain.join(", "), show(route.deadline))
    });
    let form = if caller.stream { "a stream" } else { "a plain answer" };
    format!("request {} ({}) asks `{}`{chain} for {form}", caller.number, caller.request_id, caller.route)
}

fn why(attempt: &Attempt) -> &'static str {
    match (attempt.cause, attempt.probe) {
        (_, true) => "a probe of a benched model",
        (Cause::First, _) => "first choice",
        (Cause::Retry, _) => "the same model again",
        (Cause::Fallback, _) => "the next model",
        (Cause::Rescue, _) => "last resort",
        (Cause::Hedge, _) => "the next model as well, the one before being slow",
        (Cause::Continue, _) => "to go on where the broken stream ended",
        (Cause::Regenerate, _) => "to say it again and go on",
    }
}

fn provider(call: &Call) -> String {
    let faults =
        if call.faults.is_empty() { String::new() } else { format!(" [fault: {}]", call.faults.join(", ")) };
    let asked = call.retry_after.map_or_else(String::new, |wait| format!(", asked to wait {}", show(wait)));
    let words = match (call.words_sent, call.words_planned) {
        (0, 0) => String::new(),
        (sent, planned) => format!(", {sent} of {planned} words"),
    };
    let did = match (call.status, call.ending) {
        (Some(status), Ending::Broken) => format!("broke off after {status}"),
        (None, Ending::Broken) => "broke off without an answer".to_owned(),
        (Some(status), Ending::Abandoned) => format!("was left in the middle of {status}"),
        (None, Ending::Abandoned) => "was left before it had answered".to_owned(),
        (Some(status), _) => format!("answered {status}"),
        (None, _) => "never answered".to_owned(),
    };
    format!("│ {} {did}{words}{asked}{faults}", call.provider)
}

fn result(attempt: &Attempt) -> String {
    let cost = attempt.cost.filter(|cost| *cost > 0).map(|cost| format!(", ${:.6}", cost as f64 / 1e12));
    match &attempt.result {
        AttemptResult::Served => format!("served{}", cost.unwrap_or_default()),
        AttemptResult::Cancelled => "given up: the caller left".to_owned(),
        AttemptResult::Lost => "given up: another was faster".to_owned(),
        AttemptResult::Failed(failure) => format!("failed: {failure}"),
    }
}

fn skipped(reason: SkipReason, start: Moment) -> String {
    match reason {
        SkipReason::Benched { until } => format!("benched until {}", offset(until, start).trim()),
        SkipReason::Cooling { until } => {
            format!("asked to be left alone until {}", offset(until, start).trim())
        }
        SkipReason::Probing => "another request is probing it".to_owned(),
        SkipReason::Ramping => "it is back from a bench, and gets only part of its traffic yet".to_owned(),
        SkipReason::ContextWindow => "the prompt does not fit its context window".to_owned(),
        SkipReason::Incapable { need } => format!("it cannot do what is needed: {}", need.words()),
        SkipReason::Unadapted => "it would take the request only changed".to_owned(),
        SkipReason::NotAllowed => "the caller may not use it".to_owned(),
        SkipReason::Region => "the request may not be served in its region".to_owned(),
        SkipReason::Spent => "the tenant has spent what it may".to_owned(),
        SkipReason::Busy => "it has as many calls in flight as it may".to_owned(),
        SkipReason::RetryBudget => "the retry budget is used up".to_owned(),
        SkipReason::SameCause => "what failed elsewhere would fail here too".to_owned(),
    }
}

const fn waited(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::Backoff => "backoff",
        WaitCause::RetryAfter => "the provider asked for it",
        WaitCause::Bench => "every model is benched",
        WaitCause::Busy => "every place at it is taken",
    }
}

fn ending(record: &Record) -> String {
    let caller = &record.caller;
    let status = caller.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
    let words = caller.transcript.words;
    match &caller.ending {
        CallerEnding::Complete => {
            let by = served(record).map_or_else(String::new, |model| format!(" from {model}"));
            format!("the caller has {status}, complete: {words} words{by}")
        }
        CallerEnding::Error { message, retry_after, .. } => {
            let wait = retry_after.map_or_else(String::new, |wait| format!(" (retry after {})", show(wait)));
            format!("the caller has {status}: {message}{wait}")
        }
        CallerEnding::InBandError { message, .. } => {
            format!("the caller has {words} words, then an error event: {message}")
        }
        CallerEnding::Cut => format!("the caller's answer was cut off after {words} words"),
        CallerEnding::Garbled { why } => format!("the caller cannot read the answer: {why}"),
        CallerEnding::NoAnswer { why } => format!("the caller has no answer: {why}"),
        CallerEnding::Overdue => "the caller is still waiting".to_owned(),
        CallerEnding::Left => format!("the caller leaves, with {words} words"),
        CallerEnding::Unsent => "it was never sent".to_owned(),
    }
}

fn served(record: &Record) -> Option<&str> {
    match record.trail.as_ref().map(|trail| &trail.outcome) {
        Some(RouterOutcome::Answered { model }) => Some(model),
        Some(RouterOutcome::Rescued { by }) => Some(by),
        _ => record.caller.served_by.as_deref(),
    }
}

fn offset(at: Moment, start: Moment) -> String {
    right(&format!("+{:.3}s", at.since(start).as_secs_f64()), 10)
}

fn show(span: std::time::Duration) -> String {
    show_seconds(span.as_secs_f64())
}
