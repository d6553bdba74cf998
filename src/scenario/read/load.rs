//! Load: who sends what, and when.

use std::path::Path;
use std::time::Duration;

use mock_providers::latency::Dist;

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::units::{self, show};
use super::super::yaml::{Node, Value};
use super::super::{Arrivals, Source};
use super::names::Names;
use super::{dist, trace};
use crate::world::Moment;

pub(in crate::scenario) const SOURCE: Shape = Shape {
    what: "a source of load",
    name: "source",
    keys: &[
        "route",
        "rate",
        "arrivals",
        "ramp",
        "burst",
        "closed",
        "trace",
        "from",
        "for",
        "to",
        "speed",
        "slice",
        "stream",
        "prompt",
        "output",
        "tenants",
        "distinct_prompts",
        "patience",
    ],
};

pub(in crate::scenario) const RAMP: Shape = Shape { what: "a ramp", name: "ramp", keys: &["from", "to"] };
pub(in crate::scenario) const BURST: Shape =
    Shape { what: "a burst", name: "burst", keys: &["size", "every"] };
pub(in crate::scenario) const CLOSED: Shape =
    Shape { what: "a closed load", name: "closed", keys: &["clients", "think"] };

pub(in crate::scenario) const ARRIVALS: [(&str, bool); 2] = [("poisson", true), ("constant", false)];

/// Requests a run may intend.
const MOST_REQUESTS: f64 = 100e6;

/// All sources.
pub(super) fn read(cx: &Cx, node: &Node, names: &Names, file: &Path) -> Vec<Source> {
    let sources: Vec<Source> =
        cx.list(node, "`load`").iter().filter_map(|item| source(cx, item, names, file)).collect();
    let intended: f64 = sources.iter().map(|source| intended(&source.arrivals)).sum();
    if intended > MOST_REQUESTS {
        let message = format!("about {intended:.0} requests would be sent");
        cx.report(
            Diagnostic::new(Code::TOO_MANY_REQUESTS, message)
                .at(&node.span)
                .note("at most 100,000,000 make sense"),
        );
    }
    sources
}

fn source(cx: &Cx, node: &Node, names: &Names, file: &Path) -> Option<Source> {
    let fields = cx.fields(node, &SOURCE);
    let route = fields.require(cx, "route", "NAME").and_then(|node| route(cx, node, names));
    let arrivals = arrivals(cx, &fields, file);
    let is_trace = fields.get("trace").is_some();
    let stream = fields.get("stream").and_then(|node| stream_ppm(cx, node)).unwrap_or(0);
    let prompt = fields.get("prompt").and_then(|node| dist::counts(cx, node)).unwrap_or(usual_prompt());
    let output = fields.get("output").and_then(|node| dist::counts(cx, node));
    let tenants = fields.get("tenants").map(|node| tenants(cx, node)).unwrap_or_default();
    let distinct = fields.get("distinct_prompts").and_then(|node| cx.whole_in(node, 1, 1_000_000_000));
    let patience = fields.get("patience").and_then(|node| cx.some_time(node));
    if is_trace {
        for key in ["prompt", "output"] {
            fields.conflict(cx, key, "trace");
        }
    }
    Some(Source {
        route: route?,
        tenants,
        stream_ppm: stream,
        prompt,
        output,
        distinct_prompts: distinct,
        patience,
        arrivals: arrivals?,
    })
}

/// A reference to a route.
pub(super) fn route(cx: &Cx, node: &Node, names: &Names) -> Option<String> {
    let name = cx.name(node)?;
    if !names.has_route(&name.value) {
        cx.report(unknown_name("route", &name, names.routes()));
    }
    Some(name.value)
}

/// Prompts of a chat: half of them below 100 words.
fn usual_prompt() -> Dist {
    let mu = libm::log(100.0);
    Dist::LogNormal { mu, sigma: (libm::log(1000.0) - mu) / 2.326_347_874_040_840_8 }
}

fn stream_ppm(cx: &Cx, node: &Node) -> Option<u32> {
    match &node.value {
        Value::Scalar { text, plain: true } if text == "true" => Some(1_000_000),
        Value::Scalar { text, plain: true } if text == "false" => Some(0),
        Value::Scalar { text, plain: true } if text.starts_with(|c: char| c.is_ascii_digit()) => {
            cx.share_ppm(node)
        }
        _ => {
            cx.expected("`true`, `false` or a share (`30%`)", node);
            None
        }
    }
}

fn tenants(cx: &Cx, node: &Node) -> Vec<(String, f64)> {
    let entries = cx.named(node, "`tenants`");
    entries
        .into_iter()
        .filter_map(|(name, weight)| Some((name.value, cx.number_in(weight, 1e-6, 1e9)?)))
        .collect()
}

