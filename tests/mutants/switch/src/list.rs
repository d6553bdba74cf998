//! What `cargo mutants --list --json` says of a mutant.

use std::path::Path;

use serde::Deserialize;

/// A place in a file, lines and columns from one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    pub line: usize,
    pub column: usize,
}

/// From one place to another.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Span {
    pub start: At,
    pub end: At,
}

/// What kind of change it is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

/// One change in one place.
#[derive(Clone, Debug, Deserialize)]
pub struct Mutant {
    /// Its place in the list, from one.
    #[serde(skip)]
    pub id: usize,
    pub name: String,
    pub file: String,
    pub genre: Genre,
    pub replacement: String,
    pub span: Span,
}

/// The list in a file.
pub fn read(path: &Path) -> Result<Vec<Mutant>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mut mutants: Vec<Mutant> =
        serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
    for (nth, mutant) in mutants.iter_mut().enumerate() {
        mutant.id = nth + 1;
    }
    Ok(mutants)
}
