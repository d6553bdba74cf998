//! What is promised, in the words of the document that defines it.

/// The document; what it says of each promise is said elsewhere too.
const PROMISES: &str = include_str!("../../docs/invariants.md");

/// A promise as the documents define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Promise {
    /// `I01`.
    pub(crate) id: &'static str,
    /// Its name, and what holds.
    pub(crate) says: &'static str,
    /// What is checked on a run.
    pub(crate) check: &'static str,
}

/// The promises that are defined, in the order of the document.
pub(crate) fn promises() -> impl Iterator<Item = Promise> {
    PROMISES.lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let (promise, check) = row.split_once(" | ")?;
        // The table of tests further down has no names.
        let (id, says) = promise.split_once(' ')?;
        (id.len() == 3 && id.starts_with('I')).then_some(Promise { id, says, check })
    })
}
