//! Two runs of the same scenarios compared: what changed, and whether that is more than noise.

use serde::{Deserialize, Serialize};

/// A scenario before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    /// Its name.
    pub scenario: String,
    /// Seeds that both have: the pairs.
    pub seeds: Vec<u64>,
    /// Every figure that both measured.
    pub figures: Vec<FigureDiff>,
    /// The worst of its figures.
    pub change: Change,
}

/// A figure before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureDiff {
    /// Phase, or `run`.
    pub phase: String,
    /// `availability`, `latency.first_token.p99`.
    pub name: String,
    /// Mean over the pairs, before.
    pub before: f64,
    /// Mean over the pairs, after.
    pub after: f64,
    /// Where the mean difference lies with 95 % confidence (paired bootstrap); none with too few pairs.
    pub interval: Option<(f64, f64)>,
    /// What to make of it.
    pub change: Change,
}

/// What to make of a difference, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// There is none.
    Same,
    /// For the better, and more than chance would do.
    Better,
    /// Chance may have done it.
    Noise,
    /// For the worse, and more than chance would do.
    Worse,
}
