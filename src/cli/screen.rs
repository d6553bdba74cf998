//! What the terminal can do, and writing to it.

use std::io::{self, IsTerminal, Write};

use super::exit::Exit;

/// Width when nobody says: the classic terminal's.
const DEFAULT_WIDTH: usize = 100;

/// Columns of the terminal: `COLUMNS` when set, as a shell or a test may.
pub(super) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|columns| *columns >= 40).unwrap_or(DEFAULT_WIDTH)
}

/// Whether stdout takes colour: a terminal, without NO_COLOR.
pub(super) fn stdout_color() -> bool {
    wants_color(io::stdout().is_terminal())
}

/// Whether stderr takes colour.
pub(super) fn stderr_color() -> bool {
    wants_color(io::stderr().is_terminal())
}

fn wants_color(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value: std::ffi::OsString| !value.is_empty());
    !set("NO_COLOR")
        && (terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb") || set("CLICOLOR_FORCE"))
}

/// Writes data to stdout. A reader that has left (`| head`) is no error.
pub(super) fn data(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Writes talk to stderr.
pub(super) fn talk(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// Says what is wrong with the command or a file, and ends with the code for that.
pub(super) fn usage(message: impl std::fmt::Display) -> Exit {
    talk(&format!("error: {message}\n"));
    Exit::Usage
}
