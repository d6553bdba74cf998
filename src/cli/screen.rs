//! What the terminal can do, and writing to it.
//!
//! stdout is data and stderr is talk; both may be the same screen, on which a few live lines stand below everything
//! else. So every write goes through here: it takes the live lines away first, and whoever draws them puts them back.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::exit::Exit;
use crate::report::paint;

/// Width when nobody says: the classic terminal's, and a little.
const DEFAULT_WIDTH: usize = 100;

/// Narrowest width anything is laid out for.
const WIDTH_MIN: usize = 40;

/// Columns for pages: `COLUMNS` when set, as a user or a test may; else the terminal's own.
pub(super) fn width() -> usize {
    let columns = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let asked = columns.filter(|columns| *columns >= WIDTH_MIN);
    asked.or_else(|| size().map(|(columns, _)| columns.max(WIDTH_MIN))).unwrap_or(DEFAULT_WIDTH)
}

/// Columns and rows of the terminal on stdout, or where that leads elsewhere, on stderr.
pub(super) fn size() -> Option<(usize, usize)> {
    let size = terminal_size::terminal_size_of(io::stdout());
    let (columns, rows) = size.or_else(|| terminal_size::terminal_size_of(io::stderr()))?;
    Some((usize::from(columns.0), usize::from(rows.0)))
}

/// Whether stdout takes colour.
pub(super) fn stdout_color() -> bool {
    wants_color(io::stdout().is_terminal(), variable)
}

/// Whether stderr takes colour.
pub(super) fn stderr_color() -> bool {
    wants_color(io::stderr().is_terminal(), variable)
}

/// Whether a person watches stderr, so that what is shown there may move.
pub(super) fn is_live() -> bool {
    wants_motion(io::stderr().is_terminal(), variable)
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// Who forbids colour is obeyed first (`NO_COLOR`, then `CLICOLOR=0`), then who forces it (`FORCE_COLOR`,
/// `CLICOLOR_FORCE`); left alone, a terminal has colour unless it is a dumb one.
fn wants_color(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let on = |name| variable(name).map(|value| !is_off(&value));
    let forced = on("FORCE_COLOR").or_else(|| on("CLICOLOR_FORCE"));
    if variable("NO_COLOR").is_some() || forced == Some(false) {
        return false;
    }
    if forced == Some(true) {
        return true;
    }
    on("CLICOLOR") != Some(false) && terminal && !is_dumb(&variable)
}

/// Motion is for a person at a terminal: not for a log, and a machine of continuous integration writes logs.
fn wants_motion(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let in_ci = variable("CI").is_some_and(|value| !is_off(&value));
    terminal && !in_ci && !is_dumb(&variable)
}

fn is_dumb(variable: &impl Fn(&str) -> Option<String>) -> bool {
    variable("TERM").is_some_and(|term| term == "dumb")
}

fn is_off(value: &str) -> bool {
    ["0", "false", "no", "off"].contains(&value.to_ascii_lowercase().as_str())
}

/// The live lines as they stand on the screen now, the cursor at the end of the last.
static LIVE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<usize>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws `lines` in place of the live lines there are: one write, so nothing flickers. They must be narrower than the
/// terminal, which is `columns` wide.
pub(super) fn redraw(lines: &[String], plain: &[String], columns: usize) {
    let mut live = live();
    let text = wiped(&live, columns) + &lines.join("\r\n");
    *live = plain.iter().map(|line| paint::width(line)).collect();
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// Takes the live lines away.
pub(super) fn wipe() {
    wipe_all(&mut live());
}

fn wipe_all(live: &mut Vec<usize>) {
    if !live.is_empty() {
        let columns = size().map_or(DEFAULT_WIDTH, |(columns, _)| columns);
        drop(io::stderr().lock().write_all(wiped(live, columns).as_bytes()));
        live.clear();
    }
}

/// What takes lines of these widths away. A terminal that has become narrower has folded them since.
fn wiped(widths: &[usize], columns: usize) -> String {
    let rows: usize = widths.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
    match rows {
        0 => String::new(),
        1 => "\r\x1b[J".to_owned(),
        _ => format!("\r\x1b[{}A\x1b[J", rows - 1),
    }
}

/// Writes data to stdout. A reader that has left (`| head`) is no error.
pub(super) fn data(text: &str) {
    let mut live = live();
    wipe_all(&mut live);
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Writes talk to stderr.
pub(super) fn talk(text: &str) {
    let mut live = live();
    wipe_all(&mut live);
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// Says what is wrong with the command or a file, and ends with the code for that.
pub(super) fn usage(message: impl std::fmt::Display) -> Exit {
    talk(&format!("error: {message}\n"));
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn colour_follows_the_environment_and_then_the_terminal() {
        for (pairs, on_a_terminal, in_a_pipe) in [
            (&[][..], true, false),
            (&[("TERM", "dumb")], false, false),
            (&[("NO_COLOR", "1")], false, false),
            (&[("CLICOLOR", "0")], false, false),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[("CLICOLOR_FORCE", "0")], false, false),
            (&[("FORCE_COLOR", "1"), ("TERM", "dumb")], true, true),
            (&[("FORCE_COLOR", "0"), ("CLICOLOR_FORCE", "1")], false, false),
            (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], false, false),
            (&[("CI", "true")], true, false),
        ] {
            let got = [true, false].map(|terminal| wants_color(terminal, environment(pairs)));
            assert_eq!(got, [on_a_terminal, in_a_pipe], "{pairs:?}");
        }
    }

    #[test]
    fn only_a_person_at_a_terminal_sees_things_move() {
        for (pairs, on_a_terminal) in [
            (&[][..], true),
            (&[("CI", "true")], false),
            (&[("CI", "false")], true),
            (&[("TERM", "dumb")], false),
            (&[("NO_COLOR", "1")], true),
        ] {
            assert_eq!(wants_motion(true, environment(pairs)), on_a_terminal, "{pairs:?}");
            assert!(!wants_motion(false, environment(pairs)), "{pairs:?}");
        }
    }

    #[test]
    fn what_a_narrower_terminal_has_folded_is_taken_away_as_well() {
        // Three lines of 60 columns: three rows at 80 columns, two rows each at 40.
        assert_eq!(wiped(&[60, 60, 60], 80), "\r\x1b[2A\x1b[J");
        assert_eq!(wiped(&[60, 60, 60], 40), "\r\x1b[5A\x1b[J");
        assert_eq!(wiped(&[0], 80), "\r\x1b[J");
        assert_eq!(wiped(&[], 80), "");
    }
}
