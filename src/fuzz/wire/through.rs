//! Replies through the whole router (written below).
use proptest::test_runner::TestRunner;

use super::valid::Valid;
use super::vector::Vector;

/// Nothing yet.
#[must_use]
pub fn play(_valid: &Valid, _chance: &mut TestRunner) -> Vec<Vector> {
    Vec::new()
}
