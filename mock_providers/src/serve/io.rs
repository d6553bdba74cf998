//! The byte stream as HTTP sees it, above TLS: knows when everything handed over is written, and reads ahead.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::by_hand::Takeover;
use super::line::{End, Line};
use super::shape::Shaper;
use super::speak::Stream;

/// Bytes that are read ahead at once.
const AHEAD: usize = 8 * 1024;

/// A byte stream under control of its connection.
pub(super) struct Io<S: Stream> {
    stream: S,
    line: Arc<Line>,
    /// Bytes that were read ahead.
    ahead: BytesMut,
    shaper: Option<Shaper>,
    /// Last words, on their way.
    parting: Option<Bytes>,
}

impl<S: Stream> Io<S> {
    pub(super) fn new(stream: S, line: Arc<Line>) -> Self {
        Io { stream, line, ahead: BytesMut::new(), shaper: None, parting: None }
    }

    /// What was read ahead and not yet read.
    pub(super) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Gives back what was read, to be read again.
    pub(super) fn unread(&mut self, bytes: &[u8]) {
        let rest = std::mem::take(&mut self.ahead);
        self.ahead.extend_from_slice(bytes);
        self.ahead.extend_from_slice(&rest);
    }

    /// HTTP/2's last words, with this error code; then a FIN.
    fn poll_part(&mut self, code: u32, answered: bool, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line = &self.line;
        let parting = self.parting.get_or_insert_with(|| goaway(code, line.calls() - u64::from(!answered)));
        while parting.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, parting))?;
            parting.advance(written);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
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

impl<S: Stream> AsyncRead for Io<S> {
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

impl<S: Stream> AsyncWrite for Io<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Io { stream, line, shaper, .. } = &mut *self;
        if let Some(shape) = line.take_shape() {
            *shaper = shape.map(|shape| Shaper::new(shape, *line.provider().clock()));
        }
        let Some(shaper) = shaper else { return Pin::new(stream).poll_write(cx, bytes) };
        let most = ready!(shaper.poll(bytes.len(), cx));
        let written = ready!(Pin::new(stream).poll_write(cx, &bytes[..most]))?;
        shaper.left(written);
        line.left(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.shaper.is_some() || self.line.shapes() {
            let first = bytes.iter().find(|bytes| !bytes.is_empty()).map_or(&[][..], |bytes| bytes);
            return self.poll_write(cx, first);
        }
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
            Some(End::Half) => {
                let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
                self.line.ended_writing();
                self.line.take_over(Takeover::Listen);
                return Poll::Ready(Ok(()));
            }
            Some(End::Goaway { code, answered }) => {
                let _ = ready!(self.poll_part(code, answered, cx));
                self.line.close();
            }
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

/// HTTP/2's GOAWAY on a connection that answered so many calls: length 8, type 7, no flags, stream 0. Clients number their
/// streams 1, 3, 5 and so on.
fn goaway(code: u32, calls: u64) -> Bytes {
    let last = u32::try_from(calls.saturating_mul(2).saturating_sub(1)).unwrap_or(u32::MAX >> 1);
    let mut frame = BytesMut::from(&[0, 0, 8, 7, 0, 0, 0, 0, 0][..]);
    frame.put_u32(last);
    frame.put_u32(code);
    frame.freeze()
}
