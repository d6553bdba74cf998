//! What a hunt has caught so far: of each promise the case with the lowest number.

use std::collections::BTreeMap;
use std::io;

use super::workers::Next;
use crate::fuzz::{Broken, Case, Coverage, Depth};

/// What playing a case came to.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) depth: Depth,
    pub(super) coverage: Coverage,
    pub(super) broken: Vec<Broken>,
    /// The case, where it broke something.
    pub(super) case: Option<Case>,
}

/// A case that broke a promise, as it was found.
#[derive(Debug)]
pub(super) struct Spotted {
    pub(super) number: u64,
    pub(super) depth: Depth,
    pub(super) case: Case,
    pub(super) broken: Broken,
    /// Other promises it broke.
    pub(super) also: Vec<String>,
}

/// Findings so far.
#[derive(Debug, Default)]
pub(super) struct Net {
    /// Whether one finding of each promise is wanted, and not the first alone.
    keep_going: bool,
    pub(super) coverage: Coverage,
    /// Cases played, by depth.
    pub(super) played: [u64; 3],
    pub(super) error: Option<io::Error>,
    spotted: BTreeMap<String, Spotted>,
}

impl Net {
    /// Nothing was played yet.
    pub(super) fn new(keep_going: bool) -> Net {
        Net { keep_going, ..Net::default() }
    }

    /// Takes what came of a case; says whether more are wanted.
    pub(super) fn take(&mut self, number: u64, played: io::Result<Played>) -> Next {
        let played = match played {
            Ok(played) => played,
            Err(error) => {
                self.error.get_or_insert(error);
                return Next::Nothing;
            }
        };
        self.coverage.merge(&played.coverage);
        self.played[played.depth as usize] += 1;
        let Some(case) = played.case else { return Next::Case };
        let wanted = if self.keep_going { played.broken.len() } else { 1 };
        for broken in played.broken.iter().take(wanted) {
            let others = played.broken.iter().filter(|other| other.promise != broken.promise);
            let spotted = Spotted {
                number,
                depth: played.depth,
                case: case.clone(),
                broken: broken.clone(),
                also: others.map(|other| other.promise.clone()).collect(),
            };
            self.keep(spotted);
        }
        if self.keep_going { Next::Case } else { Next::Nothing }
    }

    /// Keeps it if it is the first of its promise; where one finding is enough, if it is the first of all.
    fn keep(&mut self, spotted: Spotted) {
        let earlier = |known: &Spotted| known.number <= spotted.number;
        if self.keep_going {
            if !self.spotted.get(&spotted.broken.promise).is_some_and(earlier) {
                self.spotted.insert(spotted.broken.promise.clone(), spotted);
            }
        } else if !self.spotted.values().any(earlier) {
            self.spotted = BTreeMap::from([(spotted.broken.promise.clone(), spotted)]);
        }
    }

    /// Promises found broken.
    pub(super) fn found(&self) -> usize {
        self.spotted.len()
    }

    /// What was spotted, in the order of the promises.
    pub(super) fn into_spotted(self) -> Vec<Spotted> {
        self.spotted.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::generate::{Given, world};

    fn played(promises: &[&str]) -> io::Result<Played> {
        let broken =
            |promise: &&str| Broken { promise: (*promise).to_owned(), what: String::new(), request: None };
        Ok(Played {
            depth: Depth::Simulated,
            coverage: Coverage::default(),
            broken: promises.iter().map(broken).collect(),
            case: (!promises.is_empty()).then(|| world(&Given::default(), 0, 0)),
        })
    }

    fn seen(net: Net) -> Vec<(String, u64)> {
        net.into_spotted().into_iter().map(|spotted| (spotted.broken.promise, spotted.number)).collect()
    }

    #[test]
    fn the_first_finding_is_enough_and_the_lowest_number_is_the_first() {
        let mut net = Net::new(false);
        assert_eq!(net.take(3, played(&[])), Next::Case);
        assert_eq!(net.take(9, played(&["I10", "I12"])), Next::Nothing);
        // One over sockets that was begun before it came to its end after it.
        assert_eq!(net.take(4, played(&["I20"])), Next::Nothing);
        assert_eq!(net.take(5, played(&["I01"])), Next::Nothing);
        assert_eq!((net.found(), net.played), (1, [0, 4, 0]));
        assert_eq!(seen(net), [("I20".to_owned(), 4)]);
    }

    #[test]
    fn a_hunt_that_keeps_going_has_the_first_of_each_promise() {
        let mut net = Net::new(true);
        for (number, promises) in [(2, &["I12", "I20"][..]), (5, &["I10", "I12"]), (1, &["I20"])] {
            assert_eq!(net.take(number, played(promises)), Next::Case);
        }
        assert_eq!(seen(net), [("I10".to_owned(), 5), ("I12".to_owned(), 2), ("I20".to_owned(), 1)]);
    }
}
