//! What every figure and every promise means: a page that all of them link to, so that no reader guesses what was counted.

use super::markup::{Markup, el, span};
use super::parts::{definition_id, prose};
use crate::history::figure::{FIGURES, Figure, Group};
use crate::report::promised::promises;

/// The page.
pub(super) fn page() -> Markup {
    let figures = Group::ALL.into_iter().map(|group| {
        let members = FIGURES.iter().filter(|figure| figure.group == group);
        Markup::from(el("h3").with(group.title())).and(el("dl").each(members.map(entry)))
    });
    let promises = promises().map(|promise| {
        let name = el("dt").id(&definition_id(promise.id)).with(el("code").with(promise.id));
        let says = el("dd").with(prose(promise.says)).with(el("p").class("muted").with(prose(promise.check)));
        Markup::from(name).and(says)
    });
    el("section")
        .class("page definitions")
        .id("definitions")
        .attr("aria-labelledby", "definitions-h")
        .with(el("h1").id("definitions-h").with("Definitions"))
        .with(el("h2").with("Figures"))
        .with(el("p").class("lead").with(
            "A request belongs to the phase of its intended arrival, and every intended arrival counts, whether it was \
             sent or not. A figure without samples is absent, never zero. Percentiles are read from merged histograms.",
        ))
        .each(figures)
        .with(el("h2").with("Promises"))
        .with(el("p").class("lead").with(
            "What holds in every world, whatever a scenario expects, and how it is checked. Truth is what providers saw \
             and sent; what the router says of itself is a claim.",
        ))
        .with(el("dl").each(promises))
        .into()
}

fn entry(figure: &Figure) -> Markup {
    let name = el("dt").id(&definition_id(figure.name)).with(el("code").with(figure.name));
    Markup::from(name.with(span("unit", figure.kind.to_string())))
        .and(el("dd").with(prose(figure.definition)))
}

/// Whether the documents define a promise.
pub(super) fn defined(id: &str) -> bool {
    promises().any(|promise| promise.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::good;

    #[test]
    fn every_promise_that_is_judged_is_defined() {
        let defined: Vec<_> = promises().collect();
        for judged in &good().judgement.promises {
            let found = defined.iter().find(|promise| promise.id == judged.id);
            let found = found.unwrap_or_else(|| panic!("docs/invariants.md does not define {}", judged.id));
            assert!(found.says.starts_with(&judged.name) && found.check.len() > 40, "{found:?}");
        }
    }

    #[test]
    fn every_definition_has_a_place_of_its_own() {
        let page = page();
        for id in FIGURES.iter().map(|figure| figure.name).chain(promises().map(|promise| promise.id)) {
            let wanted = format!("<dt id={}>", definition_id(id));
            assert_eq!(page.as_str().matches(&wanted).count(), 1, "{id}");
        }
    }
}
