//! HTTP on one connection: either version, bounded in every direction, and with an end that loses nothing.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};

use super::door::Kind;
use super::face::Face;
use super::phase::{Phase, UnderWay, Watch};
use crate::router::http::Body;

/// For a head to arrive, and for an idle connection.
const HEAD_WAIT: Duration = Duration::from_secs(60);
/// Largest head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Requests at once on a connection of HTTP/2.
const STREAMS_MAX: u32 = 256;
/// How often a silent connection of HTTP/2 is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);

/// Serves one connection until its caller leaves or the server ends.
pub(super) async fn converse<I>(io: I, face: Arc<Face>, kind: Kind, mut watch: Watch)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let busy = Arc::new(AtomicU64::new(0));
    let service = {
        let (busy, watch) = (Arc::clone(&busy), watch.clone());
        service_fn(move |request| answer(Arc::clone(&face), kind, request, watch.clone(), Arc::clone(&busy)))
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .keep_alive_interval(PING_EVERY);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    tokio::select! {
        biased;
        // A connection that breaks is its caller's affair; the router has accounted for every request on it.
        _ = connection.as_mut() => return,
        () = watch.reached(Phase::Draining) => {}
    }
    // A connection at rest may have a request on its way, which gets an answer; the others are told to come to an end.
    if busy.load(Ordering::Relaxed) == 0 {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = watch.reached(Phase::Closing) => {}
        }
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        _ = connection => {}
        () = watch.reached(Phase::Over) => {}
    }
}

async fn answer(
    face: Arc<Face>,
    kind: Kind,
    request: Request<Incoming>,
    watch: Watch,
    busy: Arc<AtomicU64>,
) -> Result<Response<Counted>, Infallible> {
    let counts =
        Counts { busy: Busy::new(busy), under_way: face.counts(kind, &request).then(|| watch.begin()) };
    let version = request.version();
    let mut response = face.answer(kind, request).await;
    if watch.now() >= Phase::Draining && version <= Version::HTTP_11 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Counted { body, _counts: counts }))
}

/// A connection with an answer under way.
struct Busy(Arc<AtomicU64>);

impl Busy {
    fn new(busy: Arc<AtomicU64>) -> Self {
        busy.fetch_add(1, Ordering::Relaxed);
        Busy(busy)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What an answer is counted in until its last byte was taken.
#[expect(dead_code, reason = "held for what they do when dropped")]
struct Counts {
    busy: Busy,
    under_way: Option<UnderWay>,
}

/// The body of an answer, counted.
struct Counted {
    body: Body,
    _counts: Counts,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
