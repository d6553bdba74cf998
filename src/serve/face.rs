//! What is answered: how the server is, here; everything else by the router.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use super::door::Kind;
use super::phase::{Phase, Watch};
use crate::chat::{Failure, FailureClass};
use crate::router::Router;
use crate::router::http::{Body, turn_away};
use crate::world::{Clock, Moment};

/// When whoever is turned away at the end may come again: somebody else will be there.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// What all connections answer from.
pub(super) struct Face {
    router: Arc<Router>,
    clock: Clock,
    started: Moment,
    watch: Watch,
    /// Whether there is a door for those who want to know how it goes.
    apart: bool,
}

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Whether it should be sent requests.
    Health,
    /// Whether it lives.
    Live,
    /// The router's.
    Elsewhere,
}

impl Face {
    pub(super) fn new(router: Arc<Router>, clock: Clock, watch: Watch, apart: bool) -> Self {
        Face { router, clock, started: clock.now(), watch, apart }
    }

    pub(super) const fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// Whether a request is one that the end waits for.
    pub(super) fn counts<B>(&self, kind: Kind, request: &Request<B>) -> bool {
        kind == Kind::Callers && place(request.uri().path()) == Place::Elsewhere
    }

    pub(super) async fn answer(&self, kind: Kind, request: Request<Incoming>) -> Response<Body> {
        let place = place(request.uri().path());
        let asks = matches!(*request.method(), Method::GET | Method::HEAD);
        match (place, kind) {
            (Place::Health | Place::Live, _) if !asks => {
                let message = format!("`{}` is only read (GET)", request.uri().path());
                refuse(405, &Failure::new(FailureClass::InvalidRequest, message))
            }
            (Place::Live, _) => self.health(true),
            (Place::Health, _) => self.health(self.watch.now() < Phase::Draining),
            (Place::Elsewhere, Kind::Admin) => {
                let message =
                    format!("no such path: `{}`; here are /health and /metrics", request.uri().path());
                refuse(404, &Failure::new(FailureClass::NotFound, message))
            }
            (Place::Elsewhere, Kind::Callers) if self.watch.now() >= Phase::Draining => {
                refuse(503, &leaving())
            }
            (Place::Elsewhere, Kind::Callers) => self.router.answer(request).await,
        }
    }

    fn health(&self, well: bool) -> Response<Body> {
        let status = if self.watch.now() >= Phase::Draining { "draining" } else { "ok" };
        let up = self.clock.now().since(self.started).as_secs();
        let body = json!({
            "status": status,
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_s": up,
            "requests_in_flight": self.watch.under_way(),
        });
        let code = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        page(code, "application/json", format!("{body}\n"))
    }
}

fn place(path: &str) -> Place {
    match path {
        "/health" | "/health/ready" => Place::Health,
        "/health/live" => Place::Live,
        _ => Place::Elsewhere,
    }
}

fn leaving() -> Failure {
    let message = "the router is shutting down, and takes no new requests";
    Failure { retry_after: Some(COME_AGAIN), ..Failure::new(FailureClass::Overloaded, message) }
}

fn refuse(status: u16, failure: &Failure) -> Response<Body> {
    turn_away("", status, failure)
}

fn page(status: StatusCode, media: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(Bytes::from(text))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
