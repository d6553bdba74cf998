//! What was said so far: the last event of a stream repeats all of it.

use crate::chat::{ChatReply, Delta, Finish};

/// Bytes that are kept for the last event: far above any model's output limit. What comes after goes to the caller
/// as it comes, and is cut from the last event, which then says `incomplete`.
const MAX_KEPT: usize = 64 * 1024 * 1024;

/// One item of the output.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) content: Content,
    /// Whether nothing is added any more.
    pub(super) done: bool,
}

/// What an item holds. A refusal is an item of its own, beside the text it ends.
#[derive(Debug)]
pub(super) enum Content {
    Text(String),
    Refusal(String),
    Summary(String),
    Call { call_id: String, name: String, arguments: String },
}

/// Which kind of item a delta belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Refusal,
    Summary,
    Call(usize),
}

/// The items of one response.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) items: Vec<Item>,
    /// The item that grows.
    pub(super) open: Option<(Kind, usize)>,
    /// The item of each call.
    calls: Vec<(usize, usize)>,
    kept: usize,
}

impl Track {
    /// The item of `kind` that a delta belongs to, if it has begun.
    pub(super) fn find(&self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::Call(call) => self.calls.iter().find(|(of, _)| *of == call).map(|(_, item)| *item),
            kind => self.open.filter(|(open, _)| *open == kind).map(|(_, item)| item),
        }
    }

    /// Begins an item; the one that grew is to be closed before.
    pub(super) fn begin(&mut self, kind: Kind, request_id: &str, call: Option<(&str, &str)>) -> usize {
        let at = self.items.len();
        let (prefix, content) = match kind {
            Kind::Text => ("msg", Content::Text(String::new())),
            Kind::Refusal => ("msg", Content::Refusal(String::new())),
            Kind::Summary => ("rs", Content::Summary(String::new())),
            Kind::Call(number) => {
                self.calls.push((number, at));
                let (id, name) = call.unwrap_or_default();
                let call_id = if id.is_empty() { format!("call_{number}") } else { id.to_owned() };
                ("fc", Content::Call { call_id, name: name.to_owned(), arguments: String::new() })
            }
        };
        self.items.push(Item { id: format!("{prefix}_{request_id}_{at}"), content, done: false });
        self.open = Some((kind, at));
        at
    }

    /// Adds to an item, within what is kept.
    pub(super) fn add(&mut self, item: usize, piece: &str) {
        if self.kept.saturating_add(piece.len()) > MAX_KEPT {
            self.kept = MAX_KEPT + 1;
            return;
        }
        self.kept += piece.len();
        match &mut self.items[item].content {
            Content::Text(text) | Content::Refusal(text) | Content::Summary(text) => text.push_str(piece),
            Content::Call { arguments, .. } => arguments.push_str(piece),
        }
    }

    /// Whether something could not be kept.
    pub(super) fn is_cut(&self) -> bool {
        self.kept > MAX_KEPT
    }

    /// Takes a whole reply.
    pub(super) fn take(&mut self, reply: &ChatReply, request_id: &str) -> Finish {
        for delta in super::super::deltas(reply) {
            let (kind, call, piece) = match &delta {
                Delta::Text(text) => (Kind::Text, None, text),
                Delta::Refusal(text) => (Kind::Refusal, None, text),
                Delta::ToolCall { index, id, name, arguments } => {
                    let call = (id.as_deref().unwrap_or_default(), name.as_deref().unwrap_or_default());
                    (Kind::Call(*index), Some(call), arguments)
                }
                _ => continue,
            };
            let item = self.begin(kind, request_id, call);
            self.add(item, piece);
        }
        reply.finish.unwrap_or(Finish::Stop)
    }
}
