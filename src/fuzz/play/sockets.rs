//! The whole router over loopback TCP, in real time: few cases, for what a simulated network cannot show.

use std::io;

use super::{Broken, simulated};
use crate::fuzz::{Case, Coverage};
use crate::history::Mode;

/// Plays `case` over sockets.
///
/// # Errors
///
/// When a port cannot be bound.
pub fn play(case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    simulated::played(case, Mode::RealTime, coverage)
}
