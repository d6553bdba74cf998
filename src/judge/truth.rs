//! Figures that set a claim against what really happened: integrity, errors, overhead, fault times.

use std::time::Duration;

use super::case::Case;
use super::outcome::Outcome;
use super::{kinds, text};
use crate::chat::FailureClass;
use crate::history::{Attempt, AttemptResult, Call, CallerEnding, RouterOutcome, SkipReason};
use crate::world::Moment;

/// Whether the visible text is not the text of one reply, declared cuts apart.
pub(crate) fn damaged(case: &Case<'_>) -> bool {
    text::splice(case).is_some() || text::undeclared_damage(case).is_some()
}

/// Whether a final error's class, status and wait match what happened; none when it is no final error.
pub(crate) fn error_is_true(case: &Case<'_>) -> Option<bool> {
    let CallerEnding::Error { retry_after, .. } = &case.record.caller.ending else { return None };
    (case.outcome == Outcome::Error).then(|| {
        !is_class_invented(case) && wrong_status(case).is_none() && wrong_wait(case, *retry_after).is_none()
    })
}

/// Whether the reported class is that of no attempt, or of attempts only that failed in another way by their providers'
/// own word. What was reported without asking anybody is the router's own.
fn is_class_invented(case: &Case<'_>) -> bool {
    let Some(RouterOutcome::Failed { failure, .. }) = case.record.trail.as_ref().map(|trail| &trail.outcome)
    else {
        return false;
    };
    let passed_over = case.record.trail.as_ref().is_some_and(|trail| !trail.skips.is_empty());
    let happened = |(attempt, call): (&Attempt, Option<&Call>)| match &attempt.result {
        AttemptResult::Failed(seen) => {
            seen.class == failure.class && call.is_none_or(|call| kinds::means(call, seen.class))
        }
        _ => false,
    };
    let out_of_time = matches!(failure.class, FailureClass::Timeout(_));
    !passed_over && !out_of_time && case.attempt_count() > 0 && !case.pairs().any(happened)
}

/// What is wrong with the status of a final error: it must be one that some attempt produced.
pub(crate) fn wrong_status(case: &Case<'_>) -> Option<String> {
    let status = case.record.caller.status?;
    let seen = observed_statuses(case);
    (!seen.contains(&status)).then(|| {
        let seen: Vec<String> = seen.iter().map(u16::to_string).collect();
        format!("the caller got {status}; what happened allows {}", seen.join(", "))
    })
}

