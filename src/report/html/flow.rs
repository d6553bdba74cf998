//! Where requests went: from the model they wanted, through failures, to whoever served them.

mod graph;
mod layout;

use graph::{Graph, Link, Node, Stop};
use layout::{LABEL, Layout, Ribbon, layout};

use super::markup::{Markup, el};
use super::parts::{Column, details, empty, outcome_class, table};
use super::scene::Scene;
use super::svg::{Anchor, Num, UNITS, chart, rect, stretched, text};
use crate::report::account::{Flow, Path};
use crate::report::paint::{fit, percent, thousands};

/// Where the first and the last column begin, in percent: labels stand right of their stop.
const ACROSS: (f64, f64) = (0.0, 86.0);

/// Width of a stop, in percent.
const BAR: f64 = 0.8;

/// Room above the columns for their titles, in pixels.
const TOP: f64 = 26.0;

/// Ways told in the table.
const ROWS_MAX: usize = 40;

/// The flow, and the same as a list.
pub(super) fn section(scene: &Scene<'_>) -> Markup {
    let flow = &scene.account().flow;
    let all: u64 = flow.paths.iter().map(|path| path.requests).sum();
    if all == 0 {
        return empty("No request was made.").into();
    }
    let graph = Graph::of(flow);
    let layout = layout(&graph);
    let height = layout.height + TOP;
    let drawing = chart("where requests went", &told(flow, all), height)
        .with(titles(&graph))
        .with(ribbons(&graph, &layout, all))
        .with(stops(&graph, &layout, all));
    let wide = if graph.columns > 2 { "scroll flow wide" } else { "scroll flow" };
    let box_ = el("div")
        .class(wide)
        .attr("tabindex", 0)
        .attr("role", "region")
        .attr("aria-label", "where requests went");
    Markup::from(box_.with(drawing)).and(details("Every way as a list", list(flow, all)))
}

/// The busiest ways, in words.
fn told(flow: &Flow, all: u64) -> String {
    let ways = flow.paths.iter().take(3).map(|path| {
        let share = percent(Some(path.requests as f64 / all as f64));
        format!("{} ({share}): {}", thousands(path.requests), way(path))
    });
    ways.collect::<Vec<_>>().join("; ")
}

/// Where a column begins, in percent.
fn across(graph: &Graph, column: usize) -> f64 {
    let steps = graph.columns.saturating_sub(1).max(1) as f64;
    ACROSS.0 + (ACROSS.1 - ACROSS.0) * column as f64 / steps
}

/// What each column is.
fn titles(graph: &Graph) -> Markup {
    let titles = (0..graph.columns).filter_map(|column| {
        let mut nodes = graph.stops.iter().filter(|stop| stop.column == column).map(|stop| &stop.node);
        let title = match nodes.find(|node| !matches!(node, Node::Pass(_) | Node::Other))? {
            Node::Result(_) => "but",
            Node::End(_) => "ended as",
            _ if column == 0 => "wanted",
            _ => "then asked",
        };
        Some(text("title", (across(graph, column), 11.0), Anchor::Start, title))
    });
    titles.collect()
}

fn ribbons(graph: &Graph, layout: &Layout, all: u64) -> Markup {
    let drawn = graph.links.iter().zip(&layout.ribbons).map(|(link, ribbon)| {
        // Where nothing stops, the band goes on without a gap.
        let from = &graph.stops[link.from];
        let bar = if matches!(from.node, Node::Pass(_)) { 0.0 } else { BAR };
        let ends = (across(graph, from.column) + bar, across(graph, graph.stops[link.to].column));
        let path = el("path").class(&outcome_class(link.outcome)).attr("d", curve(ends, ribbon));
        path.with(el("title").with(link_title(graph, link, all)))
    });
    stretched(layout.height + TOP).class("ribbons").each(drawn).into()
}

/// A band with level ends.
fn curve((from, to): (f64, f64), ribbon: &Ribbon) -> String {
    let (x0, x1) = (from * UNITS / 100.0, to * UNITS / 100.0);
    let middle = Num((x0 + x1) / 2.0);
    let (y0, y1) = (ribbon.from + TOP, ribbon.to + TOP);
    let (x0, x1) = (Num(x0), Num(x1));
    let (a, b, c, d) = (Num(y0), Num(y1), Num(y1 + ribbon.thick), Num(y0 + ribbon.thick));
    format!("M{x0} {a}C{middle} {a} {middle} {b} {x1} {b}V{c}C{middle} {c} {middle} {d} {x0} {d}z")
}

