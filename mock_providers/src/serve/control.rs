//! A call's hold on its connection: what it reports, and what it asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use super::line::{End, Line};
use super::open::Open;
use crate::fault::Close;
use crate::provider::Provider;

/// No reset of the stream was asked for.
const NO_RESET: u32 = u32::MAX;

/// A call's hold on its connection. On HTTP/2 what happens to the call happens to its stream, where that is
/// possible.
pub(super) struct Control {
    line: Arc<Line>,
    /// The call's number on the connection.
    call: u64,
    http2: bool,
    /// The code with which the stream shall be reset once everything handed over is written.
    stream_reset: AtomicU32,
}

impl Control {
    pub(super) fn new(line: &Arc<Line>, http2: bool) -> Arc<Self> {
        let stream_reset = AtomicU32::new(NO_RESET);
        Arc::new(Control { call: line.next_call(), line: line.clone(), http2, stream_reset })
    }

    pub(super) fn provider(&self) -> &Provider {
        self.line.provider()
    }

    /// The number of its connection.
    pub(super) fn connection(&self) -> u64 {
        self.line.number()
    }

    pub(super) const fn is_http2(&self) -> bool {
        self.http2
    }

    /// The call begins.
    pub(super) fn begin(&self, open: Open) {
        self.line.begin(self.call, open);
    }

    /// The status line is handed over.
    pub(super) fn head(&self, status: u16) {
        self.line.with_open(self.call, |open| open.head(status));
    }

    /// The reply is generated up to `generated` words, of which the first `handed` are handed over.
    pub(super) fn words(&self, generated: u32, handed: u32) {
        self.line.with_open(self.call, |open| open.words(generated, handed));
    }

    /// A fault ends the call early.
    pub(super) fn broken(&self) {
        self.line.with_open(self.call, Open::broken);
    }

    /// Everything of the call is handed over.
    pub(super) fn done(&self) {
        self.line.done(self.call);
    }

    /// Ends the connection, or resets the stream, once everything handed over is written.
    pub(super) fn close_after_writing(&self, close: Close) {
        match close {
            Close::Reset if self.http2 => self.reset_stream(h2::Reason::INTERNAL_ERROR),
            Close::Reset => self.line.end_after_writing(End::Reset),
            Close::Clean | Close::Fin => self.line.end_after_writing(End::Fin),
        }
    }

    /// Resets the stream once everything handed over is written.
    pub(super) fn reset_stream(&self, reason: h2::Reason) {
        self.stream_reset.store(reason.into(), Ordering::Relaxed);
    }

    /// Ends the connection at once, abortively.
    pub(super) fn reset(&self) {
        self.line.reset();
    }

    /// The code with which the stream is to be reset now.
    pub(super) fn poll_stream_reset(&self, cx: &mut Context<'_>) -> Poll<h2::Reason> {
        let code = self.stream_reset.load(Ordering::Relaxed);
        if code == NO_RESET {
            return Poll::Pending;
        }
        if self.line.with_open(self.call, |open| open.unwritten).unwrap_or(false) {
            self.line.wake_when_written(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(code.into())
    }
}

impl Drop for Control {
    /// On HTTP/2 a call that is dropped while it is open had its stream reset, by either side; on HTTP/1.1 it
    /// ends with its connection.
    fn drop(&mut self) {
        if self.http2 {
            self.line.abandon(self.call);
        }
    }
}
