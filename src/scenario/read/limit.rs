//! What providers grant: limits, quotas that several share, and capacity.

use std::time::Duration;

use indexmap::IndexMap;
use mock_providers::capacity::{Capacity, Overload};
use mock_providers::dialect::Dialect;
use mock_providers::limit::{Allowance, Limit, Measure, Scope};

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::units;
use super::super::yaml::Node;

pub(in crate::scenario) const LIMIT: Shape = Shape {
    what: "a limit",
    name: "limit",
    keys: &[
        "requests",
        "tokens",
        "input_tokens",
        "output_tokens",
        "spend",
        "concurrency",
        "request_tokens",
        "growth",
        "name",
        "per",
        "models",
        "burst",
        "price",
        "every",
        "above",
        "refused",
        "midnight",
    ],
};

pub(in crate::scenario) const CAPACITY: Shape =
    Shape { what: "a capacity", name: "capacity", keys: &["concurrency", "queue", "overload", "slowdown"] };

/// What a limit counts: exactly one of these.
pub(in crate::scenario) const MEASURES: [&str; 8] = [
    "requests",
    "tokens",
    "input_tokens",
    "output_tokens",
    "spend",
    "concurrency",
    "request_tokens",
    "growth",
];

pub(in crate::scenario) const SCOPES: [(&str, Scope); 4] =
    [("provider", Scope::Provider), ("model", Scope::Model), ("key", Scope::Key), ("tenant", Scope::Tenant)];

pub(in crate::scenario) const REFUSED: [(&str, bool); 2] = [("free", false), ("count", true)];

/// More than any vendor grants.
const MOST: u64 = 1_000_000_000_000;

/// Quotas by name, each a list of limits.
pub(super) fn quotas(cx: &Cx, node: &Node) -> IndexMap<String, Vec<Limit>> {
    let entries = cx.named(node, "`quotas`");
    let quota = |name: &str, node: &Node| {
        // Vendors differ in when it is midnight; a shared quota goes by UTC unless it says otherwise.
        let mut limits = limits(cx, node, Dialect::Openai);
        for limit in &mut limits {
            limit.pool = Some(name.to_owned());
        }
        limits
    };
    entries.into_iter().map(|(name, node)| (name.value.clone(), quota(&name.value, node))).collect()
}

/// A provider's own limits, and those of the quotas it names.
pub(super) fn of_provider(
    cx: &Cx,
    fields: &Fields<'_>,
    dialect: Dialect,
    quotas: &IndexMap<String, Vec<Limit>>,
) -> Vec<Limit> {
    let mut found = fields.get("limits").map(|node| limits(cx, node, dialect)).unwrap_or_default();
    if let Some(name) = fields.get("quota").and_then(|node| cx.name(node)) {
        match quotas.get(&name.value) {
            Some(shared) => found.extend(shared.iter().cloned()),
            None => cx.report(unknown_name("quota", &name, quotas.keys().map(String::as_str))),
        }
    }
    found
}

fn limits(cx: &Cx, node: &Node, dialect: Dialect) -> Vec<Limit> {
    let mut limits: Vec<Limit> = Vec::new();
    for item in cx.list(node, "`limits`") {
        let Some(mut limit) = limit(cx, item, dialect) else { continue };
        let given = super::entry(item, "name").is_some();
        let taken = |name: &str, limits: &[Limit]| limits.iter().any(|known| known.name == name);
        if taken(&limit.name, &limits) {
            if given {
                let message = format!("there is a limit `{}` already", limit.name);
                cx.report(Diagnostic::new(Code::DUPLICATE_NAME, message).at(&item.span));
            }
            let numbered = (2..).map(|number| format!("{}-{number}", limit.name));
            limit.name = numbered.into_iter().find(|name| !taken(name, &limits)).unwrap_or_default();
        }
        limits.push(limit);
    }
    limits
}

