//! What a caller asks.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// One chat request, whatever dialect it came in or leaves by.
#[derive(Clone, Debug, Default)]
pub struct ChatRequest {
    /// What the caller addressed: a route (or, on the upstream side, ignored in favour of the model's own id).
    pub model: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// Upper bound on generated tokens, from `max_tokens` or `max_completion_tokens`.
    pub max_tokens: Option<u64>,
    /// Sampling temperature, in OpenAI's range 0..=2.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Stop strings.
    pub stop: Vec<String>,
    /// Sampling seed.
    pub seed: Option<i64>,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Whether a stream shall end with usage.
    pub include_usage: bool,
    /// Tools the model may call.
    pub tools: Vec<Tool>,
    /// Which of them it must or may.
    pub tool_choice: Option<ToolChoice>,
    /// The form of the answer.
    pub response_format: Option<ResponseFormat>,
    /// The end user or tenant.
    pub user: Option<String>,
    /// Fields this language has no word for, for providers of the caller's own dialect.
    pub extra: Map<String, Value>,
    /// Whose words the `extra` fields are.
    pub origin: Origin,
}

/// Whose words a request came in: fields that only one vendor knows mean nothing to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// OpenAI's chat completions, and everything that imitates them.
    #[default]
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

/// One turn of a conversation.
#[derive(Clone, Debug)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// Calls an assistant turn makes.
    pub tool_calls: Vec<super::ToolCall>,
    /// The call a tool turn answers.
    pub tool_call_id: Option<String>,
    /// A name for the speaker.
    pub name: Option<String>,
    /// Fields this language has no word for, for providers of the caller's own dialect.
    pub extra: Map<String, Value>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions (`system`, and OpenAI's `developer`).
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool's result.
    Tool,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// An image: a URL or a `data:` URL.
    Image {
        /// Where it is.
        url: String,
        /// OpenAI's `detail`.
        detail: Option<String>,
    },
    /// A piece in one vendor's words that this language has none for: a document, a recording, a text that is to
    /// be cached. For providers of that vendor's dialect it stays as it is.
    Native {
        /// Whose words.
        origin: Origin,
        /// The piece, as its vendor writes it.
        value: Value,
        /// What stands for it elsewhere; without it, it is left out there.
        plain: Option<Box<Part>>,
    },
}

impl Part {
    /// The piece in everybody's words, if there are any.
    #[must_use]
    pub fn plain(&self) -> Option<&Part> {
        match self {
            Part::Native { plain, .. } => plain.as_deref().and_then(Part::plain),
            part => Some(part),
        }
    }

    /// Its text, if it has one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.plain()? {
            Part::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Message {
    /// A turn of nothing but text.
    #[must_use]
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Message {
            role,
            parts: vec![Part::Text(text.into())],
            tool_calls: Vec::new(),
            tool_call_id: None,
            name: None,
            extra: Map::new(),
        }
    }
}

/// A function the model may call.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// JSON schema of its arguments, verbatim.
    pub parameters: Option<Box<RawValue>>,
    /// Whether the schema is strict.
    pub strict: Option<bool>,
}

/// Which tools to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// The form of the answer.
#[derive(Clone, Debug)]
pub enum ResponseFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// The schema, verbatim.
        schema: Option<Box<RawValue>>,
        /// Whether it is strict.
        strict: Option<bool>,
    },
}
