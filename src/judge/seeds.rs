//! One scenario under many seeds: how it goes in general, instead of in one lucky draw.

use serde::{Deserialize, Serialize};

use super::Verdict;

/// What many runs of one scenario showed, each with a seed of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seeds {
    /// Every run, in the order of the seeds.
    pub runs: Vec<SeedRun>,
    /// The verdict on all of them.
    pub verdict: Verdict,
    /// Runs that passed.
    pub passed: u64,
    /// Their share.
    pub share: f64,
    /// Where the true share lies with 95 % confidence (Wilson's interval).
    pub interval: (f64, f64),
    /// The share that had to pass.
    pub wanted: f64,
    /// How each figure came out over the seeds, of the judged run as a whole.
    pub figures: Vec<SeedFigure>,
    /// How each expectation came out, in the order of the scenario.
    pub expectations: Vec<SeedExpectation>,
}

/// One of the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRun {
    /// Its seed.
    pub seed: u64,
    /// What it showed.
    pub verdict: Verdict,
    /// The weightiest reason, when it did not pass.
    pub reason: Option<String>,
}

/// A figure over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedFigure {
    /// `availability`, `latency.first_token.p99`.
    pub name: String,
    /// Runs that measured it.
    pub runs: u64,
    /// Least.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// Most.
    pub max: f64,
    /// Mean.
    pub mean: f64,
    /// Where the mean lies with 95 % confidence (bootstrap over the seeds).
    pub interval: (f64, f64),
}

/// An expectation over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedExpectation {
    /// As it was written.
    pub text: String,
    /// Runs that kept it, broke it, could not tell.
    pub counts: (u64, u64, u64),
    /// What was measured where it went worst, and with which seed.
    pub worst: Option<(f64, u64)>,
}
