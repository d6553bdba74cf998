//! What a fleet keeps when its configuration is replaced.
//!
//! A reload must not send everybody back to a provider that is known to be dead, nor forget who asked to be left
//! alone. What is known is kept by name: of targets, keys, providers, regions and routes. Calls under way end where
//! they began, so nothing is in flight in the new fleet, and no probe slot is taken.

use super::Fleet;
use super::cells::{Cell, same, shares};
use crate::router::config::{Config, TargetIx};

impl Fleet {
    /// A fleet for `new`, which knows of everything that `old` had as well what this one knows: of a target with the same
    /// name, at the same address, with the same key. Calls in flight stay with this one.
    #[must_use]
    pub fn adopted(&self, old: &Config, new: &Config) -> Self {
        let mut fleet = Fleet::new(new);
        fleet.slowest = self.slowest;
        fleet.budgets.adopt(new, &self.budgets, old);
        for (ceiling, name) in fleet.ceilings.iter_mut().zip(new.providers.keys()) {
            if let Some(known) = old.providers.get_index_of(name).and_then(|known| self.ceilings.get(known)) {
                *ceiling = ceiling.adopted(known);
            }
        }
        for target in 0..fleet.targets.len() {
            fleet.adopt_target(target, self, old, new);
        }
        for cell in fleet.targets.len()..fleet.cells.len() {
            fleet.adopt_shared(cell, self, old, new);
        }
        fleet
    }

    fn adopt_target(&mut self, target: TargetIx, known: &Fleet, old: &Config, new: &Config) {
        let Some(was) = same(old, new, target) else { return };
        let (health, from) = (&mut self.targets[target], &known.targets[was]);
        (health.cooling, health.trouble) = (from.cooling, from.trouble);
        health.pace = from.pace.clone();
        // A target that shared its breaker and now has its own stays as benched as it was.
        let alone = health.shared.is_none();
        let own = known.cells[was].breaker.end();
        let shared = from.shared.filter(|cell| alone && known.cells[*cell].breaker.end() > own);
        adopt(&mut self.cells[target], &known.cells[shared.unwrap_or(was)]);
    }

    /// From the cell that was shared by the same name, the same breaker before others; else from the one that its
    /// first known target had.
    fn adopt_shared(&mut self, cell: usize, known: &Fleet, old: &Config, new: &Config) {
        let members: Vec<_> =
            (0..self.targets.len()).filter(|target| self.targets[*target].shared == Some(cell)).collect();
        let Some(first) = members.first() else { return };
        let scope = shares(new, *first);
        let policy = new.model_of(*first).breaker;
        let sharing = || (0..known.targets.len()).filter(|was| shares(old, *was) == scope);
        let source = sharing().find(|was| old.model_of(*was).breaker == policy).or_else(|| sharing().next());
        let source = source.and_then(|was| known.targets[was].shared);
        let before = members.iter().find_map(|target| same(old, new, *target));
        let before = before.map(|was| known.targets[was].shared.unwrap_or(was));
        if let Some(from) = source.or(before) {
            let suspect = same(new, old, known.cells[from].suspect);
            adopt(&mut self.cells[cell], &known.cells[from]);
            self.cells[cell].suspect = suspect.filter(|target| members.contains(target)).unwrap_or(*first);
        }
    }
}

fn adopt(cell: &mut Cell, known: &Cell) {
    cell.breaker = cell.breaker.adopted(&known.breaker);
}
