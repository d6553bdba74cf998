//! The router's OpenAI-compatible face: HTTP in, HTTP out.
//!
//! `POST /v1/chat/completions` (plain and streaming), `GET /v1/models`, `GET /health`. A caller finds in the
//! headers of its answer who served it (`x-brownout-served-by`), after how many upstream calls
//! (`x-brownout-attempts`) and why each switch happened (`x-brownout-trail`).

mod body;
mod chat;
mod error;
mod face;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

pub use body::Body;
pub use writer::Writer;
pub(crate) use writer::deltas;

use self::error::{Fault, Vendor};
use self::face::{Face, Read, invalid};
use super::Router;
use super::ask::{Ask, AskPolicy, address};
use super::relay::{self, Downstream};
use super::tenant::tenant_of;
use super::told::Told;
use crate::chat::{Failure, FailureClass};

/// The largest request that is read: OpenAI and Anthropic refuse larger ones themselves.
const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// A caller that has not sent its whole request by then is not going to.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest correlation id taken from a caller.
const MAX_ID_BYTES: usize = 128;

/// Serves one connection until its caller leaves.
pub async fn serve_connection<I>(router: Arc<Router>, io: I)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request| {
        let router = Arc::clone(&router);
        async move { Ok::<_, std::convert::Infallible>(router.answer(request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .serve_connection(TokioIo::new(io), service);
    // A connection that breaks is its caller's affair; every request on it has been accounted for by its relay.
    drop(connection.await);
}

impl Router {
    /// Answers one HTTP request.
    pub async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        match (request.method(), path) {
            (&Method::POST, "/v1/chat/completions" | "/chat/completions") => {
                self.converse(Face::Chat, request).await
            }
            (&Method::GET, "/v1/models" | "/models") => self.models(),
            (&Method::GET, "/health") => plain(StatusCode::OK, r#"{"status":"ok"}"#.to_owned()),
            (_, "/v1/chat/completions" | "/chat/completions" | "/v1/models" | "/models" | "/health") => {
                let message = format!("{} is not allowed on `{path}`", request.method());
                refuse(Vendor::OpenAi, "", 405, &invalid(message))
            }
            _ => {
                let message = format!("no such path: `{path}`; POST /v1/chat/completions is where chats go");
                refuse(Vendor::OpenAi, "", 404, &Failure::new(FailureClass::NotFound, message))
            }
        }
    }

    async fn converse(self: &Arc<Self>, face: Face, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let id = correlation_id(&parts.headers).unwrap_or_else(|| self.next_id());
        let vendor = face.vendor();
        let read = read_body(body).await.and_then(|body| face.read(&body));
        // The deadline runs from here: how long a caller takes to send is no provider's fault.
        let received = self.clock().now();
        let live = self.live();
        let policy = self.callers();
        let asked = read.and_then(|mut read| {
            let mut ask = Ask::take(&parts.headers, &mut read.request.extra, &policy)?;
            let named = ask.tenant.as_deref().or(read.request.user.as_deref());
            ask.tenant = tenant_of(&live.config, &parts.headers, named)?.map(|tenant| tenant.name.clone());
            let addressed = address(&live.config, &read.request.model, &ask, &policy)?;
            Ok((read, ask, addressed))
        });
        let (Read { request, shape }, ask, addressed) = match asked {
            Ok(asked) => asked,
            Err(failure) => return refuse(vendor, &id, failure.caller_status(), &failure),
        };
        let created = self.clock().wall_us(received).div_euclid(1_000_000);
        let writer = Writer::new(shape, id.clone(), created, request.stream);
        let (downstream, answer) = Downstream::new(writer);
        let job = relay::Job::new(
            Arc::clone(self),
            live,
            &addressed,
            ask,
            id.clone(),
            received,
            relay::Work::Chat(Arc::new(request)),
        );
        // A task of its own, so that a request's end is recorded whatever becomes of its connection. Boxed at
        // once: some kilobytes that would otherwise move six times on their way into the task and out of it.
        tokio::spawn(Box::pin(relay::run(job, downstream)));
        answer.await.unwrap_or_else(|_| {
            let failure = Failure::new(FailureClass::ServerError, "the router is shutting down");
            refuse(vendor, &id, 503, &failure)
        })
    }

    fn models(&self) -> Response<Body> {
        let created = self.clock().wall_us(crate::world::Moment::ZERO).div_euclid(1_000_000);
        let data: Vec<_> = self
            .config()
            .routes
            .keys()
            .map(|name| serde_json::json!({"id": name, "object": "model", "created": created, "owned_by": "brownout"}))
            .collect();
        plain(StatusCode::OK, serde_json::json!({"object": "list", "data": data}).to_string())
    }

    /// What callers may ask for beside their requests.
    pub(super) fn callers(&self) -> AskPolicy {
        AskPolicy::default()
    }
}

async fn read_body(body: Incoming) -> Result<Bytes, Failure> {
    let whole = tokio::time::timeout(READ_TIMEOUT, Limited::new(body, MAX_REQUEST_BYTES).collect());
    match whole.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("the body is larger than {} MB", MAX_REQUEST_BYTES / 1024 / 1024);
            Err(Failure { status: Some(413), ..invalid(message) })
        }
        Ok(Err(error)) => Err(invalid(format!("the body could not be read: {error}"))),
        Err(_) => Err(Failure { status: Some(408), ..invalid("the body did not arrive in time") }),
    }
}

/// The caller's `x-request-id`, when it is one that may travel on.
fn correlation_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let fit = !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
    fit.then(|| id.to_owned())
}

/// An error for a request that is not even begun, in the shape that callers of `path` know.
pub(crate) fn turn_away(path: &str, status: u16, failure: &Failure) -> Response<Body> {
    let vendor = if path.contains("/messages") { Vendor::Anthropic } else { Vendor::OpenAi };
    refuse(vendor, "", status, failure)
}

/// An error that the router makes itself.
fn refuse(vendor: Vendor, request_id: &str, status: u16, failure: &Failure) -> Response<Body> {
    let told = Told::default();
    writer::error(vendor, &Fault { request_id, status, failure, message: &failure.message, told: &told })
}

fn plain(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(Bytes::from(body))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
