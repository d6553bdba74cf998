//! Wire formats: what each vendor reads and writes.
//!
//! A request is read into a neutral `Ask`; a `Script` says what shall be answered, and each vendor's module
//! renders it, plain or event by event. Success replies are written by hand, straight into one string: a
//! simulated run writes millions of chunks.

mod anthropic;
mod ask;
mod complaint;
mod gemini;
mod headers;
mod hints;
mod json;
mod openai;
mod script;

use http::request::Parts;
use serde::{Deserialize, Serialize};

pub(crate) use ask::{Ask, Asked};
pub(crate) use complaint::{Complaint, usual_kind};
pub(crate) use headers::{Media, dress, fixdate};
pub(crate) use hints::{WORDS_MAX, words_hint};
pub(crate) use script::{Plain, Script};

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
    /// Anthropic Messages.
    Messages,
    /// Gemini `generateContent`.
    Generate,
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
            _ => openai::read(spec, head, body, ask),
        }
    }

    /// The body of an error.
    pub(crate) fn error(self, complaint: &Complaint, request: &str) -> String {
        match self {
            Dialect::Anthropic => anthropic::error(complaint, request),
            Dialect::Gemini => gemini::error(complaint),
            _ => openai::error(complaint),
        }
    }

    /// The listing of models.
    pub(crate) fn models(self, models: &[String]) -> String {
        match self {
            Dialect::Anthropic => anthropic::models(models),
            Dialect::Gemini => gemini::models(models),
            _ => openai::models(models),
        }
    }
}
