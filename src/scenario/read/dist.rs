//! Distributions: of durations (in microseconds) and of counts.

use mock_providers::latency::{CHOICES_MAX, Choices, Dist, Latency};

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape};
use super::super::units::Wrong;
use super::super::yaml::{Node, Span, Value};

pub(in crate::scenario) const DIST: Shape = Shape {
    what: "a distribution",
    name: "dist",
    keys: &["p50", "p90", "p95", "p99", "sigma", "uniform", "exponential", "one_of", "tail"],
};

pub(in crate::scenario) const TAIL: Shape =
    Shape { what: "a slow tail", name: "tail", keys: &["share", "factor"] };

pub(in crate::scenario) const LATENCY: Shape = Shape {
    what: "a latency",
    name: "latency",
    keys: &["first_token", "per_token", "per_1k_prompt", "error"],
};

/// Quantiles of the standard normal distribution.
const QUANTILES: [(&str, f64); 3] =
    [("p90", 1.281_551_565_544_600_4), ("p95", 1.644_853_626_951_472_2), ("p99", 2.326_347_874_040_840_8)];

/// How the numbers of a distribution are written.
#[derive(Clone, Copy)]
enum Unit {
    Time,
    /// At most this.
    Count(f64),
    Factor,
}

impl Unit {
    fn read(self, cx: &Cx, node: &Node) -> Option<f64> {
        match self {
            Unit::Time => cx.duration(node).map(|duration| duration.as_micros() as f64),
            Unit::Count(most) => cx.number_in(node, 0.0, most),
            Unit::Factor => cx.factor(node, 0.0),
        }
    }
}

/// A distribution of durations, in microseconds.
pub(super) fn times(cx: &Cx, node: &Node) -> Option<Dist> {
    read(cx, node, Unit::Time)
}

/// A distribution of counts.
pub(super) fn counts(cx: &Cx, node: &Node) -> Option<Dist> {
    counts_to(cx, node, 1e9)
}

/// A distribution of counts up to `most`.
pub(super) fn counts_to(cx: &Cx, node: &Node, most: f64) -> Option<Dist> {
    read(cx, node, Unit::Count(most))
}

/// A distribution of factors.
pub(super) fn factors(cx: &Cx, node: &Node) -> Option<Dist> {
    read(cx, node, Unit::Factor)
}

fn read(cx: &Cx, node: &Node, unit: Unit) -> Option<Dist> {
    if let Value::Scalar { text, .. } = &node.value {
        if let Some((from, to)) = text.split_once("..") {
            return range(cx, node, [from, to], unit);
        }
        return unit.read(cx, node).map(Dist::Constant);
    }
    let fields = cx.fields(node, &DIST);
    if fields.get("p50").is_none() {
        fields.only_with(cx, &["tail"], "`p50`");
    }
    match fields.one_of(cx, &["p50", "uniform", "exponential", "one_of"])? {
        ("one_of", values) => choices(cx, values, unit),
        ("uniform", pair) => uniform(cx, pair, unit),
        ("exponential", mean) => {
            let mean = unit.read(cx, mean)?;
            Some(Dist::Exponential { mean })
        }
        (_, median) => tailed(cx, &fields, log_normal(cx, &fields, median, unit)?),
    }
}

/// `[1s, 5s]`, all alike, or `{ 1s: 3, 5s: 1 }`, with weights.
fn choices(cx: &Cx, node: &Node, unit: Unit) -> Option<Dist> {
    let weighted: Option<Vec<(f64, f64)>> = match &node.value {
        Value::Map(entries) => {
            let weigh = |(value, weight): &(Node, Node)| {
                Some((unit.read(cx, value)?, cx.number_in(weight, 0.0, 1e6)?))
            };
            entries.iter().map(weigh).collect()
        }
        _ => cx.list(node, "`one_of`").iter().map(|value| Some((unit.read(cx, value)?, 1.0))).collect(),
    };
    let choices = Choices::new(&weighted?);
    if choices.is_err() {
        let help = format!("name one to {CHOICES_MAX} values, with weights of which one is more than zero");
        wrong(cx, "nothing can be chosen from this", &help, &node.span);
    }
    choices.ok().map(Dist::OneOf)
}

/// A share of the draws is so many times slower.
fn tailed(cx: &Cx, fields: &Fields<'_>, body: Dist) -> Option<Dist> {
    let (Some(node), Dist::LogNormal { mu, sigma }) = (fields.get("tail"), body) else { return Some(body) };
    let tail = cx.fields(node, &TAIL);
    let share = tail.require(cx, "share", "2%").and_then(|node| cx.share_ppm(node));
    let factor = tail.require(cx, "factor", "5x").and_then(|node| cx.factor(node, 0.0));
    Some(Dist::Tailed { mu, sigma, share: f64::from(share?) / 1e6, factor: factor? })
}

