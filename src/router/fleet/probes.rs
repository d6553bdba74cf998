//! Probes of the router's own, where callers' requests are not to be spent on testing what is dead.
//!
//! The fleet says when one is due and for whom; sending it is the shell's. A probe holds the same slot as a caller's
//! would, and is given back the same way. It is due at a steady pace from the bench's beginning on, so that recovery
//! is seen however long the bench has grown; but not while the target asks to be left alone, nor before the end of a
//! bench that only an operator can end sooner.

use super::{Fleet, Pass};
use crate::router::config::TargetIx;
use crate::world::Moment;

impl Fleet {
    /// Takes the probe slots of all who are due to be tested: each pass must be given back by [`Fleet::served`],
    /// [`Fleet::failed`] or [`Fleet::released`].
    pub fn probes_due(&mut self, now: Moment) -> Vec<Pass> {
        self.catch_up(now);
        let all = 0..self.targets.len();
        // Of those who share a breaker, the one that failed last is asked first.
        let suspects = all.clone().filter(|target| self.is_suspect(*target)).collect::<Vec<_>>();
        let mut passes = Vec::new();
        for target in suspects.into_iter().chain(all) {
            if self.probe_due(target).is_none_or(|due| due > now) {
                continue;
            }
            if self.ceilings[self.targets[target].provider].has_room() {
                passes.push(self.probe(target, now));
            } else {
                self.each_cell(target, |cell| cell.breaker.postpone(now));
            }
        }
        self.note(now, None);
        passes
    }

    /// When to call [`Fleet::probes_due`] next, as far as is known; a failure may bring it forward. None while nobody
    /// waits for a probe.
    #[must_use]
    pub fn next_probe(&self) -> Option<Moment> {
        (0..self.targets.len()).filter_map(|target| self.probe_due(target)).min()
    }

    /// When `target` is due to be tested: all of its cells that are open wait for that.
    fn probe_due(&self, target: TargetIx) -> Option<Moment> {
        let mut due = None;
        for cell in self.cells_of(target).filter(|cell| cell.breaker.end().is_some()) {
            due = due.max(Some(cell.breaker.probe_due()?));
        }
        due.map(|due| due.max(self.targets[target].cooling.end()))
    }

    fn probe(&mut self, target: TargetIx, now: Moment) -> Pass {
        let own = self.cells[target].breaker.probe(now);
        let shared = self.targets[target].shared.map(|cell| self.cells[cell].breaker.probe(now));
        self.pass(target, own, shared, now, 0.0)
    }

    fn is_suspect(&self, target: TargetIx) -> bool {
        self.targets[target].shared.is_some_and(|cell| self.cells[cell].suspect == target)
    }
}
