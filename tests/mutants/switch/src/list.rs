//! What `cargo mutants --list --json` says of a mutant.

use std::collections::BTreeSet;
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

/// The list in a file; with `MUTANTS_LEFT`, the table of an earlier run, only what was missed there.
pub fn read(path: &Path) -> Result<Vec<Mutant>, String> {
    let mut mutants: Vec<Mutant> =
        serde_json::from_str(&text(path)?).map_err(|error| format!("`{}`: {error}", path.display()))?;
    if let Some(table) = std::env::var_os("MUTANTS_LEFT") {
        let table = text(Path::new(&table))?;
        let missed = |line| -> Option<&str> {
            str::strip_prefix(line, "missed")?.split_once('\t').map(|(_, name)| name)
        };
        let left: BTreeSet<&str> = table.lines().filter_map(missed).collect();
        mutants.retain(|mutant| left.contains(&*mutant.name));
    }
    if mutants.is_empty() {
        return Err("there is no mutant to play".to_owned());
    }
    for (nth, mutant) in mutants.iter_mut().enumerate() {
        mutant.id = nth + 1;
    }
    Ok(mutants)
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))
}
