//! Connections to providers, shared by all calls and kept alive.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::config::Http;
use crate::world::Connector;

/// How long an unused upstream connection is kept: less than the 60 s after which common servers drop theirs.
const IDLE_CONNECTION: Duration = Duration::from_secs(50);

/// A client that keeps its connections alive.
pub(super) type Upstream = Client<Connector, Full<Bytes>>;

/// A client for each version of HTTP: which one a provider is spoken to with is its operator's choice, as an
/// endpoint in the clear cannot be asked.
pub(super) struct Upstreams {
    http1: Upstream,
    http2: Upstream,
}

impl Upstreams {
    pub(super) fn new(connector: Connector) -> Self {
        let client = |connector, http2| {
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE_CONNECTION)
                .pool_timer(TokioTimer::new())
                .timer(TokioTimer::new())
                .http2_only(http2)
                .build(connector)
        };
        Upstreams { http1: client(connector.clone(), false), http2: client(connector.for_http2(), true) }
    }

    pub(super) const fn client(&self, http: Http) -> &Upstream {
        match http {
            Http::Two => &self.http2,
            Http::One | Http::Auto => &self.http1,
        }
    }
}
