//! What is known of targets, and what that leads to.

use std::time::Duration;

use super::{Check, is_neutral, promise};
use crate::chat::{Failure, FailureClass, Limit, RateLimits};
use crate::fuzz::play::engine::known::{Known, Says};
use crate::fuzz::play::engine::shell::{Flight, Life};
use crate::fuzz::play::engine::world::World;
use crate::router::config::{AllBenched, BreakerPolicy, Probe, Scope, TargetIx};
use crate::router::engine::{Loss, Order};
use crate::router::fleet::Pass;
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
            (known.bench, known.row, known.quiet) = (after, 0, self.now);
            known.lasting &= before.is_some() && says != Says::Alive;
            if before.is_none() {
                known.tested = self.now;
                known.lasting = matches!(says, Says::Fault { lasting: true, .. });
            }
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
        match (class, declared.first_token, declared.attempt) {
            (FailureClass::Timeout(Limit::Connect), ..) => half(declared.connect),
            (FailureClass::Timeout(Limit::FirstToken), Some(first), _) => half(first),
            (FailureClass::Timeout(Limit::Total), _, Some(attempt)) => half(attempt),
            // A share: of what is left against that of the whole deadline. How many share it is the engine's to know.
            (FailureClass::Timeout(_), ..) => flight.order.limits.blames(class),
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

    /// I10: a target rests for as long as it asked, and no longer.
    fn rests(&self, era: usize, target: TargetIx) -> Check {
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

    /// Probes of `target` that are under way, with what `moved` has.
    fn probes_of(&self, moved: &Life, target: TargetIx) -> usize {
        let era = moved.era;
        let of = |life: &Life| {
            let holds = |flight: &&Flight| {
                flight.order.target == target && life.story.holds_probe(flight.order.number)
            };
            if life.era == era { life.flights.iter().filter(holds).count() } else { 0 }
        };
        let own = self.eras[era].probes.iter().filter(|(_, pass, _)| pass.target == target).count();
        self.lives.iter().flatten().chain([moved]).map(of).sum::<usize>() + own
    }

    /// I14: a probe slot is taken by exactly one probe that has brought no output yet; one that speaks for two breakers takes
    /// two.
    pub(in super::super) fn probes_are_counted(&self, era: usize) -> Check {
        let of = |life: &Life| {
            let holds = |flight: &&Flight| life.story.holds_probe(flight.order.number);
            if life.era == era { life.flights.iter().filter(holds).count() as u64 } else { 0 }
        };
        let held = self.lives.iter().flatten().map(of).sum::<u64>() + self.eras[era].probes.len() as u64;
        let taken = self.eras[era].fleet.probes();
        let narrow = self.config.models.values().all(|model| model.breaker.scope == Scope::Model);
        let most = if narrow { held } else { 2 * held };
        promise!(
            held <= taken && taken <= most,
            "I14",
            None,
            "{taken} probe slots are taken, {held} probes are under way, at {:?}",
            self.now
        );
        Ok(())
    }

    /// I22: what counts as in flight is what is under way.
    pub(in super::super) fn in_flight_is_counted(&self, life: &Life, target: TargetIx) -> Check {
        let here = life.flights.iter().filter(|flight| flight.order.target == target).count();
        self.counted(life.era, life.request(), target, here)
    }

    /// The same, of a life whose attempts are being given up.
    pub(in super::super) fn in_flight_of(&self, era: usize, request: Option<u64>, target: TargetIx) -> Check {
        self.counted(era, request, target, 0)
    }

    fn counted(&self, era: usize, request: Option<u64>, target: TargetIx, here: usize) -> Check {
        let at = |life: &&Life| life.era == era;
        let flights = self.lives.iter().flatten().filter(at).flat_map(|life| &life.flights);
        let lives = flights.filter(|flight| flight.order.target == target).count();
        let probes = self.eras[era].probes.iter().filter(|(_, pass, _)| pass.target == target).count();
        let (flying, held) =
            (lives + probes + here, self.eras[era].fleet.load(target, self.now).in_flight as usize);
        promise!(
            held == flying,
            "I22",
            request,
            "`{}` counts {held} in flight, {flying} are under way",
            self.name(target)
        );
        let provider = self.config.targets()[target].provider;
        let most =
            self.config.providers[provider].concurrency.map_or(usize::MAX, |declared| declared.most as usize);
        promise!(
            held <= most || self.may_be_forced(),
            "I29",
            request,
            "{held} calls at once, {most} declared"
        );
        Ok(())
    }

    /// Whether somebody may be asked although all places are taken.
    fn may_be_forced(&self) -> bool {
        let forced = |route: &crate::router::config::Route| {
            route.all_benched == AllBenched::AskOne || route.rescue_models(0) > 0
        };
        self.config.routes.values().any(forced)
    }

    // === Probes of the router's own ===

    /// I14: when it is due, and only where that is declared; I10: not while the target wants to be left alone. `known` is what was
    /// known before.
    pub(in super::super) fn probe_is_allowed(&self, known: &Known, pass: &Pass) -> Check {
        let (target, name) = (pass.target, self.name(pass.target));
        let synthetic = self.config.model_of(target).breaker.probe != Probe::Live;
        promise!(pass.probe && synthetic, "I14", None, "`{name}` is probed, which is not declared");
        promise!(
            self.now >= known.wish,
            "I10",
            None,
            "`{name}` asked to be left alone until {:?}, and is probed at {:?}",
            known.wish,
            self.now
        );
        promise!(
            known.bench.is_some_and(|bench| bench <= self.now),
            "I14",
            None,
            "`{name}` is probed at {:?}, due is {:?}",
            self.now,
            known.bench
        );
        Ok(())
    }

    /// Where the router's own probes could not be made, they are put off.
    pub(in super::super) fn probes_are_put_off(&mut self, era: usize) -> Check {
        for target in 0..self.config.targets().len() {
            let (before, after) =
                (self.eras[era].books.targets[target].bench, self.eras[era].fleet.bench(target));
            promise!(
                after >= before,
                "I13",
                None,
                "the next probe of `{}` is due sooner than it was: {before:?}, {after:?}",
                self.name(target)
            );
            self.eras[era].books.targets[target].bench = after;
        }
        Ok(())
    }

    pub(in super::super) fn probe_failed(&mut self, era: usize, pass: &Pass, failure: &Failure) -> Check {
        self.told_to_wait(era, pass.target, failure);
        let lasting = is_lasting(failure.class);
        let says = match is_neutral(failure.class) {
            true => Says::Nothing,
            false => Says::Fault { began: pass.began, probe: true, lasting },
        };
        self.settle(era, Some(pass.target), says)?;
        self.rests(era, pass.target)
    }

    /// I14: a probe that works brings its target back.
    pub(in super::super) fn probe_worked(&mut self, era: usize, pass: &Pass) -> Check {
        self.settle(era, Some(pass.target), Says::Alive)?;
        self.eras[era].books.answered(pass.target, self.now);
        self.is_back(era, pass.target)
    }

    /// I14: the breaker of a target whose probe worked is closed, unless it was slow.
    pub(in super::super) fn is_back(&self, era: usize, target: TargetIx) -> Check {
        let policy = self.config.model_of(target).breaker;
        let bench = self.eras[era].fleet.bench(target);
        let closed = bench.is_none() || policy.slow.is_some() || policy.scope != Scope::Model;
        promise!(
            closed,
            "I14",
            None,
            "the probe of `{}` worked, and it is benched until {bench:?}",
            self.name(target)
        );
        Ok(())
    }

    // === Reloads ===

    /// I13, I15: a reload keeps what is known of targets that stay, and nothing is in flight yet.
    pub(in super::super) fn nothing_is_forgotten(&self, before: usize, after: usize) -> Check {
        let (old, new) = (&self.eras[before].fleet, &self.eras[after].fleet);
        for target in 0..self.config.targets().len() {
            let name = self.name(target);
            promise!(
                old.bench(target) == new.bench(target),
                "I15",
                None,
                "a reload changes the bench of `{name}` from {:?} to {:?}",
                old.bench(target),
                new.bench(target)
            );
            promise!(
                old.is_cooling(target, self.now) == new.is_cooling(target, self.now),
                "I10",
                None,
                "a reload forgets that `{name}` asked to be left alone"
            );
            promise!(
                new.load(target, self.now).in_flight == 0,
                "I22",
                None,
                "a reload takes calls under way at `{name}` along"
            );
        }
        promise!(new.probes() == 0, "I14", None, "a reload takes probes along");
        Ok(())
    }
}

/// Failures that do not heal by waiting.
const fn is_lasting(class: FailureClass) -> bool {
    matches!(class, FailureClass::QuotaExhausted | FailureClass::Unauthorized)
}

/// The longest bench that is declared; where the router probes by itself, its pace.
fn longest_bench(policy: &BreakerPolicy) -> Duration {
    match policy.probe {
        Probe::Live => policy.open_max,
        Probe::Synthetic { every } => policy.open_max.max(every),
    }
}
