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
    /// OpenAI chat completions.
    Openai,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `generateContent` and `streamGenerateContent`.
    Gemini,
}

impl Dialect {
    /// Reads a request into `ask`; what could be told stays there even when the request is refused.
    pub(crate) fn read(
        self,
        spec: &Spec,
        head: &Parts,
        body: &[u8],
        ask: &mut Ask,
    ) -> Result<Asked, Complaint> {
        match self {
            Dialect::Openai => openai::read(spec, head, body, ask),
            Dialect::Anthropic => anthropic::read(spec, head, body, ask),
            Dialect::Gemini => gemini::read(spec, head, body, ask),
        }
    }

    /// The body of an error.
    pub(crate) fn error(self, complaint: &Complaint, request: &str) -> String {
        match self {
            Dialect::Openai => openai::error(complaint),
            Dialect::Anthropic => anthropic::error(complaint, request),
            Dialect::Gemini => gemini::error(complaint),
        }
    }

    /// The listing of models.
    pub(crate) fn models(self, models: &[String]) -> String {
        match self {
            Dialect::Openai => openai::models(models),
            Dialect::Anthropic => anthropic::models(models),
            Dialect::Gemini => gemini::models(models),
        }
    }
}
