//! The whole tree -> the plan of a run. Names are gathered first, then every part is read on its own, so that one
//! mistake is one problem.

mod attempt_limits;
mod breaker;
mod budget;
mod callers;
mod can;
mod dist;
mod endpoint;
mod expand;
mod expect;
mod fault;
mod json;
mod limit;
pub(super) mod load;
pub(super) mod mock;
mod model;
mod names;
mod phase;
mod policy;
mod preset;
mod provider;
mod replay;
mod request;
mod retry;
mod route;
mod router;
mod rule;
pub(super) mod serve;
mod setting;
mod shape;
pub(super) mod shapes;
mod stream;
mod tenant;
mod trace;
mod upstream;
mod waste;
pub(super) mod words;

use std::path::Path;
use std::time::Duration;

use super::code::Code;
use super::cx::{Cx, Fields, Shape};
use super::diagnostic::Diagnostic;
use super::units::Wrong;
use super::yaml::{Node, Value};
use super::{Arrivals, Scenario, Source};
use crate::router::config::{Config, Rescue};
use crate::world::Moment;
pub use fault::{FaultWord, catalogue};
use names::Names;
pub use preset::presets;

pub(in crate::scenario) const SCENARIO: Shape = Shape {
    what: "a scenario",
    name: "scenario",
    keys: &[
        "version",
        "name",
        "about",
        "seed",
        "starts",
        "network",
        "warmup",
        "quotas",
        "providers",
        "router",
        "load",
        "requests",
        "faults",
        "expect",
        "abort_on",
    ],
};

pub(in crate::scenario) const NETWORK: Shape =
    Shape { what: "the network", name: "network", keys: &["round_trip"] };

/// The version of the language that this program reads.
pub(in crate::scenario) const VERSION: u64 = 1;

/// 2026-01-01T00:00:00Z.
const USUAL_START_US: i64 = 1_767_225_600_000_000;

/// Reads a scenario; it may only be used if nothing but warnings was reported.
pub(super) fn scenario(cx: &Cx, root: &Node, path: &Path) -> Scenario {
    let fields = cx.fields(root, &SCENARIO);
    check_version(cx, &fields);
    let names = Names::gather(root);
    let duration = |fields: &Fields<'_>, key: &str| fields.get(key).and_then(|node| cx.duration(node));
    let quotas = fields.get("quotas").map(|node| limit::quotas(cx, node)).unwrap_or_default();
    let mut providers = fields
        .require(cx, "providers", "{ openai: { dialect: openai } }")
        .map(|node| provider::read(cx, node, &quotas))
        .unwrap_or_default();
    let (router, objectives) = fields
        .require(cx, "router", router::EXAMPLE)
        .map_or_else(router::none, |node| router::read(cx, node, &names, endpoint::of_mocks(&providers)));
    let (load, scripted) = sources(cx, &fields, &names, &router, path);
    let warmup = duration(&fields, "warmup").unwrap_or_default();
    let seed = seed(cx, &fields);
    let starts_us = fields.get("starts").and_then(|node| starts(cx, node)).unwrap_or(USUAL_START_US);
    let faults = rule::Faults::new(cx, &names, &mut providers, over(&load, &router));
    let mut faults = faults.of_file(seed, starts_us, path);
    if let Some(node) = fields.get("faults") {
        faults.read(node);
    }
    let (planned, armed) = (faults.planned, faults.armed);
    warn_of_early_faults(cx, &fields, &armed, warmup);
    let phases = phase::phases(armed, warmup);
    let known = expect::known(&names, &phases);
    let expect = fields.get("expect").map(|node| expect::read(cx, node, &known)).unwrap_or_default();
    let abort_on =
        fields.get("abort_on").map(|node| expect::read_stops(cx, node, &known)).unwrap_or_default();
    if !cx.has_errors() {
        warn_of_unused(cx, &fields, &router, &load);
    }
    Scenario {
        name: name(cx, &fields, path),
        about: fields.get("about").and_then(|node| cx.text(node)),
        path: path.to_path_buf(),
        seed,
        starts_us,
        round_trip: fields
            .get("network")
            .and_then(|node| duration(&cx.fields(node, &NETWORK), "round_trip"))
            .unwrap_or_default(),
        warmup,
        providers,
        router,
        objectives,
        load,
        phases,
        faults: planned,
        expect,
        abort_on,
        scripted,
    }
}

/// The router in a file, whatever else it has: at its key `router`, or the file itself. Checked, and found wanting if there is
/// none.
pub(super) fn router_alone<'n>(cx: &Cx, root: &'n Node) -> Option<&'n Node> {
    let Value::Map(entries) = &root.value else {
        cx.expected("a map that has a router", root);
        return None;
    };
    let find = |name: &str| {
        let is_it = |key: &Node| matches!(&key.value, Value::Scalar { text, .. } if text == name);
        entries.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value)
    };
    let node = find("router").or_else(|| find("models").or_else(|| find("routes")).map(|_| root));
    match node {
        Some(node) => router::alone(cx, node),
        None => cx.report(
            Diagnostic::new(Code::MISSING_KEY, "the file has no router")
                .at(&root.span)
                .label("expected `router`, or `models` and `routes`")
                .help(format!("add `router: {}`, or give another file", router::EXAMPLE)),
        ),
    }
    node
}

/// The entries of `faults`, with what presets and replays stand for in their place.
pub(super) fn expand_faults(cx: &Cx, node: &Node, path: &Path) -> Node {
    let items = cx.list(node, "`faults`").iter();
    let plain = items.flat_map(|item| expand::expand(cx, item, path)).map(std::borrow::Cow::into_owned);
    Node { span: node.span.clone(), value: Value::List(plain.collect()) }
}

