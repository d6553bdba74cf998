//! What must hold of every attempt that begins.

use std::time::Duration;

use super::{Check, promise};
use crate::chat::{Failure, FailureClass};
use crate::fuzz::play::engine::known::Whose;
use crate::fuzz::play::engine::shell::Life;
use crate::fuzz::play::engine::world::World;
use crate::router::config::{AfterCommit, HedgeAfter, TargetIx};
use crate::router::engine::Order;
use crate::router::trail::Cause;

impl World<'_> {
    /// What must hold of every attempt that begins.
    pub(in super::super) fn may_start(&mut self, life: &mut Life, order: &Order) -> Check {
        self.is_bounded(life, order)?;
        self.limits_are_declared(life, order)?;
        self.may_be_asked(life, order)?;
        self.is_advised(life, order)?;
        self.is_not_free(life, order.target)?;
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
