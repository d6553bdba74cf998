//! A history and its judgement, for people and for machines.
//!
//! One history, many consumers. [`account`] folds a history into everything that any format shows: the judgement, and
//! the pictures of the run that figures alone do not give. [`suite`] is what a command has run: an account a scenario.
//! Every format renders these and nothing else, so that none of them can tell another story, and any of them can be
//! made again later from the history on disk. Start in [`terminal`]; [`Format`] names the forms for files, and [`files`]
//! makes them.
//!
//! What never happens here: judging, reading clocks, printing. Functions give strings; who prints decides on
//! colour (NO_COLOR, terminals) and on width.

pub mod account;
mod checks;
pub(crate) mod command;
pub mod csv;
mod format;
mod github;
mod hlog;
pub mod html;
pub mod instructive;
mod json;
mod junit;
mod limits;
mod markdown;
mod openmetrics;
pub(crate) mod paint;
pub mod plan;
pub(crate) mod promised;
mod requests;
pub mod suite;
pub mod terminal;
#[cfg(test)]
pub(crate) mod testkit;
mod units;
mod words;

pub use account::Account;
pub use format::{File, Format, UnknownFormat, files, stem};
pub use github::github;
pub use hlog::hlog;
pub use json::{FORMAT_VERSION, json};
pub use junit::junit;
pub use markdown::markdown;
pub use openmetrics::openmetrics;
pub use plan::Plan;
pub use requests::{Requests, RequestsError, requests};
pub use suite::{Chapter, Suite};
