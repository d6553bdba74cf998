//! A target in the middle of a world: HTTP on one side, requests and replies on the other.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderName, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::{Body, Error, Reply, Request, Target, Upstreams};
use crate::run::{Around, Foreign, Serve};
use crate::world::Stream;

/// The largest request that is read.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A caller whose head has not arrived by then is not going to send it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// What belongs to a connection, not to an answer.
const OF_THE_HOP: [HeaderName; 4] = [
    CONNECTION,
    TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Makes the target of a world.
pub(super) type Make<T> = dyn Fn(Upstreams) -> T + Send + Sync;

/// A target, and what becomes of it.
pub(super) struct Face<T> {
    make: Arc<Make<T>>,
    upstreams: Box<dyn Fn(&Around) -> Upstreams + Send + Sync>,
    falls: Falls,
}

/// The first request that a target panicked over.
#[derive(Clone, Default)]
pub(super) struct Falls(Arc<Mutex<Option<String>>>);

/// Held while the target is at work; dropped by a panic, it tells of it.
struct Rope {
    falls: Falls,
    id: String,
}

impl<T: Target> Face<T> {
    pub(super) fn new(
        make: Arc<Make<T>>,
        upstreams: impl Fn(&Around) -> Upstreams + Send + Sync + 'static,
        falls: Falls,
    ) -> Face<T> {
        Face { make, upstreams: Box::new(upstreams), falls }
    }
}

impl<T: Target> Foreign for Face<T> {
    fn enter(&self, around: Around) -> Serve {
        let target = Arc::new((self.make)((self.upstreams)(&around)));
        let falls = self.falls.clone();
        Arc::new(move |stream| Box::pin(serve(Arc::clone(&target), falls.clone(), stream)))
    }
}

async fn serve<T: Target>(target: Arc<T>, falls: Falls, stream: Stream) {
    let service = hyper::service::service_fn(move |request| {
        let (target, falls) = (Arc::clone(&target), falls.clone());
        async move { Ok::<_, Infallible>(answer(&*target, falls, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is its caller's affair: what it saw of it is in its record.
    drop(connection.await);
}

async fn answer<T: Target>(target: &T, falls: Falls, request: http::Request<Incoming>) -> Response<Watched> {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or("?").to_owned();
    let rope = Rope { falls, id };
    let (head, body) = request.into_parts();
    let reply = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => {
            let request = Request::new(http::Request::from_parts(head, body.to_bytes()));
            let answer = target.answer(request).await;
            answer.unwrap_or_else(|error| Reply::error(502, &error.to_string()))
        }
        Err(error) => Reply::error(400, &error.to_string()),
    };
    let mut response = reply.into_http();
    for header in &OF_THE_HOP {
        response.headers_mut().remove(header);
    }
    response.map(|body| Watched { body, _rope: rope })
}

/// A body whose panics are noticed.
struct Watched {
    body: Body,
    _rope: Rope,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Falls {
    /// The name of that request.
    pub(super) fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Rope {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut first = self.falls.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| std::mem::take(&mut self.id));
        }
    }
}
