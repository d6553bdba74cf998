//! The wire as hyper sees it: commands of the connection's [`Control`] are carried out where bytes pass.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Wire;
use super::control::Control;
use crate::fault::Close;

/// A wire under control. While bytes are withheld every read and write waits; the connection's own future,
/// which runs on the same task, polls again when that is over.
pub(super) struct Io<W: Wire> {
    wire: W,
    control: Arc<Control>,
}

impl<W: Wire> Io<W> {
    pub(super) const fn new(wire: W, control: Arc<Control>) -> Self {
        Io { wire, control }
    }

    fn waits(&self) -> bool {
        self.control.is_withheld() || self.control.is_closed()
    }
}

impl<W: Wire> Drop for Io<W> {
    fn drop(&mut self) {
        if self.control.is_reset() {
            self.wire.reset();
        }
    }
}

impl<W: Wire> AsyncRead for Io<W> {
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

impl<W: Wire> AsyncWrite for Io<W> {
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

    /// Called when everything handed over has been written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waits() {
            return Poll::Pending;
        }
        ready!(Pin::new(&mut self.wire).poll_flush(cx))?;
        match self.control.written() {
            None => return Poll::Ready(Ok(())),
            Some(Close::Reset) => self.control.reset(),
            Some(Close::Clean | Close::Fin) => {
                // A wire that cannot be shut down is dead already.
                let _ = ready!(Pin::new(&mut self.wire).poll_shutdown(cx));
                self.control.close();
            }
        }
        Poll::Pending
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waits() {
            return Poll::Pending;
        }
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
