//! What a run is held to, whatever its figures: the promises, and what was scripted of single requests.

use std::collections::BTreeMap;

use super::case::Case;
use super::facts::Facts;
use super::judgement::{PromiseResult, ScriptedResult, Verdict};
use super::promises::Promises;
use super::scripted;
use crate::history::{Footer, Header, HealthChange, Record};

/// How everything was kept so far.
#[derive(Debug)]
pub(super) struct Checks {
    promises: Promises,
    /// Results of scripted requests by their place in the header.
    scripted: BTreeMap<usize, ScriptedResult>,
}

impl Checks {
    pub(super) fn new(facts: &Facts) -> Checks {
        Checks { promises: Promises::new(facts), scripted: BTreeMap::new() }
    }

    /// Checks one request; true when it shows that something was broken, so that it must be kept.
    pub(super) fn check(&mut self, case: &Case<'_>) -> bool {
        let mut witness = self.promises.check(case);
        let script = case.facts.header.scripted.iter().enumerate();
        for (index, expectation) in script.filter(|(_, e)| e.number == case.record.caller.number) {
            let result = scripted::judge(expectation, case);
            witness |= result.verdict == Verdict::Fail;
            self.scripted.insert(index, result);
        }
        witness
    }

    /// Takes a change of a target's standing with the router.
    pub(super) fn health(&mut self, facts: &Facts, change: &HealthChange) {
        self.promises.health(facts, change);
    }

    pub(super) fn finish(self, facts: &Facts, footer: &Footer) -> Checked {
        let script = facts.header.scripted.iter().enumerate();
        let aborted = footer.aborted.is_some();
        let result = |(index, expected)| {
            self.scripted.get(&index).cloned().unwrap_or_else(|| scripted::missing(expected, aborted))
        };
        Checked { scripted: script.map(result).collect(), promises: self.promises.results(facts, footer) }
    }
}

/// Judges a run by its promises and scripted requests alone.
///
/// Figures are the larger part of what a [`Judge`](super::Judge) costs, in time and memory, and say nothing of whether a promise
/// was kept. Whoever plays thousands of small worlds to see one break wants this.
#[derive(Debug)]
#[must_use = "a checker that is not asked to `finish` says nothing"]
pub struct Checker {
    facts: Facts,
    checks: Checks,
}

/// What a [`Checker`] found: the same, to the letter, as a full judge finds.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Promises, in the order of their ids.
    pub promises: Vec<PromiseResult>,
    /// Scripted requests, in the order of the scenario.
    pub scripted: Vec<ScriptedResult>,
}

impl Checker {
    /// A checker of the run that `header` describes.
    pub fn new(header: Header) -> Checker {
        let facts = Facts::new(header);
        Checker { checks: Checks::new(&facts), facts }
    }

    /// Takes one request, in order of completion.
    pub fn record(&mut self, record: &Record) {
        self.observe(record, |_| {});
    }

    /// The same, and shows the joined request to whoever adds up something of their own.
    pub(crate) fn observe(&mut self, record: &Record, see: impl FnOnce(&Case<'_>)) {
        let case = Case::new(record, &self.facts);
        see(&case);
        self.checks.check(&case);
    }

    /// Takes a change of a target's standing with the router.
    pub fn health(&mut self, change: &HealthChange) {
        self.checks.health(&self.facts, change);
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(self, footer: &Footer) -> Checked {
        self.checks.finish(&self.facts, footer)
    }
}
