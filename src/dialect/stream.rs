//! A stream's bytes -> deltas, whatever the dialect.

use serde::Deserialize;

use super::leniency::{Leniency, Malformed};
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
    leniency: Leniency,
    state: State,
    /// Whether any event came.
    begun: bool,
    /// Whether anything came that stands outside any event.
    astray: bool,
    /// Whether the terminator came: the rest of the body means nothing.
    ended: bool,
    /// How many malformed events were skipped.
    skipped: u32,
}

#[derive(Debug)]
enum State {
    Openai(openai::Stream),
    Anthropic(anthropic::Stream),
    Gemini(gemini::Stream),
}

impl StreamDecoder {
    /// A decoder at the start of a body that forgives nothing.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        StreamDecoder::with(dialect, Leniency::default())
    }

    /// A decoder at the start of a body.
    #[must_use]
    pub fn with(dialect: Dialect, leniency: Leniency) -> Self {
        let state = match dialect {
            Dialect::Openai => State::Openai(openai::Stream::default()),
            Dialect::Anthropic => State::Anthropic(anthropic::Stream::default()),
            Dialect::Gemini => State::Gemini(gemini::Stream::default()),
        };
        let inner = Inner { dialect, leniency, state, begun: false, astray: false, ended: false, skipped: 0 };
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

    /// Ends the body: ok only if the protocol's terminator and a finish reason were seen, or what else makes a
    /// stream whole by the declared [`super::Ends`].
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
        let whole = self.is_whole();
        let inner = &mut self.inner;
        let result = if inner.ended {
            Ok(())
        } else {
            let flushed = self.parser.finish(&mut |item| inner.item(item, out));
            if inner.ended { Ok(()) } else { flushed.and_then(|()| inner.end(&self.parser, out)) }
        };
        // A tail that broke off behind all there was to come.
        let result = match result {
            Err(failure) if whole && failure.class == FailureClass::Truncated => {
                out.push(Delta::End);
                Ok(())
            }
            result => result,
        };
        self.inner.ended |= result.is_ok();
        self.remember(result)
    }

    /// Whether what came is all there is to come, by the declared rule, though the body has not ended: then a
    /// body that breaks off, or never ends, loses nothing, and [`StreamDecoder::finish`] will say so. False for a
    /// failed stream. By the strict rule only the terminator makes it true.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let inner = &self.inner;
        self.dead.is_none() && (inner.ended || inner.leniency.ends.satisfied(inner.state.finished(), false))
    }

    /// How many malformed events were skipped ([`Malformed::Skip`]).
    #[must_use]
    pub const fn skipped(&self) -> u32 {
        self.inner.skipped
    }

    fn remember(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(failure) = &result {
            self.dead = Some(failure.clone());
        }
        result
    }
}

impl State {
    /// Whether a finish reason came.
    fn finished(&self) -> bool {
        match self {
            State::Openai(state) => state.finished(),
            State::Anthropic(state) => state.finished(),
            State::Gemini(state) => state.finished(),
        }
    }
}

impl Inner {
    fn item(&mut self, item: Item<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        if self.ended {
            return Ok(());
        }
        let event = match item {
            Item::Raw(raw) => return failure::raw_error(self.dialect, raw).map_or(Ok(()), Err),
            Item::Garbled => return self.malformed(protocol("a stream event is not UTF-8")),
            Item::Stray => {
                self.astray = true;
                return self.malformed(protocol("JSON in a stream outside any event"));
            }
            Item::Hollow(name) => return self.hollow(name),
            Item::Event(event) => event,
        };
        self.begun = true;
        if event.name == "error" {
            return Err(failure::in_band(self.dialect, event.data));
        }
        let said = match &mut self.state {
            State::Openai(state) => state.event(&event, out),
            State::Anthropic(state) => state.event(&event, out),
            State::Gemini(state) => state.event(&event, out),
        };
        match said {
            Ok(Said::More) => Ok(()),
            Ok(Said::Done) => self.done(out),
            Err(Trouble::Malformed(failure)) => self.malformed(failure),
            Err(Trouble::Failed(failure)) => Err(failure),
        }
    }

    /// An event came that has a name and no data. Where names mean nothing, neither does it.
    fn hollow(&mut self, name: &str) -> Result<(), Failure> {
        if self.dialect == Dialect::Anthropic && anthropic::has_data(name) {
            return self.malformed(protocol(format!("a stream event `{name}` without data")));
        }
        Ok(())
    }

