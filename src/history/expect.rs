//! Expectations: the thresholds a scenario sets, as data.

mod parse;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// One threshold: `latency.first_token.p99 < 3s during outage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// Figure, as `metrics.md` names it: `availability`, `latency.first_token`.
    pub figure: String,
    /// Statistic of a distribution: `p99`, `mean`, `max`.
    pub stat: Option<String>,
    /// Comparison.
    pub op: Op,
    /// Threshold in the figure's own unit (seconds, a share, a count, US dollars).
    pub value: f64,
    /// Phase (a name, or a kind: `baseline`, `fault`, `recovery`); none means the judged run as a whole.
    pub during: Option<String>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
    /// `==`
    #[serde(rename = "==")]
    Equal,
}

/// Why an expectation cannot be understood, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpectError {
    /// What is wrong: a fragment that names the thing in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Bytes of the text it is about.
    pub span: std::ops::Range<usize>,
}

impl Op {
    /// The comparison as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::Greater => ">",
            Op::AtLeast => ">=",
            Op::Equal => "==",
        }
    }

    /// Whether `measured` keeps the threshold.
    #[must_use]
    pub fn holds(self, measured: f64, threshold: f64) -> bool {
        /// Measured values are rounded to nine decimals; equality cannot ask for more.
        const EQUAL_WITHIN: f64 = 1e-9;
        match self {
            Op::Less => measured < threshold,
            Op::AtMost => measured <= threshold,
            Op::Greater => measured > threshold,
            Op::AtLeast => measured >= threshold,
            Op::Equal => (measured - threshold).abs() <= EQUAL_WITHIN,
        }
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
