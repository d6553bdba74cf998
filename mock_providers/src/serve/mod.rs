//! A provider on any byte stream.
//!
//! [`serve_connection`] speaks HTTP over a [`Wire`] for as long as the connection lives: HTTP/2 with a client that
//! begins with its preface (or agrees on it within TLS, [`serve_tls_connection`]), HTTP/1.1 with any other. Faults
//! of the connection layer are done on the bytes: a reset is a reset of the wire, a FIN in the middle of a body
//! leaves the last chunk out, a black hole withholds bytes both ways. On HTTP/2 a call is a stream of a connection
//! that others share, so a fault that resets a call resets its stream.
//!
//! From the wire up: `gate` (withheld bytes, resets), TLS, `io` (what is written when), HTTP, `answer` and its
//! `body`. All of them share the connection's `line`; a call holds on to it by its `control`.
//!
//! Every request that arrived whole, or was answered, is in the ledger exactly once, whichever way it ended. A
//! request whose caller left before it was whole is nobody's call.

mod answer;
mod body;
mod by_hand;
mod changes;
mod connection;
mod control;
mod enormous;
mod gate;
mod gzip;
mod hang_up;
mod io;
mod line;
mod manner;
mod open;
mod preface;
mod queued;
mod shape;
mod speak;
mod stream;
mod weather;

use tokio::io::{AsyncRead, AsyncWrite};

pub use crate::provider::Admission;
pub use connection::{serve_connection, serve_tls_connection};

/// Largest request body that is read, in bytes: 32 MB, as Anthropic documents it.
pub const REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes of request bodies that a provider holds at once, all together, while they arrive: eight of the largest. What
/// goes beyond is turned down as overload, so that a thousand callers who each send almost everything and then wait
/// do not take all memory.
pub const BODIES_BYTES_MAX: usize = 8 * REQUEST_BYTES_MAX;

/// A byte stream that can be reset: TCP, or a pipe of a simulated network.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the next drop of this stream an abortive close (RST), and every read and write until then fail.
    fn reset(&mut self);
}
