//! One scenario under many seeds, in a few lines.

use super::page_width;
use crate::history::Header;
use crate::history::figure::{self, Figure, Kind};
use crate::judge::Verdict;
use crate::judge::expectations::show;
use crate::judge::seeds::{SeedExpectation, SeedFigure, Seeds};
use crate::report::command::again;
use crate::report::paint::{Paint, fit, pad, percent, right};

/// Figures shown for a scenario that was run alone; the report has them all.
const FIGURES: [&str; 6] = [
    "availability",
    "attainment",
    "latency.first_token.p50",
    "latency.first_token.p99",
    "amplification",
    "cost.per_success",
];

/// Runs that did not pass and are named one by one.
const NAMED: usize = 3;

/// How many passed and where the true share lies, and of those that did not pass the reason and the command that repeats
/// them. `alone` adds the spread of figures and expectations.
#[must_use]
pub fn seeds(seeds: &Seeds, header: &Header, alone: bool, width: usize, color: bool) -> String {
    let (paint, width) = (Paint::new(color), page_width(width));
    let mut text = headline(seeds, paint);
    let bad = bad(seeds, header, paint);
    if alone {
        text = format!("\n{}\n{text}{}{}", paint.bold("Seeds"), spread(seeds, width), worst(seeds, width));
    }
    for line in bad {
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn headline(seeds: &Seeds, paint: Paint) -> String {
    let (low, high) = seeds.interval;
    let between = format!("{} to {} with 95 % confidence", percent(Some(low)), percent(Some(high)));
    let share = paint.verdict(seeds.verdict, &percent(Some(seeds.share)));
    format!("  {}: {share} pass, {between}\n", seeds.why)
}

/// The runs that did not pass: a promise's seeds first, each with its reason and its command.
fn bad(seeds: &Seeds, header: &Header, paint: Paint) -> Vec<String> {
    let bad = seeds.bad();
    let named = bad.iter().take(NAMED).filter_map(|seed| seeds.runs.iter().find(|run| run.seed == *seed));
    let mut lines: Vec<String> = named
        .flat_map(|run| {
            let header = Header { seed: run.seed, ..header.clone() };
            let reason = run.reason.as_deref().unwrap_or("no reason was given");
            let mark = if run.verdict == Verdict::Fail { "✗" } else { "?" };
            let mark = paint.verdict(run.verdict, mark);
            [format!("  {mark} seed {}: {reason}", run.seed), format!("    {}", again(&header))]
        })
        .collect();
    if bad.len() > NAMED {
        let more: Vec<_> = bad[NAMED..].iter().take(10).map(u64::to_string).collect();
        let rest = if bad.len() > NAMED + more.len() { ", …" } else { "" };
        lines.push(format!("  and with seeds {}{rest}", more.join(", ")));
    }
    lines
}

fn spread(seeds: &Seeds, width: usize) -> String {
    let figures = FIGURES.iter().filter_map(|name| seeds.figures.iter().find(|figure| figure.name == *name));
    let titles = ["figure", "least", "median", "most", "mean, with 95 % confidence"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(titles).chain(figures.map(cells)).collect();
    let [name, least, median, most, _] = widths(&rows);
    let line = |[title, low, middle, high, mean]: &[String; 5]| {
        let numbers = [right(low, least), right(middle, median), right(high, most)].join("  ");
        format!("{}\n", fit(&format!("  {}  {numbers}  {mean}", pad(title, name)), width))
    };
    rows.iter().map(line).collect()
}

/// The widest cell of each column.
pub(super) fn widths<const N: usize>(rows: &[[String; N]]) -> [usize; N] {
    std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
}

fn cells(figure: &SeedFigure) -> [String; 5] {
    let kind = kind(&figure.name);
    let shown = |value| show(kind, value);
    let (low, high) = figure.interval;
    let mean = format!("{} ({} to {})", shown(figure.mean), shown(low), shown(high));
    [figure.name.clone(), shown(figure.min), shown(figure.median), shown(figure.max), mean]
}

/// The kind of a figure named as a report names it, with its statistic.
pub(super) fn kind(name: &str) -> Kind {
    match find(name) {
        _ if name.ends_with(".count") => Kind::Count,
        Some(figure) => figure.kind,
        None => Kind::Ratio,
    }
}

/// The figure of the catalogue that a name with or without a statistic names.
pub(super) fn find(name: &str) -> Option<&'static Figure> {
    figure::find(name).or_else(|| {
        let ends = name.match_indices('.').map(|(at, _)| &name[..at]);
        ends.rev().find_map(figure::find)
    })
}

fn worst(seeds: &Seeds, width: usize) -> String {
    seeds.expectations.iter().map(|one| format!("{}\n", fit(&expectation(one), width))).collect()
}

fn expectation(one: &SeedExpectation) -> String {
    let (kept, broken, unsure) = one.counts;
    let mark = match (broken, unsure) {
        (0, 0) => "✓",
        (0, _) => "?",
        _ => "✗",
    };
    let worst = one.worst.as_ref();
    let worst = worst
        .map(|worst| format!("; worst with seed {}: {}", worst.seed, worst.explanation))
        .unwrap_or_default();
    format!("  {mark} {}: kept by {kept} of {}{worst}", one.text, kept + broken + unsure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::seeds::{SeedRun, Worst};
    use crate::judge::testkit::header;

    fn twenty() -> Seeds {
        let verdict = |seed| if [3, 9, 14, 17].contains(&seed) { Verdict::Fail } else { Verdict::Pass };
        let run = |seed| SeedRun {
            seed,
            verdict: verdict(seed),
            reason: (verdict(seed) == Verdict::Fail).then(|| "expected availability >= 99.9%".to_owned()),
        };
        Seeds {
            runs: (1..=20).map(run).collect(),
            verdict: Verdict::Fail,
            why: "16 of 20 runs passed; 95% had to".to_owned(),
            passed: 16,
            share: 0.8,
            interval: (0.584, 0.919),
            wanted: 0.95,
            figures: vec![SeedFigure {
                name: "latency.first_token.p99".to_owned(),
                runs: 20,
                min: 0.5,
                median: 0.61,
                max: 1.25,
                mean: 0.6,
                interval: (0.55, 0.7),
            }],
            expectations: vec![SeedExpectation {
                text: "availability >= 99.9%".to_owned(),
                counts: (16, 4, 0),
                worst: Some(Worst { seed: 9, measured: Some(0.97), explanation: "measured 97%".to_owned() }),
            }],
            promises: vec![],
        }
    }

    #[test]
    fn a_scenario_alone_has_its_spread_its_worst_and_the_commands_that_repeat_it() {
        insta::assert_snapshot!(seeds(&twenty(), &header(), true, 100, false).trim_start(), @r"
        Seeds
          16 of 20 runs passed; 95% had to: 80.0% pass, 58.4% to 91.9% with 95 % confidence
          figure                   least  median   most  mean, with 95 % confidence
          latency.first_token.p99  500ms   610ms  1.25s  600ms (550ms to 700ms)
          ✗ availability >= 99.9%: kept by 16 of 20; worst with seed 9: measured 97%
          ✗ seed 3: expected availability >= 99.9%
            brownout run scenarios/outages/regional-outage.yaml --seed 3
          ✗ seed 9: expected availability >= 99.9%
            brownout run scenarios/outages/regional-outage.yaml --seed 9
          ✗ seed 14: expected availability >= 99.9%
            brownout run scenarios/outages/regional-outage.yaml --seed 14
          and with seeds 17
        ");
    }

    #[test]
    fn among_others_it_has_a_line_and_its_failures() {
        let text = seeds(&twenty(), &header(), false, 100, false);
        assert!(text.starts_with(
            "  16 of 20 runs passed; 95% had to: 80.0% pass, 58.4% to 91.9% with 95 % confidence\n"
        ));
        assert!(text.ends_with("  and with seeds 17\n"), "{text}");
        assert!(!text.contains("latency"), "{text}");
    }
}
