//! How often is asked, and how long is waited.

use std::time::Duration;

use super::{Check, promise};
use crate::chat::{Failure, FailureClass};
use crate::fuzz::play::engine::known::Whose;
use crate::fuzz::play::engine::shell::Life;
use crate::fuzz::play::engine::world::World;
use crate::router::config::{AfterCommit, ClassPolicy, HedgeAfter, Limits, TargetIx};
use crate::router::engine::Order;
use crate::router::trail::Cause;
use crate::world::Moment;

impl World<'_> {
    /// What must hold of every attempt that begins.
    pub(in super::super) fn may_start(&mut self, life: &mut Life, order: &Order) -> Check {
        self.is_bounded(life, order)?;
        self.limits_are_declared(life, order)?;
        self.may_be_asked(life, order)?;
        self.is_advised(life, order)?;
        if order.cause == Cause::Rescue {
            let name = self.name(order.target).to_owned();
            if !life.story.rescued() {
                self.nobody_is_left(life, &name)?;
            }
            return Ok(());
        }
        if matches!(order.cause, Cause::Continue | Cause::Regenerate) {
            return self.goes_on_as_declared(life, order);
        }
        promise!(
            !life.engine.is_committed(),
            "I03",
            life.request(),
            "`{}` is asked anew after commit",
            self.name(order.target)
        );
        let alike = self.same_cause(life, order.target);
        promise!(
            order.cause == Cause::Retry || alike.is_none(),
            "I08",
            life.request(),
            "`{}` is asked ({:?}), where {} would fail it as it failed another",
            self.name(order.target),
            order.cause,
            alike.map_or("nothing", FailureClass::name)
        );
        self.may_repeat(life, order)
    }

    pub(super) fn name(&self, target: TargetIx) -> &str {
        &self.config.targets()[target].name
    }

    /// I06: attempts stay within the declared bound; I19: they are numbered without gaps, and say why they are made.
    fn is_bounded(&self, life: &Life, order: &Order) -> Check {
        let (story, route) = (&life.story, &self.config.routes[life.caller.route]);
        promise!(
            order.number as usize == story.asked.len(),
            "I19",
            life.request(),
            "attempt {} has number {}",
            story.asked.len(),
            order.number
        );
        let resorts = story.asked.iter().filter(|asked| asked.cause == Cause::Rescue).count();
        let rescue = order.cause == Cause::Rescue;
        let bound = if rescue { route.rescue_models(0) } else { route.max_attempts as usize };
        let made = if rescue { resorts } else { story.asked.len() - resorts };
        promise!(
            made < bound,
            "I06",
            life.request(),
            "attempt {} is one more than the {bound} declared",
            order.number
        );
        let expected = match order.cause {
            Cause::Rescue | Cause::Hedge | Cause::Continue | Cause::Regenerate => order.cause,
            _ if story.failed.is_empty() => Cause::First,
            _ if story.failed.iter().any(|failed| failed.target == order.target) => Cause::Retry,
            _ => Cause::Fallback,
        };
        promise!(
            order.cause == expected,
            "I19",
            life.request(),
            "{:?} is told as {:?}",
            expected,
            order.cause
        );
        Ok(())
    }

    /// I12: every limit is the declared one, cut to what is left; no attempt begins at the deadline or is granted more.
    fn limits_are_declared(&self, life: &Life, order: &Order) -> Check {
        let (now, deadline, granted) = (self.now, life.engine.deadline(), &order.limits);
        let name = self.name(order.target);
        promise!(
            now < deadline,
            "I12",
            life.request(),
            "`{name}` is asked at {now:?}, the deadline is {deadline:?}"
        );
        let declared = self.declared(life, order.target);
        let all = [Some(granted.connect), granted.first_token, Some(granted.total)];
        for limit in all.into_iter().flatten() {
            promise!(
                limit >= now && limit <= deadline,
                "I12",
                life.request(),
                "`{name}` is granted until {limit:?}, the deadline is {deadline:?}"
            );
        }
        let connect = (now + declared.connect).min(deadline);
        promise!(
            granted.connect == connect,
            "I12",
            life.request(),
            "`{name}` may connect until {:?}, not {connect:?}",
            granted.connect
        );
        promise!(
            granted.idle == declared.idle,
            "I12",
            life.request(),
            "`{name}` may pause for {:?}",
            granted.idle
        );
        let headers = declared.headers.map_or(Moment::NEVER, |headers| now + headers);
        promise!(
            granted.headers == headers,
            "I12",
            life.request(),
            "`{name}` has until {:?} for its headers",
            granted.headers
        );
        let total = match (declared.attempt, life.caller.facts.stream) {
            (Some(attempt), _) => Some((now + attempt).min(deadline)),
            (None, true) => Some(deadline),
            (None, false) => None,
        };
        promise!(
            total.is_none_or(|total| granted.total == total),
            "I12",
            life.request(),
            "`{name}` has until {:?}, not {total:?}",
            granted.total
        );
        let stream = life.caller.facts.stream;
        promise!(
            granted.first_token.is_some() == stream,
            "I12",
            life.request(),
            "`{name}`: a limit on first output is a stream's"
        );
        if let (Some(first), Some(declared)) = (granted.first_token, declared.first_token) {
            let first_token = (now + declared).min(granted.total);
            promise!(
                first == first_token,
                "I12",
                life.request(),
                "`{name}` has until {first:?} for its first output, not {first_token:?}"
            );
        }
        Ok(())
    }

    /// The limits declared for a target: its model's own over its route's.
    pub(super) fn declared(&self, life: &Life, target: TargetIx) -> Limits {
        let (own, route) =
            (&self.config.model_of(target).limits, &self.config.routes[life.caller.route].limits);
        Limits {
            connect: own.connect.unwrap_or(route.connect),
            headers: own.headers.or(route.headers),
            first_token: own.first_token.or(route.first_token),
            idle: own.idle.unwrap_or(route.idle),
            attempt: own.attempt.or(route.attempt),
            min_rate: own.min_rate.or(route.min_rate),
        }
    }

    /// I06, I12: a wait goes on, and ends before the deadline.
    pub(in super::super) fn may_wait(&self, life: &Life, until: Moment) -> Check {
        let (now, deadline) = (self.now, life.engine.deadline());
        promise!(until > now, "I06", life.request(), "a wait until {until:?} at {now:?} goes nowhere");
        promise!(
            until < deadline,
            "I12",
            life.request(),
            "a wait until {until:?}, the deadline is {deadline:?}"
        );
        promise!(!life.engine.is_committed(), "I03", life.request(), "a wait after commit");
        Ok(())
    }

    /// I07, I08: a target is asked again as often as declared for what failed there, never after a deterministic failure, and
    /// once more for a connection that was dead; I10: not before the wait it asked for; I11: within the budgets.
    fn may_repeat(&mut self, life: &mut Life, order: &Order) -> Check {
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

    /// I03: after commit there are only attempts to go on, where and how the route says, each target once.
    fn goes_on_as_declared(&self, life: &Life, order: &Order) -> Check {
        let route = &self.config.routes[life.caller.route];
        let declared = match route.stream.after_commit {
            AfterCommit::End => None,
            AfterCommit::Continue => Some(Cause::Continue),
            AfterCommit::Regenerate => Some(Cause::Regenerate),
        };
        let name = self.name(order.target);
        promise!(
            life.engine.is_committed(),
            "I03",
            life.request(),
            "`{name}` goes on with what nobody has begun"
        );
        promise!(
            Some(order.cause) == declared,
            "I03",
            life.request(),
            "{:?} at `{name}`, declared is {declared:?}",
            order.cause
        );
        let able =
            order.cause != Cause::Continue || self.config.model_of(order.target).can.prefill == Some(true);
        promise!(able, "I17", life.request(), "`{name}` does not take the beginning of an answer");
        let again =
            life.story.asked.iter().any(|asked| asked.cause == order.cause && asked.target == order.target);
        promise!(!again, "I06", life.request(), "`{name}` goes on twice");
        Ok(())
    }

    /// A second attempt: as many as declared, with somebody who is not asked yet and who is well.
    pub(in super::super) fn may_hedge(&mut self, life: &mut Life, order: &Order) -> Check {
        let route = &self.config.routes[life.caller.route];
        life.story.hedges += 1;
        let most = route.hedge.map_or(0, |hedge| hedge.most);
        promise!(
            life.story.hedges <= most,
            "I06",
            life.request(),
            "{} hedges, {most} declared",
            life.story.hedges
        );
        let name = self.name(order.target);
        let beside = life.flights.iter().any(|flight| flight.order.target == order.target);
        promise!(!beside, "I06", life.request(), "`{name}` is asked twice at once");
        promise!(!order.pass.probe, "I15", life.request(), "a hedge tests `{name}`, which is benched");
        let early = match route.hedge.map(|hedge| hedge.after) {
            Some(HedgeAfter::Fixed(after)) => {
                life.flights.iter().all(|flight| self.now < flight.began + after)
            }
            _ => false,
        };
        promise!(!early, "I29", life.request(), "a hedge before anybody was slow");
        let one = self.eras.len() == 1;
        for purse in &mut self.purses {
            let paid = purse.whose == Whose::Hedges(life.caller.route);
            promise!(
                !paid || purse.takes(self.now) || !one,
                "I11",
                life.request(),
                "a hedge more than its budget allows"
            );
        }
        Ok(())
    }

    /// The longest a target's wish is granted.
    pub(super) fn longest_wish(&self, target: TargetIx) -> Duration {
        self.config.model_of(target).breaker.open_max.max(crate::fuzz::play::engine::known::LONGEST_WISH)
    }

    /// A failure as it is told apart from others: how long a caller is told to wait depends on who comes back first.
    pub(super) fn told(failure: &Failure) -> Failure {
        Failure { retry_after: None, ..failure.clone() }
    }
}
