//! Wire formats: what each vendor reads and writes.
//!
//! A request is read into a neutral `Ask`; a `Script` says what shall be answered, and each vendor's module
//! renders it, plain or event by event. Success replies are written by hand, straight into one string: a
//! simulated run writes millions of chunks.

mod anthropic;
mod ask;
mod azure;
mod complaint;
mod deepseek;
mod embedding;
mod gemini;
mod headers;
mod hints;
mod hollow;
mod ids;
mod json;
mod llama_cpp;
mod mistral;
mod ollama;
mod openai;
mod openrouter;
mod qwen;
mod schema;
mod script;
mod thought;
mod vllm;

use http::request::Parts;
use serde::{Deserialize, Serialize};

pub(crate) use ask::{Ask, Asked, Caching};
pub(crate) use complaint::{Complaint, usual_kind};
pub(crate) use headers::{Media, civil, dress, fixdate};
pub(crate) use hints::{WORDS_MAX, cached_hint, reasoning_hint, words_hint};
pub(crate) use schema::Shape;
pub(crate) use script::{Part, Plain, Script, Times, usage_in_stream, whole_calls};

use crate::fault::ErrorKind;
use crate::provider::Spec;

/// The wire format a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// OpenAI: chat completions, responses, embeddings.
    Openai,
    /// Azure OpenAI: the same behind deployments, with content-filter annotations.
    Azure,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `generateContent` and `streamGenerateContent`.
    Gemini,
    /// Mistral.
    Mistral,
    /// DeepSeek.
    Deepseek,
    /// Qwen at DashScope, in compatible mode.
    Qwen,
    /// OpenRouter.
    Openrouter,
    /// Ollama: its own interface and the OpenAI-compatible one.
    Ollama,
    /// The server of llama.cpp.
    LlamaCpp,
    /// vLLM's OpenAI-compatible server.
    Vllm,
}

/// Which of a vendor's interfaces a call speaks: how its request is read and its answer written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenAI chat completions, also as other vendors imitate them.
    #[default]
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// OpenAI's embeddings.
    Embeddings,
    /// Gemini's `embedContent` and `batchEmbedContents`.
    Embed,
    /// Ollama's `/api/embed`, and the older `/api/embeddings`.
    OllamaEmbed,
    /// Anthropic Messages.
    Messages,
    /// Gemini `generateContent`.
    Generate,
    /// Ollama's own chat, in lines of JSON.
    OllamaChat,
    /// Ollama's own completion of a prompt.
    OllamaGenerate,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 11] = [
        Dialect::Openai,
        Dialect::Azure,
        Dialect::Anthropic,
        Dialect::Gemini,
        Dialect::Mistral,
        Dialect::Deepseek,
        Dialect::Qwen,
        Dialect::Openrouter,
        Dialect::Ollama,
        Dialect::LlamaCpp,
        Dialect::Vllm,
    ];

    /// Its name in the scenario language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Openai => "openai",
            Dialect::Azure => "azure",
            Dialect::Anthropic => "anthropic",
            Dialect::Gemini => "gemini",
            Dialect::Mistral => "mistral",
            Dialect::Deepseek => "deepseek",
            Dialect::Qwen => "qwen",
            Dialect::Openrouter => "openrouter",
            Dialect::Ollama => "ollama",
            Dialect::LlamaCpp => "llama_cpp",
            Dialect::Vllm => "vllm",
        }
    }

    /// What follows scheme, host and port in the base URL that the vendor's SDK (or, where there is none, OpenAI's)
    /// is given.
    #[must_use]
    pub const fn base_path(self) -> &'static str {
        match self {
            Dialect::Azure | Dialect::Anthropic | Dialect::Gemini | Dialect::Mistral | Dialect::Ollama => "",
            Dialect::Openrouter => "/api/v1",
            Dialect::Qwen => "/compatible-mode/v1",
            Dialect::Openai | Dialect::Deepseek | Dialect::LlamaCpp | Dialect::Vllm => "/v1",
        }
    }

    /// Whether the vendor inspects what goes in and comes out: servers of one's own do not.
    pub(crate) const fn inspects(self) -> bool {
        !matches!(self, Dialect::Ollama | Dialect::LlamaCpp | Dialect::Vllm)
    }

    /// The finish reason that means: out of capacity.
    pub(crate) const fn capacity_reason(self) -> &'static str {
        match self {
            Dialect::Deepseek => "insufficient_system_resource",
            Dialect::Gemini => "OTHER",
            _ => "error",
        }
    }

    /// The status with which this vendor usually answers such an error.
    #[must_use]
    pub fn usual_status(self, kind: ErrorKind) -> u16 {
        complaint::status(self, kind)
    }

    /// The words in which this vendor usually says it.
    #[must_use]
    pub fn usual_message(self, kind: ErrorKind) -> &'static str {
        complaint::message(self, kind)
    }

    /// The interface that is meant when the path does not say.
    pub(crate) const fn format(self) -> Format {
        match self {
            Dialect::Anthropic => Format::Messages,
            Dialect::Gemini => Format::Generate,
            _ => Format::Chat,
        }
    }

    /// Reads a request into `ask`; what could be told stays there even when the request is refused.
    pub(crate) fn read(
        self,
        spec: &Spec,
        head: &Parts,
        body: &[u8],
        ask: &mut Ask,
    ) -> Result<Asked, Complaint> {
        match self {
            Dialect::Anthropic => anthropic::read(spec, head, body, ask),
            Dialect::Gemini => gemini::read(spec, head, body, ask),
            Dialect::Ollama if ollama::is_native(head.uri.path()) => ollama::read(spec, head, body, ask),
            _ => openai::read(spec, head, body, ask),
        }
    }

    /// The body of an error, and what it is.
    pub(crate) fn error(self, format: Format, complaint: &Complaint, request: &str) -> (Media, String) {
        let body = match self {
            Dialect::Ollama
                if matches!(format, Format::OllamaChat | Format::OllamaGenerate | Format::OllamaEmbed) =>
            {
                ollama::error(complaint)
            }
            Dialect::Anthropic => anthropic::error(complaint, request),
            Dialect::Gemini => gemini::error(complaint),
            _ => {
                let vendor = openai::vendor(self);
                return (vendor.error_media(complaint), vendor.error(complaint, request));
            }
        };
        (Media::Json, body)
    }
}
