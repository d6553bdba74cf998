//! What the encoders share: the HTTP envelope and the list of what was adapted.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Encoded, Upstream};
use crate::chat::{Failure, FailureClass, Message};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("brownout/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// A typical small request's body.
const BODY_CAPACITY: usize = 1024;

/// What of a request had to be changed.
#[derive(Debug, Default)]
pub(super) struct Adapted(pub(super) Vec<String>);

impl Adapted {
    /// Something was left out.
    pub(super) fn dropped(&mut self, what: &str) {
        self.note(format!("dropped `{what}`"));
    }

    /// Something was changed. Said once, however often it happens.
    pub(super) fn note(&mut self, note: String) {
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// Leaves out every field of another vendor's words, but for those in `kept`.
    pub(super) fn drop_extra(&mut self, extra: &Map<String, Value>, kept: &[&str]) {
        for name in extra.keys().filter(|name| !kept.contains(&name.as_str())) {
            self.dropped(name);
        }
    }

    /// Leaves out a piece of a message that only another vendor understands.
    pub(super) fn drop_native(&mut self, value: &Value) {
        let kind = value.get("type").and_then(Value::as_str).unwrap_or("unknown");
        self.note(format!("dropped a content part of type `{}`", super::text::tidy(kind)));
    }
}

/// What a model thought, as vendors write it into the turns they answer with. It is signed for, or only understood
/// by, the provider that gave it; the next one would refuse the whole conversation (B178).
const BOUND: [&str; 9] = [
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "thinking",
    "thinking_blocks",
    "provider_specific_fields",
    "encrypted_content",
    "thought_signature",
    "signature",
];

/// The fields of a message that providers of its own dialect get as they came.
pub(super) fn own_fields(message: &Message) -> impl Iterator<Item = (&String, &Value)> {
    message.extra.iter().filter(|(name, _)| !BOUND.contains(&name.as_str()) && name.as_str() != GOES_ON)
}

/// The fields of a message that nobody gets, or, where its words are `foreign`, that this dialect does not know.
pub(super) fn drop_fields(message: &Message, foreign: bool, kept: &[&str], adapted: &mut Adapted) {
    for name in message.extra.keys().filter(|name| *name != GOES_ON && !kept.contains(&name.as_str())) {
        if foreign || BOUND.contains(&name.as_str()) {
            adapted.dropped(name);
        }
    }
}

/// What asks a provider to go on with an assistant's turn ([`super::continue_from`]); Mistral's word for it.
pub(super) const GOES_ON: &str = "prefix";

/// At most `most` stop strings. Whoever contains another one is no loss: the other comes first.
pub(super) fn stops<'a>(given: &'a [String], most: usize, adapted: &mut Adapted) -> Vec<&'a str> {
    let mut stops: Vec<&str> = given.iter().map(String::as_str).collect();
    if stops.len() > most {
        let redundant = |at: usize, stop: &str| {
            let shorter = |(other_at, other): (usize, &String)| {
                !other.is_empty() && stop.contains(other.as_str()) && (stop != other || other_at < at)
            };
            given.iter().enumerate().any(|(other_at, other)| other_at != at && shorter((other_at, other)))
        };
        let kept = given.iter().enumerate().filter(|(at, stop)| !redundant(*at, stop));
        stops = kept.map(|(_, stop)| stop.as_str()).collect();
        if stops.len() < given.len() {
            adapted.note("merged `stop` strings that contain others".to_owned());
        }
    }
    if stops.len() > most {
        adapted.note(format!("dropped `stop` strings beyond {most}"));
        stops.truncate(most);
    }
    stops
}

/// Where a request goes and how it is authorised.
pub(super) struct Envelope<'a> {
    pub(super) upstream: &'a Upstream<'a>,
    /// The path behind the base, and a query.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    /// The credential's header, and what stands before the credential in it.
    pub(super) key_header: HeaderName,
    pub(super) key_prefix: &'static str,
    pub(super) stream: bool,
}

impl Envelope<'_> {
    /// The request with `body` inside.
    pub(super) fn seal(&self, body: &impl Serialize, adapted: Adapted) -> Result<Encoded, Failure> {
        let mut bytes = Vec::with_capacity(BODY_CAPACITY);
        serde_json::to_writer(&mut bytes, body).map_err(|error| invalid(&format!("the body: {error}")))?;
        let mut request = Request::new(Bytes::from(bytes));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri()?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(ACCEPT, if self.stream { EVENTS } else { JSON });
        headers.insert(USER_AGENT, AGENT);
        let id = HeaderValue::from_str(self.upstream.request_id).map_err(|_| invalid("the request id"))?;
        headers.insert("x-request-id", id);
        if let Some(key) = self.upstream.key {
            let value = format!("{}{}", self.key_prefix, key.expose());
            let mut value = HeaderValue::try_from(value).map_err(|_| invalid("the credential"))?;
            value.set_sensitive(true);
            headers.insert(&self.key_header, value);
        }
        Ok(Encoded { request, adapted: adapted.0 })
    }

    fn uri(&self) -> Result<Uri, Failure> {
        let (base, base_query) = match self.upstream.base_url.split_once('?') {
            Some((base, query)) => (base, Some(query)),
            None => (self.upstream.base_url, None),
        };
        let mut text = format!("{}{}", base.trim_end_matches('/'), self.path);
        for (query, separator) in [self.query, base_query].into_iter().flatten().zip(['?', '&']) {
            text.push(separator);
            text.push_str(query);
        }
        let uri = Uri::try_from(text).map_err(|_| invalid("the base URL"))?;
        if uri.scheme().is_none() || uri.authority().is_none() {
            return Err(invalid("the base URL (it needs a scheme and a host)"));
        }
        Ok(uri)
    }
}

fn invalid(what: &str) -> Failure {
    Failure::new(FailureClass::InvalidRequest, format!("cannot be sent over HTTP: {what}"))
}

/// A number JSON can hold.
pub(super) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

/// A `data:` URL with base64 inside, taken apart: media type and data.
pub(super) fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    let kind = kind.split(';').next().unwrap_or_default();
    Some((if kind.is_empty() { "application/octet-stream" } else { kind }, data))
}
