//! The response object and its items, whole or in the making.

use serde::Serialize;
use serde_json::Value;

use super::items::Echo;
use super::track::{Content, Item};
use crate::chat::{Finish, Usage};
use crate::router::told::Ledger;

/// A response.
#[derive(Serialize)]
pub(super) struct Response<'a> {
    pub(super) id: Id<'a>,
    pub(super) object: &'static str,
    pub(super) created_at: i64,
    pub(super) status: &'static str,
    pub(super) background: bool,
    pub(super) error: Option<ErrorOut<'a>>,
    pub(super) incomplete_details: Option<Incomplete>,
    pub(super) model: &'a str,
    pub(super) output: Vec<ItemOut<'a>>,
    pub(super) previous_response_id: Option<&'a str>,
    pub(super) store: bool,
    pub(super) usage: Option<UsageOut>,
    #[serde(flatten)]
    pub(super) echo: &'a Echo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) brownout: Option<&'a Ledger>,
}

#[derive(Serialize)]
pub(super) struct ErrorOut<'a> {
    pub(super) code: &'a str,
    pub(super) message: &'a str,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Incomplete {
    reason: &'static str,
}

/// One item of the output.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ItemOut<'a> {
    Message { id: &'a str, status: &'static str, role: &'static str, content: Vec<PartOut<'a>> },
    FunctionCall { id: &'a str, status: &'static str, call_id: &'a str, name: &'a str, arguments: &'a str },
    Reasoning { id: &'a str, summary: Vec<PartOut<'a>> },
}

/// One part of an item's content.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum PartOut<'a> {
    OutputText { text: &'a str, annotations: [Value; 0], logprobs: [Value; 0] },
    Refusal { refusal: &'a str },
    SummaryText { text: &'a str },
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct UsageOut {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct InputDetails {
    cached_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

/// `resp_` and the correlation id, without an allocation.
pub(super) struct Id<'a>(pub(super) &'a str);

impl Serialize for Id<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("resp_{}", self.0))
    }
}

impl UsageOut {
    /// Only when both counts are known: this shape has no word for "unknown" inside of it.
    pub(super) fn of(usage: Usage) -> Option<Self> {
        let (input_tokens, output_tokens) = (usage.input?, usage.output?);
        Some(UsageOut {
            input_tokens,
            input_tokens_details: InputDetails { cached_tokens: usage.cached_input.unwrap_or(0) },
            output_tokens,
            output_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning.unwrap_or(0) },
            total_tokens: input_tokens.saturating_add(output_tokens),
        })
    }
}

/// Status of a response, and why it is incomplete if it is.
pub(super) fn status(finish: Finish) -> (&'static str, Option<Incomplete>) {
    match finish {
        Finish::Stop | Finish::ToolCalls => ("completed", None),
        Finish::Length => ("incomplete", Some(Incomplete { reason: "max_output_tokens" })),
        Finish::ContentFilter => ("incomplete", Some(Incomplete { reason: "content_filter" })),
    }
}

impl Item {
    /// The item as it stands; `content` is left out while it begins.
    pub(super) fn out(&self, status: &'static str, with_content: bool) -> ItemOut<'_> {
        let parts = || if with_content { vec![self.content.out()] } else { Vec::new() };
        match &self.content {
            Content::Call { call_id, name, arguments } => ItemOut::FunctionCall {
                id: &self.id,
                status,
                call_id,
                name,
                arguments: if with_content { arguments } else { "" },
            },
            Content::Summary(_) => ItemOut::Reasoning { id: &self.id, summary: parts() },
            Content::Text(_) | Content::Refusal(_) => {
                ItemOut::Message { id: &self.id, status, role: "assistant", content: parts() }
            }
        }
    }
}

impl Content {
    /// The part, whole.
    pub(super) fn out(&self) -> PartOut<'_> {
        match self {
            Content::Text(text) => PartOut::OutputText { text, annotations: [], logprobs: [] },
            Content::Refusal(refusal) => PartOut::Refusal { refusal },
            Content::Summary(text) | Content::Call { arguments: text, .. } => PartOut::SummaryText { text },
        }
    }

    /// The part as it begins.
    pub(super) fn begun(&self) -> PartOut<'static> {
        match self {
            Content::Text(_) => PartOut::OutputText { text: "", annotations: [], logprobs: [] },
            Content::Refusal(_) => PartOut::Refusal { refusal: "" },
            Content::Summary(_) | Content::Call { .. } => PartOut::SummaryText { text: "" },
        }
    }
}
