//! What a failure before commit leads to: the same target again, the next one, a last resort, or the error.

use std::time::Duration;

use crate::chat::{Failure, FailureClass};
use crate::router::config::{
    Ambiguous, Backoff, Jitter, RefusalPolicy, RetryAfterPolicy, RetryOrder, TargetIx, Then,
};
use crate::router::fleet::Fleet;
use crate::router::seam::seam;
use crate::router::trail::{Cause, SkipReason, WaitCause};
use crate::world::Moment;

use super::last::blames_request;
use super::turn::WORTH_ASKING;
use super::{Engine, Loss, Order, Step};
use crate::dialect::lacks_ability;

impl Engine {
    /// After a failure before commit.
    pub(super) fn decide(&mut self, order: &Order, loss: Loss, now: Moment, fleet: &mut Fleet) -> Step {
        let accompanied = !self.running.is_empty();
        let stale = self.is_stale(order, &loss);
        if !accompanied && let Some(step) = self.replay(order, &loss, now, fleet) {
            return step;
        }
        let failure = loss.failure;
        // What a second model makes of the request says nothing about the first one, who may be about to answer.
        let ends = !(accompanied && order.cause == Cause::Hedge)
            && (seam!(RepeatsWhatMayBeDone, self.must_not_replay(&failure, loss.sent), false)
                || (failure.class.is_deterministic() && self.then(order.target, &failure) == Then::Surface));
        if ends {
            // An error that is the answer needs no other: whoever else is under way is given up.
            self.caller_left(now, fleet);
            return self.surface_now(order.target, failure, now, fleet);
        }
        if order.cause == Cause::Hedge || accompanied {
            return self.one_of_several(order, stale, now, fleet);
        }
        let repeat = self.repeat_at(order, &failure, now, fleet);
        // A wait for a target that will be benched at its end would be paid for nothing.
        let bench = fleet.bench(order.target).filter(|end| repeat.is_some_and(|(until, _)| *end > until));
        if let (Some((until, cause)), None) = (repeat, bench) {
            if seam!(OverdrawsTheRetryBudget, fleet.may_retry(self.route, order.target, now), true) {
                return self.repeat(order, (until, cause), &failure, now, fleet);
            }
            self.skip(order.target, SkipReason::RetryBudget, now);
        }
        if self.then(order.target, &failure) == Then::Surface {
            return self.surface_now(order.target, failure, now, fleet);
        }
        match bench {
            Some(until) => {
                self.unpaid.push(order.target);
                self.pass_over(order.target, SkipReason::Benched { until }, now);
            }
            None => self.end_turn(order.target),
        }
        self.advance(now, fleet)
    }

    /// A failure beside which another attempt is under way, or of one that was second itself: there are no repeats. But a
    /// target whose old connection was dead has not had its turn yet, should the other one fail, too.
    fn one_of_several(&mut self, order: &Order, stale: bool, now: Moment, fleet: &mut Fleet) -> Step {
        if stale {
            self.replayed.push(order.target);
        } else {
            self.end_turn(order.target);
        }
        if self.running.is_empty() { self.advance(now, fleet) } else { Step::Pending }
    }

    /// The same request on a new connection, once: the old one was dead before the request could be carried out.
    fn replay(&mut self, order: &Order, loss: &Loss, now: Moment, fleet: &mut Fleet) -> Option<Step> {
        if !self.is_stale(order, loss) {
            return None;
        }
        // Whenever it is asked again, it gets a new connection.
        self.replayed.push(order.target);
        let may = self.attempts < self.route().max_attempts
            && now + WORTH_ASKING < self.deadline
            && self.hopeless(order.target).is_none()
            && !(loss.sent && self.route().ambiguous == Ambiguous::Surface);
        if !may {
            return None;
        }
        let pass = self.ask(order.target, now, fleet).ok()?;
        let again = Order {
            cause: Cause::Retry,
            pass,
            limits: self.limits(order.target, now),
            hedge_at: self.hedge_at(order.target, now, fleet),
            ..*order
        };
        Some(Step::Attempt(self.start(again)))
    }

