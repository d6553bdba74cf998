//! The test: which worlds, which promises, and what came of it.

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mock_providers::dialect::Dialect;

use super::finding::{self, Finding};
use super::player::Bench;
use super::worlds::Rules;
use super::{Declared, Target, Upstreams};
use crate::fuzz::generate::Given;
use crate::fuzz::hunt::Hunt;
use crate::fuzz::shrink::Budget;
use crate::fuzz::{Broken, Case, Coverage, Doc, Player};
use crate::judge::FOREIGN_PROMISES;
use crate::scenario::fault_words;

/// Not a promise of every world, but what is asked of the end of each: that service is back once everything has healed.
const LIVENESS: &str = "liveness";

/// Worlds that are played if nothing else is said.
const CASES: u64 = 256;

/// The promises that can be judged of a router that is not ours: what its callers got and its providers saw is enough.
pub fn judged() -> impl Iterator<Item = &'static str> {
    FOREIGN_PROMISES.into_iter()
}

/// Begins a test of whatever `make` makes. It is made anew for every world, and given the providers of that world.
pub fn check<T: Target>(make: impl Fn(Upstreams) -> T + Send + Sync + 'static) -> Check<T> {
    let rules = Rules {
        declared: Declared::default(),
        dialects: vec![Dialect::Openai],
        faults: None,
        without: Vec::new(),
        chain: 1..=3,
        liveness: false,
    };
    let promises = judged().map(str::to_owned).collect();
    let bench = Bench { make: Arc::new(make), rules, promises };
    Check { bench, chosen: false, cases: CASES, seed: 0, budget: Budget::default(), save: None }
}

/// A test that is being described. Nothing is played before [`Check::run`], [`Check::hunt`] or [`Check::replay`].
#[must_use = "a test that is not run finds nothing"]
pub struct Check<T> {
    bench: Bench<T>,
    /// Whether promises were named, so that each of them has to have something to say.
    chosen: bool,
    cases: u64,
    seed: u64,
    budget: Budget,
    save: Option<PathBuf>,
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
    /// These promises only, and `liveness` if it is among them. Without it: all that [`judged`] names.
    ///
    /// # Panics
    ///
    /// When one of them is none, or one that needs a router's own word.
    pub fn promises<P: AsRef<str>>(mut self, ids: impl IntoIterator<Item = P>) -> Self {
        self.bench.promises = ids.into_iter().map(|id| known_promise(id.as_ref())).collect();
        self.bench.rules.liveness = self.bench.promises.iter().any(|id| id == LIVENESS);
        self.chosen = true;
        self
    }

    /// So many worlds: 256 if nothing is said.
    pub fn cases(mut self, cases: u64) -> Self {
        self.cases = cases;
        self
    }

