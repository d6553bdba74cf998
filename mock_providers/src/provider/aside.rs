//! Requests that are no calls: listings, probes, preflights. Gateways send hundreds of them at start-up; they are
//! answered at once, never counted and never recorded, and no fault but those of the connection hits them.

use http::Method;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
};
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;

use super::Provider;
use crate::dialect::{Complaint, Format, Media};

/// The id of every answer that belongs to no call.
pub(crate) const ASIDE: &str = "req_aside";
/// Paths of health probes.
const HEALTH: [&str; 7] = ["/", "/health", "/healthz", "/readyz", "/livez", "/ping", "/v1/health"];
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// The answer to a request that is no call.
#[derive(Debug)]
pub(crate) struct Aside {
    pub(crate) status: u16,
    pub(crate) media: Media,
    pub(crate) body: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Aside {
    pub(super) const fn new(status: u16, body: String) -> Self {
        Aside { status, media: Media::Json, body, headers: Vec::new() }
    }

    /// What a dialect says: JSON, or a line of text.
    pub(super) fn told(body: String) -> Self {
        let media = if body.starts_with(['{', '[']) { Media::Json } else { Media::Text };
        Aside { media, ..Aside::new(200, body) }
    }
}

impl Provider {
    /// The answer to a request that its dialect makes nothing of, if it is a probe.
    pub(super) fn probe(&self, head: &Parts) -> Option<Aside> {
        let path = head.uri.path();
        match head.method {
            Method::OPTIONS => Some(preflight()),
            Method::HEAD => Some(Aside::new(200, String::new())),
            Method::GET if HEALTH.contains(&path) => Some(Aside::new(200, "{\"status\":\"ok\"}".to_owned())),
            _ => None,
        }
    }

    /// An error of the vendor's to something that is no call.
    pub(super) fn refuse(&self, format: Format, complaint: &Complaint) -> Aside {
        let (media, body) = self.spec.dialect.error(format, complaint, ASIDE);
        Aside { media, ..Aside::new(complaint.status, body) }
    }
}

/// What a browser asks before it lets a page call.
fn preflight() -> Aside {
    let headers = vec![
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_ORIGIN, ANY),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, ANY),
    ];
    Aside { headers, ..Aside::new(204, String::new()) }
}
