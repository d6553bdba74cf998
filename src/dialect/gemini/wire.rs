//! The shapes of a response, which a stream's chunks have as well, borrowed from the bytes.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::Dialect;
use super::super::failure;
use super::super::json::{Count, Text};
use crate::chat::{Failure, Usage};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response<'a> {
    #[serde(borrow, default)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow, default)]
    prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(default)]
    pub(super) usage_metadata: Option<WireUsage>,
    #[serde(borrow, default)]
    pub(super) model_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) response_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow, default)]
    block_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    #[serde(default)]
    index: Option<Count>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(borrow, default)]
    pub(super) text: Option<Text<'a>>,
    #[serde(default)]
    thought: Option<bool>,
    #[serde(borrow, default)]
    pub(super) function_call: Option<FunctionCall<'a>>,
}

#[derive(Deserialize)]
pub(super) struct FunctionCall<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) args: Option<&'a RawValue>,
}

/// Tokens in Gemini's sense: the candidates without the thoughts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireUsage {
    #[serde(default)]
    prompt_token_count: Count,
    #[serde(default)]
    tool_use_prompt_token_count: Count,
    #[serde(default)]
    cached_content_token_count: Count,
    #[serde(default)]
    candidates_token_count: Count,
    #[serde(default)]
    thoughts_token_count: Count,
}

impl<'a> Response<'a> {
    /// The failure, should this be an error object after all. `json` is what it was parsed from.
    pub(super) fn failure(&self, json: &str) -> Option<Failure> {
        self.error.map(|_| failure::in_band(Dialect::Gemini, json))
    }

    /// The first candidate.
    pub(super) fn first_candidate(&mut self) -> Option<Candidate<'a>> {
        let mut list = self.candidates.take()?;
        let at = list.iter().position(|one| one.index.and_then(|index| index.0).unwrap_or(0) == 0)?;
        Some(list.swap_remove(at))
    }

    /// Why the prompt was blocked.
    pub(super) fn block_reason(&self) -> Option<&str> {
        let reason = self.prompt_feedback.as_ref()?.block_reason.as_ref()?;
        Some(&*reason.0).filter(|reason| !reason.is_empty())
    }
}

impl<'a> Candidate<'a> {
    /// What it consists of.
    pub(super) fn parts(&self) -> &[Part<'a>] {
        self.content.as_ref().and_then(|content| content.parts.as_deref()).unwrap_or_default()
    }
}

impl Part<'_> {
    /// Whether it is reasoning.
    pub(super) fn is_thought(&self) -> bool {
        self.thought == Some(true)
    }
}

impl WireUsage {
    /// In OpenAI's sense: the output includes the thoughts, the input what tools put into the prompt.
    pub(super) fn normalised(&self) -> Usage {
        let sum = |one: Count, other: Count| match (one.0, other.0) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        };
        Usage {
            input: sum(self.prompt_token_count, self.tool_use_prompt_token_count),
            cached_input: self.cached_content_token_count.0,
            output: sum(self.candidates_token_count, self.thoughts_token_count),
            reasoning: self.thoughts_token_count.0,
        }
    }
}

/// A whole call. Without an id of its own it gets one from its position: unique in a reply, and the same in any
/// repetition.
pub(super) fn tool_call(position: usize, call: &FunctionCall<'_>) -> Result<crate::chat::ToolCall, Failure> {
    let arguments = super::super::json::arguments(call.args)?;
    Ok(crate::chat::ToolCall {
        id: Text::filled(call.id.as_ref()).unwrap_or_else(|| format!("call_{position}")),
        name: Text::or_empty(call.name.as_ref()).to_owned(),
        arguments: if arguments.is_empty() { "{}".to_owned() } else { arguments.into_owned() },
    })
}
