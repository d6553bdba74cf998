//! The calls of all providers: the newest ones in memory, and each as it ends to whoever listens.
//!
//! Both are bounded. The oldest calls are forgotten; a listener that falls behind is told how many it lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mock_providers::ledger::{Call, Sink};
use serde::Serialize;
use tokio::sync::broadcast;

use super::metrics::Metrics;

/// Calls that are remembered.
pub const CALLS_MAX: usize = 10_000;
/// Calls that a listener may lag behind.
const BEHIND_MAX: usize = 1_024;

/// A call and its place in the order in which calls ended.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    /// From 0, over all providers.
    pub(super) seq: u64,
    #[serde(flatten)]
    pub(super) call: Call,
}

/// Which calls are wanted.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) provider: Option<String>,
    pub(super) namespace: Option<String>,
}

/// Takes the calls of all providers.
pub(super) struct Ledger {
    inner: Mutex<Inner>,
    live: broadcast::Sender<Arc<Entry>>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Inner {
    calls: VecDeque<Arc<Entry>>,
    next: u64,
}

impl Filter {
    pub(super) fn wants(&self, call: &Call) -> bool {
        self.provider.as_ref().is_none_or(|provider| *provider == call.provider)
            && self.namespace.as_ref().is_none_or(|namespace| call.namespace.as_ref() == Some(namespace))
    }
}

impl Ledger {
    pub(super) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        let live = broadcast::Sender::new(BEHIND_MAX);
        Arc::new(Ledger { inner: Mutex::default(), live, metrics })
    }

    /// The newest calls that `filter` wants, at most `limit`, in the order in which they ended.
    pub(super) fn newest(&self, filter: &Filter, limit: usize) -> Vec<Arc<Entry>> {
        let inner = self.lock();
        let wanted = inner.calls.iter().rev().filter(|entry| filter.wants(&entry.call));
        let mut newest: Vec<_> = wanted.take(limit).cloned().collect();
        newest.reverse();
        newest
    }

    /// Every call from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.live.subscribe()
    }

    /// Forgets the calls of `namespace`, or all.
    pub(super) fn clear(&self, namespace: Option<&str>) {
        let kept = |entry: &Arc<Entry>| namespace.is_some() && entry.call.namespace.as_deref() != namespace;
        self.lock().calls.retain(kept);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Ledger {
    fn record(&self, call: Call) {
        self.metrics.count(&call);
        let mut inner = self.lock();
        let entry = Arc::new(Entry { seq: inner.next, call });
        inner.next += 1;
        if inner.calls.len() == CALLS_MAX {
            inner.calls.pop_front();
        }
        inner.calls.push_back(Arc::clone(&entry));
        // Inside the lock, so that listeners hear calls in their order; nobody listening is no error.
        drop(self.live.send(entry));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::mock) fn call(model: &str) -> Call {
        let json = serde_json::json!({
            "provider": "p", "model": model, "request_id": null, "nth": 0, "tag": 0, "connection": 0,
            "stream": false, "received": 0, "headers_sent": null, "first_output": null, "ended": 0,
            "status": 200, "ending": "complete", "failure": null, "faults": [], "retry_after": null,
            "injected": { "secs": 0, "nanos": 0 }, "words_planned": 0, "words_sent": 0, "billed_input": 0,
            "billed_output": 0, "credential": null, "body": "",
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_oldest_calls_are_forgotten_first() {
        let ledger = Ledger::new(Arc::default());
        for n in 0..CALLS_MAX + 5 {
            ledger.record(call(&n.to_string()));
        }

        let all = ledger.newest(&Filter::default(), usize::MAX);

        assert_eq!((all.len(), all[0].seq, all[0].call.model.as_str()), (CALLS_MAX, 5, "5"));
    }
}
