//! The shapes of a chat completion and its chunks, borrowed from the bytes. Every field is optional: what is
//! missing is unknown, not wrong.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::Dialect;
use super::super::failure;
use super::super::json::{Content, Count, Text};
use crate::chat::{Failure, Usage};

/// A whole completion or one chunk of it.
#[derive(Deserialize)]
pub(super) struct Completion<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) model: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    pub(super) usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    /// Where an error is no object of its own, as Mistral's and FastAPI's: no completion has either.
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    index: Option<Count>,
    #[serde(borrow, default)]
    delta: Option<Message<'a>>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) native_finish_reason: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    role: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<Content<'a>>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Text<'a>>,
    /// DeepSeek and Qwen.
    #[serde(borrow, default)]
    pub(super) reasoning_content: Option<Text<'a>>,
    /// OpenRouter and Ollama.
    #[serde(borrow, default)]
    pub(super) reasoning: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Call<'a> {
    #[serde(default)]
    pub(super) index: Option<Count>,
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow, default)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct WireUsage {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek.
    #[serde(default)]
    prompt_cache_hit_tokens: Count,
    /// Mistral.
    #[serde(default)]
    num_cached_tokens: Count,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Count,
}

#[derive(Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Count,
}

impl Completion<'_> {
    /// The failure, should this be an error object after all. `json` is what it was parsed from.
    pub(super) fn failure(&self, json: &str) -> Option<Failure> {
        let nested = self.error.is_some_and(|error| {
            serde_json::from_str(error.get()).is_ok_and(|error| failure::truthy(&error))
        });
        let flat = [&self.object, &self.kind].iter().any(|text| Text::or_empty(text.as_ref()) == "error");
        let bare = self.choices.is_none() && (self.message.is_some() || self.detail.is_some());
        (nested || flat || bare).then(|| failure::in_band(Dialect::Openai, json))
    }
}

impl<'a> Completion<'a> {
    /// Whether it has neither choices nor usage, and is nothing else by its own word: a chunk all the same, or nothing at all.
    pub(super) fn is_mute(&self) -> bool {
        let kind = Text::or_empty(self.object.as_ref().or(self.kind.as_ref()));
        matches!(kind, "chat.completion.chunk" | "") && self.choices.is_none() && self.usage.is_none()
    }

    /// Whether it has any choice.
    pub(super) fn has_choices(&self) -> bool {
        self.choices.as_ref().is_some_and(|choices| !choices.is_empty())
    }

    /// The first choice; others (`n` > 1) are not for us.
    pub(super) fn first_choice(&mut self) -> Option<Choice<'a>> {
        let mut choices = self.choices.take()?;
        let at =
            choices.iter().position(|choice| choice.index.and_then(|index| index.0).unwrap_or(0) == 0)?;
        Some(choices.swap_remove(at))
    }
}

impl<'a> Choice<'a> {
    /// Whether it names who speaks.
    pub(super) fn has_role(&self) -> bool {
        let message = self.delta.as_ref().or(self.message.as_ref());
        message.is_some_and(|message| !Text::or_empty(message.role.as_ref()).is_empty())
    }

    /// What it says, in whole or in part; a few servers send the part under the whole's name.
    pub(super) fn said(&mut self) -> Option<Message<'a>> {
        self.delta.take().or(self.message.take())
    }
}

impl WireUsage {
    /// OpenAI's sense is ours. Nothing known is no usage.
    pub(super) fn normalised(&self) -> Option<Usage> {
        let details = self.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens.0);
        let usage = Usage {
            input: self.prompt_tokens.0,
            cached_input: details.or(self.prompt_cache_hit_tokens.0).or(self.num_cached_tokens.0),
            output: self.completion_tokens.0,
            reasoning: self.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens.0),
        };
        (usage != Usage::default()).then_some(usage)
    }
}
