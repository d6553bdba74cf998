//! What a failure leads to: the same model again, the next one, a last resort, or the error.

use std::time::Duration;

use crate::chat::{Failure, FailureClass};
use crate::router::config::{AllBenched, Backoff, Jitter, RefusalPolicy, RetryAfterPolicy, TargetIx, Then};
use crate::router::fleet::Fleet;
use crate::router::trail::{SkipReason, WaitCause};
use crate::world::Moment;

use super::{Engine, Final, Order, Step};

/// An attempt that starts with less than this left cannot succeed anywhere, and is not worth its cost.
const WORTH_ASKING: Duration = Duration::from_millis(1);

/// How soon to look again when the only thing in the way is somebody else's probe.
const PROBE_POLL: Duration = Duration::from_millis(50);

impl Engine {
    /// After a failure before commit.
    pub(super) fn decide(&mut self, order: &Order, failure: Failure, now: Moment, fleet: &mut Fleet) -> Step {
        let repeat = self.repeat_at(order, &failure, now, fleet);
        // A wait for a model that will be benched at its end would be paid for nothing.
        let bench = fleet.bench(order.target).filter(|end| repeat.is_some_and(|(until, _)| *end > until));
        if let (Some((until, cause)), None) = (repeat, bench) {
            return if until <= now { self.advance(now, fleet) } else { self.wait(until, cause, now) };
        }
        if self.then(failure.class) == Then::Surface {
            return self.surface(order.target, failure);
        }
        match bench {
            Some(until) => self.pass_over(order.target, SkipReason::Benched { until }, now),
            None => self.next_candidate(),
        }
        self.advance(now, fleet)
    }

    /// What the route declares for a class once its repeats are used up.
    fn then(&self, class: FailureClass) -> Then {
        match class {
            FailureClass::Refused if self.route().refusal == RefusalPolicy::Pass => Then::Surface,
            _ => self.route().retry.of(class).then,
        }
    }

    /// When to ask the same model again, and what makes it wait; none when it is not to be asked again.
    fn repeat_at(
        &mut self,
        order: &Order,
        failure: &Failure,
        now: Moment,
        fleet: &Fleet,
    ) -> Option<(Moment, WaitCause)> {
        // A model that was asked although it was benched is asked once.
        if self.plan.candidates.get(self.cursor) != Some(&order.target) {
            return None;
        }
        let class = failure.class;
        let policy = *self.route().retry.of(class);
        let slot = self.repeats.iter().position(|(of, by, _)| (*of, *by) == (order.target, class));
        let used = slot.map_or(0, |slot| self.repeats[slot].2);
        // A deterministic failure would only be repeated, whatever the file says.
        if class.is_deterministic() || used >= policy.times || self.attempts >= self.route().max_attempts {
            return None;
        }
        let unit = self.dice.str("backoff").u64(u64::from(order.number)).unit();
        let mut wait = backoff(&policy.backoff, used, unit);
        let mut cause = WaitCause::Backoff;
        if let Some(asked) = failure.retry_after {
            if self.rather_moves_on(asked, now, fleet) {
                return None;
            }
            // Never early, and not all at once either: up to a tenth later, at most 100 ms.
            let spread = Duration::from_secs_f64((asked.as_secs_f64() * 0.1).min(0.1) * unit);
            let granted = asked.saturating_add(spread);
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

    /// Whether a provider's wish to wait is a reason to ask somebody else.
    fn rather_moves_on(&self, asked: Duration, now: Moment, fleet: &Fleet) -> bool {
        match self.route().retry_after {
            RetryAfterPolicy::Wait { cap } => asked > cap,
            RetryAfterPolicy::MoveOn => {
                let rest = self.plan.candidates.iter().skip(self.cursor + 1);
                rest.into_iter().any(|model| fleet.would_admit(*model, now))
            }
        }
    }

    /// Every candidate had its turn.
    pub(super) fn exhausted(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        if self.attempts < self.route().max_attempts {
            // Who was passed over may be back: what came since took its time.
            if self.passed_over.iter().any(|(model, _)| fleet.would_admit(*model, now)) {
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
            if let Some(model) = self.against_its_bench(now, fleet) {
                self.forced = true;
                self.passed_over.retain(|(passed, _)| *passed != model);
                let cause = self.cause(model);
                let pass = fleet.force(model, now);
                return self.order(cause, pass, now);
            }
        }
        self.next_rescue(now, fleet)
    }

    /// All who were passed over become the candidates.
    fn another_turn(&mut self) {
        self.plan.candidates = self.passed_over.drain(..).map(|(model, _)| model).collect();
        self.cursor = 0;
    }

    /// The model to ask although it is benched: the one that is back first, once a request, where the route says
    /// so. One that asked to be left alone is left alone, and one that failed this very request is not asked again
    /// without a pause.
    fn against_its_bench(&self, now: Moment, fleet: &Fleet) -> Option<TargetIx> {
        if self.route().all_benched != AllBenched::AskOne || self.forced {
            return None;
        }
        let failed = |model: TargetIx| self.repeats.iter().any(|(of, _, _)| *of == model);
        let benched =
            self.passed_over.iter().filter(|(model, _)| !fleet.is_cooling(*model, now) && !failed(*model));
        benched.min_by_key(|(_, reason)| back_at(*reason, now)).map(|(model, _)| *model)
    }

    /// Whether to wait for a model that may not be asked now, and under which name.
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
            _ if self.route().all_benched == AllBenched::Wait => Some(WaitCause::Bench),
            _ => None,
        }
    }

    /// The deadline passed between two attempts.
    pub(super) fn out_of_time(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        self.next_rescue(now, fleet)
    }

    /// The error of a request that nobody could serve: the last real failure, or why nobody was asked.
    pub(super) fn give_up(&self, now: Moment, fleet: &Fleet) -> Step {
        if let Some((model, failure)) = &self.last {
            return self.surface(*model, failure.clone());
        }
        let mut failure = Failure::new(FailureClass::Overloaded, self.why_nobody(now, fleet));
        let soonest = self.passed_over.iter().map(|(_, reason)| back_at(*reason, now)).min();
        failure.retry_after = soonest.map(|until| until - now);
        Step::Fail(Box::new(Final { status: failure.caller_status(), failure, target: None }))
    }

    fn why_nobody(&self, now: Moment, fleet: &Fleet) -> String {
        let mut words = format!("no model of route `{}` may be asked now", self.route().name);
        for (index, (model, reason)) in self.passed_over.iter().enumerate() {
            let until = back_at(*reason, now) - now;
            let name = &self.config.targets()[*model].name;
            words.push_str(if index == 0 { ": " } else { "; " });
            words.push_str(&format!("`{name}` rests for another {:.1} s", until.as_secs_f64()));
            if let Some((class, status)) = fleet.trouble(*model) {
                let status = status.map(|status| format!("{status} ")).unwrap_or_default();
                words.push_str(&format!(" after {status}{class}"));
            }
        }
        words
    }
}

/// When a model that was passed over may be asked.
fn back_at(reason: SkipReason, now: Moment) -> Moment {
    match reason {
        SkipReason::Benched { until } | SkipReason::Cooling { until } => until,
        SkipReason::Probing | SkipReason::Busy => now + PROBE_POLL,
        _ => Moment::NEVER,
    }
}

/// The wait before repeat number `used`, with `unit` in [0, 1) as its chance.
pub(super) fn backoff(policy: &Backoff, used: u32, unit: f64) -> Duration {
    let grown = policy.base.as_secs_f64() * libm::pow(policy.factor, f64::from(used));
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
