//! The providers on the wire: actual bytes and socket events.

mod bench;
mod connections;
mod determinism;
mod faults;
mod requests;
mod sockets;
mod streams;
