//! What is known of targets, and what that leads to.

use std::time::Duration;

use super::{Check, is_neutral, promise};
use crate::chat::{Failure, FailureClass, Limit, RateLimits};
use crate::fuzz::play::engine::known::Says;
use crate::fuzz::play::engine::shell::{Flight, Life};
use crate::fuzz::play::engine::world::World;
use crate::router::config::{AllBenched, BreakerPolicy, Probe, Scope, TargetIx};
use crate::router::engine::{Loss, Order};
use crate::router::trail::Cause;

impl World<'_> {
    /// I13: a bench never ends sooner than it was to, and what says nothing about a target changes nothing; I14: no bench is
    /// longer than declared. After every call of the core: `about` whom something was said, and what.
    pub(in super::super) fn settle(&mut self, era: usize, about: Option<TargetIx>, says: Says) -> Check {
        for target in 0..self.config.targets().len() {
            let after = self.eras[era].fleet.bench(target);
            let before = self.eras[era].books.targets[target].bench;
            if let (Says::Fault { began, probe: true, lasting }, true) = (says, about == Some(target)) {
                let known = &mut self.eras[era].books.targets[target];
                (known.tested, known.lasting) = (began, lasting);
            }
            if says == Says::Alive && about == Some(target) {
                self.eras[era].books.targets[target].lasting = false;
            }
            if after == before {
                continue;
            }
            self.may_change(target, about, says, (before, after))?;
            let known = &mut self.eras[era].books.targets[target];
            known.lasting &= before.is_some() && says != Says::Alive;
            if before.is_none() {
                // One that began before the latest news benches for being slow at most.
                known.lasting =
                    matches!(says, Says::Fault { lasting: true, began, .. } if began >= known.quiet);
                known.tested = self.now;
            }
            (known.bench, known.row, known.quiet) = (after, 0, self.now);
        }
        Ok(())
    }

    fn may_change(
        &self,
        target: TargetIx,
        about: Option<TargetIx>,
        says: Says,
        (before, after): (Option<crate::world::Moment>, Option<crate::world::Moment>),
    ) -> Check {
        let (name, policy) = (self.name(target), self.config.model_of(target).breaker);
        let concerned = about.is_none_or(|about| self.are_related(about, target));
        let slow = policy.slow.is_some();
        let may = match says {
            Says::Nothing => false,
            Says::Slow => slow,
            Says::Fault { .. } | Says::Alive => true,
        };
        promise!(
            may && concerned,
            "I13",
            None,
            "{says:?} of {about:?} changes the bench of `{name}` from {before:?} to {after:?}"
        );
        promise!(policy.is_on(), "I13", None, "`{name}` has no breaker, and is benched until {after:?}");
        if says != Says::Alive {
            let grows = after.is_some_and(|after| before.is_none_or(|before| after >= before));
            promise!(
                grows,
                "I13",
                None,
                "the bench of `{name}` moves backwards, from {before:?} to {after:?}, at {:?}",
                self.now
            );
        }
        if let Some(after) = after {
            let most = longest_bench(&policy);
            promise!(
                after - self.now <= most,
                "I14",
                None,
                "`{name}` is benched for {:?}, at most {most:?} are declared",
                after - self.now
            );
        }
        Ok(())
    }

    /// Whether what is said of one target may be known of the other: the same breaker, or the same key.
    fn are_related(&self, one: TargetIx, other: TargetIx) -> bool {
        let targets = self.config.targets();
        let region = |target| self.config.provider_of(target).region.as_deref();
        let wide = self.config.model_of(other).breaker.scope == Scope::Region;
        one == other
            || targets[one].provider == targets[other].provider
            || (wide && region(one).is_some() && region(one) == region(other))
    }

    /// What the failure of an attempt says of its target.
    pub(in super::super) fn says(&self, life: &Life, flight: &Flight, loss: &Loss) -> Says {
        let class = loss.failure.class;
        let order = &flight.order;
        let differs = order.cause == Cause::Regenerate && class == FailureClass::InvalidOutput;
        let nothing = is_neutral(class)
            || life.story.is_dead(order, loss)
            || differs
            || !self.is_fair(life, flight, class);
        match nothing {
            true => Says::Nothing,
            false => {
                let probe = life.story.holds_probe(order.number);
                Says::Fault { began: flight.began, probe, lasting: is_lasting(class) }
            }
        }
    }

    /// Whether a limit that ran out was at least half of what was meant.
    fn is_fair(&self, life: &Life, flight: &Flight, class: FailureClass) -> bool {
        let declared = self.declared(life, flight.order.target);
        let left = life.engine.deadline() - flight.began;
        let half = |meant: Duration| left.as_secs_f64() >= meant.as_secs_f64() * 0.5;
        let limits = &flight.order.limits;
        let until = limits.first_token.map_or(limits.total, |first| first.min(limits.total));
        match (class, declared.first_token, declared.attempt) {
            (FailureClass::Timeout(Limit::Connect), ..) => half(declared.connect),
            // Headers have a limit of their own, which is not cut: it ran out if the other one had not yet.
            (FailureClass::Timeout(Limit::FirstToken), ..) if self.now < until => true,
            (FailureClass::Timeout(Limit::FirstToken), Some(first), _) => half(first),
            (FailureClass::Timeout(Limit::Total), _, Some(attempt)) => half(attempt),
            // A share: of what is left against that of the whole deadline. How many share it is the engine's to know.
            (FailureClass::Timeout(_), ..) => limits.blames(class, self.now),
            _ => true,
        }
    }

    /// I10: what a target wished for is known, whoever heard it.
    pub(in super::super) fn told_to_wait(&mut self, era: usize, target: TargetIx, failure: &Failure) {
        let Some(wait) = failure.retry_after.filter(|wait| !wait.is_zero()) else { return };
        let until = self.now + wait.min(self.longest_wish(target));
        let known = &mut self.eras[era].books.targets[target];
        known.wish = known.wish.max(until);
    }

    pub(in super::super) fn told_limits(&mut self, era: usize, target: TargetIx, limits: &RateLimits) {
        let all = [limits.requests, limits.tokens, limits.input_tokens, limits.output_tokens];
        let spent = all.into_iter().flatten().filter(|of| of.remaining == Some(0) && of.limit != Some(0));
        let wait = spent.filter_map(|of| of.reset).max().unwrap_or_default();
        let known = Failure { retry_after: Some(wait), ..Failure::new(FailureClass::RateLimited, "") };
        self.told_to_wait(era, target, &known);
    }

    /// I15: so many failures in a row, or one that does not heal by itself, and the target is benched; I10: it is left alone
    /// for as long as it asked.
    pub(in super::super) fn is_known(
        &mut self,
        life: &Life,
        flight: &Flight,
        failure: &Failure,
        says: Says,
    ) -> Check {
        let target = flight.order.target;
        self.rests(life.era, target)?;
        let Says::Fault { began, lasting, .. } = says else { return Ok(()) };
        self.repels(life, target)?;
        let policy = self.config.model_of(target).breaker;
        let adaptive = self.config.provider_of(target).concurrency.is_some_and(|declared| declared.adaptive);
        let crowded = self.eras[life.era].fleet.load(target, self.now).in_flight > 4;
        let known = &mut self.eras[life.era].books.targets[target];
        if known.bench.is_some() || began < known.quiet || policy.scope != Scope::Model || adaptive {
            return Ok(());
        }
        known.row += 1;
        known.quiet = self.now;
        let row = known.row;
        let name = self.name(target);
        let dead = policy.failures > 0 && row >= policy.failures && !crowded;
        promise!(
            !dead,
            "I15",
            life.request(),
            "`{name}` failed {row} times in a row, last with {}, and is not benched",
            failure.class
        );
        promise!(
            !(lasting && policy.is_on()),
            "I15",
            life.request(),
            "`{name}` says {}, and is not benched",
            failure.class
        );
        Ok(())
    }

    /// I27: failing attracts no traffic: a failure that was just seen weighs as a call in flight does at least, and as a slow one.
    fn repels(&self, life: &Life, target: TargetIx) -> Check {
        let load = self.eras[life.era].fleet.load(target, self.now);
        let slow = load.latency.is_some_and(|latency| latency >= Duration::from_millis(4_999));
        let repels = load.failing >= 0.999 && slow;
        promise!(
            repels,
            "I27",
            life.request(),
            "`{}` just failed, and looks no busier for it: {load:?}",
            self.name(target)
        );
        Ok(())
    }

    /// I27: silence attracts no traffic: a target that was asked and has not said anything yet is not the fastest.
    pub(super) fn is_not_free(&self, life: &Life, target: TargetIx) -> Check {
        let load = self.eras[life.era].fleet.load(target, self.now);
        promise!(
            load.latency.is_some() || load.in_flight == 0 || load.cost() > 0.0,
            "I27",
            life.request(),
            "`{}` has said nothing yet, and looks free: {load:?}",
            self.name(target)
        );
        Ok(())
    }

    /// I10: a target rests for as long as it asked, and no longer.
    pub(super) fn rests(&self, era: usize, target: TargetIx) -> Check {
        let (fleet, wish) = (&self.eras[era].fleet, self.eras[era].books.targets[target].wish);
        let rests = fleet.is_cooling(target, self.now);
        promise!(
            rests == (self.now < wish),
            "I10",
            None,
            "`{}` asked to be left alone until {wish:?}, and at {:?} that is {rests}",
            self.name(target),
            self.now
        );
        Ok(())
    }

    /// I10, I15: a target that asked to be left alone is left alone; one that is benched is asked by its one probe, not
    /// before the end of the bench unless many were turned away, and once a request where the route says to ask all the same.
    pub(super) fn is_advised(&self, life: &mut Life, order: &Order) -> Check {
        let target = order.target;
        let known = self.eras[life.era].books.targets[target];
        let name = self.name(target);
        if order.cause == Cause::Rescue {
            return Ok(());
        }
        promise!(
            self.now >= known.wish,
            "I10",
            life.request(),
            "`{name}` asked to be left alone until {:?}, and is asked at {:?}",
            known.wish,
            self.now
        );
        let Some(bench) = known.bench else {
            promise!(!order.pass.probe, "I15", life.request(), "a probe of `{name}`, which is not benched");
            return Ok(());
        };
        let policy = self.config.model_of(target).breaker;
        let before = self.now < bench;
        let eager = policy.eager.is_some_and(|eager| {
            let rested = self.now >= known.tested + eager.at_least && !known.lasting;
            // Of two breakers it is not known from here which one was tested when.
            rested || policy.scope != Scope::Model
        });
        let allowed = order.pass.probe && policy.probe == Probe::Live && (!before || eager);
        if allowed && self.probes_of(life, target) == 0 {
            return Ok(());
        }
        life.story.against_advice += 1;
        let once = self.config.routes[life.caller.route].all_benched == AllBenched::AskOne
            && life.story.against_advice == 1;
        promise!(
            once,
            "I15",
            life.request(),
            "`{name}` is asked ({:?}) at {:?} although it is benched until {bench:?}",
            order.cause,
            self.now
        );
        Ok(())
    }
}

/// Failures that do not heal by waiting.
pub(super) const fn is_lasting(class: FailureClass) -> bool {
    matches!(class, FailureClass::QuotaExhausted | FailureClass::Unauthorized)
}

/// The longest bench that is declared; where the router probes by itself, its pace.
fn longest_bench(policy: &BreakerPolicy) -> Duration {
    match policy.probe {
        Probe::Live => policy.open_max,
        Probe::Synthetic { every } => policy.open_max.max(every),
    }
}
