//! What is known of a connection by those who share it: the calls being answered, how far their bytes got, and
//! what shall be done to the wire.
//!
//! HTTP/1.1 answers one call at a time, HTTP/2 many. The lock is hardly ever contended (all of a connection
//! mostly runs on one task) and never held while anything else is called.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::by_hand::Takeover;
use super::open::Open;
use crate::clock::Moment;
use crate::ledger::Ending;
use crate::provider::{Provider, Shape};

/// Flushes for nothing after which an HTTP/2 connection has nothing left to write.
const IDLE_FLUSHES: u8 = 2;

/// A connection.
pub(super) struct Line {
    provider: Arc<Provider>,
    number: u64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Calls being answered, by their number on this connection.
    open: Vec<(u64, Open)>,
    /// Calls whose last bytes were handed over but not yet written.
    draining: Vec<Open>,
    /// Calls so far.
    calls: u64,
    /// How the connection shall end once everything handed over is written.
    end: Option<End>,
    /// Flushes in a row without a byte between them that are still awaited before it does. HTTP/2 hands bytes over frame by frame
    /// and flushes after each: only when it flushes for nothing everything is written.
    idle_flushes: Option<u8>,
    /// Whether it shall end once nothing is being answered.
    close_when_idle: bool,
    /// Whether it is over.
    closed: bool,
    /// Whether its end is an abortive one.
    reset: bool,
    /// Whether bytes are withheld both ways.
    withheld: bool,
    /// Who waits for everything to be written.
    flushed: Vec<Waker>,
    /// The connection's own task.
    task: Option<Waker>,
    /// How the bytes of the call that begins shall leave, when that changes.
    shape: Option<Option<Shape>>,
    /// Whether they leave in a shape now.
    shaped: bool,
    /// Whether a head is still to be written by hand: no flush before its last byte means anything.
    spelling: bool,
    /// Where bytes leave in a shape on HTTP/1.1: how much of a head's end the last ones were, until it has left.
    head_end: Option<usize>,
    /// Whoever takes over the wire.
    takeover: Option<Takeover>,
    /// After which silence the connection is closed, and when that is.
    hang_up: Option<Duration>,
    hang_up_at: Option<Moment>,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Reset,
    /// A FIN, and reading on.
    Half,
    /// HTTP/2's GOAWAY with this error code, then a FIN.
    Goaway {
        code: u32,
        /// Whether the last call counts among those that were answered.
        answered: bool,
    },
}

impl Line {
    pub(super) fn new(provider: Arc<Provider>, number: u64) -> Arc<Self> {
        Arc::new(Line { provider, number, inner: Mutex::default() })
    }

    pub(super) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Its number at the provider.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The number of a new call, from 0.
    pub(super) fn next_call(&self) -> u64 {
        let mut inner = self.lock();
        inner.calls += 1;
        inner.calls - 1
    }

    /// A call begins.
    pub(super) fn begin(&self, call: u64, open: Open) {
        self.lock().open.push((call, open));
    }

    /// Changes an open call, if it is still open.
    pub(super) fn with_open<T>(&self, call: u64, change: impl FnOnce(&mut Open) -> T) -> Option<T> {
        self.lock().open.iter_mut().find(|(number, _)| *number == call).map(|(_, open)| change(open))
    }

    /// Everything of a call is handed over, to a connection that others share or not.
    pub(super) fn done(&self, call: u64, shared: bool) {
        let now = shared.then(|| self.provider.clock().now());
        let mut inner = self.lock();
        if let Some(mut open) = inner.take(call) {
            open.tells();
            open.handed_over(now);
            inner.draining.push(open);
        }
    }

    /// A call is over before its end: its stream was reset.
    pub(super) fn abandon(&self, call: u64) {
        let open = self.lock().take(call);
        if let Some(open) = open {
            self.provider.record(open.end(Ending::Abandoned, self.provider.clock().now()));
        }
    }

    /// A rule of the connection layer strikes.
    pub(super) fn struck(&self, rule: &str, reset: bool) {
        self.provider.struck(rule);
        for (_, open) in &mut self.lock().open {
            open.struck(rule, reset);
        }
    }

    /// Ends the connection once everything handed over is written.
    pub(super) fn end_after_writing(&self, end: End, http2: bool) {
        let mut inner = self.lock();
        // Once: who asks again with every poll, while bytes are withheld, would be polled for ever.
        if inner.end.replace(end) != Some(end) {
            inner.idle_flushes = http2.then_some(IDLE_FLUSHES);
            inner.wake();
        }
    }

    /// That was done, and the connection lives on.
    pub(super) fn ended_writing(&self) {
        self.lock().end = None;
    }

