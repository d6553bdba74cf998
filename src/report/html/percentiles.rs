//! Latency as curves over percentiles: a line a phase, so that an outage stands beside its baseline.

mod curve;

use curve::Curve;

use std::time::Duration;

use super::latency;
use super::markup::{Markup, el};
use super::parts::{self, Column, empty, figure};
use super::scale::Scale;
use super::scene::Scene;
use super::svg::{self, Anchor, Num, Pct, UNITS, chart, stretched};
use crate::history::{Phase, PhaseKind, RouteFacts};
use crate::judge::Distribution;
use crate::report::account::{Cell, Counts};
use crate::report::paint::{fit, show_seconds, thousands};

const HEIGHT: f64 = 260.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 236.0;

/// Where the axis begins, right of its labels, and where it ends, left of the names of curves, in percent.
const LEFT: f64 = 11.0;
const RIGHT: f64 = 77.0;

/// Phases drawn as lines of their own; of more, those of one kind are one line.
const LINES_MAX: usize = 5;

/// The curves of the first output and of the whole answer, each with its figures as a table.
pub(super) fn section(scene: &Scene<'_>) -> Markup {
    let lines = lines(&scene.judgement().header.phases);
    let first = curves(scene, &lines, |cell| &cell.first_token, |_| true);
    let total = curves(scene, &lines, |cell| &cell.total, |cell| cell.outcome.answered());
    if first.is_empty() && total.is_empty() {
        return empty("No request got an answer, so there are no latencies.").into();
    }
    let (first_goal, total_goal) =
        (goal(scene, |route| route.objective_first_token), goal(scene, |route| route.objective_total));
    let same = first.iter().map(|line| &line.1).eq(total.iter().map(|line| &line.1));
    // One axis of latency for both, so that they can be compared.
    let all = || first.iter().chain(&total).map(|(_, curve)| curve.range());
    let least = all().map(|range| range.0).fold(f64::INFINITY, f64::min);
    let goals = [first_goal, total_goal].into_iter().flatten();
    let most = goals.chain(all().map(|range| range.1)).fold(0.0, f64::max);
    let down = latency::axis(least, most, (BOTTOM, TOP));
    let both = [
        ("First output", "latency.first_token", first, first_goal),
        ("Whole answer", "latency.total", total, total_goal),
    ];
    // Where nothing is streamed, the first output is also the last.
    let shown = both.into_iter().skip(usize::from(same)).filter(|(_, _, curves, _)| !curves.is_empty());
    let panels = shown.map(|(title, figure, curves, goal)| {
        el("div").with(panel(title, &curves, goal, &down)).with(table(scene, title, figure))
    });
    el("div").class("panels").each(panels).into()
}

/// The objective of every route, where they have the same.
fn goal(scene: &Scene<'_>, of: fn(&RouteFacts) -> Option<Duration>) -> Option<f64> {
    let mut goals = scene.judgement().header.routes.values().map(of);
    let goal = goals.next().flatten()?;
    goals.all(|other| other == Some(goal)).then_some(goal.as_secs_f64())
}

/// A line of the chart: a phase, or all of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    kind: PhaseKind,
    phases: Vec<usize>,
    /// How many lines of this kind there are before it.
    nth: usize,
}

fn lines(phases: &[Phase]) -> Vec<Line> {
    let judged = || phases.iter().enumerate().filter(|(_, phase)| phase.kind != PhaseKind::Warmup);
    let many = judged().count() > LINES_MAX;
    let mut lines: Vec<Line> = Vec::new();
    for (index, phase) in judged() {
        let nth = lines.iter().filter(|line| line.kind == phase.kind).count();
        match lines.iter_mut().find(|line| many && line.kind == phase.kind) {
            Some(line) => line.phases.push(index),
            None => lines.push(Line { name: phase.name.clone(), kind: phase.kind, phases: vec![index], nth }),
        }
    }
    for line in lines.iter_mut().filter(|line| line.phases.len() > 1) {
        line.name = format!("{} ({})", kind_name(line.kind), line.phases.len());
    }
    lines
}

const fn kind_name(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::Warmup => "warmup",
        PhaseKind::Baseline => "baseline",
        PhaseKind::Fault => "fault",
        PhaseKind::Recovery => "recovery",
        PhaseKind::Whole => "whole",
    }
}

fn curves<'a>(
    scene: &Scene<'_>,
    lines: &'a [Line],
    of: impl Fn(&Cell) -> &Counts,
    wanted: impl Fn(&Cell) -> bool,
) -> Vec<(&'a Line, Curve)> {
    let sum =
        |line: &Line| scene.account().grid.sum(&of, |cell| line.phases.contains(&cell.phase) && wanted(cell));
    lines.iter().filter_map(|line| Some((line, Curve::of(&sum(line))?))).collect()
}

