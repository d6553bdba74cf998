//! A provider on any byte stream.
//!
//! [`serve_connection`] speaks HTTP/1.1 over a [`Wire`] for as long as the connection lives. Faults of the
//! connection layer are done on the bytes: a reset is a reset of the wire, a FIN in the middle of a body leaves
//! the last chunk out, a black hole withholds bytes both ways.
//!
//! Every request that arrived whole, or was answered, is in the ledger exactly once, whichever way it ended. A
//! request whose caller left before it was whole is nobody's call.

mod answer;
mod body;
mod changes;
mod connection;
mod control;
mod io;
mod stream;

use tokio::io::{AsyncRead, AsyncWrite};

pub use crate::provider::Admission;
pub use connection::serve_connection;

/// Largest request body that is read, in bytes: 32 MB, as Anthropic documents it.
pub const REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A byte stream that can be reset: TCP, or a pipe of a simulated network.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the next drop of this stream an abortive close (RST), and every read and write until then fail.
    fn reset(&mut self);
}