    /// Other worlds. Those of one seed are always the same.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What the providers speak: OpenAI's format if nothing is said. Callers always speak that.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn dialects(mut self, dialects: impl IntoIterator<Item = Dialect>) -> Self {
        self.bench.rules.dialects = dialects.into_iter().collect();
        assert!(!self.bench.rules.dialects.is_empty(), "name a dialect: providers have to speak something");
        self
    }

    /// These faults only, by their words in `docs/scenarios.md`: `["rate_limit", "cut"]`.
    ///
    /// # Panics
    ///
    /// When one of them is none.
    pub fn faults<F: AsRef<str>>(mut self, words: impl IntoIterator<Item = F>) -> Self {
        self.bench.rules.faults = Some(words.into_iter().map(|word| known_fault(word.as_ref())).collect());
        self
    }

    /// Without these faults.
    ///
    /// # Panics
    ///
    /// When one of them is none.
    pub fn without<F: AsRef<str>>(mut self, words: impl IntoIterator<Item = F>) -> Self {
        self.bench.rules.without.extend(words.into_iter().map(|word| known_fault(word.as_ref())));
        self
    }

    /// So many models in a world, at least and at most: one to three if nothing is said.
    ///
    /// # Panics
    ///
    /// When there would be none, or more than nine.
    pub fn chain(mut self, models: RangeInclusive<u64>) -> Self {
        let good = *models.start() > 0 && models.end() >= models.start() && *models.end() < 10;
        assert!(good, "a chain of {models:?} models: one to nine are possible");
        self.bench.rules.chain = models;
        self
    }

    /// Declares by when a request is over: 30 s if nothing is said.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.bench.rules.declared.deadline = deadline;
        self
    }

    /// Declares how long the first output of a stream is waited for at one model.
    pub fn first_token(mut self, limit: Duration) -> Self {
        self.bench.rules.declared.first_token = Some(limit);
        self
    }

    /// Declares how long a stream may be silent.
    pub fn idle(mut self, limit: Duration) -> Self {
        self.bench.rules.declared.idle = Some(limit);
        self
    }

    /// Declares how long one call to a provider may take.
    pub fn attempt(mut self, limit: Duration) -> Self {
        self.bench.rules.declared.attempt = Some(limit);
        self
    }

    /// Declares how many calls to providers one request may cost.
    pub fn max_attempts(mut self, most: u32) -> Self {
        self.bench.rules.declared.max_attempts = Some(most);
        self
    }

    /// Declares how often one model may be asked again for one request.
    pub fn repeats(mut self, most: u32) -> Self {
        self.bench.rules.declared.repeats = Some(most);
        self
    }

    /// Declares that an empty answer is a failure, and never given.
    pub fn never_empty(mut self) -> Self {
        self.bench.rules.declared.never_empty = true;
        self
    }

    /// How much is tried to make a finding small.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Writes what is found to this folder.
    pub fn save(mut self, folder: impl Into<PathBuf>) -> Self {
        self.save = Some(folder.into());
        self
    }

    /// Plays the worlds, and says how often each promise was judged.
    ///
    /// # Panics
    ///
    /// When a promise is broken: with the smallest world that shows it. When a promise that was named had nothing to say in any of
    /// the worlds: then nothing was tested. When a world cannot be played at all.
    pub fn run(self) -> Report {
        let (found, report) = self.played();
        if let Some(found) = found {
            let seed = found.seed;
            let saved = self.save.as_ref().map(|folder| {
                let file = found.save(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
                format!("\nsaved as {}\n", file.display())
            });
            panic!(
                "a promise is broken\n{found}{}\nplay it again: `.seed({seed})` with as many cases, or \
                 `.replay(…)` with the text above",
                saved.unwrap_or_default()
            );
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
        let broken = self.shows(yaml);
        assert!(
            broken.is_empty(),
            "a world that was saved breaks a promise\n{}\n{yaml}",
            finding::list(&broken)
        );
    }

    /// Plays a world that was saved, and says which of the promises it breaks.
    ///
    /// # Panics
    ///
    /// When it is no scenario, or cannot be played at all.
    pub fn shows(mut self, yaml: &str) -> Vec<Broken> {
        let doc = Doc::read(yaml).unwrap_or_else(|error| panic!("this is no scenario: {error}"));
        let case = Case::new(doc).unwrap_or_else(|problems| panic!("this is no scenario:\n{problems}"));
        self.bench.rules = Rules::of(&case);
        self.bench.play(&case, &mut Coverage::default()).unwrap_or_else(|error| cannot(&error))
    }

    fn played(&self) -> (Option<Finding>, Report) {
        let Check { seed, cases, budget, .. } = *self;
        let hunt = Hunt { seed, given: Given::default(), from: 0, cases, budget };
        let worlds = |number| self.bench.rules.world(seed, number);
        let mut coverage = Coverage::default();
        let found = hunt.run_over(&worlds, &self.bench, &mut coverage).unwrap_or_else(|error| cannot(&error));
        let played = found.as_ref().map_or(cases, |found| found.number + 1);
        let found = found.map(|found| Finding {
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

fn cannot(error: &io::Error) -> ! {
    panic!("a world cannot be played: {error}")
}

fn known_promise(id: &str) -> String {
    let known = judged().chain([LIVENESS]).any(|known| known == id);
    let all = || judged().collect::<Vec<_>>().join(", ");
    assert!(
        known,
        "`{id}` is no promise that can be judged without the router's own word; those are {}, and `{LIVENESS}`",
        all()
    );
    id.to_owned()
}

fn known_fault(word: &str) -> String {
    let known = fault_words().any(|known| known.name == word);
    assert!(known, "`{word}` is no fault; docs/scenarios.md lists them all");
    word.to_owned()
}
