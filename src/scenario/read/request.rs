//! Requests one by one, and what each must do.

use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{At, Cx, Shape, one_of, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::super::{Arrivals, Scripted, Source};
use super::names::Names;
use super::{json, load};
use crate::chat::{FailureClass, Finish};
use crate::dialect::Dialect;
use crate::history::ScriptedExpectation;
use crate::router::config::{Config, Rescue};
use mock_providers::latency::Dist;

pub(in crate::scenario) const REQUEST: Shape = Shape {
    what: "a request",
    name: "request",
    keys: &[
        "send",
        "attempts",
        "served_by",
        "status",
        "outcome",
        "error",
        "within",
        "not_before",
        "finish",
        "retry_after",
    ],
};

pub(in crate::scenario) const SEND: Shape = Shape {
    what: "`send`",
    name: "send",
    keys: &[
        "route",
        "prompt",
        "stream",
        "at",
        "tenant",
        "max_tokens",
        "tool",
        "json",
        "leave_after",
        "headers",
        "body",
        "face",
    ],
};

/// The router's faces that callers can address.
pub(in crate::scenario) const FACES: [(&str, Dialect); 2] =
    [("chat", Dialect::Openai), ("messages", Dialect::Anthropic)];

/// Finish reasons a caller can be given.
pub(in crate::scenario) const FINISHES: [(&str, Finish); 4] = [
    (Finish::Stop.name(), Finish::Stop),
    (Finish::Length.name(), Finish::Length),
    (Finish::ToolCalls.name(), Finish::ToolCalls),
    (Finish::ContentFilter.name(), Finish::ContentFilter),
];

pub(in crate::scenario) const OUTCOMES: [(&str, &str); 7] = [
    ("primary", "primary"),
    ("fallback", "fallback"),
    ("degraded", "degraded"),
    ("rescued", "rescued"),
    ("partial", "partial"),
    ("error", "error"),
    ("broken", "broken"),
];

/// Results of an attempt beside statuses and failure classes; `timeout` is any of the four.
const OTHER_RESULTS: [&str; 4] = ["ok", "cancelled", "lost", "timeout"];

/// All of them, as one source; requests are numbered by their place in the list.
pub(super) fn read(
    cx: &Cx,
    node: &Node,
    names: &Names,
    router: &Config,
) -> Option<(Source, Vec<ScriptedExpectation>)> {
    let mut scripted = Vec::new();
    let mut expected = Vec::new();
    for (number, item) in (0..).zip(cx.list(node, "`requests`")) {
        let fields = cx.fields(item, &REQUEST);
        let sent = fields
            .require(cx, "send", "{ route: NAME, prompt: Hello }")
            .and_then(|node| send(cx, node, names));
        let route = sent.as_ref().map_or("", |sent| sent.route.as_str());
        let known = Reachable::of(router, route);
        expected.push(ScriptedExpectation {
            number,
            attempts: fields.get("attempts").and_then(|node| attempts(cx, node, names, &known)),
            served_by: fields.get("served_by").and_then(|node| served_by(cx, node, names, &known)),
            status: fields
                .get("status")
                .and_then(|node| cx.whole_in(node, 100, 599))
                .and_then(|status| u16::try_from(status).ok()),
            outcome: fields.get("outcome").and_then(|node| cx.word(node, &OUTCOMES)).map(str::to_owned),
            error: fields.get("error").and_then(|node| cx.text(node)),
            within: fields.get("within").and_then(|node| cx.some_time(node)),
            not_before: fields.get("not_before").and_then(|node| cx.duration(node)),
            finish: fields.get("finish").and_then(|node| cx.word(node, &FINISHES)),
            retry_after: fields.get("retry_after").and_then(|node| wait(cx, node)),
        });
        scripted.extend(sent);
    }
    let route = scripted.first()?.route.clone();
    Some((source(route, scripted), expected))
}

fn source(route: String, list: Vec<Scripted>) -> Source {
    Source {
        route,
        tenants: Vec::new(),
        stream_ppm: 0,
        prompt: Dist::Constant(0.0),
        output: None,
        distinct_prompts: None,
        patience: None,
        arrivals: Arrivals::List(list),
    }
}

fn send(cx: &Cx, node: &Node, names: &Names) -> Option<Scripted> {
    let fields = cx.fields(node, &SEND);
    let route = fields.require(cx, "route", "NAME").and_then(|node| load::route(cx, node, names));
    let prompt = fields.get("prompt").map_or_else(|| Some("Hello".to_owned()), |node| cx.text(node));
    Some(Scripted {
        at: fields.get("at").and_then(|node| cx.duration(node)).map(load::moment),
        stream: fields.get("stream").and_then(|node| cx.truth(node)).unwrap_or(false),
        tenant: fields.get("tenant").and_then(|node| cx.name(node)).map(|name| name.value),
        max_tokens: fields.get("max_tokens").and_then(|node| cx.whole_in(node, 1, 1_000_000_000)),
        tool: fields.get("tool").and_then(|node| cx.name(node)).map(|name| name.value),
        json: fields.get("json").and_then(|node| cx.truth(node)).unwrap_or(false),
        leave_after: fields.get("leave_after").and_then(|node| cx.duration(node)),
        headers: fields.get("headers").map(|node| super::fault::headers(cx, node)).unwrap_or_default(),
        face: fields.get("face").and_then(|node| cx.word(node, &FACES)).unwrap_or(Dialect::Openai),
        body: fields.get("body").and_then(|node| json::object(cx, node)).unwrap_or_default(),
        route: route?,
        prompt: prompt?,
    })
}

/// A wait, or a range of them: `5s`, `4s..6s`.
fn wait(cx: &Cx, node: &Node) -> Option<(Duration, Duration)> {
    match &node.value {
        Value::Scalar { text, .. } if text.contains("..") => load::slice(cx, node),
        _ => cx.duration(node).map(|wait| (wait, wait)),
    }
}

/// Names of the models that a route can reach; none when the route itself is unknown.
struct Reachable(Option<Vec<String>>);

impl Reachable {
    fn of(router: &Config, route: &str) -> Self {
        Reachable(router.routes.get(route).map(|route| {
            let rescue = route.rescue.iter().filter_map(|rescue| match rescue {
                Rescue::Model(model) => Some(*model),
                _ => None,
            });
            let reachable = route.chain.iter().copied().chain(rescue);
            reachable.filter_map(|model| Some(router.models.get_index(model)?.0.clone())).collect()
        }))
    }

    fn check(&self, cx: &Cx, name: &At<String>, names: &Names) {
        if names.model(&name.value).is_none() {
            cx.report(unknown_name("model", name, names.models()));
        } else if let Some(reachable) = &self.0
            && !reachable.contains(&name.value)
        {
            let message = format!("the route never asks `{}`", name.value);
            let help = format!("it asks {}", one_of(reachable.iter().map(String::as_str)));
            cx.report(Diagnostic::new(Code::UNKNOWN_NAME, message).at(&name.span).help(help));
        }
    }
}

fn served_by(cx: &Cx, node: &Node, names: &Names, known: &Reachable) -> Option<String> {
    let name = cx.name(node)?;
    if !matches!(name.value.as_str(), "cache" | "fixed") {
        known.check(cx, &name, names);
    }
    Some(name.value)
}

fn attempts(cx: &Cx, node: &Node, names: &Names, known: &Reachable) -> Option<Vec<(String, String)>> {
    let Value::List(items) = &node.value else {
        cx.expected("a list of attempts", node);
        return None;
    };
    Some(items.iter().filter_map(|item| attempt(cx, item, names, known)).collect())
}

fn attempt(cx: &Cx, node: &Node, names: &Names, known: &Reachable) -> Option<(String, String)> {
    let text = cx.scalar(node, "an attempt (`MODEL RESULT`)")?;
    let Some((model, result)) = text.split_once(' ').map(|(model, result)| (model, result.trim())) else {
        cx.report(bad_attempt(format!("`{text}` is not an attempt"), node));
        return None;
    };
    known.check(cx, &At::new(model.to_owned(), &node.span), names);
    let is_status = result.parse::<u16>().is_ok_and(|status| (100..600).contains(&status));
    if !is_status && !OTHER_RESULTS.contains(&result) && result.parse::<FailureClass>().is_err() {
        let words = FailureClass::ALL.into_iter().map(FailureClass::name).chain(OTHER_RESULTS);
        let meant = super::super::cx::similar(result, words).map(|meant| format!("did you mean `{meant}`?"));
        cx.report(bad_attempt(format!("`{result}` is not a result"), node).maybe_help(meant));
    }
    Some((model.to_owned(), result.to_owned()))
}

fn bad_attempt(message: String, node: &Node) -> Diagnostic {
    Diagnostic::new(Code::BAD_ATTEMPT, message).at(&node.span).help(
        "write `MODEL RESULT`; a result is a status, a failure class, `ok`, `cancelled` or `lost`: `claude 429`",
    )
}
