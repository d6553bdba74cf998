//! The test: which worlds, which promises, and what came of it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::finding::{self, Finding};
use super::player::Bench;
use super::worlds::Rules;
use super::{Target, Upstreams};
use crate::fuzz::generate::Given;
use crate::fuzz::hunt::{self, Hunt};
use crate::fuzz::shrink::Budget;
use crate::fuzz::{Broken, Case, Coverage, Doc, Player};
use crate::judge::FOREIGN_PROMISES;

/// Not a promise of every world, but what is asked of the end of each: that service is back once everything has healed.
pub(super) const LIVENESS: &str = "liveness";

/// Worlds that are played if nothing else is said.
const CASES: u64 = 256;

/// The promises that can be judged of a router that is not ours: what its callers got and its providers saw is enough.
pub fn judged() -> impl Iterator<Item = &'static str> {
    FOREIGN_PROMISES.into_iter()
}

/// Begins a test of whatever `make` makes. It is made anew for every world, and given the providers of that world.
pub fn check<T: Target>(make: impl Fn(Upstreams) -> T + Send + Sync + 'static) -> Check<T> {
    let promises = judged().map(str::to_owned).collect();
    let bench = Bench { make: Arc::new(make), rules: Rules::default(), promises };
    Check { bench, chosen: false, cases: CASES, seed: 0, budget: Budget::default(), save: None }
}

/// A test that is being described. Nothing is played before [`Check::run`], [`Check::hunt`] or [`Check::replay`].
#[must_use = "a test that is not run finds nothing"]
pub struct Check<T> {
    pub(super) bench: Bench<T>,
    /// Whether promises were named, so that each of them has to have something to say.
    pub(super) chosen: bool,
    pub(super) cases: u64,
    pub(super) seed: u64,
    pub(super) budget: Budget,
    pub(super) save: Option<PathBuf>,
}

/// What was played without anything being broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Worlds.
    pub cases: u64,
    /// How often each of the promises had something to say.
    pub judged: BTreeMap<String, u64>,
}

impl<T: Target> Check<T> {
    /// Plays the worlds, and says how often each promise was judged.
    ///
    /// # Panics
    ///
    /// When a promise is broken: with the smallest world that shows it. When a promise that was named had nothing to say in any of
    /// the worlds: then nothing was tested. When a world cannot be played at all.
    pub fn run(self) -> Report {
        let (found, report) = self.played();
        if let Some(found) = found {
            panic!("{found}\n{}", self.again(&found));
        }
        let silent = report.judged.iter().filter(|(_, times)| **times == 0);
        let silent: Vec<_> = silent.map(|(promise, _)| promise.as_str()).collect();
        assert!(
            !self.chosen || silent.is_empty(),
            "{} had nothing to say in {} worlds: play more of them, or allow the faults and declare the limits \
             that it is about",
            silent.join(", "),
            report.cases
        );
        report
    }

    /// How a finding is played again, from a file where it was to be saved.
    fn again(&self, found: &Finding) -> String {
        let name = found.file_name();
        let again =
            format!("play it again: this test, or `.replay(include_str!({name:?}))` in one of its own");
        match self.save.as_ref().map(|folder| (folder, found.save(folder))) {
            None => format!("{again}, with the world above as that file: `.save(FOLDER)` writes it"),
            Some((_, Ok(file))) => format!("saved as {}\n{again}", file.display()),
            Some((folder, Err(error))) => {
                format!("it could not be saved to {}: {error}\n{again}", folder.display())
            }
        }
    }

    /// Plays the worlds until one breaks a promise, and makes that one small.
    ///
    /// # Panics
    ///
    /// When a world cannot be played at all, or the folder to save to not be written.
    pub fn hunt(self) -> Option<Finding> {
        let (found, _) = self.played();
        if let (Some(found), Some(folder)) = (&found, &self.save) {
            found.save(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
        found
    }

    /// Plays a world that was saved. What is declared is what stands in it.
    ///
    /// # Panics
    ///
    /// When it breaks one of the promises, when it is no scenario, or when it cannot be played at all.
    pub fn replay(self, yaml: &str) {
        let case = scenario(yaml);
        let (bench, broken) = self.replayed(&case);
        let request = broken.iter().find_map(|broken| broken.request);
        let story = request.map(|number| bench.story(&case, number)).unwrap_or_default();
        assert!(
            broken.is_empty(),
            "a world that was saved breaks a promise\n\n{}\n{story}\n{yaml}",
            finding::list(&broken)
        );
    }

    /// Plays a world that was saved, and says which of the promises it breaks.
    ///
    /// # Panics
    ///
    /// When it is no scenario, or cannot be played at all.
    pub fn shows(self, yaml: &str) -> Vec<Broken> {
        self.replayed(&scenario(yaml)).1
    }

    /// Plays a case, whatever it is.
    fn replayed(mut self, case: &Case) -> (Bench<T>, Vec<Broken>) {
        self.bench.rules = Rules::of(case);
        let broken = self.bench.play(case, &mut Coverage::default()).unwrap_or_else(|error| cannot(&error));
        (self.bench, broken)
    }

    fn played(&self) -> (Option<Finding>, Report) {
        let Check { seed, cases, budget, .. } = *self;
        let hunt = Hunt { seed, given: Given::default(), from: 0, cases, budget };
        let worlds = |number| self.bench.rules.world(seed, number);
        let mut coverage = Coverage::default();
        let found = hunt.run_over(&worlds, &self.bench, &mut coverage).unwrap_or_else(|error| cannot(&error));
        let played = found.as_ref().map_or(cases, |found| found.number + 1);
        let found = found.map(|found| Finding {
            story: self.story(&found),
            promise: found.shown.promise,
            what: found.shown.what,
            seed,
            world: found.number,
            found: found.found,
            small: found.shrunk.case,
            tries: found.shrunk.tries,
        });
        (found, self.report(played, &coverage))
    }

    fn story(&self, found: &hunt::Finding) -> String {
        let request = found.shown.request;
        request.map(|number| self.bench.story(&found.shrunk.case, number)).unwrap_or_default()
    }

    fn report(&self, cases: u64, coverage: &Coverage) -> Report {
        let mut judged: BTreeMap<String, u64> =
            self.bench.promises.iter().map(|id| (id.clone(), 0)).collect();
        // Whether service came back is asked of every world that heals.
        judged.remove(LIVENESS);
        for (promise, times) in coverage.promises() {
            if let Some(known) = judged.get_mut(promise) {
                *known = times;
            }
        }
        Report { cases, judged }
    }
}

fn scenario(yaml: &str) -> Case {
    let doc = Doc::read(yaml).unwrap_or_else(|error| panic!("this is no scenario: {error}"));
    Case::new(doc).unwrap_or_else(|problems| panic!("this is no scenario:\n{problems}"))
}

fn cannot(error: &io::Error) -> ! {
    panic!("a world cannot be played: {error}")
}