fn check_version(cx: &Cx, fields: &Fields<'_>) {
    let Some(node) = fields.get("version") else { return };
    if let Some(version) = cx.whole_in(node, 0, u64::MAX)
        && version != VERSION
    {
        let message = format!("version {version} of the language is not known to this program");
        cx.report(
            Diagnostic::new(Code::UNSUPPORTED_VERSION, message)
                .at(&node.span)
                .label(format!("expected {VERSION}")),
        );
    }
}

/// As written, or the file's stem.
fn name(cx: &Cx, fields: &Fields<'_>, path: &Path) -> String {
    let stem =
        || path.file_stem().map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let Some(node) = fields.get("name") else { return stem() };
    let name = cx.text(node).unwrap_or_else(stem);
    if name.trim().is_empty() || name.chars().any(char::is_control) || name.len() > 200 {
        cx.report(Diagnostic::new(Code::BAD_NAME, "a scenario's name is one line of text").at(&node.span));
    }
    name
}

fn seed(cx: &Cx, fields: &Fields<'_>) -> u64 {
    fields.get("seed").and_then(|node| cx.whole_in(node, 0, u64::MAX)).unwrap_or(0)
}

fn starts(cx: &Cx, node: &Node) -> Option<i64> {
    let text = cx.scalar(node, "a point in time")?;
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => Some(time.as_microsecond()),
        Err(_) => {
            let wrong = Wrong::new(Code::BAD_TIME, format!("`{text}` is not a point in time"));
            cx.wrong(wrong.help("write it like `2026-05-21T13:58:00Z`"), &node.span);
            None
        }
    }
}

fn sources(
    cx: &Cx,
    fields: &Fields<'_>,
    names: &Names,
    router: &Config,
    path: &Path,
) -> (Vec<Source>, Vec<crate::history::ScriptedExpectation>) {
    let mut sources = fields.get("load").map(|node| load::read(cx, node, names, path)).unwrap_or_default();
    let listed = fields.get("requests").and_then(|node| request::read(cx, node, names, router));
    if fields.get("load").is_none() && fields.get("requests").is_none() {
        let problem = Diagnostic::new(Code::NOTHING_SENT, "nothing would be sent").at(&(0..0));
        cx.report(problem.help("add `load` (traffic) or `requests` (one by one)"));
    }
    let (source, scripted) = listed.unzip();
    sources.extend(source);
    (sources, scripted.unwrap_or_default())
}

/// When the last request is certainly over, if that is known.
fn over(load: &[Source], router: &Config) -> Option<Moment> {
    let mut over = None;
    for source in load {
        let routes: Vec<&str> = match &source.arrivals {
            Arrivals::List(list) => list.iter().map(|request| request.route.as_str()).collect(),
            _ => vec![&source.route],
        };
        let deadline =
            routes.iter().filter_map(|route| router.routes.get(*route)).map(|route| route.deadline).max();
        let sent = load::end(&source.arrivals)?.since(Moment::ZERO);
        over = over.max(Some(load::moment(sent.saturating_add(deadline.unwrap_or_default()))));
    }
    over
}

fn warn_of_early_faults(cx: &Cx, fields: &Fields<'_>, armed: &[phase::Armed], warmup: Duration) {
    let Some(span) = fields.key("warmup") else { return };
    if armed.iter().any(|armed| armed.window.from < load::moment(warmup)) {
        let problem =
            Diagnostic::new(Code::FAULT_IN_WARMUP, "a fault begins before the warm-up is over").at(span);
        cx.report(problem.help("without a healthy baseline most figures cannot be judged"));
    }
}

/// Models and routes that nothing leads to are hardly meant.
fn warn_of_unused(cx: &Cx, fields: &Fields<'_>, router: &Config, load: &[Source]) {
    let chains = router.routes.values().flat_map(|route| {
        let rescue = route.rescue.iter().filter_map(|rescue| match rescue {
            Rescue::Model(model) => Some(*model),
            _ => None,
        });
        route.chain.iter().copied().chain(rescue)
    });
    let used: std::collections::BTreeSet<usize> = chains.collect();
    let addressed = |route: &str| {
        load.iter().any(|source| match &source.arrivals {
            Arrivals::List(list) => list.iter().any(|request| request.route == route),
            _ => source.route == route,
        })
    };
    let router_node = fields.get("router");
    let models = router.models.keys().enumerate().filter(|(index, _)| !used.contains(index));
    for (_, name) in models {
        unused(cx, group(router_node, "models"), name, "is in no chain");
    }
    let idle = |index: &usize| router.targets().iter().all(|target| target.provider != *index);
    for (_, name) in router.providers.keys().enumerate().filter(|(index, _)| idle(index)) {
        unused(cx, fields.get("providers"), name, "has no model");
    }
    for name in router.routes.keys().filter(|name| !addressed(name)) {
        unused(cx, group(router_node, "routes"), name, "is addressed by no request");
    }
}

/// The value of `key` in a map.
fn group<'n>(node: Option<&'n Node>, key: &str) -> Option<&'n Node> {
    entry(node?, key).map(|(_, value)| value)
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<(&'n Node, &'n Node)> {
    let Value::Map(map) = &node.value else { return None };
    let is_it = |known: &Node| matches!(&known.value, Value::Scalar { text, .. } if text == key);
    map.iter().find(|(known, _)| is_it(known)).map(|(known, value)| (known, value))
}

fn unused(cx: &Cx, group: Option<&Node>, name: &str, why: &str) {
    if let Some((known, _)) = group.and_then(|group| entry(group, name)) {
        cx.report(Diagnostic::new(Code::UNUSED, format!("`{name}` {why}")).at(&known.span));
    }
}
