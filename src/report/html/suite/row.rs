//! A scenario in a row.

use super::spark::spark;
use crate::history::figure::Kind;
use crate::judge::Outcome;
use crate::judge::diff::Change;
use crate::judge::expectations::show;
use crate::report::Suite;
use crate::report::html::markup::{Element, Markup, el, span};
use crate::report::html::parts::{badge, outcome_class};
use crate::report::html::scene::Scene;
use crate::report::html::svg::{chart, rect};
use crate::report::paint::{percent, thousands, time};

/// Which columns a suite needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    seeds: bool,
    diff: bool,
}

/// Columns that every suite has, numbers but for the first two and the last two.
const TITLES: [&str; 10] = [
    "scenario",
    "verdict",
    "requests",
    "answered",
    "attained",
    "first output p50",
    "first output p99",
    "attempts a request",
    "not by the first choice",
    "over time",
];

impl Columns {
    pub(super) fn of(suite: &Suite) -> Columns {
        Columns {
            seeds: suite.chapters.iter().any(|chapter| chapter.seeds.is_some()),
            diff: suite.chapters.iter().any(|chapter| chapter.diff.is_some()),
        }
    }

    pub(super) fn count(self) -> usize {
        TITLES.len() + usize::from(self.seeds) + usize::from(self.diff)
    }

    pub(super) fn head(self) -> Element {
        let more = [self.seeds.then_some("seeds passed"), self.diff.then_some("since the baseline")];
        let titles = TITLES.into_iter().chain(more.into_iter().flatten());
        let cells = titles.enumerate().map(|(index, title)| {
            el("th").attr("scope", "col").attr_if("class", numeric(index).then_some("n")).with(title)
        });
        el("thead").with(el("tr").each(cells))
    }

    pub(super) fn row(self, scene: &Scene<'_>) -> Markup {
        let whole = &scene.judgement().whole;
        let first = |stat| time(whole.measure("latency.first_token", Some(stat)));
        let amplification =
            whole.number("amplification").map_or_else(|| "-".to_owned(), |value| show(Kind::Ratio, value));
        let mut cells: Vec<Markup> = vec![
            badge(scene.chapter.verdict()).into(),
            thousands(whole.requests).into(),
            percent(whole.number("availability")).into(),
            percent(whole.number("attainment")).into(),
            first("p50").into(),
            first("p99").into(),
            amplification.into(),
            others(scene),
            spark(scene),
        ];
        cells.extend(self.seeds.then(|| seeds(scene)));
        cells.extend(self.diff.then(|| diff(scene)));
        let titles = TITLES
            .into_iter()
            .skip(1)
            .chain(self.seeds.then_some("seeds passed"))
            .chain(self.diff.then_some("since the baseline"));
        let cells = cells.into_iter().zip(titles).enumerate().map(|(index, (cell, title))| {
            // On a narrow page a row is a card, and each value needs its name beside it.
            let class = numeric(index + 1).then_some("n");
            el("td").attr_if("class", class).attr("data-t", title).with(cell)
        });
        el("tr").class(&format!("v-{}", scene.chapter.verdict().name())).with(name(scene)).each(cells).into()
    }
}

/// Whether a column has numbers.
const fn numeric(index: usize) -> bool {
    matches!(index, 2..=7)
}

fn name(scene: &Scene<'_>) -> Element {
    let link = el("a").attr("href", format_args!("#{}", scene.id)).with(scene.chapter.name());
    let about = scene.judgement().header.about.as_deref().map(str::trim);
    el("th").attr("scope", "row").attr_if("title", about).with(link)
}

/// The share that another than the first choice served, or nobody, and by whom as a bar.
fn others(scene: &Scene<'_>) -> Markup {
    let whole = &scene.judgement().whole;
    let counts = Outcome::SPLIT.map(|outcome| (outcome, whole.outcome(outcome)));
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    let rest: u64 = counts[1..].iter().map(|(_, count)| count).sum();
    if rest == 0 {
        return span("muted", if all > 0 { "0%" } else { "-" }).into();
    }
    let told: Vec<_> = counts[1..]
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| format!("{} {}", thousands(*count), outcome.name()))
        .collect();
    let told = told.join(", ");
    let mut at = 0.0;
    let parts = counts[1..].iter().filter(|(_, count)| *count > 0).map(|(outcome, count)| {
        let from = at;
        at += *count as f64 / all as f64 * 100.0;
        rect(&format!("area {}", outcome_class(*outcome)), (from, at.max(from + 1.5)), (0.0, 8.0))
    });
    let bar = chart("served by others, or by nobody", &told, 8.0).each(parts.collect::<Vec<_>>());
    let share = percent(Some(rest as f64 / all as f64));
    span("mini", span("num", share)).with(bar).attr("title", &told).into()
}

fn seeds(scene: &Scene<'_>) -> Markup {
    let Some(seeds) = &scene.chapter.seeds else { return Markup::from("-") };
    let ends = format!("{} to {}", percent(Some(seeds.interval.0)), percent(Some(seeds.interval.1)));
    let told = format!(
        "the true share lies between {ends} with 95 % confidence; {} must pass",
        percent(Some(seeds.wanted))
    );
    el("span").attr("title", told).with(format!("{} of {}", seeds.passed, seeds.runs.len())).into()
}

/// The worst change since the baseline, and of which figure.
fn diff(scene: &Scene<'_>) -> Markup {
    let Some(diff) = &scene.chapter.diff else { return Markup::from("new") };
    let of = |change: Change| diff.figures.iter().filter(|figure| figure.change == change).count();
    let (class, words) = match diff.change {
        Change::Worse => ("v-fail", format!("{} worse", of(Change::Worse))),
        Change::Better => ("v-pass", format!("{} better", of(Change::Better))),
        Change::Moved => ("muted", format!("{} moved", of(Change::Moved))),
        Change::Noise => ("muted", "noise".to_owned()),
        Change::Same => ("muted", "same".to_owned()),
    };
    let named = diff.figures.iter().filter(|figure| figure.change == diff.change).take(3);
    let named: Vec<_> = named.map(|figure| format!("{} during {}", figure.name, figure.phase)).collect();
    let told = Some(named.join(", ")).filter(|told| !told.is_empty());
    span(&format!("word {class}"), words).attr_if("title", told).into()
}
