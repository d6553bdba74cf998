//! What a failure leads to: the same model again, the next one, a last resort, or the error.

use std::time::Duration;

use crate::chat::{Failure, FailureClass};
use crate::router::config::{AllBenched, Backoff, Jitter, RefusalPolicy, RetryAfterPolicy, Then};
use crate::router::fleet::Fleet;
use crate::router::trail::{Cause, SkipReason, WaitCause};
use crate::world::Moment;

use super::{Engine, Final, Order, Step};

/// An attempt that starts with less than this left cannot succeed anywhere, and is not worth its cost.
const WORTH_ASKING: Duration = Duration::from_millis(1);

/// How soon to look again when the only thing in the way is somebody else's probe.
const PROBE_POLL: Duration = Duration::from_millis(50);

impl Engine {
    /// After a failure before commit.
    pub(super) fn decide(&mut self, order: &Order, failure: Failure, now: Moment, fleet: &mut Fleet) -> Step {
        if let Some(until) = self.repeat_at(order, &failure, now, fleet) {
            let asked = failure.retry_after.is_some_and(|asked| now + asked >= until);
            let cause = if asked { WaitCause::RetryAfter } else { WaitCause::Backoff };
            if until <= now {
                return self.advance(Cause::Retry, now, fleet);
            }
            return self.wait(until, cause, now);
        }
        if self.then(failure.class) == Then::Surface {
            return self.surface(order.model, failure);
        }
        self.next_candidate();
        self.advance(Cause::Fallback, now, fleet)
    }

    /// What the route declares for a class once its repeats are used up.
    fn then(&self, class: FailureClass) -> Then {
        match class {
            FailureClass::Refused if self.route().refusal == RefusalPolicy::Pass => Then::Surface,
            _ => self.route().retry.of(class).then,
        }
    }

    /// When to ask the same model again; none when it is not to be asked again.
    fn repeat_at(&mut self, order: &Order, failure: &Failure, now: Moment, fleet: &Fleet) -> Option<Moment> {
        let class = failure.class;
        let policy = *self.route().retry.of(class);
        let used = self.repeats.iter().find(|(of, _)| *of == class).map_or(0, |(_, used)| *used);
        // A deterministic failure would only be repeated, whatever the file says.
        if class.is_deterministic() || used >= policy.times || self.attempts >= self.route().max_attempts {
            return None;
        }
        let unit = self.dice.str("backoff").u64(u64::from(order.number)).unit();
        let mut wait = backoff(&policy.backoff, used, unit);
        if let Some(asked) = failure.retry_after {
            if self.rather_moves_on(asked, now, fleet) {
                return None;
            }
            // Never early, and not all at once either: up to a tenth later, at most 100 ms.
            let spread = Duration::from_secs_f64((asked.as_secs_f64() * 0.1).min(0.1) * unit);
            wait = wait.max(asked + spread);
        }
        let until = now + wait;
        if until + WORTH_ASKING >= self.deadline {
            return None;
        }
        match self.repeats.iter_mut().find(|(of, _)| *of == class) {
            Some((_, used)) => *used += 1,
            None => self.repeats.push((class, 1)),
        }
        Some(until)
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
        let spent = self.attempts >= self.route().max_attempts;
        let soonest = self
            .passed_over
            .iter()
            .map(|(model, reason)| (*model, *reason, back_at(*reason, now)))
            .min_by_key(|(_, _, until)| *until);
        if let Some((model, reason, until)) = soonest.filter(|_| !spent) {
            if let Some(cause) = self.worth_waiting(reason, until, now) {
                self.plan.candidates = vec![model];
                self.passed_over.clear();
                self.cursor = 0;
                return self.wait(until, cause, now);
            }
            if self.route().all_benched == AllBenched::AskOne && !self.forced {
                self.forced = true;
                let probe = fleet.force(model);
                let cause = if self.attempts == 0 { Cause::First } else { Cause::Fallback };
                return self.order(model, cause, probe, now);
            }
        }
        self.next_rescue(now, fleet)
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
        Step::Fail(Box::new(Final { status: failure.caller_status(), failure, model: None }))
    }

    fn why_nobody(&self, now: Moment, fleet: &Fleet) -> String {
        let mut words = format!("no model of route `{}` may be asked now", self.route().name);
        for (index, (model, reason)) in self.passed_over.iter().enumerate() {
            let until = back_at(*reason, now) - now;
            let name = &self.config.models[*model].name;
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
        SkipReason::Probing => now + PROBE_POLL,
        SkipReason::ContextWindow => Moment::NEVER,
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
