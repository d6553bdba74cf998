//! Where what stands in a stream, found without the router's parser: by looking for blank lines, and with JSON read as plain
//! values. Good for what mocks write (LF or CR LF, one data line an event), and only for that.

use serde_json::Value;

use crate::dialect::{Dialect, Ends};

/// One event, or whatever else stands between blank lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub from: usize,
    /// One past its blank line.
    pub to: usize,
    /// Its data.
    pub data: (usize, usize),
}

/// A stream taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// Its events, in order.
    pub events: Vec<Span>,
    /// One past the data that hold the finish reason.
    pub finish: Option<usize>,
    /// One past the data that are the terminator; for a dialect without one, the whole length.
    pub done: Option<usize>,
}

/// Takes a stream apart.
#[must_use]
pub fn anatomy(dialect: Dialect, body: &[u8]) -> Anatomy {
    let mut found = Anatomy::default();
    let (mut from, mut at, mut data) = (0, 0, None);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let begin = at;
        at += line.len();
        let text = line.trim_ascii_end();
        if text.starts_with(b"data: ") {
            data = Some((begin + b"data: ".len(), begin + text.len()));
        }
        if text.is_empty() || at == body.len() {
            let data = data.take().unwrap_or((at, at));
            found.events.push(Span { from, to: at, data });
            found.mark(dialect, &body[data.0..data.1], data.1);
            from = at;
        }
    }
    if dialect == Dialect::Gemini && !found.events.is_empty() {
        found.done = Some(body.len());
    }
    found
}

impl Anatomy {
    fn mark(&mut self, dialect: Dialect, data: &[u8], end: usize) {
        let done = match dialect {
            Dialect::Openai => data == b"[DONE]",
            Dialect::Anthropic => value(data)["type"] == "message_stop",
            Dialect::Gemini => false,
        };
        if done {
            self.done.get_or_insert(end);
        }
        if finishes(dialect, &value(data)) {
            self.finish.get_or_insert(end);
        }
    }

    /// How many bytes have to come before the stream is whole by `ends`; none if it never is.
    #[must_use]
    pub fn whole_at(&self, ends: Ends) -> Option<usize> {
        match ends {
            Ends::Both => Some(self.finish?.max(self.done?)),
            Ends::Finish => self.finish,
            Ends::Done => self.done,
            Ends::Either => self.finish.into_iter().chain(self.done).min(),
        }
    }

    /// The events that a byte at `at` belongs to: of what stands between two, both.
    #[must_use]
    pub fn touched(&self, at: usize) -> std::ops::RangeInclusive<usize> {
        let nth = self.events.iter().position(|event| at < event.to).unwrap_or(self.events.len());
        match self.events.get(nth) {
            Some(event) if at >= event.data.1 => nth..=nth + 1,
            Some(event) if at == event.from => nth.saturating_sub(1)..=nth,
            _ => nth..=nth,
        }
    }
}

fn value(data: &[u8]) -> Value {
    serde_json::from_slice(data).unwrap_or_default()
}

fn finishes(dialect: Dialect, value: &Value) -> bool {
    match dialect {
        Dialect::Openai => {
            let first = value["choices"].as_array().into_iter().flatten().find(|choice| choice["index"] == 0);
            first.is_some_and(|choice| choice["finish_reason"].is_string())
        }
        Dialect::Anthropic => value["delta"]["stop_reason"].is_string(),
        Dialect::Gemini => {
            value["candidates"][0]["finishReason"].is_string()
                || value["promptFeedback"]["blockReason"].is_string()
        }
    }
}
