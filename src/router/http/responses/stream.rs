//! Responses as a stream: named events with numbers that rise; items and parts begin, grow and are done; the last
//! event holds the whole response.
//!
//! OpenAI's own error event has nothing inside that its SDKs notice: theirs raise on an `error` field only. So the
//! one that is written here has both, after the `response.failed` that says it to who reads the events.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::super::error::{Fault, Vendor, json};
use super::super::writer::{About, Shape, sse};
use super::items::Echo;
use super::object::{ErrorOut, Id, Incomplete, ItemOut, PartOut, Response, UsageOut, status};
use super::track::{Content, Kind, Track};
use crate::chat::{ChatReply, Delta, Finish, Usage};

/// Writes one response.
#[derive(Debug)]
pub(super) struct Responses {
    echo: Echo,
    /// Whether the caller wants to read what the model thinks.
    summary: bool,
    begun: bool,
    sequence: u64,
    track: Track,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

/// An event: its fields, and those that all have.
#[derive(Serialize)]
struct Event<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    sequence_number: u64,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct Whole<'a> {
    response: Response<'a>,
}

#[derive(Serialize)]
struct AtItem<'a> {
    output_index: usize,
    item: ItemOut<'a>,
}

/// Something about a part, or about the arguments of a call.
#[derive(Default, Serialize)]
struct InItem<'a> {
    item_id: &'a str,
    output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<PartOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[Value; 0]>,
}

#[derive(Serialize)]
struct Trouble<'a> {
    code: &'a str,
    message: &'a str,
    param: Option<&'a str>,
    /// What the SDKs raise.
    error: Value,
}

/// The words of the events about each kind of content.
struct Words {
    added: Option<&'static str>,
    delta: &'static str,
    done: &'static str,
    part_done: Option<&'static str>,
}

const TEXT: Words = Words {
    added: Some("response.content_part.added"),
    delta: "response.output_text.delta",
    done: "response.output_text.done",
    part_done: Some("response.content_part.done"),
};

const REFUSAL: Words = Words { delta: "response.refusal.delta", done: "response.refusal.done", ..TEXT };

const SUMMARY: Words = Words {
    added: Some("response.reasoning_summary_part.added"),
    delta: "response.reasoning_summary_text.delta",
    done: "response.reasoning_summary_text.done",
    part_done: Some("response.reasoning_summary_part.done"),
};

const CALL: Words = Words {
    added: None,
    delta: "response.function_call_arguments.delta",
    done: "response.function_call_arguments.done",
    part_done: None,
};

impl Content {
    const fn words(&self) -> Words {
        match self {
            Content::Text(_) => TEXT,
            Content::Refusal(_) => REFUSAL,
            Content::Summary(_) => SUMMARY,
            Content::Call { .. } => CALL,
        }
    }
}

// === impl Responses ===

impl Shape for Responses {
    fn vendor(&self) -> Vendor {
        Vendor::OpenAi
    }

    fn plain(&mut self, reply: &ChatReply, about: &About) -> Bytes {
        self.finish = Some(self.track.take(reply, &about.request_id));
        self.usage = reply.usage;
        json(&self.ended(about))
    }

    fn event(&mut self, delta: &Delta, about: &About, out: &mut Vec<u8>) {
        match delta {
            Delta::Usage(usage) => self.usage.get_or_insert_default().update(*usage),
            Delta::Finish(reason) => self.finish = Some(*reason),
            Delta::Text(text) => self.grow(Kind::Text, None, text, about, out),
            Delta::Refusal(text) => self.grow(Kind::Refusal, None, text, about, out),
            Delta::Reasoning(text) if self.summary => self.grow(Kind::Summary, None, text, about, out),
            Delta::ToolCall { index, id, name, arguments } => {
                let call = (id.as_deref().unwrap_or_default(), name.as_deref().unwrap_or_default());
                self.grow(Kind::Call(*index), Some(call), arguments, about, out);
            }
            Delta::End => self.end(about, out),
            Delta::Start { .. } | Delta::Reasoning(_) => {}
        }
    }

    fn error_event(&mut self, fault: &Fault<'_>, about: &About, out: &mut Vec<u8>) {
        self.begin(about, out);
        let (code, message) = (fault.openai_code(), fault.message);
        let sequence_number = self.next();
        let mut response = self.response("failed", None, about);
        response.error = Some(ErrorOut { code, message });
        response.usage = self.usage.and_then(UsageOut::of);
        let failed = Event { kind: "response.failed", sequence_number, fields: Whole { response } };
        sse(Some("response.failed"), &failed, out);
        let body: Value = serde_json::from_slice(&fault.body(Vendor::OpenAi)).unwrap_or_default();
        let error = body.get("error").cloned().unwrap_or_default();
        self.emit("error", Trouble { code, message, param: None, error }, out);
    }

    fn keep_alive(&self) -> &'static str {
        ": keep-alive\n\n"
    }
}

impl Responses {
    pub(super) fn new(echo: Echo, summary: bool) -> Self {
        Responses {
            echo,
            summary,
            begun: false,
            sequence: 0,
            track: Track::default(),
            finish: None,
            usage: None,
        }
    }

    fn next(&mut self) -> u64 {
        let number = self.sequence;
        self.sequence += 1;
        number
    }

