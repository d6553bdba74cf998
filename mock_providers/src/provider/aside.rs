//! Requests that are no calls: listings, probes, preflights. Gateways send hundreds of them at start-up; they are
//! answered at once, never counted and never recorded, and no fault but those of the connection hits them.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
};
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Uri};

use super::{Provider, request_id};
use crate::dialect::{Ask, Asked, Complaint};

/// Paths of health probes.
const HEALTH: [&str; 7] = ["/", "/health", "/healthz", "/readyz", "/livez", "/ping", "/v1/health"];
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// The answer to a request that is no call.
#[derive(Debug)]
pub(crate) struct Aside {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Aside {
    pub(super) const fn new(status: u16, body: String) -> Self {
        Aside { status, body, headers: Vec::new() }
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
        match self.spec.dialect.read(&self.spec, &head, &[], &mut Ask::of(self.spec.dialect, &head)) {
            Err(complaint) => Some(self.refuse(&complaint)),
            Ok(Asked::Models)
                if self.spec.models.is_empty() || self.spec.models.iter().any(|id| id == model) =>
            {
                first_of(&self.spec.dialect.models(&[model.to_owned()])).map(|body| Aside::new(200, body))
            }
            Ok(_) => Some(self.refuse(&Complaint::unknown_model(self.spec.dialect, model))),
        }
    }

    /// An error of the vendor's to something that is no call.
    pub(super) fn refuse(&self, complaint: &Complaint) -> Aside {
        let body = self.spec.dialect.error(complaint, &request_id("aside"));
        Aside::new(complaint.status, body)
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
