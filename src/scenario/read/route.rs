//! Routes: a chain of models and the policy for walking it.

use std::time::Duration;

use indexmap::IndexMap;

use super::super::Objectives;
use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::units::show;
use super::super::yaml::{Node, Value};
use super::names::Names;
use super::retry;
use crate::router::config::{
    AllBenched, EmptyPolicy, Limits, ModelIx, RefusalPolicy, Rescue, RetryAfterPolicy, Route,
};

pub(in crate::scenario) const ROUTE: Shape = Shape {
    what: "a route",
    name: "route",
    keys: &[
        "chain",
        "deadline",
        "connect",
        "first_token",
        "idle",
        "attempt",
        "retry",
        "retry_after",
        "refusal",
        "empty",
        "all_benched",
        "max_attempts",
        "quality_floor",
        "cache",
        "rescue",
        "objective",
    ],
};

/// What holds for every route that does not say otherwise: all of a route but its chain.
pub(in crate::scenario) const DEFAULTS: Shape = Shape {
    what: "`defaults`",
    name: "defaults",
    keys: &[
        "deadline",
        "connect",
        "first_token",
        "idle",
        "attempt",
        "retry",
        "retry_after",
        "refusal",
        "empty",
        "all_benched",
        "max_attempts",
        "quality_floor",
        "cache",
        "rescue",
        "objective",
    ],
};

pub(in crate::scenario) const OBJECTIVE: Shape =
    Shape { what: "an objective", name: "objective", keys: &["first_token", "total"] };

pub(in crate::scenario) const RESCUE: Shape =
    Shape { what: "a last resort", name: "rescue_item", keys: &["fixed", "model"] };

pub(in crate::scenario) const RETRY_AFTER: Shape =
    Shape { what: "`retry_after`", name: "retry_after_policy", keys: &["wait_at_most"] };

pub(in crate::scenario) const REFUSAL: [(&str, RefusalPolicy); 2] =
    [("pass", RefusalPolicy::Pass), ("next", RefusalPolicy::Next)];
pub(in crate::scenario) const EMPTY: [(&str, EmptyPolicy); 2] =
    [("answer", EmptyPolicy::Answer), ("failure", EmptyPolicy::Failure)];
pub(in crate::scenario) const ALL_BENCHED: [(&str, AllBenched); 3] =
    [("fail_fast", AllBenched::FailFast), ("ask_one", AllBenched::AskOne), ("wait", AllBenched::Wait)];

/// How long the cache keeps an answer when a route rescues from it and says nothing else.
const USUAL_CACHE: Duration = Duration::from_secs(600);

/// All routes, and what they promise.
pub(super) fn read_all(
    cx: &Cx,
    router: &Fields<'_>,
    names: &Names,
) -> (IndexMap<String, Route>, IndexMap<String, Objectives>) {
    let mut usual = (unset(), Objectives::default());
    if let Some(node) = router.get("defaults") {
        let fields = cx.fields(node, &DEFAULTS);
        policy(cx, &fields, names, &mut usual.0);
        objectives(cx, &fields, &mut usual.1);
    }
    let (mut routes, mut promises) = (IndexMap::new(), IndexMap::new());
    let Some(node) = router.require(cx, "routes", "{ chat: { chain: [gpt] } }") else {
        return (routes, promises);
    };
    for (name, node) in cx.named(node, "`routes`") {
        let (mut route, mut promise) = usual.clone();
        let fields = cx.fields(node, &ROUTE);
        route.name.clone_from(&name.value);
        route.chain =
            fields.require(cx, "chain", "[gpt]").map(|node| chain(cx, node, names)).unwrap_or_default();
        policy(cx, &fields, names, &mut route);
        objectives(cx, &fields, &mut promise);
        warn_of_late_limits(cx, &fields, route.deadline);
        promises.insert(name.value.clone(), promise);
        routes.insert(name.value, route);
    }
    (routes, promises)
}

fn unset() -> Route {
    Route::new("", Vec::new())
}

fn chain(cx: &Cx, node: &Node, names: &Names) -> Vec<ModelIx> {
    let mut chain = Vec::new();
    for item in cx.list(node, "`chain`") {
        let Some(index) = model(cx, item, names) else { continue };
        if chain.contains(&index) {
            let problem =
                Diagnostic::new(Code::DUPLICATE_NAME, "this model is in the chain already").at(&item.span);
            cx.report(problem.help("to ask a model again, give it `retry`"));
        } else {
            chain.push(index);
        }
    }
    chain
}

