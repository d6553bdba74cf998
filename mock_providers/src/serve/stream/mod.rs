//! A streamed reply: each event when its last word is generated.
//!
//! [`Source`] says what comes next, edited as the faults that fired want it; this file says when, and what becomes
//! of the connection. A healthy stream costs one string an event, written in place.

mod source;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::ChaCha8Rng;
use tokio::time::Sleep;

use super::control::Control;
use crate::clock::Moment;
use crate::dialect::{Dialect, Script};
use crate::dice::Key;
use crate::edit::Edit;
use crate::fault::{AfterError, Close, MalformedBody};
use crate::latency::Dist;
use crate::provider::{Act, Pace, Schedule};
use source::{BEAT_MIN, Source};

/// A stream in progress.
pub(super) struct Stream {
    control: Arc<Control>,
    source: Source,
    stage: Stage,
    pace: Pace,
    sizes: Dist,
    chunks: ChaCha8Rng,
    /// Words said.
    said: u32,
    /// Words after which the words end.
    limit: u32,
    /// The next event: up to which word, and when.
    next: Option<(u32, Moment)>,
    /// Keep-alives until the first word: from one to the next, and when the next one is due.
    beat: Option<(Duration, Moment)>,
    /// When keep-alives end the stream.
    until: Option<Moment>,
    /// The queue before everything: from one sign of life to the next, when the next one is due, and its end.
    queue: Option<(Duration, Moment, Moment)>,
    /// The latest time that was looked at.
    now: Moment,
    sleep: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// In a queue, with signs of life.
    Queued,
    Opening,
    /// Keep-alives in place of words.
    Beating,
    Words,
    Ending,
    /// The last event is out; the connection is to end too.
    Closing,
    Over,
    /// Nothing more comes.
    Silent,
}

/// What a stream gives next.
pub(super) enum Next {
    Event(Bytes),
    End,
}

impl Stream {
    pub(super) fn new(
        control: Arc<Control>,
        script: Script,
        schedule: &Schedule,
        chunks: Key,
        (act, edits): (Act, Vec<Edit>),
    ) -> Self {
        let source = Source::new(script, act, edits);
        let script = &source.script;
        let whole = script.whole();
        let sizes = if whole {
            Dist::Constant(f64::from(script.words))
        } else {
            control.provider().spec().chunk.unwrap_or_else(|| chunk_sizes(script.dialect))
        };
        let limit = match source.limit() {
            short if whole && short < script.words => 0,
            limit => limit,
        };
        let now = schedule.headers();
        let (beat, until) = match source.act {
            Act::KeepAlive { every, lasts, .. } => (Some(every), lasts.map(|lasts| now + lasts)),
            _ => (schedule.uneven.as_ref().and_then(|uneven| uneven.pings), None),
        };
        let queue = schedule.queue().map(|queue| {
            let every = queue.every.max(BEAT_MIN);
            (every, now + every, now + queue.lasts)
        });
        Stream {
            stage: if queue.is_some() { Stage::Queued } else { Stage::Opening },
            queue,
            pace: schedule.pace(),
            sizes,
            chunks: chunks.stream(),
            said: 0,
            limit,
            next: None,
            beat: beat.map(|every| (every.max(BEAT_MIN), now + every.max(BEAT_MIN))),
            until,
            now,
            sleep: None,
            control,
            source,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            let text = match self.stage {
                Stage::Queued => ready!(self.poll_queue(cx)),
                Stage::Opening => self.open(),
                Stage::Beating => ready!(self.poll_beat(self.until, cx)),
                Stage::Words if self.said < self.limit => ready!(self.poll_words(cx)),
                Stage::Words => {
                    self.stage = Stage::Ending;
                    continue;
                }
                Stage::Ending => self.end(),
                Stage::Closing => {
                    self.stage = Stage::Over;
                    self.control.broken();
                    self.control.done();
                    // On HTTP/2 the stream ends by itself: the connection is others' too.
                    if !self.control.is_http2() {
                        self.control.close_after_writing(Close::Fin);
                    }
                    continue;
                }
                Stage::Over => return Poll::Ready(Next::End),
                Stage::Silent => return Poll::Pending,
            };
            // What an edit left nothing of is no event.
            if !text.is_empty() {
                return Poll::Ready(Next::Event(Bytes::from(text)));
            }
        }
    }

