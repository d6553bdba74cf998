//! What kind of provider a [`Server`] is to be.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::{Record, Server};
use crate::clock::Clock;
use crate::dialect::Dialect;
use crate::dice::Dice;
use crate::fault::Rule;
use crate::latency::{Dist, Latency};
use crate::ledger::Call;
use crate::listen::Listener;
use crate::provider::{Provider, Spec};

/// Describes a provider, then starts it.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `start`"]
pub struct Builder {
    spec: Spec,
    seed: u64,
    address: SocketAddr,
}

impl Builder {
    pub(super) fn new(dialect: Dialect) -> Builder {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Builder { spec: Spec::new(dialect.name(), dialect), seed: 0, address }
    }

    /// No latency at all: every answer comes at once.
    pub fn fast(self) -> Builder {
        self.latency(Latency::none())
    }

    /// How long it takes when healthy.
    pub fn latency(mut self, latency: Latency) -> Builder {
        self.spec.latency = latency;
        self
    }

    /// Words of a reply when neither the caller's limit nor the prompt's `[words=N]` says.
    pub fn words(mut self, words: u32) -> Builder {
        self.spec.output = Dist::Constant(f64::from(words));
        self
    }

    /// Accepts this key (and others that are named like this); without any, all are accepted.
    pub fn key(mut self, key: impl Into<String>) -> Builder {
        self.spec.keys.push(key.into());
        self
    }

    /// Serves this model (and others that are named like this); without any, all are served.
    pub fn model(mut self, model: impl Into<String>) -> Builder {
        self.spec.models.push(model.into());
        self
    }

    /// Has this fault from the start.
    pub fn fault(mut self, fault: impl Into<Rule>) -> Builder {
        self.spec.faults.push(fault.into());
        self
    }

    /// The seed of all chance; 0 by default. The same seed gives the same words to the same request ids.
    pub const fn seed(mut self, seed: u64) -> Builder {
        self.seed = seed;
        self
    }

    /// Listens there instead of on a free port of the loopback address.
    pub const fn address(mut self, address: SocketAddr) -> Builder {
        self.address = address;
        self
    }

    /// Changes whatever this type has no word for.
    pub fn spec(mut self, change: impl FnOnce(&mut Spec)) -> Builder {
        change(&mut self.spec);
        self
    }

    /// Binds the port and serves until the [`Server`] is dropped.
    ///
    /// # Errors
    /// When the specification is unsound or the port cannot be bound; the message says which.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub fn start(self) -> io::Result<Server> {
        self.spec.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let record = Arc::new(Record::default());
        let ledger = Arc::clone(&record);
        let sink = Arc::new(move |call: Call| ledger.add(call));
        let provider = Provider::new(self.spec, Dice::new(self.seed), Clock::start(wall_us()), sink);
        let listener = Listener::bind(Arc::clone(&provider), self.address)?;
        let address = listener.local_addr();
        let serving = tokio::spawn(listener.run(std::future::pending()));
        Ok(Server::serving(provider, address, record, serving))
    }
}

/// Microseconds since the Unix epoch: a client compares the dates it is given with a clock of its own.
#[expect(clippy::disallowed_types, reason = "a server for real clients, which no simulation starts")]
pub(super) fn wall_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
