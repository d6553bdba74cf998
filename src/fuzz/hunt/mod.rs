//! Case after case, until one breaks a promise or enough were played.
//!
//! A [`Hunt`] is the loop alone, on one thread and with a player that is given. A [`Campaign`] is what `brownout fuzz` does with
//! our own router: every core, three depths side by side, as long as there is time, and the same findings on any number of
//! threads.
//!
//! - `plan`: which number is played how deep. `workers`: numbers on threads, results in order. `net`: what was found so far.
//! - `waiting`: worlds over sockets, which wait more than they work. `bytes`: no worlds at all, but the bytes of replies.

mod bytes;
mod campaign;
mod net;
mod plan;
mod waiting;
mod workers;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

pub use bytes::Bytes;
pub use campaign::{Campaign, Caught, Outcome, Players, Watch};

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
    /// Its number: with a hunt from 0, the cases that were played before it.
    pub number: u64,
    /// As it was found.
    pub found: Case,
    /// What it broke: of several, the first.
    pub broken: Broken,
    /// Made small.
    pub shrunk: Shrunk,
    /// What the small one breaks: the same promise, by its own witness.
    pub shown: Broken,
}

impl Hunt {
    /// Plays cases until one breaks a promise, and makes it small.
    ///
    /// # Errors
    ///
    /// As the player.
    pub fn run(&self, player: &dyn Player, coverage: &mut Coverage) -> io::Result<Option<Finding>> {
        self.run_over(&|number| generate::world(&self.given, self.seed, number), player, coverage)
    }

    /// The same over worlds from elsewhere, by their numbers; what is given, and the seed, are left to whoever makes them.
    ///
    /// # Errors
    ///
    /// As the player.
    pub fn run_over(
        &self,
        worlds: &dyn Fn(u64) -> Case,
        player: &dyn Player,
        coverage: &mut Coverage,
    ) -> io::Result<Option<Finding>> {
        for number in self.from..self.from.saturating_add(self.cases) {
            let case = worlds(number);
            if let Some(broken) = play(player, &case, coverage)?.into_iter().next() {
                return Ok(Some(made_small(player, number, case, broken, self.budget, &Watch::default())));
            }
        }
        Ok(None)
    }
}

/// What a panic while a case is played breaks.
pub const PANIC: &str = "panic";

/// Plays a case. A panic of whatever is played is a finding like any other, not the end of the hunt.
fn play(player: &dyn Player, case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    catch_unwind(AssertUnwindSafe(|| player.play(case, coverage))).unwrap_or_else(|panic| {
        let text =
            panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        let what = text.unwrap_or("something panicked").to_owned();
        Ok(vec![Broken { promise: PANIC.to_owned(), what, request: None }])
    })
}

/// Makes a case small, until that is stopped.
fn made_small(
    player: &dyn Player,
    number: u64,
    found: Case,
    broken: Broken,
    budget: Budget,
    watch: &Watch,
) -> Finding {
    let mut aside = Coverage::default();
    let mut again = |case: &Case| {
        let all = play(player, case, &mut aside).unwrap_or_default();
        aside.clear();
        all.into_iter().find(|other| other.promise == broken.promise)
    };
    let go_on = || !watch.is_stopped();
    let shrunk = shrink::shrink_while(found.clone(), budget, &go_on, &mut |case| {
        watch.tries.fetch_add(1, Ordering::Relaxed);
        again(case).is_some()
    });
    let shown = again(&shrunk.case).unwrap_or_else(|| broken.clone());
    Finding { number, found, broken, shrunk, shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunt() -> Hunt {
        Hunt {
            seed: 1,
            given: Given::default(),
            from: 0,
            cases: 20,
            budget: Budget { tries: 30, ..Budget::default() },
        }
    }

    #[test]
    fn a_panic_is_a_finding_and_the_hunt_goes_on_to_make_it_small() {
        let player = |case: &Case, _: &mut Coverage| -> io::Result<Vec<Broken>> {
            assert!(case.faults() < 2, "two faults at once");
            Ok(Vec::new())
        };
        let finding = hunt().run(&player, &mut Coverage::default()).expect("it plays").expect("a finding");
        assert_eq!(
            (finding.broken.promise.as_str(), finding.broken.what.as_str()),
            (PANIC, "two faults at once")
        );
        assert!(finding.found.faults() >= 2 && finding.shrunk.case.faults() >= 2);
    }

    #[test]
    fn what_cannot_be_played_ends_the_hunt() {
        let player =
            |_: &Case, _: &mut Coverage| -> io::Result<Vec<Broken>> { Err(io::Error::other("no port")) };
        let error = hunt().run(&player, &mut Coverage::default()).expect_err("it cannot be played");
        assert_eq!(error.to_string(), "no port");
    }
}
