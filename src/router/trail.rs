//! What the router says it did: one [`Trail`] a request, the second of the three witnesses of a run.
//!
//! The same record feeds the caller's headers, logs and `brownout explain`, so what a caller is told and what a
//! report shows cannot differ.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::config::Need;
use crate::chat::{Failure, Usage};
use crate::world::Moment;

/// Takes finished trails, one a request.
pub trait TrailSink: Send + Sync {
    /// Records `trail`.
    fn record(&self, trail: Trail);
}

impl<F: Fn(Trail) + Send + Sync> TrailSink for F {
    fn record(&self, trail: Trail) {
        self(trail);
    }
}

/// Among the extensions of an answer: the request behind it gets a [`Trail`]. An answer without it was given before
/// anything began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailed;

/// The life of one request inside the router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// Correlation id.
    pub request_id: String,
    /// The route it addressed.
    pub route: String,
    /// Whether the caller wanted a stream.
    pub stream: bool,
    /// When it was read.
    pub received: Moment,
    /// When its time is up.
    pub deadline: Moment,
    /// When caller-visible output was first forwarded.
    pub committed: Option<Moment>,
    /// When it was over.
    pub ended: Moment,
    /// Upstream calls, in the order in which they began.
    pub attempts: Vec<Attempt>,
    /// Waits between them.
    pub waits: Vec<Wait>,
    /// Models passed over.
    pub skips: Vec<Skip>,
    /// Where the answer of one attempt was continued by another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seams: Vec<Seam>,
    /// Models that its caller limited it to; none where it may be served by the route's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Vec<String>>,
    /// For whom it was made, where callers have tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Labels its caller gave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// How it ended.
    pub outcome: Outcome,
}

/// One upstream call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 0, over all models of the request.
    pub number: u32,
    /// The model asked.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// The provider's id for the model.
    #[serde(default)]
    pub upstream: String,
    /// The name of the key it was asked with, where the provider has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why it was made.
    pub cause: Cause,
    /// Whether it tested a benched model.
    pub probe: bool,
    /// When it began.
    pub started: Moment,
    /// When a connection was at hand.
    pub connected: Option<Moment>,
    /// When its first useful output arrived.
    pub first_output: Option<Moment>,
    /// When it was over.
    pub ended: Moment,
    /// What came of it.
    pub result: AttemptResult,
    /// Tokens, where the provider said.
    pub usage: Option<Usage>,
    /// Its cost in picodollars; unknown is not zero.
    pub cost: Option<u64>,
    /// What had to be changed in the request for this model.
    pub adapted: Vec<String>,
}

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The first of its request.
    First,
    /// The same model again.
    Retry,
    /// The next model.
    Fallback,
    /// A last resort.
    Rescue,
    /// The next model, while the one before is still waited for.
    Hedge,
    /// To go on where a broken stream ended.
    Continue,
    /// To say again what a broken stream said, and go on from there.
    Regenerate,
}

/// Where the answer of one attempt was continued by another: declared by the route, and told to the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seam {
    /// When.
    pub at: Moment,
    /// Characters of text the caller had by then.
    pub after_chars: u64,
    /// Number of the attempt whose stream broke.
    pub from: u32,
    /// Number of the attempt that went on.
    pub to: u32,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// Its answer went to the caller, whole.
    Served,
    /// It failed.
    Failed(Failure),
    /// It was given up because the caller left.
    Cancelled,
    /// It was given up because another attempt was faster.
    Lost,
}

impl AttemptResult {
    /// A word for it: `served`, the class of a failure, `cancelled`, `lost`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            AttemptResult::Served => "served",
            AttemptResult::Failed(failure) => failure.class.name(),
            AttemptResult::Cancelled => "cancelled",
            AttemptResult::Lost => "lost",
        }
    }
}

/// A wait before an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// From.
    pub from: Moment,
    /// To, as planned.
    pub until: Moment,
    /// Why.
    pub cause: WaitCause,
}

/// Why the router waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitCause {
    /// Its own backoff.
    Backoff,
    /// The provider asked for it.
    RetryAfter,
    /// Every model was benched.
    Bench,
    /// Every place at the target was taken.
    Busy,
}

/// A model passed over, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skip {
    /// The model.
    pub model: String,
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: SkipReason,
}

/// Why a model was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its breaker is open until then.
    Benched {
        /// End of the bench.
        until: Moment,
    },
    /// It asked to be left alone until then.
    Cooling {
        /// End of the wait it asked for.
        until: Moment,
    },
    /// Another request is probing it.
    Probing,
    /// It is back from a bench, and this request was not among those it gets already.
    Ramping,
    /// The prompt does not fit its context window.
    ContextWindow,
    /// It cannot do what the request needs.
    Incapable {
        /// What that is.
        need: Need,
    },
    /// It would take the request only changed, and the route forbids that.
    Unadapted,
    /// The caller may not use it.
    NotAllowed,
    /// It is in a region where the request may not be served.
    Region,
    /// Nothing is left of what the tenant may spend.
    Spent,
    /// It has as many calls in flight as it may.
    Busy,
    /// The retry budget is used up.
    RetryBudget,
    /// What failed elsewhere would fail here too.
    SameCause,
}

impl SkipReason {
    /// The word for it in metrics and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SkipReason::Benched { .. } => "benched",
            SkipReason::Cooling { .. } => "cooling",
            SkipReason::Probing => "probing",
            SkipReason::Ramping => "ramping",
            SkipReason::ContextWindow => "context_window",
            SkipReason::Incapable { .. } => "incapable",
            SkipReason::Unadapted => "unadapted",
            SkipReason::NotAllowed => "not_allowed",
            SkipReason::Region => "region",
            SkipReason::Spent => "spent",
            SkipReason::Busy => "busy",
            SkipReason::RetryBudget => "retry_budget",
            SkipReason::SameCause => "same_cause",
        }
    }
}

/// How a request ended, as the router sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A model of the chain answered.
    Answered {
        /// Which.
        model: String,
    },
    /// A last resort answered.
    Rescued {
        /// `cache`, `fixed` or the model's name.
        by: String,
    },
    /// Output had been forwarded when it failed; the caller got the rest as an in-band error.
    Interrupted {
        /// Whose stream broke.
        model: String,
        /// Why.
        failure: Failure,
    },
    /// A clean error.
    Failed {
        /// The status the caller got.
        status: u16,
        /// The failure that was reported.
        failure: Failure,
    },
    /// The caller left.
    Cancelled,
}

impl Trail {
    /// The attempts in short, for headers and messages: `claude 429 rate_limited; flash ok`.
    #[must_use]
    pub fn short(&self) -> String {
        let words: Vec<_> = self.attempts.iter().map(Attempt::short).collect();
        words.join("; ")
    }

    /// Total time of waits the router intended.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waits.iter().map(|wait| wait.until.min(self.ended) - wait.from).sum()
    }
}

impl Attempt {
    fn short(&self) -> String {
        match &self.result {
            AttemptResult::Served => format!("{} ok", self.model),
            AttemptResult::Cancelled => format!("{} cancelled", self.model),
            AttemptResult::Lost => format!("{} lost", self.model),
            AttemptResult::Failed(failure) => {
                let status = failure.status.map(|status| format!("{status} ")).unwrap_or_default();
                format!("{} {status}{}", self.model, failure.class)
            }
        }
    }
}
