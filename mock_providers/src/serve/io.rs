//! The byte stream as HTTP sees it, above TLS: knows when everything handed over is written, and reads ahead.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::line::{End, Line};
use super::speak::Bytes;

/// Bytes that are read ahead at once.
const AHEAD: usize = 8 * 1024;

/// A byte stream under control of its connection.
pub(super) struct Io<S: Bytes> {
    stream: S,
    line: Arc<Line>,
    /// Bytes that were read ahead.
    ahead: BytesMut,
}

impl<S: Bytes> Io<S> {
    pub(super) fn new(stream: S, line: Arc<Line>) -> Self {
        Io { stream, line, ahead: BytesMut::new() }
    }

    /// What was read ahead and not yet read.
    pub(super) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Reads ahead: how many bytes; none at the end.
    pub(super) fn poll_read_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [0; AHEAD];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        self.ahead.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<S: Bytes> AsyncRead for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let length = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..length]);
        self.ahead.advance(length);
        if self.ahead.is_empty() {
            // Idle connections come in thousands.
            self.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Bytes> AsyncWrite for Io<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when everything handed over has been written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        match self.line.written() {
            None => return Poll::Ready(Ok(())),
            Some(End::Reset) => self.line.reset(),
            Some(End::Fin) => {
                // A stream that cannot be shut down is dead already.
                let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
                self.line.close();
            }
        }
        Poll::Pending
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
