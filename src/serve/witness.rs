//! Hears of every request, and of the server's own doings: counts them, and tells them.

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::Value;

use super::log::{self, Lines};
use super::metrics::{Metrics, Sources};
use crate::router::Router;
use crate::router::trail::{Trail, TrailSink};
use crate::scenario::serve::Log;

/// Counts and tells.
pub(super) struct Witness {
    pub(super) metrics: Metrics,
    lines: Lines,
    log: RwLock<Log>,
    /// Set once the router is there, which needs a witness to begin with.
    router: OnceLock<Arc<Router>>,
}

impl Witness {
    pub(super) fn new(log: Log) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Witness {
            metrics: Metrics::default(),
            lines: Lines::start()?,
            log: RwLock::new(log),
            router: OnceLock::new(),
        }))
    }

    /// Tells whose requests these are; the first one stays.
    pub(super) fn watch(&self, router: &Arc<Router>) {
        self.router.get_or_init(|| Arc::clone(router));
    }

    /// From now on requests are told so.
    pub(super) fn set_log(&self, log: Log) {
        *self.log.write().unwrap_or_else(PoisonError::into_inner) = log;
    }

    /// A request that the router answered without beginning it.
    pub(super) fn refused(&self, id: &str, path: &str, status: u16) {
        self.metrics.refused(status);
        self.tell(log::refused(self.log(), now(), id, path, status));
    }

    /// Something about the server itself.
    pub(super) fn event(&self, event: &str, more: Vec<(&'static str, Value)>) {
        self.tell(log::event(self.log(), now(), event, more));
    }

    /// Words for people, whatever the log is.
    pub(super) fn say(&self, text: String) {
        self.lines.write(text);
    }

    /// Waits for the last lines.
    pub(super) fn flush(&self) {
        self.lines.flush();
    }

    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The page of metrics.
    pub(super) fn page(&self, sources: &Sources) -> Result<String, fmt::Error> {
        self.metrics.page(sources)
    }

    fn log(&self) -> Log {
        *self.log.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, line: Option<String>) {
        if let Some(line) = line {
            self.lines.write(line);
        }
    }
}

impl TrailSink for Witness {
    fn record(&self, trail: Trail) {
        if let Some(router) = self.router.get() {
            self.metrics.count(&router.config(), &trail);
        }
        self.tell(log::request(self.log(), now(), &trail));
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
