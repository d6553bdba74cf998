//! What pages are made of: sections, tables, keys, badges, links to definitions.

use super::markup::{Element, Markup, el, span};
use super::scene::Scene;
use crate::judge::{Outcome, Verdict};

/// A section of a scenario's page, with its heading. `part` is its name in the address.
pub(super) fn section(scene: &Scene<'_>, part: &str, title: &str, body: impl Into<Markup>) -> Markup {
    let (id, heading) = (scene.anchor(part), scene.anchor(&format!("{part}-h")));
    el("section")
        .class("part")
        .id(&id)
        .attr("aria-labelledby", &heading)
        .with(el("h2").id(&heading).with(title))
        .with(body)
        .into()
}

/// A sentence under a heading that says what is to be seen.
pub(super) fn lead(text: impl Into<Markup>) -> Element {
    el("p").class("lead").with(text)
}

/// Why there is nothing to be seen.
pub(super) fn empty(why: &str) -> Element {
    el("p").class("empty").with(why)
}

/// A chart with its title, what its colours mean, and the chart itself. `aside` stands at the right of the title.
pub(super) fn figure(title: &str, unit: &str, aside: impl Into<Markup>, chart: impl Into<Markup>) -> Element {
    let unit = (!unit.is_empty()).then(|| span("unit", unit));
    let head = el("figcaption").with(el("h3").with(title).with(unit)).with(aside);
    el("figure").with(head).with(chart)
}

/// What a colour means, with room for a value. `class` gives the colour; a script finds the value by its `key` and
/// shows there what was so at the moment that is pointed at.
pub(super) fn key(class: &str, label: &str, key: &str, value: &str) -> Element {
    span("key", el("i").class(class)).with(label).with(" ").with(el("b").attr("data-s", key).with(value))
}

/// A verdict, as a mark and a word.
pub(super) fn badge(verdict: Verdict) -> Element {
    let (mark, word) = match verdict {
        Verdict::Pass => ("✓", "pass"),
        Verdict::Fail => ("✗", "fail"),
        Verdict::Inconclusive => ("?", "inconclusive"),
    };
    span(&format!("badge v-{word}"), el("i").attr("aria-hidden", "true").with(mark)).with(word)
}

/// The class that gives an outcome its colour.
pub(super) fn outcome_class(outcome: Outcome) -> String {
    format!("o-{}", outcome.name())
}

/// Text whose words in backticks are code.
pub(super) fn prose(text: &str) -> Markup {
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 0 { Markup::from(part) } else { el("code").with(part).into() })
        .collect()
}

/// A figure's name, linked to its definition.
pub(super) fn figure_link(name: &str) -> Element {
    el("a").class("def").attr("href", format_args!("#{}", definition_id(name))).with(name)
}

/// Where a figure or a promise is defined in the document.
pub(super) fn definition_id(name: &str) -> String {
    format!("def-{}", name.replace('.', "-"))
}

/// A column of a [`table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column<'a> {
    /// Words.
    Text(&'a str),
    /// Numbers, one under the other.
    Number(&'a str),
}

/// A table that scrolls in its own box when it is too wide. The first cell of a row is its heading.
pub(super) fn table<R>(caption: &str, columns: &[Column<'_>], rows: impl IntoIterator<Item = R>) -> Element
where
    R: IntoIterator<Item: Into<Markup>>,
{
    let numeric = |index: usize| matches!(columns.get(index), Some(Column::Number(_)));
    let head = columns.iter().enumerate().map(|(index, column)| {
        let (Column::Text(name) | Column::Number(name)) = column;
        let class = numeric(index).then_some("n");
        el("th").attr("scope", "col").attr_if("class", class).with(*name)
    });
    let body = rows.into_iter().map(|row| {
        let cells = row.into_iter().enumerate().map(|(index, cell)| {
            let (name, scope) = if index == 0 { ("th", Some("row")) } else { ("td", None) };
            el(name).attr_if("scope", scope).attr_if("class", numeric(index).then_some("n")).with(cell)
        });
        el("tr").each(cells)
    });
    let table = el("table")
        .with(el("caption").with(caption))
        .with(el("thead").with(el("tr").each(head)))
        .with(el("tbody").each(body));
    // Focusable, since a box that scrolls must scroll by keys too.
    el("div")
        .class("scroll")
        .attr("role", "region")
        .attr("aria-label", caption)
        .attr("tabindex", 0)
        .with(table)
}

/// Something that is there on demand.
pub(super) fn details(summary: &str, body: impl Into<Markup>) -> Element {
    el("details").with(el("summary").with(summary)).with(body)
}

/// A command line to be copied.
pub(super) fn command(line: &str) -> Element {
    let copy = el("button").class("copy js").attr("type", "button").attr("data-copy", line).with("Copy");
    el("div").class("command").with(el("code").with(line)).with(copy)
}
