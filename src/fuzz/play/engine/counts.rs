//! What a case is good for: which faults met the core in which state, and how often a promise had something to say.

use super::fate::Fate;
use super::shell::Life;
use super::world::{World, provider_of};
use crate::fuzz::Coverage;
use crate::fuzz::coverage::{Asked, Path, Standing, State};
use crate::router::engine::Order;

/// What happened that a promise has something to say of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) lives: u64,
    pub(super) attempts: u64,
    pub(super) failures: u64,
    pub(super) probes: u64,
    pub(super) resumed: u64,
    pub(super) left: u64,
    pub(super) given_up: u64,
}

impl World<'_> {
    /// Notes which rules met the router in which state; before the attempt is anybody's.
    pub(super) fn note_meeting(&mut self, life: &Life, order: &Order, fate: &Fate, fired: &[usize]) {
        let (known, bench) = (&self.eras[life.era].books.targets[order.target], &order.pass);
        let standing = match known.bench {
            _ if bench.probe => Standing::Probing,
            Some(_) => Standing::Benched,
            None if self.now < known.wish => Standing::Cooling,
            None => Standing::Open,
        };
        let asked = if bench.probe { Asked::Probe } else { Asked::from(order.cause) };
        let path = match (life.caller.facts.stream, fate.opens) {
            (false, _) => Path::Plain,
            (true, None) => Path::Stream,
            (true, Some(_)) => Path::Committed,
        };
        let provider = self.config.targets()[order.target].provider;
        for rule in fired {
            *self.met.entry((provider, *rule, State { asked, standing, path })).or_default() += 1;
        }
    }

    /// Puts what met what, and what was looked at, into `coverage`.
    pub(super) fn tell(&self, coverage: &mut Coverage) {
        for ((provider, rule, state), count) in &self.met {
            let at = provider_of(&self.config, self.scenario, *provider);
            let Some((name, spec)) = self.scenario.providers.get_index(at) else { continue };
            let rule = &spec.faults[*rule].name;
            let planned =
                self.scenario.faults.iter().find(|fault| (&fault.provider, &fault.name) == (name, rule));
            let Some(planned) = planned else { continue };
            (0..*count).for_each(|_| coverage.meet(&planned.kind, *state));
        }
        let Counts { events, lives, attempts, failures, probes, resumed, left, given_up } = self.counts;
        let counts = [
            ("I02", given_up),
            ("I03", resumed),
            ("I06", lives),
            ("I07", failures),
            ("I08", failures),
            ("I09", failures),
            ("I10", attempts),
            ("I11", failures),
            ("I12", attempts),
            ("I13", events),
            ("I14", probes),
            ("I15", attempts),
            ("I17", attempts),
            ("I18", given_up),
            ("I21", left),
            ("I22", events),
            ("I23", attempts),
            ("I27", lives),
            ("liveness", self.config.routes.len() as u64),
        ];
        counts.into_iter().filter(|(_, times)| *times > 0).for_each(|(id, times)| coverage.check(id, times));
    }
}
