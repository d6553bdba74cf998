//! Embeddings: what a caller asks and what a model answers.

use serde_json::{Map, Value};

use super::Usage;

/// One request for embeddings.
#[derive(Clone, Debug, Default)]
pub struct EmbedRequest {
    /// What the caller addressed: a route (or, on the upstream side, ignored in favour of the model's own id).
    pub model: String,
    /// What shall be embedded, in order; one vector each.
    pub input: Vec<EmbedInput>,
    /// Numbers in a vector; none is the model's own.
    pub dimensions: Option<u32>,
    /// How the caller wants the vectors written. On the upstream side the router chooses for itself.
    pub encoding_format: Option<VectorFormat>,
    /// The end user or tenant.
    pub user: Option<String>,
    /// Fields this language has no word for, for providers of the caller's own dialect.
    pub extra: Map<String, Value>,
}

/// One thing to embed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbedInput {
    /// A text.
    Text(String),
    /// A text as the numbers of its tokens, by the model's own tokenizer.
    Tokens(Vec<u32>),
}

/// How vectors are written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorFormat {
    /// A list of numbers.
    Float,
    /// Little-endian 32-bit floats in base64.
    Base64,
}

/// The vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbedReply {
    /// The model that says it served.
    pub model: String,
    /// One vector for each input, in the order of the inputs.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens, where the provider said.
    pub usage: Option<Usage>,
}