    /// Notes whom to wake when something is asked of the connection.
    pub(super) fn is_polled_by(&self, waker: &Waker) {
        let mut inner = self.lock();
        if !inner.task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            inner.task = Some(waker.clone());
        }
    }

    /// A head that is written by hand is about to get its last byte.
    pub(super) fn spelt(&self) {
        self.lock().spelling = false;
    }

    /// How the bytes shall leave from now on.
    pub(super) fn shape(&self, shape: Option<Shape>, http2: bool) {
        let mut inner = self.lock();
        inner.head_end = (shape.is_some() && !http2).then_some(0);
        if inner.shaped || shape.is_some() {
            inner.shaped = shape.is_some();
            inner.shape = Some(shape);
        }
    }

    /// Bytes are about to be written: whether they shall leave in another shape.
    pub(super) fn shapes(&self) -> bool {
        let mut inner = self.lock();
        inner.writes();
        inner.shape.is_some()
    }

    /// Bytes are about to be written: in which shape, if that changes.
    pub(super) fn take_shape(&self) -> Option<Option<Shape>> {
        let mut inner = self.lock();
        inner.writes();
        inner.shape.take()
    }

    /// These bytes have left in their shape: with the end of a head among them it has been sent, long before all is written.
    pub(super) fn left(&self, bytes: &[u8]) {
        /// What a head ends with.
        const END: &[u8] = b"\r\n\r\n";
        let mut inner = self.lock();
        let Some(mut seen) = inner.head_end else { return };
        for byte in bytes {
            seen = if *byte == END[seen] { seen + 1 } else { usize::from(*byte == END[0]) };
            if seen == END.len() {
                let now = self.provider.clock().now();
                let Inner { open, draining, .. } = &mut *inner;
                open.iter_mut().map(|(_, open)| open).chain(draining).for_each(|open| open.head_left(now));
                inner.head_end = None;
                return;
            }
        }
        inner.head_end = Some(seen);
    }

    /// Hands the wire over for one answer.
    pub(super) fn take_over(&self, takeover: Takeover) {
        let mut inner = self.lock();
        inner.spelling = matches!(takeover, Takeover::Answer { .. });
        inner.takeover = Some(takeover);
        inner.wake();
    }

    pub(super) fn taken_over(&self) -> Option<Takeover> {
        self.lock().takeover.take()
    }

    /// Closes the connection after so long a silence behind the answer that is given now.
    pub(super) fn hang_up(&self, after: Option<Duration>) {
        let mut inner = self.lock();
        (inner.hang_up, inner.hang_up_at) = (after, None);
    }

    /// When the connection is to be closed; never while a call is answered.
    pub(super) fn hang_up_at(&self) -> Option<Moment> {
        let inner = self.lock();
        inner.hang_up_at.filter(|_| inner.open.is_empty())
    }

    /// Calls so far.
    pub(super) fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Ends the connection at once, abortively.
    pub(super) fn reset(&self) {
        let mut inner = self.lock();
        inner.reset = true;
        inner.closed = true;
    }

    pub(super) fn is_reset(&self) -> bool {
        self.lock().reset
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Ends the connection once nothing is being answered.
    pub(super) fn close_when_idle(&self) {
        let mut inner = self.lock();
        inner.close_when_idle = true;
        inner.wake();
    }

    pub(super) fn closes_when_idle(&self) -> bool {
        self.lock().close_when_idle
    }

    /// Whether that was asked for since this was last called.
    pub(super) fn take_close_when_idle(&self) -> bool {
        std::mem::take(&mut self.lock().close_when_idle)
    }

    pub(super) fn withhold(&self, withheld: bool) {
        self.lock().withheld = withheld;
    }

    pub(super) fn is_withheld(&self) -> bool {
        self.lock().withheld
    }

    /// Everything handed over is written: says whether the connection shall end now.
    pub(super) fn written(&self) -> Option<End> {
        // All of this is one moment, and the clock is looked at once, if at all.
        let moment = OnceCell::new();
        let now = || *moment.get_or_init(|| self.provider.clock().now());
        let mut inner = self.lock();
        if inner.spelling {
            return None;
        }
        if let Some(left @ 1..) = inner.idle_flushes {
            inner.idle_flushes = Some(left - 1);
            inner.wake();
            return None;
        }
        let end = inner.end;
        for (_, open) in &mut inner.open {
            open.written(now);
        }
        if inner.draining.is_empty() && inner.flushed.is_empty() {
            return end;
        }
        if !inner.draining.is_empty()
            && let Some(after) = inner.hang_up.take()
        {
            inner.hang_up_at = Some(now() + after);
        }
        let (mut drained, flushed) =
            (std::mem::take(&mut inner.draining), std::mem::take(&mut inner.flushed));
        drop(inner);
        flushed.into_iter().for_each(Waker::wake);
        for mut open in drained.drain(..) {
            open.written(now);
            self.provider.record(open.end(Ending::Complete, now()));
        }
        // Its memory serves the next call, unless one has come meanwhile.
        let mut inner = self.lock();
        if inner.draining.is_empty() {
            inner.draining = drained;
        }
        end
    }

    /// Wakes `waker` when everything handed over is written.
    pub(super) fn wake_when_written(&self, waker: Waker) {
        self.lock().flushed.push(waker);
    }

    /// The connection is over: so are its calls.
    pub(super) fn finish(&self, ending: Ending) {
        let mut inner = self.lock();
        let (drained, open) = (std::mem::take(&mut inner.draining), std::mem::take(&mut inner.open));
        drop(inner);
        let now = self.provider.clock().now();
        for open in drained.into_iter().chain(open.into_iter().map(|(_, open)| open)) {
            self.provider.record(open.end(ending, now));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Bytes are about to be written: more may be behind them.
    const fn writes(&mut self) {
        if self.idle_flushes.is_some() {
            self.idle_flushes = Some(IDLE_FLUSHES);
        }
    }

    fn wake(&self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }

    fn take(&mut self, call: u64) -> Option<Open> {
        let at = self.open.iter().position(|(number, _)| *number == call)?;
        Some(self.open.remove(at).1)
    }
}
