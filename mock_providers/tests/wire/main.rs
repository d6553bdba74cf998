//! The providers on the wire: actual bytes and socket events.

#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

mod bench;
mod connections;
mod determinism;
mod faults;
mod live;
mod namespaces;
mod probes;
mod requests;
mod sockets;
mod streams;
