//! What the control API says of providers, faults and mistakes, as JSON.

use std::net::SocketAddr;

use mock_providers::clock::Moment;
use mock_providers::provider::{Provider, Standing};
use serde_json::{Value, json};

use super::Access;
use crate::scenario::{Diagnostic, Problems};

/// How a provider is reached.
pub(super) fn access(provider: &Provider, access: &Access) -> Value {
    json!({
        "dialect": provider.spec().dialect.name(),
        "base_url": access.base_url,
        "env": access.env,
    })
}

/// A provider at work.
pub(super) fn provider(provider: &Provider, reached: &Access, address: SocketAddr) -> Value {
    let mut view = access(provider, reached);
    view["name"] = json!(provider.spec().name);
    view["address"] = json!(address.to_string());
    view["models"] = json!(provider.spec().models);
    view["open_connections"] = json!(provider.open_connections());
    view["namespaces"] = json!(provider.namespaces());
    view
}

/// A fault as it stands.
pub(super) fn fault(provider: &str, namespace: Option<&str>, standing: &Standing, now: Moment) -> Value {
    let Standing { rule, tally, added, until, .. } = standing;
    json!({
        "name": rule.name,
        "provider": provider,
        "namespace": namespace,
        "kind": rule.fault.name(),
        "fault": rule.fault,
        "trigger": rule.trigger,
        "state": state(standing, now),
        "added": added,
        "heals_in_ms": until.map(|until| millis(until, now)),
        "fired": tally.fired(),
        "first_fired_us": tally.first_fired(),
        "last_fired_us": tally.last_fired(),
    })
}

fn state(standing: &Standing, now: Moment) -> &'static str {
    let trigger = &standing.rule.trigger;
    match () {
        () if standing.healed => "healed",
        () if trigger.armed(now) => "armed",
        () if trigger.during.iter().any(|window| window.from > now) => "waiting",
        () => "over",
    }
}

fn millis(until: Moment, now: Moment) -> u64 {
    u64::try_from((until - now).as_millis()).unwrap_or(u64::MAX)
}

/// A mistake with its places, for people and for programs.
pub(super) fn problems(problems: &Problems) -> Value {
    let text = problems.text();
    let list: Vec<Value> = problems.iter().map(|problem| one(problem, text)).collect();
    let message = problems.iter().map(|problem| problem.message.as_str()).next().unwrap_or_default();
    json!({ "error": { "message": message, "problems": list, "text": problems.render(false) } })
}

fn one(problem: &Diagnostic, text: &str) -> Value {
    let place = problem.span.as_ref().and_then(|span| text.get(..span.start)).map(|before| {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    });
    json!({
        "code": problem.code.id(),
        "kind": problem.code.name(),
        "message": problem.message,
        "line": place.map(|(line, _)| line),
        "column": place.map(|(_, column)| column),
        "expected": problem.label,
        "help": problem.help,
    })
}

/// Any other error.
pub(super) fn error(message: &str) -> Value {
    json!({ "error": { "message": message } })
}
