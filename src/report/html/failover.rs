//! Failover and recovery: for each fault window what was measured, drawn on its own axis of time, and the steps of
//! single failovers.

mod course;

use course::{Bar, Course, Span};

use super::markup::{Markup, el, span};
use super::parts::{Column, empty, figure, table};
use super::rows::{drawing, row, rows, ruler};
use super::scale::Scale;
use super::scene::{Scene, clock};
use super::svg::{Anchor, Num, Pct, UNITS, line, rect, steps, stretched, text};
use crate::history::figure::Kind;
use crate::judge::expectations::show;
use crate::judge::{Interval, WindowFigures};
use crate::report::paint::{percent, show_seconds, thousands};

/// Windows drawn, those that did most harm; the table has all.
const WINDOWS_MAX: usize = 3;

/// Height of a curve and of a bar, in pixels.
const CURVE: f64 = 36.0;
const ROW: f64 = 22.0;

/// The course of each window, the steps of failovers, and every window in a table.
pub(super) fn section(scene: &Scene<'_>) -> Markup {
    let windows: Vec<_> = scene.judgement().windows.iter().filter(|window| window.wanted > 0).collect();
    let steps = steps_of(scene);
    if windows.is_empty() && steps.is_empty() {
        return empty("No fault window hit a provider that requests wanted, and nothing failed over.").into();
    }
    let mut worst = windows.clone();
    worst.sort_by_key(|window| std::cmp::Reverse(window.harmed + window.wasted_attempts));
    worst.truncate(WINDOWS_MAX);
    worst.sort_by(|a, b| a.from.total_cmp(&b.from));
    let drawn: Markup = worst.into_iter().map(|window| course(scene, window)).collect();
    let listed = (!windows.is_empty()).then(|| list(scene, &windows));
    drawn.and(steps).and(listed)
}

fn course(scene: &Scene<'_>, window: &WindowFigures) -> Markup {
    let course = Course::of(scene, window);
    let axis = Scale::linear((course.from, course.to), (0.0, 100.0));
    let until = window.to.map_or_else(|| "the end".to_owned(), |to| clock(to, scene.end));
    let title = format!("{}: {}", window.provider, window.fault);
    let unit = format!("{} to {until}", clock(window.from, scene.end));
    let bars = course.bars.iter().map(|bar| interval(bar, &course, &axis));
    let all = [ruler(&axis, 0.0), attainment(&course, &axis), traffic(scene, window, &course, &axis)];
    figure(&title, &unit, "", rows(all.into_iter().chain(bars)).and(notes(window))).class("course").into()
}

/// What no interval says.
fn notes(window: &WindowFigures) -> Markup {
    let times = |count| if count == 1 { "once".to_owned() } else { format!("{} times", thousands(count)) };
    let provider = &window.provider;
    let stuck =
        "The fault was gone and the load unchanged, yet the service did not come back: it kept itself down.";
    let notes = [
        (window.metastable == Some(true)).then(|| stuck.to_owned()),
        (window.flaps > 0)
            .then(|| format!("Requests went back to {provider} too early, {}.", times(window.flaps))),
        window.overshoot.filter(|peak| *peak > 1.0).map(|peak| {
            format!("When {provider} was back, it got {} of what it takes at most.", show(Kind::Ratio, peak))
        }),
    ];
    notes.into_iter().flatten().map(|note| el("p").class("warning").with(note)).collect()
}

/// The window itself, behind everything.
fn shade(course: &Course, axis: &Scale, height: f64) -> Markup {
    let (from, to) = course.window;
    rect("shade", (axis.at(from), axis.at(to)), (0.0, height)).into()
}

/// Attainment, and what was lost of it.
fn attainment(course: &Course, axis: &Scale) -> Markup {
    let down = Scale::linear((0.0, 1.0), (CURVE - 2.0, 4.0));
    let base = down.at(course.baseline.unwrap_or(1.0));
    let got = course.strip(&course.attainment, |share| down.at(share), CURVE - 2.0);
    let lost: Vec<f64> = course.lost.iter().map(|share| share.map_or(base, |share| down.at(share))).collect();
    let strips = stretched(CURVE)
        .with(shift(
            course,
            axis,
            steps(course.width(axis), &vec![CURVE - 2.0; got.len()], &got).element("attained"),
        ))
        .with(shift(course, axis, steps(course.width(axis), &vec![base; lost.len()], &lost).element("lost")));
    let line = course.baseline.map(|_| line("goal", (0.0, base), (100.0, base)));
    let loss =
        course.loss.filter(|lost| *lost >= 0.05).map(|lost| format!("; {lost:.1} requests' worth lost"));
    let says = match course.baseline {
        Some(baseline) => format!("baseline {}{}", percent(Some(baseline)), loss.unwrap_or_default()),
        None => "no baseline to compare with".to_owned(),
    };
    let strip = drawing(CURVE).with(shade(course, axis, CURVE)).with(strips).with(line);
    row("strip", "attainment", strip, says)
}