    /// A malformed event came.
    fn malformed(&mut self, failure: Failure) -> Result<(), Failure> {
        match self.leniency.malformed {
            Malformed::Fail => Err(failure),
            Malformed::Skip => {
                self.skipped = self.skipped.saturating_add(1);
                Ok(())
            }
        }
    }

    /// The terminator came. An answer without any choice has none to give a reason for: it is empty, not cut.
    fn done(&mut self, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let empty = matches!(&self.state, State::Openai(state) if state.is_without_choices());
        if !empty && !self.leniency.ends.satisfied(self.state.finished(), true) {
            let terminator = self.terminator();
            return Err(truncated(&format!("{terminator} without a finish reason")));
        }
        if matches!(&self.state, State::Openai(state) if state.lost_choices()) {
            self.malformed(protocol("a chunk without choices among chunks that have some"))?;
        }
        self.ended = true;
        out.push(Delta::End);
        Ok(())
    }

    /// The body ended without a terminator of its own.
    fn end(&mut self, parser: &Parser, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let raw = parser.raw();
        if let Some(failure) = failure::raw_error(self.dialect, raw) {
            return Err(failure);
        }
        if !self.begun && (self.astray || !raw.is_empty()) {
            return Err(protocol("a body that is not an event stream"));
        }
        // A page's remains are nothing; half an object may be half an error.
        if raw.starts_with(['{', '[']) && !parser.is_settled() {
            return Err(truncated("the stream ended inside JSON outside any event"));
        }
        let finished = self.state.finished();
        // Gemini has no terminator but the end of the body, which a cut makes, too: it is one behind a finish reason.
        let done = self.dialect == Dialect::Gemini && finished;
        if self.leniency.ends.satisfied(finished, done) {
            self.ended = true;
            out.push(Delta::End);
            return Ok(());
        }
        Err(match self.dialect {
            Dialect::Gemini => truncated("the stream ended without a finish reason"),
            _ => truncated(&format!("the stream ended without {}", self.terminator())),
        })
    }

    fn terminator(&self) -> &'static str {
        match self.dialect {
            Dialect::Openai => openai::DONE,
            Dialect::Anthropic => "message_stop",
            Dialect::Gemini => "the end of the body",
        }
    }
}

/// What an event says of the stream.
pub(super) enum Said {
    /// There is more to come.
    More,
    /// It was the terminator.
    Done,
}

/// What is wrong with an event.
pub(super) enum Trouble {
    /// It is no event of its dialect, which a route may forgive.
    Malformed(Failure),
    /// The stream has failed.
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Failed(failure)
    }
}

/// Parses an event's data. An event the body's end cut off is truncated; any other that does not parse is
/// malformed.
pub(super) fn parse<'a, T: Deserialize<'a>>(event: &Event<'a>) -> Result<T, Trouble> {
    json::object(event.data).map_err(|failure| match failure.class {
        FailureClass::Truncated if event.cut => {
            Trouble::Failed(truncated("the stream was cut inside an event"))
        }
        _ => Trouble::Malformed(protocol(format!("a stream event with {}", failure.message))),
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

/// A stream that began again: what follows is another attempt's output, which nobody asked to append.
pub(super) fn began_again(sign: &str) -> Failure {
    protocol(format!("the stream began again ({sign}): two replies in one"))
}

/// The failure a finish reason means, in whatever dialect: gateways pass on the reasons of those behind them.
pub(super) fn failed_finish(reason: &str) -> Result<(), Failure> {
    let class = match reason.to_ascii_lowercase().as_str() {
        "error" | "network_error" | "server_error" | "internal_error" | "failed" | "timeout" | "abort"
        | "aborted" => FailureClass::ServerError,
        "insufficient_system_resource" | "overloaded" | "overloaded_error" => FailureClass::Overloaded,
        _ => return Ok(()),
    };
    let message = format!("the reply ended with finish reason `{reason}`");
    Err(Failure { code: Some(reason.to_owned()), ..Failure::new(class, message) })
}

/// A finish reason that says `stop` where the reply calls tools means the calls.
pub(super) fn with_calls(finish: Finish, calls: bool) -> Finish {
    if calls && finish == Finish::Stop { Finish::ToolCalls } else { finish }
}
