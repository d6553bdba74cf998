//! A history and its judgement, for people and for machines.
//!
//! One history, many consumers. [`account`] folds a history into everything that any format shows: the judgement, and
//! the pictures of the run that figures alone do not give. [`suite`] is what a command has run: an account a scenario.
//! Every format renders these and nothing else, so that none of them can tell another story, and any of them can be
//! made again later from the history on disk. Start in [`terminal`]; [`json()`] is the machine's form.
//!
//! What never happens here: judging, reading clocks, printing. Functions give strings; who prints decides on
//! colour (NO_COLOR, terminals) and on width.

pub mod account;
mod checks;
pub(crate) mod command;
mod format;
pub mod html;
mod json;
mod junit;
mod paint;
pub mod plan;
pub mod suite;
pub mod terminal;
#[cfg(test)]
pub(crate) mod testkit;
mod words;

pub use account::Account;
pub use format::{File, Format, UnknownFormat, files, stem};
pub use json::{FORMAT_VERSION, json};
pub use junit::junit;
pub use plan::Plan;
pub use suite::{Chapter, Suite};
