//! A provider inside a test: started in one line, pointed at by any client, watched, and broken for as long as a
//! guard lives.
//!
//! ```
//! use mock_providers::dialect::Dialect;
//! use mock_providers::fault::Fault;
//! use mock_providers::server::Server;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let openai = Server::builder(Dialect::Openai).fast().start()?;
//! // Point a client at `openai.base_url()`: "http://127.0.0.1:41234/v1".
//! assert!(openai.base_url().ends_with("/v1"));
//!
//! {
//!     let overload = openai.inject(Fault::status(503))?;
//!     // … whatever is called here gets a 503 …
//!     assert_eq!(overload.fired(), 0);
//! } // … and from here on it is healthy again.
//! assert!(openai.calls().is_empty());
//! # std::io::Result::Ok(())
//! # })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! Time is real here: a port belongs to the operating system, which knows no paused clock. For virtual time serve a
//! [`Provider`] on a wire of your own with [`serve_connection`](crate::serve::serve_connection).

mod builder;
mod guard;
mod record;
#[cfg(feature = "wiremock")]
pub mod wiremock;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;

pub use builder::Builder;
pub use guard::FaultGuard;
pub use record::CALLS_MAX;
use record::Record;

use crate::dialect::Dialect;
use crate::fault::{Fault, Rule};
use crate::ledger::Call;
use crate::provider::Provider;

/// A provider on a port of its own; dropping it closes the port and every connection.
#[must_use = "a server that is dropped serves nobody"]
pub struct Server {
    provider: Arc<Provider>,
    address: SocketAddr,
    record: Arc<Record>,
    serving: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Describes a provider that speaks `dialect`.
    pub fn builder(dialect: Dialect) -> Builder {
        Builder::new(dialect)
    }

    /// A healthy provider without latency.
    ///
    /// # Errors
    /// When no port of the loopback address can be bound.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub fn start(dialect: Dialect) -> io::Result<Server> {
        Server::builder(dialect).fast().start()
    }

    fn serving(
        provider: Arc<Provider>,
        address: SocketAddr,
        record: Arc<Record>,
        serving: JoinHandle<io::Result<()>>,
    ) -> Server {
        Server { provider, address, record, serving }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Scheme, host and port, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL as the vendor's official SDK wants it: with the version where the SDK does not add it itself.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}{}", self.origin(), self.provider.spec().dialect.base_path())
    }

    /// The provider, for everything this type has no shorter word for.
    #[must_use]
    pub const fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// Breaks the provider until the guard is dropped: `fault` meets every call, or what a [`Rule`] says.
    ///
    /// # Errors
    /// When the rule is unsound; the message says why.
    pub fn inject(&self, fault: impl Into<Rule>) -> io::Result<FaultGuard> {
        FaultGuard::new(&self.provider, fault.into())
    }

    /// The calls that are over, the latest [`CALLS_MAX`] of them, in the order in which they ended.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.record.calls()
    }

    /// Waits until `count` calls are over since the start or the last [`Server::reset`], and gives them.
    pub async fn wait_for_calls(&self, count: usize) -> Vec<Call> {
        self.record.wait_for(count).await
    }

    /// As it was at the start: rules, counters and calls.
    pub fn reset(&self) {
        self.provider.reset_all();
        self.record.clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl From<Fault> for Rule {
    /// The fault for every call, under its own name.
    fn from(fault: Fault) -> Rule {
        Rule::new(fault.name(), fault)
    }
}
