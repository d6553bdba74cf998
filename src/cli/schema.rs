//! `brownout schema`: the JSON Schema of scenario files.

use super::exit::Exit;
use super::screen;

/// Prints the schema.
pub(super) fn command() -> Exit {
    screen::data(&format!("{:#}\n", crate::scenario::schema()));
    Exit::Pass
}
