//! The whole router on a simulated network.

use std::io;
use std::sync::Arc;

use super::Broken;
use crate::fuzz::{Case, Coverage};
use crate::history::{HealthChange, Mode, Record};
use crate::judge::{Judge, Judgement, Mismatch, ScriptedResult, Verdict};
use crate::run::{self, Consumer};

/// Plays `case` in virtual time.
///
/// # Errors
///
/// As [`run::run`].
pub fn play(case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    judged(case, Mode::Simulated, coverage).map(|judgement| broken(&judgement))
}

/// Plays and judges `case`.
pub(super) fn judged(case: &Case, mode: Mode, coverage: &mut Coverage) -> io::Result<Judgement> {
    let judge = Judge::new(run::header(&case.scenario, mode));
    let mut watched = Watched { judge, coverage };
    let footer = run::run(&case.scenario, mode, &Arc::default(), &mut watched)?;
    Ok(watched.judge.finish(footer))
}

/// What a judgement says was broken: promises in the order of their ids, then what was asked of single requests.
#[must_use]
pub fn broken(judgement: &Judgement) -> Vec<Broken> {
    let promises = judgement.promises.iter().filter(|promise| promise.violations > 0).map(|promise| Broken {
        promise: promise.id.clone(),
        what: promise.witnesses.first().map(|witness| witness.what.clone()).unwrap_or_default(),
        request: promise.witnesses.first().and_then(|witness| witness.number),
    });
    let scripted = judgement.scripted.iter().filter(|result| result.verdict == Verdict::Fail);
    let alive = scripted.map(|result| Broken {
        promise: "liveness".to_owned(),
        what: mismatches(result),
        request: Some(result.expectation.number),
    });
    promises.chain(alive).collect()
}

fn mismatches(result: &ScriptedResult) -> String {
    let words = |m: &Mismatch| format!("{}: expected {}, was {}", m.what, m.expected, m.actual);
    result.mismatches.iter().map(words).collect::<Vec<_>>().join("; ")
}

struct Watched<'a> {
    judge: Judge,
    coverage: &'a mut Coverage,
}

impl Consumer for Watched<'_> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.coverage.record(record);
        self.judge.record(record);
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.coverage.health(change);
        self.judge.health(change);
        Ok(())
    }
}
