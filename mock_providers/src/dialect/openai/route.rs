//! From paths to interfaces, and the headers of answers.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::dialect::headers::put;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) enum Route<'a> {
    /// Chat completions; of this model when the path names one.
    Chat(Option<&'a str>),
    /// Responses.
    Responses,
    /// One response that was given earlier.
    Response(&'a str),
    /// Embeddings; by this model when the path names one.
    Embeddings(Option<&'a str>),
    /// The listing of models.
    Models,
    /// One model.
    Model(&'a str),
}

/// OpenAI's paths.
pub(in crate::dialect) fn openai(path: &str) -> Option<Route<'_>> {
    let rest = bare(path);
    match rest {
        "/responses" => Some(Route::Responses),
        _ => match rest.strip_prefix("/responses/") {
            Some(id) if !id.is_empty() && !id.contains('/') => Some(Route::Response(id)),
            _ => standard(rest),
        },
    }
}

/// A path without its version: some base URLs have it, some have not.
pub(in crate::dialect) fn bare(path: &str) -> &str {
    path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// What imitators serve of them, behind their own prefix.
pub(in crate::dialect) fn standard(rest: &str) -> Option<Route<'_>> {
    match rest {
        "/chat/completions" => Some(Route::Chat(None)),
        "/embeddings" => Some(Route::Embeddings(None)),
        "/models" | "/models/" => Some(Route::Models),
        _ => rest.strip_prefix("/models/").map(Route::Model),
    }
}

static VERSION: HeaderName = HeaderName::from_static("openai-version");
static ORGANIZATION: HeaderName = HeaderName::from_static("openai-organization");

/// OpenAI's headers.
pub(in crate::dialect) fn dress(request: &str, headers: &mut HeaderMap) {
    headers.insert(&VERSION, HeaderValue::from_static("2020-10-01"));
    headers.insert(&ORGANIZATION, HeaderValue::from_static("org-brownout"));
    put(headers, "x-request-id", request);
}
