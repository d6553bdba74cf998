//! What a rule remembers: how many calls it counted, how often it fired.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::fate::Recovery;
use crate::capacity::{Capacity, Gate};
use crate::clock::Moment;
use crate::dice::Dice;

/// Correlation ids that are remembered at once; the oldest is forgotten first. Sixteen bytes each.
pub const REMEMBERED_IDS: usize = 65_536;

/// A rule's counters.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) passed: u64,
    pub(super) per_request: Ids,
    fired: u64,
    first: Option<Moment>,
    last: Option<Moment>,
    /// Until when calls are refused whatever the trigger says: a wait was told that was not the truth.
    pub(super) held: Option<Moment>,
    /// How the recovery of a relapse goes.
    pub(super) recovery: Recovery,
    /// The places of a brownout.
    gate: Option<Arc<Gate>>,
}

impl Tally {
    /// How often the rule fired.
    #[must_use]
    pub const fn fired(&self) -> u64 {
        self.fired
    }

    /// When it fired first.
    #[must_use]
    pub const fn first_fired(&self) -> Option<Moment> {
        self.first
    }

    /// When it fired last.
    #[must_use]
    pub const fn last_fired(&self) -> Option<Moment> {
        self.last
    }

    /// Counts connects for a sequence: how many came before.
    pub(crate) const fn count_connect(&mut self) -> u64 {
        self.passed += 1;
        self.passed - 1
    }

    /// The places of the rule's brownout, which is one for all calls.
    pub(crate) fn gate(&mut self, capacity: &Capacity) -> Arc<Gate> {
        Arc::clone(self.gate.get_or_insert_with(|| Gate::new(*capacity)))
    }

    pub(crate) fn fire(&mut self, now: Moment) {
        self.fired += 1;
        self.first.get_or_insert(now);
        self.last = Some(now);
    }
}

/// Counts by correlation id, in bounded memory: ids are kept as 64-bit hashes, however long they are.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    counts: BTreeMap<u64, u32>,
    order: VecDeque<u64>,
}

impl Ids {
    /// Counts `id`: how often it came before.
    pub fn count(&mut self, id: &str) -> u32 {
        let hash = Dice::new(0).key("id").str(id).hash();
        if let Some(count) = self.counts.get_mut(&hash) {
            *count = count.saturating_add(1);
            return *count - 1;
        }
        if self.order.len() == REMEMBERED_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.order.push_back(hash);
        self.counts.insert(hash, 1);
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_id_is_forgotten_first() {
        let mut ids = Ids::default();
        assert_eq!((ids.count("a"), ids.count("a"), ids.count("b")), (0, 1, 0));
        // a and b, then 65,535 more: one too many, so a goes and b stays.
        (0..REMEMBERED_IDS - 1).for_each(|n| {
            ids.count(&n.to_string());
        });
        assert_eq!(ids.count("b"), 1);
        assert_eq!(ids.count("a"), 0);
        assert_eq!(ids.order.len(), REMEMBERED_IDS);
        assert_eq!(ids.counts.len(), REMEMBERED_IDS);
    }
}
