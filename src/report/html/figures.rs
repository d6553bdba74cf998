//! Every figure, phase by phase.

use super::markup::{Markup, el};
use super::parts::{Column, details, figure_link, section, table};
use super::scene::Scene;
use super::tiles::{kind, shown};
use crate::history::figure::{FIGURES, STATS};
use crate::judge::PhaseFigures;

/// The section.
pub(super) fn section_of(scene: &Scene<'_>) -> Markup {
    let body = details("Single figures, by phase", numbers(scene)).into();
    let body = Markup::and(body, details("Distributions, by phase", distributions(scene)));
    section(scene, "figures", "All figures", body)
}

fn numbers(scene: &Scene<'_>) -> Markup {
    let views = views(scene);
    let columns: Vec<_> = std::iter::once(Column::Text("figure"))
        .chain(views.iter().map(|view| Column::Number(view.name.as_str())))
        .collect();
    let measured =
        FIGURES.iter().filter(|figure| views.iter().any(|view| view.number(figure.name).is_some()));
    let rows = measured.map(|figure| {
        let cells = views.iter().map(|view| Markup::from(value(view, figure.name, None)));
        std::iter::once(Markup::from(figure_link(figure.name))).chain(cells).collect::<Vec<_>>()
    });
    table("Figures with a single value, by phase", &columns, rows).into()
}

/// A table a distribution: a row a phase.
fn distributions(scene: &Scene<'_>) -> Markup {
    let views = views(scene);
    let columns: Vec<_> = [Column::Text("figure"), Column::Text("phase")]
        .into_iter()
        .chain(STATS.iter().map(|stat| Column::Number(stat)))
        .collect();
    let rows = FIGURES.iter().flat_map(|figure| {
        let measured = views.iter().filter(|view| view.distributions.contains_key(figure.name));
        measured.map(|view| {
            let cells = STATS.iter().map(|stat| Markup::from(value(view, figure.name, Some(stat))));
            let names = [Markup::from(figure_link(figure.name)), view.name.as_str().into()];
            names.into_iter().chain(cells).collect::<Vec<_>>()
        })
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return el("p").class("empty").with("Nothing with a distribution was measured.").into();
    }
    table("Distributions, by phase", &columns, rows).into()
}

/// The run as a whole, and its phases where there are several.
fn views<'a>(scene: &Scene<'a>) -> Vec<&'a PhaseFigures> {
    let judgement = scene.judgement();
    let phases = if judgement.phases.len() > 1 { judgement.phases.as_slice() } else { &[] };
    std::iter::once(&judgement.whole).chain(phases).collect()
}

fn value(view: &PhaseFigures, name: &str, stat: Option<&str>) -> String {
    view.measure(name, stat).map_or_else(|| "–".to_owned(), |value| shown(kind(name, stat), value))
}
