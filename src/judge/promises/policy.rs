//! What the declared policy says of a failed attempt, and what came after it.
//!
//! Several promises ask the same question of a request: this attempt failed so, what may follow, and what did? They look at
//! requests that went one attempt after the other. Where attempts ran side by side a failure decides nothing by itself.

use std::time::Duration;

use crate::chat::{Failure, FailureClass};
use crate::history::{Attempt, AttemptResult, Cause, RouteFacts, RouterOutcome, SkipReason, Trail};
use crate::judge::Case;
pub(super) use crate::judge::case::same_target;
use crate::router::config::{Backoff, ClassPolicy, Jitter, RefusalPolicy, RetryOrder, Then};
use crate::world::Moment;

/// With less time left than this nothing is begun.
pub(super) const WORTH_ASKING: Duration = Duration::from_millis(1);

/// What came after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same target was asked again, by this attempt.
    Repeat(usize),
    /// Another target was, by this attempt.
    Other(usize),
    /// A last resort.
    Rescue,
    /// The caller was given an error.
    Answer,
    /// Nothing that would be the route's decision: its caller left, or the stream was gone on with.
    Open,
}

/// A failure before anything was forwarded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn<'a> {
    pub(super) index: usize,
    pub(super) attempt: &'a Attempt,
    pub(super) failure: &'a Failure,
    pub(super) next: Next,
}

/// The failed attempts of a request that went one after the other, before commit and but for last resorts; none for a
/// request whose attempts ran side by side.
pub(super) fn turns<'a>(case: &Case<'a>) -> impl Iterator<Item = Turn<'a>> + use<'a> {
    let attempts = case.attempts();
    let trail = case.record.trail.as_ref().filter(|_| is_sequential(attempts));
    attempts.iter().enumerate().filter_map(move |(index, attempt)| {
        let trail = trail?;
        let AttemptResult::Failed(failure) = &attempt.result else { return None };
        let forwarded = trail.committed.is_some_and(|at| at <= attempt.ended);
        let chain = !matches!(attempt.cause, Cause::Rescue | Cause::Continue | Cause::Regenerate);
        (chain && !forwarded).then(|| Turn { index, attempt, failure, next: next(trail, index) })
    })
}

/// Whether no attempt was made beside another.
pub(super) fn is_sequential(attempts: &[Attempt]) -> bool {
    attempts.iter().all(|attempt| attempt.cause != Cause::Hedge)
}

fn next(trail: &Trail, index: usize) -> Next {
    let Some(after) = trail.attempts.get(index + 1) else {
        return match trail.outcome {
            RouterOutcome::Failed { .. } => Next::Answer,
            RouterOutcome::Rescued { .. } => Next::Rescue,
            _ => Next::Open,
        };
    };
    match after.cause {
        Cause::Rescue => Next::Rescue,
        Cause::Continue | Cause::Regenerate | Cause::Hedge => Next::Open,
        _ if same_target(after, &trail.attempts[index]) => Next::Repeat(index + 1),
        _ => Next::Other(index + 1),
    }
}

/// What a failure of `class` leads to at `model`: the model's own word, else the route's, else the default.
pub(super) fn declared(case: &Case<'_>, route: &RouteFacts, model: &str, class: FailureClass) -> ClassPolicy {
    let own = case.facts.model(model).and_then(|model| model.retry.of(class));
    own.or(route.retry.of(class)).copied().unwrap_or_else(|| plain(class))
}

/// No repeats, then the next model, but for what is the caller's own.
fn plain(class: FailureClass) -> ClassPolicy {
    let then = match class {
        FailureClass::InvalidRequest | FailureClass::Cancelled => Then::Surface,
        _ => Then::Next,
    };
    ClassPolicy { times: 0, backoff: Backoff::default(), then }
}

/// Repeats declared for a class; what is deterministic is never repeated, whatever the file says.
pub(super) fn times(case: &Case<'_>, route: &RouteFacts, model: &str, class: FailureClass) -> u32 {
    if class.is_deterministic() { 0 } else { declared(case, route, model, class).times }
}

/// What follows a failure once its repeats are used up; none where a history cannot tell: whether a bad request is one that
/// another model could serve is in the provider's words.
pub(super) fn then(case: &Case<'_>, route: &RouteFacts, turn: &Turn<'_>) -> Option<Then> {
    let class = turn.failure.class;
    if class == FailureClass::Refused && route.refusal == RefusalPolicy::Pass {
        return Some(Then::Surface);
    }
    if is_unclear(turn.failure) && route.surfaces_unclear {
        return None;
    }
    if let (Some(statuses), Some(status)) = (&route.advance_on, status_of(turn.failure)) {
        return Some(if statuses.contains(&status) { Then::Next } else { Then::Surface });
    }
    if class == FailureClass::InvalidRequest {
        return None;
    }
    let earlier = &case.attempts()[..turn.index];
    let trouble = |attempt: &Attempt| matches!(&attempt.result, AttemptResult::Failed(failure) if !blames_request(failure.class));
    if blames_request(class) && earlier.iter().any(trouble) {
        return Some(Then::Next);
    }
    Some(declared(case, route, &turn.attempt.model, class).then)
}

