//! What every figure means: a page that all of them link to, so that no reader guesses what was counted.

use super::markup::{Markup, el, span};
use super::parts::definition_id;
use crate::history::figure::FIGURES;

/// The page.
pub(super) fn page() -> Markup {
    let entries = FIGURES.iter().map(|figure| {
        let name = el("dt").id(&definition_id(figure.name)).with(el("code").with(figure.name));
        Markup::from(name.with(span("unit", figure.kind.to_string()))).and(el("dd").with(figure.about))
    });
    el("section")
        .class("page definitions")
        .id("definitions")
        .attr("aria-labelledby", "definitions-h")
        .with(el("h1").id("definitions-h").with("Definitions"))
        .with(el("p").class("lead").with(
            "A request belongs to the phase of its intended arrival, and every intended arrival counts, whether it was \
             sent or not. A figure without samples is absent, never zero. Percentiles are read from merged histograms.",
        ))
        .with(el("dl").each(entries))
        .into()
}
