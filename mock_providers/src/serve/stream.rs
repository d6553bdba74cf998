//! A streamed reply: each event when its last word is generated.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rand::rngs::ChaCha8Rng;
use tokio::time::Sleep;

use super::control::Control;
use crate::clock::Moment;
use crate::dialect::{Dialect, Script};
use crate::dice::Key;
use crate::fault::{Close, MalformedBody};
use crate::latency::Dist;
use crate::provider::{Act, Pace, Schedule};

/// Bytes of an event besides its words, about.
const EVENT_BYTES: usize = 320;

/// A stream in progress.
pub(super) struct Stream {
    control: Arc<Control>,
    script: Script,
    act: Act,
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
    /// The latest time that was looked at.
    now: Moment,
    sleep: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
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
        mut script: Script,
        schedule: &Schedule,
        chunks: Key,
        act: Act,
    ) -> Self {
        script.prepare();
        let spec = control.provider().spec();
        let whole = script.whole();
        let sizes = if whole {
            Dist::Constant(f64::from(script.words))
        } else {
            spec.chunk.unwrap_or_else(|| chunk_sizes(script.dialect))
        };
        let limit = match limit(&act, script.words) {
            short if whole && short < script.words => 0,
            limit => limit,
        };
        Stream {
            stage: Stage::Opening,
            pace: schedule.pace(),
            sizes,
            chunks: chunks.stream(),
            said: 0,
            limit,
            next: None,
            now: schedule.headers(),
            sleep: None,
            control,
            script,
            act,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            match self.stage {
                Stage::Opening => {
                    if let Some(event) = self.open() {
                        return Poll::Ready(Next::Event(event));
                    }
                }
                Stage::Words if self.said < self.limit => {
                    return self.poll_words(cx).map(Next::Event);
                }
                Stage::Words => self.stage = Stage::Ending,
                Stage::Ending => {
                    if let Some(event) = self.end() {
                        return Poll::Ready(Next::Event(event));
                    }
                }
                Stage::Closing => {
                    self.stage = Stage::Over;
                    self.control.broken();
                    self.control.done();
                    self.control.close_after_writing(Close::Fin);
                }
                Stage::Over => return Poll::Ready(Next::End),
                Stage::Silent => return Poll::Pending,
            }
        }
    }

    /// The opening events; for replies without words, also all the rest.
    fn open(&mut self) -> Option<Bytes> {
        let mut out = String::with_capacity(2 * EVENT_BYTES);
        self.stage = Stage::Words;
        match self.act {
            Act::Empty { .. } | Act::Malformed(MalformedBody::WrongShape) => {}
            _ => self.script.opening(&mut out),
        }
        (!out.is_empty()).then(|| Bytes::from(out))
    }

    fn poll_words(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let (to, due) = match self.next {
            Some(next) => next,
            None => self.draw(),
        };
        ready!(self.poll_until(due, cx));
        self.next = None;
        let words = to - self.said;
        let mut out = String::with_capacity(EVENT_BYTES + words as usize * 20);
        self.script.delta(self.said, to, &mut out);
        if self.said == 0 && matches!(self.act, Act::Malformed(_)) {
            halve(&mut out);
        }
        self.said = to;
        self.control.words(to, to);
        Poll::Ready(Bytes::from(out))
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

    /// How it ends: the last event, if there is one.
    fn end(&mut self) -> Option<Bytes> {
        let mut out = String::with_capacity(2 * EVENT_BYTES);
        self.stage = Stage::Over;
        match self.act {
            Act::Stall { .. } => self.stage = Stage::Silent,
            Act::Cut { close: Close::Clean, .. } => self.control.broken(),
            Act::Cut { close, .. } => {
                self.stage = Stage::Silent;
                self.control.broken();
                self.control.close_after_writing(close);
            }
            Act::Trouble { kind, .. } => {
                self.stage = Stage::Closing;
                self.script.trouble(kind, self.said, &mut out);
            }
            Act::Refuse { form, .. } => self.script.refuse(form, self.said, &mut out),
            Act::Empty { bare } => self.script.empty_stream(bare, &mut out),
            Act::Malformed(MalformedBody::WrongShape) => {
                self.control.broken();
                out.push_str(self.script.wrong_stream());
            }
            Act::Malformed(_) => {
                self.control.broken();
                self.script.closing(&mut out);
            }
            _ => self.script.closing(&mut out),
        }
        if self.stage == Stage::Over {
            self.control.done();
        }
        (!out.is_empty()).then(|| Bytes::from(out))
    }
}

/// Words after which `act` interferes; a reply that is shorter is interfered with at its end.
fn limit(act: &Act, words: u32) -> u32 {
    match *act {
        Act::Stall { after }
        | Act::Cut { after, .. }
        | Act::Trouble { after, .. }
        | Act::Refuse { after, .. } => after.min(words),
        Act::Empty { .. } | Act::Malformed(MalformedBody::WrongShape) => 0,
        _ => words,
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

/// Cuts an event's data in half; its end stays.
fn halve(event: &mut String) {
    let end = event.len() - event.trim_end().len();
    let start = event.find("data: ").map_or(0, |at| at + "data: ".len());
    let length = event.len() - end - start;
    event.replace_range(start + length / 2..start + length, "");
}
