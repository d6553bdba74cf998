//! What is known of a connection by those who share it: the call being answered, how far its bytes got, and
//! what shall be done to the wire.
//!
//! The service, the reply's body, the wire and the connection's own future all run on one task; the lock is
//! never contended and never held while anything else is called.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Moment;
use crate::fault::Close;
use crate::ledger::{Call, Ending};
use crate::provider::{Provider, Schedule};

pub(super) struct Control {
    provider: Arc<Provider>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The call being answered.
    open: Option<Open>,
    /// Calls whose last bytes were handed over but not yet written.
    draining: Vec<(Open, Ending)>,
    /// How the connection shall end once everything handed over is written.
    close: Option<Close>,
    /// Whether it is over.
    closed: bool,
    /// Whether its end is an abortive one.
    reset: bool,
    /// Whether bytes are withheld both ways.
    withheld: bool,
}

/// A call being answered.
pub(super) struct Open {
    call: Call,
    /// A plain reply that is still being generated.
    generating: Option<Schedule>,
    /// Words of the reply that were generated.
    generated: u32,
    /// Words handed over for writing.
    handed: u32,
    /// Whether the status line was handed over.
    head: bool,
    /// Whether a fault ends it early.
    broken: bool,
    /// Whether the words are billed.
    billed: bool,
}

impl Open {
    pub(super) fn new(call: Call, generating: Option<Schedule>) -> Self {
        let billed = call.billed_input > 0 || call.words_planned > 0;
        Open { call, generating, generated: 0, handed: 0, head: false, broken: false, billed }
    }

    /// Notes that everything handed over has been written; looks at the clock for what is new only.
    fn written(&mut self, now: impl Fn() -> Moment) {
        if self.head && self.call.headers_sent.is_none() {
            self.call.headers_sent = Some(now());
        }
        if self.handed > 0 && self.call.first_output.is_none() {
            self.call.first_output = Some(now());
        }
        self.call.words_sent = self.handed;
    }

    fn end(mut self, ending: Ending, now: Moment) -> Call {
        if let Some(schedule) = self.generating {
            self.generated = schedule.words_by(now);
        }
        self.call.ending = if self.broken { Ending::Broken } else { ending };
        self.call.ended = now;
        if self.call.headers_sent.is_none() {
            self.call.status = None;
        }
        if self.billed {
            self.call.billed_output = u64::from(self.generated);
        }
        self.call
    }
}

impl Control {
    pub(super) fn new(provider: Arc<Provider>) -> Arc<Self> {
        Arc::new(Control { provider, inner: Mutex::default() })
    }

    pub(super) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// A call begins.
    pub(super) fn begin(&self, open: Open) {
        self.lock().open = Some(open);
    }

    /// The status line is handed over.
    pub(super) fn head(&self, status: u16) {
        self.with_open(|open| {
            open.head = true;
            open.call.status = Some(status);
        });
    }

    /// The reply is generated up to `generated` words, of which the first `handed` are handed over.
    pub(super) fn words(&self, generated: u32, handed: u32) {
        self.with_open(|open| {
            open.generating = None;
            open.generated = generated;
            open.handed = handed;
        });
    }

    /// A fault ends the call early.
    pub(super) fn broken(&self) {
        self.with_open(|open| open.broken = true);
    }

    /// A rule of the connection layer strikes.
    pub(super) fn struck(&self, rule: &str, reset: bool) {
        self.provider.struck(rule);
        self.with_open(|open| {
            open.call.faults.push(rule.to_owned());
            open.broken |= reset;
        });
    }

    /// Everything of the call is handed over.
    pub(super) fn done(&self) {
        let mut inner = self.lock();
        if let Some(open) = inner.open.take() {
            inner.draining.push((open, Ending::Complete));
        }
    }

    /// Ends the connection once everything handed over is written.
    pub(super) fn close_after_writing(&self, close: Close) {
        self.lock().close = Some(close);
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

    pub(super) fn withhold(&self, withheld: bool) {
        self.lock().withheld = withheld;
    }

    pub(super) fn is_withheld(&self) -> bool {
        self.lock().withheld
    }

    /// Everything handed over is written: says whether the connection shall end now.
    pub(super) fn written(&self) -> Option<Close> {
        // All of this is one moment, and the clock is looked at once, if at all.
        let moment = OnceCell::new();
        let now = || *moment.get_or_init(|| self.provider.clock().now());
        let mut inner = self.lock();
        let close = inner.close;
        if let Some(open) = &mut inner.open {
            open.written(now);
        }
        if inner.draining.is_empty() {
            return close;
        }
        let mut drained = std::mem::take(&mut inner.draining);
        drop(inner);
        for (mut open, ending) in drained.drain(..) {
            open.written(now);
            self.provider.record(open.end(ending, now()));
        }
        // Its memory serves the next call.
        self.lock().draining = drained;
        close
    }

    /// The connection is over: so are its calls.
    pub(super) fn finish(&self, ending: Ending) {
        let mut inner = self.lock();
        let (drained, open) = (std::mem::take(&mut inner.draining), inner.open.take());
        drop(inner);
        let now = self.provider.clock().now();
        for open in drained.into_iter().map(|(open, _)| open).chain(open) {
            self.provider.record(open.end(ending, now));
        }
    }

    fn with_open(&self, change: impl FnOnce(&mut Open)) {
        if let Some(open) = &mut self.lock().open {
            change(open);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
