//! How a request ended, by the definitions of `docs/metrics.md`.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::text;
use crate::chat::FailureClass;
use crate::history::{CallerEnding, RouterOutcome};
use mock_providers::fault::ErrorKind;

/// How a request ended. The first four count as answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The first model of the chain answered.
    Primary,
    /// Another model of at least the route's quality floor did.
    Fallback,
    /// A model below the floor did.
    Degraded,
    /// The cache, a fixed reply or a last-resort model did.
    Rescued,
    /// It was cut after the first output, and the caller was told.
    Partial,
    /// A clean error.
    Error,
    /// No legal end, or a truncation passed off as success.
    Broken,
    /// The caller left. Not the service's doing: outside the split.
    Cancelled,
    /// The caller's own mistake. Outside the split.
    Invalid,
    /// The harness never sent it. Outside the split, inside every denominator.
    Unsent,
}

impl Outcome {
    /// Every outcome of the split, in the order of a report.
    pub const SPLIT: [Outcome; 7] = [
        Outcome::Primary,
        Outcome::Fallback,
        Outcome::Degraded,
        Outcome::Rescued,
        Outcome::Partial,
        Outcome::Error,
        Outcome::Broken,
    ];

    /// Its name in YAML and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Primary => "primary",
            Outcome::Fallback => "fallback",
            Outcome::Degraded => "degraded",
            Outcome::Rescued => "rescued",
            Outcome::Partial => "partial",
            Outcome::Error => "error",
            Outcome::Broken => "broken",
            Outcome::Cancelled => "cancelled",
            Outcome::Invalid => "invalid",
            Outcome::Unsent => "unsent",
        }
    }

    /// Whether the caller got an answer.
    #[must_use]
    pub const fn answered(self) -> bool {
        matches!(self, Outcome::Primary | Outcome::Fallback | Outcome::Degraded | Outcome::Rescued)
    }
}

/// The outcome of a joined request.
pub(crate) fn classify(case: &Case<'_>) -> Outcome {
    match &case.record.caller.ending {
        CallerEnding::Left => Outcome::Cancelled,
        CallerEnding::Unsent => Outcome::Unsent,
        CallerEnding::Complete if text::undeclared_damage(case).is_some() => Outcome::Broken,
        CallerEnding::Complete => tier(case),
        CallerEnding::Error { .. } if is_callers_fault(case) => Outcome::Invalid,
        CallerEnding::InBandError { .. } if case.saw_output() => Outcome::Partial,
        CallerEnding::Error { .. } | CallerEnding::InBandError { .. } => Outcome::Error,
        CallerEnding::Cut
        | CallerEnding::Garbled { .. }
        | CallerEnding::NoAnswer { .. }
        | CallerEnding::Overdue => Outcome::Broken,
    }
}

/// Which of the four ways of answering it was. A model without a declared quality counts as good enough.
fn tier(case: &Case<'_>) -> Outcome {
    if case.rescued_by().is_some() {
        return Outcome::Rescued;
    }
    let Some((route, model)) = case.route.zip(case.serving_model()) else { return Outcome::Primary };
    if route.chain.first().is_some_and(|first| first == model) {
        return Outcome::Primary;
    }
    match case.facts.model(model).and_then(|facts| facts.quality) {
        Some(quality) if quality < route.quality_floor => Outcome::Degraded,
        _ => Outcome::Fallback,
    }
}

/// Whether an error is the caller's own: a 4xx about the request itself that no fault was behind.
fn is_callers_fault(case: &Case<'_>) -> bool {
    let status = case.record.caller.status.unwrap_or(0);
    let about_request = (400..500).contains(&status) && ![401, 403, 408, 429, 499].contains(&status);
    about_request && case.record.calls.iter().all(|call| call.faults.is_empty()) && blames_request(case)
}

fn blames_request(case: &Case<'_>) -> bool {
    let own = |kind| matches!(kind, Some(ErrorKind::InvalidRequest | ErrorKind::ContextExceeded));
    match case.record.trail.as_ref().map(|trail| &trail.outcome) {
        None => case.record.calls.iter().all(|call| own(call.failure)),
        Some(RouterOutcome::Failed { failure, .. }) => matches!(
            failure.class,
            FailureClass::InvalidRequest | FailureClass::ContextExceeded | FailureClass::NotFound
        ),
        Some(_) => false,
    }
}
