//! Two runs of the same scenarios compared: what changed, and whether that is more than noise.

use serde::{Deserialize, Serialize};

pub use crate::history::direction::Better;

/// A scenario before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    /// Its name.
    pub scenario: String,
    /// Seeds that both have: the pairs.
    pub seeds: Vec<u64>,
    /// What was paired to tell a change from chance.
    pub basis: Basis,
    /// Runs among the pairs that passed, before and after.
    pub passed: (u64, u64),
    /// Every figure that both measured.
    pub figures: Vec<FigureDiff>,
    /// Figures that only one side measured.
    pub lone: Vec<Lone>,
    /// The worst of its figures.
    pub change: Change,
}

/// What was paired to tell a change from chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Runs with the same seed.
    Seeds,
    /// Requests with the same number in runs with the same seed.
    Requests,
    /// Nothing: too few seeds, and no histories.
    None,
}

/// A figure before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureDiff {
    /// Phase, or `run`.
    pub phase: String,
    /// `availability`, `latency.first_token.p99`.
    pub name: String,
    /// Which way it is good.
    pub better: Better,
    /// Mean over the pairs, before.
    pub before: f64,
    /// Mean over the pairs, after.
    pub after: f64,
    /// Where the mean difference lies with 95 % confidence (paired bootstrap); none with too few pairs.
    pub interval: Option<(f64, f64)>,
    /// What to make of it.
    pub change: Change,
}

/// A figure that only one side measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lone {
    /// Phase, or `run`.
    pub phase: String,
    /// `time_to_failover`.
    pub name: String,
    /// Mean over the runs that measured it before, when any did.
    pub before: Option<f64>,
    /// The same after.
    pub after: Option<f64>,
}

/// What to make of a difference, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// There is none, or none that matters.
    Same,
    /// Neither for better nor for worse, and more than chance would do.
    Moved,
    /// For the better, and more than chance would do.
    Better,
    /// Chance may have done it.
    Noise,
    /// For the worse, and more than chance would do.
    Worse,
}
