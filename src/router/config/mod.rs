//! What an operator decides: providers, models, routes and the policy for walking a chain.
//!
//! This is the checked form: names are resolved to indices, units to integers, every default filled in, and
//! nothing in it can be invalid. What was typed lives in the scenario reader's tree, with positions, until it is
//! resolved. What never happens here: reading files, time, I/O.

mod breaker;
mod budget;
mod callers;
mod capabilities;
mod limits;
mod policy;
mod retry;
mod secret;
mod stream;
mod target;

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::ask::AskPolicy;
use super::http::Intake;
use crate::dialect::Dialect;

pub use breaker::{BreakerPolicy, Eager, Probe, RateTrip, Scope, SlowTrip};
pub use budget::{Budget, Concurrency, Hedge, HedgeAfter};
pub use callers::{Spend, Tenant};
pub use capabilities::{Capabilities, Embedding, Need};
pub use limits::{Limits, LimitsOverride, MinRate};
pub use policy::{
    Adapt, AllBenched, Ambiguous, Balance, EmptyPolicy, LimitHeaders, RefusalPolicy, Rescue, RetryOrder,
    WrongModel,
};
pub use retry::{Backoff, ClassPolicy, Jitter, RetryAfterPolicy, RetryOverride, RetryPolicy, Then};
pub use secret::Secret;
pub use stream::{AfterCommit, Hold, HoldWhole, StreamPolicy};
pub use target::{Target, TargetIx};

/// Index of a model in [`Config::models`].
pub type ModelIx = usize;

/// A whole router.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Vendors' endpoints by name.
    pub providers: IndexMap<String, Provider>,
    /// What is served, by name.
    pub models: IndexMap<String, Model>,
    /// What callers address.
    pub routes: IndexMap<String, Route>,
    /// Who may call; without any, everybody may, for everything.
    pub tenants: IndexMap<String, Tenant>,
    /// What callers may ask for beside their requests.
    pub callers: AskPolicy,
    /// What is let in, and how much of it at once.
    pub intake: Intake,
    /// What the cache of last resort may hold.
    pub cache: CacheLimits,
    targets: Vec<Target>,
}

/// What the cache of last resort may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Answers.
    pub entries: usize,
    /// Bytes of them.
    pub bytes: usize,
}

/// A vendor's endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Its wire format.
    pub dialect: Dialect,
    /// Scheme, host, port and path prefix, without a trailing slash: `https://api.openai.com/v1`.
    pub base_url: String,
    /// Its credentials, which go nowhere else.
    pub keys: Vec<Key>,
    /// The version of HTTP it is spoken to with.
    pub http: Http,
    /// Where it is: the scope of `region` breakers and of residency.
    pub region: Option<String>,
    /// Headers of its own; they may be secret, and go nowhere else.
    pub headers: Vec<(String, Secret)>,
    /// Whether its word in rate-limit headers counts, or only its answers.
    pub limit_headers: LimitHeaders,
    /// Calls in flight at most.
    pub concurrency: Option<Concurrency>,
    /// Repeats at it, for all callers together.
    pub retry_budget: Option<Budget>,
}

/// A credential with a name that may be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Name, for reports.
    pub name: String,
    /// The credential.
    pub secret: Secret,
}

/// The version of HTTP a provider is spoken to with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Http {
    /// HTTP/1.1.
    #[default]
    One,
    /// HTTP/2, in the clear too.
    Two,
    /// What TLS agrees on (ALPN); HTTP/1.1 in the clear.
    Auto,
}

/// What is served under one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Name in chains and reports.
    pub name: String,
    /// Where it is deployed; never empty.
    pub deployments: Vec<Deployment>,
    /// Which of its targets is asked first.
    pub balance: Balance,
    /// What it costs; unknown is not free.
    pub price: Option<Price>,
    /// How good it is, 0..=1, in its owner's opinion.
    pub quality: Option<f64>,
    /// Context window, in tokens.
    pub context: Option<u64>,
    /// What it can do.
    pub can: Capabilities,
    /// When to bench it.
    pub breaker: BreakerPolicy,
    /// Its own limits, over those of its routes.
    pub limits: LimitsOverride,
    /// What its failures lead to, over what its routes say.
    pub retry: RetryOverride,
    /// Where its vectors live; none for a model that gives no vectors.
    pub embedding: Option<Embedding>,
}

/// One place where a model is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Index in [`Config::providers`].
    pub provider: usize,
    /// The provider's id for the model.
    pub upstream: String,
    /// Share of the traffic, beside other deployments.
    pub weight: u32,
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
    /// Which of them is asked first.
    pub balance: Balance,
    /// Shares of the traffic, one a model of the chain; empty means equal ones.
    pub weights: Vec<u32>,
    /// Time for the whole request.
    pub deadline: Duration,
    /// Limits of one attempt, each cut to what is left of the deadline.
    pub limits: Limits,
    /// What is done with streams.
    pub stream: StreamPolicy,
    /// What each failure class leads to.
    pub retry: RetryPolicy,
    /// What comes first, repeats or the next model.
    pub retry_order: RetryOrder,
    /// Repeats on models that failed before, for all callers together; the first call to each model is free.
    pub retry_budget: Option<Budget>,
    /// When a second model is asked although the first has not failed yet.
    pub hedge: Option<Hedge>,
    /// What a provider's request to wait leads to.
    pub retry_after: RetryAfterPolicy,
    /// Statuses that lead to the next model; any other error status is the answer. None leaves it to the classes.
    pub advance_on: Option<Vec<u16>>,
    /// Whether a failure that does not tell whether the request was carried out is replayed.
    pub ambiguous: Ambiguous,
    /// Whether a refusal is an answer.
    pub refusal: RefusalPolicy,
    /// Whether prose that only sounds like a refusal counts as one.
    pub soft_refusal: bool,
    /// Whether a success without content is an answer.
    pub empty: EmptyPolicy,
    /// Whether an answer without content is never given, not even as the last one.
    pub never_empty: bool,
    /// Whether an answer of another model than the one asked is an answer.
    pub wrong_model: WrongModel,
    /// Whether requests may be changed for a model that does not take them as they are.
    pub adapt: Adapt,
    /// Regions its requests may be served in; none means all.
    pub regions: Option<Vec<String>>,
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

