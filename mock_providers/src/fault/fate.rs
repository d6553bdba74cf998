//! Faults of time and fate: overload that follows from the load, and recoveries that buckle under it.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Role, StatusFault, Trigger};
use crate::capacity::Capacity;
use crate::clock::Moment;

/// Arrivals that a relapse can count at most.
pub const HERD_MAX: u64 = 10_000;

/// A fault of time and fate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FateFault {
    /// Calls share few places; the others queue, and are turned away when the queue is full.
    Brownout(Capacity),
    /// An outage whose recovery buckles when everybody comes back at once.
    Relapse(Box<Relapse>),
}

/// An outage during the windows, and again whenever too many calls come soon after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relapse {
    /// More calls than that …
    pub calls: u64,
    /// … within this time …
    pub within: Duration,
    /// … bring the outage back for so long,
    pub lasts: Duration,
    /// until the provider has been left in peace for so long after an outage.
    pub fragile: Duration,
    /// What is answered in the outage.
    pub answer: StatusFault,
}

/// How a recovery is going.
#[derive(Clone, Debug, Default)]
pub(super) struct Recovery {
    /// The latest arrivals, as many as bring it down.
    arrivals: VecDeque<Moment>,
    /// End of the last relapse.
    down_until: Option<Moment>,
}

impl FateFault {
    pub(super) const fn role(&self) -> Role {
        match self {
            FateFault::Brownout(_) => Role::Capacity,
            FateFault::Relapse(_) => Role::Ending,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            FateFault::Brownout(_) => "brownout",
            FateFault::Relapse(_) => "relapse",
        }
    }
}

impl Relapse {
    /// Whether a call at `now` meets the outage; counts it if the provider is fragile.
    pub(super) fn strikes(&self, trigger: &Trigger, recovery: &mut Recovery, now: Moment) -> bool {
        if trigger.armed(now) {
            return true;
        }
        if recovery.down_until.is_some_and(|until| now < until) {
            return true;
        }
        let ended = trigger.during.iter().map(|window| window.to).filter(|to| *to <= now).max();
        let Some(healed) = ended.max(recovery.down_until) else { return false };
        if now.since(healed) >= self.fragile {
            return false;
        }
        let arrivals = &mut recovery.arrivals;
        arrivals.retain(|at| *at >= healed && now.since(*at) < self.within);
        arrivals.push_back(now);
        if arrivals.len() as u64 <= self.calls.min(HERD_MAX) {
            return false;
        }
        arrivals.clear();
        recovery.down_until = Some(now + self.lasts);
        true
    }
}
