//! What is tested: a reply for a request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Frame;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Whatever went wrong in a target.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The body of a reply.
pub type Body = UnsyncBoxBody<Bytes, Error>;

/// Parts of a body that wait to be read by the caller.
const UNREAD: usize = 16;

/// A router, or anything else that answers requests for chat completions.
///
/// A closure is one, and so is a tower service (see [`service`](fn@super::service)).
pub trait Target: Send + Sync + 'static {
    /// Answers a request. Requests come side by side.
    ///
    /// A caller who leaves drops the future, or the body of the reply. An error is a 502 for its caller.
    fn answer(&self, request: Request) -> impl Future<Output = Result<Reply, Error>> + Send;
}

impl<F, Fut, R, E> Target for F
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, E>> + Send,
    R: Into<Reply>,
    E: Into<Error>,
{
    async fn answer(&self, request: Request) -> Result<Reply, Error> {
        self(request).await.map(Into::into).map_err(Into::into)
    }
}

/// A caller's request: OpenAI's chat completions, as its SDKs send them.
#[derive(Clone, Debug)]
pub struct Request {
    inner: http::Request<Bytes>,
    asked: Asked,
}

/// What of the body decides where it goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    model: String,
    stream: bool,
}

impl Request {
    pub(super) fn new(inner: http::Request<Bytes>) -> Request {
        let asked = serde_json::from_slice(inner.body()).unwrap_or_default();
        Request { inner, asked }
    }

    /// The method: `POST`.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.inner.method()
    }

    /// The path: `/v1/chat/completions`.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.inner.uri()
    }

    /// The headers. `x-request-id` is the request's name.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The body, as it came.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        self.inner.body()
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap_or_default()
    }

    /// The model it names. What a router knows under this name is for it to say; here it is the name of its only route, `r`.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.asked.model
    }

    /// Whether a stream of events is wanted.
    #[must_use]
    pub fn wants_stream(&self) -> bool {
        self.asked.stream
    }

    /// As it came, for a server that takes requests of `http`.
    #[must_use]
    pub fn into_http<B: From<Bytes>>(self) -> http::Request<B> {
        self.inner.map(B::from)
    }
}

/// What a caller is given.
#[derive(Debug)]
pub struct Reply {
    inner: Response<Body>,
}

impl Reply {
    /// Any response: one of an upstream passed on as it is, or one that was made.
    pub fn new<B>(response: Response<B>) -> Reply
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        Reply { inner: response.map(|body| body.map_err(Into::into).boxed_unsync()) }
    }

    /// A reply in one piece.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply::whole(status, HeaderValue::from_static("application/json"), body.to_string())
    }

    /// An error, in OpenAI's shape.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Reply {
        let error = json!({ "message": message, "type": "upstream_error", "param": null, "code": null });
        Reply::json(status, &json!({ "error": error }))
    }

    /// A stream of events that begins now, and where its bytes are put. It is over when the sender is dropped.
    #[must_use]
    pub fn events() -> (Sender, Reply) {
        let (sender, parts) = mpsc::channel(UNREAD);
        let mut inner = Response::new(Parts(parts).boxed_unsync());
        inner.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        (Sender(sender), Reply { inner })
    }

    fn whole(status: u16, media: HeaderValue, body: String) -> Reply {
        let mut inner =
            Response::new(Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync());
        *inner.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        inner.headers_mut().insert(CONTENT_TYPE, media);
        Reply { inner }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The same, to be changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.inner.headers_mut()
    }

    /// As a response of `http`.
    #[must_use]
    pub fn into_http(self) -> Response<Body> {
        self.inner
    }
}

impl<B> From<Response<B>> for Reply
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    fn from(response: Response<B>) -> Reply {
        Reply::new(response)
    }
}

/// Where the bytes of [`Reply::events`] are put.
#[derive(Clone, Debug)]
pub struct Sender(mpsc::Sender<Result<Bytes, Error>>);

impl Sender {
    /// Sends bytes on, when the caller has read enough of those before.
    ///
    /// # Errors
    ///
    /// When the caller has left.
    pub async fn send(&self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.0.send(Ok(bytes.into())).await.map_err(|_| gone())
    }

    /// Breaks the connection off: the only honest end where even an error cannot be told any more.
    ///
    /// # Errors
    ///
    /// When the caller has left.
    pub async fn abort(self, error: impl Into<Error>) -> Result<(), Error> {
        self.0.send(Err(error.into())).await.map_err(|_| gone())
    }

    /// Waits until the caller has left.
    pub async fn left(&self) {
        self.0.closed().await;
    }
}

fn gone() -> Error {
    "the caller has left".into()
}

/// A body that arrives in parts.
struct Parts(mpsc::Receiver<Result<Bytes, Error>>);

impl hyper::body::Body for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.get_mut().0.poll_recv(cx).map(|part| part.map(|bytes| bytes.map(Frame::data)))
    }
}