impl Config {
    /// A router without tenants. Every model must have a deployment, and every index must be one of the lists given.
    #[must_use]
    pub fn new(
        providers: IndexMap<String, Provider>,
        models: IndexMap<String, Model>,
        routes: IndexMap<String, Route>,
    ) -> Self {
        let targets = target::targets(&providers, &models);
        Config {
            providers,
            models,
            routes,
            tenants: IndexMap::new(),
            callers: AskPolicy::default(),
            intake: Intake::default(),
            cache: CacheLimits::default(),
            targets,
        }
    }

    /// Everything an attempt may be sent to.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The targets of one model, in the order of its deployments and their keys.
    pub fn targets_of(&self, model: ModelIx) -> impl Iterator<Item = TargetIx> {
        let all = self.targets.iter().enumerate();
        all.filter(move |(_, target)| target.model == model).map(|(index, _)| index)
    }

    /// The provider of a target.
    #[must_use]
    pub fn provider_of(&self, target: TargetIx) -> &Provider {
        &self.providers[self.targets[target].provider]
    }

    /// The name of a target's provider.
    #[must_use]
    pub fn provider_name(&self, target: TargetIx) -> &str {
        self.providers.get_index(self.targets[target].provider).map_or("", |(name, _)| name)
    }

    /// The model of a target.
    #[must_use]
    pub fn model_of(&self, target: TargetIx) -> &Model {
        &self.models[self.targets[target].model]
    }

    /// The credential of a target.
    #[must_use]
    pub fn key_of(&self, target: TargetIx) -> Option<&Key> {
        self.targets[target].key.map(|key| &self.provider_of(target).keys[key])
    }
}

impl Provider {
    /// An endpoint without credentials, spoken to over HTTP/1.1.
    #[must_use]
    pub fn new(dialect: Dialect, base_url: impl Into<String>) -> Self {
        Provider {
            dialect,
            base_url: base_url.into(),
            keys: Vec::new(),
            http: Http::One,
            region: None,
            headers: Vec::new(),
            limit_headers: LimitHeaders::Obey,
            concurrency: None,
            retry_budget: None,
        }
    }

    /// With one credential.
    #[must_use]
    pub fn with_key(mut self, secret: Secret) -> Self {
        let name = format!("key-{}", self.keys.len() + 1);
        self.keys.push(Key { name, secret });
        self
    }
}

impl Model {
    /// A model with one deployment, of which nothing else is known.
    #[must_use]
    pub fn new(name: impl Into<String>, provider: usize, upstream: impl Into<String>) -> Self {
        Model {
            name: name.into(),
            deployments: vec![Deployment { provider, upstream: upstream.into(), weight: 1 }],
            balance: Balance::Priority,
            price: None,
            quality: None,
            context: None,
            can: Capabilities::default(),
            breaker: BreakerPolicy::default(),
            limits: LimitsOverride::default(),
            retry: RetryOverride::default(),
            embedding: None,
        }
    }
}

impl Route {
    /// A route with every policy at its default.
    #[must_use]
    pub fn new(name: impl Into<String>, chain: Vec<ModelIx>) -> Self {
        Route {
            name: name.into(),
            chain,
            balance: Balance::Priority,
            weights: Vec::new(),
            deadline: Duration::from_secs(60),
            limits: Limits::default(),
            stream: StreamPolicy::default(),
            retry: RetryPolicy::default(),
            retry_order: RetryOrder::default(),
            retry_budget: None,
            hedge: None,
            retry_after: RetryAfterPolicy::default(),
            advance_on: None,
            ambiguous: Ambiguous::default(),
            refusal: RefusalPolicy::Pass,
            soft_refusal: false,
            empty: EmptyPolicy::Failure,
            never_empty: false,
            wrong_model: WrongModel::default(),
            adapt: Adapt::default(),
            regions: None,
            all_benched: AllBenched::FailFast,
            max_attempts: 12,
            quality_floor: 0.0,
            rescue: Vec::new(),
            cache: None,
        }
    }

    /// How many of its last resorts, from the one with index `from` on, are models.
    #[must_use]
    pub fn rescue_models(&self, from: usize) -> usize {
        self.rescue.iter().skip(from).filter(|rescue| matches!(rescue, Rescue::Model(_))).count()
    }
}

impl Default for CacheLimits {
    fn default() -> Self {
        CacheLimits { entries: 4096, bytes: 64 * 1024 * 1024 }
    }
}
