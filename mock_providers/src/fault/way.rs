//! How a call came: what conditions may look at besides what it asks.

use http::HeaderMap;

/// How a call came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way<'a> {
    /// Whether over HTTP/2.
    pub http2: bool,
    /// Whether its connection served another call before.
    pub reused: bool,
    /// Calls that are being answered besides this one.
    pub in_flight: u64,
    /// The credential.
    pub key: Option<&'a str>,
    /// The path, without the query.
    pub path: &'a str,
    /// The headers; none when no rule looks at them.
    pub headers: Option<&'a HeaderMap>,
}
