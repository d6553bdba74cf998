//! What happened to a request, in words: the same in a terminal and in a browser.

use std::time::Duration;

use crate::history::{
    Attempt, AttemptResult, Call, CallerEnding, Cause, Ending, Header, Moment, Record, RouterOutcome,
    SkipReason, Trail, WaitCause,
};
use crate::report::paint::show_seconds;

/// What was asked, of whom, and for how long at most.
pub(crate) fn arrival(record: &Record, header: &Header) -> String {
    let caller = &record.caller;
    let chain = header.routes.get(&caller.route).map_or_else(String::new, |route| {
        format!(" [{}], deadline {}", route.chain.join(", "), show(route.deadline))
    });
    let form = if caller.stream { "a stream" } else { "a plain answer" };
    format!("request {} ({}) asks `{}`{chain} for {form}", caller.number, caller.request_id, caller.route)
}

/// Why an attempt was made.
pub(crate) fn why(attempt: &Attempt) -> &'static str {
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

/// Why the attempt at `index` of a trail was made, and which failure led to it.
pub(crate) fn because(trail: &Trail, index: usize) -> String {
    let attempt = &trail.attempts[index];
    let before = trail.attempts[..index].iter().rev();
    let failed = before.clone().find_map(|earlier| match &earlier.result {
        AttemptResult::Failed(failure) if earlier.ended <= attempt.started => Some((earlier, failure)),
        _ => None,
    });
    let after = failed.map(|(earlier, failure)| {
        let at =
            if earlier.model == attempt.model { String::new() } else { format!(" at {}", earlier.model) };
        format!(", after {}{at}", failure.class)
    });
    format!("{}{}", why(attempt), after.unwrap_or_default())
}

/// What a provider did with a call: its status, how far it got, what it asked for, and which faults were behind it.
pub(crate) fn provider(call: &Call) -> String {
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
    format!("{} {did}{words}{asked}{faults}", call.provider)
}

/// What came of an attempt.
pub(crate) fn result(attempt: &Attempt) -> String {
    let cost = attempt.cost.filter(|cost| *cost > 0).map(|cost| format!(", ${:.6}", cost as f64 / 1e12));
    match &attempt.result {
        AttemptResult::Served => format!("served{}", cost.unwrap_or_default()),
        AttemptResult::Cancelled => "given up: the caller left".to_owned(),
        AttemptResult::Lost => "given up: another was faster".to_owned(),
        AttemptResult::Failed(failure) => format!("failed: {failure}"),
    }
}

/// Why a model was passed over. Times count from `start`.
pub(crate) fn skipped(reason: SkipReason, start: Moment) -> String {
    match reason {
        SkipReason::Benched { until } => format!("benched until {}", offset(until, start)),
        SkipReason::Cooling { until } => {
            format!("asked to be left alone until {}", offset(until, start))
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

/// Why the router waited.
pub(crate) const fn waited(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::Backoff => "backoff",
        WaitCause::RetryAfter => "the provider asked for it",
        WaitCause::Bench => "every model is benched",
        WaitCause::Busy => "every place at it is taken",
    }
}

/// What the caller had in the end.
pub(crate) fn ending(record: &Record) -> String {
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

/// Who served.
fn served(record: &Record) -> Option<&str> {
    match record.trail.as_ref().map(|trail| &trail.outcome) {
        Some(RouterOutcome::Answered { model }) => Some(model),
        Some(RouterOutcome::Rescued { by }) => Some(by),
        _ => record.caller.served_by.as_deref(),
    }
}

/// A moment on the axis of a request that arrived at `start`: `+1.250s`.
pub(crate) fn offset(at: Moment, start: Moment) -> String {
    format!("+{:.3}s", at.since(start).as_secs_f64())
}

/// A span of time with its unit.
pub(crate) fn show(span: Duration) -> String {
    show_seconds(span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{failed_over, hedged};

    #[test]
    fn an_attempt_is_made_because_of_what_went_before() {
        let record = failed_over(0);
        let trail = record.trail.as_ref().expect("a trail");
        assert_eq!(because(trail, 0), "first choice");
        assert_eq!(because(trail, 1), "the next model, after server_error at claude");
    }

    #[test]
    fn a_hedge_follows_no_failure() {
        let record = hedged(0);
        let words = because(record.trail.as_ref().expect("a trail"), 1);
        assert_eq!(words, "the next model as well, the one before being slow");
    }
}
