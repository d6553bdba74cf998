//! How many connections are open.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Provider;

/// An open connection, counted until it is dropped.
pub(crate) struct OpenConnection(Arc<Provider>);

impl Provider {
    /// Connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts a connection as open until the guard is dropped.
    pub(crate) fn opened(self: &Arc<Self>) -> OpenConnection {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
