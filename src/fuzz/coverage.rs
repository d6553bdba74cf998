//! Which faults met the router in which state.

use std::collections::BTreeMap;

use crate::history::{HealthChange, HealthState, Record};

/// Pairs of a fault and the state in which the router met it, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pairs: BTreeMap<(String, String), u64>,
    /// What each target is in the router's eyes, as far as it was told in this case.
    standing: BTreeMap<String, HealthState>,
}

impl Coverage {
    /// Begins another case: whatever was known of targets is of a world that is gone.
    pub fn begin(&mut self) {
        self.standing.clear();
    }

    /// Notes a request that is over.
    pub fn record(&mut self, record: &Record) {
        for call in &record.calls {
            for fault in &call.faults {
                *self.pairs.entry((fault.clone(), "any".to_owned())).or_default() += 1;
            }
        }
    }

    /// Notes a change of health.
    pub fn health(&mut self, change: &HealthChange) {
        self.standing.insert(change.target.clone(), change.state);
    }

    /// Adds what another one saw.
    pub fn merge(&mut self, other: &Coverage) {
        for (pair, count) in &other.pairs {
            *self.pairs.entry(pair.clone()).or_default() += count;
        }
    }

    /// The pairs seen, in order, each with how often.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.pairs.iter().map(|((fault, state), count)| (fault.as_str(), state.as_str(), *count))
    }
}
