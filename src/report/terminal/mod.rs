//! What a terminal shows: a line a scenario, a page for a single one, a failure told as a story.

mod closing;
mod diff;
mod explain;
mod failure;
mod figures;
mod histogram;
mod seeds;
mod status;
mod summary;
mod tables;
mod timeline;

pub use closing::{closing, tally};
pub use diff::{Depth, diff, diff_tally};
pub use explain::{explain, instructive, story};
pub use failure::failure;
pub use figures::{figure, figures};
pub use seeds::seeds;
pub use status::{slowest, speed, status_header, status_line};
pub use summary::summary;

/// Narrowest page: below this, lines are laid out for it and the terminal wraps them.
const WIDTH_MIN: usize = 40;

/// Widest page: longer lines are harder to read, not easier.
const WIDTH_MAX: usize = 120;

fn page_width(width: usize) -> usize {
    width.clamp(WIDTH_MIN, WIDTH_MAX)
}

#[cfg(test)]
mod tests;
