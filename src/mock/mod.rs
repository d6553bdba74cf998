//! Mock providers as servers of their own: real ports, real time, any client in any language.
//!
//! [`Server::bind`] takes a checked plan ([`scenario::mock`](crate::scenario::mock)) and real ports, and
//! [`Server::run`] serves until it is told to stop. Nothing here judges, and nothing here knows a router.

pub mod env;
mod files;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mock_providers::latency::Latency;
use mock_providers::ledger::Call;
use mock_providers::listen::Listener;
use mock_providers::provider::Provider;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use files::raise_file_limit;

use crate::scenario::mock::Mock;
use crate::world::{Clock, Dice};

/// Where and how the providers are served.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The address all ports are on.
    pub host: IpAddr,
    /// The first provider's port, the next one being the second's; 0 takes free ones.
    pub port: u16,
    /// Whether providers answer at once, whatever latency they were given.
    pub fast: bool,
}

/// Providers bound to their ports.
#[must_use = "nothing is served before `run`"]
pub struct Server {
    listeners: Vec<Listener>,
    providers: Vec<(Arc<Provider>, SocketAddr)>,
}

impl Server {
    /// Binds every provider of `plan`.
    ///
    /// # Errors
    ///
    /// When a port cannot be bound; the message names it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub fn bind(plan: &Mock, options: &Options) -> io::Result<Server> {
        let starts_us = plan.starts_us.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond());
        let (clock, dice) = (Clock::start(starts_us), Dice::new(plan.seed));
        let mut server = Server { listeners: Vec::new(), providers: Vec::new() };
        for (nth, spec) in plan.providers.values().enumerate() {
            let mut spec = spec.clone();
            if options.fast {
                spec.latency = Latency::none();
            }
            let provider = Provider::new(spec, dice, clock, Arc::new(|_: Call| {}));
            let listener = bind(&provider, options.host, port(options.port, nth)?)?;
            server.providers.push((provider, listener.local_addr()));
            server.listeners.push(listener);
        }
        Ok(server)
    }

    /// The providers with their addresses, in the order of the plan.
    #[must_use]
    pub fn providers(&self) -> &[(Arc<Provider>, SocketAddr)] {
        &self.providers
    }

    /// Serves until `stop` completes; calls that are open then are recorded as shut down.
    ///
    /// # Errors
    ///
    /// When a port cannot be listened on again after a window of refused connects.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let (stopping, stopped) = watch::channel(());
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            let mut stopped = stopped.clone();
            // The channel never carries a value: it ends when its sender is dropped.
            serving.spawn(listener.run(async move { drop(stopped.changed().await) }));
        }
        tokio::select! {
            biased;
            () = stop => {}
            Some(ended) = serving.join_next() => ended.unwrap_or(Ok(()))?,
        }
        drop(stopping);
        while let Some(ended) = serving.join_next().await {
            ended.unwrap_or(Ok(()))?;
        }
        Ok(())
    }
}

/// The port of the `nth` provider.
fn port(first: u16, nth: usize) -> io::Result<u16> {
    if first == 0 {
        return Ok(0);
    }
    let port = u16::try_from(nth).ok().and_then(|nth| first.checked_add(nth));
    port.ok_or_else(|| io::Error::other("there are no ports beyond 65535"))
}

fn bind(provider: &Arc<Provider>, host: IpAddr, port: u16) -> io::Result<Listener> {
    Listener::bind(Arc::clone(provider), (host, port).into()).map_err(|error| {
        let message = format!("`{}` cannot listen on {host}:{port}: {error}", provider.spec().name);
        io::Error::new(error.kind(), message)
    })
}
