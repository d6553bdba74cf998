//! The event queue: callers come, attempts end, waits are over, probes are due, configurations are reloaded.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::callers::{Caller, callers};
use super::chance::Chance;
use super::counts::Counts;
use super::fate::{Fate, Script};
use super::known::{Books, Purse};
use super::promises::{Check, promise};
use super::shell::Life;
use super::station::{Call, Station};
use super::wild;
use crate::fuzz::coverage::State;
use crate::router::config::{Config, Probe, TargetIx};
use crate::router::engine::Order;
use crate::router::fleet::{Fleet, Pass};
use crate::router::spend::Spending;
use crate::scenario::Scenario;
use crate::world::{Dice, Moment};

/// More events than a case of so many lives can have: one that reaches it would not end.
const ENDLESS: u64 = 400_000;

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A request comes.
    Begins(usize),
    /// Something of an attempt may be forwarded.
    Opens(usize, u32),
    /// An attempt is over.
    Ends(usize, u32),
    /// It has been slow enough for a second one.
    Hedges(usize, u32),
    /// A wait is over.
    Waited(usize, u32),
    /// A caller leaves.
    Leaves(usize),
    /// Probes of the router's own are due.
    ProbesDue(usize),
    /// One of them is over.
    ProbeEnds(usize, u64),
    /// The same configuration is loaded again.
    Reloads,
}

/// What a configuration knows, from one reload to the next.
pub(super) struct Era {
    pub(super) fleet: Fleet,
    pub(super) books: Books,
    pub(super) probes: Vec<(u64, Pass, Fate)>,
    pub(super) due: Option<Moment>,
}

pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) config: Arc<Config>,
    pub(super) dice: Dice,
    pub(super) wild: bool,
    pub(super) eras: Vec<Era>,
    pub(super) lives: Vec<Option<Life>>,
    callers: Vec<Caller>,
    queue: BinaryHeap<Reverse<(Moment, u64, What)>>,
    queued: u64,
    stations: Vec<Option<Station>>,
    pub(super) now: Moment,
    pub(super) under_way: usize,
    pub(super) spending: Spending,
    /// What each tenant has spent, and in which period: our own count.
    pub(super) spent: Vec<(u64, u64)>,
    pub(super) purses: Vec<Purse>,
    /// What was asked first on each route, where that is by weight.
    pub(super) firsts: Vec<Vec<u64>>,
    pub(super) synthetic: bool,
    pub(super) probed: u64,
    pub(super) met: BTreeMap<(usize, usize, State), u64>,
    pub(super) counts: Counts,
    /// The last share of a backoff that chance left, and how often in a row it was the same.
    pub(super) drawn: (f64, u32),
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a Scenario, seed: u64) -> World<'a> {
        let config = Arc::new(scenario.router.clone());
        let dice = Dice::new(seed);
        let wild = seed % 2 == 1;
        let callers = callers(scenario, wild, dice.key("callers"));
        let station = |name: &String| scenario.providers.get(name).map(Station::new);
        let synthetic = config.models.values().any(|model| model.breaker.probe != Probe::Live);
        let mut world = World {
            scenario,
            dice,
            wild,
            eras: vec![Era {
                fleet: Fleet::new(&config),
                books: Books::new(&config),
                probes: Vec::new(),
                due: None,
            }],
            lives: callers.iter().map(|_| None).collect(),
            callers,
            queue: BinaryHeap::new(),
            queued: 0,
            stations: config.providers.keys().map(station).collect(),
            now: Moment::ZERO,
            under_way: 0,
            spending: Spending::default(),
            spent: vec![(0, 0); config.tenants.len()],
            purses: Purse::of(&config),
            firsts: config.routes.values().map(|route| vec![0; route.chain.len()]).collect(),
            synthetic,
            probed: 0,
            met: BTreeMap::new(),
            counts: Counts::default(),
            drawn: (-1.0, 0),
            config,
        };
        world.plan();
        world
    }

    /// Everything that is known beforehand.
    fn plan(&mut self) {
        let last = self.callers.last().map_or(Moment::ZERO, |caller| caller.at);
        for number in 0..self.callers.len() {
            let (at, leaves) = (self.callers[number].at, self.callers[number].leaves);
            self.push(at, What::Begins(number));
            if let Some(leaves) = leaves {
                self.push(leaves, What::Leaves(number));
            }
        }
        let mut chance = Chance::new(self.dice.key("reload"));
        if self.wild && chance.percent(25) {
            let at = Moment::from_us(chance.below(last.as_us() + 1));
            self.push(at, What::Reloads);
        }
    }

    pub(super) fn push(&mut self, at: Moment, what: What) {
        self.queued += 1;
        self.queue.push(Reverse((at, self.queued, what)));
    }

    /// Plays everything to its end, and then what must be when everything has healed.
    pub(super) fn play(&mut self) -> Check {
        while let Some(Reverse((at, _, what))) = self.queue.pop() {
            self.now = self.now.max(at);
            self.counts.events += 1;
            promise!(self.counts.events < ENDLESS, "I06", None, "a case does not end: {what:?} at {at:?}");
            self.happens(what)?;
            if self.is_done() && self.eras.iter().all(|era| era.probes.is_empty()) {
                break;
            }
        }
        self.over()?;
        self.heals()
    }

    /// Whether every request is over: from here on nobody is probed any more.
    pub(super) fn is_done(&self) -> bool {
        self.under_way == 0 && self.lives.iter().all(Option::is_some)
    }

    fn happens(&mut self, what: What) -> Check {
        match what {
            What::Begins(number) => {
                let caller = self.callers[number].clone();
                let life = Life::new(self, number, caller);
                self.under_way += 1;
                self.counts.lives += 1;
                self.with(number, life, World::begins)
            }
            What::Opens(life, attempt) => self.of(life, |world, life| world.opens(life, attempt)),
            What::Ends(life, attempt) => self.of(life, |world, life| world.ends(life, attempt)),
            What::Hedges(life, turn) => self.of(life, |world, life| world.hedges(life, turn)),
            What::Waited(life, turn) => self.of(life, |world, life| world.waited(life, turn)),
            What::Leaves(life) => self.of(life, World::leaves),
            What::ProbesDue(era) => self.probes_due(era),
            What::ProbeEnds(era, probe) => self.probe_ends(era, probe),
            What::Reloads => self.reloads(),
        }
    }

    fn of(&mut self, number: usize, act: impl FnOnce(&mut Self, &mut Life) -> Check) -> Check {
        match self.lives[number].take() {
            Some(life) if life.over => {
                self.lives[number] = Some(life);
                Ok(())
            }
            Some(life) => self.with(number, life, act),
            None => Ok(()),
        }
    }

    fn with(
        &mut self,
        number: usize,
        mut life: Life,
        act: impl FnOnce(&mut Self, &mut Life) -> Check,
    ) -> Check {
        let done = act(self, &mut life);
        let era = life.era;
        if life.over {
            self.under_way -= 1;
        }
        let (late, deadline) = (self.now > life.engine.deadline(), life.engine.deadline());
        let request = life.request();
        self.lives[number] = Some(life);
        done?;
        promise!(!late, "I12", request, "it lives on at {:?}, the deadline is {deadline:?}", self.now);
        self.look_for_probes(era);
        self.probes_are_counted(era)
    }

    /// What an attempt meets that begins now, and which rules fired for it.
    pub(super) fn meets(&mut self, life: &Life, order: &Order) -> (Script, Vec<usize>) {
        let config = Arc::clone(&self.config);
        let target = &config.targets()[order.target];
        if self.wild {
            let (deadline, dice) = (life.engine.deadline(), self.dice.key("wild").u64(life.number as u64));
            return (wild::script(&config, order, deadline, self.now, dice), Vec::new());
        }
        let needs = &life.caller.facts.needs;
        let call = Call {
            model: &target.upstream,
            key: config.key_of(order.target).map(|key| key.secret.expose()),
            tenant: life.caller.tenant.map(|tenant| config.tenants[tenant].name.as_str()),
            prompt: &life.caller.prompt,
            prompt_tokens: life.caller.facts.prompt_tokens,
            request_id: &life.id,
            nth: life.met.iter().filter(|provider| **provider == target.provider).count() as u32,
            asks: (life.caller.facts.stream, needs.tools, needs.json_object),
            dialect: config.provider_of(order.target).dialect,
            route: &config.routes[life.caller.route],
        };
        self.call(target.provider, call)
    }

    pub(super) fn call(&mut self, provider: usize, call: Call<'_>) -> (Script, Vec<usize>) {
        let spec = self.scenario.providers.get_index(provider_of(&self.config, self.scenario, provider));
        let (Some((_, spec)), Some(station)) = (spec, &mut self.stations[provider]) else {
            return (Script::serving(SECOND, SECOND / 10, 1), Vec::new());
        };
        let (mut script, fired) = station.meets(spec, call, &self.dice, self.now);
        station.in_flight += 1;
        script.ends = script.ends.map(|ends| ends.max(script.outputs.last().copied().unwrap_or_default()));
        (script, fired)
    }

    /// An attempt at the provider of `target` is over.
    pub(super) fn landed(&mut self, target: TargetIx) {
        if let (Some(station), false) =
            (&mut self.stations[self.config.targets()[target].provider], self.wild)
        {
            station.in_flight = station.in_flight.saturating_sub(1);
        }
    }
}

/// The place of a router's provider among the mocks.
pub(super) fn provider_of(config: &Config, scenario: &Scenario, provider: usize) -> usize {
    let name = config.providers.get_index(provider).map(|(name, _)| name);
    name.and_then(|name| scenario.providers.get_index_of(name)).unwrap_or(usize::MAX)
}
