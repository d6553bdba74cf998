//! What a judge hands on: figures, promises, expectations, verdict and the requests that explain them.

use serde::{Deserialize, Serialize};

use super::failover::WindowFigures;
use super::figures::PhaseFigures;
use crate::history::expect::Expectation;
use crate::history::{Aborted, Footer, Header, Moment, Record, ScriptedExpectation};

/// The outcome of judging one run. The same history gives the same judgement, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[must_use = "a judgement nobody reads lets a failed run pass"]
pub struct Judgement {
    /// What was planned.
    pub header: Header,
    /// What was counted at the end.
    pub footer: Footer,
    /// Pass, fail or inconclusive.
    pub verdict: Verdict,
    /// Why, the weightiest first; empty for a pass.
    pub reasons: Vec<Reason>,
    /// The judged run: every phase but the warm-up.
    pub whole: PhaseFigures,
    /// Each phase, in order.
    pub phases: Vec<PhaseFigures>,
    /// Each fault window, in the order of the scenario.
    pub windows: Vec<WindowFigures>,
    /// Promises, in the order of their ids.
    pub promises: Vec<PromiseResult>,
    /// Thresholds, in the order of the scenario.
    pub expectations: Vec<ExpectationResult>,
    /// Scripted requests, in the order of the scenario.
    pub scripted: Vec<ScriptedResult>,
    /// The slowest requests, slowest first: numbers into `worst`.
    pub slowest: Vec<u64>,
    /// Requests worth a closer look, in full and in the order of their numbers: witnesses, failed scripted
    /// requests, the slowest, one of each distinct failure. Bounded.
    pub worst: Vec<Record>,
}

/// What a run showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything was kept.
    Pass,
    /// A promise, an expectation or a scripted request was broken.
    Fail,
    /// The run proved nothing.
    Inconclusive,
}

/// A reason for a verdict that is not a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The verdict it speaks for.
    pub verdict: Verdict,
    /// What happened.
    pub what: String,
    /// What to change, or where to look.
    pub help: String,
}

/// How a promise was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromiseResult {
    /// Its id in `docs/invariants.md`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Requests it applied to.
    pub checked: u64,
    /// Requests that broke it.
    pub violations: u64,
    /// The first of these.
    pub witnesses: Vec<Witness>,
}

/// The least that shows how a promise was broken: which request, which of its attempts, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The request's number; none when no single request is to blame.
    pub number: Option<u64>,
    /// Its correlation id.
    pub request_id: Option<String>,
    /// What happened.
    pub what: String,
    /// The attempts it is about, by their numbers from 0 in the order in which they began. At most four.
    #[serde(default)]
    pub attempts: Vec<u32>,
    /// When it began: a moment of the run, in microseconds from its start.
    #[serde(default)]
    pub from: Option<Moment>,
    /// When it was over or, where that says more, when it should have been.
    #[serde(default)]
    pub to: Option<Moment>,
    /// Other requests without which it cannot be seen, by their numbers. At most four.
    #[serde(default)]
    pub others: Vec<u64>,
}

/// How a threshold was met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectationResult {
    /// What was expected.
    pub expectation: Expectation,
    /// What was measured, in the figure's unit; none without samples, or when the awaited event never came.
    pub measured: Option<f64>,
    /// What that rests on: requests, or samples of a distribution.
    pub samples: u64,
    /// The threshold in the figure's unit: as it was written, or worked out from what it refers to (`95% of baseline`);
    /// none when that could not be measured.
    pub threshold: Option<f64>,
    /// What the threshold rests on; none when it is a plain value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold_samples: Option<u64>,
    /// Pass, fail, or inconclusive without samples.
    pub verdict: Verdict,
    /// The comparison in words.
    pub explanation: String,
}

/// How a scripted request went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScriptedResult {
    /// What it had to do.
    pub expectation: ScriptedExpectation,
    /// Pass or fail; inconclusive when the run was stopped before it was over.
    pub verdict: Verdict,
    /// Every difference, in words.
    pub mismatches: Vec<Mismatch>,
}

/// One difference between what a scripted request had to do and what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// In what: `attempts`, `served_by`, `status`, `outcome`, `error`, `within`, `not_before`.
    pub what: String,
    /// As scripted.
    pub expected: String,
    /// As it happened.
    pub actual: String,
}

impl Judgement {
    /// Why the run was given up, when a condition of `abort_on` held.
    #[must_use]
    pub fn given_up(&self) -> Option<&Reason> {
        let hopeless = matches!(self.footer.aborted, Some(Aborted::Hopeless { .. }));
        self.reasons.first().filter(|_| hopeless)
    }

    /// The full record of a request, when it was kept.
    #[must_use]
    pub fn record(&self, number: u64) -> Option<&Record> {
        self.worst.iter().find(|record| record.caller.number == number)
    }
}

impl Verdict {
    /// As a report prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}
