//! Tenants: who may call, what for, and for how much.

use std::time::Duration;

use indexmap::IndexMap;

use super::super::code::Code;
use super::super::cx::{Cx, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::route::{self, Known};
use super::setting::is_off;
use super::upstream::Secrets;
use crate::router::config::{ModelIx, Spend, Tenant};

pub(in crate::scenario) const TENANT: Shape =
    Shape { what: "a tenant", name: "tenant", keys: &["key", "models", "regions", "spend"] };

pub(in crate::scenario) const SPEND: Shape =
    Shape { what: "a limit on cost", name: "spend", keys: &["usd", "per"] };

/// The period of a limit that names none.
const USUAL_PERIOD: Duration = Duration::from_secs(24 * 3600);

/// So many dollars are 10^18 picodollars, which 64 bits hold.
const MOST_USD: f64 = 1e6;

/// Tenants by name.
pub(super) fn read_all(
    cx: &Cx,
    node: &Node,
    known: &Known<'_>,
    secrets: Secrets<'_>,
) -> IndexMap<String, Tenant> {
    let mut tenants: IndexMap<String, Tenant> = IndexMap::new();
    for (name, node) in cx.named(node, "`tenants`") {
        let tenant = tenant(cx, &name.value, node, known, secrets);
        let twin = tenant.key.as_ref().and_then(|key| {
            tenants.values().find(|other| other.key.as_ref() == Some(key)).map(|other| other.name.clone())
        });
        if let Some(twin) = twin {
            let message = format!("`{}` has the key of `{twin}`", name.value);
            let problem = Diagnostic::new(Code::DUPLICATE_NAME, message).at(&name.span);
            cx.report(problem.help("a key tells who is calling: give each tenant its own"));
        }
        tenants.insert(name.value, tenant);
    }
    tenants
}

fn tenant(cx: &Cx, name: &str, node: &Node, known: &Known<'_>, secrets: Secrets<'_>) -> Tenant {
    let mut tenant = Tenant { name: name.to_owned(), key: None, models: None, regions: None, spend: None };
    // `free:` alone: a tenant that is merely known.
    if let Value::Null = node.value {
        return tenant;
    }
    let fields = cx.fields(node, &TENANT);
    tenant.key = fields.get("key").and_then(secrets);
    tenant.models = fields.get("models").map(|node| models(cx, node, known));
    if let Some(node) = fields.get("regions") {
        route::regions(cx, node, known, &mut tenant.regions);
    }
    tenant.spend = fields.get("spend").and_then(|node| spend(cx, node));
    tenant
}

fn models(cx: &Cx, node: &Node, known: &Known<'_>) -> Vec<ModelIx> {
    let mut found = Vec::new();
    for item in cx.list(node, "`models`") {
        let Some(index) = route::model(cx, item, known.names) else { continue };
        if found.contains(&index) {
            let problem = Diagnostic::new(Code::DUPLICATE_NAME, "this model is in the list already");
            cx.report(problem.at(&item.span));
        } else {
            found.push(index);
        }
    }
    found
}

/// Dollars in a period, or `off`.
fn spend(cx: &Cx, node: &Node) -> Option<Spend> {
    if is_off(node) {
        return None;
    }
    let fields = cx.fields(node, &SPEND);
    let usd = fields.require(cx, "usd", "5").and_then(|node| cx.number_in(node, 0.0, MOST_USD));
    let per = fields.get("per").and_then(|node| cx.some_time(node)).unwrap_or(USUAL_PERIOD);
    Some(Spend { most: (usd? * 1e12).round() as u64, per })
}