fn panel(title: &str, curves: &[(&Line, Curve)], goal: Option<f64>, down: &Scale) -> Markup {
    let length = curve::length(curves.iter().map(|(_, curve)| curve));
    let across = Scale::linear((0.0, length), (LEFT, RIGHT));
    let drawing = chart(&format!("{title}: latency by percentile"), &told(curves), HEIGHT)
        .with(grid(&across, down, length))
        .with(goal.map(|goal| objective(down, goal)))
        .with(drawn(curves, &across, down))
        .with(names(curves, &across, down));
    figure(title, "latency by percentile", "", drawing).class("curves").into()
}

/// What can be seen, in words.
fn told(curves: &[(&Line, Curve)]) -> String {
    let line = |(line, curve): &(&Line, Curve)| {
        let (least, most) = curve.range();
        let samples = thousands(curve.count);
        format!("{}: {samples} samples from {} to {}", line.name, show_seconds(least), show_seconds(most))
    };
    curves.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn grid(across: &Scale, down: &Scale, length: f64) -> Markup {
    let rows = down.ticks(12).into_iter().map(|tick| {
        let y = down.at(tick);
        Markup::from(svg::line("grid", (LEFT, y), (RIGHT, y)))
            .and(svg::text("tick", (LEFT, y + 4.0), Anchor::End, &show_seconds(tick)).attr("dx", -6))
    });
    let columns = curve::ticks(length).into_iter().map(|(place, label)| {
        let x = across.at(place);
        Markup::from(svg::line("grid", (x, TOP), (x, BOTTOM))).and(svg::text(
            "tick",
            (x, BOTTOM + 16.0),
            Anchor::Middle,
            label,
        ))
    });
    let unit = svg::text("tick", (RIGHT + 5.0, BOTTOM + 16.0), Anchor::Start, "percentile");
    rows.chain(columns).chain([Markup::from(unit)]).collect()
}

fn objective(down: &Scale, goal: f64) -> Markup {
    let (y, words) = (down.at(goal), format!("objective {}", show_seconds(goal)));
    Markup::from(svg::line("goal", (LEFT, y), (RIGHT, y))).and(svg::text(
        "goal",
        (RIGHT, y - 4.0),
        Anchor::End,
        &words,
    ))
}

fn drawn(curves: &[(&Line, Curve)], across: &Scale, down: &Scale) -> Markup {
    let place = |(nines, seconds): &(f64, f64)| Some((across.at(*nines) * UNITS / 100.0, down.at(*seconds)));
    let paths = curves.iter().map(|(line, curve)| {
        let path = svg::curve(curve.points.iter().map(place)).element(&format!("curve {}", class(line)));
        el("g").with(el("title").with(told(&[(*line, curve.clone())]))).with(path)
    });
    stretched(HEIGHT).each(paths).into()
}

/// A dot where each curve ends, and its name right of all of them.
fn names(curves: &[(&Line, Curve)], across: &Scale, down: &Scale) -> Markup {
    /// Least distance between names, in pixels.
    const APART: f64 = 15.0;
    let ends: Vec<(f64, f64)> = curves.iter().filter_map(|(_, curve)| curve.points.last().copied()).collect();
    let wanted: Vec<f64> = ends.iter().map(|end| down.at(end.1)).collect();
    let labels = latency::spread(&wanted, APART, (TOP, BOTTOM));
    let each = curves.iter().zip(ends).zip(labels).map(|(((line, _), end), label)| {
        let (x, y) = (across.at(end.0), down.at(end.1));
        let dot = el("circle").class(&format!("dot {}", class(line))).attr("cx", Pct(x)).attr("cy", Num(y));
        Markup::from(svg::line(&format!("leader {}", class(line)), (x, y), (RIGHT + 1.0, label)))
            .and(dot.attr("r", 3))
            .and(svg::text(
                &format!("name {}", class(line)),
                (RIGHT + 2.0, label + 4.0),
                Anchor::Start,
                &fit(&line.name, 15),
            ))
    });
    each.collect()
}

/// The colour of a phase's kind; further lines of a kind are told apart by their dashes.
fn class(line: &Line) -> String {
    format!("k-{} n{}", kind_name(line.kind), line.nth.min(3))
}

/// The same in figures.
fn table(scene: &Scene<'_>, title: &str, name: &str) -> Markup {
    let judgement = scene.judgement();
    let judged = judgement.phases.iter().filter(|phase| phase.kind != PhaseKind::Warmup);
    let rows = judged.chain((judgement.phases.len() > 1).then_some(&judgement.whole));
    let rows = rows.map(|phase| {
        let values = phase.distributions.get(name).map(five);
        let values = values.map_or_else(|| vec!["–".to_owned(); 5], |five| five.map(show_seconds).to_vec());
        std::iter::once(phase.name.clone()).chain(values)
    });
    let stats = ["p50", "p90", "p99", "p99.9", "max"].map(Column::Number);
    let columns: Vec<_> = std::iter::once(Column::Text("phase")).chain(stats).collect();
    parts::table(&format!("{title} by phase"), &columns, rows).into()
}

fn five(values: &Distribution) -> [f64; 5] {
    [values.p50, values.p90, values.p99, values.p99_9, values.max]
}
