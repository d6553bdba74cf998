//! The bare wire, below TLS: what befalls the connection as a whole is done here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Wire;
use super::line::Line;

/// A wire under control. While bytes are withheld every read and write waits; the connection's own future polls
/// again when that is over.
pub(super) struct Gate<W: Wire> {
    wire: W,
    line: Arc<Line>,
}

impl<W: Wire> Gate<W> {
    pub(super) const fn new(wire: W, line: Arc<Line>) -> Self {
        Gate { wire, line }
    }

    fn waits(&self) -> bool {
        self.line.is_withheld() || self.line.is_closed()
    }
}

impl<W: Wire> Drop for Gate<W> {
    fn drop(&mut self) {
        if self.line.is_reset() {
            self.wire.reset();
        }
    }
}

impl<W: Wire> AsyncRead for Gate<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waits() {
            return Poll::Pending;
        }
        Pin::new(&mut self.wire).poll_read(cx, buffer)
    }
}

impl<W: Wire> AsyncWrite for Gate<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.waits() {
            return Poll::Pending;
        }
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.waits() {
            return Poll::Pending;
        }
        Pin::new(&mut self.wire).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waits() {
            return Poll::Pending;
        }
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waits() {
            return Poll::Pending;
        }
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