fn link_title(graph: &Graph, link: &Link, all: u64) -> String {
    let share = percent(Some(link.requests as f64 / all as f64));
    let near = |stop: usize| match &graph.stops[stop].node {
        Node::Pass(_) => None,
        node => Some(name(node)),
    };
    let way = [near(link.from), near(link.to)].into_iter().flatten().collect::<Vec<_>>().join(" → ");
    format!("{way}: {} requests ({share}) that ended as {}", thousands(link.requests), link.outcome.name())
}

fn stops(graph: &Graph, layout: &Layout, all: u64) -> Markup {
    let shown = graph.stops.iter().zip(&layout.stops).filter(|(stop, _)| !matches!(stop.node, Node::Pass(_)));
    shown.map(|(stop, place)| one(graph, stop, *place, all)).collect()
}

/// A bar, and right of it its name and how many came here.
fn one(graph: &Graph, stop: &Stop, (y, height): (f64, f64), all: u64) -> Markup {
    /// Characters that fit beside a stop: of a wide graph, and of a narrow one.
    const NAME_MAX: (usize, usize) = (18, 26);
    let fits = if graph.columns > 4 { NAME_MAX.0 } else { NAME_MAX.1 };
    let (x, y) = (across(graph, stop.column), y + TOP);
    let share = percent(Some(stop.requests as f64 / all as f64));
    let name = name(&stop.node);
    let count = el("tspan").class("count").attr("dx", 5).with(thousands(stop.requests));
    let told = format!("{name}: {} requests, {share}", thousands(stop.requests));
    // A label in the middle of a high bar, and beside a flat one.
    let middle = y + height.max(LABEL) / 2.0 + 4.0;
    let label = text("stop", (x + BAR, middle), Anchor::Start, &fit(&name, fits)).attr("dx", 6).with(count);
    let class = match &stop.node {
        Node::End(outcome) => outcome_class(*outcome),
        Node::Result(_) => "failure".to_owned(),
        _ => "model".to_owned(),
    };
    el("g")
        .with(el("title").with(told))
        .with(rect(&format!("node {class}"), (x, x + BAR), (y, y + height)))
        .with(label)
        .into()
}

fn name(node: &Node) -> String {
    match node {
        Node::Model(model) => model.clone(),
        Node::Models(count) => format!("{count} more models"),
        Node::Result(result) => result_name(result),
        Node::End(outcome) => outcome.name().to_owned(),
        Node::Pass(_) => String::new(),
        Node::Other => "others".to_owned(),
    }
}

/// What came of asking a model.
fn result_name(result: &str) -> String {
    match result {
        "lost" => "was slower".to_owned(),
        "cancelled" => "caller left".to_owned(),
        class => class.replace('_', " "),
    }
}

fn list(flow: &Flow, all: u64) -> Markup {
    let rows = flow.paths.iter().take(ROWS_MAX).map(|path| {
        let share = percent(Some(path.requests as f64 / all as f64));
        [way(path), path.outcome.name().to_owned(), thousands(path.requests), share]
    });
    let columns =
        [Column::Text("way"), Column::Text("ended as"), Column::Number("requests"), Column::Number("share")];
    let left: u64 = flow.paths.iter().skip(ROWS_MAX).map(|path| path.requests).sum::<u64>() + flow.more;
    let note = (left > 0).then(|| el("p").with(format!("{} requests went other ways.", thousands(left))));
    Markup::from(table("Ways of requests", &columns, rows)).and(note)
}

/// `claude rate limited → flash served`.
fn way(path: &Path) -> String {
    let first = path.steps.first().map(|step| step.model.as_str());
    let wanted = path.wanted.as_deref().filter(|wanted| Some(*wanted) != first);
    let passed = result_name(path.passed.as_deref().unwrap_or("not asked"));
    let wanted = wanted.map(|wanted| format!("{wanted} {passed}"));
    let steps = path.steps.iter().map(|step| format!("{} {}", step.model, result_name(&step.result)));
    let words: Vec<_> = wanted.into_iter().chain(steps).collect();
    if words.is_empty() { "nobody was asked".to_owned() } else { words.join(" → ") }
}
