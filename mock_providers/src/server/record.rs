//! The calls of a [`Server`](super::Server), for whoever asks.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::ledger::Call;

/// Calls that are kept; older ones are forgotten.
pub const CALLS_MAX: usize = 10_000;

/// The latest calls, and how many there were.
#[derive(Debug)]
pub(super) struct Record {
    calls: Mutex<VecDeque<Call>>,
    count: watch::Sender<usize>,
}

impl Default for Record {
    fn default() -> Self {
        Record { calls: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl Record {
    pub(super) fn add(&self, call: Call) {
        let mut calls = self.lock();
        if calls.len() == CALLS_MAX {
            calls.pop_front();
        }
        calls.push_back(call);
        drop(calls);
        self.count.send_modify(|count| *count += 1);
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.lock().iter().cloned().collect()
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
        self.count.send_replace(0);
    }

    pub(super) async fn wait_for(&self, wanted: usize) -> Vec<Call> {
        // The sender lives as long as this: waiting cannot fail.
        let _ = self.count.subscribe().wait_for(|count| *count >= wanted).await;
        self.calls()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
