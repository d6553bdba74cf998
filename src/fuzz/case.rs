//! A document that was checked: what is played, and what is saved.

use std::path::Path;
use std::time::Duration;

use super::Doc;
use crate::scenario::{Problems, Scenario, parse};

/// A scenario and the document it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// As it is written.
    pub doc: Doc,
    /// As it was understood.
    pub scenario: Scenario,
}

impl Case {
    /// Checks `doc`.
    ///
    /// # Errors
    ///
    /// All its problems: a generated world has none, a shrunk one may.
    pub fn new(doc: Doc) -> Result<Case, Problems> {
        Case::at(doc, Path::new("world.yaml"))
    }

    /// Checks `doc` as if it were the file `path`: recordings and incidents are sought beside it.
    ///
    /// # Errors
    ///
    /// All its problems.
    pub fn at(doc: Doc, path: &Path) -> Result<Case, Problems> {
        let scenario = parse(&doc.yaml(), path)?;
        Ok(Case { doc, scenario })
    }

    /// Requests it sends, about.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.scenario.estimated().ceil() as u64
    }

    /// Faults it scripts, as it is written.
    #[must_use]
    pub fn faults(&self) -> usize {
        self.doc.get("faults").map_or(0, |faults| faults.items().len())
    }

    /// When its last request is sent.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        self.scenario.ends().map_or(Duration::ZERO, |end| Duration::from_micros(end.as_us()))
    }
}
