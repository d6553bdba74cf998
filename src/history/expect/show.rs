//! Expectations as text again: every word that was left out is there, and reading it gives the same data.

use std::fmt;

use super::scope::Key;
use super::{After, Expectation, Measure, Scope, StopWhen, Threshold};
use crate::history::figure::Kind;

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.measure, self.op.symbol())?;
        let kind = self.measure.kind();
        match &self.threshold {
            Threshold::Value(value) => f.write_str(&written(kind, *value)),
            Threshold::Of { measure, factor, plus } => {
                if *factor != 1.0 {
                    write!(f, "{factor}x of ")?;
                }
                write!(f, "{measure}")?;
                match *plus {
                    0.0 => Ok(()),
                    less if less < 0.0 => write!(f, " - {}", written(kind, -less)),
                    more => write!(f, " + {}", written(kind, more)),
                }
            }
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.figure)?;
        if let Some(stat) = &self.stat {
            write!(f, ".{stat}")?;
        }
        write!(f, "{}", self.scope)
    }
}

/// With a space before it, and nothing for the whole run.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.during.is_empty() {
            write!(f, " during {}", self.during.join("|"))?;
        }
        let asked = Key::ALL.into_iter().filter(|key| !self.of(*key).is_empty());
        let asked: Vec<_> = asked.map(|key| format!("{}={}", key.name(), self.of(key).join("|"))).collect();
        if asked.is_empty() { Ok(()) } else { write!(f, " for {}", asked.join(",")) }
    }
}

impl fmt::Display for StopWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {}", self.when, self.after)
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            After::Requests(count) => write!(f, "{count} requests"),
            After::Time(time) => write!(f, "{}s", time.as_secs_f64()),
        }
    }
}

/// A value in its kind's own unit, with every digit.
fn written(kind: Kind, value: f64) -> String {
    match kind {
        Kind::Share | Kind::Count | Kind::Ratio => format!("{value}"),
        Kind::Durations | Kind::Duration => format!("{value}s"),
        Kind::Money => format!("{value}usd"),
        Kind::Rate => format!("{value}/s"),
    }
}
