//! A call being answered, as the ledger will have it.

use crate::clock::Moment;
use crate::ledger::{Call, Ending};
use crate::provider::Schedule;

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
    /// Whether something handed over may not have been written.
    pub(super) unwritten: bool,
    /// Whether a fault ends it early.
    broken: bool,
    /// Whether the words are billed.
    billed: bool,
}

impl Open {
    pub(super) fn new(call: Call, generating: Option<Schedule>) -> Self {
        let billed = call.billed_input > 0 || call.words_planned > 0;
        let (head, unwritten, broken) = (false, false, false);
        Open { call, generating, generated: 0, handed: 0, head, unwritten, broken, billed }
    }

    /// The status line is handed over.
    pub(super) fn head(&mut self, status: u16) {
        self.head = true;
        self.unwritten = true;
        self.call.status = Some(status);
    }

    /// The reply is generated up to `generated` words, of which the first `handed` are handed over.
    pub(super) fn words(&mut self, generated: u32, handed: u32) {
        self.generating = None;
        self.generated = generated;
        self.handed = handed;
        self.unwritten = true;
    }

    /// A fault ends the call early.
    pub(super) const fn broken(&mut self) {
        self.broken = true;
    }

    /// A rule of the connection layer strikes.
    pub(super) fn struck(&mut self, rule: &str, reset: bool) {
        self.call.faults.push(rule.to_owned());
        self.broken |= reset;
    }

    /// Notes that everything handed over has been written; looks at the clock for what is new only.
    pub(super) fn written(&mut self, now: impl Fn() -> Moment) {
        self.unwritten = false;
        if self.head && self.call.headers_sent.is_none() {
            self.call.headers_sent = Some(now());
        }
        if self.handed > 0 && self.call.first_output.is_none() {
            self.call.first_output = Some(now());
        }
        self.call.words_sent = self.handed;
    }

    pub(super) fn end(mut self, ending: Ending, now: Moment) -> Call {
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
