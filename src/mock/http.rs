//! The control API's own port: HTTP/1.1, bounded in every direction.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::api::{Said, answer};
use super::events::Events;
use super::{Desk, raised, view};

/// Largest body.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest head.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// For a head to arrive, and for an idle connection.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// For a body to arrive.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// For open answers at the end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Wait after a failed accept (too many open files, say).
const PAUSE: Duration = Duration::from_millis(50);

/// Serves the control API until `ended`; what is being answered then may finish.
pub(super) async fn serve(listener: TcpListener, desk: Arc<Desk>, mut ended: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = raised(&mut ended) => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept(), if open.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => drop(open.spawn(converse(stream, Arc::clone(&desk), ended.clone()))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
        }
    }
    let all = async { while open.join_next().await.is_some() {} };
    // Whoever does not take the last words in time goes without them.
    drop(tokio::time::timeout(LAST_WORDS, all).await);
}

async fn converse(stream: TcpStream, desk: Arc<Desk>, mut ended: watch::Receiver<bool>) {
    let service = {
        let ended = ended.clone();
        service_fn(move |request| respond(Arc::clone(&desk), request, ended.clone()))
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = raised(&mut ended) => connection.as_mut().graceful_shutdown(),
    }
    // A connection that breaks now has nobody left to tell.
    drop(connection.await);
}

async fn respond(
    desk: Arc<Desk>,
    request: Request<Incoming>,
    ended: watch::Receiver<bool>,
) -> Result<Response<Reply>, Infallible> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_WAIT, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    let said = match body {
        Ok(Ok(body)) => answer(&desk, &head, &body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("a body has at most {BODY_BYTES_MAX} bytes");
            Said::Json(StatusCode::PAYLOAD_TOO_LARGE, view::error(&message))
        }
        Ok(Err(_)) => Said::Json(StatusCode::BAD_REQUEST, view::error("the body broke off")),
        Err(_) => Said::Json(StatusCode::REQUEST_TIMEOUT, view::error("the body did not arrive in time")),
    };
    Ok(reply(&desk, &head.method, said, ended))
}

fn reply(desk: &Desk, method: &Method, said: Said, ended: watch::Receiver<bool>) -> Response<Reply> {
    let whole = |status: StatusCode, media: &'static str, text: String| {
        let mut response = Response::new(Reply::Whole(Full::new(Bytes::from(text))));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
        response
    };
    match said {
        Said::Json(status, value) => whole(status, "application/json", format!("{value}\n")),
        Said::Text(media, text) => whole(StatusCode::OK, media, text),
        Said::WrongMethod(methods) => {
            let error = view::error(&format!("this path takes {methods}"));
            let mut response =
                whole(StatusCode::METHOD_NOT_ALLOWED, "application/json", format!("{error}\n"));
            // The methods are ours: plain ASCII.
            response
                .headers_mut()
                .extend(HeaderValue::try_from(methods).ok().map(|methods| (ALLOW, methods)));
            response
        }
        Said::Calls(filter) => {
            // Nobody listens to the answer of a HEAD.
            if *method == Method::HEAD {
                return whole(StatusCode::OK, "text/event-stream", String::new());
            }
            let mut response = Response::new(Reply::Calls(Events::of(&desk.ledger, filter, ended)));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

/// The body of an answer.
enum Reply {
    Whole(Full<Bytes>),
    Calls(Events),
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Reply::Whole(body) => Pin::new(body).poll_frame(cx),
            Reply::Calls(events) => Pin::new(events).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Reply::Whole(body) if body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Whole(body) => body.size_hint(),
            Reply::Calls(_) => SizeHint::default(),
        }
    }
}
