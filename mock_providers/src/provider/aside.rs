//! Requests that are no calls: listings, probes, preflights. Gateways send hundreds of them at start-up; they are
//! answered at once, never counted and never recorded, and no fault but those of the connection hits them.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
};
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Uri};

use super::{Provider, Spec};
use crate::dialect::{Ask, Asked, Complaint, Format, Media};

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
            Method::GET => self.one_model(head, path),
            _ => None,
        }
    }

    /// `GET …/models/ID`: whoever may see the listing may see the model, as the listing shows it.
    fn one_model(&self, head: &Parts, path: &str) -> Option<Aside> {
        let at = path.find("/models/")? + "/models".len();
        let (listing, model) = (Uri::try_from(&path[..at]).ok()?, &path[at + 1..]);
        let mut head = head.clone();
        head.uri = listing;
        let format = self.spec.dialect.format();
        let served = self.spec.models.is_empty() || self.spec.models.iter().any(|id| id == model);
        let only = Spec { models: vec![model.to_owned()], ..self.spec.clone() };
        match only.dialect.read(&only, &head, &[], &mut Ask::of(only.dialect, &head)) {
            Err(complaint) => Some(self.refuse(format, &complaint)),
            Ok(Asked::Aside(listing)) if served => first_of(&listing).map(|body| Aside::new(200, body)),
            Ok(_) => Some(self.refuse(format, &Complaint::unknown_model(only.dialect, model))),
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

/// The only entry of a listing.
fn first_of(listing: &str) -> Option<String> {
    let listing: serde_json::Value = serde_json::from_str(listing).ok()?;
    let entries = listing.get("data").or_else(|| listing.get("models"))?;
    entries.get(0).map(ToString::to_string)
}
