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

/// How often a connection of HTTP/2 with calls on it is asked whether it is still there, and how long its answer may
/// take. Without this a connection that the network lost would be given to every new call until the system notices,
/// which takes it a quarter of an hour.
const PING_EVERY: Duration = Duration::from_secs(15);
const PING_WAIT: Duration = Duration::from_secs(10);

/// A client that keeps its connections alive.
pub(super) type Upstream = Client<Connector, Full<Bytes>>;

/// A client for each version of HTTP, and one that speaks either: which one a provider is spoken to with is its
/// operator's choice, as an endpoint in the clear cannot be asked.
pub(super) struct Upstreams {
    http1: Pair,
    http2: Pair,
    either: Pair,
}

struct Pair {
    kept: Upstream,
    /// As `kept`, but each request on a connection of its own.
    fresh: Upstream,
}

impl Upstreams {
    pub(super) fn new(connector: Connector) -> Self {
        Upstreams {
            http1: Pair::new(&connector, false),
            http2: Pair::new(&connector.clone().for_http2(), true),
            either: Pair::new(&connector.for_either(), false),
        }
    }

    /// The client for `http`; a fresh one when the request must not go over a connection that was used before.
    pub(super) const fn client(&self, http: Http, fresh: bool) -> &Upstream {
        let pair = match http {
            Http::One => &self.http1,
            Http::Two => &self.http2,
            Http::Auto => &self.either,
        };
        if fresh { &pair.fresh } else { &pair.kept }
    }
}

impl Pair {
    fn new(connector: &Connector, http2: bool) -> Self {
        let client = |kept| {
            Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(kept)
                .pool_idle_timeout(IDLE_CONNECTION)
                .pool_timer(TokioTimer::new())
                .timer(TokioTimer::new())
                .http2_only(http2)
                .http2_keep_alive_interval(PING_EVERY)
                .http2_keep_alive_timeout(PING_WAIT)
                .build(connector.clone())
        };
        Pair { kept: client(usize::MAX), fresh: client(0) }
    }
}