    /// Whether a connection that had been used before died without an answer, for the first time at this target.
    pub(super) fn is_stale(&self, order: &Order, loss: &Loss) -> bool {
        loss.stale
            && loss.failure.class == FailureClass::Unreachable
            && !self.replayed.contains(&order.target)
    }

    /// Whether a failure that leaves open what became of the request ends it, by the route's word.
    fn must_not_replay(&self, failure: &Failure, sent: bool) -> bool {
        let unclear = matches!(
            failure.class,
            FailureClass::Unreachable
                | FailureClass::Timeout(_)
                | FailureClass::Truncated
                | FailureClass::Protocol
        );
        sent && unclear && failure.status.is_none() && self.route().ambiguous == Ambiguous::Surface
    }

    /// What the route declares for a failure once its repeats are used up.
    fn then(&self, target: TargetIx, failure: &Failure) -> Then {
        let route = self.route();
        let class = failure.class;
        if class == FailureClass::Refused && route.refusal == RefusalPolicy::Pass {
            return Then::Surface;
        }
        let listed = seam!(IgnoresListedStatuses, &route.advance_on, &None);
        if let (Some(statuses), Some(status)) = (listed, status_of(failure)) {
            return if statuses.contains(&status) { Then::Next } else { Then::Surface };
        }
        // What this model cannot do another one may: its refusal is not the request's fault.
        if lacks_ability(failure) {
            return Then::Next;
        }
        // A model that was only asked because another one failed may refuse what that one would have taken: its complaint
        // ends nothing, and is not the answer.
        let troubled = self.failures.iter().any(|(_, known)| !blames_request(known.class));
        if blames_request(class) && seam!(BelievesTheFallbacksComplaint, troubled, false) {
            return Then::Next;
        }
        seam!(ConnectionsDoNotFallBack: if class == FailureClass::Unreachable { return Then::Surface });
        seam!(StreamsDoNotFallBack: if self.facts.stream { return Then::Surface });
        self.policy(target, class).then
    }

    /// When to ask the same target again, and what makes it wait; none when it is not to be asked again.
    fn repeat_at(
        &mut self,
        order: &Order,
        failure: &Failure,
        now: Moment,
        fleet: &Fleet,
    ) -> Option<(Moment, WaitCause)> {
        // A target that was asked although it was benched is asked once.
        if self.plan.candidates.get(self.cursor) != Some(&order.target) {
            return None;
        }
        let class = failure.class;
        let policy = self.policy(order.target, class);
        let slot = self.repeats.iter().position(|(of, by, _)| (*of, *by) == (order.target, class));
        let used = slot.map_or(0, |slot| self.repeats[slot].2);
        // A deterministic failure would only be repeated, whatever the file says.
        let times = seam!(RepeatsOnceTooOften, policy.times, policy.times + 1);
        if class.is_deterministic() || used >= times || self.attempts >= self.route().max_attempts {
            return None;
        }
        let drawn = self.dice.str("backoff").u64(u64::from(order.number)).unit();
        let unit = seam!(RepeatsInStep, drawn, 0.5);
        let mut wait = seam!(HammersAtOnce, backoff(&policy.backoff, used, unit), Duration::ZERO);
        let mut cause = WaitCause::Backoff;
        if let Some(asked) = failure.retry_after {
            if self.rather_moves_on(asked, now, fleet) {
                return None;
            }
            // Never early, and not all at once either: up to a tenth later, as far as the deadline allows.
            let room = (self.deadline - now).saturating_sub(asked + 2 * WORTH_ASKING);
            let granted = asked.saturating_add(spread(asked).min(room).mul_f64(unit));
            if granted > wait {
                (wait, cause) = (granted, WaitCause::RetryAfter);
            }
        }
        let until = now + wait;
        if until + WORTH_ASKING >= self.deadline {
            return None;
        }
        match slot {
            Some(slot) => self.repeats[slot].2 += 1,
            None => self.repeats.push((order.target, class, 1)),
        }
        Some((until, cause))
    }

