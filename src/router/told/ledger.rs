//! The account in JSON: every attempt, every model passed over, every wait.

use serde::Serialize;
use serde_json::Value;

use super::Cost;
use crate::chat::{Failure, Usage};
use crate::router::trail::{Attempt, AttemptResult, Cause, Seam, Skip, Trail, Wait, WaitCause};
use crate::world::Moment;

/// Longest message of a failure in an account.
const MAX_MESSAGE: usize = 300;

/// The whole account of a request: what `brownout` holds in a reply whose caller asked for it.
///
/// Times are milliseconds after the request was read, to the microsecond. Costs are US dollars. What is not known
/// is null, never zero.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ledger {
    request_id: String,
    route: String,
    served_by: Option<String>,
    attempts: Vec<Entry>,
    skips: Vec<Passed>,
    waits: Vec<Waited>,
    seams: Vec<Joined>,
    cost: Total,
}

/// One upstream call.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Entry {
    number: u32,
    model: String,
    provider: String,
    upstream: String,
    key: Option<String>,
    cause: Cause,
    probe: bool,
    result: String,
    class: Option<&'static str>,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    started_ms: f64,
    first_output_ms: Option<f64>,
    ended_ms: f64,
    tokens: Option<Usage>,
    cost_usd: Option<f64>,
    adapted: Vec<String>,
    next: Option<Next>,
}

/// Why another call followed.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Next {
    number: u32,
    cause: Cause,
    because: String,
    waited_ms: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Passed {
    model: String,
    at_ms: f64,
    reason: String,
    until_ms: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Waited {
    from_ms: f64,
    until_ms: f64,
    cause: WaitCause,
}

/// Where one attempt's answer was continued by another.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Joined {
    at_ms: f64,
    after_chars: u64,
    from: u32,
    to: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Total {
    usd: Option<f64>,
    partial: bool,
}

/// A failed attempt, as an error lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Whom it asked.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// What the failure means.
    pub class: &'static str,
    /// The provider's status, if there was one.
    pub status: Option<u16>,
    /// The provider's words, cut.
    pub message: String,
}

// === impl Ledger ===

impl Ledger {
    /// The account of `trail`, and of the attempt that is `serving` now.
    #[must_use]
    pub fn of(trail: &Trail, serving: Option<&Attempt>, served_by: Option<&str>) -> Self {
        let attempts: Vec<&Attempt> = trail.attempts.iter().chain(serving).collect();
        let entries = attempts.iter().enumerate().map(|(at, attempt)| Entry {
            next: attempts.get(at + 1).map(|next| Next::of(trail, attempt, next)),
            ..Entry::of(trail.received, attempt)
        });
        let cost = Cost::of(attempts.iter().copied());
        Ledger {
            request_id: trail.request_id.clone(),
            route: trail.route.clone(),
            served_by: served_by.map(str::to_owned),
            attempts: entries.collect(),
            skips: trail.skips.iter().map(|skip| Passed::of(trail.received, skip)).collect(),
            waits: trail.waits.iter().map(|wait| Waited::of(trail.received, wait)).collect(),
            seams: trail.seams.iter().map(|seam| Joined::of(trail.received, seam)).collect(),
            cost: Total { usd: cost.usd(), partial: cost.partial },
        }
    }
}

impl Entry {
    fn of(received: Moment, attempt: &Attempt) -> Self {
        let failure = failure(attempt);
        Entry {
            number: attempt.number,
            model: attempt.model.clone(),
            provider: attempt.provider.clone(),
            upstream: attempt.upstream.clone(),
            key: attempt.key.clone(),
            cause: attempt.cause,
            probe: attempt.probe,
            result: word(&attempt.result).0,
            class: failure.map(|failure| failure.class.name()),
            status: failure.and_then(|failure| failure.status),
            code: failure.and_then(|failure| failure.code.clone()),
            message: failure.map(|failure| cut(&failure.message)),
            started_ms: ms(received, attempt.started),
            first_output_ms: attempt.first_output.map(|at| ms(received, at)),
            ended_ms: ms(received, attempt.ended),
            tokens: attempt.usage,
            cost_usd: Cost { known: attempt.cost, partial: false }.usd(),
            adapted: attempt.adapted.clone(),
            next: None,
        }
    }
}

impl Next {
    fn of(trail: &Trail, attempt: &Attempt, next: &Attempt) -> Self {
        let between =
            trail.waits.iter().filter(|wait| wait.from >= attempt.ended && wait.from <= next.started);
        let waited: f64 =
            between.map(|wait| (wait.until.min(next.started) - wait.from).as_micros() as f64).sum();
        Next {
            number: next.number,
            cause: next.cause,
            because: failure(attempt)
                .map_or_else(|| word(&attempt.result).0, |failure| failure.class.name().to_owned()),
            // An empty sum of floats is minus zero.
            waited_ms: waited / 1e3 + 0.0,
        }
    }
}

impl Passed {
    fn of(received: Moment, skip: &Skip) -> Self {
        let (reason, more) = word(&skip.reason);
        let until = more.get("until").and_then(Value::as_u64);
        let until_ms = until.map(|until| ms(received, Moment::from_us(until)));
        Passed { model: skip.model.clone(), at_ms: ms(received, skip.at), reason, until_ms }
    }
}

impl Waited {
    fn of(received: Moment, wait: &Wait) -> Self {
        Waited { from_ms: ms(received, wait.from), until_ms: ms(received, wait.until), cause: wait.cause }
    }
}

impl Joined {
    fn of(received: Moment, seam: &Seam) -> Self {
        let Seam { at, after_chars, from, to } = *seam;
        Joined { at_ms: ms(received, at), after_chars, from, to }
    }
}

impl Tried {
    /// The attempt, if it failed.
    #[must_use]
    pub fn of(attempt: &Attempt) -> Option<Self> {
        let failure = failure(attempt)?;
        Some(Tried {
            model: attempt.model.clone(),
            provider: attempt.provider.clone(),
            class: failure.class.name(),
            status: failure.status,
            message: cut(&failure.message),
        })
    }
}

fn failure(attempt: &Attempt) -> Option<&Failure> {
    match &attempt.result {
        AttemptResult::Failed(failure) => Some(failure),
        _ => None,
    }
}

/// The word a trail is written with for one of several cases, and what that case holds.
fn word(case: &impl Serialize) -> (String, Value) {
    match serde_json::to_value(case) {
        Ok(Value::String(word)) => (word, Value::Null),
        Ok(Value::Object(case)) => case.into_iter().next().unwrap_or_default(),
        _ => Default::default(),
    }
}

/// Milliseconds from `received` to `at`.
fn ms(received: Moment, at: Moment) -> f64 {
    at.since(received).as_micros() as f64 / 1e3
}

/// At most [`MAX_MESSAGE`] bytes of `message`.
fn cut(message: &str) -> String {
    let end =
        (0..=MAX_MESSAGE.min(message.len())).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
    let rest = if end < message.len() { "…" } else { "" };
    format!("{}{rest}", &message[..end])
}
