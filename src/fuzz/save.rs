//! Writes down what was found: an ordinary scenario, with its promise, its witness and how to play it again.

use super::{Broken, Case, Depth};

/// A finding as a scenario file.
#[must_use]
pub fn text(case: &Case, broken: &Broken, depth: Depth) -> String {
    format!("# {} at depth {depth}: {}\n{}", broken.promise, broken.what, case.doc.yaml())
}
