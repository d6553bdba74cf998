//! Paths, credentials, versions.

use http::Method;
use http::request::Parts;

use super::models;
use super::read::{count, message};
use crate::dialect::ask::{self, authorised, bearer, text};
use crate::dialect::{Ask, Asked, Complaint, Dialect};
use crate::fault::ErrorKind;
use crate::provider::Spec;

/// The version that refuses sampling parameters.
const NEWEST: &str = "2026-10-21";
const VERSIONS: [&str; 3] = ["2023-01-01", "2023-06-01", NEWEST];

/// What a path leads to.
enum Route<'a> {
    Messages,
    Count,
    Models,
    Model(&'a str),
}

fn route(path: &str) -> Option<Route<'_>> {
    match path {
        "/v1/messages" => Some(Route::Messages),
        "/v1/messages/count_tokens" => Some(Route::Count),
        "/v1/models" => Some(Route::Models),
        _ => path.strip_prefix("/v1/models/").filter(|id| !id.is_empty()).map(Route::Model),
    }
}

/// Reads a request.
pub(in crate::dialect) fn read(
    spec: &Spec,
    head: &Parts,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    let (key, token) = (text(&head.headers, "x-api-key"), bearer(&head.headers));
    ask.key = key.or(token).map(str::to_owned);
    let path = head.uri.path();
    let route = route(path).ok_or_else(|| Complaint::unknown_path(&head.method, path))?;
    ask.aside = !matches!(route, Route::Messages);
    let posts = matches!(route, Route::Messages | Route::Count);
    ask::method(head, if posts { &Method::POST } else { &Method::GET })?;
    authenticate(spec, key, token)?;
    let newest = version(head)? == NEWEST;
    match route {
        Route::Messages => message(spec, body, newest, ask),
        Route::Count => count(spec, body, newest, ask),
        Route::Models => models::list(&spec.models, head.uri.query()).map(Asked::Aside),
        Route::Model(id) => {
            let id = ask::decoded(id);
            ask::known(spec, &id).map(|()| Asked::Aside(models::one(&id)))
        }
    }
}

/// Either header will do, in both generations; both at once will not.
fn authenticate(spec: &Spec, key: Option<&str>, token: Option<&str>) -> Result<(), Complaint> {
    let both = key.is_some() && token.is_some();
    if !both && authorised(spec, key.or(token)) {
        return Ok(());
    }
    let mut complaint = Complaint::usual(Dialect::Anthropic, ErrorKind::Unauthorized);
    match (key, token) {
        (None, None) => complaint.message = "x-api-key header is required".to_owned(),
        (None, Some(_)) => complaint.message = "Invalid bearer token".to_owned(),
        _ => {}
    }
    Err(complaint)
}

fn version(head: &Parts) -> Result<&str, Complaint> {
    let Some(version) = text(&head.headers, "anthropic-version") else {
        return Err(Complaint::invalid("anthropic-version", "anthropic-version: header is required"));
    };
    if VERSIONS.contains(&version) {
        return Ok(version);
    }
    let message = format!("anthropic-version: \"{version}\" is not a valid version");
    Err(Complaint::invalid("anthropic-version", message))
}
