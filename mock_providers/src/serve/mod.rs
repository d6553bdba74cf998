//! A provider on any byte stream.

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream that can be reset: TCP, or a pipe of a simulated network.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the next drop of this stream an abortive close (RST), and every read and write until then fail.
    fn reset(&mut self);
}
