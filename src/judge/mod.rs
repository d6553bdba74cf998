//! Promises, expectations, figures, verdict: everything that is concluded from a history.
//!
//! A [`Judge`] is a fold: it takes a header, then every request as it ends, then a footer, and gives a
//! [`Judgement`]. It never keeps the history, so a million requests cost the memory of their histograms and of
//! the few requests kept as witnesses. A [`Checker`] asks for promises alone, and does without the figures. Read
//! on in `case` (the three witnesses joined), `promises` (one file each), `tally` and `figures` (what is added up,
//! and under which names), `verdict`.
//!
//! What never happens here: reading clocks, files or sockets; asking the router anything it did not write into
//! its trail. Truth is what providers saw and sent; the trail is a claim that is checked against it.

mod bootstrap;
mod budget;
mod case;
mod checks;
mod cuts;
pub mod diff;
mod exhibits;
pub(crate) mod expectations;
mod facts;
mod failover;
mod figures;
mod fold;
mod health;
mod hist;
mod hopeless;
mod judgement;
mod kinds;
mod load;
mod money;
mod outcome;
mod politeness;
mod promises;
mod races;
mod scripted;
pub mod seeds;
mod series;
mod sheet;
mod slack;
mod slices;
mod tally;
#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;
mod text;
mod truth;
mod verdict;
mod view;

pub(crate) use case::{Case, link};
pub use checks::{Checked, Checker};
pub use cuts::Cut;
pub(crate) use facts::Facts;
pub use failover::{Interval, WindowFigures};
pub use figures::PhaseFigures;
pub use fold::Judge;
pub(crate) use fold::kind_name;
pub use hist::Distribution;
pub use judgement::{
    ExpectationResult, Judgement, Mismatch, PromiseResult, Reason, ScriptedResult, Verdict, Witness,
};
pub(crate) use money::bill;
pub use outcome::Outcome;
pub(crate) use promises::JUDGED as FOREIGN_PROMISES;
pub use promises::promises;
pub use sheet::{Measure, Part, Sheet};
pub(crate) use tally::{attained, first_output};
pub(crate) use verdict::plural;
