//! Whose turn it is, and what follows when all had theirs.

use std::time::Duration;

use super::{Engine, Granted, Order, Step};
use crate::chat::FailureClass;
use crate::router::config::{AllBenched, ModelIx, Rescue, RetryAfterPolicy, TargetIx};
use crate::router::fleet::{Admission, Fleet, Pass};
use crate::router::plan::{Inputs, is_free, targets_for};
use crate::router::seam::seam;
use crate::router::trail::{Cause, Skip, SkipReason, Wait, WaitCause};
use crate::world::Moment;

/// An attempt that starts with less than this left cannot succeed anywhere, and is not worth its cost.
pub(super) const WORTH_ASKING: Duration = Duration::from_millis(1);

/// How soon to look again when the only thing in the way is somebody else's attempt.
const POLL: Duration = Duration::from_millis(50);

impl Engine {
    /// Asks the candidate whose turn it is, or the next one that may be asked.
    pub(super) fn advance(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        if now >= self.deadline {
            return self.next_rescue(now, fleet);
        }
        while let Some(&target) = self.plan.candidates.get(self.cursor) {
            if self.attempts
                >= seam!(CountsFromZero, self.route().max_attempts, self.route().max_attempts + 1)
            {
                break;
            }
            if let Some(reason) = self.hopeless(target) {
                self.skip(target, reason, now);
                self.next_candidate();
                continue;
            }
            match self.ask(target, now, fleet) {
                Ok(pass) if self.can_pay(target, now, fleet) => {
                    return self.order(self.cause(target), pass, now, fleet);
                }
                Ok(pass) => {
                    fleet.released(pass, now);
                    self.skip(target, SkipReason::RetryBudget, now);
                    self.next_candidate();
                }
                Err(reason) => self.pass_over(target, reason, now),
            }
        }
        self.exhausted(now, fleet)
    }

    /// Asks the fleet.
    pub(super) fn ask(&self, target: TargetIx, now: Moment, fleet: &mut Fleet) -> Result<Pass, SkipReason> {
        let drawn = self.dice.str("admit").u64(self.skips.len() as u64).u64(u64::from(self.attempts)).unit();
        // When everybody had a turn, a target whose traffic is still growing back is better than nobody: no dice.
        let chance = if self.again { 0.0 } else { drawn };
        match fleet.admit(target, now, chance) {
            Admission::Yes(pass) => Ok(pass),
            Admission::No(reason) => Err(reason),
        }
    }

    /// Whether the budgets allow to ask `target`, should that be a repeat whose time had come when it was benched.
    fn can_pay(&mut self, target: TargetIx, now: Moment, fleet: &mut Fleet) -> bool {
        match self.unpaid.iter().position(|unpaid| *unpaid == target) {
            Some(at) => {
                self.unpaid.swap_remove(at);
                fleet.may_retry(self.route, target, now)
            }
            None => true,
        }
    }

    /// Why asking `target` is pointless or forbidden, after what happened so far.
    pub(super) fn hopeless(&self, target: TargetIx) -> Option<SkipReason> {
        let spent = seam!(ForgetsTheBudgetOnTheSecondHop, self.wish.spent, false);
        if spent && !is_free(self.config.model_of(target)) {
            return Some(SkipReason::Spent);
        }
        let same_cause = |(failed, failure): &(TargetIx, crate::chat::Failure)| {
            *failed != target && self.shares_cause(*failed, target, failure.class)
        };
        seam!(AsksTheSameAgain, self.failures.iter().any(same_cause), false).then_some(SkipReason::SameCause)
    }

    /// Whether what failed at one target of a model would fail at another of its targets, too.
    fn shares_cause(&self, failed: TargetIx, other: TargetIx, class: FailureClass) -> bool {
        let (failed, other) = (&self.config.targets()[failed], &self.config.targets()[other]);
        if failed.model != other.model {
            return false;
        }
        match class {
            // The request's or the model's own.
            FailureClass::Refused | FailureClass::ContextExceeded | FailureClass::InvalidRequest => true,
            // A key's own.
            FailureClass::RateLimited | FailureClass::QuotaExhausted | FailureClass::Unauthorized => false,
            // The deployment's: another key leads to the same servers.
            _ => failed.deployment == other.deployment,
        }
    }

    /// Why `target` is asked next, as one of the chain.
    pub(super) fn cause(&self, target: TargetIx) -> Cause {
        match self.failures.last() {
            None => Cause::First,
            _ if self.failures.iter().any(|(failed, _)| *failed == target) => Cause::Retry,
            Some(_) => Cause::Fallback,
        }
    }

