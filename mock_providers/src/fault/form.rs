//! What of a call decides which faults can be done to it.
//!
//! A fault that has no form in a call's wire format does not fire there: it would count as fired and prove
//! nothing.

use crate::dialect::{Ask, Dialect, Format, usage_in_stream, whole_calls};

/// The form of a call and of its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) format: Format,
    pub(crate) stream: bool,
    /// A stream that is one JSON array instead of events.
    pub(crate) array: bool,
    /// The usage is told, if only at the end.
    pub(crate) usage: bool,
    /// The usage comes in an event of its own.
    pub(crate) usage_event: bool,
    /// A tool call comes in one piece.
    pub(crate) whole: bool,
    /// A tool has to be called.
    pub(crate) tool: bool,
    /// The answer has to be JSON.
    pub(crate) json: bool,
    /// The vendor inspects prompts and answers.
    pub(crate) inspected: bool,
}

impl Form {
    pub(crate) fn of(dialect: Dialect, ask: &Ask) -> Form {
        let (usage, usage_event) = usage_in_stream(dialect, ask);
        Form {
            format: ask.format,
            stream: ask.stream,
            array: ask.array,
            usage: usage || !ask.stream,
            usage_event,
            whole: whole_calls(dialect, ask),
            tool: ask.tool.is_some(),
            json: ask.json,
            inspected: dialect.inspects(),
        }
    }

    /// Whether the format is that of OpenAI's chat completions.
    pub(super) fn is_chat(self) -> bool {
        self.format == Format::Chat
    }

    /// Whether a stream consists of server-sent events.
    pub(super) const fn has_events(self) -> bool {
        !self.array
            && matches!(self.format, Format::Chat | Format::Responses | Format::Messages | Format::Generate)
    }

    /// Whether a stream ends with something that says so.
    pub(super) const fn has_terminator(self) -> bool {
        self.array || matches!(self.format, Format::Chat | Format::Responses | Format::Messages)
    }

    /// Whether a stream begins with something before its first words.
    pub(super) const fn has_opening(self) -> bool {
        matches!(self.format, Format::Chat | Format::Responses | Format::Messages)
    }

    /// Whether events name a choice, candidate, block or item by number.
    pub(super) const fn has_index(self) -> bool {
        matches!(self.format, Format::Chat | Format::Responses | Format::Messages | Format::Generate)
    }

    /// Whether the answer is what a model says: embeddings are not, and are never refused, cut short or repeated.
    pub(super) const fn is_said(self) -> bool {
        !matches!(self.format, Format::Embeddings | Format::Embed)
    }

    /// Whether the answer names its model.
    pub(super) const fn names_model(self) -> bool {
        !matches!(self.format, Format::Embed)
    }

    /// Whether an answer lists choices or candidates.
    pub(super) const fn has_choices(self) -> bool {
        matches!(self.format, Format::Chat | Format::Generate)
    }

    /// Whether an answer names the reason why it ended, in a word.
    pub(super) const fn has_finish(self) -> bool {
        matches!(
            self.format,
            Format::Chat
                | Format::Responses
                | Format::Messages
                | Format::Generate
                | Format::OllamaChat
                | Format::OllamaGenerate
        )
    }

    /// Whether the usage stands in one object.
    pub(super) const fn has_usage(self) -> bool {
        self.usage && !matches!(self.format, Format::OllamaChat | Format::OllamaGenerate)
    }

    /// Whether there is a finish reason of its own for tool calls.
    pub(super) const fn names_calls(self) -> bool {
        matches!(self.format, Format::Chat | Format::Messages)
    }

    /// Whether tool calls have ids.
    pub(super) const fn has_call_ids(self) -> bool {
        matches!(self.format, Format::Chat | Format::Responses | Format::Messages)
    }

    /// Whether a tool's arguments are written as text.
    pub(super) fn has_text_arguments(self) -> bool {
        matches!(self.format, Format::Chat | Format::Responses)
            || self.stream && self.format == Format::Messages
    }

    /// The event that keeps a silent stream alive; none where a vendor has none.
    pub(crate) const fn keep_alive(self) -> Option<&'static str> {
        match self.format {
            Format::Messages => Some("event: ping\ndata: {\"type\": \"ping\"}\n\n"),
            Format::Generate
            | Format::OllamaChat
            | Format::OllamaGenerate
            | Format::Embeddings
            | Format::Embed
            | Format::OllamaEmbed => None,
            Format::Chat | Format::Responses => Some(": keep-alive\n\n"),
        }
    }
}
