//! What an operator decides: providers, models, routes and the policy for walking a chain.
//!
//! This is the checked form: names are resolved to indices, units to integers, every default filled in, and
//! nothing in it can be invalid. What was typed lives in the scenario reader's tree, with positions, until it is
//! resolved. What never happens here: reading files, time, I/O.

mod policy;
mod secret;

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

pub use policy::{
    AllBenched, Backoff, BreakerPolicy, ClassPolicy, EmptyPolicy, Jitter, Limits, RefusalPolicy, Rescue,
    RetryAfterPolicy, RetryPolicy, Then,
};
pub use secret::Secret;

/// Index of a model in [`Config::models`].
pub type ModelIx = usize;

/// A whole router.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Vendors' endpoints by name.
    pub providers: IndexMap<String, Provider>,
    /// Routable targets by name.
    pub models: IndexMap<String, Model>,
    /// What callers address.
    pub routes: IndexMap<String, Route>,
}

/// A vendor's endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Its wire format.
    pub dialect: Dialect,
    /// Scheme, host, port and path prefix, without a trailing slash: `https://api.openai.com/v1`.
    pub base_url: String,
    /// Its credential, which goes nowhere else.
    pub key: Option<Secret>,
    /// Whether HTTP/2 is spoken to it, rather than HTTP/1.1.
    pub http2: bool,
}

/// A routable target.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Name in chains and reports.
    pub name: String,
    /// Index in [`Config::providers`].
    pub provider: usize,
    /// The provider's id for it.
    pub upstream: String,
    /// What it costs; unknown is not free.
    pub price: Option<Price>,
    /// How good it is, 0..=1, in its owner's opinion.
    pub quality: Option<f64>,
    /// Context window, in tokens.
    pub context: Option<u64>,
    /// When to bench it.
    pub breaker: BreakerPolicy,
}

/// Price of a token in picodollars (1 USD per million tokens = 1,000,000 pico-USD a token), so that costs add
/// up exactly in integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// A prompt token.
    pub input: u64,
    /// A generated token.
    pub output: u64,
}

/// What a caller addresses: a chain of models, and the policy for walking it.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Name: the `model` of a caller's request.
    pub name: String,
    /// Models in order of preference; never empty.
    pub chain: Vec<ModelIx>,
    /// Time for the whole request.
    pub deadline: Duration,
    /// Limits of one attempt, each cut to what is left of the deadline.
    pub limits: Limits,
    /// What each failure class leads to.
    pub retry: RetryPolicy,
    /// What a provider's request to wait leads to.
    pub retry_after: RetryAfterPolicy,
    /// Whether a refusal is an answer.
    pub refusal: RefusalPolicy,
    /// Whether a success without content is an answer.
    pub empty: EmptyPolicy,
    /// What happens when every model is benched.
    pub all_benched: AllBenched,
    /// Attempts at most, over all models.
    pub max_attempts: u32,
    /// A fallback below this quality counts as degraded.
    pub quality_floor: f64,
    /// Last resorts in order, when the chain is exhausted.
    pub rescue: Vec<Rescue>,
    /// How long a complete answer may be served from the cache; none when nothing is kept.
    pub cache: Option<Duration>,
}

impl Route {
    /// How many of its last resorts, from the one with index `from` on, are models.
    #[must_use]
    pub fn rescue_models(&self, from: usize) -> usize {
        self.rescue.iter().skip(from).filter(|rescue| matches!(rescue, Rescue::Model(_))).count()
    }
}

impl Config {
    /// The provider of a model.
    #[must_use]
    pub fn provider_of(&self, model: ModelIx) -> &Provider {
        &self.providers[self.models[model].provider]
    }
}
