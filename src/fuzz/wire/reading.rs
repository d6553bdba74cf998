//! What the router's decoders make of bytes.

use crate::chat::{ChatReply, Delta, Failure, Finish, Usage};
use crate::dialect::{Dialect, Leniency, StreamDecoder};

/// A stream, read to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What it said.
    pub deltas: Vec<Delta>,
    /// How it ended.
    pub end: Result<(), Failure>,
    /// Malformed events that were skipped.
    pub skipped: u32,
}

/// What was said, however many pieces it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Text.
    pub text: String,
    /// Thoughts.
    pub thoughts: String,
    /// A refusal's words.
    pub refusal: String,
    /// Calls of tools: id, name, arguments.
    pub calls: Vec<(String, String, String)>,
    /// Why it ended.
    pub finish: Option<Finish>,
    /// Tokens.
    pub usage: Option<Usage>,
}

/// Reads a stream that comes in these pieces.
pub fn read<'a>(dialect: Dialect, leniency: Leniency, pieces: impl IntoIterator<Item = &'a [u8]>) -> Reading {
    let mut decoder = StreamDecoder::with(dialect, leniency);
    let mut deltas = Vec::new();
    let pushed = pieces.into_iter().try_for_each(|piece| decoder.push(piece, &mut deltas));
    let end = pushed.and_then(|()| decoder.finish(&mut deltas));
    Reading { deltas, end, skipped: decoder.skipped() }
}

impl Reading {
    /// Whether it was a success.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.end.is_ok()
    }

    /// What was said.
    #[must_use]
    pub fn said(&self) -> Said {
        Said::of(&self.deltas)
    }
}

impl From<ChatReply> for Said {
    fn from(reply: ChatReply) -> Said {
        Said {
            text: reply.text.unwrap_or_default(),
            refusal: reply.refusal.unwrap_or_default(),
            calls: reply.tool_calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect(),
            finish: reply.finish,
            usage: reply.usage,
            ..Said::default()
        }
    }
}

impl Said {
    /// What these deltas come to.
    #[must_use]
    pub fn of(deltas: &[Delta]) -> Said {
        let mut said = Said::default();
        deltas.iter().for_each(|delta| said.hear(delta));
        said
    }

    fn hear(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Reasoning(text) => self.thoughts.push_str(text),
            Delta::Refusal(text) => self.refusal.push_str(text),
            Delta::ToolCall { index, id, name, arguments } => {
                if self.calls.len() <= *index {
                    self.calls.resize_with(index + 1, Default::default);
                }
                let call = &mut self.calls[*index];
                call.0.push_str(id.as_deref().unwrap_or_default());
                call.1.push_str(name.as_deref().unwrap_or_default());
                call.2.push_str(arguments);
            }
            Delta::Finish(finish) => self.finish = Some(*finish),
            Delta::Usage(usage) => self.usage.get_or_insert_default().update(*usage),
            Delta::Start { .. } | Delta::End => {}
        }
    }

    /// All arguments of all calls.
    #[must_use]
    pub fn arguments(&self) -> String {
        self.calls.iter().map(|call| call.2.as_str()).collect()
    }
}
