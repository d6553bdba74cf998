//! Closed sets of words, for the JSON schema.

use super::{dist, fault, limit, preset, provider, request, retry};

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

/// Finish reasons.
pub(in crate::scenario) fn finishes() -> impl Iterator<Item = &'static str> {
    request::FINISHES.iter().map(|(word, _)| *word)
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

/// What a limit counts.
pub(in crate::scenario) const MEASURES: &[&str] = &limit::MEASURES;

/// Whose calls a limit counts together.
pub(in crate::scenario) fn scopes() -> impl Iterator<Item = &'static str> {
    limit::SCOPES.iter().map(|(word, _)| *word)
}

/// Whether refused calls count.
pub(in crate::scenario) fn refused() -> impl Iterator<Item = &'static str> {
    limit::REFUSED.iter().map(|(word, _)| *word)
}

/// Waits no caller can obey.
pub(in crate::scenario) fn nonsense() -> impl Iterator<Item = &'static str> {
    fault::NONSENSE.iter().map(|(word, _)| *word)
}

/// Presets.
pub(in crate::scenario) fn presets() -> impl Iterator<Item = &'static str> {
    preset::PRESETS.iter().map(|preset| preset.name)
}
