//! Notices that rules came or went, for a future that is polled with every chunk: a look costs one atomic load.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::sync::watch;

use crate::provider::Provider;

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Changes {
    revision: watch::Receiver<u64>,
    waiting: Waiting,
    /// Who is woken by a change.
    waker: Option<Waker>,
}

impl Changes {
    pub(super) fn of(provider: &Provider) -> Self {
        let revision = provider.changes();
        Changes { waiting: wait(&revision), revision, waker: None }
    }

    /// Whether there was a change since the last look; otherwise the next one wakes the task.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if known && !self.revision.has_changed().unwrap_or(false) {
            return false;
        }
        self.waker = Some(cx.waker().clone());
        let mut changed = false;
        // Twice at most before somebody changes rules faster than they can be noticed.
        while let Poll::Ready(()) = self.waiting.as_mut().poll(cx) {
            self.revision.mark_unchanged();
            self.waiting = wait(&self.revision);
            changed = true;
        }
        changed
    }
}

fn wait(revision: &watch::Receiver<u64>) -> Waiting {
    let mut revision = revision.clone();
    Box::pin(async move {
        if revision.changed().await.is_err() {
            // The provider is gone: nothing changes any more.
            std::future::pending::<()>().await;
        }
    })
}