/// Statuses a final error may have: those providers sent, those that stand for failures without a status, 504
/// when the time was up, and 503 or 429 when every model was benched or had asked to be left alone.
pub(crate) fn observed_statuses(case: &Case<'_>) -> Vec<u16> {
    let mut seen: Vec<u16> =
        case.record.calls.iter().filter_map(|call| call.status.filter(|s| *s >= 400)).collect();
    for (attempt, call) in case.pairs() {
        let AttemptResult::Failed(failure) = &attempt.result else { continue };
        let told = call.is_some_and(|call| call.status.is_some_and(|status| status >= 400))
            && !came_too_late(case, attempt, call);
        // A 400 for what no caller can mend (a bad key, an unknown model) is not passed on: its class's own status is.
        let blamed = matches!(failure.status, Some(400 | 422));
        if !told || blamed {
            seen.push(failure.class.default_status());
        }
    }
    if let Some(trail) = &case.record.trail {
        if trail.ended + case.facts.slack.timer >= trail.deadline {
            seen.push(504);
        }
        if !trail.skips.is_empty() {
            seen.push(503);
        }
        if trail.skips.iter().any(|skip| matches!(skip.reason, SkipReason::Cooling { .. })) {
            seen.push(429);
        }
        if trail.skips.iter().any(|skip| skip.reason == SkipReason::ContextWindow) {
            seen.push(400);
        }
        if let (true, RouterOutcome::Failed { failure, .. }) = (case.attempt_count() == 0, &trail.outcome) {
            seen.push(failure.class.default_status());
        }
        // Who may be served by nobody is forbidden to ask.
        let barred = |reason: &SkipReason| matches!(reason, SkipReason::NotAllowed | SkipReason::Region);
        if trail.skips.iter().any(|skip| barred(&skip.reason)) {
            seen.push(403);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    seen
}

/// Whether an attempt may have been over before it could read its answer: a limit that ends in the same moment, a head that
/// comes byte by byte.
fn came_too_late(case: &Case<'_>, attempt: &Attempt, call: Option<&Call>) -> bool {
    let unread = matches!(&attempt.result, AttemptResult::Failed(failure) if failure.status.is_none());
    let came = |at: Moment| at + case.facts.one_way() + case.facts.slack.timer;
    unread && call.is_some_and(|call| came(call.ended) >= attempt.ended)
}

/// What is wrong with the wait a final error asks for: nobody asked for it, or the reported failure's was lost.
///
/// Providers ask in headers, which their ledgers have, or in words only, which the trail has. A router that benches
/// its last model asks on its own account; failures that are the request's bench nobody, so they name no wait.
pub(crate) fn wrong_wait(case: &Case<'_>, told: Option<Duration>) -> Option<String> {
    let trail = case.record.trail.as_ref()?;
    let in_words = |attempt: &Attempt| match &attempt.result {
        AttemptResult::Failed(failure) => failure.retry_after.is_some() || !is_requests(failure.class),
        _ => false,
    };
    let asked = case.record.calls.iter().any(|call| call.retry_after.is_some());
    let asked = asked || trail.attempts.iter().any(in_words);
    if told.is_some() && !asked && trail.skips.is_empty() {
        return Some("the caller is asked to wait, and no provider asked for that".to_owned());
    }
    let RouterOutcome::Failed { failure, .. } = &trail.outcome else { return None };
    match (failure.retry_after, told) {
        (Some(_), None) => Some("the provider's Retry-After did not reach the caller".to_owned()),
        _ => None,
    }
}

/// Failures that are the request's own, and bench nobody.
const fn is_requests(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Refused
            | FailureClass::ContextExceeded
            | FailureClass::InvalidRequest
            | FailureClass::InvalidOutput
            | FailureClass::Empty
            | FailureClass::Cancelled
    )
}

/// The router's own share of a request's time: from send to end, less the critical path. None without a trail.
///
/// The critical path is what is covered by connects (failed ones too), by calls at their providers, by the delay of the
/// simulated network around both hops, and by intended waits; what overlaps, as in a race, counts once.
pub(crate) fn overhead(case: &Case<'_>) -> Option<Duration> {
    let trail = case.record.trail.as_ref()?;
    let (sent, ended) = (case.sent(), case.record.caller.ended);
    let hop = case.facts.one_way();
    let mut spans = Vec::with_capacity(2 * trail.attempts.len() + trail.waits.len() + 2);
    // A new connection takes a round trip before the request is on its way.
    spans.push((sent, trail.received.min(sent + hop * 3)));
    for (attempt, call) in case.pairs() {
        let left = attempt.ended.min(ended);
        spans.push((attempt.started, attempt.connected.unwrap_or(left).min(left)));
        if let Some(call) = call {
            spans.push((back(call.received, hop).max(attempt.started), (call.ended + hop).min(left)));
        }
    }
    spans.extend(trail.waits.iter().map(|wait| (wait.from, wait.until.min(trail.ended))));
    spans.push((back(ended, hop), ended));
    Some((ended - sent).saturating_sub(covered(spans, sent)))
}

fn back(at: Moment, span: Duration) -> Moment {
    Moment::ZERO + at.since(Moment::ZERO + span)
}

/// How much time spans cover from `from` on, each moment counted once.
fn covered(mut spans: Vec<(Moment, Moment)>, from: Moment) -> Duration {
    spans.sort_unstable();
    let (mut until, mut sum) = (from, Duration::ZERO);
    for (begin, end) in spans {
        sum += end - begin.max(until);
        until = until.max(end);
    }
    sum
}

/// For every fault that fired: how far outside its planned windows.
pub(crate) fn injection_errors<'a>(case: &'a Case<'_>) -> impl Iterator<Item = Duration> + 'a {
    let fired = case.record.calls.iter().filter(|call| !call.faults.is_empty());
    fired.flat_map(|call| {
        let planned = case.facts.fired_on(call);
        let planned = planned.filter(|fault| !fault.during.is_empty() && !fault.outlasts_its_windows());
        planned.filter_map(|fault| {
            let (from, to) = (call.received, call.ended);
            let misses = fault.during.iter().map(|window| (window.from - to).max(from - window.to));
            misses.min()
        })
    })
}
