//! What stands between callers and providers: our router, or somebody else's.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::router::config::Config;
use crate::router::{Router, http};
use crate::world::{Clock, Connector, Stream};

/// What stands between callers and providers.
#[derive(Clone, Default)]
pub enum Middle {
    /// The router of this house, by the scenario's `router:` part.
    #[default]
    Ours,
    /// Somebody else's. Nobody hears what it claims: its records have no trails, and its header has to say so
    /// ([`Header::foreign`](crate::history::Header::foreign)).
    Foreign(Arc<dyn Foreign>),
}

/// A router that is not ours.
pub trait Foreign: Send + Sync {
    /// Begins its life in a world whose providers are there. What it gives serves the connections of callers.
    fn enter(&self, around: Around) -> Serve;
}

/// Serves one connection until it is over.
pub type Serve = Arc<dyn Fn(Stream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What a router finds around it.
#[derive(Debug)]
pub struct Around {
    /// How it reaches the providers.
    pub connector: Connector,
    /// What the scenario says of it. The addresses are those at which the providers are in this run.
    pub config: Config,
    /// The run's clock.
    pub clock: Clock,
}

impl fmt::Debug for Middle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Middle::Ours => "Ours",
            Middle::Foreign(_) => "Foreign",
        })
    }
}

/// Whoever is in the middle of a world that runs.
pub(super) enum Seated {
    Ours(Arc<Router>),
    Foreign(Serve),
}

impl Seated {
    /// Serves a connection that was accepted, beside everything else.
    pub(super) fn serve(&self, stream: impl Into<Stream> + AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        match self {
            Seated::Ours(router) => drop(tokio::spawn(http::serve_connection(Arc::clone(router), stream))),
            Seated::Foreign(serve) => drop(tokio::spawn(serve(stream.into()))),
        }
    }

    /// Our router, if it is ours.
    pub(super) fn router(&self) -> Option<&Router> {
        match self {
            Seated::Ours(router) => Some(router),
            Seated::Foreign(_) => None,
        }
    }
}
