//! Who speaks on a connection: TLS first where there is any, then HTTP/2 or HTTP/1.1, as the client begins.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::answer::answer;
use super::control::Control;
use super::gate::Gate;
use super::io::Io;
use super::line::Line;
use super::{Wire, preface};
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
pub(super) trait Bytes: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Bytes for S {}

/// Speaks until the connection is over.
pub(super) async fn speak<W: Wire>(line: Arc<Line>, tls: Option<Arc<Tls>>, gate: Gate<W>) {
    let Some(tls) = tls else {
        return http(line, gate, false).await;
    };
    let acceptor = TlsAcceptor::from(tls.config(Certificate::Valid));
    let shaken = tokio::time::timeout(HANDSHAKE_WAIT, acceptor.accept(gate)).await;
    // A client that does not like the certificate, or speaks no TLS, has gone or been told.
    if let Ok(Ok(stream)) = shaken {
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        http(line, stream, http2).await;
    }
}

async fn http<S: Bytes>(line: Arc<Line>, stream: S, http2: bool) {
    let mut io = Io::new(stream, line.clone());
    let patience = idle(&line).unwrap_or(HEAD_WAIT);
    let begun = match http2 {
        true => Ok(Some(true)),
        false => tokio::time::timeout(patience, preface::is_http2(&mut io, &line)).await,
    };
    match begun {
        Ok(Some(true)) => speak_http2(line, io).await,
        Ok(Some(false)) => speak_http1(line, io).await,
        // Nothing was said: a FIN says as much.
        Ok(None) | Err(_) => drop(io.shutdown().await),
    }
}

/// How long an idle connection is kept; none when it is not.
fn idle(line: &Line) -> Option<Duration> {
    Some(line.provider().spec().keep_alive).filter(|idle| !idle.is_zero())
}

async fn speak_http1<S: Bytes>(line: Arc<Line>, io: Io<S>) {
    let service = {
        let line = line.clone();
        service_fn(move |request: Request<Incoming>| answer(Control::new(&line, false), request))
    };
    let idle = idle(&line);
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
    poll_fn(|cx| {
        if line.take_close_when_idle() {
            Pin::new(&mut connection).graceful_shutdown();
        }
        // How it ended is in the ledger.
        Pin::new(&mut connection).poll(cx).map(drop)
    })
    .await;
}

async fn speak_http2<S: Bytes>(line: Arc<Line>, io: Io<S>) {
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
