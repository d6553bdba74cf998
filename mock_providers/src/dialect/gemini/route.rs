//! Paths and credentials.

use http::Method;
use http::request::Parts;

use super::models;
use super::read::{content, count, embed};
use crate::dialect::ask::{self, authorised, bearer, text};
use crate::dialect::{Ask, Asked, Complaint, Dialect};
use crate::fault::ErrorKind;
use crate::provider::Spec;

/// What a path leads to.
enum Route {
    Content,
    Count,
    Embed { batch: bool },
    Models,
    Model,
}

/// Reads a request.
pub(in crate::dialect) fn read(
    spec: &Spec,
    head: &Parts,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    ask.key = text(&head.headers, "x-goog-api-key")
        .or_else(|| query(head, "key"))
        .or_else(|| bearer(&head.headers))
        .map(str::to_owned);
    let route = route(head, ask)?;
    ask.aside = matches!(route, Route::Models | Route::Model | Route::Count);
    let listing = matches!(route, Route::Models | Route::Model);
    ask::method(head, if listing { &Method::GET } else { &Method::POST })?;
    if !authorised(spec, ask.key.as_deref()) {
        return Err(unauthorised(ask));
    }
    match route {
        Route::Content => content(spec, body, ask),
        Route::Count => count(spec, body, ask),
        Route::Embed { batch } => embed(spec, body, batch, ask),
        Route::Models => {
            let (size, token) = (query(head, "pageSize"), query(head, "pageToken"));
            Ok(Asked::Aside(models::list(&spec.models, size, token)))
        }
        Route::Model => ask::known(spec, &ask.model).map(|()| Asked::Aside(models::one(&ask.model))),
    }
}

/// A wrong key is a bad request, none at all a forbidden one.
fn unauthorised(ask: &Ask) -> Complaint {
    let mut complaint = Complaint::usual(Dialect::Gemini, ErrorKind::Unauthorized);
    if ask.key.is_none() {
        complaint.status = 403;
        complaint.message =
            "Method doesn't allow unregistered callers (callers without established identity). Please \
                             use API Key or other form of API consumer identity to call this API."
                .to_owned();
    }
    complaint
}

/// Finds model and method in the path: `/v1beta/models/gemini-2.5-flash:streamGenerateContent`.
fn route(head: &Parts, ask: &mut Ask) -> Result<Route, Complaint> {
    let path = head.uri.path();
    let unknown = || Complaint::unknown_path(&head.method, path);
    let rest = ["/v1/models", "/v1beta/models", "/v1alpha/models"]
        .iter()
        .find_map(|base| path.strip_prefix(base))
        .ok_or_else(unknown)?;
    if rest.is_empty() {
        return Ok(Route::Models);
    }
    let rest = rest.strip_prefix('/').ok_or_else(unknown)?.replace("%3A", ":").replace("%3a", ":");
    let Some((model, action)) = rest.rsplit_once(':') else {
        ask.model = ask::name(&ask::decoded(&rest));
        return Ok(Route::Model);
    };
    let route = match action {
        "generateContent" | "streamGenerateContent" => Route::Content,
        "countTokens" => Route::Count,
        "embedContent" => Route::Embed { batch: false },
        "batchEmbedContents" => Route::Embed { batch: true },
        _ => return Err(unknown()),
    };
    ask.stream = action == "streamGenerateContent";
    ask.array = ask.stream && query(head, "alt") != Some("sse");
    ask.model = ask::name(&ask::decoded(model));
    Ok(route)
}

fn query<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    let pairs = head.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}
