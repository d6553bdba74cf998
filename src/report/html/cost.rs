//! What answers cost, why that is more or less than it would have been, and how good they were.

use super::markup::{Markup, el};
use super::parts::{Column, empty, lead, table};
use super::rows::{drawing, row, rows};
use super::scale::{Scale, ceiling};
use super::scene::Scene;
use super::svg::{line, rect};
use crate::history::PhaseKind;
use crate::history::figure::Kind;
use crate::judge::PhaseFigures;
use crate::judge::expectations::show;

/// Height of a row, in pixels.
const ROW: f64 = 22.0;

/// Inflation by phase, split into the price of fallback and waste; the rest as a table.
pub(super) fn section(scene: &Scene<'_>) -> Markup {
    let judgement = scene.judgement();
    let judged =
        judgement.phases.iter().filter(|phase| phase.kind != PhaseKind::Warmup && phase.requests > 0);
    let phases: Vec<_> = judged.chain((judgement.phases.len() > 1).then_some(&judgement.whole)).collect();
    let figures: Vec<_> = phases.iter().filter_map(|phase| Some((*phase, Inflation::of(phase)?))).collect();
    if judgement.whole.number("cost.total").is_none() {
        return empty("No request was made, so nothing was billed.").into();
    }
    let bars = if figures.is_empty() {
        lead("No answer has a price to compare with, so nothing can be said about inflation.").into()
    } else {
        let most = figures.iter().map(|(_, inflation)| inflation.all).fold(1.0, f64::max);
        let axis = Scale::linear((0.0, ceiling(most, 4)), (0.0, 100.0));
        rows(figures.iter().map(|(phase, inflation)| bar(phase, *inflation, &axis)))
    };
    Markup::from(lead(ledger(&judgement.whole))).and(bars).and(by_phase(&phases))
}

/// What was paid, in multiples of one clean attempt each on the wanted model.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Inflation {
    all: f64,
    /// More, or less, because other models answered.
    fallback: f64,
    /// For attempts that gave nothing.
    waste: f64,
}

impl Inflation {
    fn of(phase: &PhaseFigures) -> Option<Inflation> {
        let number = |name| phase.number(name);
        Some(Inflation {
            all: number("cost.inflation")?,
            fallback: number("cost.inflation.fallback")?,
            waste: number("cost.inflation.waste")?,
        })
    }

    /// Where the bar of those that answered ends, and where that of waste does.
    fn ends(self) -> (f64, f64) {
        let served = (1.0 + self.fallback).max(0.0);
        (served, served + self.waste.max(0.0))
    }
}

fn bar(phase: &PhaseFigures, inflation: Inflation, axis: &Scale) -> Markup {
    let (served, all) = inflation.ends();
    let clean = axis.at(1.0);
    let bar = drawing(ROW)
        .with(
            rect("cost-served", (0.0, axis.at(served)), (5.0, ROW - 5.0))
                .with(el("title").with("those that answered")),
        )
        .with(
            rect("cost-waste", (axis.at(served), axis.at(all)), (5.0, ROW - 5.0))
                .with(el("title").with("waste")),
        )
        .with(line("goal", (clean, 0.0), (clean, ROW)).with(el("title").with("one clean attempt each: 1x")));
    row("cost", el("b").with(&phase.name), bar, words(inflation))
}

/// `1.08x: 1 + 0.05 by other models + 0.03 waste`.
fn words(inflation: Inflation) -> String {
    let signed = |value: f64| {
        let size = show(Kind::Ratio, value.abs());
        format!("{} {}", if value < 0.0 { "−" } else { "+" }, size.trim_end_matches('x'))
    };
    let (all, fallback) = (show(Kind::Ratio, inflation.all), signed(inflation.fallback));
    format!("{all} = 1 {fallback} by other models {} waste", signed(inflation.waste))
}

/// Whether the books are right.
fn ledger(whole: &PhaseFigures) -> String {
    let mut text = match whole.number("cost.ledger_error") {
        Some(0.0) => "The router's ledger agrees with what providers billed.".to_owned(),
        Some(error) => {
            format!("The router's ledger is off by {} from what providers billed.", show(Kind::Money, error))
        }
        None => String::new(),
    };
    if let Some(unknown) = whole.number("cost.unknown").filter(|unknown| *unknown > 0.0) {
        text.push_str(&format!(
            " {} billed calls have no declared price and are left out.",
            show(Kind::Count, unknown)
        ));
    }
    text
}

fn by_phase(phases: &[&PhaseFigures]) -> Markup {
    let figures = [
        ("cost.total", "cost", Kind::Money),
        ("cost.per_success", "a success", Kind::Money),
        ("cost.inflation", "inflation", Kind::Ratio),
        ("quality", "quality", Kind::Ratio),
    ];
    let rows = phases.iter().map(|phase| {
        let values = figures.iter().map(|(name, _, kind)| {
            phase.number(name).map_or_else(|| "–".to_owned(), |value| show(*kind, value))
        });
        std::iter::once(phase.name.clone()).chain(values).collect::<Vec<_>>()
    });
    let columns = figures.iter().map(|(_, title, _)| Column::Number(title));
    let columns: Vec<_> = std::iter::once(Column::Text("phase")).chain(columns).collect();
    table("Cost and quality by phase", &columns, rows).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cheaper_fallback_makes_the_bar_shorter_and_waste_makes_it_longer() {
        // 1 - 0.25 for a model that costs less, + 0.5 for attempts that gave nothing.
        let inflation = Inflation { all: 1.25, fallback: -0.25, waste: 0.5 };
        assert_eq!(inflation.ends(), (0.75, 1.25));
        assert_eq!(words(inflation), "1.25x = 1 − 0.25 by other models + 0.5 waste");
    }
}
