//! The few figures that say how it went, each with the phase in which it was worst.

use super::markup::{Element, Markup, el, span};
use super::parts::{figure_link, section};
use super::scene::Scene;
use crate::history::figure::{Kind, find};
use crate::judge::PhaseFigures;
use crate::report::paint::{percent, show, thousands};

/// Figure, statistic, and whether more of it is better.
const FIGURES: [(&str, Option<&str>, bool); 10] = [
    ("availability", None, true),
    ("attainment", None, true),
    ("goodput", None, true),
    ("latency.first_token", Some("p50"), false),
    ("latency.first_token", Some("p99"), false),
    ("latency.total", Some("p99"), false),
    ("amplification", None, false),
    ("cost.per_success", None, false),
    ("quality", None, true),
    ("burn_rate", None, false),
];

/// The section.
pub(super) fn section_of(scene: &Scene<'_>) -> Markup {
    let tiles: Vec<_> =
        FIGURES.into_iter().filter_map(|(name, stat, more)| tile(scene, name, stat, more)).collect();
    if tiles.is_empty() {
        return Markup::new();
    }
    section(scene, "key", "Key figures", el("dl").class("tiles").each(tiles))
}

fn tile(scene: &Scene<'_>, name: &str, stat: Option<&str>, more: bool) -> Option<Element> {
    let judgement = scene.judgement();
    let value = judgement.whole.measure(name, stat)?;
    let kind = kind(name, stat);
    let label = figure_link(name).with(stat.map(|stat| format!(" {stat}")));
    let measured = judgement.phases.iter().filter_map(|phase| Some((phase, phase.measure(name, stat)?)));
    let measured: Vec<(&PhaseFigures, f64)> = measured.collect();
    let order = |a: &&(&PhaseFigures, f64), b: &&(&PhaseFigures, f64)| a.1.total_cmp(&b.1);
    let worst = if more { measured.iter().min_by(order) } else { measured.iter().max_by(order) };
    // Where every phase has the same value, none is worst.
    let worst = worst.filter(|(_, worst)| measured.iter().any(|(_, other)| other != worst));
    let worst =
        worst.map(|(phase, worst)| span("muted", format!("worst {} in {}", shown(kind, *worst), phase.name)));
    Some(
        el("div")
            .with(el("dt").with(label))
            .with(el("dd").with(el("b").with(shown(kind, value))).with(worst).with(beside(scene, name))),
    )
}

/// What must be read beside a figure: goodput says nothing without what was turned away.
fn beside(scene: &Scene<'_>, name: &str) -> Option<Element> {
    let count = |figure| scene.judgement().whole.number(figure).unwrap_or(0.0);
    let (shed, aborted) = (count("requests.shed"), count("requests.aborted"));
    let told =
        || span("muted", format!("{} shed, {} aborted", thousands(shed as u64), thousands(aborted as u64)));
    (name == "goodput" && shed + aborted > 0.0).then(told)
}

/// What a figure, or a statistic of it, is.
pub(super) fn kind(name: &str, stat: Option<&str>) -> Kind {
    match (find(name), stat) {
        (_, Some("count")) => Kind::Count,
        (Some(figure), _) => figure.kind,
        (None, _) => Kind::Ratio,
    }
}

/// A value in its unit. Shares are never rounded to all or nothing.
pub(super) fn shown(kind: Kind, value: f64) -> String {
    match kind {
        _ if value.is_infinite() => "never".to_owned(),
        Kind::Share => percent(Some(value)),
        _ => show(kind, value),
    }
}
