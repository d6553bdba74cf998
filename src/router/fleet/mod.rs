//! What is known of each target's health, and what may be asked of it.
//!
//! A dead provider should be paid for once, not by every request: a target that keeps failing is benched, tested
//! by a single probe, and let back in when the probe works. Only what the target itself caused counts against
//! it; a caller's cancel, bad request or short deadline says nothing about its health.
//!
//! A map, in the order in which a call passes:
//!
//! - `budget`: whether failures may cause one more call.
//! - `cooling`: the target's own wish to be left alone (Retry-After, rate-limit headers).
//! - `ceiling`: how many calls a provider gets at once.
//! - `cells`: who is benched together, and who is charged with a failure. Start here.
//! - `breaker`: when a cell is benched and how it comes back; with `window` (shares over time), `run` (failures in a
//!   row) and `ramp` (gradual return).
//! - `returned`: what a pass says when it comes back, and who is charged with a failure.
//! - `load`: how busy and how fast a target is, for those who choose among several.
//! - `probes`: tests of the router's own. `view`: the state for people; `watch`: its changes over time. `adopt`: what a
//!   reload keeps.
//!
//! Every pass that is given out comes back once, by [`Fleet::served`], [`Fleet::failed`], [`Fleet::lost`] or
//! [`Fleet::released`]; what it held (a place in flight, a probe slot) is free then, whatever happened.
//!
//! Pure: time is passed in, nothing is drawn, nothing waits, and asking costs no allocation.

mod adopt;
mod bench;
mod breaker;
mod budget;
mod ceiling;
mod cells;
mod cooling;
mod load;
mod probes;
mod ramp;
mod returned;
mod run;
mod view;
mod watch;
mod window;

use std::time::Duration;

use crate::chat::{FailureClass, RateLimits};
use crate::world::Moment;

pub use load::Load;
pub use view::{TargetState, TargetView};
pub use watch::{HealthChange, HealthState};

use self::breaker::Ticket;
use self::budget::Budgets;
use self::ceiling::Ceiling;
use self::cells::{Cell, Layout};
use self::cooling::Cooling;
use self::load::{Pace, Peak};
use self::watch::Watch;
use super::config::{Config, Scope, TargetIx};
use super::trail::SkipReason;

/// The health of every target of a router.
#[derive(Debug)]
pub struct Fleet {
    targets: Vec<Health>,
    /// First every target's own, then the shared ones.
    cells: Vec<Cell>,
    /// By provider.
    ceilings: Vec<Ceiling>,
    budgets: Budgets,
    /// The slowest answers of all targets.
    slowest: Peak,
    /// Who listens to changes.
    watch: Option<Box<Watch>>,
}

/// The health of one target, beside its cells.
#[derive(Debug)]
struct Health {
    /// The cell it shares with others.
    shared: Option<usize>,
    scope: Scope,
    provider: usize,
    /// The key it is asked with, as an index of its provider's.
    key: Option<usize>,
    /// The longest bench of its breaker.
    open_max: Duration,
    cooling: Cooling,
    /// Why it was last in trouble.
    trouble: Option<(FailureClass, Option<u16>)>,
    /// Calls under way.
    in_flight: u32,
    pace: Pace,
}

/// Whether a target may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may; the pass must be given back by [`Fleet::served`], [`Fleet::failed`], [`Fleet::lost`] or
    /// [`Fleet::released`].
    Yes(Pass),
    /// It may not.
    No(SkipReason),
}

/// The right to one attempt on a target: counts as in flight until it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Which target.
    pub target: TargetIx,
    /// Whether it is the one probe of a benched target.
    pub probe: bool,
    /// When it was given.
    pub began: Moment,
    /// Whether output came.
    heard: bool,
    /// Calls under way at its provider when it began, itself included.
    crowd: u32,
    /// The draw it was admitted with, in 2^-32.
    chance: u32,
    own: Ticket,
    shared: Ticket,
}

/// How an attempt's failure reflects on its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The target's own fault.
    Target,
    /// Nobody's, or the caller's.
    Neutral,
}

