//! Limits, and calls that nobody waits for any more.

use std::time::Duration;

use super::{Breach, Found};
use crate::history::{Call, CallerEnding, RouteFacts};
use crate::judge::Case;
use crate::judge::expectations::show_seconds;
use crate::judge::promises::i12_time_bounds;
use crate::world::Moment;

/// Faults that hold a request up before it has reached its provider.
const ON_THE_WAY: [&str; 9] = [
    "bandwidth",
    "black_hole",
    "brownout",
    "connection_limit",
    "freeze",
    "jitter",
    "latency_spike",
    "slow_accept",
    "tls_handshake_stall",
];

/// I12: the answer ends with the deadline; a call ends with the limits that are declared for it, as its provider sees it; no
/// silence in a stream is longer than declared.
pub(super) fn over(case: &Case<'_>) -> Found {
    let sent = !matches!(case.record.caller.ending, CallerEnding::Unsent);
    let Some(route) = case.route.filter(|_| sent) else { return Found::NotApplicable };
    late(case, route)
        .or_else(|| case.record.calls.iter().find_map(|call| too_long(case, route, call)))
        .or_else(|| i12_time_bounds::idle(case, route))
        .into()
}

/// An answer that ends after the deadline. A new connection takes a round trip before a request is on its way.
fn late(case: &Case<'_>, route: &RouteFacts) -> Option<Breach> {
    let caller = &case.record.caller;
    let deadline = case.sent() + route.deadline;
    let over = caller.ended.since(deadline + case.facts.one_way() * 3);
    (!case.left() && over > case.facts.slack.reply).then(|| {
        let over = show(caller.ended - deadline);
        let what = match caller.ending {
            CallerEnding::Overdue => format!("the answer had not ended {over} after the deadline"),
            _ => format!("the answer reached its caller {over} after the deadline"),
        };
        Breach::new(what).between(deadline, caller.ended)
    })
}

/// A call that lived on beyond a limit. What was given up takes as long to be seen by its provider as a caller's leaving.
fn too_long(case: &Case<'_>, route: &RouteFacts, call: &Call) -> Option<Breach> {
    if !is_seen(case, call) {
        return None;
    }
    let silent = call.first_output.unwrap_or(call.ended) - call.received;
    let first_token = route.first_token.filter(|_| case.record.caller.stream);
    let limits =
        [("first output", first_token, silent), ("whole attempt", route.attempt, call.ended - call.received)];
    limits.into_iter().find_map(|(what, limit, took)| {
        let limit = limit.filter(|limit| took > *limit + case.facts.slack.cancel)?;
        let what = format!("{}: {what} took {}, limit {}", call.provider, show(took), show(limit));
        Some(Breach::new(what).between(call.received, call.ended))
    })
}

/// I21: when the caller has left or has its answer no call begins, and those that are open end.
pub(super) fn after_the_caller(case: &Case<'_>) -> Found {
    if case.record.calls.is_empty() || case.record.caller.ending == CallerEnding::Unsent {
        return Found::NotApplicable;
    }
    begun_late(case).or_else(|| worked_on(case)).into()
}

fn begun_late(case: &Case<'_>) -> Option<Breach> {
    let gone = case.record.caller.ended;
    let on_the_way = |call: &Call| {
        case.facts
            .header
            .faults
            .iter()
            .any(|fault| fault.provider == call.provider && ON_THE_WAY.contains(&fault.kind.as_str()))
    };
    let mut late = case.record.calls.iter().filter(|call| call.received > gone + case.facts.slack.cancel);
    let call = late.find(|call| !on_the_way(call))?;
    let after = show(call.received - gone);
    let what = format!("{} was asked {after} after the caller was gone", call.provider);
    Some(Breach::new(what).between(gone, call.received))
}

fn worked_on(case: &Case<'_>) -> Option<Breach> {
    let bound = case.facts.slack.cancel;
    let found = |call: &Call, time: Duration, since: &str| {
        let what = format!("{} worked on for {} after {since}", call.provider, show(time));
        let useless = Moment::ZERO + (call.ended - Moment::ZERO).saturating_sub(time);
        Breach::new(what).between(useless, call.ended)
    };
    let ended = case.record.caller.ended;
    if case.left() {
        let open = |call: &&Call| call.received <= ended && call.ended > ended + bound && is_seen(case, call);
        let call = case.record.calls.iter().find(open)?;
        return Some(found(call, call.ended - ended, "the caller had left"));
    }
    // Who was given its whole answer waits for nobody. The call that gave it may have more to say than was asked for.
    let served = case.complete().then(|| case.serving_call()).flatten()?;
    let other = |call: &&Call| call.tag != served.tag && is_seen(case, call) && call.ended > ended + bound;
    let call = case.record.calls.iter().find(other)?;
    Some(found(call, call.ended - ended, "another one had answered"))
}

/// Whether the end of a call tells when it was given up: behind a black hole no close is seen. One that was open when everything
/// was over had not been given up until then, at least.
fn is_seen(case: &Case<'_>, call: &Call) -> bool {
    !case.facts.black_holed(&call.provider, call.received, call.ended)
}

fn show(span: Duration) -> String {
    show_seconds(span.as_secs_f64())
}
