//! The catalogue of faults, on the bytes and socket events they leave.

#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

#[path = "../wire/bench.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod bench;
mod bytes;
mod connect;
mod http;
mod http2;
