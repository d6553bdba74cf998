//! Health logic: what the router believed of its targets, against when they were really broken.

use crate::history::{HealthChange, HealthState};
use crate::world::Moment;
use std::collections::BTreeMap;

/// What the router believed over time, target by target.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Since when each target that is not open has been so.
    closed: BTreeMap<String, Moment>,
}

impl Health {
    pub(crate) fn add(&mut self, change: &HealthChange) {
        if change.state == HealthState::Open {
            self.closed.remove(&change.target);
        } else {
            self.closed.entry(change.target.clone()).or_insert(change.at);
        }
    }
}
