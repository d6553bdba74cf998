//! The pure core alone, as a state machine: engine and fleet, without sockets, bytes or tasks.

use std::io;

use super::Broken;
use crate::fuzz::{Case, Coverage};

/// Plays `case` on the pure core.
///
/// # Errors
///
/// Never so far.
pub fn play(_case: &Case, _coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    Ok(Vec::new())
}
