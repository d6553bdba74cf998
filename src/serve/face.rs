//! What is answered: how the server is, here; everything else by the router.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use super::door::Kind;
use super::metrics::Sources;
use super::phase::{Phase, Watch};
use super::standing;
use super::witness::Witness;
use crate::chat::{Failure, FailureClass};
use crate::router::Router;
use crate::router::http::{Body, turn_away};
use crate::router::trail::Trailed;
use crate::world::{Clock, Moment};

/// When whoever is turned away at the end may come again: somebody else will be there.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// The media type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What all connections answer from.
pub(super) struct Face {
    router: Arc<Router>,
    witness: Arc<Witness>,
    clock: Clock,
    started: Moment,
    watch: Watch,
    /// Whether there is a door for those who want to know how it goes.
    apart: AtomicBool,
}

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Whether it should be sent requests.
    Health,
    /// Whether it lives.
    Live,
    /// How it goes, in figures.
    Metrics,
    /// The router's.
    Elsewhere,
}

impl Face {
    pub(super) fn new(router: Arc<Router>, witness: Arc<Witness>, clock: Clock, watch: Watch) -> Self {
        Face { router, witness, clock, started: clock.now(), watch, apart: AtomicBool::new(false) }
    }

    pub(super) const fn router(&self) -> &Arc<Router> {
        &self.router
    }

    pub(super) const fn witness(&self) -> &Arc<Witness> {
        &self.witness
    }

    /// Whether metrics have a door of their own, and callers do not get them.
    pub(super) fn set_apart(&self, apart: bool) {
        self.apart.store(apart, Ordering::Relaxed);
    }

    /// Whether a request is one that the end waits for.
    pub(super) fn counts<B>(&self, kind: Kind, request: &Request<B>) -> bool {
        kind == Kind::Callers && self.place(kind, request.uri().path()) == Place::Elsewhere
    }

    pub(super) async fn answer(&self, kind: Kind, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let place = self.place(kind, &path);
        let asks = matches!(*request.method(), Method::GET | Method::HEAD);
        let response = match place {
            Place::Health | Place::Live | Place::Metrics if !asks => {
                let message = format!("`{path}` is only read (GET)");
                let mut response =
                    turn_away(&path, 405, &Failure::new(FailureClass::InvalidRequest, message));
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            Place::Live => return self.health(true),
            Place::Health => return self.health(self.watch.now() < Phase::Draining),
            Place::Metrics => return self.metrics(),
            Place::Elsewhere if kind == Kind::Admin => {
                let message = format!("no such path: `{path}`; here are /health and /metrics");
                turn_away(&path, 404, &Failure::new(FailureClass::NotFound, message))
            }
            Place::Elsewhere if self.watch.now() >= Phase::Draining => turn_away(&path, 503, &leaving()),
            Place::Elsewhere => self.router.answer(request).await,
        };
        if response.status().as_u16() >= 400 && response.extensions().get::<Trailed>().is_none() {
            let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
            self.witness.refused(id.unwrap_or_default(), &path, response.status().as_u16());
        }
        response
    }

    fn place(&self, kind: Kind, path: &str) -> Place {
        // As the router takes paths.
        match path.trim_end_matches('/') {
            "/health" | "/health/ready" => Place::Health,
            "/health/live" => Place::Live,
            "/metrics" if kind == Kind::Admin || !self.apart.load(Ordering::Relaxed) => Place::Metrics,
            _ => Place::Elsewhere,
        }
    }

    /// `draining` when nothing new is taken, `degraded` while a target is out of use, else `ok`.
    fn health(&self, well: bool) -> Response<Body> {
        let now = self.clock.now();
        let standings = standing::of(&self.router, now);
        let out: Vec<_> = standings.iter().filter(|standing| !standing.state.is_in_use()).collect();
        let status = match out.is_empty() {
            _ if self.watch.now() >= Phase::Draining => "draining",
            true => "ok",
            false => "degraded",
        };
        let trouble = |standing: &&standing::Standing| {
            let left = standing.until.map(|until| until.since(now).as_millis() as u64);
            let told = json!({
                "state": standing.state.name(),
                "cause": standing.trouble,
                "for_ms": left.filter(|left| *left > 0),
            });
            (standing.target.clone(), told)
        };
        let body = json!({
            "status": status,
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_s": now.since(self.started).as_secs(),
            "requests_in_flight": self.watch.under_way(),
            "targets": standings.len(),
            "out_of_use": out.iter().map(trouble).collect::<serde_json::Map<_, _>>(),
        });
        let code = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        page(code, "application/json", format!("{body}\n"))
    }

    fn metrics(&self) -> Response<Body> {
        let sources = Sources {
            router: Arc::clone(&self.router),
            clock: self.clock,
            watch: self.watch.clone(),
            lines: self.witness.lines().clone(),
        };
        match self.witness.page(&sources) {
            Ok(text) => page(StatusCode::OK, OPEN_METRICS, text),
            // A string takes any text: this cannot be.
            Err(error) => page(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", format!("{error}\n")),
        }
    }
}

fn leaving() -> Failure {
    let message = "the router is shutting down, and takes no new requests";
    Failure { retry_after: Some(COME_AGAIN), ..Failure::new(FailureClass::Overloaded, message) }
}

fn page(status: StatusCode, media: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(Bytes::from(text))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
