//! HTTP on one connection: either version, bounded in every direction, and with an end that loses nothing.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

use super::door::{Ends, Kind, gone};
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
pub(super) async fn converse<I>(io: I, face: Arc<Face>, kind: Kind, ends: Ends)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ends { mut watch, mut closed } = ends;
    let busy = Arc::new(AtomicU64::new(0));
    let spoke = Arc::new(AtomicBool::new(false));
    let service = {
        let (busy, spoke, watch) = (Arc::clone(&busy), Arc::clone(&spoke), watch.clone());
        service_fn(move |request| {
            spoke.store(true, Ordering::Relaxed);
            answer(Arc::clone(&face), kind, request, watch.clone(), Arc::clone(&busy))
        })
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
    let first = tokio::select! {
        biased;
        // A connection that breaks is its caller's affair; the router has accounted for every request on it.
        _ = connection.as_mut() => return,
        () = watch.reached(Phase::Draining) => true,
        () = gone(&mut closed) => false,
        () = silence(&spoke) => return,
    };
    // A connection at rest may have a request on its way, which gets an answer; the others are told to come to an end.
    if first && busy.load(Ordering::Relaxed) == 0 {
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

/// Completes when nobody asked anything for too long. Which version is spoken is only known from the first bytes, so
/// there is nobody else who would give up waiting for them.
async fn silence(spoke: &AtomicBool) {
    tokio::time::sleep(HEAD_WAIT).await;
    if spoke.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
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

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::super::phase::Phases;
    use super::super::witness::Witness;
    use super::*;
    use crate::router::Router;
    use crate::router::config::Config;
    use crate::scenario::serve::Log;
    use crate::world::{Clock, Connector, Dice, Network};

    /// A connection to a router without routes, and the hands that end it.
    fn connected() -> (DuplexStream, Phases, tokio::sync::watch::Sender<bool>) {
        let clock = Clock::start(0);
        let witness = Witness::new(Log::Off).unwrap();
        let config = Config::new(IndexMap::new(), IndexMap::new(), IndexMap::new());
        let sink = Arc::clone(&witness) as Arc<dyn crate::router::trail::TrailSink>;
        let router = Router::new(config, Connector::new(Network::Tcp), clock, Dice::new(1), sink);
        let phases = Phases::new();
        let (close, closed) = tokio::sync::watch::channel(false);
        let face = Arc::new(Face::new(router, witness, clock, phases.watch()));
        let (caller, io) = tokio::io::duplex(1024);
        tokio::spawn(converse(io, face, Kind::Callers, Ends { watch: phases.watch(), closed }));
        (caller, phases, close)
    }

    async fn seconds_until_the_end(caller: &mut DuplexStream) -> u64 {
        let clock = Clock::start(0);
        let mut heard = Vec::new();
        let _ = caller.read_to_end(&mut heard).await;
        (clock.now() - crate::world::Moment::ZERO).as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_or_half_of_something_or_rests_is_left_after_a_minute() {
        // Half of HTTP/2 does not answer the ping after 20 s within another 20 s.
        for (said, seconds) in [
            ("", 60),
            ("G", 60),
            ("GET /health HT", 60),
            ("GET /health HTTP/1.1\r\nhost: x\r\n", 60),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 40),
        ] {
            let (mut caller, _phases, _close) = connected();
            caller.write_all(said.as_bytes()).await.unwrap();

            assert_eq!(seconds_until_the_end(&mut caller).await, seconds, "{said:?}");
        }
        let (mut caller, _phases, _close) = connected();
        caller.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();

        assert_eq!(seconds_until_the_end(&mut caller).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_door_ends_connections_at_rest() {
        let (mut caller, _phases, close) = connected();
        caller.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;

        drop(close);

        assert_eq!(seconds_until_the_end(&mut caller).await, 0);
    }
}
