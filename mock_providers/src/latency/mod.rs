//! How long a healthy provider takes: distributions in whole microseconds.
//!
//! The samplers stand on the `libm` crate alone: the platform's `ln` and `exp` differ in the last bit from one
//! machine to the next, and a seed has to mean the same everywhere. One sample takes exactly one draw.
//!
//! ```
//! use mock_providers::dice::Dice;
//! use mock_providers::latency::Dist;
//!
//! // Half of the replies start within 400 ms, 99 % within 1.6 s.
//! let first = Dist::log_normal(400_000.0, 1_600_000.0)?;
//! let mut rng = Dice::new(7).key("latency").str("openai").stream();
//! assert!(first.sample_us(&mut rng) > 0);
//! assert!(Dist::log_normal(400.0, 300.0).is_err());
//! # Ok::<(), mock_providers::latency::InvalidDist>(())
//! ```

mod choices;
mod class;
mod normal;
mod table;

use std::time::Duration;

use rand::Rng;
use serde::{Deserialize, Serialize};

pub use choices::{CHOICES_MAX, Choices};
pub(crate) use table::Tabled;

use crate::dice::Key;

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
    /// One of a few values.
    OneOf(Choices),
    /// Log-normal, but for a share of the draws that are multiplied: the slow tail that a single curve does not have.
    Tailed {
        /// Mean of the logarithm, of those outside the tail.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
        /// Share of the draws in the tail, from 0 to 1.
        share: f64,
        /// Multiplies what is drawn there.
        factor: f64,
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

/// A distribution nothing can be drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("draw from this distribution: {0}")]
pub struct InvalidDist(&'static str);

// === impl Dist ===

impl Dist {
    /// The log-normal distribution with these quantiles: half of all draws lie below `p50`, 99 % below `p99`.
    ///
    /// # Errors
    /// When a quantile is not a positive number, or `p99` lies below `p50`.
    pub fn log_normal(p50: f64, p99: f64) -> Result<Self, InvalidDist> {
        Dist::through(0.5, p50, 0.99, p99)
    }

    /// The log-normal distribution through two quantiles: a share `q1` of all draws lies below `v1`, `q2` below
    /// `v2` (`through(0.5, p50, 0.95, p95)`).
    ///
    /// # Errors
    /// When a value is not positive and finite, `q1 < q2` inside (0, 1) does not hold, or `v2` lies below `v1`.
    pub fn through(q1: f64, v1: f64, q2: f64, v2: f64) -> Result<Self, InvalidDist> {
        if !(positive(v1) && positive(v2)) {
            return Err(InvalidDist("a quantile of a log-normal distribution has to be a positive number"));
        }
        if !(0.0 < q1 && q1 < q2 && q2 < 1.0) {
            return Err(InvalidDist("quantiles have to rise, between 0 and 1"));
        }
        if v2 < v1 {
            return Err(InvalidDist("the higher quantile has to be the larger value"));
        }
        let (z1, z2) = (normal::quantile_precise(q1), normal::quantile_precise(q2));
        let sigma = libm::log(v2 / v1) / (z2 - z1);
        Ok(Dist::LogNormal { mu: libm::log(v1) - sigma * z1, sigma })
    }

    /// The log-normal distribution with this median, and this standard deviation of the logarithm.
    ///
    /// # Errors
    /// When the median is not positive, or `sigma` is negative or not finite.
    pub fn median(median: f64, sigma: f64) -> Result<Self, InvalidDist> {
        if !positive(median) {
            return Err(InvalidDist("the median has to be a positive number"));
        }
        Dist::LogNormal { mu: libm::log(median), sigma }.checked()
    }

    /// This distribution, if one can draw from it.
    ///
    /// # Errors
    /// When a parameter is not finite or negative, or a range runs backwards. Distributions that are written as
    /// literals are not checked; what they draw is cut to whole, non-negative numbers all the same.
    pub fn checked(self) -> Result<Self, InvalidDist> {
        let sound = match self {
            Dist::Constant(value) => natural(value),
            Dist::Uniform { from, to } => natural(from) && natural(to) && from <= to,
            Dist::Exponential { mean } => natural(mean),
            Dist::LogNormal { mu, sigma } => mu.is_finite() && natural(sigma),
            Dist::OneOf(choices) => choices.is_sound(),
            Dist::Tailed { mu, sigma, share, factor } => {
                mu.is_finite() && natural(sigma) && (0.0..=1.0).contains(&share) && natural(factor)
            }
        };
        if sound {
            Ok(self)
        } else {
            Err(InvalidDist("parameters have to be finite, in order and not negative"))
        }
    }

    /// Draws: one draw of `rng` a sample, none from a constant.
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        match *self {
            Dist::Constant(value) => value,
            _ => self.quantile(unit(rng)),
        }
    }

    /// What the draw `p` in (0, 1) means: the value below which a share `p` of all draws lies, but for choices and
    /// tails, whose values stand side by side.
    fn quantile(&self, p: f64) -> f64 {
        match *self {
            Dist::Constant(value) => value,
            Dist::Uniform { from, to } => from + (to - from) * p,
            Dist::Exponential { mean } => -mean * libm::log(1.0 - p),
            Dist::LogNormal { mu, sigma } => libm::exp(mu + sigma * normal::quantile(p)),
            Dist::OneOf(choices) => choices.pick(p),
            Dist::Tailed { mu, sigma, share, factor } => {
                let body = Dist::LogNormal { mu, sigma };
                // What is left of the draw inside its part is again uniform in (0, 1).
                let inside = |p: f64| p.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0);
                if p < 1.0 - share {
                    body.quantile(inside(p / (1.0 - share)))
                } else {
                    factor * body.quantile(inside((p - (1.0 - share)) / share))
                }
            }
        }
    }

    /// Draws, rounded to a whole number; what is not a number counts as zero, what is too large as the largest.
    pub fn sample_us<R: Rng + ?Sized>(&self, rng: &mut R) -> u64 {
        whole(self.sample(rng))
    }

    /// Draws by a key of its own; a constant needs none.
    pub(crate) fn keyed_us(&self, key: impl FnOnce() -> Key) -> u64 {
        match *self {
            Dist::Constant(value) => whole(value),
            _ => self.sample_us(&mut key().stream()),
        }
    }

    /// Draws whole microseconds.
    pub fn sample_duration<R: Rng + ?Sized>(&self, rng: &mut R) -> Duration {
        Duration::from_micros(self.sample_us(rng))
    }
}

/// The nearest whole number: 0 for NaN and negative ones, the largest for those beyond.
pub(crate) fn whole(value: f64) -> u64 {
    libm::round(value) as u64
}

/// Uniform in (0, 1), both ends excluded, with 53 bits.
fn unit<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn natural(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

#[cfg(test)]
mod tests;
