//! What a model can do, as far as its operator says.

use serde::{Deserialize, Serialize};

/// What a model can do. What is not declared is unknown, and unknown excludes nothing: the provider's own word is
/// the better judge. Only continuing a broken answer asks for a declared yes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capabilities {
    /// Calls tools.
    pub tools: Option<bool>,
    /// Follows a JSON schema.
    pub json_schema: Option<bool>,
    /// Answers in JSON on request.
    pub json_object: Option<bool>,
    /// Reads images.
    pub images: Option<bool>,
    /// Goes on with an answer whose beginning it is given as the last, assistant's turn.
    pub prefill: Option<bool>,
    /// Tokens it generates at most.
    pub max_output: Option<u64>,
    /// Range of `temperature` it takes.
    pub temperature: Option<(f64, f64)>,
    /// Stop strings it takes at most.
    pub max_stop: Option<usize>,
    /// Parameters it refuses, by OpenAI's names; they are left out for it.
    pub refuses: Vec<String>,
}

/// What a request needs that not every model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Tools.
    Tools,
    /// A JSON schema.
    JsonSchema,
    /// A JSON object.
    JsonObject,
    /// Images.
    Images,
    /// An answer begun by the caller.
    Prefill,
    /// Vectors of the same space.
    Embedding,
}

impl Need {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Need::Tools => "calling tools",
            Need::JsonSchema => "following a JSON schema",
            Need::JsonObject => "answering in JSON",
            Need::Images => "reading images",
            Need::Prefill => "going on with a given beginning",
            Need::Embedding => "vectors of the same space",
        }
    }
}

/// Where a model's vectors live: only those of one space can stand in for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedding {
    /// Name of the space: models that name the same one give interchangeable vectors.
    pub space: String,
    /// Their length.
    pub dimensions: Option<u64>,
}
