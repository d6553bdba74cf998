//! The faces callers see: HTTP in, HTTP out.
//!
//! | path, with or without `/v1` | face |
//! |---|---|
//! | `POST /chat/completions` | OpenAI's chat completions, plain and streaming |
//! | `POST /responses` | OpenAI's Responses, plain and streaming |
//! | `POST /messages` | Anthropic's messages, plain and streaming |
//! | `POST /messages/count_tokens` | an estimate |
//! | `POST /embeddings` | OpenAI's embeddings |
//! | `GET /models`, `GET /models/{id}` | what can be addressed; in Anthropic's shape for a caller who sends `anthropic-version` |
//! | `GET /health` | whether it lives |
//!
//! All of them lead to the same relay: a face turns bytes into a neutral request (`read`) and neutral answers into
//! bytes (`write`), and decides nothing. A caller finds in the headers of its answer who served it
//! (`x-brownout-served-by`), after how many upstream calls (`x-brownout-attempts`), why each switch happened
//! (`x-brownout-trail`), what it cost and what was changed for it; the whole account is a field of the reply when it
//! is asked for. Errors have the shape of the face they are met at.

mod body;
mod chat;
mod converse;
mod embeddings;
mod error;
mod face;
mod intake;
mod messages;
mod models;
mod place;
mod responses;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

pub use body::Body;
pub(crate) use intake::Gate;
pub use intake::Intake;
pub use writer::Writer;
pub(crate) use writer::deltas;

use self::error::{Fault, Vendor};
use self::face::invalid;
use self::place::{Place, place};
use super::Router;
use super::told::Told;
use crate::chat::{Failure, FailureClass};

/// A caller whose head has not arrived by then is not going to send it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

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
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(io), service);
    // A connection that breaks is its caller's affair; every request on it has been accounted for by its relay.
    drop(connection.await);
}

impl Router {
    /// Answers one HTTP request.
    pub async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let Some(place) = place(request.uri().path()) else {
            let message = format!(
                "no such path: `{}`; POST /v1/chat/completions is where chats go",
                shown(request.uri().path())
            );
            let failure = Failure::new(FailureClass::NotFound, message);
            return refuse(vendor(None, request.headers()), "", 404, &failure);
        };
        if !place.allows(request.method()) {
            return not_allowed(&place, &request);
        }
        match place {
            Place::Converse(face) => self.converse(face, request).await,
            Place::Embed => self.embed(request).await,
            Place::Count => self.count(request).await,
            Place::Models(id) => self.models(id.as_deref(), request.headers()),
            Place::Health => plain(StatusCode::OK, r#"{"status":"ok"}"#),
        }
    }
}

/// An error that is met before a request reaches the router, in the shape of the face at `path`.
pub(crate) fn turn_away(path: &str, status: u16, failure: &Failure) -> Response<Body> {
    refuse(vendor(place(path).as_ref(), &HeaderMap::new()), "", status, failure)
}

fn not_allowed(place: &Place, request: &Request<Incoming>) -> Response<Body> {
    let method = place.method();
    let message =
        format!("{} is not allowed on `{}`; use {method}", request.method(), shown(request.uri().path()));
    let mut response = refuse(
        vendor(Some(place), request.headers()),
        "",
        405,
        &Failure { status: Some(405), ..invalid(message) },
    );
    let allowed = HeaderValue::from_static(if method == Method::POST { "POST" } else { "GET, HEAD" });
    response.headers_mut().insert(ALLOW, allowed);
    response
}

/// Whose errors a caller at `place` expects.
fn vendor(place: Option<&Place>, headers: &HeaderMap) -> Vendor {
    match place {
        Some(Place::Converse(face)) => face.vendor(),
        Some(Place::Count) => Vendor::Anthropic,
        Some(Place::Embed) => Vendor::OpenAi,
        _ if headers.contains_key("anthropic-version") => Vendor::Anthropic,
        _ => Vendor::OpenAi,
    }
}

/// An error that the router makes itself.
fn refuse(vendor: Vendor, request_id: &str, status: u16, failure: &Failure) -> Response<Body> {
    let told = Told::default();
    writer::error(vendor, &Fault { request_id, status, failure, message: &failure.message, told: &told })
}

fn plain(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(body.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// As much of a caller's path as a complaint repeats.
fn shown(path: &str) -> String {
    path.chars().take(200).collect()
}
