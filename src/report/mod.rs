//! A judgement, for people and for machines.
//!
//! One judgement, many consumers: every format renders the same [`crate::judge::Judgement`] and nothing else,
//! so that none of them can tell another story. Start in [`terminal`]; [`json()`] is the machine's form.
//!
//! What never happens here: judging, reading clocks, printing. Functions give strings; who prints decides on
//! colour (NO_COLOR, terminals) and on width.

mod json;
mod paint;
pub mod terminal;

pub use json::{FORMAT_VERSION, json};
