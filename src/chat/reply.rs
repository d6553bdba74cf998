//! What a model answers.

use serde::{Deserialize, Serialize};

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatReply {
    /// The provider's id for it.
    pub id: String,
    /// The model that says it served.
    pub model: String,
    /// Text, if any.
    pub text: Option<String>,
    /// A structured refusal, if any.
    pub refusal: Option<String>,
    /// Calls the model makes.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended; none when the provider gave no reason.
    pub finish: Option<Finish>,
    /// Tokens, where the provider said.
    pub usage: Option<Usage>,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// Id, to answer by.
    pub id: String,
    /// The function.
    pub name: String,
    /// Arguments: the text of a JSON object.
    pub arguments: String,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was complete.
    Stop,
    /// A token limit cut it.
    Length,
    /// It calls tools.
    ToolCalls,
    /// A filter or the model's own refusal ended it.
    ContentFilter,
}

impl Finish {
    /// Its name in OpenAI's format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::ToolCalls => "tool_calls",
            Finish::ContentFilter => "content_filter",
        }
    }
}

/// Tokens used. Unknown is never zero: where a provider does not say, the field is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens, cached ones included (OpenAI's sense).
    pub input: Option<u64>,
    /// Of these, read from a cache.
    pub cached_input: Option<u64>,
    /// Generated tokens, reasoning included (OpenAI's sense).
    pub output: Option<u64>,
    /// Of these, reasoning.
    pub reasoning: Option<u64>,
}

/// One step of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The reply began; carries the provider's id and model when it said. Never output.
    Start {
        /// The provider's id for the reply.
        id: Option<String>,
        /// The model that says it serves.
        model: Option<String>,
    },
    /// Text. Never empty.
    Text(String),
    /// Reasoning text. Never empty; not output.
    Reasoning(String),
    /// A piece of a structured refusal.
    Refusal(String),
    /// A piece of a tool call.
    ToolCall {
        /// Which call of this reply, from 0.
        index: usize,
        /// Its id, in the first piece.
        id: Option<String>,
        /// Its function, in the first piece.
        name: Option<String>,
        /// A piece of its arguments.
        arguments: String,
    },
    /// Why the reply ends.
    Finish(Finish),
    /// Tokens so far or in all: later ones overwrite earlier ones, field by field.
    Usage(Usage),
    /// The protocol's terminator: the stream is whole.
    End,
}

impl ChatReply {
    /// Whether the model or a content filter refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.refusal.is_some() || self.finish == Some(Finish::ContentFilter)
    }

    /// Whether there is neither text nor a tool call; blanks alone are no text.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        is_blank(self.text.as_deref().unwrap_or_default()) && self.tool_calls.is_empty()
    }
}

impl Delta {
    /// Whether this is useful output, whose first forwarding commits a stream: text or a tool-call delta, not
    /// roles, pings, usage, reasoning, empty or blank pieces.
    #[must_use]
    pub fn is_output(&self) -> bool {
        match self {
            Delta::Text(text) => !is_blank(text),
            Delta::ToolCall { .. } => true,
            _ => false,
        }
    }
}

/// Whether nobody would see anything of it.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

impl Usage {
    /// Overwrites every field that `later` knows.
    pub fn update(&mut self, later: Usage) {
        self.input = later.input.or(self.input);
        self.cached_input = later.cached_input.or(self.cached_input);
        self.output = later.output.or(self.output);
        self.reasoning = later.reasoning.or(self.reasoning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_neither_an_answer_nor_output() {
        let said = |text: &str| ChatReply { text: Some(text.to_owned()), ..ChatReply::default() };
        for (text, blank) in [("", true), (" \n\t\u{a0}", true), (" a", false), ("0", false)] {
            assert_eq!(said(text).is_silent(), blank, "{text:?}");
            assert_eq!(Delta::Text(text.to_owned()).is_output(), !blank, "{text:?}");
        }
    }
}
