//! The body of a request, as far as anything depends on it. What is only passed through is kept as it came.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::dialect::json::{Content, Text};

/// A request for a chat completion.
#[derive(Deserialize)]
pub(in crate::dialect) struct Body<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) model: Option<Text<'a>>,
    /// OpenRouter: models to fall back to.
    #[serde(borrow)]
    pub(in crate::dialect) models: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(in crate::dialect) messages: Option<Vec<Message<'a>>>,
    pub(in crate::dialect) stream: Option<bool>,
    pub(in crate::dialect) stream_options: Option<StreamOptions>,
    pub(in crate::dialect) max_tokens: Option<i64>,
    pub(in crate::dialect) max_completion_tokens: Option<i64>,
    pub(in crate::dialect) temperature: Option<f64>,
    pub(in crate::dialect) top_p: Option<f64>,
    pub(in crate::dialect) presence_penalty: Option<f64>,
    pub(in crate::dialect) frequency_penalty: Option<f64>,
    pub(in crate::dialect) n: Option<i64>,
    pub(in crate::dialect) logprobs: Option<bool>,
    pub(in crate::dialect) top_logprobs: Option<i64>,
    #[serde(borrow)]
    pub(in crate::dialect) stop: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::dialect) tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    pub(in crate::dialect) tool_choice: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::dialect) response_format: Option<Format<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) reasoning_effort: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) prompt_cache_key: Option<Text<'a>>,
    pub(in crate::dialect) store: Option<bool>,
    #[serde(borrow)]
    pub(in crate::dialect) metadata: Option<BTreeMap<Text<'a>, Text<'a>>>,
    #[serde(borrow)]
    pub(in crate::dialect) user: Option<Text<'a>>,
}

/// One message.
#[derive(Deserialize)]
pub(in crate::dialect) struct Message<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) role: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::dialect) content: Option<Content<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow)]
    pub(in crate::dialect) tool_call_id: Option<Text<'a>>,
    pub(in crate::dialect) function_call: Option<IgnoredAny>,
    pub(in crate::dialect) refusal: Option<IgnoredAny>,
    pub(in crate::dialect) audio: Option<IgnoredAny>,
}

/// A tool call in a message of the assistant.
#[derive(Deserialize)]
pub(in crate::dialect) struct Call<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) id: Option<Text<'a>>,
}

/// Options of a stream.
#[derive(Deserialize)]
pub(in crate::dialect) struct StreamOptions {
    pub(in crate::dialect) include_usage: Option<bool>,
    pub(in crate::dialect) include_obfuscation: Option<bool>,
    /// vLLM: usage with every chunk.
    pub(in crate::dialect) continuous_usage_stats: Option<bool>,
}

/// A tool.
#[derive(Deserialize)]
pub(in crate::dialect) struct Tool<'a> {
    #[serde(borrow, rename = "type")]
    pub(in crate::dialect) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) function: Option<Function<'a>>,
}

/// A function, or the name of one that is chosen.
#[derive(Clone, Deserialize)]
pub(in crate::dialect) struct Function<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) parameters: Option<&'a RawValue>,
    pub(in crate::dialect) strict: Option<bool>,
}

/// The form the answer shall have.
#[derive(Deserialize)]
pub(in crate::dialect) struct Format<'a> {
    #[serde(borrow, rename = "type")]
    pub(in crate::dialect) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) json_schema: Option<Schema<'a>>,
}

/// A schema with a name.
#[derive(Deserialize)]
pub(in crate::dialect) struct Schema<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) schema: Option<&'a RawValue>,
    pub(in crate::dialect) strict: Option<bool>,
}

impl Body<'_> {
    /// How many stop sequences it has.
    pub(in crate::dialect) fn stops(&self) -> usize {
        let stops = self.stop.and_then(|stop| serde_json::from_str::<Vec<IgnoredAny>>(stop.get()).ok());
        stops.map_or(usize::from(self.stop.is_some()), |stops| stops.len())
    }

    /// Whether it asks for a JSON object of any form.
    pub(in crate::dialect) fn wants_json(&self) -> bool {
        let format = self.response_format.as_ref().and_then(|format| format.kind.as_ref());
        format.is_some_and(|kind| kind.0 == "json_object")
    }

    /// Whether a message says `word` (in lower case), in whatever case.
    pub(in crate::dialect) fn says(&self, word: &str) -> bool {
        let contents = self.messages.iter().flatten().filter_map(|message| message.content.as_ref());
        contents.into_iter().any(|content| content.mentions(word))
    }
}