fn limit(cx: &Cx, node: &Node, dialect: Dialect) -> Option<Limit> {
    let fields = cx.fields(node, &LIMIT);
    let (word, amount) = fields.one_of(cx, &MEASURES)?;
    if word != "spend" {
        fields.only_with(cx, &["price"], "`spend`");
    }
    if word != "growth" {
        fields.only_with(cx, &["every", "above"], "`growth`");
    }
    let measure = match word {
        "tokens" | "request_tokens" => Measure::Tokens,
        "input_tokens" => Measure::InputTokens,
        "output_tokens" => Measure::OutputTokens,
        "spend" => price(cx, &fields)?,
        _ => Measure::Requests,
    };
    let allowance = match word {
        "concurrency" => Allowance::Slots { amount: cx.whole_in(amount, 1, MOST)? },
        "request_tokens" => Allowance::Call { amount: cx.whole_in(amount, 1, MOST)? },
        "growth" => growth(cx, &fields, amount)?,
        _ => granted(cx, &fields, amount, measure, dialect)?,
    };
    if !matches!(allowance, Allowance::Bucket { .. }) {
        fields.only_with(cx, &["burst"], "a limit by the second, minute or hour");
    }
    if !matches!(allowance, Allowance::Day { .. }) {
        fields.only_with(cx, &["midnight"], "a limit by the day");
    }
    let patterns = |node: &Node| cx.list(node, "`models`").iter().filter_map(|item| cx.text(item)).collect();
    Some(Limit {
        name: fields.get("name").and_then(|node| cx.text(node)).unwrap_or_else(|| word.to_owned()),
        measure,
        allowance,
        scope: fields.get("per").and_then(|node| cx.word(node, &SCOPES)).unwrap_or_default(),
        models: fields.get("models").map(patterns).unwrap_or_default(),
        pool: None,
        refused_count: fields.get("refused").and_then(|node| cx.word(node, &REFUSED)).unwrap_or(false),
    })
}

fn price(cx: &Cx, fields: &Fields<'_>) -> Option<Measure> {
    let node = fields.require(cx, "price", "{ input: 3.00, output: 15.00 }")?;
    let prices = cx.fields(node, &super::model::PRICE);
    let dollars = |key: &str| prices.require(cx, key, "3.00").and_then(|node| cx.number_in(node, 0.0, 1e6));
    Some(Measure::Spend { input: dollars("input")?, output: dollars("output")? })
}

/// `500/m`, `10000/d`, `100/month`.
fn granted(
    cx: &Cx,
    fields: &Fields<'_>,
    node: &Node,
    measure: Measure,
    dialect: Dialect,
) -> Option<Allowance> {
    let text = cx.scalar(node, "an amount per time (`500/m`)")?;
    let (amount, unit) = match units::grant(text) {
        Ok(grant) => grant,
        Err(wrong) => {
            cx.wrong(wrong, &node.span);
            return None;
        }
    };
    let scale = if matches!(measure, Measure::Spend { .. }) { 1e6 } else { 1.0 };
    let amount = (amount * scale).round() as u64;
    let midnight = fields.get("midnight").and_then(|node| cx.duration(node));
    let per = match unit {
        units::Per::Time(per) => per,
        units::Per::Day => {
            let midnight = midnight.unwrap_or_else(|| usual_midnight(dialect));
            return Some(Allowance::Day { amount, midnight });
        }
        units::Per::Month => return Some(Allowance::Month { amount }),
    };
    let burst = fields.get("burst").and_then(|node| cx.whole_in(node, 1, MOST));
    Some(Allowance::Bucket { amount, per, burst: burst.unwrap_or(amount) })
}

/// Google counts its days from midnight Pacific (standard) time.
pub(super) const fn usual_midnight(dialect: Dialect) -> Duration {
    match dialect {
        Dialect::Gemini => Duration::from_secs(8 * 3_600),
        _ => Duration::ZERO,
    }
}

fn growth(cx: &Cx, fields: &Fields<'_>, node: &Node) -> Option<Allowance> {
    let factor = cx.factor(node, 1.0);
    let every = fields.require(cx, "every", "15m").and_then(|node| cx.some_time(node));
    let above = fields.require(cx, "above", "100").and_then(|node| cx.whole_in(node, 1, MOST));
    Some(Allowance::Growth { factor: factor?, every: every?, above: above? })
}

/// `{ concurrency: 8, queue: 100, overload: 503, slowdown: 2x }`.
pub(super) fn capacity(cx: &Cx, node: &Node) -> Option<Capacity> {
    let fields = cx.fields(node, &CAPACITY);
    let whole = |key: &str, least: u64| {
        let number = fields.get(key).and_then(|node| cx.whole_in(node, least, 1_000_000))?;
        u32::try_from(number).ok()
    };
    fields.require(cx, "concurrency", "8")?;
    Some(Capacity {
        concurrency: whole("concurrency", 1)?,
        queue: whole("queue", 0).unwrap_or(0),
        overload: fields.get("overload").and_then(|node| overload(cx, node)).unwrap_or_default(),
        slowdown: fields.get("slowdown").and_then(|node| cx.factor(node, 1.0)).unwrap_or(1.0),
    })
}

/// `vendor`, `wait`, or a status.
pub(super) fn overload(cx: &Cx, node: &Node) -> Option<Overload> {
    if node.value.kind() == "a number" {
        let status = cx.whole_in(node, 400, 599)?;
        return u16::try_from(status).ok().map(Overload::Status);
    }
    cx.word(node, &[("vendor", Overload::Vendor), ("wait", Overload::Wait)])
}
