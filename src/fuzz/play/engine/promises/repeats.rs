//! How often the same is asked again, and after how long.

use super::{Check, promise};
use crate::chat::{Failure, FailureClass};
use crate::fuzz::play::engine::known::Whose;
use crate::fuzz::play::engine::shell::Life;
use crate::fuzz::play::engine::world::World;
use crate::router::config::{ClassPolicy, Jitter, RetryOrder, TargetIx};
use crate::router::engine::{Order, Step};
use crate::router::trail::Cause;

impl World<'_> {
    /// I07, I08: a target is asked again as often as declared for what failed there, never after a deterministic failure, and
    /// once more for a connection that was dead; I10: not before the wait it asked for; I11: within the budgets.
    pub(super) fn may_repeat(&mut self, life: &mut Life, order: &Order) -> Check {
        let target = order.target;
        let last = life
            .story
            .failed
            .iter()
            .rev()
            .find(|failed| failed.target == target && failed.cause != Cause::Rescue);
        let Some(last) = last else { return Ok(()) };
        let (at, failure) = (last.at, last.failure.clone());
        let class = failure.class;
        let owed = life.story.owed.iter().position(|owed| *owed == target);
        if let Some(owed) = owed {
            life.story.owed.remove(owed);
            promise!(
                order.fresh,
                "I07",
                life.request(),
                "`{}` is asked again on an old connection",
                self.name(target)
            );
            return Ok(());
        }
        promise!(
            !class.is_deterministic(),
            "I08",
            life.request(),
            "`{}` is asked again after {class}",
            self.name(target)
        );
        let asked = failure.retry_after.unwrap_or_default();
        promise!(
            self.now >= at + asked.min(self.longest_wish(target)),
            "I10",
            life.request(),
            "`{}` asked for {asked:?} and is asked again {:?} later",
            self.name(target),
            self.now - at
        );
        let repeats = &mut life.story.repeats;
        let slot =
            repeats.iter().position(|(of, by, _)| (*of, *by) == (target, class)).unwrap_or(repeats.len());
        if slot == repeats.len() {
            repeats.push((target, class, 0));
        }
        repeats[slot].2 += 1;
        let (used, times) = (repeats[slot].2, self.policy(life, target, class).times);
        promise!(
            used <= times,
            "I07",
            life.request(),
            "repeat {used} of `{}` after {class}, {times} declared",
            self.name(target)
        );
        let provider = self.config.targets()[target].provider;
        // After a reload requests that began before it still have the purse of then.
        let one = self.eras.len() == 1;
        for purse in &mut self.purses {
            let paid =
                purse.whose == Whose::Repeats(life.caller.route) || purse.whose == Whose::Provider(provider);
            promise!(
                !paid || purse.takes(self.now) || !one,
                "I11",
                life.request(),
                "a repeat more than the budget of {:?} allows",
                purse.whose
            );
        }
        Ok(())
    }

    /// I11: the wait before a repeat is the declared one: grown, no shorter than chance may make it, and chance makes each
    /// another one. After a failure, and what follows it.
    pub(in super::super) fn backs_off(
        &mut self,
        life: &Life,
        order: &Order,
        failure: &Failure,
        step: &Step,
    ) -> Check {
        let until = match step {
            Step::Wait(until) => *until,
            Step::Attempt(next) if next.target == order.target && next.cause == Cause::Retry => self.now,
            _ => return Ok(()),
        };
        let class = failure.class;
        let ordered = self.config.routes[life.caller.route].retry_order == RetryOrder::ModelFirst;
        let used = life
            .story
            .repeats
            .iter()
            .find(|(of, by, _)| (*of, *by) == (order.target, class))
            .map_or(0, |of| of.2);
        let policy = self.policy(life, order.target, class);
        // Only where nothing else can be waited for: not for a bench, a place or a dead connection.
        let alone = ordered
            && used < policy.times
            && !life.story.dead.contains(&order.target)
            && order.cause != Cause::Hedge
            && failure.retry_after.is_none()
            && life.story.failed.iter().all(|failed| failed.failure.retry_after.is_none())
            && (0..self.config.targets().len())
                .all(|target| self.eras[life.era].fleet.would_admit(target, self.now));
        if !alone || self.permitted(life).iter().all(|target| !life.story.has_asked(*target)) {
            return Ok(());
        }
        let backoff = &policy.backoff;
        let grown = backoff.base.as_secs_f64() * libm::pow(backoff.factor, f64::from(used));
        let whole = grown.min(backoff.cap.as_secs_f64());
        let waited = (until - self.now).as_secs_f64();
        let least = match backoff.jitter {
            Jitter::None => whole,
            Jitter::Equal => whole / 2.0,
            Jitter::Full => 0.0,
        };
        let name = self.name(order.target);
        let fits = least - 2e-6 <= waited && waited <= whole + 2e-6;
        promise!(
            fits,
            "I11",
            life.request(),
            "repeat {} of `{name}` after {waited} s, declared are {least}..{whole}",
            used + 1
        );
        if backoff.jitter != Jitter::None && whole >= 0.01 {
            let drawn = waited / whole;
            let again = (drawn - self.drawn.0).abs() < 1e-4;
            self.drawn = (drawn, if again { self.drawn.1 + 1 } else { 0 });
            // Five draws in a row within 10^-4 of each other: 10^-16 and less.
            promise!(self.drawn.1 < 4, "I11", life.request(), "repeats wait in step: {waited} of {whole} s");
        }
        Ok(())
    }

    /// What is declared for a class of failures at a target.
    pub(super) fn policy(&self, life: &Life, target: TargetIx, class: FailureClass) -> ClassPolicy {
        let route = &self.config.routes[life.caller.route];
        *self.config.model_of(target).retry.of(class).unwrap_or_else(|| route.retry.of(class))
    }

    /// What failed at another target of the same model that would fail at this one, too.
    pub(super) fn same_cause(&self, life: &Life, target: TargetIx) -> Option<FailureClass> {
        let targets = self.config.targets();
        let alike = |other: TargetIx, class: FailureClass| match class {
            FailureClass::Refused | FailureClass::ContextExceeded | FailureClass::InvalidRequest => true,
            FailureClass::RateLimited | FailureClass::QuotaExhausted | FailureClass::Unauthorized => false,
            _ => targets[other].deployment == targets[target].deployment,
        };
        let known = life.story.failed.iter().find(|failed| {
            failed.target != target
                && targets[failed.target].model == targets[target].model
                && alike(failed.target, failed.failure.class)
        });
        known.map(|failed| failed.failure.class)
    }
}
