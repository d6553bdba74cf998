//! What the router thought of its targets: a lane each.

use super::Row;
use super::bins::Bins;
use super::rows::plot;
use crate::history::HealthState;
use crate::report::account::{Lane, Span};
use crate::report::html::markup::{Markup, el, span};
use crate::report::html::moments::{Series, Unit, Value};
use crate::report::html::parts::{empty, figure};
use crate::report::html::scene::{Scene, seconds};
use crate::report::html::svg::{Anchor, Num, Path, UNITS, chart, line, stretched, text};
use crate::report::paint::show_seconds;

/// Height of a lane: its label, its line and the room below.
const LANE: f64 = 32.0;

/// Where a lane's bar begins and how high it is.
const BAR: (f64, f64) = (17.0, 9.0);

/// Lanes drawn; a fleet of a thousand targets is told by its first.
const LANES_MAX: usize = 24;

const TITLE: &str = "Breaker states";

/// States other than open: class, name.
const STATES: [(&str, &str); 4] =
    [("s-benched", "benched"), ("s-cooling", "cooling"), ("s-probing", "probing"), ("s-ramping", "ramping")];

pub(super) fn row(scene: &Scene<'_>, bins: &Bins) -> Row {
    let lanes = &scene.account().lanes.lanes;
    if lanes.is_empty() {
        let body = empty("No target lost its good standing: none was benched, cooling, probed or ramped up.");
        return Row { figure: figure(TITLE, "", Markup::new(), body).into(), series: vec![] };
    }
    let shown = &lanes[..lanes.len().min(LANES_MAX)];
    let height = LANE * shown.len() as f64;
    let told: Vec<_> = shown.iter().map(|lane| format!("{}: {}", lane.target, rest(lane))).collect();
    let drawing = chart("Breaker states by target", &told.join("; "), height)
        .with(scene.backdrop(height))
        .with(scene.edges(height))
        .each(shown.iter().enumerate().map(|(index, lane)| {
            el("svg")
                .attr("y", Num(index as f64 * LANE))
                .attr("width", "100%")
                .attr("height", Num(LANE))
                .with(draw(scene, lane))
        }));
    let present = STATES.into_iter().filter(|(_, name)| shown.iter().any(|lane| has(lane, name)));
    let keys = present.map(|(class, name)| span("key", el("i").class(class)).with(name));
    let keys = el("p").class("keys").each(keys);
    let unit = "what the router thought of its targets; a thin line: open to all traffic";
    let mut body = Markup::from(plot(TITLE, drawing)).and(now(shown));
    if lanes.len() > shown.len() {
        body.push(el("p").class("muted").with(format!("and {} more targets", lanes.len() - shown.len())));
    }
    Row {
        figure: figure(TITLE, unit, keys, body).into(),
        series: shown.iter().map(|lane| series(lane, bins)).collect(),
    }
}

/// A lane: its name, a line for "open", and a bar for every other state. Bars of a state are one path, since a breaker may
/// open and close hundreds of times.
fn draw(scene: &Scene<'_>, lane: &Lane) -> Markup {
    let middle = BAR.0 + BAR.1 / 2.0;
    // The firmest states last: where bars crowd, it is seen that the target was left alone.
    let bars = STATES.into_iter().rev().filter_map(|(class, state)| {
        let mut path = Path::default();
        for span in lane.spans.iter().filter(|span| name(span.state) == state) {
            bar(&mut path, scene, span);
        }
        path.element(&format!("area crisp {class}"))
    });
    let label = text("label strong", (0.0, 12.0), Anchor::Start, &lane.target);
    Markup::from(line("base", (0.0, middle), (100.0, middle))).and(stretched(LANE).each(bars)).and(label)
}

fn bar(path: &mut Path, scene: &Scene<'_>, span: &Span) {
    /// Anything that happened is seen.
    const WIDTH_MIN: f64 = 1.5;
    let axis = scene.axis();
    let at = |seconds: f64| axis.at(seconds) * UNITS / 100.0;
    let (from, to) = (at(seconds(span.from)), at(seconds(span.to)));
    let to = to.max(from + WIDTH_MIN);
    path.to(from, BAR.0).line(to, BAR.0).line(to, BAR.0 + BAR.1).line(from, BAR.0 + BAR.1).close();
}

/// The states of the moment that is pointed at, in words.
fn now(lanes: &[Lane]) -> Markup {
    let each = lanes.iter().map(|lane| {
        let state = el("b").attr("data-s", key(lane)).with(rest(lane));
        span("key", lane.target.as_str()).with(" ").with(state)
    });
    el("p").class("keys").each(each).into()
}

fn series(lane: &Lane, bins: &Bins) -> Series {
    let state = |index: usize| {
        let (from, to) = (index as f64 * bins.width, (index + 1) as f64 * bins.width);
        // Of several in one step, the one that was longest.
        let overlap = |span: &Span| seconds(span.to).min(to) - seconds(span.from).max(from);
        let spans = lane.spans.iter().filter(|span| overlap(span) > 0.0);
        let longest = spans.max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
        Value::Word(longest.map_or("open", |span| name(span.state)).to_owned())
    };
    Series {
        key: key(lane),
        label: lane.target.clone(),
        unit: Unit::Word,
        width: bins.width,
        values: (0..bins.slices.len()).map(state).collect(),
    }
}

fn key(lane: &Lane) -> String {
    format!("t.lane.{}", lane.target)
}

/// How long it was not open, in all.
fn rest(lane: &Lane) -> String {
    let closed: f64 = lane.spans.iter().map(|span| seconds(span.to) - seconds(span.from)).sum();
    let times = lane.spans.len() as u64 + lane.more;
    format!("not open for {} in {times} span{}", show_seconds(closed), if times == 1 { "" } else { "s" })
}

fn has(lane: &Lane, state: &str) -> bool {
    lane.spans.iter().any(|span| name(span.state) == state)
}

const fn name(state: HealthState) -> &'static str {
    match state {
        HealthState::Open => "open",
        HealthState::Benched { .. } => "benched",
        HealthState::Probing => "probing",
        HealthState::Ramping => "ramping",
        HealthState::Cooling { .. } => "cooling",
    }
}
