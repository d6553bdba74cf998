//! Who speaks on a connection: TLS first where there is any, then HTTP/2 or HTTP/1.1, as the client begins.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::answer::answer;
use super::by_hand::Takeover;
use super::control::Control;
use super::gate::Gate;
use super::hang_up::HangUp;
use super::io::Io;
use super::line::Line;
use super::{Wire, by_hand, preface};
use crate::fault::TlsFault;
use crate::tls::{Certificate, Tls};

/// Largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Largest buffer of a connection, in either direction: what a caller who does not read its stream costs.
const BUFFER_BYTES_MAX: usize = 128 * 1024;
/// For a head to arrive when connections are not kept alive.
const HEAD_WAIT: Duration = Duration::from_secs(60);
/// For a TLS handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// HTTP/2 streams that are open at once on one connection: what nginx allows.
const STREAMS_MAX: u32 = 128;

/// A byte stream with HTTP on it: the bare wire, or TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Speaks until the connection is over.
pub(super) async fn speak<W: Wire>(line: Arc<Line>, tls: Option<Arc<Tls>>, gate: Gate<W>) {
    let greeting = line.provider().greet(line.number(), tls.is_some()).await;
    if let Some(reset) = greeting.closed {
        if reset {
            line.reset();
        }
        return;
    }
    match tls {
        None => http(line, gate, false).await,
        Some(tls) => Box::pin(shake(line, &tls, greeting.tls, gate)).await,
    }
}

/// TLS, or what a fault makes of it, and what is spoken within.
async fn shake<W: Wire>(line: Arc<Line>, tls: &Tls, fault: Option<TlsFault>, gate: Gate<W>) {
    let certificate = match fault {
        None => Certificate::Valid,
        Some(TlsFault::Expired) => Certificate::Expired,
        Some(TlsFault::WrongName) => Certificate::WrongName,
        Some(TlsFault::UnknownAuthority) => Certificate::UnknownAuthority,
        Some(TlsFault::Stall) => return stall(gate).await,
        Some(TlsFault::Abort) => return abort(gate).await,
    };
    let acceptor = TlsAcceptor::from(tls.config(certificate));
    let shaken = tokio::time::timeout(HANDSHAKE_WAIT, acceptor.accept(gate)).await;
    // A client that does not like the certificate, or speaks no TLS, has gone or been told.
    if let Ok(Ok(stream)) = shaken {
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        http(line, stream, http2).await;
    }
}

/// Reads and says nothing, until the client has had enough.
async fn stall<W: Wire>(mut gate: Gate<W>) {
    let mut unheard = [0; 1_024];
    while matches!(gate.read(&mut unheard).await, Ok(read) if read > 0) {}
}

/// Answers the client's hello with a fatal alert: handshake failure.
async fn abort<W: Wire>(mut gate: Gate<W>) {
    /// Content type 21, TLS 1.2, two bytes: fatal (2), handshake_failure (40).
    const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
    if matches!(gate.read(&mut [0; 4_096]).await, Ok(read) if read > 0) {
        // Who is gone needs no telling.
        let _ = gate.write_all(&ALERT).await;
        let _ = gate.shutdown().await;
    }
}

async fn http<S: Stream>(line: Arc<Line>, stream: S, http2: bool) {
    let mut io = Io::new(stream, line.clone());
    let patience = idle(&line).unwrap_or(HEAD_WAIT);
    let begun = match http2 {
        true => Ok(Some(true)),
        false => tokio::time::timeout(patience, preface::is_http2(&mut io, &line)).await,
    };
    match begun {
        // In boxes: connections come in thousands, and each would be as large as the largest of these.
        Ok(Some(true)) => Box::pin(speak_http2(line, io)).await,
        Ok(Some(false)) => Box::pin(speak_http1(line, io)).await,
        // Nothing was said: a FIN says as much.
        Ok(None) | Err(_) => drop(io.shutdown().await),
    }
}

/// How long an idle connection is kept; none when it is not.
fn idle(line: &Line) -> Option<Duration> {
    Some(line.provider().spec().keep_alive).filter(|idle| !idle.is_zero())
}

/// Until the connection is over; answers that hyper would not write are written by hand in between.
async fn speak_http1<S: Stream>(line: Arc<Line>, mut io: Io<S>) {
    while let Some((given_up, takeover)) = library_http1(&line, io).await {
        match by_hand::write(given_up, takeover).await {
            Some(given_back) => io = given_back,
            None => return,
        }
    }
}

/// Speaks by hyper, until the connection is over or somebody takes over the wire.
async fn library_http1<S: Stream>(line: &Arc<Line>, io: Io<S>) -> Option<(Io<S>, Takeover)> {
    let service = {
        let line = line.clone();
        service_fn(move |request: Request<Incoming>| answer(Control::new(&line, false), request))
    };
    let idle = idle(line);
    let mut builder = http1::Builder::new();
    builder
        .keep_alive(idle.is_some())
        .timer(TokioTimer::new())
        .header_read_timeout(idle.unwrap_or(HEAD_WAIT))
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        // Events that are due together leave in one write: writes of pieces take sixteen at most, and cost more than
        // to put the pieces together.
        .writev(false)
        .auto_date_header(false);
    let mut connection = builder.serve_connection(TokioIo::new(io), service);
    let mut hang_up = HangUp::default();
    let takeover = poll_fn(|cx| {
        if line.take_close_when_idle() {
            Pin::new(&mut connection).graceful_shutdown();
        }
        if Pin::new(&mut connection).poll(cx).is_ready() {
            // How it ended is in the ledger.
            return Poll::Ready(None);
        }
        if let Some(takeover) = line.taken_over() {
            return Poll::Ready(Some(takeover));
        }
        hang_up.poll(line, cx).map(|()| None)
    })
    .await?;
    let parts = connection.into_parts();
    let mut io = parts.io.into_inner();
    io.unread(&parts.read_buf);
    Some((io, takeover))
}

async fn speak_http2<S: Stream>(line: Arc<Line>, io: Io<S>) {
    let service = {
        let line = line.clone();
        service_fn(move |request: Request<Incoming>| answer(Control::new(&line, true), request))
    };
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .auto_date_header(false);
    let mut connection = builder.serve_connection(TokioIo::new(io), service);
    poll_fn(|cx| {
        if line.take_close_when_idle() {
            Pin::new(&mut connection).graceful_shutdown();
        }
        Pin::new(&mut connection).poll(cx).map(drop)
    })
    .await;
}
