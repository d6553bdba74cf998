//! What of a stream must be known: to judge it, to remember it, to go on from it.

use crate::chat::{ChatReply, Delta, ToolCall};
use crate::router::seam::seam;

/// Bytes a token has, roughly.
pub(super) const BYTES_PER_TOKEN: u64 = 4;

/// What a delta without text weighs, so that even an endless run of them is too much at some point.
const WEIGHTLESS: usize = 64;

/// More calls than any vendor allows in one reply.
const MAX_CALLS: usize = 1024;

/// What of a stream must be known.
pub(super) struct Seen {
    pub(super) reply: ChatReply,
    /// Whether the text is kept, or only that there was some.
    keeps_text: bool,
    /// Bytes of what was not output: what may be held back of it has a bound.
    pub(super) unseen_bytes: usize,
    /// Bytes of text, arguments and reasoning.
    spoken_bytes: u64,
    /// Whether a tool is called.
    pub(super) calls: bool,
}

impl Seen {
    pub(super) fn new(keeps_text: bool) -> Self {
        Seen { reply: ChatReply::default(), keeps_text, unseen_bytes: 0, spoken_bytes: 0, calls: false }
    }

    /// Tokens so far, by their length.
    pub(super) fn tokens(&self) -> u64 {
        self.spoken_bytes.div_ceil(BYTES_PER_TOKEN)
    }

    pub(super) fn note(&mut self, delta: &Delta) {
        match delta {
            Delta::Start { id, model } => {
                self.unseen_bytes += WEIGHTLESS;
                self.reply.id = id.clone().unwrap_or_default();
                self.reply.model = model.clone().unwrap_or_default();
            }
            Delta::End => self.unseen_bytes += WEIGHTLESS,
            Delta::Reasoning(text) => {
                self.unseen_bytes += text.len();
                self.spoken_bytes += text.len() as u64;
            }
            Delta::Text(text) => {
                self.spoken_bytes += text.len() as u64;
                if !delta.is_output() {
                    // Blanks commit nothing: what is held back of them has its bound, too.
                    self.unseen_bytes += text.len();
                }
                let kept = self.reply.text.get_or_insert_default();
                if self.keeps_text || kept.trim().is_empty() {
                    kept.push_str(text);
                }
            }
            Delta::Refusal(text) => {
                self.unseen_bytes += text.len();
                self.reply.refusal.get_or_insert_default().push_str(text);
            }
            Delta::ToolCall { index, id, name, arguments } => {
                self.calls = true;
                self.spoken_bytes += arguments.len() as u64;
                self.call(*index, id.as_deref(), name.as_deref(), arguments);
            }
            Delta::Finish(reason) => self.reply.finish = Some(*reason),
            Delta::Usage(usage) => {
                let known = self.reply.usage.get_or_insert_default();
                known.update(seam!(
                    AddsUsageUp,
                    *usage,
                    crate::chat::Usage {
                        output: known.output.map_or(usage.output, |n| Some(n + usage.output?)),
                        ..*usage
                    }
                ));
            }
        }
    }

    fn call(&mut self, index: usize, id: Option<&str>, name: Option<&str>, arguments: &str) {
        if index >= MAX_CALLS {
            return;
        }
        let calls = &mut self.reply.tool_calls;
        if calls.len() <= index {
            calls.resize_with(index + 1, ToolCall::default);
        }
        let call = &mut calls[index];
        if let Some(id) = id {
            id.clone_into(&mut call.id);
        }
        if let Some(name) = name {
            name.clone_into(&mut call.name);
        }
        call.arguments.push_str(arguments);
    }
}