    fn open(&mut self) -> String {
        let waits = matches!(self.source.act, Act::KeepAlive { .. });
        self.stage = if waits { Stage::Beating } else { Stage::Words };
        self.source.opening()
    }

    /// The next sign of life in the queue; at its end the stream begins.
    fn poll_queue(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        let Some((every, due, end)) = self.queue.filter(|(_, _, end)| self.now < *end) else {
            self.stage = Stage::Opening;
            return Poll::Ready(String::new());
        };
        ready!(self.poll_until(due.min(end), cx));
        self.now = self.now.max(due.min(end));
        if end <= due {
            self.stage = Stage::Opening;
            self.beat = self.beat.map(|(every, _)| (every, end + every));
            return Poll::Ready(String::new());
        }
        self.queue = Some((every, due + every, end));
        Poll::Ready(self.source.queued())
    }

    /// The next keep-alive; at `until` there is none any more.
    fn poll_beat(&mut self, until: Option<Moment>, cx: &mut Context<'_>) -> Poll<String> {
        let Some((every, due)) = self.beat else {
            self.stage = Stage::Ending;
            return Poll::Ready(String::new());
        };
        if let Some(until) = until.filter(|until| *until <= due) {
            ready!(self.poll_until(until, cx));
            self.stage = Stage::Ending;
            return Poll::Ready(String::new());
        }
        ready!(self.poll_until(due, cx));
        self.beat = Some((every, due + every));
        Poll::Ready(self.source.keep_alive())
    }

    fn poll_words(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        let (to, due) = match self.next {
            Some(next) => next,
            None => self.draw(),
        };
        if self.said == 0 && self.beat.is_some_and(|(_, beat)| beat < due) {
            return self.poll_beat(None, cx);
        }
        ready!(self.poll_until(due, cx));
        self.next = None;
        if self.source.fails_in(self.said, to) {
            self.control.tells();
        }
        let text = self.source.delta(self.said, to);
        self.said = to;
        self.control.words(to, to);
        Poll::Ready(text)
    }

    /// Draws the next event.
    fn draw(&mut self) -> (u32, Moment) {
        let size = self.sizes.sample_us(&mut self.chunks).clamp(1, u64::from(self.limit - self.said)) as u32;
        let next = (self.said + size, self.pace.advance(size));
        self.next = Some(next);
        next
    }

    fn poll_until(&mut self, due: Moment, cx: &mut Context<'_>) -> Poll<()> {
        if due <= self.now {
            return Poll::Ready(());
        }
        let clock = *self.control.provider().clock();
        self.now = clock.now();
        if due <= self.now {
            return Poll::Ready(());
        }
        let instant = clock.instant(due);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(instant)));
        if sleep.deadline() != instant {
            sleep.as_mut().reset(instant);
        }
        ready!(sleep.as_mut().poll(cx));
        self.now = due;
        Poll::Ready(())
    }

    /// How it ends: the last events, and what becomes of the connection.
    fn end(&mut self) -> String {
        self.stage = Stage::Over;
        if self.source.breaks_the_end() {
            self.control.broken();
        }
        match self.source.act {
            Act::Stall { .. } => self.stage = Stage::Silent,
            Act::Cut { close: Close::Clean, .. } | Act::Opening | Act::KeepAlive { .. } => {
                self.control.broken();
            }
            Act::Cut { close, .. } => {
                self.stage = Stage::Silent;
                self.control.broken();
                self.control.close_after_writing(close);
            }
            // An answer that goes on after an error nobody heard of is whole.
            Act::Trouble { then: AfterError::More, .. } if self.source.tells_trouble() => {
                self.control.broken();
            }
            Act::Trouble { then: AfterError::More, .. } => {}
            Act::Trouble { .. } => self.stage = Stage::Closing,
            Act::Malformed(MalformedBody::WrongShape | MalformedBody::TruncatedJson) => self.control.broken(),
            _ => {}
        }
        let text = self.source.ending(self.said);
        if self.stage == Stage::Over {
            self.control.done();
        }
        text
    }
}

/// Tokens a chunk carries, by the vendor's habit.
const fn chunk_sizes(dialect: Dialect) -> Dist {
    match dialect {
        Dialect::Anthropic => Dist::Uniform { from: 3.0, to: 6.0 },
        Dialect::Gemini => Dist::Uniform { from: 20.0, to: 60.0 },
        _ => Dist::Constant(1.0),
    }
}
