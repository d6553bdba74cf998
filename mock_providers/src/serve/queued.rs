//! A plain answer that waits in a queue with its headers already sent: blank lines before the body keep the
//! connection alive, as JSON allows.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;

use super::body::Reply;
use super::control::Control;
use crate::clock::Moment;
use crate::fault::Queue;

/// From one line to the next, at least.
const EVERY_MIN: Duration = Duration::from_millis(1);

/// An answer in the queue.
pub(super) struct Queued {
    every: Duration,
    /// When the next line is due.
    line: Moment,
    /// When there are no more lines.
    end: Moment,
    /// When the body is due.
    due: Moment,
    sleep: Pin<Box<Sleep>>,
    then: Option<Box<dyn FnOnce() -> Reply + Send>>,
}

/// What comes out of the queue.
pub(super) enum Waited {
    Line(Bytes),
    /// It is its turn: the answer.
    Turn(Box<Reply>),
}

impl Queued {
    /// From now on; `then` gives the answer that is due at `due`.
    pub(super) fn new(
        control: &Control,
        queue: Queue,
        due: Moment,
        then: Box<dyn FnOnce() -> Reply + Send>,
    ) -> Self {
        let clock = control.provider().clock();
        let (now, every) = (clock.now(), queue.every.max(EVERY_MIN));
        let (line, end) = (now + every, now + queue.lasts);
        let sleep = Box::pin(tokio::time::sleep_until(clock.instant(now)));
        Queued { every, line, end, due, sleep, then: Some(then) }
    }

    pub(super) fn poll_next(&mut self, control: &Control, cx: &mut Context<'_>) -> Poll<Waited> {
        let lines = self.line < self.end && self.line < self.due;
        let next = if lines { self.line } else { self.due };
        let instant = control.provider().clock().instant(next);
        if self.sleep.deadline() != instant {
            self.sleep.as_mut().reset(instant);
        }
        ready!(self.sleep.as_mut().poll(cx));
        if lines {
            self.line += self.every;
            return Poll::Ready(Waited::Line(Bytes::from_static(b"\n")));
        }
        match self.then.take() {
            Some(then) => Poll::Ready(Waited::Turn(Box::new(then()))),
            None => Poll::Pending,
        }
    }
}
