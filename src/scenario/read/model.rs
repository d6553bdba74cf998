//! Models: where they are deployed, what they cost, what they can do, and what holds for them alone.

use super::super::code::Code;
use super::super::cx::{At, Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::names::Names;
use super::setting::{count, set, useless_key};
use super::{attempt_limits, breaker, can, retry};
use crate::router::config::{
    Balance, BreakerPolicy, Deployment, Embedding, LimitsOverride, Model, Price, RetryPolicy,
};

pub(in crate::scenario) const MODEL: Shape = Shape {
    what: "a model",
    name: "model",
    keys: &[
        "provider",
        "upstream",
        "deployments",
        "balance",
        "price",
        "quality",
        "context",
        "can",
        "limits",
        "retry",
        "breaker",
        "embedding",
    ],
};

pub(in crate::scenario) const DEPLOYMENT: Shape =
    Shape { what: "a deployment", name: "deployment", keys: &["provider", "upstream", "weight"] };

pub(in crate::scenario) const PRICE: Shape =
    Shape { what: "a price", name: "price", keys: &["input", "output"] };

pub(in crate::scenario) const EMBEDDING: Shape =
    Shape { what: "an embedding", name: "embedding", keys: &["space", "dimensions"] };

pub(in crate::scenario) const BALANCE: [(&str, Balance); 4] = [
    ("priority", Balance::Priority),
    ("weighted", Balance::Weighted),
    ("least_in_flight", Balance::LeastInFlight),
    ("latency", Balance::Latency),
];

/// Weights are small numbers; sums of them must not overflow.
pub(super) const MOST_WEIGHT: u32 = 1_000_000;

/// Names of last resorts, which no model may take.
const RESERVED: [&str; 2] = ["cache", "fixed"];

/// What holds for a model that says nothing else.
pub(super) struct Usual<'a> {
    pub(super) breaker: BreakerPolicy,
    pub(super) retry: &'a RetryPolicy,
}

/// A model.
pub(super) fn read(cx: &Cx, name: &At<String>, node: &Node, names: &Names, usual: &Usual<'_>) -> Model {
    if RESERVED.contains(&name.value.as_str()) {
        let message = format!("`{}` is the name of a last resort", name.value);
        let problem = Diagnostic::new(Code::NAME_COLLISION, message).at(&name.span);
        cx.report(problem.help("give the model another name"));
    }
    let fields = cx.fields(node, &MODEL);
    let get = |key: &str| fields.get(key);
    let upstream = get("upstream").and_then(|node| cx.text(node)).unwrap_or_else(|| name.value.clone());
    let mut model = Model::new(name.value.clone(), 0, upstream);
    deployments(cx, &fields, names, &mut model);
    set(&mut model.balance, get("balance").and_then(|node| cx.word(node, &BALANCE)));
    model.price = get("price").and_then(|node| price(cx, node));
    model.quality = get("quality").and_then(|node| cx.number_in(node, 0.0, 1.0));
    model.context = get("context").and_then(|node| cx.whole_in(node, 1, 1_000_000_000));
    model.can = get("can").map(|node| can::read(cx, node)).unwrap_or_default();
    model.limits = get("limits").map(|node| limits(cx, node)).unwrap_or_default();
    model.breaker = get("breaker").map_or(usual.breaker, |node| breaker::read(cx, node, usual.breaker));
    model.retry = get("retry").map(|node| retry::read_own(cx, node, usual.retry)).unwrap_or_default();
    model.embedding = get("embedding").and_then(|node| embedding(cx, node));
    model
}

/// Where it is: at one `provider`, or in several `deployments`.
fn deployments(cx: &Cx, fields: &Fields<'_>, names: &Names, model: &mut Model) {
    let place = match fields.get("deployments") {
        Some(_) => fields.one_of(cx, &["provider", "deployments"]),
        None => fields.require(cx, "provider", "NAME").map(|node| ("provider", node)),
    };
    match place {
        Some(("deployments", node)) => {
            let usual = model.deployments[0].upstream.clone();
            let mut found: Vec<Deployment> = Vec::new();
            for item in cx.list(node, "`deployments`") {
                let Some(deployment) = deployment(cx, item, names, &usual) else { continue };
                let twin = |known: &Deployment| {
                    known.provider == deployment.provider && known.upstream == deployment.upstream
                };
                if found.iter().any(twin) {
                    let message = "this deployment is in the list already";
                    let problem = Diagnostic::new(Code::DUPLICATE_NAME, message).at(&item.span);
                    cx.report(problem.help("give it another `upstream`, or a `weight`"));
                } else {
                    found.push(deployment);
                }
            }
            check_weights(cx, node, found.iter().map(|deployment| deployment.weight));
            if !found.is_empty() {
                model.deployments = found;
            }
        }
        Some((_, node)) => {
            model.deployments[0].provider =
                cx.name(node).and_then(|name| provider(cx, &name, names)).unwrap_or(0);
        }
        None => {}
    }
}

