//! What the router is told of its providers, beside where they are: in `router.providers`, and in a file of
//! `brownout serve` at the provider itself as well.

use http::header::{HeaderName, HeaderValue};
use indexmap::IndexMap;

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::Node;
use super::budget;
use super::setting::{set, set_or_off};
use crate::router::config::{Http, LimitHeaders, Provider, Secret};

/// How a secret is read: as it stands, or from the environment.
pub(super) type Secrets<'a> = &'a dyn Fn(&Node) -> Option<Secret>;

pub(in crate::scenario) const UPSTREAM: Shape = Shape {
    what: "a provider of the router",
    name: "upstream",
    keys: &["region", "http", "headers", "limit_headers", "concurrency", "retry_budget"],
};

pub(in crate::scenario) const HTTP: [(&str, Http); 3] =
    [("1", Http::One), ("2", Http::Two), ("auto", Http::Auto)];

pub(in crate::scenario) const LIMIT_HEADERS: [(&str, LimitHeaders); 2] =
    [("obey", LimitHeaders::Obey), ("ignore", LimitHeaders::Ignore)];

/// Headers that the router writes itself, or that belong to a connection.
const TAKEN: [HeaderName; 6] = [
    http::header::HOST,
    http::header::CONTENT_LENGTH,
    http::header::CONTENT_TYPE,
    http::header::TRANSFER_ENCODING,
    http::header::CONNECTION,
    http::header::ACCEPT,
];

/// Sets what is written in `router.providers`.
pub(super) fn read_all(
    cx: &Cx,
    node: &Node,
    providers: &mut IndexMap<String, Provider>,
    secrets: Secrets<'_>,
) {
    for (name, node) in cx.named(node, "`providers` of the router") {
        let fields = cx.fields(node, &UPSTREAM);
        match providers.get_mut(&name.value) {
            Some(provider) => settings(cx, &fields, provider, secrets),
            None => cx.report(unknown_name("provider", &name, providers.keys().map(String::as_str))),
        }
    }
}

/// Sets what is written among the keys of a provider.
pub(super) fn settings(cx: &Cx, fields: &Fields<'_>, provider: &mut Provider, secrets: Secrets<'_>) {
    let get = |key: &str| fields.get(key);
    if let Some(region) = get("region").and_then(|node| cx.text(node)) {
        provider.region = Some(region);
    }
    set(&mut provider.http, get("http").and_then(|node| cx.word(node, &HTTP)));
    if let Some(node) = get("headers") {
        headers(cx, node, &mut provider.headers, secrets);
    }
    set(&mut provider.limit_headers, get("limit_headers").and_then(|node| cx.word(node, &LIMIT_HEADERS)));
    let usual = provider.concurrency;
    set_or_off(&mut provider.concurrency, get("concurrency"), |node| budget::concurrency(cx, node, usual));
    let usual = provider.retry_budget;
    set_or_off(&mut provider.retry_budget, get("retry_budget"), |node| budget::retries(cx, node, usual));
}

/// Headers of the operator's own; one that is there already is replaced.
fn headers(cx: &Cx, node: &Node, headers: &mut Vec<(String, Secret)>, secrets: Secrets<'_>) {
    for (name, node) in cx.named(node, "`headers`") {
        let complaint = match HeaderName::from_bytes(name.value.as_bytes()) {
            Err(_) => "cannot be the name of a header",
            Ok(header) if TAKEN.contains(&header) => "is written by the router itself",
            Ok(header) => {
                let Some(secret) = secrets(node) else { continue };
                if HeaderValue::from_str(secret.expose()).is_err() {
                    let message = format!("no header can carry the value of `{header}`");
                    let problem = Diagnostic::new(Code::OUT_OF_RANGE, message).at(&node.span);
                    cx.report(problem.help("a header's value is one line of visible ASCII"));
                    continue;
                }
                headers.retain(|(known, _)| known != header.as_str());
                headers.push((header.as_str().to_owned(), secret));
                continue;
            }
        };
        let message = format!("`{}` {complaint}", name.value);
        cx.report(Diagnostic::new(Code::BAD_NAME, message).at(&name.span));
    }
}