    pub(super) fn skip(&mut self, target: TargetIx, reason: SkipReason, now: Moment) {
        self.skips.push(Skip { model: self.config.targets()[target].name.clone(), at: now, reason });
    }

    pub(super) fn pass_over(&mut self, target: TargetIx, reason: SkipReason, now: Moment) {
        self.skip(target, reason, now);
        self.passed_over.push((target, reason));
        self.next_candidate();
    }

    pub(super) fn next_candidate(&mut self) {
        self.cursor += seam!(SkipsEverySecond, 1, 2);
    }

    /// The turn of `target` is over, if it is its turn: one that was asked beside another, or against its bench, has none.
    pub(super) fn end_turn(&mut self, target: TargetIx) {
        if self.plan.candidates.get(self.cursor) == Some(&target) {
            self.next_candidate();
        }
    }

    pub(super) fn order(&mut self, cause: Cause, pass: Pass, now: Moment, fleet: &Fleet) -> Step {
        let limits = self.limits(pass.target, now);
        let hedge_at = if cause == Cause::Rescue { None } else { self.hedge_at(pass.target, now, fleet) };
        Step::Attempt(self.start(Order {
            number: 0,
            target: pass.target,
            limits,
            cause,
            pass,
            fresh: false,
            hedge_at,
        }))
    }

    /// Numbers an order and notes that it is under way.
    pub(super) fn start(&mut self, order: Order) -> Order {
        // Whose old connection was dead once gets a new one, whatever it is asked for.
        let fresh = order.fresh || self.replayed.contains(&order.target);
        let order = Order { number: self.attempts, fresh, ..order };
        self.attempts += 1;
        self.running.push(order);
        order
    }

    /// The limits of an attempt on `target` that starts now.
    pub(super) fn limits(&self, target: TargetIx, now: Moment) -> Granted {
        // The models of last resort need their share too: a silent chain must not leave them without time.
        let waiting = self.places_left().max(1) + self.route().rescue_models(self.rescue);
        let limits = self.route().limits;
        let limits = seam!(IgnoresAModelsLimits, limits.with(&self.config.model_of(target).limits), limits);
        let deadline = seam!(ForgetsTheDeadline, self.deadline, now + self.route().deadline);
        Granted::new(self.route(), &limits, &self.facts, deadline, waiting, now)
    }

    /// Deployments still to ask, the one whose turn it is included: keys of one deployment share its share.
    fn places_left(&self) -> usize {
        let rest = self.plan.candidates.get(self.cursor..).unwrap_or_default();
        let place = |target: TargetIx| {
            let target = &self.config.targets()[target];
            (target.model, target.deployment)
        };
        let is_new = |(nth, target): &(usize, &TargetIx)| {
            !rest[..*nth].iter().any(|seen| place(*seen) == place(**target))
        };
        rest.iter().enumerate().filter(is_new).count()
    }

    pub(super) fn wait(&mut self, until: Moment, cause: WaitCause, now: Moment) -> Step {
        self.waits.push(Wait { from: now, until, cause });
        Step::Wait(until)
    }

    /// Every candidate had its turn.
    fn exhausted(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        if self.attempts < self.route().max_attempts {
            if let Some(step) = self.next_deferred(now, fleet) {
                return step;
            }
            // Who was passed over may be back: what came since took its time.
            if self.passed_over.iter().any(|(target, _)| fleet.would_admit(*target, now)) {
                self.another_turn();
                return self.advance(now, fleet);
            }
            let waits = self.passed_over.iter().filter_map(|(_, reason)| {
                let until = back_at(*reason, now).max(now + WORTH_ASKING);
                Some((until, self.worth_waiting(*reason, until, now)?))
            });
            if let Some((until, cause)) = waits.min_by_key(|(until, _)| *until) {
                // All of them get another turn: the first to come back may fail while the second is on its way.
                self.another_turn();
                return self.wait(until, cause, now);
            }
            if let Some(target) = self.against_its_bench(now, fleet) {
                self.forced = true;
                self.passed_over.retain(|(passed, _)| *passed != target);
                let cause = self.cause(target);
                let pass = fleet.force(target, now);
                return self.order(cause, pass, now, fleet);
            }
        }
        self.next_rescue(now, fleet)
    }