impl Fleet {
    /// All targets healthy.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let Layout { cells, shared } = Layout::new(config);
        let health = |(target, shared): (&super::config::Target, Option<usize>)| {
            let policy = config.models[target.model].breaker;
            Health {
                shared,
                scope: policy.scope,
                provider: target.provider,
                key: target.key,
                open_max: policy.open_max,
                cooling: Cooling::default(),
                trouble: None,
                in_flight: 0,
                pace: Pace::new(),
            }
        };
        Fleet {
            targets: config.targets().iter().zip(shared).map(health).collect(),
            cells,
            ceilings: config.providers.values().map(|provider| Ceiling::new(provider.concurrency)).collect(),
            budgets: Budgets::new(config),
            slowest: Peak::default(),
            watch: None,
        }
    }

    /// Asks to use `target`. `chance` in [0, 1) decides where only a share may pass: 0 always does.
    pub fn admit(&mut self, target: TargetIx, now: Moment, chance: f64) -> Admission {
        self.catch_up(now);
        let admission = self.ask(target, now, chance);
        // Only a probe makes a difference to anybody else.
        if matches!(admission, Admission::Yes(pass) if pass.probe) {
            self.note(now, None);
        }
        admission
    }

    fn ask(&mut self, target: TargetIx, now: Moment, chance: f64) -> Admission {
        let health = &self.targets[target];
        if let Some(until) = health.cooling.until(now) {
            return Admission::No(SkipReason::Cooling { until });
        }
        if !self.ceilings[health.provider].has_room() {
            return Admission::No(SkipReason::Busy);
        }
        let shared = health.shared;
        let own = match self.cells[target].breaker.admit(now, chance) {
            Ok(ticket) => ticket,
            Err(SkipReason::Ramping) => {
                // Chance is only a reason where nothing stronger is in the way.
                let bench = shared.and_then(|cell| self.cells[cell].breaker.refusal(now));
                return Admission::No(bench.unwrap_or(SkipReason::Ramping));
            }
            Err(reason) => return Admission::No(reason),
        };
        let shared = match shared.map(|cell| self.cells[cell].breaker.admit(now, chance)).transpose() {
            Ok(ticket) => ticket,
            Err(reason) => {
                self.cells[target].breaker.released(own);
                return Admission::No(reason);
            }
        };
        Admission::Yes(self.pass(target, own, shared, now, chance))
    }

    /// Takes `target` although it is benched or busy: as its probe when the slot is free, and callers may probe.
    pub fn force(&mut self, target: TargetIx, now: Moment) -> Pass {
        self.catch_up(now);
        let own = self.cells[target].breaker.force();
        let shared = self.targets[target].shared.map(|cell| self.cells[cell].breaker.force());
        let pass = self.pass(target, own, shared, now, 0.0);
        self.note(now, None);
        pass
    }

    fn pass(
        &mut self,
        target: TargetIx,
        own: Ticket,
        shared: Option<Ticket>,
        now: Moment,
        chance: f64,
    ) -> Pass {
        let health = &mut self.targets[target];
        health.in_flight = health.in_flight.saturating_add(1);
        let crowd = self.ceilings[health.provider].begins();
        let shared = shared.unwrap_or_default();
        let chance = (chance * f64::from(u32::MAX)) as u32;
        Pass {
            target,
            probe: own.probe || shared.probe,
            began: now,
            heard: false,
            crowd,
            chance,
            own,
            shared,
        }
    }

    /// Whether [`Fleet::admit`] would say yes, chance permitting.
    #[must_use]
    pub fn would_admit(&self, target: TargetIx, now: Moment) -> bool {
        let health = &self.targets[target];
        health.cooling.until(now).is_none()
            && self.ceilings[health.provider].has_room()
            && self.cells_of(target).all(|cell| cell.breaker.refusal(now).is_none())
    }

    /// When `target` may be asked by itself, as far as is known: now, or when its bench and its wish for rest are over.
    #[must_use]
    pub fn back_at(&self, target: TargetIx, now: Moment) -> Moment {
        let bench = self.bench(target).filter(|_| !self.would_admit(target, now));
        now.max(self.targets[target].cooling.end()).max(bench.unwrap_or(now))
    }

    /// Whether `target` asked to be left alone, and still wants to be.
    #[must_use]
    pub fn is_cooling(&self, target: TargetIx, now: Moment) -> bool {
        self.targets[target].cooling.until(now).is_some()
    }

    /// When the bench of `target` ends, if it has one: the later one, where it has two. Where the router probes by
    /// itself, when the next probe is due.
    #[must_use]
    pub fn bench(&self, target: TargetIx) -> Option<Moment> {
        self.cells_of(target).filter_map(|cell| cell.breaker.end()).max()
    }

    /// What the headers of an answer of `target` said of its limits: it is not asked before those that are used up are
    /// whole again.
    pub fn learned(&mut self, target: TargetIx, limits: &RateLimits, now: Moment) {
        self.catch_up(now);
        let health = &mut self.targets[target];
        health.cooling.learn(limits, health.open_max, now);
        self.note(now, None);
    }

    /// A request arrived on the route with index `route`: what its failures may cost grows, at the route and at every
    /// provider its chain may ask.
    pub fn arrived(&mut self, route: usize, now: Moment) {
        self.budgets.arrived(route, now);
    }

    /// Whether the budgets of `route` and of the provider of `target` allow a repeat; takes it out of both, or out of
    /// neither.
    pub fn may_retry(&mut self, route: usize, target: TargetIx, now: Moment) -> bool {
        self.budgets.retry(route, self.targets[target].provider, now)
    }

    /// Whether the budget of `route` allows a hedge; takes it out.
    pub fn may_hedge(&mut self, route: usize, now: Moment) -> bool {
        self.budgets.hedge(route, now)
    }

    /// The time to first output that `share` of the recent calls of `target` kept within; none until enough are
    /// known.
    #[must_use]
    pub fn usual(&self, target: TargetIx, share: f64, now: Moment) -> Option<Duration> {
        self.targets[target].pace.usual(share, now)
    }

    /// What `target` is doing right now.
    #[must_use]
    pub fn load(&self, target: TargetIx, now: Moment) -> Load {
        let health = &self.targets[target];
        health.pace.load(health.in_flight, now)
    }

    /// Why the target was last in trouble: class, and status if there was one.
    #[must_use]
    pub fn trouble(&self, target: TargetIx) -> Option<(FailureClass, Option<u16>)> {
        self.targets[target].trouble
    }

    /// Probe slots that are taken.
    #[must_use]
    pub fn probes(&self) -> u64 {
        self.cells.iter().filter(|cell| cell.breaker.is_probing()).count() as u64
    }

    /// Passes that were given out and have not come back.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.targets.iter().map(|health| u64::from(health.in_flight)).sum()
    }

    /// The cells of a target: its own, and the one it shares.
    fn cells_of(&self, target: TargetIx) -> impl Iterator<Item = &Cell> {
        let shared = self.targets[target].shared;
        std::iter::once(target).chain(shared).map(|cell| &self.cells[cell])
    }

    fn each_cell(&mut self, target: TargetIx, mut act: impl FnMut(&mut Cell)) {
        act(&mut self.cells[target]);
        if let Some(cell) = self.targets[target].shared {
            act(&mut self.cells[cell]);
        }
    }
}

#[cfg(test)]
mod tests;
