//! Closed sets of words, for the JSON schema.

use super::{dist, fault, provider, request, retry};

/// Classes of latency.
pub(in crate::scenario) fn classes() -> impl Iterator<Item = &'static str> {
    dist::CLASSES.iter().map(|(word, _)| *word)
}

/// Wire formats.
pub(in crate::scenario) fn dialects() -> impl Iterator<Item = &'static str> {
    provider::dialects().into_iter().map(|(word, _)| word)
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

/// Faults.
pub(in crate::scenario) use super::fault::{Kind, Word, words as faults};