    /// The first of the repeats that were put off, once the rest of the chain had its turn.
    fn next_deferred(&mut self, now: Moment, fleet: &mut Fleet) -> Option<Step> {
        let (at, _) = self.deferred.iter().enumerate().min_by_key(|(_, (_, until, _))| *until)?;
        let (target, until, cause) = self.deferred.remove(at);
        self.plan.candidates = vec![target];
        self.cursor = 0;
        if until <= now {
            return Some(self.advance(now, fleet));
        }
        if until + WORTH_ASKING >= self.deadline {
            self.next_candidate();
            return self.next_deferred(now, fleet);
        }
        Some(self.wait(until, cause, now))
    }

    /// All who were passed over become the candidates.
    fn another_turn(&mut self) {
        self.plan.candidates = self.passed_over.drain(..).map(|(target, _)| target).collect();
        self.cursor = 0;
        self.again = true;
    }

    /// The target to ask although it is benched: the one that is back first, once a request, where the route says
    /// so. One that asked to be left alone is left alone, one that failed this very request is not asked again without a
    /// pause, and what forbids to ask a target that is well forbids this, too.
    fn against_its_bench(&self, now: Moment, fleet: &Fleet) -> Option<TargetIx> {
        if self.route().all_benched != AllBenched::AskOne || self.forced {
            return None;
        }
        let failed = |target: TargetIx| self.repeats.iter().any(|(of, _, _)| *of == target);
        let may = |target: TargetIx| {
            !fleet.is_cooling(target, now) && !failed(target) && self.hopeless(target).is_none()
        };
        let benched = self.passed_over.iter().filter(|(target, _)| may(*target));
        benched.min_by_key(|(_, reason)| back_at(*reason, now)).map(|(target, _)| *target)
    }

    /// Whether to wait for a target that may not be asked now, and under which name.
    fn worth_waiting(&self, reason: SkipReason, until: Moment, now: Moment) -> Option<WaitCause> {
        if until + WORTH_ASKING >= self.deadline {
            return None;
        }
        match (reason, self.route().retry_after) {
            // It will answer when its wish is granted: that is a queue, not an outage. But only when nobody
            // was there to be asked; after failures elsewhere the last resort is better than more waiting.
            (SkipReason::Cooling { .. }, RetryAfterPolicy::Wait { cap })
                if until - now <= cap && self.attempts == 0 =>
            {
                Some(WaitCause::RetryAfter)
            }
            // A place will be free soon: that is a queue, too.
            (SkipReason::Busy, _) => Some(WaitCause::Busy),
            _ if self.route().all_benched == AllBenched::Wait => Some(WaitCause::Bench),
            _ => None,
        }
    }

    /// The next last resort, or the error.
    pub(super) fn next_rescue(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        while let Some(rescue) = self.route().rescue.get(self.rescue).cloned() {
            self.rescue += 1;
            match rescue {
                Rescue::Cache => return Step::Cached,
                Rescue::Fixed(text) => return Step::Fixed(text),
                Rescue::Model(model) if now < self.deadline => {
                    let Some(target) = self.last_resort(model, now, fleet) else { continue };
                    let pass = fleet.force(target, now);
                    self.cursor = self.plan.candidates.len();
                    return self.order(Cause::Rescue, pass, now, fleet);
                }
                Rescue::Model(_) => {}
            }
        }
        self.give_up(now, fleet)
    }
}

impl Engine {
    /// The target of a model of last resort to ask, if any may be: what holds for the chain (who may use it, where, for how
    /// much, what it can do) holds here, too; only its breaker is not asked.
    fn last_resort(&mut self, model: ModelIx, now: Moment, fleet: &Fleet) -> Option<TargetIx> {
        let inputs = Inputs {
            config: &self.config,
            route: self.route(),
            facts: &self.facts,
            wish: &self.wish,
            fleet,
            dice: self.dice.str("rescue"),
            now,
        };
        let (targets, excluded) = seam!(
            LastResortKnowsNoRules,
            targets_for(&inputs, model),
            (self.config.targets_of(model).collect(), Vec::new())
        );
        for (name, reason) in excluded {
            self.skips.push(Skip { model: name, at: now, reason });
        }
        targets.iter().copied().find(|target| fleet.would_admit(*target, now)).or(targets.first().copied())
    }
}

/// When a target that was passed over may be asked.
pub(super) fn back_at(reason: SkipReason, now: Moment) -> Moment {
    match reason {
        SkipReason::Benched { until } | SkipReason::Cooling { until } => until,
        SkipReason::Probing | SkipReason::Busy => now + POLL,
        _ => Moment::NEVER,
    }
}
