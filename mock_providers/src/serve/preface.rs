//! Tells HTTP/2 from HTTP/1.1 by how the client begins.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::io::Io;
use super::line::Line;
use super::speak::Stream;

/// What an HTTP/2 client says first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether the client begins with HTTP/2's preface; none when it said nothing and the connection is to close.
/// What was read is read again by whoever speaks next.
pub(super) async fn is_http2<S: Stream>(io: &mut Io<S>, line: &Line) -> Option<bool> {
    poll_fn(|cx| {
        if line.closes_when_idle() && io.ahead().is_empty() {
            return Poll::Ready(None);
        }
        poll(io, cx).map(Some)
    })
    .await
}

fn poll<S: Stream>(io: &mut Io<S>, cx: &mut Context<'_>) -> Poll<bool> {
    loop {
        let seen = io.ahead();
        let compared = seen.len().min(PREFACE.len());
        if seen[..compared] != PREFACE[..compared] {
            return Poll::Ready(false);
        }
        if compared == PREFACE.len() {
            return Poll::Ready(true);
        }
        // Whoever speaks next meets the same end or error.
        if !matches!(ready!(Pin::new(&mut *io).poll_read_ahead(cx)), Ok(more) if more > 0) {
            return Poll::Ready(false);
        }
    }
}
