//! Where a server is in its life, and how many requests are under way.

use std::sync::Arc;

use tokio::sync::watch;

/// Where a server is in its life; it only ever goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Callers are answered.
    Serving,
    /// What is under way goes on; nothing new begins, no connection comes in.
    Draining,
    /// Nothing is under way: connections close when their last bytes are out.
    Closing,
    /// Whatever is still there goes.
    Over,
}

/// The server's own hand on its phase.
#[derive(Debug)]
pub(super) struct Phases {
    phase: watch::Sender<Phase>,
    under_way: Arc<watch::Sender<u64>>,
}

/// What everybody else sees of it.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    phase: watch::Receiver<Phase>,
    under_way: Arc<watch::Sender<u64>>,
}

/// A request under way, for as long as it lives.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<watch::Sender<u64>>);

impl Phases {
    pub(super) fn new() -> Self {
        Phases { phase: watch::Sender::new(Phase::Serving), under_way: Arc::new(watch::Sender::new(0)) }
    }

    pub(super) fn watch(&self) -> Watch {
        Watch { phase: self.phase.subscribe(), under_way: Arc::clone(&self.under_way) }
    }

    pub(super) fn drain(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    pub(super) fn close(&self) {
        self.phase.send_replace(Phase::Closing);
    }

    pub(super) fn end(&self) {
        self.phase.send_replace(Phase::Over);
    }

    /// Completes when no request is under way.
    pub(super) async fn idle(&self) {
        // The sender is held here: it cannot be gone.
        drop(self.under_way.subscribe().wait_for(|count| *count == 0).await);
    }

    pub(super) fn under_way(&self) -> u64 {
        *self.under_way.borrow()
    }
}

impl Watch {
    pub(super) fn now(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Completes when `phase` has come, or gone by.
    pub(super) async fn reached(&mut self, phase: Phase) {
        // Whoever sets the phase outlives all who watch it, or it is over anyway.
        drop(self.phase.wait_for(|now| *now >= phase).await);
    }

    /// Counts a request.
    pub(super) fn begin(&self) -> UnderWay {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(Arc::clone(&self.under_way))
    }

    pub(super) fn under_way(&self) -> u64 {
        *self.under_way.borrow()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_is_idle_when_its_last_request_is_gone() {
        let phases = Phases::new();
        let watch = phases.watch();
        let (first, second) = (watch.begin(), watch.begin());
        assert_eq!(phases.under_way(), 2);

        drop(first);
        let early = tokio::time::timeout(std::time::Duration::from_secs(1), phases.idle()).await;
        drop(second);

        assert!(early.is_err());
        phases.idle().await;
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_phase_hears_of_later_ones_too() {
        let phases = Phases::new();
        let mut watch = phases.watch();
        assert_eq!(watch.now(), Phase::Serving);

        phases.end();

        watch.reached(Phase::Draining).await;
        assert_eq!(watch.now(), Phase::Over);
    }
}
