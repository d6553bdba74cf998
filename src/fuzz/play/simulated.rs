//! The whole router on a simulated network.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::{Broken, LIVENESS};
use crate::fuzz::{Case, Coverage};
use crate::history::{HealthChange, Mode, Record, Trail};
use crate::judge::{Checked, Checker, Mismatch, PromiseResult, ScriptedResult, Verdict, Witness};
use crate::run::{self, Consumer};

/// Plays `case` in virtual time.
///
/// # Errors
///
/// As [`run::run`].
pub fn play(case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    played(case, Mode::Simulated, coverage)
}

/// Plays `case`, and says what it broke. Figures are not asked for: they would be half of the work.
pub(super) fn played(case: &Case, mode: Mode, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    coverage.begin(&case.scenario);
    let checker = Checker::new(run::header(&case.scenario, mode));
    let mut watched = Watched { checker, coverage };
    let footer = run::run(&case.scenario, mode, &Arc::default(), &mut watched)?;
    let Checked { promises, scripted } = watched.checker.finish(&footer);
    coverage.check_all(&promises);
    Ok(broken(&promises, &scripted))
}

/// What was broken: promises in the order of their ids, then what was asked of single requests.
#[must_use]
pub fn broken(promises: &[PromiseResult], scripted: &[ScriptedResult]) -> Vec<Broken> {
    let promises = promises.iter().filter(|promise| promise.violations > 0).map(|promise| Broken {
        promise: promise.id.clone(),
        what: promise.witnesses.first().map(|witness| witness.what.clone()).unwrap_or_default(),
        request: promise.witnesses.first().and_then(|witness| witness.number),
    });
    let scripted = scripted.iter().filter(|result| result.verdict == Verdict::Fail);
    let alive = scripted.map(|result| Broken {
        promise: LIVENESS.to_owned(),
        what: mismatches(result),
        request: Some(result.expectation.number),
    });
    promises.chain(alive).collect()
}

fn mismatches(result: &ScriptedResult) -> String {
    let words = |m: &Mismatch| format!("{}: expected {}, was {}", m.what, m.expected, m.actual);
    result.mismatches.iter().map(words).collect::<Vec<_>>().join("; ")
}

/// How `case` breaks a promise, told request by request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The least that shows it.
    pub witness: Witness,
    /// The requests it names, each with its attempts in short: `claude 429 rate_limited; flash ok`.
    pub requests: Vec<(u64, String)>,
}

/// Plays `case` in virtual time once more, to tell how it breaks `promise`; none if it does not.
///
/// # Errors
///
/// As [`run::run`].
pub fn shown(case: &Case, promise: &str) -> io::Result<Option<Shown>> {
    let mut told =
        Told { checker: Checker::new(run::header(&case.scenario, Mode::Simulated)), trails: BTreeMap::new() };
    let footer = run::run(&case.scenario, Mode::Simulated, &Arc::default(), &mut told)?;
    let Checked { promises, scripted } = told.checker.finish(&footer);
    let broken = promises.into_iter().find(|result| result.id == promise && result.violations > 0);
    let failed = || scripted.iter().find(|result| result.verdict == Verdict::Fail);
    let witness = match broken {
        Some(result) => result.witnesses.into_iter().next(),
        None if promise == LIVENESS => failed().map(|result| Witness {
            number: Some(result.expectation.number),
            what: mismatches(result),
            ..Witness::default()
        }),
        None => None,
    };
    Ok(witness.map(|witness| {
        let named = witness.number.iter().chain(&witness.others);
        let requests = named.filter_map(|number| Some((*number, told.trails.get(number)?.clone())));
        Shown { requests: requests.collect(), witness }
    }))
}

/// Keeps the trail of every request, in short: for a case that was made small.
struct Told {
    checker: Checker,
    trails: BTreeMap<u64, String>,
}

impl Consumer for Told {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let short = record.trail.as_ref().map(Trail::short).unwrap_or_default();
        self.trails.insert(record.caller.number, short);
        self.checker.record(record);
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.checker.health(change);
        Ok(())
    }
}

struct Watched<'a> {
    checker: Checker,
    coverage: &'a mut Coverage,
}

impl Consumer for Watched<'_> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let coverage = &mut *self.coverage;
        self.checker.observe(record, |joined| coverage.see(joined));
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.coverage.health(change);
        self.checker.health(change);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::Coverage;
    use crate::fuzz::generate::{Given, world};

    #[test]
    fn promises_are_judged_without_figures_as_they_are_with_them() {
        // Every result of every promise and every scripted request, witnesses included, over two hundred worlds.
        let mut asked = 0;
        for number in 0..200 {
            let case = world(&Given::default(), 7, number);
            let full = run::judge(&case.scenario, Mode::Simulated).expect("it runs");
            let mut checker = Checker::new(run::header(&case.scenario, Mode::Simulated));
            let mut consumer = Alone(&mut checker);
            let footer =
                run::run(&case.scenario, Mode::Simulated, &Arc::default(), &mut consumer).expect("it runs");
            let alone = checker.finish(&footer);
            assert_eq!(alone.promises, full.promises, "world {number}");
            assert_eq!(alone.scripted, full.scripted, "world {number}");
            asked += alone.promises.iter().map(|promise| promise.checked).sum::<u64>();
        }
        assert!(asked > 10_000, "{asked}: promises had nothing to say");
    }

    #[test]
    fn a_case_leaves_what_it_met_and_what_was_asked_of_it() {
        let mut coverage = Coverage::default();
        for number in 0..20 {
            play(&world(&Given::default(), 1, number), &mut coverage).expect("it runs");
        }
        assert!(coverage.len() > 10, "{:?}", coverage.pairs().collect::<Vec<_>>());
        assert_eq!(coverage.promises().count(), 29);
    }

    struct Alone<'a>(&'a mut Checker);

    impl Consumer for Alone<'_> {
        fn record(&mut self, record: &Record) -> io::Result<()> {
            self.0.record(record);
            Ok(())
        }

        fn health(&mut self, change: &HealthChange) -> io::Result<()> {
            self.0.health(change);
            Ok(())
        }
    }
}
