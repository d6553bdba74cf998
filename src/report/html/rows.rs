//! Rows on a common axis: who, a drawing, and what it says in words. On a narrow page the words stand above the drawing.

use super::markup::{Element, Markup, el, span};
use super::scale::moments;
use super::scene::clock;
use super::svg::{Num, anchored, text};
use crate::report::html::scale::Scale;

/// One row.
pub(super) fn row(
    class: &str,
    who: impl Into<Markup>,
    drawing: impl Into<Markup>,
    says: impl Into<Markup>,
) -> Markup {
    el("div")
        .class(&format!("row {class}"))
        .with(span("who", who))
        .with(el("div").class("bar").with(drawing))
        .with(span("says", says))
        .into()
}

/// A drawing of a row. It has no words of its own: those of its row say the same.
pub(super) fn drawing(height: f64) -> Element {
    el("svg")
        .class("chart bare")
        .attr("width", "100%")
        .attr("height", Num(height))
        .attr("aria-hidden", "true")
}

/// Rows under each other.
pub(super) fn rows(all: impl IntoIterator<Item = Markup>) -> Markup {
    el("div").class("rows").each(all).into()
}

/// The axis of time, as a row of its own; `from` and `to` in seconds, counted from `zero`.
pub(super) fn ruler(axis: &Scale, zero: f64) -> Markup {
    let (from, to) = axis.domain();
    let ticks = moments(to - from, 5).into_iter().map(|at| from + at);
    // Round moments of the run, not of the axis, which may begin anywhere.
    let step = ticks.clone().nth(1).map_or(to - from, |second| second - from).max(1e-6);
    let first = ((from - zero) / step - 1e-6).ceil();
    let round =
        (0..20).map(|index| zero + (first + f64::from(index)) * step).take_while(|at| *at <= to + 1e-9);
    let labels = round.map(|at| {
        let x = axis.at(at);
        text("tick", (x, 12.0), anchored(x), &clock(at - zero, to - zero))
    });
    row("ruler", "", drawing(16.0).each(labels), "")
}
