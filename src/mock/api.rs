//! What the control API does. Every handler is a plain function from a question to an answer; bytes and sockets are
//! [`http`](super::http)'s matter.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use indexmap::IndexMap;
use mock_providers::clock::Moment;
use mock_providers::fault::Rule;
use mock_providers::provider::{InvalidSpec, Provider, Spec, is_namespace};
use serde_json::{Value, json};

use super::ledger::Filter;
use super::route::{Ask, Lost, find, query};
use super::{Desk, openapi, view};
use crate::scenario::mock;

/// Calls in an answer when nobody says how many.
const CALLS_USUAL: usize = 1_000;

/// An answer of the control API.
#[derive(Debug)]
pub(super) enum Said {
    Json(StatusCode, Value),
    Text(&'static str, String),
    /// A stream of calls.
    Calls(Filter),
    /// No such method here; these there are.
    WrongMethod(String),
}

/// A mistake in the question.
type Wrong = (StatusCode, Value);

fn bad(message: &str) -> Wrong {
    (StatusCode::BAD_REQUEST, view::error(message))
}

fn missing(message: &str) -> Wrong {
    (StatusCode::NOT_FOUND, view::error(message))
}

/// What a query asks for.
#[derive(Debug, Default)]
struct Scope {
    provider: Option<String>,
    namespace: Option<String>,
    limit: Option<usize>,
}

impl Scope {
    fn of(text: Option<&str>, known: &[&str]) -> Result<Scope, Wrong> {
        let mut scope = Scope::default();
        for (key, value) in query(text, known).map_err(|message| bad(&message))? {
            match key.as_str() {
                "provider" => scope.provider = Some(value),
                "namespace" if is_namespace(&value) => scope.namespace = Some(value),
                "namespace" => return Err(bad(&format!("`{value}` cannot be a namespace"))),
                _ => {
                    let limit =
                        value.parse().map_err(|_| bad(&format!("`limit={value}` is not a number")))?;
                    scope.limit = Some(limit);
                }
            }
        }
        Ok(scope)
    }

    fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }
}

/// Answers one question.
pub(super) fn answer(desk: &Desk, head: &http::request::Parts, body: &[u8]) -> Said {
    match find(&head.method, head.uri.path()) {
        Ok((ask, name)) => say(desk, ask, name.as_deref().unwrap_or_default(), head.uri.query(), body)
            .unwrap_or_else(|(status, error)| Said::Json(status, error)),
        Err(Lost::Method(methods)) => Said::WrongMethod(methods),
        Err(Lost::Path) => {
            let message = format!("there is no `{}`; GET /openapi.json says what there is", head.uri.path());
            let (status, error) = missing(&message);
            Said::Json(status, error)
        }
    }
}

fn say(desk: &Desk, ask: Ask, name: &str, query: Option<&str>, body: &[u8]) -> Result<Said, Wrong> {
    let known: &[&str] = match ask {
        Ask::Faults | Ask::RemoveFaults | Ask::RemoveFault | Ask::CallStream => &["provider", "namespace"],
        Ask::Calls => &["provider", "namespace", "limit"],
        Ask::Reset => &["namespace"],
        _ => &[],
    };
    let scope = Scope::of(query, known)?;
    let ok = |value: Value| Ok(Said::Json(StatusCode::OK, value));
    match ask {
        Ask::Health => ok(health(desk)),
        Ask::Document => Ok(Said::Text("application/json", openapi::DOCUMENT.to_owned())),
        Ask::Providers => ok(desk.describe_at_work()),
        Ask::Faults => ok(json!({ "faults": faults(desk, &scope)? })),
        Ask::AddFault => add(desk, body).map(|value| Said::Json(StatusCode::CREATED, value)),
        Ask::RemoveFaults => ok(json!({ "removed": remove(desk, &scope, None)? })),
        Ask::RemoveFault => match remove(desk, &scope, Some(name))? {
            0 => Err(missing(&format!("there is no fault `{name}`{}", place(&scope)))),
            removed => ok(json!({ "removed": removed })),
        },
        Ask::Reset => ok(reset(desk, scope.namespace())),
        Ask::Calls => {
            let limit = scope.limit.unwrap_or(CALLS_USUAL);
            let calls = desk.ledger.newest(&filter(desk, scope)?, limit);
            ok(json!({ "calls": calls.iter().map(|entry| &**entry).collect::<Vec<_>>() }))
        }
        Ask::CallStream => filter(desk, scope).map(Said::Calls),
        Ask::Metrics => {
            let page = desk.metrics.page(&desk.list()).map_err(|_| bad("the page could not be written"))?;
            Ok(Said::Text("application/openmetrics-text; version=1.0.0; charset=utf-8", page))
        }
        Ask::Shutdown => {
            desk.stop.send_replace(true);
            Ok(Said::Json(StatusCode::ACCEPTED, json!({ "stopping": true })))
        }
    }
}

fn health(desk: &Desk) -> Value {
    let up = desk.clock.now() - Moment::ZERO;
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_ms": u64::try_from(up.as_millis()).unwrap_or(u64::MAX),
        "providers": desk.providers.len(),
    })
}

