//! The policy of a route: everything in it but its chain. `defaults` has the same keys, for every route that does not
//! say otherwise.

use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::model::BALANCE;
use super::route::{self, Known};
use super::setting::{count, is, is_off, set, set_or_off};
use super::{attempt_limits, budget, retry, stream};
use crate::router::config::{
    Adapt, AllBenched, Ambiguous, EmptyPolicy, RefusalPolicy, Rescue, RetryAfterPolicy, RetryOrder, Route,
    WrongModel,
};

/// The keys of a policy, behind those of its own that a map has.
macro_rules! keys {
    ($($own:literal),*) => {
        &[
            $($own,)*
            "balance", "deadline", "connect", "headers", "first_token", "idle", "attempt", "min_rate", "stream",
            "retry", "retry_order", "retry_budget", "retry_after", "hedge", "advance_on", "ambiguous", "refusal",
            "soft_refusal", "empty", "never_empty", "wrong_model", "adapt", "regions", "all_benched",
            "max_attempts", "quality_floor", "cache", "rescue", "objective",
        ]
    };
}

pub(in crate::scenario) const ROUTE: Shape = Shape { what: "a route", name: "route", keys: keys!["chain"] };

/// What holds for every route that does not say otherwise: all of a route but its chain.
pub(in crate::scenario) const DEFAULTS: Shape = Shape { what: "`defaults`", name: "defaults", keys: keys![] };

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
pub(in crate::scenario) const RETRY_ORDER: [(&str, RetryOrder); 2] =
    [("model_first", RetryOrder::ModelFirst), ("chain_first", RetryOrder::ChainFirst)];
pub(in crate::scenario) const AMBIGUOUS: [(&str, Ambiguous); 2] =
    [("replay", Ambiguous::Replay), ("surface", Ambiguous::Surface)];
pub(in crate::scenario) const WRONG_MODEL: [(&str, WrongModel); 2] =
    [("pass", WrongModel::Pass), ("fail", WrongModel::Fail)];
pub(in crate::scenario) const ADAPT: [(&str, Adapt); 2] =
    [("allow", Adapt::Allow), ("forbid", Adapt::Forbid)];

/// The word that leaves it to the failure classes what leads to the next model.
pub(in crate::scenario) const BY_CLASS: &str = "by_class";

/// How long the cache keeps an answer when a route rescues from it and says nothing else.
const USUAL_CACHE: Duration = Duration::from_secs(600);

/// Sets what is written.
pub(super) fn read(cx: &Cx, fields: &Fields<'_>, known: &Known<'_>, route: &mut Route) {
    let get = |key: &str| fields.get(key);
    set(&mut route.balance, get("balance").and_then(|node| cx.word(node, &BALANCE)));
    set(&mut route.deadline, get("deadline").and_then(|node| cx.some_time(node)));
    attempt_limits::read(cx, fields, &mut route.limits);
    if let Some(node) = get("stream") {
        stream::read(cx, node, &mut route.stream);
    }
    effort(cx, fields, route);
    answers(cx, fields, route);
    if let Some(node) = get("regions") {
        route::regions(cx, node, known, &mut route.regions);
    }
    last_resorts(cx, fields, known, route);
}

/// What may be done about failures, and how often.
fn effort(cx: &Cx, fields: &Fields<'_>, route: &mut Route) {
    let get = |key: &str| fields.get(key);
    if let Some(node) = get("retry") {
        retry::read(cx, node, &mut route.retry);
    }
    set(&mut route.retry_order, get("retry_order").and_then(|node| cx.word(node, &RETRY_ORDER)));
    let usual = route.retry_budget;
    set_or_off(&mut route.retry_budget, get("retry_budget"), |node| budget::retries(cx, node, usual));
    set(&mut route.retry_after, get("retry_after").and_then(|node| retry_after(cx, node, route.deadline)));
    match get("hedge") {
        Some(node) if is_off(node) => route.hedge = None,
        Some(node) => budget::hedge(cx, node, &mut route.hedge),
        None => {}
    }
    match get("advance_on") {
        Some(node) if is(node, BY_CLASS) => route.advance_on = None,
        Some(node) => route.advance_on = advance_on(cx, node).or_else(|| route.advance_on.take()),
        None => {}
    }
    set(&mut route.ambiguous, get("ambiguous").and_then(|node| cx.word(node, &AMBIGUOUS)));
    set(&mut route.all_benched, get("all_benched").and_then(|node| cx.word(node, &ALL_BENCHED)));
    set(&mut route.max_attempts, get("max_attempts").and_then(|node| count(cx, node, 1, 1000)));
}

