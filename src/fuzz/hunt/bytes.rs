//! The bytes of valid replies under attack: case after case, on every core.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::workers::{Next, in_order};
use super::{Campaign, Watch};
use crate::fuzz::Depth;
use crate::fuzz::wire::attack;
use crate::fuzz::wire::vector::Vector;

/// What came of it.
#[derive(Debug, Default)]
pub struct Bytes {
    /// Findings and the numbers of their cases: the first, or of each promise the first, in the order of the promises.
    pub found: Vec<(u64, Vector)>,
    /// Cases played: one valid reply each.
    pub cases: u64,
    /// Broken replies that were read.
    pub read: u64,
    /// Whether it was stopped from outside.
    pub stopped: bool,
}

impl Campaign {
    /// Breaks valid replies for as long as it may. Findings are the same on any number of threads, and as small as they get: a
    /// reply is.
    pub fn run_on_bytes(&self, watch: &Watch) -> Bytes {
        let mut bytes = Bytes::default();
        let mut found: BTreeMap<String, (u64, Vector)> = BTreeMap::new();
        let may = self.may_begin(watch);
        let work = |number| attack(self.seed, number);
        in_order(self.numbers(), self.jobs, &may, &work, &mut |number, (vectors, read)| {
            bytes.cases += 1;
            bytes.read += read;
            for vector in vectors {
                if self.keep_going || found.is_empty() {
                    found.entry(vector.promise.clone()).or_insert((number, vector));
                }
            }
            // What is played is bytes, and has no depth of its own: it is shown where the shallowest is.
            watch.played[Depth::Engine as usize].store(bytes.cases, Ordering::Relaxed);
            watch.pairs.store(bytes.read, Ordering::Relaxed);
            watch.found.store(found.len() as u64, Ordering::Relaxed);
            if found.is_empty() || self.keep_going { Next::Case } else { Next::Nothing }
        });
        bytes.found = found.into_values().collect();
        bytes.stopped = watch.is_stopped();
        bytes
    }
}