/// `5..20`: uniform between both.
fn range(cx: &Cx, node: &Node, ends: [&str; 2], unit: Unit) -> Option<Dist> {
    let end = |text: &str| {
        let mut end = node.clone();
        if let Value::Scalar { text: whole, .. } = &mut end.value {
            text.trim().clone_into(whole);
        }
        unit.read(cx, &end)
    };
    let [from, to] = ends.map(end);
    in_order(cx, from?, to?, &node.span)
}

fn in_order(cx: &Cx, from: f64, to: f64, span: &Span) -> Option<Dist> {
    if from > to {
        wrong(cx, "the first bound is larger than the second", "write `least..most`", span);
        return None;
    }
    Some(Dist::Uniform { from, to })
}

fn uniform(cx: &Cx, node: &Node, unit: Unit) -> Option<Dist> {
    let [from, to] = cx.list(node, "`uniform`") else {
        wrong(cx, "`uniform` takes two numbers", "write `uniform: [least, most]`", &node.span);
        return None;
    };
    in_order(cx, unit.read(cx, from)?, unit.read(cx, to)?, &node.span)
}

fn log_normal(cx: &Cx, fields: &Fields<'_>, median: &Node, unit: Unit) -> Option<Dist> {
    let p50 = unit.read(cx, median);
    let (name, node) = fields.one_of(cx, &["p99", "p95", "p90", "sigma"])?;
    if name == "sigma" {
        let sigma = cx.number_in(node, 0.0, 5.0)?;
        return Some(Dist::LogNormal { mu: libm::log(positive(cx, p50?, median)?), sigma });
    }
    let (p50, quantile) = (positive(cx, p50?, median)?, unit.read(cx, node)?);
    if quantile < p50 {
        wrong(cx, &format!("`{name}` is less than `p50`"), "half of all values lie below `p50`", &node.span);
        return None;
    }
    let z = QUANTILES.iter().find(|(quantile, _)| *quantile == name).map_or(1.0, |(_, z)| *z);
    let mu = libm::log(p50);
    Some(Dist::LogNormal { mu, sigma: (libm::log(quantile) - mu) / z })
}

fn positive(cx: &Cx, p50: f64, node: &Node) -> Option<f64> {
    if p50 <= 0.0 {
        wrong(
            cx,
            "the median of a log-normal distribution is more than zero",
            "write `0` for `always zero`",
            &node.span,
        );
    }
    (p50 > 0.0).then_some(p50)
}

fn wrong(cx: &Cx, message: &str, help: &str, span: &Span) {
    cx.wrong(Wrong::new(Code::BAD_DISTRIBUTION, message).help(help), span);
}

/// Classes of models with their usual latency: name, median and sigma of the time to first output in
/// milliseconds, tokens a second.
pub(in crate::scenario) const CLASSES: [(&str, (f64, f64, f64)); 5] = [
    ("small", (200.0, 0.55, 120.0)),
    ("mid", (400.0, 0.6, 75.0)),
    ("large", (800.0, 0.65, 45.0)),
    ("reasoning", (6000.0, 0.9, 70.0)),
    ("local", (150.0, 0.3, 40.0)),
];

/// A latency: a class by name, or its parts, what is missing being that of class `mid`.
pub(super) fn latency(cx: &Cx, node: &Node) -> Latency {
    let mid = class(CLASSES[1].1);
    if matches!(node.value, Value::Scalar { .. }) {
        return cx.word(node, &CLASSES).map_or(mid, class);
    }
    let fields = cx.fields(node, &LATENCY);
    let part = |key: &str, default: Dist| fields.get(key).and_then(|node| times(cx, node)).unwrap_or(default);
    Latency {
        first_token: part("first_token", mid.first_token),
        per_token: part("per_token", mid.per_token),
        per_1k_prompt: fields.get("per_1k_prompt").and_then(|node| cx.duration(node)).unwrap_or(
            if fields.get("first_token").is_some() { std::time::Duration::ZERO } else { mid.per_1k_prompt },
        ),
        error: part("error", mid.error),
    }
}

/// Latency of a class; medians and spreads are those of public measurements in 2026.
pub(super) fn class((median_ms, sigma, tokens_per_s): (f64, f64, f64)) -> Latency {
    Latency {
        first_token: Dist::LogNormal { mu: libm::log(median_ms * 1e3), sigma },
        per_token: Dist::LogNormal { mu: libm::log(1e6 / tokens_per_s), sigma: 0.4 },
        per_1k_prompt: std::time::Duration::from_millis(45),
        error: Dist::LogNormal { mu: libm::log(60e3), sigma: 0.4 },
    }
}
