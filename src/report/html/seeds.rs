//! One scenario under many seeds: how it goes in general.

use super::markup::{Element, Markup, el};
use super::parts::{Column, details, figure_link, lead, section, table};
use super::scale::Scale;
use super::scene::Scene;
use super::svg::{Anchor, chart, line, rect, text};
use super::tiles::{kind, shown};
use crate::judge::seeds::{SeedFigure, SeedRun, Seeds};
use crate::report::paint::percent;

/// The section; nothing for a single run.
pub(super) fn section_of(scene: &Scene<'_>) -> Markup {
    let Some(seeds) = &scene.chapter.seeds else { return Markup::new() };
    let body = Markup::from(lead(told(seeds)))
        .and(share(seeds))
        .and(el("ol").class("runs").each(seeds.runs.iter().map(run)))
        .and(promises(seeds))
        .and(expectations(seeds))
        .and(details("Figures over the seeds", figures(seeds)));
    section(scene, "seeds", "Seeds", body)
}

fn told(seeds: &Seeds) -> String {
    format!(
        "{}. {} of {} seeds passed ({}); {} had to. With 95 % confidence the true share lies between {} and {}. \
         The page shows the worst of the runs.",
        seeds.why.trim_end_matches('.'),
        seeds.passed,
        seeds.runs.len(),
        percent(Some(seeds.share)),
        percent(Some(seeds.wanted)),
        percent(Some(seeds.interval.0)),
        percent(Some(seeds.interval.1)),
    )
}

/// The share that passed, how sure it is, and what was wanted, on one axis from none to all.
fn share(seeds: &Seeds) -> Element {
    let x = Scale::linear((0.0, 1.0), (0.0, 100.0));
    let (low, high) = seeds.interval;
    let at = x.at(seeds.share);
    let drawing = chart("Share of seeds that passed, with its 95 % interval", &told(seeds), 40.0)
        .with(line("base", (0.0, 16.0), (100.0, 16.0)))
        .with(rect(&format!("soft v-{}", seeds.verdict.name()), (x.at(low), x.at(high)), (10.0, 22.0)))
        .with(rect(&format!("area v-{}", seeds.verdict.name()), (at - 0.25, at + 0.25), (6.0, 26.0)))
        .with(line("stroke ink thin dash", (x.at(seeds.wanted), 2.0), (x.at(seeds.wanted), 30.0)))
        .with(text("label", (0.0, 38.0), Anchor::Start, "none pass"))
        .with(text("label", (100.0, 38.0), Anchor::End, "all pass"));
    el("div").class("plot").with(drawing)
}

fn run(run: &SeedRun) -> Element {
    let why = run.reason.as_deref().unwrap_or("everything was kept");
    let says = format!("seed {}: {}, {why}", run.seed, run.verdict.name());
    let mark = match run.verdict {
        crate::judge::Verdict::Pass => "✓",
        crate::judge::Verdict::Fail => "✗",
        crate::judge::Verdict::Inconclusive => "?",
    };
    el("li")
        .class(&format!("v-{}", run.verdict.name()))
        .attr("title", &says)
        .attr("aria-label", &says)
        .with(mark)
}

fn expectations(seeds: &Seeds) -> Option<Element> {
    let columns = [
        Column::Text("expectation"),
        Column::Number("kept"),
        Column::Number("broken"),
        Column::Number("could not tell"),
        Column::Text("where it went worst"),
    ];
    let rows = seeds.expectations.iter().map(|one| {
        let (kept, broken, unknown) = one.counts;
        let worst = one.worst.as_ref();
        let worst = worst.map(|worst| format!("{}, with seed {}", worst.explanation, worst.seed));
        [
            Markup::from(el("code").with(one.text.as_str())),
            kept.to_string().into(),
            broken.to_string().into(),
            unknown.to_string().into(),
            worst.unwrap_or_else(|| "–".to_owned()).into(),
        ]
    });
    (!seeds.expectations.is_empty()).then(|| table("Expectations over the seeds", &columns, rows))
}

fn promises(seeds: &Seeds) -> Option<Element> {
    /// Seeds named; the badges above name them all.
    const NAMED: usize = 12;
    let columns = [Column::Text("promise"), Column::Number("seeds"), Column::Text("broken with seed")];
    let rows = seeds.promises.iter().map(|promise| {
        let named: Vec<_> = promise.seeds.iter().take(NAMED).map(u64::to_string).collect();
        let more = if promise.seeds.len() > NAMED { ", …" } else { "" };
        [
            format!("{} {}", promise.id, promise.name),
            promise.seeds.len().to_string(),
            format!("{}{more}", named.join(", ")),
        ]
    });
    (!seeds.promises.is_empty()).then(|| table("Promises broken", &columns, rows))
}

fn figures(seeds: &Seeds) -> Element {
    let columns = [
        Column::Text("figure"),
        Column::Number("least"),
        Column::Number("median"),
        Column::Number("most"),
        Column::Number("mean"),
        Column::Number("95 % interval of the mean"),
        Column::Number("runs"),
    ];
    let rows = seeds.figures.iter().map(|figure: &SeedFigure| {
        let show = |value: f64| Markup::from(shown(kind_of(&figure.name), value));
        let interval = show(figure.interval.0).and(" – ").and(show(figure.interval.1));
        [
            named(&figure.name),
            show(figure.min),
            show(figure.median),
            show(figure.max),
            show(figure.mean),
            interval,
            figure.runs.to_string().into(),
        ]
    });
    table("Figures of the whole run, over the seeds", &columns, rows)
}

/// A figure, or a statistic of it, with the figure linked: `latency.first_token.p99`.
pub(super) fn named(name: &str) -> Markup {
    let (figure, stat) = split(name);
    Markup::from(figure_link(figure)).and(stat.map(|stat| format!(".{stat}")))
}

/// What a figure, or a statistic of it, is.
pub(super) fn kind_of(name: &str) -> crate::history::figure::Kind {
    let (figure, stat) = split(name);
    kind(figure, stat)
}

fn split(name: &str) -> (&str, Option<&str>) {
    let mut stats = crate::history::figure::STATS.iter();
    let found = stats.find_map(|stat| Some((name.strip_suffix(stat)?.strip_suffix('.')?, *stat)));
    found.map_or((name, None), |(figure, stat)| (figure, Some(stat)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_is_told_from_its_figure() {
        assert_eq!(split("latency.first_token.p99.9"), ("latency.first_token", Some("p99.9")));
        assert_eq!(split("availability"), ("availability", None));
    }

    #[test]
    fn a_seed_says_what_came_of_it() {
        let verdict = crate::judge::Verdict::Fail;
        let run = super::run(&SeedRun { seed: 7, verdict, reason: Some("a <b>".to_owned()) });
        assert!(Markup::from(run).as_str().contains("seed 7: fail, a &lt;b&gt;"));
    }
}
