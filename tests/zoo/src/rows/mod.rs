//! What each defect is expected to break, and which real failures it is like.
//!
//! A defect often breaks more than one promise: the first one named is what it is about. The ids of the failures are those of the
//! field report in `docs/field.md`.

mod effort;
mod failures;
mod health;
mod policy;
mod streams;
mod truth;

use brownout::router::seam::Defect;

/// What is expected of a defect.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which one.
    pub defect: Defect,
    /// The promises it may be caught by, the one it is about first.
    pub breaks: &'static [&'static str],
    /// Failures of real routers that it is like.
    pub like: &'static [&'static str],
}

const fn row(defect: Defect, breaks: &'static [&'static str], like: &'static [&'static str]) -> Row {
    Row { defect, breaks, like }
}

/// All of them, in the order of the defects.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let rooms =
        [failures::ROWS, effort::ROWS, streams::ROWS, health::ROWS, policy::ROWS, truth::ROWS].into_iter();
    rooms.flatten()
}

impl Row {
    /// The row of the defect with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Row> {
        rows().find(|row| row.defect.name() == name)
    }

    /// Whether `promise` is one that it may be caught by.
    #[must_use]
    pub fn names(&self, promise: &str) -> bool {
        self.breaks.contains(&promise)
    }
}
