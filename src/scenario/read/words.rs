//! Closed sets of words, for the JSON schema.

use super::{breaker, dist, fault, limit, model, policy, preset, provider, request, retry, stream};

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

/// Faces of the router.
pub(in crate::scenario) fn faces() -> impl Iterator<Item = &'static str> {
    request::FACES.iter().map(|(word, _)| *word)
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

/// Orders in which candidates are asked.
pub(in crate::scenario) fn balances() -> impl Iterator<Item = &'static str> {
    model::BALANCE.iter().map(|(word, _)| *word)
}

/// Who shares a breaker.
pub(in crate::scenario) fn breaker_scopes() -> impl Iterator<Item = &'static str> {
    breaker::SCOPES.iter().map(|(word, _)| *word)
}

/// What comes first, repeats or the next model.
pub(in crate::scenario) fn retry_orders() -> impl Iterator<Item = &'static str> {
    policy::RETRY_ORDER.iter().map(|(word, _)| *word)
}

/// Streams that are only forwarded once they are complete.
pub(in crate::scenario) fn hold_whole() -> impl Iterator<Item = &'static str> {
    stream::WHOLE.iter().map(|(word, _)| *word)
}

/// What follows when a stream breaks of which its caller has seen something.
pub(in crate::scenario) fn after_commit() -> impl Iterator<Item = &'static str> {
    stream::AFTER_COMMIT.iter().map(|(word, _)| *word)
}

/// What tests a benched target.
pub(in crate::scenario) fn probes() -> impl Iterator<Item = &'static str> {
    breaker::PROBES.iter().map(|(word, _)| *word)
}

/// What makes a stream whole.
pub(in crate::scenario) fn ends() -> impl Iterator<Item = &'static str> {
    stream::ENDS.iter().map(|(word, _)| *word)
}
