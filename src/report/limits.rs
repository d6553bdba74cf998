//! The limits under which an attempt ran, as moments: from what the run declares, cut to the request's deadline.
//!
//! An equal share of what is left of the deadline, which stands in for a limit that was not declared, is not told
//! again here: where it ran out, the attempt's own failure says so.

use std::time::Duration;

use crate::history::{Attempt, AttemptResult, FailureClass, Header, Limit, Moment, Trail};

/// A limit of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// What it limits.
    pub(crate) limit: Limit,
    /// How long it is, where it was declared.
    pub(crate) span: Option<Duration>,
    /// When it runs out, or ran out.
    pub(crate) at: Moment,
    /// Whether it ended the attempt.
    pub(crate) hit: bool,
}

/// The limits of `attempt` in the order in which they run out: those that were declared, and the one that ended it.
/// Those that were met long before are among them; the limit between outputs is only when it ended the attempt, since
/// it begins anew with each.
pub(crate) fn bounds(attempt: &Attempt, trail: &Trail, header: &Header) -> Vec<Bound> {
    let Some(route) = header.routes.get(&trail.route) else { return Vec::new() };
    let own = header.models.get(&attempt.model).map(|model| model.limits).unwrap_or_default();
    let hit = hit(attempt);
    let declared = [
        (Limit::Connect, Some(own.connect.unwrap_or(route.connect))),
        (Limit::FirstToken, own.first_token.or(route.first_token).filter(|_| trail.stream)),
        (Limit::Idle, Some(own.idle.unwrap_or(route.idle))),
        (Limit::Total, own.attempt.or(route.attempt)),
    ];
    let mut bounds: Vec<Bound> = declared
        .into_iter()
        .filter_map(|(limit, span)| {
            let hit = hit == Some(limit);
            let planned = span.filter(|_| limit != Limit::Idle).map(|span| attempt.started + span);
            let at = if hit { attempt.ended } else { planned?.min(trail.deadline) };
            Some(Bound { limit, span, at, hit })
        })
        .collect();
    bounds.sort_by_key(|bound| bound.at);
    bounds
}

/// The limit that ended an attempt.
fn hit(attempt: &Attempt) -> Option<Limit> {
    match &attempt.result {
        AttemptResult::Failed(failure) => match failure.class {
            FailureClass::Timeout(limit) => Some(limit),
            _ => None,
        },
        _ => None,
    }
}

/// What a limit limits, in words.
pub(crate) const fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::Connect => "connection",
        Limit::FirstToken => "first output",
        Limit::Idle => "gap between outputs",
        Limit::Total => "whole attempt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Failure;
    use crate::judge::testkit::{at, header, served};

    #[test]
    fn declared_limits_are_moments_and_the_one_that_ended_the_attempt_is_known() {
        // It began at 1 ms; a connection may take 2 s, the first output 2 s; 20 s are the request's deadline.
        let mut record = served(0, "claude");
        let trail = record.trail.as_mut().expect("a trail");
        let told = |trail: &Trail| -> Vec<_> {
            let bounds = bounds(&trail.attempts[0], trail, &header());
            bounds.into_iter().map(|bound| (bound.limit, bound.at, bound.hit)).collect()
        };
        assert_eq!(told(trail), [(Limit::Connect, at(2.001), false), (Limit::FirstToken, at(2.001), false)]);

        let class = FailureClass::Timeout(Limit::Idle);
        trail.attempts[0].result = AttemptResult::Failed(Failure::new(class, "silence"));
        trail.attempts[0].ended = at(11.0);
        assert_eq!(told(trail)[2], (Limit::Idle, at(11.0), true));
    }
}
