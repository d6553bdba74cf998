//! A stream's bytes -> deltas, whatever the dialect.

use super::sse::{Event, Item, Parser};
use super::{Dialect, anthropic, failure, gemini, json, openai, protocol};
use crate::chat::{Delta, Failure, FailureClass, Finish};

/// Decodes one stream. Feed it the body as it comes; what comes out does not depend on how it was cut.
#[derive(Debug)]
pub struct StreamDecoder {
    parser: Parser,
    inner: Inner,
    dead: Option<Failure>,
}

/// What happens inside a dialect's stream.
#[derive(Debug)]
struct Inner {
    dialect: Dialect,
    state: State,
    /// Whether any event came.
    begun: bool,
    /// Whether the terminator came: the rest of the body means nothing.
    ended: bool,
}

#[derive(Debug)]
enum State {
    Openai(openai::Stream),
    Anthropic(anthropic::Stream),
    Gemini(gemini::Stream),
}

impl StreamDecoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let state = match dialect {
            Dialect::Openai => State::Openai(openai::Stream::default()),
            Dialect::Anthropic => State::Anthropic(anthropic::Stream::default()),
            Dialect::Gemini => State::Gemini(gemini::Stream::default()),
        };
        let inner = Inner { dialect, state, begun: false, ended: false };
        StreamDecoder { parser: Parser::new(), inner, dead: None }
    }

    /// Feeds bytes; appends what they mean. [`Delta::End`] is appended when the protocol's terminator was seen
    /// (for Gemini, which has none, by [`StreamDecoder::finish`]); bytes behind it are ignored.
    ///
    /// # Errors
    /// The failure an error event, an error-like finish reason or a malformed event means. After it the stream is
    /// dead: the same failure is returned again.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<(), Failure> {
        if let Some(failure) = &self.dead {
            return Err(failure.clone());
        }
        let inner = &mut self.inner;
        if inner.ended {
            return Ok(());
        }
        let result = self.parser.push(bytes, &mut |item| inner.item(item, out));
        // Whatever is wrong behind the terminator is no business of the reply.
        let result = if inner.ended { Ok(()) } else { result };
        self.remember(result)
    }

    /// Ends the body: ok only if the protocol's terminator and a finish reason were seen.
    ///
    /// OpenAI: a finish reason, then `[DONE]`; one without the other is not whole. Anthropic: a stop reason, then
    /// `message_stop`. Gemini: a finish reason (or a blocked prompt), then the end of the body.
    ///
    /// # Errors
    /// [`FailureClass::Truncated`] for a stream that is not whole, [`FailureClass::Protocol`] for a body that
    /// never was a stream, and as [`StreamDecoder::push`].
    pub fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if let Some(failure) = &self.dead {
            return Err(failure.clone());
        }
        let inner = &mut self.inner;
        let result = if inner.ended {
            Ok(())
        } else {
            let flushed = self.parser.finish(&mut |item| inner.item(item, out));
            if inner.ended { Ok(()) } else { flushed.and_then(|()| inner.end(self.parser.raw(), out)) }
        };
        self.remember(result)
    }

    fn remember(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(failure) = &result {
            self.dead = Some(failure.clone());
        }
        result
    }
}

impl Inner {
    fn item(&mut self, item: Item<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if self.ended {
            return Ok(());
        }
        let event = match item {
            Item::Raw(raw) => return failure::raw_error(self.dialect, raw).map_or(Ok(()), Err),
            Item::Event(event) => event,
        };
        self.begun = true;
        if event.name == "error" {
            return Err(failure::in_band(self.dialect, event.data));
        }
        let result = match &mut self.state {
            State::Openai(state) => state.event(&event, out),
            State::Anthropic(state) => state.event(&event, out),
            State::Gemini(state) => state.event(&event, out),
        };
        self.ended = matches!(out.last(), Some(Delta::End));
        result
    }

    fn end(&mut self, raw: &str, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if self.ended {
            return Ok(());
        }
        if let Some(failure) = failure::raw_error(self.dialect, raw) {
            return Err(failure);
        }
        if !self.begun && !raw.is_empty() {
            return Err(protocol("a body that is not an event stream"));
        }
        if !raw.is_empty() {
            return Err(truncated("the stream ended inside JSON outside any event"));
        }
        match &mut self.state {
            State::Gemini(state) => state.end(out),
            State::Openai(_) => Err(truncated("the stream ended without [DONE]")),
            State::Anthropic(_) => Err(truncated("the stream ended without message_stop")),
        }
    }
}

/// Parses an event's data. An event the body's end cut off is truncated; any other that does not parse is
/// malformed.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(event: &Event<'a>) -> Result<T, Failure> {
    json::object(event.data).map_err(|failure| match failure.class {
        FailureClass::Truncated if event.cut => truncated("the stream was cut inside an event"),
        _ => protocol(format!("a stream event with {}", failure.message)),
    })
}

/// A stream that stopped before its end.
pub(super) fn truncated(message: &str) -> Failure {
    Failure::new(FailureClass::Truncated, message)
}

/// What a stream has said of itself so far.
#[derive(Debug, Default)]
pub(super) struct Preamble {
    started: bool,
}

impl Preamble {
    /// Appends the start.
    pub(super) fn start(&mut self, id: Option<String>, model: Option<String>, out: &mut Vec<Delta>) {
        self.started = true;
        out.push(Delta::Start { id, model });
    }

    /// Whether the start is still to come.
    pub(super) fn pending(&self) -> bool {
        !self.started
    }
}

/// A finish reason that says `stop` where the reply calls tools means the calls.
pub(super) fn with_calls(finish: Finish, calls: bool) -> Finish {
    if calls && finish == Finish::Stop { Finish::ToolCalls } else { finish }
}