fn model(cx: &Cx, node: &Node, names: &Names) -> Option<ModelIx> {
    let name = cx.name(node)?;
    let found = names.model(&name.value);
    if found.is_none() {
        cx.report(unknown_name("model", &name, names.models()));
    }
    found
}

/// Sets what is written.
fn policy(cx: &Cx, fields: &Fields<'_>, names: &Names, route: &mut Route) {
    set(&mut route.deadline, fields.get("deadline").and_then(|node| cx.some_time(node)));
    limits(cx, fields, &mut route.limits);
    if let Some(node) = fields.get("retry") {
        retry::read(cx, node, &mut route.retry);
    }
    if let Some(node) = fields.get("retry_after") {
        set(&mut route.retry_after, retry_after(cx, node, route.deadline));
    }
    set(&mut route.refusal, fields.get("refusal").and_then(|node| cx.word(node, &REFUSAL)));
    set(&mut route.empty, fields.get("empty").and_then(|node| cx.word(node, &EMPTY)));
    set(&mut route.all_benched, fields.get("all_benched").and_then(|node| cx.word(node, &ALL_BENCHED)));
    let attempts = fields.get("max_attempts").and_then(|node| cx.whole_in(node, 1, 1000));
    set(&mut route.max_attempts, attempts.and_then(|number| u32::try_from(number).ok()));
    set(&mut route.quality_floor, fields.get("quality_floor").and_then(|node| cx.number_in(node, 0.0, 1.0)));
    if let Some(node) = fields.get("rescue") {
        route.rescue = cx.list(node, "`rescue`").iter().filter_map(|item| rescue(cx, item, names)).collect();
    }
    if let Some(kept) = fields.get("cache").and_then(|node| cx.some_time(node)) {
        route.cache = Some(kept);
    }
    if route.rescue.contains(&Rescue::Cache) {
        route.cache.get_or_insert(USUAL_CACHE);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn limits(cx: &Cx, fields: &Fields<'_>, limits: &mut Limits) {
    let time = |key: &str| fields.get(key).and_then(|node| cx.some_time(node));
    set(&mut limits.connect, time("connect"));
    set(&mut limits.idle, time("idle"));
    limits.first_token = time("first_token").or(limits.first_token);
    limits.attempt = time("attempt").or(limits.attempt);
}

fn retry_after(cx: &Cx, node: &Node, deadline: Duration) -> Option<RetryAfterPolicy> {
    if let Value::Map(_) = node.value {
        let fields = cx.fields(node, &RETRY_AFTER);
        let cap = cx.duration(fields.require(cx, "wait_at_most", "30s")?)?;
        return Some(RetryAfterPolicy::Wait { cap });
    }
    let words = [("wait", RetryAfterPolicy::Wait { cap: deadline }), ("move_on", RetryAfterPolicy::MoveOn)];
    cx.word(node, &words)
}

fn rescue(cx: &Cx, node: &Node, names: &Names) -> Option<Rescue> {
    if matches!(node.value, Value::Scalar { .. }) {
        return cx.word(node, &[("cache", ())]).map(|()| Rescue::Cache);
    }
    let fields = cx.fields(node, &RESCUE);
    match fields.one_of(cx, &["fixed", "model"])? {
        ("model", name) => model(cx, name, names).map(Rescue::Model),
        (_, text) => {
            let text = cx.text(text)?;
            if text.trim().is_empty() {
                cx.report(Diagnostic::new(Code::EMPTY_VALUE, "a fixed reply needs words").at(&node.span));
            }
            Some(Rescue::Fixed(text))
        }
    }
}

fn objectives(cx: &Cx, fields: &Fields<'_>, promise: &mut Objectives) {
    let Some(node) = fields.get("objective") else { return };
    let fields = cx.fields(node, &OBJECTIVE);
    let time = |key: &str| fields.get(key).and_then(|node| cx.some_time(node));
    promise.first_token = time("first_token").or(promise.first_token);
    promise.total = time("total").or(promise.total);
}

fn warn_of_late_limits(cx: &Cx, fields: &Fields<'_>, deadline: Duration) {
    for key in ["connect", "first_token", "idle", "attempt"] {
        let Some(node) = fields.get(key) else { continue };
        // Read without complaint: what is wrong with it was said already.
        let limit = Cx::default().duration(node);
        if limit.is_some_and(|limit| limit > deadline) {
            let message = format!("`{key}` is longer than the deadline of {}", show(deadline));
            cx.report(
                Diagnostic::new(Code::LIMIT_PAST_DEADLINE, message).at(&node.span).label("never runs out"),
            );
        }
    }
}