    /// Makes a repeat: now, after a wait, or after the rest of the chain.
    fn repeat(
        &mut self,
        order: &Order,
        (until, cause): (Moment, WaitCause),
        failure: &Failure,
        now: Moment,
        fleet: &mut Fleet,
    ) -> Step {
        let others = self.cursor + 1 < self.plan.candidates.len() || !self.deferred.is_empty();
        if self.route().retry_order == RetryOrder::ChainFirst && others && !failure.class.is_deterministic() {
            self.deferred.push((order.target, until, cause));
            self.next_candidate();
            return self.advance(now, fleet);
        }
        if until <= now { self.advance(now, fleet) } else { self.wait(until, cause, now) }
    }

    /// Whether a provider's wish to wait is a reason to ask somebody else.
    fn rather_moves_on(&self, asked: Duration, now: Moment, fleet: &Fleet) -> bool {
        match self.route().retry_after {
            RetryAfterPolicy::Wait { cap } => asked > cap,
            RetryAfterPolicy::MoveOn => {
                let rest = self.plan.candidates.iter().skip(self.cursor + 1);
                rest.into_iter().any(|target| fleet.would_admit(*target, now))
            }
        }
    }
}

/// The status a failure has or, inside a success, would have had outside. Our own limits and connections have none.
fn status_of(failure: &Failure) -> Option<u16> {
    let spoken = matches!(
        failure.class,
        FailureClass::RateLimited
            | FailureClass::QuotaExhausted
            | FailureClass::Overloaded
            | FailureClass::ServerError
            | FailureClass::ContextExceeded
            | FailureClass::InvalidRequest
            | FailureClass::Unauthorized
            | FailureClass::NotFound
    );
    failure.status.or_else(|| spoken.then(|| failure.class.default_status()))
}

/// How much later than a provider asked it is asked again at most: callers who were told the same must not come back
/// together. A tenth of a second is enough after short waits; after long ones more callers wait, and it is a tenth of
/// what exceeds four seconds, up to five seconds.
fn spread(asked: Duration) -> Duration {
    let short = (asked / 10).min(Duration::from_millis(100));
    let long = asked.saturating_sub(Duration::from_secs(4)) / 10;
    short.max(long).min(Duration::from_secs(5))
}

/// The wait before repeat number `used`, with `unit` in [0, 1) as its chance.
pub(super) fn backoff(policy: &Backoff, used: u32, unit: f64) -> Duration {
    let failed = f64::from(seam!(NeverBacksOff, used, 0));
    let grown = policy.base.as_secs_f64() * libm::pow(policy.factor, failed);
    let whole = grown.min(policy.cap.as_secs_f64());
    let share = match policy.jitter {
        Jitter::Full => unit,
        Jitter::Equal => 0.5 + unit / 2.0,
        Jitter::None => 1.0,
    };
    Duration::from_micros((whole * share * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_a_wait_grows_with_it() {
        let spread = |seconds| spread(Duration::from_millis(seconds)).as_millis();
        // A tenth of 500 ms; 100 ms; a tenth of 20 s - 4 s; five seconds.
        assert_eq!([500, 2_000, 20_000, 600_000].map(spread), [50, 100, 1_600, 5_000]);
    }

    #[test]
    fn backoff_doubles_up_to_its_cap_and_jitter_only_shortens_it() {
        let mut policy = Backoff {
            base: Duration::from_millis(200),
            factor: 2.0,
            cap: Duration::from_secs(1),
            jitter: Jitter::None,
        };
        // 200, 400, 800, then 1,600 cut to 1,000 ms.
        let waits: Vec<_> = (0..4).map(|n| backoff(&policy, n, 0.25).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1000]);
        policy.jitter = Jitter::Full;
        assert_eq!(backoff(&policy, 1, 0.25).as_millis(), 100);
        policy.jitter = Jitter::Equal;
        assert_eq!(backoff(&policy, 1, 0.5).as_millis(), 300);
    }
}
