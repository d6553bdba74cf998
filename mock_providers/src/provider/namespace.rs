//! Namespaces: several test workers share a provider without noticing each other.
//!
//! A call belongs to a namespace when its path begins with `/ns/NAME`, or its key ends in `.ns-NAME`. Both are taken
//! off before anybody else looks, so no dialect knows of them.

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Uri};
use memchr::memmem;

use super::{Aside, Provider};
use crate::dialect::Complaint;
use crate::fault::ErrorKind;

/// Longest name of a namespace, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// What stands before the name in a path, and in a key.
const IN_PATH: &str = "/ns/";
const IN_KEY: &str = ".ns-";
/// Headers that carry keys, in all dialects.
static KEYS: [HeaderName; 4] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Whether `name` can be the name of a namespace: 1 to 64 letters, digits, `-` and `_`.
#[must_use]
pub fn is_namespace(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(legal)
}

impl Provider {
    /// The namespace of a request, and its head without it; nothing when it has none, or none are told apart.
    pub(super) fn namespace(&self, head: &Parts) -> Result<Option<(Parts, String)>, Aside> {
        // Most calls have none: nothing is copied for them.
        if self.settings.namespaces == 0 || !hints_at_one(head) {
            return Ok(None);
        }
        let mut bare = head.clone();
        let in_key = [header_key(&mut bare.headers), query_key(&mut bare.uri)].into_iter().flatten().next();
        let in_path = match head.uri.path().strip_prefix(IN_PATH) {
            Some(rest) => Some(self.take_path(rest, &mut bare.uri)?),
            None => None,
        };
        let Some(name) = in_path.or(in_key) else { return Ok(None) };
        if !self.has_room(&name) {
            let most = self.settings.namespaces;
            let message = format!(
                "no room for namespace `{name}`: {most} are in use; reset one of them, or all, to make room"
            );
            return Err(self
                .refuse(self.spec.dialect.format(), &Complaint::new(ErrorKind::RateLimited, 429, message)));
        }
        Ok(Some((bare, name)))
    }

    fn take_path(&self, rest: &str, uri: &mut Uri) -> Result<String, Aside> {
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_namespace(name) {
            let message = format!(
                "`{name}` in the path cannot be a namespace: use 1 to {NAME_BYTES_MAX} letters, digits, `-` and `_`"
            );
            return Err(self.refuse(
                self.spec.dialect.format(),
                &Complaint::new(ErrorKind::InvalidRequest, 400, message),
            ));
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        put(uri, format!("/{path}{query}"));
        Ok(name.to_owned())
    }
}

/// Whether there may be a namespace.
fn hints_at_one(head: &Parts) -> bool {
    let in_key = |text: &[u8]| memmem::find(text, IN_KEY.as_bytes()).is_some();
    head.uri.path().starts_with(IN_PATH)
        || head.uri.query().is_some_and(|query| in_key(query.as_bytes()))
        || KEYS.iter().any(|key| head.headers.get(key).is_some_and(|key| in_key(key.as_bytes())))
}

/// Takes the namespace off the first key that has one.
fn header_key(headers: &mut HeaderMap) -> Option<String> {
    KEYS.iter().find_map(|header| {
        let (key, name) = split(headers.get(header)?.to_str().ok()?)?;
        let (key, name) = (HeaderValue::try_from(key).ok()?, name.to_owned());
        headers.insert(header, key);
        Some(name)
    })
}

/// Gemini takes its key in the query, too.
fn query_key(uri: &mut Uri) -> Option<String> {
    let mut found = None;
    let pairs = uri.query()?.split('&').map(|pair| match pair.strip_prefix("key=").and_then(split) {
        Some((key, name)) => {
            found = Some(name.to_owned());
            format!("key={key}")
        }
        None => pair.to_owned(),
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    if found.is_some() {
        let path = uri.path().to_owned();
        put(uri, format!("{path}?{query}"));
    }
    found
}

/// `sk-test.ns-w3` is the key `sk-test` in the namespace `w3`.
fn split(key: &str) -> Option<(&str, &str)> {
    key.rsplit_once(IN_KEY).filter(|(_, name)| is_namespace(name))
}

/// A part of a legal URI is a legal URI.
fn put(uri: &mut Uri, path: String) {
    if let Ok(path) = PathAndQuery::try_from(path) {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(path);
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
}
