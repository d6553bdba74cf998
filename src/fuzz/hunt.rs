//! Case after case, on every core, until one breaks a promise or enough were played.

use std::io;

use super::generate::{self, Given};
use super::shrink::{self, Budget, Shrunk};
use super::{Broken, Case, Coverage, Player};

/// What to hunt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunt {
    /// Seed of all worlds.
    pub seed: u64,
    /// Worlds around what.
    pub given: Given,
    /// The number of the first case.
    pub from: u64,
    /// Cases at most.
    pub cases: u64,
    /// How much may be tried to make a finding small.
    pub budget: Budget,
}

/// A case that broke a promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its number: cases played until it was found, from 0.
    pub number: u64,
    /// As it was found.
    pub found: Case,
    /// What it broke: of several, the first.
    pub broken: Broken,
    /// Made small.
    pub shrunk: Shrunk,
}

impl Hunt {
    /// Plays cases until one breaks a promise, and makes it small.
    ///
    /// # Errors
    ///
    /// As the player.
    pub fn run(&self, player: &dyn Player, coverage: &mut Coverage) -> io::Result<Option<Finding>> {
        for number in self.from..self.from + self.cases {
            let case = generate::world(&self.given, self.seed, number);
            let Some(broken) = player.play(&case, coverage)?.into_iter().next() else { continue };
            let mut aside = Coverage::default();
            let mut still = |case: &Case| {
                let again = player.play(case, &mut aside).unwrap_or_default();
                again.iter().any(|other| other.promise == broken.promise)
            };
            let shrunk = shrink::shrink(case.clone(), self.budget, &mut still);
            return Ok(Some(Finding { number, found: case, broken, shrunk }));
        }
        Ok(None)
    }
}