    fn emit<T: Serialize>(&mut self, kind: &str, fields: T, out: &mut Vec<u8>) {
        let sequence_number = self.next();
        sse(Some(kind), &Event { kind, sequence_number, fields }, out);
    }

    /// The response is created and in progress, once.
    fn begin(&mut self, about: &About, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        for kind in ["response.created", "response.in_progress"] {
            let sequence_number = self.next();
            let response = self.response("in_progress", None, about);
            sse(Some(kind), &Event { kind, sequence_number, fields: Whole { response } }, out);
        }
    }

    /// The response with all that is done of it.
    fn response<'a>(
        &'a self,
        status: &'static str,
        incomplete_details: Option<Incomplete>,
        about: &'a About,
    ) -> Response<'a> {
        let output = self.track.items.iter().map(|item| {
            item.out(if item.done || status == "completed" { "completed" } else { "incomplete" }, true)
        });
        Response {
            id: Id(&about.request_id),
            object: "response",
            created_at: about.created,
            status,
            background: false,
            error: None,
            incomplete_details,
            model: &about.model,
            output: output.collect(),
            previous_response_id: None,
            store: false,
            usage: None,
            echo: &self.echo,
            brownout: None,
        }
    }

    /// The response at its end.
    fn ended<'a>(&'a self, about: &'a About) -> Response<'a> {
        let finish = if self.track.is_cut() { Finish::Length } else { self.finish.unwrap_or(Finish::Stop) };
        let (status, incomplete) = status(finish);
        Response {
            usage: self.usage.and_then(UsageOut::of),
            brownout: about.ledger.as_deref(),
            ..self.response(status, incomplete, about)
        }
    }

    /// A piece of an item, which begins if it has not yet.
    fn grow(
        &mut self,
        kind: Kind,
        call: Option<(&str, &str)>,
        piece: &str,
        about: &About,
        out: &mut Vec<u8>,
    ) {
        self.begin(about, out);
        let item = match self.track.find(kind) {
            Some(item) => item,
            None => {
                self.close(out);
                let item = self.track.begin(kind, &about.request_id, call);
                self.item_added(item, out);
                item
            }
        };
        if piece.is_empty() {
            return;
        }
        self.track.add(item, piece);
        let words = self.track.items[item].content.words();
        let logprobs = matches!(kind, Kind::Text).then_some([]);
        self.in_item(item, words.delta, out, |_, fields| InItem { delta: Some(piece), logprobs, ..fields });
    }

    fn item_added(&mut self, item: usize, out: &mut Vec<u8>) {
        let sequence_number = self.next();
        let fields = AtItem { output_index: item, item: self.track.items[item].out("in_progress", false) };
        let kind = "response.output_item.added";
        sse(Some(kind), &Event { kind, sequence_number, fields }, out);
        if let Some(added) = self.track.items[item].content.words().added {
            self.in_item(item, added, out, |content, fields| InItem {
                part: Some(content.begun()),
                ..fields
            });
        }
    }

    /// The item that grew is done: its text or arguments, its part, and itself.
    fn close(&mut self, out: &mut Vec<u8>) {
        let Some((_, item)) = self.track.open.take() else { return };
        let cut = matches!(self.finish, Some(Finish::Length | Finish::ContentFilter));
        let status = if cut { "incomplete" } else { "completed" };
        self.track.items[item].done = !cut;
        let words = self.track.items[item].content.words();
        self.in_item(item, words.done, out, |content, fields| match content {
            Content::Text(text) => InItem { text: Some(text), logprobs: Some([]), ..fields },
            Content::Summary(text) => InItem { text: Some(text), ..fields },
            Content::Refusal(refusal) => InItem { refusal: Some(refusal), ..fields },
            Content::Call { name, arguments, .. } => {
                InItem { name: Some(name), arguments: Some(arguments), ..fields }
            }
        });
        if let Some(done) = words.part_done {
            self.in_item(item, done, out, |content, fields| InItem { part: Some(content.out()), ..fields });
        }
        let sequence_number = self.next();
        let fields = AtItem { output_index: item, item: self.track.items[item].out(status, true) };
        let kind = "response.output_item.done";
        sse(Some(kind), &Event { kind, sequence_number, fields }, out);
    }

    /// An event about item number `item`, whose content decides on its fields.
    fn in_item<'s>(
        &'s mut self,
        item: usize,
        kind: &str,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&'s Content, InItem<'s>) -> InItem<'s>,
    ) {
        let sequence_number = self.next();
        let at = &self.track.items[item];
        let place = match &at.content {
            Content::Text(_) | Content::Refusal(_) => (Some(0), None),
            Content::Summary(_) => (None, Some(0)),
            Content::Call { .. } => (None, None),
        };
        let fields = InItem {
            item_id: &at.id,
            output_index: item,
            content_index: place.0,
            summary_index: place.1,
            ..InItem::default()
        };
        let fields = fill(&at.content, fields);
        sse(Some(kind), &Event { kind, sequence_number, fields }, out);
    }

    fn end(&mut self, about: &About, out: &mut Vec<u8>) {
        self.begin(about, out);
        self.close(out);
        let sequence_number = self.next();
        let response = self.ended(about);
        let kind = if response.status == "completed" { "response.completed" } else { "response.incomplete" };
        sse(Some(kind), &Event { kind, sequence_number, fields: Whole { response } }, out);
    }
}

#[cfg(test)]
mod tests;
