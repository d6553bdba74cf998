//! How much extra work failures may cause, for all callers together.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A budget of extra calls: a share of the requests that came, plus a floor per second. It bounds amplification
/// when everything fails at once, and never stops the few repeats of a quiet time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Extra calls for each request, 0.2 for one in five.
    pub share: f64,
    /// Extra calls a second that are always allowed.
    pub per_second: f64,
}

/// When a second model is asked although the first has not failed yet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hedge {
    /// How long the first is waited for.
    pub after: HedgeAfter,
    /// What hedges may cost.
    pub budget: Budget,
    /// Second calls of one request at most.
    pub most: u32,
}

/// How long the first useful output is waited for before a second model is asked as well.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HedgeAfter {
    /// This long.
    Fixed(Duration),
    /// As long as this share of the model's recent calls took, but at least so long; until enough calls are known,
    /// nothing is hedged.
    Percentile {
        /// 0..1: 0.95 hedges the slowest twentieth.
        share: f64,
        /// Never sooner.
        at_least: Duration,
    },
}

/// How many calls a provider gets at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// At most.
    pub most: u32,
    /// Whether a provider's complaint about too many calls at once lowers the number (halved, then one more for each
    /// round of successes).
    pub adaptive: bool,
}