/// A provider's name, or a map.
fn deployment(cx: &Cx, node: &Node, names: &Names, usual: &str) -> Option<Deployment> {
    if let Value::Scalar { .. } = node.value {
        let provider = provider(cx, &cx.name(node)?, names)?;
        return Some(Deployment { provider, upstream: usual.to_owned(), weight: 1 });
    }
    let fields = cx.fields(node, &DEPLOYMENT);
    let name = fields.require(cx, "provider", "NAME").and_then(|node| cx.name(node));
    let upstream = fields.get("upstream").and_then(|node| cx.text(node));
    let weight = fields.get("weight").and_then(|node| count(cx, node, 0, MOST_WEIGHT));
    Some(Deployment {
        provider: provider(cx, &name?, names)?,
        upstream: upstream.unwrap_or_else(|| usual.to_owned()),
        weight: weight.unwrap_or(1),
    })
}

fn provider(cx: &Cx, name: &At<String>, names: &Names) -> Option<usize> {
    let found = names.provider(&name.value);
    if found.is_none() {
        cx.report(unknown_name("provider", name, names.providers()));
    }
    found
}

/// Weights say how traffic is shared; if all are zero there is none to share.
pub(super) fn check_weights(cx: &Cx, node: &Node, mut weights: impl Iterator<Item = u32>) {
    let first = weights.next();
    if first == Some(0) && weights.all(|weight| weight == 0) {
        let problem = Diagnostic::new(Code::OUT_OF_RANGE, "every weight is zero").at(&node.span);
        cx.report(problem.help("give one of them a weight of 1 at least"));
    }
}

/// USD per million tokens -> picodollars a token.
fn price(cx: &Cx, node: &Node) -> Option<Price> {
    let fields = cx.fields(node, &PRICE);
    let part = |key: &str| {
        let usd = cx.number_in(fields.require(cx, key, "3.00")?, 0.0, 100_000.0)?;
        Some((usd * 1e6).round() as u64)
    };
    let (input, output) = (part("input"), part("output"));
    Some(Price { input: input?, output: output? })
}

/// Limits that stand over those of its routes.
fn limits(cx: &Cx, node: &Node) -> LimitsOverride {
    let fields = cx.fields(node, &attempt_limits::LIMITS);
    let time = |key: &str| fields.get(key).and_then(|node| cx.some_time(node));
    LimitsOverride {
        connect: time("connect"),
        headers: time("headers"),
        first_token: time("first_token"),
        idle: time("idle"),
        attempt: time("attempt"),
        min_rate: fields.get("min_rate").and_then(|node| attempt_limits::min_rate(cx, node, None)),
    }
}

/// The space its vectors live in, or a map.
fn embedding(cx: &Cx, node: &Node) -> Option<Embedding> {
    if let Value::Scalar { .. } = node.value {
        return Some(Embedding { space: cx.text(node)?, dimensions: None });
    }
    let fields = cx.fields(node, &EMBEDDING);
    let space = fields.require(cx, "space", "text-embedding-3").and_then(|node| cx.text(node));
    let dimensions = fields.get("dimensions").and_then(|node| cx.whole_in(node, 1, 1_000_000));
    Some(Embedding { space: space?, dimensions })
}

/// Settings of a model that nothing can come of: how its targets are balanced when it has one.
pub(super) fn warn(cx: &Cx, node: &Node, model: &Model, targets: usize) {
    let fields = Cx::default().fields(node, &MODEL);
    if targets < 2 && model.balance != Balance::Priority {
        let why = "has nothing to choose from: one deployment, with one key";
        useless_key(cx, &fields, "balance", why, "add a deployment, or a key to the provider");
    }
    let weighs = model.balance != Balance::Priority;
    for item in
        fields.get("deployments").map(|node| Cx::default().list(node, "").iter()).into_iter().flatten()
    {
        if !weighs {
            let fields = Cx::default().fields(item, &DEPLOYMENT);
            let why = "says nothing unless the model balances by it";
            useless_key(cx, &fields, "weight", why, "add `balance: weighted` to the model");
        }
    }
}
