//! What happens without a request: probes of the router's own, and reloads.

use std::sync::Arc;

use super::fate::Script;
use super::promises::{Check, is_about_the_request};
use super::station::Call;
use super::wild;
use super::world::{Era, What, World};
use crate::router::config::Limits;
use crate::router::engine::{Granted, Order};
use crate::router::fleet::Blame;
use crate::router::plan::Facts;
use crate::router::trail::Cause;
use crate::world::Moment;

/// As the shell's: a probe that is not answered by then has failed.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

impl World<'_> {
    pub(super) fn look_for_probes(&mut self, era: usize) {
        if !self.synthetic || self.is_done() {
            return;
        }
        let Some(next) = self.eras[era].fleet.next_probe() else { return };
        let next = next.max(self.now);
        if self.eras[era].due.is_none_or(|due| next < due) {
            self.eras[era].due = Some(next);
            self.push(next, What::ProbesDue(era));
        }
    }

    pub(super) fn probes_due(&mut self, era: usize) -> Check {
        let now = self.now;
        if self.eras[era].due.take_if(|due| *due <= now).is_none() || self.is_done() {
            return Ok(());
        }
        let known = self.eras[era].books.clone();
        let due = self.eras[era].fleet.probes_due(now);
        self.probes_are_put_off(era)?;
        for pass in due {
            self.probe_is_allowed(&known.targets[pass.target], &pass)?;
            let model = self.config.model_of(pass.target);
            let home = self.config.targets()[pass.target].model;
            let route = self.config.routes.values().find(|route| route.chain.contains(&home));
            let Some(route) = route.or(self.config.routes.values().next()) else { continue };
            let limits = Limits::default().with(&model.limits);
            let limits = Granted::new(route, &limits, &Facts::default(), now + PATIENCE, 1, now);
            let hold = route.stream.hold;
            self.probed += 1;
            self.counts.probes += 1;
            let number = self.probed;
            let order = Order {
                number: 0,
                target: pass.target,
                limits,
                cause: Cause::First,
                pass,
                fresh: true,
                hedge_at: None,
            };
            let script = self.probe_meets(&order, number, now);
            let fate = script.under(&limits, false, &hold, now);
            self.push(fate.ends, What::ProbeEnds(era, number));
            self.eras[era].probes.push((number, pass, fate));
        }
        self.look_for_probes(era);
        self.probes_are_counted(era)
    }

    fn probe_meets(&mut self, order: &Order, number: u64, now: Moment) -> Script {
        let config = Arc::clone(&self.config);
        if self.wild {
            return wild::script(
                &config,
                order,
                now + PATIENCE,
                now,
                self.dice.key("wild probe").u64(number),
            );
        }
        let target = &config.targets()[order.target];
        let Some((_, route)) = config.routes.get_index(0) else {
            return Script::serving(PATIENCE, PATIENCE, 1);
        };
        let id = format!("probe-{number}");
        let call = Call {
            model: &target.upstream,
            key: config.key_of(order.target).map(|key| key.secret.expose()),
            tenant: None,
            prompt: "ping",
            prompt_tokens: 1,
            request_id: &id,
            nth: 0,
            asks: (false, false, false),
            dialect: config.provider_of(order.target).dialect,
            route,
        };
        self.call(target.provider, call).0
    }

    pub(super) fn probe_ends(&mut self, era: usize, probe: u64) -> Check {
        let Some(at) = self.eras[era].probes.iter().position(|(number, ..)| *number == probe) else {
            return Ok(());
        };
        let (number, mut pass, fate) = self.eras[era].probes.remove(at);
        let now = self.now;
        self.landed(pass.target);
        let chance = self.dice.key("probe bench").u64(number).unit();
        let fleet = &mut self.eras[era].fleet;
        match fate.loss {
            Some(loss) if !is_about_the_request(loss.failure.class) => {
                fleet.failed(pass, &loss.failure, Blame::Target, now, chance);
                self.probe_failed(era, &pass, &loss.failure)?;
            }
            _ => {
                fleet.progressed(&mut pass, now);
                fleet.served(pass, now);
                self.probe_worked(era, &pass)?;
            }
        }
        self.look_for_probes(era);
        self.probes_are_counted(era)
    }

    // === Reloads ===

    pub(super) fn reloads(&mut self) -> Check {
        let last = self.eras.last().expect("there is always one");
        let fleet = last.fleet.adopted(&self.config, &self.config);
        let books = last.books.adopted();
        let (before, era) = (self.eras.len() - 1, self.eras.len());
        self.eras.push(Era { fleet, books, probes: Vec::new(), due: None });
        self.nothing_is_forgotten(before, era)?;
        self.look_for_probes(era);
        Ok(())
    }
}
