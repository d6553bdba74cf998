//! What a terminal shows: a line a scenario, a page for a single one, a failure told as a story.

mod closing;
mod explain;
mod failure;
mod histogram;
mod status;
mod summary;
mod tables;

pub use closing::{closing, tally};
pub use explain::explain;
pub use failure::failure;
pub use status::{speed, status_header, status_line};
pub use summary::summary;

use crate::history::{Header, Mode};

/// Narrowest page: below this, lines are laid out for it and the terminal wraps them.
const WIDTH_MIN: usize = 60;

/// Widest page: longer lines are harder to read, not easier.
const WIDTH_MAX: usize = 120;

fn page_width(width: usize) -> usize {
    width.clamp(WIDTH_MIN, WIDTH_MAX)
}

/// The command that runs it again.
fn again(header: &Header) -> String {
    let real = if header.mode == Mode::RealTime { " --real-time" } else { "" };
    format!("brownout run {} --seed {}{real}", word(&header.path), header.seed)
}

/// A word of a command line, quoted where a shell would split it or read more into it.
fn word(text: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || "/._-+:@%=,".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