/// Attempts on the broken provider, a request.
fn traffic(scene: &Scene<'_>, window: &WindowFigures, course: &Course, axis: &Scale) -> Markup {
    let most = course.traffic.iter().flatten().fold(1.0, |most: f64, value| most.max(*value));
    let down = Scale::linear((0.0, most), (CURVE - 2.0, 4.0));
    let high = course.strip(&course.traffic, |value| down.at(value), CURVE - 2.0);
    let path = steps(course.width(axis), &vec![CURVE - 2.0; high.len()], &high);
    let class = format!("fill {}", scene.colour(&window.provider));
    let says = format!(
        "{} attempts in the window, {} of them failed",
        thousands(window.attempts),
        thousands(window.wasted_attempts)
    );
    let strip = drawing(CURVE).with(shade(course, axis, CURVE)).with(stretched(CURVE).with(shift(
        course,
        axis,
        path.element(&class),
    )));
    row("strip", format!("attempts on {}", window.provider), strip, says)
}

/// A strip begins with its first slice, not with the axis.
fn shift(
    course: &Course,
    axis: &Scale,
    path: Option<super::markup::Element>,
) -> Option<super::markup::Element> {
    let (from, to) = axis.domain();
    let by = (course.first - from) / (to - from) * UNITS;
    path.map(|path| el("g").attr("transform", format_args!("translate({})", Num(by))).with(path))
}

fn interval(bar: &Bar, course: &Course, axis: &Scale) -> Markup {
    let drawn = bar.span.map(|span| {
        let (class, Span { from, to, .. }) = (if span.open { "interval never" } else { "interval" }, span);
        let (from, to) = (axis.at(from), axis.at(to));
        let end = (!span.open).then(|| line("interval-end", (to, 2.0), (to, ROW - 2.0)));
        Markup::from(rect(class, (from, to), (7.0, ROW - 7.0))).and(end)
    });
    let unknown = bar
        .span
        .is_none()
        .then(|| text("unknown", (axis.at(course.window.0), ROW / 2.0 + 4.0), Anchor::Start, "?"));
    let strip = drawing(ROW).with(shade(course, axis, ROW)).with(drawn).with(unknown);
    row("measure", bar.name, strip, bar.says.as_str())
}

/// The steps of single failovers: the median as a dot, a line from there to the 99th percentile.
fn steps_of(scene: &Scene<'_>) -> Markup {
    let steps = [
        ("failover.detect", "detect", "from the failure on the wire to leaving the attempt"),
        ("failover.decide", "decide", "from there to asking the next model"),
        ("failover.answer", "answer", "from there to its first output"),
        ("failover.added", "added", "first output later than the baseline median"),
    ];
    let whole = &scene.judgement().whole.distributions;
    let found: Vec<_> = steps.iter().filter_map(|step| Some((step, whole.get(step.0)?))).collect();
    if found.is_empty() {
        return Markup::new();
    }
    let most = found.iter().map(|(_, values)| values.p99).fold(1e-3, f64::max);
    let axis = Scale::linear((0.0, most), (1.0, 99.0));
    let each = found.into_iter().map(|((_, name, about), values)| {
        let (median, tail) = (axis.at(values.p50), axis.at(values.p99));
        let says = format!("p50 {} · p99 {}", show_seconds(values.p50), show_seconds(values.p99));
        let dot = el("circle").class("dot").attr("cx", Pct(median)).attr("cy", Num(ROW / 2.0)).attr("r", 4);
        let strip = drawing(ROW)
            .with(line("grid", (0.0, ROW / 2.0), (100.0, ROW / 2.0)))
            .with(line("tail", (median, ROW / 2.0), (tail, ROW / 2.0)))
            .with(line("tail-end", (tail, 6.0), (tail, ROW - 6.0)))
            .with(dot);
        row("step", Markup::from(el("b").with(*name)).and(span("muted", format!(" {about}"))), strip, says)
    });
    let unit = "dot: median, line: to the 99th percentile";
    figure("The steps of a failover", unit, "", rows(each)).class("steps").into()
}

fn list(scene: &Scene<'_>, windows: &[&WindowFigures]) -> Markup {
    let columns = [
        Column::Text("window"),
        Column::Text("provider"),
        Column::Number("failover"),
        Column::Number("harmed before"),
        Column::Number("wasted attempts"),
        Column::Number("service back"),
        Column::Number("failback"),
        Column::Number("flaps"),
        Column::Number("lost"),
    ];
    let rows = windows.iter().map(|window| {
        let until = window.to.map_or_else(|| "the end".to_owned(), |to| clock(to, scene.end));
        [
            format!("{} to {until}", clock(window.from, scene.end)),
            window.provider.clone(),
            short(window.time_to_failover),
            thousands(window.harmed),
            thousands(window.wasted_attempts),
            short(window.recover_service),
            short(window.recover_failback),
            thousands(window.flaps),
            window.loss_area.map_or_else(|| "–".to_owned(), |lost| format!("{lost:.1}")),
        ]
    });
    table("Every fault window", &columns, rows).into()
}

fn short(interval: Interval) -> String {
    match interval {
        Interval::After(seconds) => show_seconds(seconds),
        Interval::Never(watched) => format!("not in {}", show_seconds(watched)),
        Interval::Unknown => "unknown".to_owned(),
    }
}
