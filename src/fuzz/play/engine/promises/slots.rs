//! What is held: places in flight, probe slots; what a reload keeps.

use super::health::is_lasting;
use super::{Check, is_neutral, promise};
use crate::chat::Failure;
use crate::fuzz::play::engine::known::{Known, Says};
use crate::fuzz::play::engine::shell::{Flight, Life};
use crate::fuzz::play::engine::world::World;
use crate::router::config::{AllBenched, Probe, Route, Scope, TargetIx};
use crate::router::fleet::Pass;

impl World<'_> {
    /// Probes of `target` that are under way, with what `moved` has.
    pub(super) fn probes_of(&self, moved: &Life, target: TargetIx) -> usize {
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
        let forced = |route: &Route| route.all_benched == AllBenched::AskOne || route.rescue_models(0) > 0;
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