fn arrivals(cx: &Cx, fields: &Fields<'_>, file: &Path) -> Option<Arrivals> {
    let (shape, node) = fields.one_of(cx, &["rate", "ramp", "burst", "closed", "trace"])?;
    if shape != "rate" {
        fields.only_with(cx, &["arrivals"], "`rate`");
    }
    if shape == "trace" {
        return trace::read(cx, fields, node, file);
    }
    fields.only_with(cx, &["speed", "slice"], "`trace`");
    let span = span(cx, fields);
    match shape {
        "ramp" => ramp(cx, node, span),
        "burst" => burst(cx, node, span),
        "closed" => closed(cx, node, span),
        _ => {
            let rate = cx.rate(node)?;
            let poisson = fields.get("arrivals").map_or(Some(true), |node| cx.word(node, &ARRIVALS))?;
            let span = span?;
            Some(if poisson { Arrivals::Poisson { rate, span } } else { Arrivals::Constant { rate, span } })
        }
    }
}

/// `from` with `for` or `to`.
fn span(cx: &Cx, fields: &Fields<'_>) -> Option<(Moment, Moment)> {
    let from = fields.get("from").map_or(Some(Duration::ZERO), |node| cx.duration(node));
    let (key, node) = fields.one_of(cx, &["for", "to"])?;
    let end = cx.some_time(node)?;
    let from = from?;
    let to = if key == "for" { from.saturating_add(end) } else { end };
    if to <= from {
        let message = format!("the load ends at {}, before it begins at {}", show(to), show(from));
        cx.report(Diagnostic::new(Code::BAD_WINDOW, message).at(&node.span));
        return None;
    }
    Some((moment(from), moment(to)))
}

/// A time of the run.
pub(super) fn moment(since_start: Duration) -> Moment {
    Moment::from_us(u64::try_from(since_start.as_micros()).unwrap_or(u64::MAX))
}

fn ramp(cx: &Cx, node: &Node, span: Option<(Moment, Moment)>) -> Option<Arrivals> {
    let fields = cx.fields(node, &RAMP);
    let from_rate = fields.require(cx, "from", "5/s").and_then(|node| cx.rate(node));
    let to_rate = fields.require(cx, "to", "50/s").and_then(|node| cx.rate(node));
    Some(Arrivals::Ramp { from_rate: from_rate?, to_rate: to_rate?, span: span? })
}

fn burst(cx: &Cx, node: &Node, span: Option<(Moment, Moment)>) -> Option<Arrivals> {
    let fields = cx.fields(node, &BURST);
    let size = fields.require(cx, "size", "100").and_then(|node| cx.whole_in(node, 1, 1_000_000));
    let every = fields.require(cx, "every", "10s").and_then(|node| cx.some_time(node));
    Some(Arrivals::Burst { size: size?, every: every?, span: span? })
}

fn closed(cx: &Cx, node: &Node, span: Option<(Moment, Moment)>) -> Option<Arrivals> {
    let fields = cx.fields(node, &CLOSED);
    let clients = fields.require(cx, "clients", "20").and_then(|node| cx.whole_in(node, 1, 100_000));
    let think = fields.get("think").map_or(Some(Dist::Constant(0.0)), |node| dist::times(cx, node));
    Some(Arrivals::Closed { clients: clients?, think: think?, span: span? })
}

/// Requests that a source means to send, about; those of closed clients depend on the answers.
pub(in crate::scenario) fn intended(arrivals: &Arrivals) -> f64 {
    let seconds = |span: &(Moment, Moment)| span.1.since(span.0).as_secs_f64();
    match arrivals {
        Arrivals::Poisson { rate, span } | Arrivals::Constant { rate, span } => rate * seconds(span),
        Arrivals::Ramp { from_rate, to_rate, span } => (from_rate + to_rate) / 2.0 * seconds(span),
        Arrivals::Burst { size, every, span } => *size as f64 * (seconds(span) / every.as_secs_f64()).ceil(),
        Arrivals::Closed { clients, .. } => *clients as f64,
        Arrivals::Trace { rows, .. } => *rows as f64,
        Arrivals::List(list) => list.len() as f64,
    }
}

/// When the last request of a source is sent; none when that depends on the answers.
pub(in crate::scenario) fn end(arrivals: &Arrivals) -> Option<Moment> {
    match arrivals {
        Arrivals::Poisson { span, .. }
        | Arrivals::Constant { span, .. }
        | Arrivals::Ramp { span, .. }
        | Arrivals::Burst { span, .. }
        | Arrivals::Closed { span, .. } => Some(span.1),
        Arrivals::Trace { start, lasts, .. } => {
            Some(moment(start.since(Moment::ZERO).saturating_add(*lasts)))
        }
        Arrivals::List(list) => {
            list.iter().map(|request| request.at).try_fold(Moment::ZERO, |end, at| Some(end.max(at?)))
        }
    }
}

/// A slice `10m..20m` of recorded time.
pub(super) fn slice(cx: &Cx, node: &Node) -> Option<(Duration, Duration)> {
    let text = cx.scalar(node, "a window (`10m..20m`)")?;
    match units::window(text) {
        Ok((from, to)) => Some((from, to.unwrap_or(units::LONGEST))),
        Err(wrong) => {
            cx.wrong(wrong, &node.span);
            None
        }
    }
}
