//! What providers without a router read: a file of which only the providers count, and single faults.

use indexmap::IndexMap;
use mock_providers::dialect::Dialect;
use mock_providers::fault::Fault;
use mock_providers::provider::Spec;

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::mock::{Mock, Posted};
use super::super::yaml::{Node, Value};
use super::names::Names;
use super::rule::{self, Faults};
use super::{SCENARIO, check_version, entry, fault, limit, provider, seed, starts};

/// A fault that is added to providers at work: an entry of `faults` without windows, but with a time to live.
const POSTED: Shape = Shape {
    what: "a fault",
    name: "posted_fault",
    keys: &["on", "name", "inject", "probability", "first", "skip", "per", "when", "ttl", "namespace"],
};

/// Providers and faults of a scenario, or of a file that holds nothing else.
pub(in crate::scenario) fn file(cx: &Cx, root: &Node) -> Mock {
    let fields = cx.fields(root, &SCENARIO);
    check_version(cx, &fields);
    let names = Names::gather(root).opened();
    let quotas = fields.get("quotas").map(|node| limit::quotas(cx, node)).unwrap_or_default();
    let mut providers = fields
        .require(cx, "providers", "{ openai: { dialect: openai } }")
        .map(|node| provider::read(cx, node, &quotas))
        .unwrap_or_default();
    let mut faults = Faults::new(cx, &names, &mut providers, None);
    if let Some(node) = fields.get("faults") {
        faults.read(node);
    }
    let starts_us = fields.get("starts").and_then(|node| starts(cx, node));
    Mock { seed: seed(cx, &fields), starts_us, providers }
}

/// Providers by name.
pub(in crate::scenario) fn providers(cx: &Cx, root: &Node) -> IndexMap<String, Spec> {
    provider::read(cx, root, &IndexMap::new())
}

/// `cut: { after: 3 }`, or a whole entry of `faults`, on every provider unless it says otherwise.
pub(in crate::scenario) fn inject(cx: &Cx, root: &Node, providers: &mut IndexMap<String, Spec>) {
    let wrapped;
    let root = if entry(root, "inject").is_some() {
        root
    } else {
        let key =
            Node { span: root.span.clone(), value: Value::Scalar { text: "inject".into(), plain: true } };
        wrapped = Node { span: root.span.clone(), value: Value::Map(vec![(key, root.clone())]) };
        &wrapped
    };
    add(cx, &cx.fields(root, &rule::FAULT), providers);
}

/// What a request asks for.
pub(in crate::scenario) fn asked(cx: &Cx, root: &Node, dialect: Dialect) -> Option<Fault> {
    let (word, fault) = fault::read(cx, root, dialect)?;
    if fault.on_connection() {
        let message = format!("`{word}` acts on connections, before any request is seen");
        let help = "ask for `reset` or `hang`, or inject it from outside";
        cx.report(Diagnostic::new(Code::CONNECTION_FAULT, message).at(&root.span).help(help));
    }
    Some(fault)
}

/// A fault for providers at work; the names of the rules they have are taken.
pub(in crate::scenario) fn posted(cx: &Cx, root: &Node, mut providers: IndexMap<String, Spec>) -> Posted {
    let fields = cx.fields(root, &POSTED);
    let had: Vec<usize> = providers.values().map(|spec| spec.faults.len()).collect();
    add(cx, &fields, &mut providers);
    let new = |(spec, had): (Spec, usize)| {
        spec.faults.into_iter().skip(had).map(move |rule| (spec.name.clone(), rule))
    };
    Posted {
        rules: providers.into_values().zip(had).flat_map(new).collect(),
        ttl: fields.get("ttl").and_then(|node| cx.some_time(node)),
        namespace: fields.get("namespace").and_then(|node| namespace(cx, node)),
    }
}

/// Adds a fault after the rules that are there, whose names are taken.
fn add(cx: &Cx, fields: &Fields<'_>, providers: &mut IndexMap<String, Spec>) {
    let names = Names::providers_only(providers.keys().cloned()).opened();
    let taken: Vec<(String, String)> = providers
        .values()
        .flat_map(|spec| spec.faults.iter().map(|rule| (spec.name.clone(), rule.name.clone())))
        .collect();
    let mut faults = Faults::new(cx, &names, providers, None);
    faults.reserve(taken);
    faults.anywhere(fields);
}

fn namespace(cx: &Cx, node: &Node) -> Option<String> {
    let name = cx.name(node)?;
    if !mock_providers::provider::is_namespace(&name.value) {
        let message = format!("`{}` cannot be a namespace", name.value);
        let help = "use up to 64 letters, digits, `-` and `_`";
        cx.report(Diagnostic::new(Code::BAD_NAME, message).at(&name.span).help(help));
    }
    Some(name.value)
}
