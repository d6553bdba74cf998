//! One request's life on a time axis: what the router did and why, what providers did, what the caller saw.

use crate::history::{
    Attempt, AttemptResult, Call, CallerEnding, Cause, Ending, Header, Moment, Record, RouterOutcome,
    SkipReason, WaitCause,
};
use crate::report::paint::{right, show_seconds};

/// Tells `record` line by line, times from the intended arrival on.
#[must_use]
pub fn explain(record: &Record, header: &Header) -> String {
    let caller = &record.caller;
    let start = caller.intended;
    let mut events = vec![(start, 0, arrival(record, header))];
    if let Some(trail) = &record.trail {
        for skip in &trail.skips {
            events.push((skip.at, 1, format!("passed over {}: {}", skip.model, skipped(skip.reason, start))));
        }
        for attempt in &trail.attempts {
            let call = call_of(record, attempt);
            events.push((
                attempt.started,
                3,
                format!("┌ attempt {}: {} ({})", attempt.number + 1, attempt.model, why(attempt)),
            ));
            events.extend(call.into_iter().flat_map(|call| provider(attempt, call)));
            events.push((attempt.ended, 5, format!("└ {}", result(attempt))));
        }
        for wait in &trail.waits {
            let span = show(wait.until.min(trail.ended) - wait.from);
            events.push((wait.from, 6, format!("waits {span}: {}", waited(wait.cause))));
        }
    } else {
        events.extend(
            record.calls.iter().map(|call| (call.received, 3, format!("{} was called", call.provider))),
        );
    }
    if let Some(first) = caller.first_output {
        events.push((first, 7, "the caller sees the first output".to_owned()));
    }
    events.push((caller.ended, 8, ending(record)));
    events.sort_by_key(|(at, rank, _)| (*at, *rank));
    events.iter().map(|(at, _, text)| format!("{}  {text}\n", offset(*at, start))).collect()
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
    }
}

/// The call behind an attempt: the last one on its provider that was received while it ran.
fn call_of<'a>(record: &'a Record, attempt: &Attempt) -> Option<&'a Call> {
    let mine = |call: &&Call| {
        call.provider == attempt.provider
            && call.received >= attempt.started
            && call.received <= attempt.ended
    };
    record.calls.iter().rev().find(mine)
}

fn provider(attempt: &Attempt, call: &Call) -> Option<(Moment, u8, String)> {
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
    let at = call.ended.min(attempt.ended);
    Some((at, 4, format!("│ {} {did}{words}{asked}{faults}", call.provider)))
}

fn result(attempt: &Attempt) -> String {
    let cost = attempt.cost.filter(|cost| *cost > 0).map(|cost| format!(", ${:.6}", cost as f64 / 1e12));
    match &attempt.result {
        AttemptResult::Served => format!("served{}", cost.unwrap_or_default()),
        AttemptResult::Cancelled => "given up: the caller left".to_owned(),
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
        SkipReason::ContextWindow => "the prompt does not fit its context window".to_owned(),
    }
}

const fn waited(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::Backoff => "backoff",
        WaitCause::RetryAfter => "the provider asked for it",
        WaitCause::Bench => "every model is benched",
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
