//! Expectations: the thresholds a scenario sets, and the conditions under which a run is stopped, as data.
//!
//! `parse` reads them, `show` writes them, `reach` says which figure can be asked of which requests; `docs/scenarios.md`
//! explains the language. They are evaluated by the judge alone.

mod figure;
mod known;
mod lex;
mod parse;
mod reach;
mod right;
mod scope;
mod show;
mod stop;
#[cfg(test)]
mod tests;
mod value;

use serde::{Deserialize, Serialize};

pub use known::Known;
pub use reach::Reach;
pub use scope::{OUTCOMES, Scope};
pub use stop::{After, StopWhen};

/// One threshold: `latency.first_token.p99 < 3s during outage`. Two are equal that ask the same, wherever they stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// What is measured.
    pub measure: Measure,
    /// Comparison.
    pub op: Op,
    /// What it is compared with.
    pub threshold: Threshold,
    /// Where it stands in its scenario's file; none when it did not come from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl PartialEq for Expectation {
    fn eq(&self, other: &Self) -> bool {
        let asked =
            |one: &Expectation| (one.text.clone(), one.measure.clone(), one.op, one.threshold.clone());
        asked(self) == asked(other)
    }
}

/// A figure of a part of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Figure, as `metrics.md` names it: `availability`, `latency.first_token`.
    pub figure: String,
    /// Statistic of a distribution: `p99`, `mean`, `max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stat: Option<String>,
    /// Which phases and requests it speaks of.
    #[serde(default, skip_serializing_if = "Scope::is_everything")]
    pub scope: Scope,
}

/// What a measured value is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// A value in the figure's own unit (seconds, a share, a count, US dollars).
    Value(f64),
    /// Another measurement of the same run: `factor` times it, and `plus` on top.
    Of {
        /// What is measured.
        measure: Measure,
        /// `95% of` is 0.95, `2x of` is 2; 1 when nothing is said.
        factor: f64,
        /// In the figure's own unit; negative when it is taken off.
        plus: f64,
    },
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

/// A place in a scenario's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Character in that line, from 1.
    pub column: u32,
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
    /// Whether it is a name (of a phase, a tenant, …) that nothing has.
    pub unknown_name: bool,
}

impl Expectation {
    /// Every measurement it asks for: its own, and the one it is compared with.
    pub fn measures(&self) -> impl Iterator<Item = &Measure> {
        let other = match &self.threshold {
            Threshold::Of { measure, .. } => Some(measure),
            Threshold::Value(_) => None,
        };
        std::iter::once(&self.measure).chain(other)
    }
}

impl Measure {
    /// What a value of it is: the count of a distribution is a count.
    #[must_use]
    pub fn kind(&self) -> super::figure::Kind {
        use super::figure::Kind;
        if self.stat.as_deref() == Some("count") {
            return Kind::Count;
        }
        super::figure::find(&self.figure).map_or(Kind::Ratio, |figure| figure.kind)
    }

    /// Which parts of a run it can be asked of.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach::of(&self.figure)
    }
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

/// An error about a piece of the text.
fn error(message: impl Into<String>, help: impl Into<String>, span: std::ops::Range<usize>) -> ExpectError {
    ExpectError { message: message.into(), help: Some(help.into()), span, unknown_name: false }
}

/// `a`, `b`, `c`, each in backticks.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
