//! What is known of a connection by those who share it: the calls being answered, how far their bytes got, and
//! what shall be done to the wire.
//!
//! HTTP/1.1 answers one call at a time, HTTP/2 many. The lock is hardly ever contended (all of a connection
//! mostly runs on one task) and never held while anything else is called.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::open::Open;
use crate::ledger::Ending;
use crate::provider::Provider;

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
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Reset,
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

    /// Everything of a call is handed over.
    pub(super) fn done(&self, call: u64) {
        let mut inner = self.lock();
        if let Some(open) = inner.take(call) {
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
    pub(super) fn end_after_writing(&self, end: End) {
        self.lock().end = Some(end);
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
        self.lock().close_when_idle = true;
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
        let end = inner.end;
        for (_, open) in &mut inner.open {
            open.written(now);
        }
        if inner.draining.is_empty() && inner.flushed.is_empty() {
            return end;
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
    fn take(&mut self, call: u64) -> Option<Open> {
        let at = self.open.iter().position(|(number, _)| *number == call)?;
        Some(self.open.remove(at).1)
    }
}
