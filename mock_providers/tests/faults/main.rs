//! Every fault on the bytes it leaves, layer by layer.

#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

#[path = "../wire/bench.rs"]
mod bench;

mod bytes;
mod connect;
mod fate;
mod framing;
mod http;
mod http2;
mod meaning;
mod newer;
mod pacing;
mod rate;
mod several;
mod stream;
mod support;
mod together;
mod usage;
mod vendor;
