//! What was decided in a situation, to be compared with what is decided the next time.
//!
//! A route that walks its chain as listed decides by nothing but what failed so far, as long as nobody was passed over, no
//! budget was asked and there was time: then two requests in the same situation go the same way.

use std::collections::BTreeMap;

use super::policy::{self, Next, Turn};
use crate::chat::FailureClass;
use crate::history::{AttemptResult, RouteFacts, Trail};
use crate::judge::Case;
use crate::router::config::{Balance, RetryOrder, Then};
use crate::world::Moment;

/// Situations remembered: routes x models x classes, three failures deep, are fewer in any scenario.
const SITUATIONS_MAX: usize = 20_000;

/// Failures in a row that are told apart.
const DEEP: usize = 3;

/// What failed so far.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Situation {
    route: usize,
    /// Models and classes, in order.
    steps: [(usize, Option<FailureClass>); DEEP],
    /// What else makes it another one.
    pub(super) variant: u32,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// A model that was asked before: the same, or where repeats come after the rest of the chain any.
    Again,
    /// This model, by its place among all.
    Model(usize),
    /// No model of the chain any more.
    Enough,
}

/// What was seen of one form of a situation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) decision: Decision,
    /// The first request that showed it.
    pub(super) number: u64,
}

/// Two forms of every situation, and what was decided in each.
#[derive(Debug, Default)]
pub(super) struct Parity {
    seen: BTreeMap<Situation, [Option<Seen>; 2]>,
}

impl Parity {
    /// What is known of the other form; remembers this one.
    pub(super) fn compare(&mut self, situation: Situation, form: bool, seen: Seen) -> Option<Seen> {
        if self.seen.len() >= SITUATIONS_MAX && !self.seen.contains_key(&situation) {
            return None;
        }
        let forms = self.seen.entry(situation).or_default();
        forms[usize::from(form)].get_or_insert(seen);
        forms[usize::from(!form)]
    }
}

/// The situation after a failed attempt and what was decided in it; none where something beside the failures had a say.
pub(super) fn situation(case: &Case<'_>, route: &RouteFacts, turn: &Turn<'_>) -> Option<(Situation, Seen)> {
    let trail = case.record.trail.as_ref()?;
    let plain = turn.index < DEEP
        && trail.skips.is_empty()
        && trail.chain.is_none()
        && route.balance == Balance::Priority
        && has_time(case, route, turn)
        && !may_be_benched(case, route, turn);
    if !plain || case.left() {
        return None;
    }
    let models = &case.facts.header.models;
    let mut steps = [(0, None); DEEP];
    for (step, attempt) in steps.iter_mut().zip(&trail.attempts[..=turn.index]) {
        let AttemptResult::Failed(failure) = &attempt.result else { return None };
        // A wait that was asked for, a connection that died idle and a provider's words decide, too.
        let other = matches!(failure.class, FailureClass::Unreachable | FailureClass::InvalidRequest);
        let unclear = route.surfaces_unclear && policy::is_unclear(failure);
        let alone =
            case.facts.header.targets.iter().filter(|target| target.model == attempt.model).count() == 1;
        if other || unclear || failure.retry_after.is_some() || !alone {
            return None;
        }
        *step = (models.get_index_of(&attempt.model)?, Some(failure.class));
    }
    let decision = match turn.next {
        Next::Repeat(_) => Decision::Again,
        // Where repeats come after the rest of the chain, several are due, and their waits are drawn.
        Next::Other(next) if route.retry_order == RetryOrder::ChainFirst && is_repeat(trail, next) => {
            Decision::Again
        }
        Next::Other(next) => Decision::Model(models.get_index_of(&trail.attempts[next].model)?),
        Next::Rescue | Next::Answer => Decision::Enough,
        Next::Open => return None,
    };
    let route = case.facts.header.routes.get_index_of(&case.record.caller.route)?;
    let seen = Seen { decision, number: case.record.caller.number };
    Some((Situation { route, steps, variant: 0 }, seen))
}

/// Whether an attempt asks a model that was asked before.
fn is_repeat(trail: &Trail, attempt: usize) -> bool {
    let model = &trail.attempts[attempt].model;
    trail.attempts[..attempt].iter().any(|earlier| earlier.model == *model)
}

/// Whether the target may be benched when a repeat is due, unseen: where the failure is the answer that leaves no skip.
fn may_be_benched(case: &Case<'_>, route: &RouteFacts, turn: &Turn<'_>) -> bool {
    let declared = policy::declared(case, route, &turn.attempt.model, turn.failure.class);
    let breaker = case.facts.model(&turn.attempt.model).and_then(|model| model.breaker);
    let leads_on = policy::then(case, route, turn) == Some(Then::Next);
    declared.times > 0 && !leads_on && breaker.is_none_or(|breaker| breaker.is_on())
}

/// Whether the longest wait that is declared fits into what is left.
fn has_time(case: &Case<'_>, route: &RouteFacts, turn: &Turn<'_>) -> bool {
    let class = turn.failure.class;
    let declared = policy::declared(case, route, &turn.attempt.model, class);
    let (_, longest) = policy::backoff(&declared.backoff, policy::used(case, turn.index, class));
    let deadline = case.record.trail.as_ref().map_or(Moment::ZERO, |trail| trail.deadline);
    turn.attempt.ended + longest + policy::WORTH_ASKING + case.facts.slack.timer < deadline
}

/// A decision in words.
pub(super) fn words(case: &Case<'_>, decision: Decision) -> String {
    match decision {
        Decision::Again => "one was asked again".to_owned(),
        Decision::Model(model) => {
            let name = case.facts.header.models.get_index(model).map_or("?", |(name, _)| name);
            format!("{name} was asked")
        }
        Decision::Enough => "nobody was asked any more".to_owned(),
    }
}

#[cfg(test)]
mod tests;
