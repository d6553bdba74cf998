//! The shapes of a message and of a stream's events, borrowed from the bytes.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::json::{Count, Text};
use crate::chat::Usage;

/// A whole message, or the one a stream starts with.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) model: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<Vec<Block<'a>>>,
    #[serde(borrow, default)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    stop_details: Option<StopDetails<'a>>,
    #[serde(default)]
    pub(super) usage: Option<WireUsage>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

/// Why it stopped.
pub(super) struct Stop<'a> {
    pub(super) stop_reason: Option<Text<'a>>,
    stop_details: Option<StopDetails<'a>>,
}

#[derive(Deserialize)]
struct StopDetails<'a> {
    #[serde(borrow, default)]
    explanation: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) input: Option<&'a RawValue>,
}

/// One event of a stream.
#[derive(Deserialize)]
pub(super) struct StreamEvent<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(default)]
    pub(super) index: Count,
    #[serde(borrow, default)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) content_block: Option<Block<'a>>,
    #[serde(borrow, default)]
    pub(super) delta: Option<BlockDelta<'a>>,
    #[serde(default)]
    pub(super) usage: Option<WireUsage>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

/// The delta of a block or of the message.
#[derive(Default, Deserialize)]
pub(super) struct BlockDelta<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) partial_json: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    stop_details: Option<StopDetails<'a>>,
}

impl<'a> Message<'a> {
    /// Why the message stopped.
    pub(super) fn stop(&mut self) -> Stop<'a> {
        Stop { stop_reason: self.stop_reason.take(), stop_details: self.stop_details.take() }
    }
}

impl<'a> BlockDelta<'a> {
    /// Whether it is of a type whose field is missing: without it the delta says nothing.
    pub(super) fn lacks_its_field(&self) -> bool {
        match Text::or_empty(self.kind.as_ref()) {
            "text_delta" => self.text.is_none(),
            "input_json_delta" => self.partial_json.is_none(),
            "thinking_delta" => self.thinking.is_none(),
            _ => false,
        }
    }

    /// Why the message stops, if this says so.
    pub(super) fn stop(self) -> Stop<'a> {
        Stop { stop_reason: self.stop_reason, stop_details: self.stop_details }
    }
}

impl Stop<'_> {
    /// The refusal's words, if it stopped by refusing.
    pub(super) fn refusal(&self) -> Option<String> {
        if Text::or_empty(self.stop_reason.as_ref()) != "refusal" {
            return None;
        }
        let explanation = self.stop_details.as_ref().and_then(|details| details.explanation.as_ref());
        Some(Text::filled(explanation).unwrap_or_else(|| super::REFUSED.to_owned()))
    }
}

/// Tokens in Anthropic's sense: the input without what a cache held.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct WireUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
}

impl WireUsage {
    /// What is known once `later` is, too: it counts from the start and overwrites.
    pub(super) fn updated(self, later: WireUsage) -> WireUsage {
        let newest = |later: Count, earlier: Count| Count(later.0.or(earlier.0));
        WireUsage {
            input_tokens: newest(later.input_tokens, self.input_tokens),
            cache_creation_input_tokens: newest(
                later.cache_creation_input_tokens,
                self.cache_creation_input_tokens,
            ),
            cache_read_input_tokens: newest(later.cache_read_input_tokens, self.cache_read_input_tokens),
            output_tokens: newest(later.output_tokens, self.output_tokens),
        }
    }

    /// In OpenAI's sense: the input includes what was read from and written to a cache.
    pub(super) fn normalised(&self) -> Usage {
        let cached = [self.cache_creation_input_tokens.0, self.cache_read_input_tokens.0];
        let add = |fresh: u64| cached.into_iter().flatten().fold(fresh, u64::saturating_add);
        Usage {
            input: self.input_tokens.0.map(add),
            cached_input: self.cache_read_input_tokens.0,
            output: self.output_tokens.0,
            reasoning: None,
        }
    }
}
