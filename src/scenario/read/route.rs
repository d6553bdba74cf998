//! Routes: a chain of models and the policy for walking it.

use indexmap::IndexMap;

use super::super::Objectives;
use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::model::{MOST_WEIGHT, check_weights};
use super::names::Names;
use super::policy::{self, DEFAULTS, ROUTE};
use super::setting::{count, is, share};
use crate::router::config::{ModelIx, Route};

pub(in crate::scenario) const LINK: Shape =
    Shape { what: "a model of a chain", name: "chain_item", keys: &["model", "weight"] };

pub(in crate::scenario) const OBJECTIVE: Shape =
    Shape { what: "an objective", name: "objective", keys: &["first_token", "total", "availability"] };

/// The word for every region, those that no provider names included.
pub(in crate::scenario) const ANY: &str = "any";

/// What routes and tenants may name.
pub(super) struct Known<'a> {
    pub(super) names: &'a Names,
    /// Regions that providers are in.
    pub(super) regions: Vec<String>,
}

/// What holds for every route that does not say otherwise.
pub(super) struct Defaults {
    pub(super) route: Route,
    promise: Objectives,
}

/// Reads `defaults`.
pub(super) fn defaults(cx: &Cx, router: &Fields<'_>, known: &Known<'_>) -> Defaults {
    let mut usual = Defaults { route: Route::new(String::new(), Vec::new()), promise: Objectives::default() };
    if let Some(node) = router.get("defaults") {
        let fields = cx.fields(node, &DEFAULTS);
        policy::read(cx, &fields, known, &mut usual.route);
        objectives(cx, &fields, &mut usual.promise);
    }
    usual
}

/// All routes, and what they promise.
pub(super) fn read_all(
    cx: &Cx,
    router: &Fields<'_>,
    known: &Known<'_>,
    usual: &Defaults,
) -> (IndexMap<String, Route>, IndexMap<String, Objectives>) {
    let (mut routes, mut promises) = (IndexMap::new(), IndexMap::new());
    let Some(node) = router.require(cx, "routes", "{ chat: { chain: [gpt] } }") else {
        return (routes, promises);
    };
    for (name, node) in cx.named(node, "`routes`") {
        let (mut route, mut promise) = (usual.route.clone(), usual.promise);
        let fields = cx.fields(node, &ROUTE);
        route.name.clone_from(&name.value);
        if let Some(node) = fields.require(cx, "chain", "[gpt]") {
            chain(cx, node, known.names, &mut route);
        }
        policy::read(cx, &fields, known, &mut route);
        objectives(cx, &fields, &mut promise);
        promises.insert(name.value.clone(), promise);
        routes.insert(name.value, route);
    }
    (routes, promises)
}

/// Models, each by its name or with a weight; where no weight is written, none is kept.
fn chain(cx: &Cx, node: &Node, names: &Names, route: &mut Route) {
    let mut weights = Vec::new();
    for item in cx.list(node, "`chain`") {
        let (index, weight) = link(cx, item, names);
        let Some(index) = index else { continue };
        if route.chain.contains(&index) {
            let problem =
                Diagnostic::new(Code::DUPLICATE_NAME, "this model is in the chain already").at(&item.span);
            cx.report(problem.help("to ask a model again, give it `retry`"));
        } else {
            route.chain.push(index);
            weights.push(weight);
        }
    }
    if weights.iter().any(Option::is_some) {
        route.weights = weights.into_iter().map(|weight| weight.unwrap_or(1)).collect();
        check_weights(cx, node, route.weights.iter().copied());
    }
}

fn link(cx: &Cx, node: &Node, names: &Names) -> (Option<ModelIx>, Option<u32>) {
    let Value::Map(_) = node.value else { return (model(cx, node, names), None) };
    let fields = cx.fields(node, &LINK);
    let index = fields.require(cx, "model", "NAME").and_then(|node| model(cx, node, names));
    (index, fields.get("weight").and_then(|node| count(cx, node, 0, MOST_WEIGHT)))
}

/// A model by its name.
pub(super) fn model(cx: &Cx, node: &Node, names: &Names) -> Option<ModelIx> {
    let name = cx.name(node)?;
    let found = names.model(&name.value);
    if found.is_none() {
        cx.report(unknown_name("model", &name, names.models()));
    }
    found
}

/// Regions in which requests may be served: a list, or `any`.
pub(super) fn regions(cx: &Cx, node: &Node, known: &Known<'_>, regions: &mut Option<Vec<String>>) {
    if is(node, ANY) {
        *regions = None;
        return;
    }
    let mut found: Vec<String> = Vec::new();
    for name in cx.list(node, "`regions`").iter().filter_map(|item| cx.name(item)) {
        if !known.regions.contains(&name.value) {
            let problem = unknown_name("region", &name, known.regions.iter().map(String::as_str));
            cx.report(match known.regions.is_empty() {
                true => problem.help(format!("say which provider is in it: `region: {}`", name.value)),
                false => problem,
            });
        } else if found.contains(&name.value) {
            let message = format!("`{}` is in the list already", name.value);
            cx.report(Diagnostic::new(Code::DUPLICATE_NAME, message).at(&name.span));
        } else {
            found.push(name.value);
        }
    }
    *regions = Some(found);
}

/// A share below all: an objective of 100 % leaves no error budget to spend.
fn availability(cx: &Cx, node: &Node) -> Option<f64> {
    let share = share(cx, node)?;
    if share >= 1.0 {
        let problem = Diagnostic::new(Code::OUT_OF_RANGE, "this must be below 100%").at(&node.span);
        cx.report(problem.help("an objective of 100% leaves no error budget: write `99.9%`"));
        return None;
    }
    Some(share)
}

fn objectives(cx: &Cx, fields: &Fields<'_>, promise: &mut Objectives) {
    let Some(node) = fields.get("objective") else { return };
    let fields = cx.fields(node, &OBJECTIVE);
    let time = |key: &str| fields.get(key).and_then(|node| cx.some_time(node));
    promise.first_token = time("first_token").or(promise.first_token);
    promise.total = time("total").or(promise.total);
    let availability = fields.get("availability").and_then(|node| availability(cx, node));
    promise.availability = availability.or(promise.availability);
}
