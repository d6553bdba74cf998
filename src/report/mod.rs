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
pub(crate) mod command;
pub mod html;
mod json;
mod paint;
pub mod suite;
pub mod terminal;
mod words;

pub use account::Account;
pub use json::{FORMAT_VERSION, json};
pub use suite::Suite;