/// What is an answer.
fn answers(cx: &Cx, fields: &Fields<'_>, route: &mut Route) {
    let get = |key: &str| fields.get(key);
    let truth = |key: &str| fields.get(key).and_then(|node| cx.truth(node));
    set(&mut route.refusal, get("refusal").and_then(|node| cx.word(node, &REFUSAL)));
    set(&mut route.soft_refusal, truth("soft_refusal"));
    set(&mut route.empty, get("empty").and_then(|node| cx.word(node, &EMPTY)));
    set(&mut route.never_empty, truth("never_empty"));
    if route.never_empty && route.empty == EmptyPolicy::Answer {
        if get("empty").is_some() && get("never_empty").is_some() {
            fields.conflict(cx, "never_empty", "empty");
        }
        // What is never given is no answer.
        route.empty = EmptyPolicy::Failure;
    }
    set(&mut route.wrong_model, get("wrong_model").and_then(|node| cx.word(node, &WRONG_MODEL)));
    set(&mut route.adapt, get("adapt").and_then(|node| cx.word(node, &ADAPT)));
    set(&mut route.quality_floor, get("quality_floor").and_then(|node| cx.number_in(node, 0.0, 1.0)));
}

/// `[429, 503, 5xx]`: statuses, or hundreds of them; none at all if the list is empty.
fn advance_on(cx: &Cx, node: &Node) -> Option<Vec<u16>> {
    let Value::List(items) = &node.value else {
        cx.expected("a list of statuses or `by_class`", node);
        return None;
    };
    let mut statuses = Vec::new();
    for item in items {
        match cx.scalar(item, "a status (`503`, `5xx`)") {
            Some("4xx") => statuses.extend(400..=499),
            Some("5xx") => statuses.extend(500..=599),
            Some(_) => {
                statuses.extend(cx.whole_in(item, 400, 599).and_then(|status| u16::try_from(status).ok()));
            }
            None => {}
        }
    }
    statuses.sort_unstable();
    statuses.dedup();
    Some(statuses)
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

/// What is left when the chain is exhausted. A cache that keeps answers for no time at all keeps none.
fn last_resorts(cx: &Cx, fields: &Fields<'_>, known: &Known<'_>, route: &mut Route) {
    if let Some(node) = fields.get("rescue") {
        if is_off(node) {
            route.rescue = Vec::new();
        } else {
            let items = cx.list(node, "`rescue`").iter();
            route.rescue = items.filter_map(|item| rescue(cx, item, known)).collect();
        }
    }
    let cache = fields.get("cache");
    set_or_off(&mut route.cache, cache, |node| cx.duration(node));
    if cache.is_none() && route.rescue.contains(&Rescue::Cache) {
        route.cache.get_or_insert(USUAL_CACHE);
    }
    route.cache = route.cache.filter(|kept| !kept.is_zero());
}

fn rescue(cx: &Cx, node: &Node, known: &Known<'_>) -> Option<Rescue> {
    if matches!(node.value, Value::Scalar { .. }) {
        return cx.word(node, &[("cache", ())]).map(|()| Rescue::Cache);
    }
    let fields = cx.fields(node, &RESCUE);
    match fields.one_of(cx, &["fixed", "model"])? {
        ("model", name) => route::model(cx, name, known.names).map(Rescue::Model),
        (_, text) => {
            let text = cx.text(text)?;
            if text.trim().is_empty() {
                cx.report(Diagnostic::new(Code::EMPTY_VALUE, "a fixed reply needs words").at(&node.span));
            }
            Some(Rescue::Fixed(text))
        }
    }
}
