//! Closed sets of words, for the JSON schema.

use super::{dist, fault, provider, request, retry};

/// Classes of latency.
pub(in crate::scenario) fn classes() -> impl Iterator<Item = &'static str> {
    dist::CLASSES.iter().map(|(word, _)| *word)
}

/// Wire formats.
pub(in crate::scenario) fn dialects() -> impl Iterator<Item = &'static str> {
    provider::DIALECTS.iter().map(|(word, _)| *word)
}

/// Outcomes of a request.
pub(in crate::scenario) fn outcomes() -> impl Iterator<Item = &'static str> {
    request::OUTCOMES.iter().map(|(word, _)| *word)
}

/// Vendors' errors.
pub(in crate::scenario) fn errors() -> impl Iterator<Item = &'static str> {
    fault::ERRORS.iter().map(|(word, _)| *word)
}

/// What may stand in `retry`.
pub(in crate::scenario) fn retry() -> impl Iterator<Item = &'static str> {
    retry::words()
}

/// Faults that are an error answer.
pub(in crate::scenario) fn error_faults() -> impl Iterator<Item = &'static str> {
    fault::HANDY_ERRORS.iter().map(|(word, ..)| *word)
}

/// Faults that need no more than their name.
pub(in crate::scenario) fn bare_faults() -> impl Iterator<Item = &'static str> {
    ["refuse_connections", "crash", "black_hole", "hang", "reset", "empty", "refusal", "malformed"]
        .into_iter()
        .chain(error_faults())
}
