//! When everything is over, and has healed.

use std::time::Duration;

use super::{Check, promise};
use crate::fuzz::play::engine::callers::Caller;
use crate::fuzz::play::engine::known::LONGEST_WISH;
use crate::fuzz::play::engine::shell::Life;
use crate::fuzz::play::engine::world::World;
use crate::router::config::{Balance, Model};
use crate::router::engine::Step;
use crate::router::plan::{Facts, Wish};

impl World<'_> {
    /// I06: every request is over; I22, I14: nothing is held.
    pub(in super::super) fn over(&mut self) -> Check {
        for life in self.lives.iter().flatten() {
            promise!(
                life.over,
                "I06",
                life.request(),
                "request {} is not over, and nothing happens any more",
                life.number
            );
        }
        for (at, era) in self.eras.iter().enumerate() {
            promise!(
                era.fleet.probes() == 0,
                "I14",
                None,
                "{} probe slots were not given back",
                era.fleet.probes()
            );
            for target in 0..self.config.targets().len() {
                self.in_flight_of(at, None, target)?;
            }
        }
        Ok(())
    }

    /// Everything heals: after the longest bench, the longest wish and a ramp, every target may be asked again, and a request
    /// on each route is answered by the first one that is declared.
    pub(in super::super) fn heals(&mut self) -> Check {
        let longest = |model: &Model| model.breaker.open_max.max(LONGEST_WISH) + ramp(model);
        let all = self.config.models.values().map(longest).max().unwrap_or_default();
        let ramp = self.config.models.values().map(ramp).max().unwrap_or_default() + Duration::from_secs(1);
        self.now += all + ramp;
        let era = self.eras.len() - 1;
        // Of those who share a breaker, or a provider with one place, one is probed at a time.
        for _ in 0..2 * self.config.targets().len() + 2 {
            let fleet = &mut self.eras[era].fleet;
            let Some(next) = fleet.next_probe() else { break };
            self.now = self.now.max(next);
            for pass in fleet.probes_due(self.now) {
                fleet.served(pass, self.now);
            }
        }
        for target in 0..self.config.targets().len() {
            let willing = self.eras[era].fleet.would_admit(target, self.now);
            promise!(
                willing,
                "liveness",
                None,
                "`{}` never comes back: benched until {:?} at {:?}",
                self.name(target),
                self.eras[era].fleet.bench(target),
                self.now
            );
        }
        for route in 0..self.config.routes.len() {
            self.now += ramp;
            self.is_served(era, route)?;
        }
        self.over()
    }

    /// A fresh request on a route.
    fn is_served(&mut self, era: usize, route: usize) -> Check {
        let caller = Caller {
            at: self.now,
            route,
            facts: Facts::default(),
            wish: Wish::default(),
            tenant: None,
            prompt: String::new(),
            leaves: None,
        };
        let mut life = Life::new(self, usize::MAX, caller);
        let name = self.config.routes[route].name.clone();
        let permitted = self.permitted(&life);
        let (now, ordered) = (self.now, self.is_ordered(&life));
        let step = life.engine.begin(now, &mut self.eras[era].fleet);
        let Some(first) = permitted.first() else {
            life.engine.caller_left(now, &mut self.eras[era].fleet);
            return Ok(());
        };
        let may = self.config.routes[route].max_attempts > 0;
        let Step::Attempt(order) = step else {
            promise!(!may, "liveness", None, "everything is well, and route `{name}` says {step:?}");
            return Ok(());
        };
        let drawn = !ordered || self.config.model_of(*first).balance != Balance::Priority;
        let right = if drawn { permitted.contains(&order.target) } else { order.target == *first };
        promise!(
            right,
            "liveness",
            None,
            "everything is well, and route `{name}` asks `{}` before `{}`",
            self.name(order.target),
            self.name(*first)
        );
        life.engine.committed(now, &mut self.eras[era].fleet);
        life.engine.served(now, &mut self.eras[era].fleet);
        Ok(())
    }
}

fn ramp(model: &Model) -> Duration {
    model.breaker.ramp.unwrap_or_default()
}
