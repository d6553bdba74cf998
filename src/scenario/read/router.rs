//! The router: models and routes. Where its providers are is not said here: a scenario has mocks, `brownout serve` has
//! the vendors' own.

use std::time::Duration;

use indexmap::IndexMap;

use super::super::Objectives;
use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::names::Names;
use super::route;
use crate::router::config::{BreakerPolicy, Config, Model, Price, Provider};

pub(in crate::scenario) const ROUTER: Shape =
    Shape { what: "the router", name: "router", keys: &["models", "routes", "defaults", "breaker"] };

pub(in crate::scenario) const MODEL: Shape = Shape {
    what: "a model",
    name: "model",
    keys: &["provider", "upstream", "price", "quality", "context", "breaker"],
};

pub(in crate::scenario) const PRICE: Shape =
    Shape { what: "a price", name: "price", keys: &["input", "output"] };

pub(in crate::scenario) const BREAKER: Shape =
    Shape { what: "a breaker", name: "breaker", keys: &["failures", "open", "factor", "open_max"] };

/// What stands for a router that is not there, in a message.
pub(super) const EXAMPLE: &str = "{ models: …, routes: … }";

/// Names of last resorts, which no model may take.
const RESERVED: [&str; 2] = ["cache", "fixed"];

/// The router over `providers` (those of `names`, in their order), and what its routes promise.
pub(super) fn read(
    cx: &Cx,
    node: &Node,
    names: &Names,
    providers: IndexMap<String, Provider>,
) -> (Config, IndexMap<String, Objectives>) {
    let fields = cx.fields(node, &ROUTER);
    let usual = fields
        .get("breaker")
        .map_or_else(BreakerPolicy::default, |node| breaker(cx, node, BreakerPolicy::default()));
    let models =
        fields.require(cx, "models", "{ gpt: { provider: openai, upstream: gpt-4o } }").map(|node| {
            let entries = cx.named(node, "`models`");
            entries
                .into_iter()
                .map(|(name, node)| {
                    if RESERVED.contains(&name.value.as_str()) {
                        let message = format!("`{}` is the name of a last resort", name.value);
                        cx.report(
                            Diagnostic::new(Code::NAME_COLLISION, message)
                                .at(&name.span)
                                .help("give the model another name"),
                        );
                    }
                    (name.value.clone(), model(cx, name.value, node, names, usual))
                })
                .collect()
        });
    let (routes, objectives) = route::read_all(cx, &fields, names);
    let models: IndexMap<String, Model> = models.unwrap_or_default();
    // A model whose provider could not be read has been complained about; its index points nowhere.
    if providers.is_empty() {
        return (Config::new(providers, IndexMap::new(), routes), objectives);
    }
    (Config::new(providers, models, routes), objectives)
}

/// Stands for a router that is not there, so that the rest of the file is read all the same.
pub(super) fn none() -> (Config, IndexMap<String, Objectives>) {
    (Config::new(IndexMap::new(), IndexMap::new(), IndexMap::new()), IndexMap::new())
}

fn model(cx: &Cx, name: String, node: &Node, names: &Names, usual: BreakerPolicy) -> Model {
    let fields = cx.fields(node, &MODEL);
    let provider = fields.require(cx, "provider", "NAME").and_then(|node| cx.name(node));
    let index = provider.and_then(|provider| {
        let found = names.provider(&provider.value);
        if found.is_none() {
            cx.report(unknown_name("provider", &provider, names.providers()));
        }
        found
    });
    let upstream = fields.get("upstream").and_then(|node| cx.text(node)).unwrap_or_else(|| name.clone());
    Model {
        price: fields.get("price").and_then(|node| price(cx, node)),
        quality: fields.get("quality").and_then(|node| cx.number_in(node, 0.0, 1.0)),
        context: fields.get("context").and_then(|node| cx.whole_in(node, 1, 1_000_000_000)),
        breaker: fields.get("breaker").map_or(usual, |node| breaker(cx, node, usual)),
        ..Model::new(name, index.unwrap_or(0), upstream)
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

fn breaker(cx: &Cx, node: &Node, usual: BreakerPolicy) -> BreakerPolicy {
    if matches!(&node.value, Value::Scalar { text, .. } if text == "off") {
        return BreakerPolicy { failures: 0, rate: None, slow: None, ..usual };
    }
    if let Value::Scalar { .. } = node.value {
        cx.expected("a breaker (a map) or `off`", node);
        return usual;
    }
    let fields = cx.fields(node, &BREAKER);
    let time =
        |key: &str, default: Duration| fields.get(key).and_then(|node| cx.some_time(node)).unwrap_or(default);
    let open = time("open", usual.open);
    BreakerPolicy {
        failures: failures(cx, &fields).unwrap_or(usual.failures),
        open,
        factor: fields.get("factor").and_then(|node| cx.factor(node, 1.0)).unwrap_or(usual.factor),
        open_max: time("open_max", usual.open_max.max(open)),
        ..usual
    }
}

fn failures(cx: &Cx, fields: &Fields<'_>) -> Option<u32> {
    let number = cx.whole_in(fields.get("failures")?, 1, 1_000_000)?;
    u32::try_from(number).ok()
}
