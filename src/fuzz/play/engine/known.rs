//! Our own books: what a router must know by now, and what one request has lived through. The core is never asked.

use std::time::Duration;

use crate::chat::{Failure, FailureClass};
use crate::router::config::{Budget, Config, TargetIx};
use crate::router::engine::{Loss, Order};
use crate::router::trail::Cause;
use crate::world::Moment;

/// What an event says of the target it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing: nobody's health may change.
    Nothing,
    /// It failed by its own fault. When the call began, whether it was the probe, and whether waiting does not heal it.
    Fault { began: Moment, probe: bool, lasting: bool },
    /// Its probe brought output.
    Alive,
    /// Nothing but how slow it is.
    Slow,
}

/// What is known of a target.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Until when it asked to be left alone.
    pub(super) wish: Moment,
    /// The end of its bench, as it was after the last event.
    pub(super) bench: Option<Moment>,
    /// When it was benched, or the probe began that failed last.
    pub(super) tested: Moment,
    /// Whether it was benched for something that waiting does not heal.
    pub(super) lasting: bool,
    /// Failures in a row, each of a call that began when the one before had failed.
    pub(super) row: u32,
    /// When the last call ended that says something.
    pub(super) quiet: Moment,
}

/// What is known of all targets.
#[derive(Clone, Debug)]
pub(super) struct Books {
    pub(super) targets: Vec<Known>,
}

impl Books {
    pub(super) fn new(config: &Config) -> Books {
        Books { targets: vec![Known::default(); config.targets().len()] }
    }

    /// What is known after a reload: rows begin anew.
    pub(super) fn adopted(&self) -> Books {
        Books { targets: self.targets.iter().map(|known| Known { row: 0, ..*known }).collect() }
    }

    /// It answered.
    pub(super) fn answered(&mut self, target: TargetIx, now: Moment) {
        let known = &mut self.targets[target];
        (known.row, known.quiet) = (0, now);
    }
}

/// One attempt that began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) number: u32,
    pub(super) target: TargetIx,
    pub(super) cause: Cause,
    /// Whether it holds a probe slot.
    pub(super) probe: bool,
}

/// One attempt that failed.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) target: TargetIx,
    pub(super) cause: Cause,
    pub(super) failure: Failure,
    pub(super) at: Moment,
}

/// What one request has lived through.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    pub(super) asked: Vec<Asked>,
    pub(super) failed: Vec<Failed>,
    /// Repeats by target and the class that led to them.
    pub(super) repeats: Vec<(TargetIx, FailureClass, u32)>,
    /// Targets whose old connection was dead; and those of them that have not been asked again since.
    pub(super) dead: Vec<TargetIx>,
    pub(super) owed: Vec<TargetIx>,
    /// Attempts at targets that were benched.
    pub(super) against_advice: u32,
    pub(super) hedges: u32,
    /// Whether the last failure is the answer by declared policy.
    pub(super) answered: bool,
    /// Whether its tenant had spent what it may when it came.
    pub(super) came_spent: bool,
    /// And at some moment since.
    pub(super) was_spent: bool,
    /// What broke the stream of which its caller had seen a part.
    pub(super) broken: Option<(TargetIx, Failure)>,
}

impl Story {
    pub(super) fn asked(&mut self, order: &Order) {
        let Order { number, target, cause, .. } = *order;
        self.asked.push(Asked { number, target, cause, probe: order.pass.probe });
    }

    pub(super) fn failed(&mut self, order: &Order, loss: &Loss, committed: bool, now: Moment) {
        if committed {
            self.broken.get_or_insert((order.target, loss.failure.clone()));
        } else if order.cause != Cause::Rescue && self.is_dead(order, loss) {
            self.dead.push(order.target);
            self.owed.push(order.target);
        }
        let Order { target, cause, .. } = *order;
        let failure = loss.failure.clone();
        self.failed.push(Failed { target, cause, failure, at: now });
    }

    /// Whether an attempt only found out that an old connection is dead.
    pub(super) fn is_dead(&self, order: &Order, loss: &Loss) -> bool {
        loss.stale && loss.failure.class == FailureClass::Unreachable && !self.dead.contains(&order.target)
    }

    /// Its output is forwarded: it is no probe any more.
    pub(super) fn committed(&mut self, number: u32) {
        self.asked.iter_mut().filter(|asked| asked.number == number).for_each(|asked| asked.probe = false);
    }

    pub(super) fn holds_probe(&self, number: u32) -> bool {
        self.asked.iter().any(|asked| asked.number == number && asked.probe)
    }

    pub(super) fn has_asked(&self, target: TargetIx) -> bool {
        self.asked.iter().any(|asked| asked.target == target)
    }

    pub(super) fn rescued(&self) -> bool {
        self.asked.iter().any(|asked| asked.cause == Cause::Rescue)
    }
}

/// Whose extra calls a budget bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Repeats(usize),
    Hedges(usize),
    Provider(usize),
}

/// A budget, and what was taken out of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purse {
    pub(super) whose: Whose,
    budget: Budget,
    arrived: u64,
    spent: u64,
}

impl Purse {
    /// All budgets of `config`.
    pub(super) fn of(config: &Config) -> Vec<Purse> {
        let purse = |whose, budget| Purse { whose, budget, arrived: 0, spent: 0 };
        let routes = config.routes.values().enumerate().flat_map(|(index, route)| {
            let repeats = route.retry_budget.map(|budget| purse(Whose::Repeats(index), budget));
            let hedges = route.hedge.map(|hedge| purse(Whose::Hedges(index), hedge.budget));
            repeats.into_iter().chain(hedges)
        });
        let providers = config.providers.values().enumerate();
        let providers = providers.filter_map(|(index, provider)| {
            provider.retry_budget.map(|budget| purse(Whose::Provider(index), budget))
        });
        routes.chain(providers).collect()
    }

    /// A request came that this is for.
    pub(super) fn arrived(&mut self) {
        self.arrived += 1;
    }

    /// An extra call is made at `now`: whether the budget allows it. A full one holds ten seconds of its floor, and one call
    /// at the least.
    pub(super) fn takes(&mut self, now: Moment) -> bool {
        self.spent += 1;
        let Budget { share, per_second } = self.budget;
        let floor = per_second * (now - Moment::ZERO).as_secs_f64() + (10.0 * per_second).max(1.0);
        (self.spent as f64) <= share * self.arrived as f64 + floor + 1e-6
    }
}

/// The longest a provider's wish is granted, beside a longer bench of its breaker.
pub(super) const LONGEST_WISH: Duration = Duration::from_secs(600);
