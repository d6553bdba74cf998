//! Where rules are counted: each namespace has rules, counters and call numbers of its own, so sequences start fresh
//! in each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Provider;
use crate::fault::{Ids, Rule, Tally};

/// What one namespace lives through.
pub(super) struct Space {
    /// The specification's rules, and those added since.
    pub(super) rules: Arc<Vec<Rule>>,
    /// Parallel to the rules.
    pub(super) tallies: Vec<Tally>,
    /// Correlation ids seen.
    seen: Ids,
    /// Calls so far.
    calls: u64,
}

/// Everything that changes while a provider works.
pub(super) struct State {
    /// Calls without a namespace, and all connections.
    pub(super) common: Space,
    pub(super) named: BTreeMap<String, Space>,
}

impl Space {
    pub(super) fn new(rules: &Arc<Vec<Rule>>) -> Self {
        let tallies = vec![Tally::default(); rules.len()];
        Space { rules: Arc::clone(rules), tallies, seen: Ids::default(), calls: 0 }
    }

    /// Counts a call: its number here, and how many of the same correlation id came before.
    pub(super) fn number(&mut self, request_id: Option<&str>) -> (u64, u32) {
        self.calls += 1;
        (self.calls - 1, request_id.map_or(0, |id| self.seen.count(id)))
    }

    pub(super) fn add(&mut self, rule: Rule) {
        Arc::make_mut(&mut self.rules).push(rule);
        self.tallies.push(Tally::default());
    }

    pub(super) fn remove(&mut self, index: usize) {
        Arc::make_mut(&mut self.rules).remove(index);
        self.tallies.remove(index);
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.name == name)
    }
}

impl Provider {
    /// Looks at a namespace, which begins with its first use.
    pub(super) fn with_space<R>(&self, namespace: Option<&str>, look: impl FnOnce(&mut Space) -> R) -> R {
        let mut state = self.lock();
        let Some(name) = namespace else { return look(&mut state.common) };
        if !state.named.contains_key(name) {
            state.named.insert(name.to_owned(), Space::new(&self.planned));
        }
        // It is there now; the common space stands in so that nothing has to panic.
        let State { common, named } = &mut *state;
        look(named.get_mut(name).unwrap_or(common))
    }

    /// Whether `namespace` is in use already, or there is room for one more.
    #[must_use]
    pub fn has_room(&self, namespace: &str) -> bool {
        let state = self.lock();
        state.named.contains_key(namespace) || state.named.len() < self.settings.namespaces
    }

    /// The rules for connections and for calls without a namespace, as they are now.
    pub(crate) fn rules(&self) -> Arc<Vec<Rule>> {
        Arc::clone(&self.lock().common.rules)
    }
}