/// The status a failure has or, inside a success, would have had outside. Limits and connections have none.
pub(super) fn status_of(failure: &Failure) -> Option<u16> {
    use FailureClass::{
        ContextExceeded, InvalidRequest, NotFound, Overloaded, QuotaExhausted, RateLimited, ServerError,
        Unauthorized,
    };
    let spoken = matches!(
        failure.class,
        RateLimited
            | QuotaExhausted
            | Overloaded
            | ServerError
            | ContextExceeded
            | InvalidRequest
            | Unauthorized
            | NotFound
    );
    failure.status.or_else(|| spoken.then(|| failure.class.default_status()))
}

/// Whether a failure leaves open what became of the request.
pub(super) fn is_unclear(failure: &Failure) -> bool {
    use FailureClass::{Protocol, Timeout, Truncated, Unreachable};
    failure.status.is_none() && matches!(failure.class, Unreachable | Timeout(_) | Truncated | Protocol)
}

/// Whether a failure says that the request, or what it was sent with, is wrong.
pub(super) const fn blames_request(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::InvalidRequest
            | FailureClass::ContextExceeded
            | FailureClass::Refused
            | FailureClass::Unauthorized
            | FailureClass::NotFound
    )
}

/// Failures that are the request's, and say nothing of its target's health.
pub(super) const fn is_neutral(class: FailureClass) -> bool {
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

/// Failures that bench at once, whatever the trip rule: no credit, a bad key.
pub(super) const fn is_lasting(class: FailureClass) -> bool {
    matches!(class, FailureClass::QuotaExhausted | FailureClass::Unauthorized)
}

/// Whether this failure may have been a connection that had died while it was idle: then the request is sent once more, on
/// a new one, and nothing is held against anybody.
pub(super) fn may_be_stale(attempts: &[Attempt], index: usize) -> bool {
    let failed = |attempt: &Attempt| matches!(&attempt.result, AttemptResult::Failed(failure) if failure.class == FailureClass::Unreachable);
    let attempt = &attempts[index];
    let earlier = attempts[..index].iter().any(|other| same_target(other, attempt) && failed(other));
    failed(attempt) && attempt.connected.is_some() && !earlier
}

/// Whether the target of `attempt` was passed over, so that it may have had another turn.
pub(super) fn was_passed_over(case: &Case<'_>, attempt: &Attempt) -> bool {
    let Some(trail) = &case.record.trail else { return false };
    let waits = |reason: SkipReason| {
        !matches!(reason, SkipReason::RetryBudget | SkipReason::SameCause | SkipReason::Spent)
    };
    let is_it = |name: &str| name == attempt.model || case.facts.target_name(attempt) == Some(name);
    trail.skips.iter().any(|skip| waits(skip.reason) && is_it(&skip.model))
}

/// The shortest and the longest wait declared before repeat number `used`, counted from 0.
pub(super) fn backoff(policy: &Backoff, used: u32) -> (Duration, Duration) {
    let grown = policy.base.as_secs_f64() * libm::pow(policy.factor, f64::from(used));
    let whole = grown.min(policy.cap.as_secs_f64());
    let shortest = match policy.jitter {
        Jitter::Full => 0.0,
        Jitter::Equal => whole / 2.0,
        Jitter::None => whole,
    };
    (Duration::from_secs_f64(shortest), Duration::from_secs_f64(whole))
}

/// How often the target of the attempt at `index` had failed with `class` before: so many repeats were made for that.
pub(super) fn used(case: &Case<'_>, index: usize, class: FailureClass) -> u32 {
    let attempts = case.attempts();
    let failed = |attempt: &Attempt| matches!(&attempt.result, AttemptResult::Failed(failure) if failure.class == class);
    let same = |attempt: &&Attempt| failed(attempt) && same_target(attempt, &attempts[index]);
    u32::try_from(attempts[..index].iter().filter(same).count()).unwrap_or(u32::MAX)
}

/// A repeat, with the wait that is declared for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat<'a> {
    /// The failed attempt.
    pub(super) failed: usize,
    /// The attempt that repeats it.
    pub(super) again: usize,
    pub(super) class: FailureClass,
    /// How many repeats after the same class came before.
    pub(super) used: u32,
    pub(super) policy: ClassPolicy,
    /// The wait the provider asked for.
    pub(super) asked: Option<Duration>,
    /// From the end of the one to the beginning of the other.
    pub(super) gap: Duration,
    /// When the failed attempt ended.
    pub(super) from: Moment,
    pub(super) model: &'a str,
}

/// Repeats whose wait is declared: those of a request without anything else that makes it wait (a target passed over, a
/// connection that died idle, attempts side by side).
pub(super) fn repeats<'a>(
    case: &Case<'a>,
    route: &'a RouteFacts,
) -> impl Iterator<Item = Repeat<'a>> + use<'a> {
    let attempts = case.attempts();
    let mut found = Vec::new();
    for turn in turns(case) {
        let Next::Repeat(again) = turn.next else { continue };
        let class = turn.failure.class;
        if class == FailureClass::Unreachable || was_passed_over(case, turn.attempt) {
            continue;
        }
        found.push(Repeat {
            failed: turn.index,
            again,
            class,
            used: used(case, turn.index, class),
            policy: declared(case, route, &turn.attempt.model, class),
            asked: turn.failure.retry_after,
            gap: attempts[again].started - turn.attempt.ended,
            from: turn.attempt.ended,
            model: turn.attempt.model.as_str(),
        });
    }
    found.into_iter()
}

/// Whether all repeats on one model come before the next one.
pub(super) fn model_first(route: &RouteFacts) -> bool {
    route.retry_order == RetryOrder::ModelFirst
}

#[cfg(test)]
mod tests;
