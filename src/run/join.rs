//! Puts the words of three witnesses together, request by request.
//!
//! A request is complete when its caller and its router have spoken and every attempt that reached a provider
//! is in that provider's ledger. Not every attempt leaves a call (a refused connect does not), and a call into
//! a black hole ends long after everybody else went home, so a request that is over is held for a while and no
//! longer: memory is bounded by what is in flight.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;
use mock_providers::ledger::Call;
use tokio::sync::mpsc;

use crate::history::{CallerRecord, Record};
use crate::router::trail::Trail;
use crate::world::{Clock, Moment};

/// How long a request whose caller is done waits for the other witnesses.
const GRACE: Duration = Duration::from_secs(2);

/// The same behind a router that is not ours. It tells no trail, so nobody knows how many calls are to come, or how long it
/// works on for a caller who left.
const GRACE_FOREIGN: Duration = Duration::from_secs(600);

/// Joins witnesses.
pub(super) struct Joiner {
    clock: Clock,
    grace: Duration,
    table: Mutex<Table>,
    out: mpsc::UnboundedSender<Record>,
}

#[derive(Default)]
struct Table {
    open: IndexMap<String, Entry>,
    /// Requests whose callers are done, and until when they are held.
    leaving: VecDeque<(Moment, String)>,
}

#[derive(Default)]
struct Entry {
    caller: Option<CallerRecord>,
    trail: Option<Trail>,
    calls: Vec<Call>,
}

impl Joiner {
    /// A joiner of the words about our router or about a `foreign` one.
    pub(super) fn new(clock: Clock, foreign: bool) -> (Arc<Self>, mpsc::UnboundedReceiver<Record>) {
        let (out, joined) = mpsc::unbounded_channel();
        let grace = if foreign { GRACE_FOREIGN } else { GRACE };
        (Arc::new(Joiner { clock, grace, table: Mutex::default(), out }), joined)
    }

    /// A request is about to be sent: its witnesses will be heard.
    pub(super) fn expect(&self, request_id: &str) {
        self.table().open.insert(request_id.to_owned(), Entry::default());
    }

    /// What the caller saw.
    pub(super) fn caller(&self, record: CallerRecord) {
        let mut table = self.table();
        let id = record.request_id.clone();
        let Some(entry) = table.open.get_mut(&id) else { return };
        entry.caller = Some(record);
        let now = self.clock.now();
        table.leaving.push_back((now + self.grace, id.clone()));
        self.settle(&mut table, &id);
        while let Some((until, _)) = table.leaving.front()
            && *until <= now
        {
            if let Some((_, id)) = table.leaving.pop_front() {
                self.release(&mut table, &id);
            }
        }
    }

    /// What the router says it did.
    pub(super) fn trail(&self, trail: Trail) {
        let mut table = self.table();
        let id = trail.request_id.clone();
        if let Some(entry) = table.open.get_mut(&id) {
            entry.trail = Some(trail);
            self.settle(&mut table, &id);
        }
    }

    /// What a provider saw. A call without an open request is a late one: its request has been handed on.
    pub(super) fn call(&self, call: Call) {
        let Some(id) = call.request_id.clone() else { return };
        let mut table = self.table();
        if let Some(entry) = table.open.get_mut(&id) {
            entry.calls.push(call);
            self.settle(&mut table, &id);
        }
    }

    /// Requests that are not complete.
    pub(super) fn open(&self) -> usize {
        self.table().open.len()
    }

    /// Hands on everything, complete or not.
    pub(super) fn flush(&self) {
        let mut table = self.table();
        while let Some((_, id)) = table.leaving.pop_front() {
            self.release(&mut table, &id);
        }
    }

    fn settle(&self, table: &mut Table, id: &str) {
        if table.open.get(id).is_some_and(Entry::is_complete) {
            self.release(table, id);
        }
    }

    fn release(&self, table: &mut Table, id: &str) {
        let Some(Entry { caller, trail, mut calls }) = table.open.swap_remove(id) else { return };
        let Some(caller) = caller else { return };
        calls.sort_by_key(|call| call.received);
        // The consumer outlives the joiner; were it gone, nobody would miss the record.
        drop(self.out.send(Record { caller, trail, calls }));
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_complete(&self) -> bool {
        let Some(trail) = self.trail.as_ref().filter(|_| self.caller.is_some()) else { return false };
        let reached = trail.attempts.iter().filter(|attempt| attempt.connected.is_some()).count();
        self.calls.len() >= reached
    }
}
