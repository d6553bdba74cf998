//! Messages as a stream: blocks that open, grow and close, between a start and a stop.
//!
//! Every block has the next number; one that begins closes the one before. Thoughts are given only to callers who
//! asked for them.

use bytes::Bytes;
use serde::Serialize;

use super::super::error::{Fault, Vendor, json};
use super::super::writer::{About, Shape, sse};
use super::write::{Block, Id, Input, MessageOut, StopDetails, UsageOut, apart, stop_reason, whole};
use crate::chat::{ChatReply, Delta, Finish, Usage};
use crate::router::told::Ledger;

/// Writes one message.
#[derive(Debug)]
pub(super) struct Messages {
    /// Whether the caller wants to read what the model thinks.
    thinks: bool,
    begun: bool,
    /// Blocks begun so far.
    blocks: usize,
    open: Option<Open>,
    /// The block of each call, by the call's number.
    calls: Vec<(usize, usize)>,
    finish: Option<Finish>,
    /// Whether any text came.
    spoke: bool,
    refusal: Option<String>,
    usage: Option<Usage>,
}

/// The block that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Refusal,
    Thinking,
    Call(usize),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart {
        message: MessageOut<'a>,
    },
    ContentBlockStart {
        index: usize,
        content_block: Block<'a>,
    },
    ContentBlockDelta {
        index: usize,
        delta: Piece<'a>,
    },
    ContentBlockStop {
        index: usize,
    },
    MessageDelta {
        delta: Ending<'a>,
        usage: UsageOut,
        #[serde(skip_serializing_if = "Option::is_none")]
        brownout: Option<&'a Ledger>,
    },
    MessageStop,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Piece<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    Input { partial_json: &'a str },
}

#[derive(Serialize)]
struct Ending<'a> {
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_details: Option<StopDetails<'a>>,
}

impl Event<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Event::MessageStart { .. } => "message_start",
            Event::ContentBlockStart { .. } => "content_block_start",
            Event::ContentBlockDelta { .. } => "content_block_delta",
            Event::ContentBlockStop { .. } => "content_block_stop",
            Event::MessageDelta { .. } => "message_delta",
            Event::MessageStop => "message_stop",
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        sse(Some(self.name()), self, out);
    }
}

// === impl Messages ===

impl Shape for Messages {
    fn vendor(&self) -> Vendor {
        Vendor::Anthropic
    }

    fn plain(&mut self, reply: &ChatReply, about: &About) -> Bytes {
        json(&whole(reply, about))
    }

    fn event(&mut self, delta: &Delta, about: &About, out: &mut Vec<u8>) {
        match delta {
            Delta::Usage(usage) => self.usage.get_or_insert_default().update(*usage),
            Delta::Finish(reason) => self.finish = Some(*reason),
            Delta::Text(text) => {
                self.begin(about, out);
                self.spoke |= !text.is_empty();
                self.text(Open::Text, text, out);
            }
            Delta::Refusal(text) => {
                self.begin(about, out);
                self.refuse(text, out);
            }
            Delta::Reasoning(text) if self.thinks => {
                self.begin(about, out);
                let index = self.block(Open::Thinking, Block::Thinking { thinking: "", signature: "" }, out);
                Event::ContentBlockDelta { index, delta: Piece::Thinking { thinking: text } }.write(out);
            }
            Delta::ToolCall { index, id, name, arguments } => {
                self.begin(about, out);
                self.call(*index, id.as_deref(), name.as_deref(), arguments, out);
            }
            Delta::End => self.end(about, out),
            _ => {}
        }
    }

    fn error_event(&mut self, fault: &Fault<'_>, _: &About, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: error\ndata: ");
        out.extend_from_slice(&fault.body(Vendor::Anthropic));
        out.extend_from_slice(b"\n\n");
    }

    fn keep_alive(&self) -> &'static str {
        "event: ping\ndata: {\"type\": \"ping\"}\n\n"
    }
}

impl Messages {
    pub(super) fn new(thinks: bool) -> Self {
        Messages {
            thinks,
            begun: false,
            blocks: 0,
            open: None,
            calls: Vec::new(),
            finish: None,
            spoke: false,
            refusal: None,
            usage: None,
        }
    }

    /// The start, once.
    fn begin(&mut self, about: &About, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let message = MessageOut {
            id: Id(&about.request_id),
            kind: "message",
            role: "assistant",
            model: &about.model,
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            stop_details: None,
            usage: UsageOut::of(self.usage),
            brownout: None,
        };
        Event::MessageStart { message }.write(out);
    }

    fn text(&mut self, open: Open, text: &str, out: &mut Vec<u8>) {
        let index = self.block(open, Block::Text { text: "".into() }, out);
        Event::ContentBlockDelta { index, delta: Piece::Text { text } }.write(out);
    }

    fn refuse(&mut self, words: &str, out: &mut Vec<u8>) {
        let first = self.refusal.as_ref().is_none_or(String::is_empty);
        self.refusal.get_or_insert_default().push_str(words);
        let words = apart(first && self.spoke, words);
        self.text(Open::Refusal, &words, out);
    }

    /// A piece of a call. One that comes late, after another block began, still goes where it belongs.
    fn call(
        &mut self,
        call: usize,
        id: Option<&str>,
        name: Option<&str>,
        arguments: &str,
        out: &mut Vec<u8>,
    ) {
        let known = self.calls.iter().find(|(of, _)| *of == call).map(|(_, block)| *block);
        let index = known.unwrap_or_else(|| {
            let made_up = format!("toolu_{call}");
            let (id, name) = (id.unwrap_or(&made_up), name.unwrap_or_default());
            let block =
                self.block(Open::Call(call), Block::ToolUse { id, name, input: Input::Empty {} }, out);
            self.calls.push((call, block));
            block
        });
        if !arguments.is_empty() {
            let delta = Piece::Input { partial_json: arguments };
            Event::ContentBlockDelta { index, delta }.write(out);
        }
    }

    /// The number of the block that is `open` or has to be begun, with `block`.
    fn block(&mut self, open: Open, block: Block<'_>, out: &mut Vec<u8>) -> usize {
        if self.open != Some(open) {
            self.close(out);
            Event::ContentBlockStart { index: self.blocks, content_block: block }.write(out);
            self.open = Some(open);
            self.blocks += 1;
        }
        self.blocks - 1
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        let index = self.blocks - 1;
        if open == Open::Thinking {
            Event::ContentBlockDelta { index, delta: Piece::Signature { signature: "" } }.write(out);
        }
        Event::ContentBlockStop { index }.write(out);
    }

    fn end(&mut self, about: &About, out: &mut Vec<u8>) {
        self.begin(about, out);
        self.close(out);
        let finish = self.finish.unwrap_or(Finish::Stop);
        let refused = self.refusal.is_some() || finish == Finish::ContentFilter;
        let delta = Ending {
            stop_reason: stop_reason(finish, refused),
            stop_sequence: None,
            stop_details: refused.then(|| StopDetails::of(self.refusal.as_deref())),
        };
        let brownout = about.ledger.as_deref();
        Event::MessageDelta { delta, usage: UsageOut::of(self.usage), brownout }.write(out);
        Event::MessageStop.write(out);
    }
}

#[cfg(test)]
mod tests;
