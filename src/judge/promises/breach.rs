//! What a check found, and the least that shows it.

use crate::history::{Moment, Record};
use crate::judge::judgement::{PromiseResult, Witness};

/// Witnesses kept of each promise.
const WITNESSES: usize = 5;

/// Attempts or other requests named by one witness.
const NAMED: usize = 4;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The promise says nothing about this request.
    NotApplicable,
    /// It was kept.
    Kept,
    /// It was broken, and how.
    Broken(Breach),
}

/// How a promise was broken: what a witness is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breach {
    what: String,
    /// Indices of attempts.
    attempts: Vec<usize>,
    span: Option<(Moment, Moment)>,
    others: Vec<u64>,
}

impl Breach {
    /// In words.
    pub(crate) fn new(what: impl Into<String>) -> Breach {
        Breach { what: what.into(), ..Breach::default() }
    }

    /// About these attempts of its request.
    pub(crate) fn of(mut self, attempts: impl IntoIterator<Item = usize>) -> Breach {
        self.attempts.extend(attempts.into_iter().take(NAMED));
        self
    }

    /// Between two moments.
    pub(crate) fn between(mut self, from: Moment, to: Moment) -> Breach {
        self.span = Some((from, to));
        self
    }

    /// Seen together with other requests only.
    pub(crate) fn with(mut self, others: impl IntoIterator<Item = u64>) -> Breach {
        self.others.extend(others.into_iter().take(NAMED));
        self
    }

    /// The witness, where no single request is to blame.
    pub(super) fn of_the_run(self) -> Witness {
        let (from, to) = self.span.unzip();
        Witness { what: self.what, from, to, others: self.others, ..Witness::default() }
    }

    /// The witness, where `record` is. Without moments of its own it spans the attempts it names, else the request.
    pub(super) fn witness(self, record: &Record) -> Witness {
        let caller = &record.caller;
        let named = |index: &usize| record.trail.as_ref().and_then(|trail| trail.attempts.get(*index));
        let named: Vec<_> = self.attempts.iter().filter_map(named).collect();
        let (from, to) = self.span.unwrap_or_else(|| {
            let from = named.iter().map(|attempt| attempt.started).min();
            let to = named.iter().map(|attempt| attempt.ended).max();
            (from.unwrap_or(caller.sent.unwrap_or(caller.intended)), to.unwrap_or(caller.ended))
        });
        Witness {
            number: Some(caller.number),
            request_id: Some(caller.request_id.clone()),
            what: self.what,
            attempts: self.attempts.iter().map(|index| u32::try_from(*index).unwrap_or(u32::MAX)).collect(),
            from: Some(from),
            to: Some(to),
            others: self.others,
        }
    }
}

#[cfg(test)]
impl Breach {
    /// Whether its words have these among them.
    pub(crate) fn contains(&self, words: &str) -> bool {
        self.what.contains(words)
    }
}

impl From<Option<Breach>> for Found {
    /// Kept where nothing is wrong.
    fn from(breach: Option<Breach>) -> Found {
        breach.map_or(Found::Kept, Found::Broken)
    }
}

/// How a promise was kept so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    checked: u64,
    violations: u64,
    witnesses: Vec<Witness>,
}

impl Tally {
    /// Counts what was found of `record`; true when it became a witness.
    pub(super) fn add(&mut self, found: Found, record: &Record) -> bool {
        match found {
            Found::NotApplicable => false,
            Found::Kept => {
                self.kept();
                false
            }
            Found::Broken(breach) => self.broken(|| breach.witness(record)),
        }
    }

    /// Counts something that was kept.
    pub(super) fn kept(&mut self) {
        self.checked += 1;
    }

    /// Counts something that was broken; true when its witness is kept.
    pub(super) fn broken(&mut self, witness: impl FnOnce() -> Witness) -> bool {
        self.checked += 1;
        self.violations += 1;
        let keep = self.witnesses.len() < WITNESSES;
        if keep {
            self.witnesses.push(witness());
        }
        keep
    }

    /// The result.
    pub(super) fn result(self, id: &str, name: &str) -> PromiseResult {
        PromiseResult {
            id: id.to_owned(),
            name: name.to_owned(),
            checked: self.checked,
            violations: self.violations,
            witnesses: self.witnesses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{at, failed_over};

    #[test]
    fn a_witness_names_its_request_its_attempts_and_their_time() {
        // Attempt 0 from 12.001 s to 12.061 s, attempt 1 from there to 13.061 s.
        let record = failed_over(12);
        let second = Breach::new("no").of([1]).witness(&record);
        assert_eq!((second.number, second.attempts.as_slice()), (Some(12), &[1][..]));
        assert_eq!((second.from, second.to), (Some(at(12.061)), Some(at(13.061))));
        let both = Breach::new("no").of([0, 1]).witness(&record);
        assert_eq!((both.from, both.to), (Some(at(12.001)), Some(at(13.061))));
        let whole = Breach::new("no").with([3]).witness(&record);
        assert_eq!((whole.from, whole.others.as_slice()), (Some(at(12.0)), &[3][..]));
        let moments = Breach::new("no").of([0]).between(at(1.0), at(2.0)).witness(&record);
        assert_eq!((moments.from, moments.to), (Some(at(1.0)), Some(at(2.0))));
        let run = Breach::new("no").between(at(1.0), at(2.0)).of_the_run();
        assert_eq!((run.number, run.from, run.to), (None, Some(at(1.0)), Some(at(2.0))));
        let run = Breach::new("no").of([0]).between(at(1.0), at(2.0)).of_the_run();
        assert_eq!((run.number, run.from, run.to), (None, Some(at(1.0)), Some(at(2.0))));
    }

    #[test]
    fn few_witnesses_are_kept_and_all_are_counted() {
        let mut tally = Tally::default();
        let kept = (0..9).filter(|n| tally.add(Found::Broken(Breach::new("no")), &failed_over(*n))).count();
        assert_eq!(kept, WITNESSES);
        tally.add(Found::Kept, &failed_over(9));
        tally.add(Found::NotApplicable, &failed_over(10));
        let result = tally.result("I01", "name");
        assert_eq!((result.checked, result.violations, result.witnesses.len()), (10, 9, WITNESSES));
    }
}
