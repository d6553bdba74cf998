//! What can be said of a test: which worlds, which promises, and what is declared of the target.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use mock_providers::dialect::Dialect;

use super::Target;
use super::check::{Check, LIVENESS, judged};
use crate::fuzz::shrink::Budget;
use crate::scenario::fault_words;

impl<T: Target> Check<T> {
    /// These promises only, and `liveness` if it is among them. Without it: all that [`judged`] names.
    ///
    /// # Panics
    ///
    /// When there is none, or one of them is none, or one that needs a router's own word.
    pub fn promises<P: AsRef<str>>(mut self, ids: impl IntoIterator<Item = P>) -> Self {
        self.bench.promises = ids.into_iter().map(|id| known_promise(id.as_ref())).collect();
        assert!(!self.bench.promises.is_empty(), "name a promise: without one nothing is tested");
        self.bench.rules.liveness = self.bench.promises.iter().any(|id| id == LIVENESS);
        self.chosen = true;
        self
    }

    /// So many worlds: 256 if nothing is said.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn cases(mut self, cases: u64) -> Self {
        assert!(cases > 0, "without a world nothing is tested");
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
    ///
    /// # Panics
    ///
    /// When it is shorter than a millisecond, or longer than a year.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        sensible("deadline", deadline);
        self.bench.rules.declared.deadline = deadline;
        self
    }

    /// Declares how long the first output of a stream is waited for at one model.
    ///
    /// # Panics
    ///
    /// When it is shorter than a millisecond, or longer than a year.
    pub fn first_token(mut self, limit: Duration) -> Self {
        sensible("first_token", limit);
        self.bench.rules.declared.first_token = Some(limit);
        self
    }

    /// Declares how long a stream may be silent.
    ///
    /// # Panics
    ///
    /// When it is shorter than a millisecond, or longer than a year.
    pub fn idle(mut self, limit: Duration) -> Self {
        sensible("idle", limit);
        self.bench.rules.declared.idle = Some(limit);
        self
    }

    /// Declares how long one call to a provider may take.
    ///
    /// # Panics
    ///
    /// When it is shorter than a millisecond, or longer than a year.
    pub fn attempt(mut self, limit: Duration) -> Self {
        sensible("attempt", limit);
        self.bench.rules.declared.attempt = Some(limit);
        self
    }

    /// Declares how many calls to providers one request may cost.
    ///
    /// # Panics
    ///
    /// When it is not one to 1,000.
    pub fn max_attempts(mut self, most: u32) -> Self {
        assert!((1..=1_000).contains(&most), "`max_attempts` of {most}: one to 1,000 can be declared");
        self.bench.rules.declared.max_attempts = Some(most);
        self
    }

    /// Declares how often one model may be asked again for one request.
    ///
    /// # Panics
    ///
    /// When it is not at most 100.
    pub fn repeats(mut self, most: u32) -> Self {
        assert!(most <= 100, "`repeats` of {most}: at most 100 can be declared");
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
}

/// Limits that a world can have.
fn sensible(what: &str, limit: Duration) {
    let good = Duration::from_millis(1)..=Duration::from_secs(365 * 86_400);
    assert!(good.contains(&limit), "`{what}` of {limit:?}: a limit is a millisecond to a year");
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
    let alike = fault_words().map(|known| known.name).min_by_key(|known| strsim::osa_distance(word, known));
    let alike = alike.unwrap_or_default();
    assert!(alike == word, "`{word}` is no fault; is it `{alike}`? docs/scenarios.md lists them all");
    word.to_owned()
}
