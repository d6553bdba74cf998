//! The declared choices where good routers differ.

use serde::{Deserialize, Serialize};

use super::ModelIx;

/// Whether a refusal is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalPolicy {
    /// It is: the caller gets it as the model gave it.
    Pass,
    /// Another model is asked, while nothing was forwarded.
    Next,
}

/// Whether a success without text or tool call is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyPolicy {
    /// It is.
    Answer,
    /// It is a failure of class `empty`.
    Failure,
}

/// What happens when every model of the chain is benched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllBenched {
    /// The last resort, or a clean error with Retry-After, at once.
    #[default]
    FailFast,
    /// The model whose bench ends first is asked all the same, once; one that asked to be left alone is not.
    AskOne,
    /// Wait for the first bench to end, while the deadline allows.
    Wait,
}

/// A last resort when the chain is exhausted.
#[derive(Clone, Debug, PartialEq)]
pub enum Rescue {
    /// An earlier complete answer to the same request.
    Cache,
    /// A fixed reply.
    Fixed(String),
    /// A model kept for this, usually a local one; asked once, whatever its breaker says.
    Model(ModelIx),
}

/// Who is asked first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// As listed: the first one that may be asked.
    #[default]
    Priority,
    /// By chance, in proportion to weights.
    Weighted,
    /// The one with the fewest calls in flight, for its weight.
    LeastInFlight,
    /// The faster one of two drawn by chance: decaying peak latency times calls in flight.
    Latency,
}

/// What comes first when a model fails that may be asked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryOrder {
    /// All repeats on the same model, then the next one.
    #[default]
    ModelFirst,
    /// The other models of the chain, then the repeats.
    ChainFirst,
}

/// Whether an answer of another model than the one that was asked is an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongModel {
    /// It is.
    #[default]
    Pass,
    /// It is a failure of class `invalid_output`.
    Fail,
}

/// Whether a request may be changed for a model that does not take it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adapt {
    /// It may, and the change is reported.
    #[default]
    Allow,
    /// A model that would need it is passed over.
    Forbid,
}

/// Whether a request is sent again after a failure that does not tell whether it was carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguous {
    /// It is.
    #[default]
    Replay,
    /// It is not: the failure is the answer.
    Surface,
}

/// Whether a provider's word in rate-limit headers counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitHeaders {
    /// It does: one that says that nothing remains is not asked until its limit is whole again.
    #[default]
    Obey,
    /// It does not: for providers whose headers are known to lie.
    Ignore,
}
