//! How long a healthy provider takes: distributions in whole microseconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A distribution of non-negative numbers: of microseconds, tokens or words, as its user says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dist {
    /// Always this.
    Constant(f64),
    /// Uniform over [from, to].
    Uniform {
        /// Least.
        from: f64,
        /// Most.
        to: f64,
    },
    /// Exponential with this mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Log-normal: the logarithm is normal with mean `mu` and standard deviation `sigma`.
    LogNormal {
        /// Mean of the logarithm: the median is `exp(mu)`.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
}

/// How long a healthy provider takes, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// From the whole request read to the first output.
    pub first_token: Dist,
    /// From each output token to the next.
    pub per_token: Dist,
    /// Added to the first output for every 1,000 prompt tokens.
    pub per_1k_prompt: Duration,
    /// From the whole request read to an error answer.
    pub error: Dist,
}
