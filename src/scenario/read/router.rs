//! The router: models and routes. Where its providers are is not said here: a scenario has mocks, `brownout serve` has
//! the vendors' own.

use indexmap::IndexMap;

use super::super::Objectives;
use super::super::cx::{Cx, Fields, Shape};
use super::super::yaml::Node;
use super::names::Names;
use super::route::Known;
use super::setting::set;
use super::upstream::Secrets;
use super::{breaker, callers, model, route, tenant, upstream, waste};
use crate::router::config::{BreakerPolicy, CacheLimits, Config, Model, Provider, RetryPolicy, Secret};

pub(in crate::scenario) const ROUTER: Shape = Shape {
    what: "the router",
    name: "router",
    keys: &["models", "routes", "defaults", "breaker", "providers", "tenants", "callers", "intake", "cache"],
};

pub(in crate::scenario) const CACHE: Shape =
    Shape { what: "the cache", name: "cache_limits", keys: &["entries", "bytes"] };

/// What stands for a router that is not there, in a message.
pub(super) const EXAMPLE: &str = "{ models: …, routes: … }";

/// The router over `providers` (those of `names`, in their order), and what its routes promise. Secrets in it are
/// read as they stand.
pub(super) fn read(
    cx: &Cx,
    node: &Node,
    names: &Names,
    providers: IndexMap<String, Provider>,
) -> (Config, IndexMap<String, Objectives>) {
    read_with(cx, node, names, providers, &|node| cx.text(node).map(Secret::new))
}

/// The same, where `secrets` knows how secrets are written.
pub(super) fn read_with(
    cx: &Cx,
    node: &Node,
    names: &Names,
    mut providers: IndexMap<String, Provider>,
    secrets: Secrets<'_>,
) -> (Config, IndexMap<String, Objectives>) {
    let fields = cx.fields(node, &ROUTER);
    if let Some(node) = fields.get("providers") {
        upstream::read_all(cx, node, &mut providers, secrets);
    }
    let regions = providers.values().filter_map(|provider| provider.region.clone()).collect();
    let known = Known { names, regions };
    let defaults = route::defaults(cx, &fields, &known);
    let models = models(cx, &fields, names, &defaults.route.retry);
    let (routes, objectives) = route::read_all(cx, &fields, &known, &defaults);
    // A model whose provider could not be read has been complained about; its index points nowhere.
    let models = if providers.is_empty() { IndexMap::new() } else { models };
    let mut config = Config::new(providers, models, routes);
    if let Some(node) = fields.get("tenants") {
        config.tenants = tenant::read_all(cx, node, &known, secrets);
    }
    if let Some(node) = fields.get("callers") {
        config.callers = callers::policy(cx, node);
    }
    if let Some(node) = fields.get("intake") {
        config.intake = callers::intake(cx, node);
    }
    if let Some(node) = fields.get("cache") {
        config.cache = cache(cx, node);
    }
    if !cx.has_errors() {
        waste::warn(cx, &fields, &config);
    }
    (config, objectives)
}

/// Checks a router whose providers are nobody's yet: they are whatever its models name, and understand everything.
pub(super) fn alone(cx: &Cx, node: &Node) {
    let names = Names::of_router(node);
    let provider = |name: &str| {
        let provider = Provider::new(crate::dialect::Dialect::Openai, format!("http://{name}"));
        (name.to_owned(), provider.with_key(Secret::new(format!("key-of-{name}"))))
    };
    let providers = names.providers().map(provider).collect();
    read(cx, node, &names, providers);
}

fn cache(cx: &Cx, node: &Node) -> CacheLimits {
    let fields = cx.fields(node, &CACHE);
    let mut limits = CacheLimits::default();
    let size = |key: &str| {
        let number = fields.get(key).and_then(|node| cx.whole_in(node, 0, 1 << 40));
        number.and_then(|number| usize::try_from(number).ok())
    };
    set(&mut limits.entries, size("entries"));
    set(&mut limits.bytes, size("bytes"));
    limits
}

fn models(cx: &Cx, fields: &Fields<'_>, names: &Names, retry: &RetryPolicy) -> IndexMap<String, Model> {
    let usual = BreakerPolicy::default();
    let breaker = fields.get("breaker").map_or(usual, |node| breaker::read(cx, node, usual));
    let usual = model::Usual { breaker, retry };
    let Some(node) = fields.require(cx, "models", "{ gpt: { provider: openai, upstream: gpt-4o } }") else {
        return IndexMap::new();
    };
    let entries = cx.named(node, "`models`").into_iter();
    entries.map(|(name, node)| (name.value.clone(), model::read(cx, &name, node, names, &usual))).collect()
}

/// Stands for a router that is not there, so that the rest of the file is read all the same.
pub(super) fn none() -> (Config, IndexMap<String, Objectives>) {
    (Config::new(IndexMap::new(), IndexMap::new(), IndexMap::new()), IndexMap::new())
}
