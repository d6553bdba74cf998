//! Mock providers.

use std::time::Duration;

use indexmap::IndexMap;
use mock_providers::dialect::Dialect;
use mock_providers::latency::Dist;
use mock_providers::limit::Limit;
use mock_providers::provider::Spec;

use super::super::cx::{Cx, Shape};
use super::super::yaml::Node;
use super::{dist, limit};

pub(in crate::scenario) const PROVIDER: Shape = Shape {
    what: "a provider",
    name: "provider",
    keys: &[
        "dialect",
        "latency",
        "output",
        "chunk",
        "keys",
        "models",
        "keep_alive",
        "tls",
        "http",
        "limits",
        "quota",
        "capacity",
    ],
};

/// Quotas that several providers share, by name.
pub(super) type Quotas = IndexMap<String, Vec<Limit>>;

/// Wire formats, by name.
pub(in crate::scenario) fn dialects() -> [(&'static str, Dialect); 11] {
    Dialect::ALL.map(|dialect| (dialect.name(), dialect))
}

/// All providers, still without faults.
pub(super) fn read(cx: &Cx, node: &Node, quotas: &Quotas) -> IndexMap<String, Spec> {
    let entries = cx.named(node, "`providers`");
    entries.into_iter().map(|(name, node)| (name.value.clone(), spec(cx, name.value, node, quotas))).collect()
}

fn spec(cx: &Cx, name: String, node: &Node, quotas: &Quotas) -> Spec {
    let fields = cx.fields(node, &PROVIDER);
    let dialect = fields.require(cx, "dialect", "openai").and_then(|node| cx.word(node, &dialects()));
    Spec {
        name,
        dialect: dialect.unwrap_or(Dialect::Openai),
        latency: fields
            .get("latency")
            .map_or_else(|| dist::class(dist::CLASSES[1].1), |node| dist::latency(cx, node)),
        output: fields.get("output").and_then(|node| dist::counts(cx, node)).unwrap_or(usual_output()),
        chunk: fields.get("chunk").and_then(|node| dist::counts(cx, node)),
        keys: texts(cx, fields.get("keys"), "`keys`"),
        models: texts(cx, fields.get("models"), "`models`"),
        keep_alive: fields
            .get("keep_alive")
            .and_then(|node| cx.some_time(node))
            .unwrap_or(Duration::from_secs(60)),
        limits: limit::of_provider(cx, &fields, dialect.unwrap_or(Dialect::Openai), quotas),
        capacity: fields.get("capacity").and_then(|node| limit::capacity(cx, node)),
        tls: fields.get("tls").and_then(|node| cx.truth(node)).unwrap_or(false),
        http2: fields.get("http").and_then(|node| cx.whole_in(node, 1, 2)) == Some(2),
        faults: Vec::new(),
    }
}

/// Reply lengths of the recorded conversations: median 129, p99 601.
fn usual_output() -> Dist {
    let mu = libm::log(129.0);
    Dist::LogNormal { mu, sigma: (libm::log(601.0) - mu) / 2.326_347_874_040_840_8 }
}

fn texts(cx: &Cx, node: Option<&Node>, what: &str) -> Vec<String> {
    node.map_or_else(Vec::new, |node| cx.list(node, what).iter().filter_map(|item| cx.text(item)).collect())
}