fn place(scope: &Scope) -> String {
    let provider = scope.provider.as_ref().map(|name| format!(" at `{name}`")).unwrap_or_default();
    let namespace = scope.namespace().map(|name| format!(" in namespace `{name}`")).unwrap_or_default();
    provider + &namespace
}

/// The providers that are meant: one, or all.
fn meant<'d>(desk: &'d Desk, provider: Option<&String>) -> Result<Vec<&'d Arc<Provider>>, Wrong> {
    match provider {
        None => Ok(desk.providers.values().map(|(provider, _)| provider).collect()),
        Some(name) => {
            let known =
                desk.providers.get(name).ok_or_else(|| missing(&format!("there is no provider `{name}`")))?;
            Ok(vec![&known.0])
        }
    }
}

fn filter(desk: &Desk, scope: Scope) -> Result<Filter, Wrong> {
    meant(desk, scope.provider.as_ref())?;
    Ok(Filter { provider: scope.provider, namespace: scope.namespace })
}

fn faults(desk: &Desk, scope: &Scope) -> Result<Vec<Value>, Wrong> {
    let (namespace, now) = (scope.namespace(), desk.clock.now());
    let mut all = Vec::new();
    for provider in meant(desk, scope.provider.as_ref())? {
        let standing = provider.standing(namespace);
        let name = &provider.spec().name;
        all.extend(standing.iter().map(|standing| view::fault(name, namespace, standing, now)));
    }
    Ok(all)
}

/// How many rules were removed: those called `name`, or all.
fn remove(desk: &Desk, scope: &Scope, name: Option<&str>) -> Result<usize, Wrong> {
    let namespace = scope.namespace();
    let mut removed = 0;
    for provider in meant(desk, scope.provider.as_ref())? {
        for standing in provider.standing(namespace) {
            let rule = &standing.rule.name;
            if name.is_none_or(|name| name == rule) && provider.remove_rule(namespace, rule) {
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn reset(desk: &Desk, namespace: Option<&str>) -> Value {
    for (provider, _) in desk.providers.values() {
        match namespace {
            Some(_) => provider.reset(namespace),
            None => provider.reset_all(),
        }
    }
    desk.ledger.clear(namespace);
    if namespace.is_none() {
        desk.metrics.clear();
    }
    json!({ "reset": true, "namespace": namespace })
}

fn add(desk: &Desk, body: &[u8]) -> Result<Value, Wrong> {
    let text = std::str::from_utf8(body).map_err(|_| bad("the body is not UTF-8 text"))?;
    let unfit = |problems| (StatusCode::UNPROCESSABLE_ENTITY, view::problems(&problems));
    // The namespace decides which names are taken, so it is read first.
    let namespace = mock::posted(text, bare(desk)).map_err(unfit)?.namespace;
    let posted = mock::posted(text, with_rules(desk, namespace.as_deref())).map_err(unfit)?;
    let mut added: Vec<(Arc<Provider>, String)> = Vec::new();
    for (provider, rule) in posted.rules {
        let name = rule.name.clone();
        let Some((provider, _)) = desk.providers.get(&provider) else { continue };
        if let Err(error) = put(provider, namespace.as_deref(), rule, posted.ttl) {
            for (provider, name) in &added {
                provider.remove_rule(namespace.as_deref(), name);
            }
            return Err(error);
        }
        added.push((Arc::clone(provider), name));
    }
    let now = desk.clock.now();
    let views = added.iter().filter_map(|(provider, name)| {
        let standing = provider.standing(namespace.as_deref());
        let standing = standing.iter().find(|standing| standing.rule.name == *name)?;
        Some(view::fault(&provider.spec().name, namespace.as_deref(), standing, now))
    });
    Ok(json!({ "faults": views.collect::<Vec<_>>() }))
}

fn put(provider: &Provider, namespace: Option<&str>, rule: Rule, ttl: Option<Duration>) -> Result<(), Wrong> {
    provider.add_rule(namespace, rule, ttl).map_err(|error| {
        let status = match error {
            InvalidSpec::TooManyNamespaces(_) => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (status, view::error(&error.to_string()))
    })
}

fn bare(desk: &Desk) -> IndexMap<String, Spec> {
    let spec = |provider: &Provider| Spec { faults: Vec::new(), ..provider.spec().clone() };
    desk.providers.iter().map(|(name, (provider, _))| (name.clone(), spec(provider))).collect()
}

/// The providers with the rules whose names are taken in `namespace`.
fn with_rules(desk: &Desk, namespace: Option<&str>) -> IndexMap<String, Spec> {
    let mut specs = bare(desk);
    for (name, (provider, _)) in &desk.providers {
        let standing = provider.standing(namespace);
        let taken = standing.into_iter().filter(|one| !one.healed).map(|one| one.rule).collect();
        if let Some(spec) = specs.get_mut(name) {
            spec.faults = taken;
        }
    }
    specs
}
