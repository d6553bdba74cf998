//! Which faults met the router in which state, and which promises were really under attack.
//!
//! A hunt that found nothing says something only of what it tried. A pair is a fault's word (`rate_limit`, whatever a file
//! calls it) and the [`State`] in which the router was when the fault showed; beside the pairs stands how often each promise
//! had something to say. Both are bounded by the language, not by the number of cases, and two coverages add up to the same
//! in any order.
//!
//! - `state`: the states told apart.
//! - `scene`: what is known of the world that is being played, to tell the state of each attempt.

mod scene;
mod state;

use std::collections::BTreeMap;

pub use state::{Asked, Path, Standing, State};

use self::scene::Scene;
use crate::history::HealthChange;
use crate::judge::{Case, PromiseResult};
use crate::scenario::{Scenario, fault_words};

/// What a ledger calls a refusal by a provider's own limits, which no fault is behind.
const LIMIT: &str = "limit";

/// Layers whose faults are over before any output: they refuse, or they answer in the place of an answer.
const BEFORE_OUTPUT: [&str; 3] = ["name and connect", "answer", "rate"];

/// The layer whose faults need a stream.
const STREAMED: &str = "pacing";

/// Pairs of a fault and the state in which the router met it, and how often; promises, and how often each was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    met: BTreeMap<String, BTreeMap<State, u64>>,
    checked: BTreeMap<String, u64>,
    /// The world that is being played.
    scene: Scene,
}

impl Coverage {
    /// Begins another case: whatever was known of targets is of a world that is gone.
    pub fn begin(&mut self, scenario: &Scenario) {
        self.scene = Scene::new(scenario);
    }

    /// Notes a change of health.
    pub fn health(&mut self, change: &HealthChange) {
        self.scene.health(change);
    }

    /// Notes a request that is over. Changes of health up to its end have been told.
    pub(crate) fn see(&mut self, case: &Case<'_>) {
        for (word, state) in self.scene.meetings(case) {
            self.meet(&word, state);
        }
    }

    /// Notes that a fault met the router in a state.
    pub fn meet(&mut self, word: &str, state: State) {
        match self.met.get_mut(word) {
            Some(states) => *states.entry(state).or_default() += 1,
            None => drop(self.met.insert(word.to_owned(), BTreeMap::from([(state, 1)]))),
        }
    }

    /// Notes that a promise had something to say, so often.
    pub fn check(&mut self, promise: &str, times: u64) {
        match self.checked.get_mut(promise) {
            Some(checked) => *checked += times,
            None => drop(self.checked.insert(promise.to_owned(), times)),
        }
    }

    /// Notes how often each promise had something to say in a run.
    pub fn check_all(&mut self, promises: &[PromiseResult]) {
        promises.iter().for_each(|promise| self.check(&promise.id, promise.checked));
    }

    /// Adds what another one saw.
    pub fn merge(&mut self, other: &Coverage) {
        for (word, states) in &other.met {
            let mine = self.met.entry(word.clone()).or_default();
            states.iter().for_each(|(state, times)| *mine.entry(*state).or_default() += times);
        }
        other.checked.iter().for_each(|(promise, times)| self.check(promise, *times));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Coverage::default();
    }

    /// The pairs met, in order, each with how often.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, State, u64)> {
        self.met
            .iter()
            .flat_map(|(word, states)| states.iter().map(|(state, times)| (word.as_str(), *state, *times)))
    }

    /// The states in which a fault was met, and how often.
    pub fn of(&self, word: &str) -> impl Iterator<Item = (State, u64)> {
        self.met.get(word).into_iter().flatten().map(|(state, times)| (*state, *times))
    }

    /// Promises in the order of their ids, and how often each had something to say.
    pub fn promises(&self) -> impl Iterator<Item = (&str, u64)> {
        self.checked.iter().map(|(promise, times)| (promise.as_str(), *times))
    }

    /// Pairs met.
    #[must_use]
    pub fn len(&self) -> usize {
        self.met.values().map(BTreeMap::len).sum()
    }

    /// Whether nothing was met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.met.is_empty()
    }
}

/// Every fault there is, by its word and in the order of the language, and refusals by a provider's own limits.
pub fn words() -> impl Iterator<Item = &'static str> {
    fault_words().map(|word| word.name).chain([LIMIT])
}

/// States in which a fault can meet a router.
pub fn states(word: &str) -> impl Iterator<Item = State> {
    let layer = fault_words().find(|known| known.name == word).map(|known| known.layer);
    let over_before = word == LIMIT || layer.is_some_and(|layer| BEFORE_OUTPUT.contains(&layer));
    let streamed = layer == Some(STREAMED);
    State::all().filter(move |state| match state.path {
        Path::Committed => !over_before,
        Path::Plain => !streamed,
        Path::Stream => true,
    })
}

/// Pairs there are.
#[must_use]
pub fn pairs_in_all() -> usize {
    words().map(|word| states(word).count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: State = State { asked: Asked::First, standing: Standing::Open, path: Path::Plain };
    const FORCED: State = State { asked: Asked::Retry, standing: Standing::Benched, path: Path::Committed };

    fn coverage(meetings: &[(&str, State)], checks: &[(&str, u64)]) -> Coverage {
        let mut coverage = Coverage::default();
        meetings.iter().for_each(|(word, state)| coverage.meet(word, *state));
        checks.iter().for_each(|(promise, times)| coverage.check(promise, *times));
        coverage
    }

    #[test]
    fn coverages_add_up_to_the_same_in_any_order() {
        let one = coverage(&[("reset", OPEN), ("reset", OPEN), ("cut", FORCED)], &[("I01", 3)]);
        let other = coverage(&[("reset", FORCED), ("cut", FORCED)], &[("I01", 1), ("I02", 5)]);
        let (mut there, mut back) = (one.clone(), other.clone());
        there.merge(&other);
        back.merge(&one);
        assert_eq!(there, back);
        let pairs: Vec<_> = there.pairs().collect();
        assert_eq!(pairs, [("cut", FORCED, 2), ("reset", OPEN, 2), ("reset", FORCED, 1)]);
        assert_eq!(there.promises().collect::<Vec<_>>(), [("I01", 4), ("I02", 5)]);
        assert_eq!(there.len(), 3);
    }

    #[test]
    fn what_cannot_be_met_is_not_counted_among_the_pairs() {
        // 88 states. An error in the place of an answer is never met after a commit: 5 causes by 5 standings, two more causes
        // by 5 and a probe less.
        assert_eq!(states("cut").count(), 88);
        assert_eq!(states("rate_limit").count(), 88 - 25 - 10 - 1);
        // A fault of a stream's pace is not met on the way of a plain answer.
        assert_eq!(states("freeze").count(), 88 - 25 - 1);
        assert!(pairs_in_all() > 4_000 && pairs_in_all() < 88 * words().count());
    }
}
