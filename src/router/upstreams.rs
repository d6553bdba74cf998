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
    /// As these, but each request on a connection of its own.
    fresh1: Upstream,
    fresh2: Upstream,
}

impl Upstreams {
    pub(super) fn new(connector: Connector) -> Self {
        let client = |connector, http2, kept| {
            Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(kept)
                .pool_idle_timeout(IDLE_CONNECTION)
                .pool_timer(TokioTimer::new())
                .timer(TokioTimer::new())
                .http2_only(http2)
                .build(connector)
        };
        let second = connector.clone().for_http2();
        Upstreams {
            http1: client(connector.clone(), false, usize::MAX),
            http2: client(second.clone(), true, usize::MAX),
            fresh1: client(connector, false, 0),
            fresh2: client(second, true, 0),
        }
    }

    /// The client for `http`; a fresh one when the request must not go over a connection that was used before.
    pub(super) const fn client(&self, http: Http, fresh: bool) -> &Upstream {
        match (http, fresh) {
            (Http::Two, false) => &self.http2,
            (Http::Two, true) => &self.fresh2,
            (_, false) => &self.http1,
            (_, true) => &self.fresh1,
        }
    }
}
