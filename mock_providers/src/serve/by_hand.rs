//! Answers that no HTTP library would write: the wire is taken over for one answer, and given back after it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::BytesMut;
use http::Response;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use super::body::Reply;
use super::control::Control;
use super::io::Io;
use super::speak::Stream;
use crate::fault::BadChunk;
use crate::provider::ByHand;

/// Bytes of further requests that are read while an answer is written.
const EARLY_BYTES_MAX: usize = 64 * 1024;

/// What is written in place of what a library would write.
pub(super) enum Takeover {
    /// An answer.
    Answer { control: Arc<Control>, response: Box<Response<Reply>>, hand: ByHand },
    /// Bytes that are none; then the connection's end, or silence.
    Raw { bytes: &'static [u8], ends: bool },
    /// Nothing: the sending side is shut, and what comes is read.
    Listen,
}

/// Writes; gives the wire back when more requests may come on it.
pub(super) async fn write<S: Stream>(io: Io<S>, takeover: Takeover) -> Option<Io<S>> {
    if matches!(takeover, Takeover::Listen) {
        listen(io).await;
        return None;
    }
    let (mut reader, mut writer) = tokio::io::split(io);
    let mut early = BytesMut::new();
    let kept = tokio::select! {
        biased;
        kept = say(&mut writer, takeover) => kept.unwrap_or(false),
        () = until_gone(&mut reader, &mut early) => false,
    };
    let mut io = reader.unsplit(writer);
    io.unread(&early);
    if kept {
        return Some(io);
    }
    // Who cannot be told any more is gone.
    let _ = io.shutdown().await;
    None
}

/// Reads and forgets, until the caller leaves.
async fn listen<S: Stream>(mut io: Io<S>) {
    let mut unheard = [0; 4_096];
    while matches!(io.read(&mut unheard).await, Ok(read) if read > 0) {}
}

/// Waits until the caller leaves; keeps what it says meanwhile.
async fn until_gone<R: AsyncRead>(reader: &mut ReadHalf<R>, early: &mut BytesMut) {
    while early.len() < EARLY_BYTES_MAX {
        if !matches!(reader.read_buf(early).await, Ok(read) if read > 0) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

async fn say<W: AsyncWrite>(writer: &mut WriteHalf<W>, takeover: Takeover) -> std::io::Result<bool> {
    match takeover {
        Takeover::Raw { bytes, ends } => {
            writer.write_all(bytes).await?;
            writer.flush().await?;
            if !ends {
                std::future::pending::<()>().await;
            }
            Ok(false)
        }
        Takeover::Listen => std::future::pending().await,
        Takeover::Answer { control, response, hand } => answer(writer, &control, *response, &hand).await,
    }
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// By its length.
    Length(u64),
    Chunked,
    /// By the connection's end.
    UntilClose,
}

async fn answer<W: AsyncWrite>(
    writer: &mut WriteHalf<W>,
    control: &Control,
    response: Response<Reply>,
    hand: &ByHand,
) -> std::io::Result<bool> {
    let framing = framing(&response, hand);
    let head = head(&response, hand, framing);
    match hand.per_byte {
        None => {
            control.line().spelt();
            writer.write_all(&head).await?;
        }
        Some(pause) => {
            for (left, byte) in (0..head.len()).rev().zip(head) {
                if left == 0 {
                    control.line().spelt();
                }
                writer.write_u8(byte).await?;
                writer.flush().await?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    if hand.chunks.is_some() || hand.length_by != 0 {
        control.broken();
    }
    let mut body = response.into_body();
    let mut nth = 0;
    while let Some(piece) = next(&mut body, writer).await? {
        match framing {
            Framing::Chunked => writer.write_all(&chunk(&piece, nth, hand.chunks)).await?,
            _ => writer.write_all(&piece).await?,
        }
        nth += 1;
    }
    if framing == Framing::Chunked {
        writer.write_all(last_chunk(nth, hand.chunks)).await?;
    }
    writer.flush().await?;
    Ok(framing != Framing::UntilClose && !matches!(hand.chunks, Some(BadChunk::Size | BadChunk::NoLineBreak)))
}

/// The next piece of the body. While there is none, what was written is flushed, and what shall be done to the
/// connection then is done.
async fn next<W: AsyncWrite>(
    body: &mut Reply,
    writer: &mut WriteHalf<W>,
) -> std::io::Result<Option<bytes::Bytes>> {
    poll_fn(|cx| {
        loop {
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Ok(Some(data))),
                    Err(_) => continue,
                },
                Poll::Ready(_) => return Poll::Ready(Ok(None)),
                Poll::Pending => {
                    let flushed = Pin::new(&mut *writer).poll_flush(cx);
                    return match flushed {
                        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                        _ => Poll::Pending,
                    };
                }
            }
        }
    })
    .await
}

fn framing(response: &Response<Reply>, hand: &ByHand) -> Framing {
    let told = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    match told.or_else(|| response.body().size_hint().exact()) {
        _ if hand.until_close => Framing::UntilClose,
        Some(length) if hand.chunks.is_none() => Framing::Length(length),
        _ => Framing::Chunked,
    }
}

fn head(response: &Response<Reply>, hand: &ByHand, framing: Framing) -> Vec<u8> {
    let mut head = Vec::with_capacity(1_024);
    for code in &hand.informational {
        let line = match code {
            103 => "103 Early Hints\r\nlink: </style.css>; rel=preload",
            102 => "102 Processing",
            _ => "100 Continue",
        };
        head.extend_from_slice(format!("HTTP/1.1 {line}\r\n\r\n").as_bytes());
    }
    let status = response.status();
    let version = hand.version.unwrap_or("HTTP/1.1");
    let reason = status.canonical_reason().unwrap_or("Unknown");
    head.extend_from_slice(format!("{version} {} {reason}\r\n", status.as_u16()).as_bytes());
    for (name, value) in response.headers().iter().filter(|(name, _)| **name != CONTENT_LENGTH) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    let line = match framing {
        Framing::Length(length) => {
            format!("content-length: {}", length.saturating_add_signed(hand.length_by))
        }
        Framing::Chunked => "transfer-encoding: chunked".to_owned(),
        Framing::UntilClose => format!("{CONNECTION}: close"),
    };
    head.extend_from_slice(format!("{line}\r\n\r\n").as_bytes());
    head
}

fn chunk(piece: &[u8], nth: u32, wrong: Option<BadChunk>) -> Vec<u8> {
    let size = match wrong {
        Some(BadChunk::Size) if nth == 1 => "xyz".to_owned(),
        _ => format!("{:x}", piece.len()),
    };
    let end = if nth == 0 && wrong == Some(BadChunk::NoLineBreak) { "" } else { "\r\n" };
    [size.as_bytes(), b"\r\n", piece, end.as_bytes()].concat()
}

/// What stands behind the chunks; a body of one chunk has its wrong size here.
const fn last_chunk(chunks: u32, wrong: Option<BadChunk>) -> &'static [u8] {
    match wrong {
        Some(BadChunk::NoLastChunk) => b"",
        Some(BadChunk::Size) if chunks < 2 => b"xyz\r\n\r\n",
        _ => b"0\r\n\r\n",
    }
}
