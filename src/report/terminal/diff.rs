//! What changed since a baseline, in a few lines.

use super::page_width;
use super::seeds::{find, kind, widths};
use crate::history::figure::Kind;
use crate::judge::Verdict;
use crate::judge::diff::{Basis, Change, Diff, FigureDiff, Lone};
use crate::judge::expectations::show;
use crate::judge::plural;
use crate::report::paint::{Paint, fit, pad, right};

/// How much of a comparison is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Regressions.
    Worse,
    /// What changed for certain, the first lines of it; nothing when nothing did.
    Changed,
    /// The same, and that nothing did.
    Alone,
    /// Every figure.
    All,
}

/// Lines of a scenario, when not all are asked for.
const LINES: usize = 10;

impl Depth {
    /// What a run tells of a scenario.
    #[must_use]
    pub const fn changed(quiet: bool, alone: bool) -> Depth {
        match (quiet, alone) {
            (true, _) => Depth::Worse,
            (false, true) => Depth::Alone,
            (false, false) => Depth::Changed,
        }
    }
}

/// One scenario: how many figures changed which way, then a line for each, the worst first.
#[must_use]
pub fn diff(diff: &Diff, depth: Depth, width: usize, color: bool) -> String {
    let (paint, width) = (Paint::new(color), page_width(width));
    let certain = diff.change >= Change::Moved || !diff.lone.is_empty();
    let told = match depth {
        Depth::Worse => diff.change == Change::Worse,
        Depth::Changed => certain,
        Depth::Alone | Depth::All => true,
    };
    if !told {
        return String::new();
    }
    let space = if depth == Depth::Alone { "\n" } else { "" };
    let headline = fit_line(&headline(diff, paint), width, color);
    format!("{space}{headline}\n{}", lines(diff, depth, width, paint))
}

/// A headline with colour is not cut: escapes have no width.
fn fit_line(line: &str, width: usize, color: bool) -> String {
    if color { line.to_owned() } else { fit(line, width) }
}

/// How many scenarios changed which way.
#[must_use]
pub fn diff_tally(diffs: &[&Diff], width: usize, color: bool) -> String {
    let (paint, width) = (Paint::new(color), page_width(width));
    let count = |change| diffs.iter().filter(|diff| diff.change == change).count();
    let all = [Change::Worse, Change::Better, Change::Moved, Change::Noise, Change::Same];
    let counts = all.into_iter().filter(|change| count(*change) > 0);
    let counts: Vec<_> =
        counts.map(|change| tint(paint, change, &format!("{} {}", count(change), word(change)))).collect();
    fit_line(&format!("since the baseline: {}", counts.join(", ")), width, color) + "\n"
}

fn headline(diff: &Diff, paint: Paint) -> String {
    let count = |change| diff.figures.iter().filter(|figure| figure.change == change).count();
    let all = [Change::Worse, Change::Better, Change::Moved, Change::Noise, Change::Same];
    let counts: Vec<_> = all
        .into_iter()
        .filter(|change| count(*change) > 0)
        .map(|change| format!("{} {}", count(change), word(change)))
        .collect();
    let badge =
        tint(paint, diff.change, &format!("{} {}", mark(diff.change), word(diff.change).to_uppercase()));
    format!("{badge}  {}  since the baseline, by {}: {}", diff.scenario, basis(diff), counts.join(", "))
}

fn basis(diff: &Diff) -> String {
    let pairs = plural(diff.seeds.len() as u64, "pair");
    match diff.basis {
        Basis::Seeds => format!("{pairs} of runs"),
        Basis::Requests => format!("the requests of {pairs} of runs"),
        Basis::None => format!("{pairs} of runs without histories"),
    }
}

fn lines(diff: &Diff, depth: Depth, width: usize, paint: Paint) -> String {
    let wanted: Vec<&FigureDiff> = diff.figures.iter().filter(|figure| wanted(figure, depth)).collect();
    let all = depth == Depth::All;
    let groups = if all { wanted.iter().map(|figure| (*figure, 0)).collect() } else { grouped(&wanted) };
    let most = if all { usize::MAX } else { LINES };
    let mut text = String::new();
    if diff.passed.0 != diff.passed.1 {
        let (before, after) = diff.passed;
        let runs = plural(diff.seeds.len() as u64, "run");
        let line = format!("  {} passed: {before} of {runs} before, {after} after", mark(diff.passes));
        text.push_str(&format!("{}\n", tint(paint, diff.passes, &line)));
    }
    text.push_str(&table(&groups[..groups.len().min(most)], width, paint));
    if groups.len() > most {
        text.push_str(&format!("    and {} more figures\n", groups.len() - most));
    }
    for lone in diff.lone.iter().take(most) {
        text.push_str(&format!("{}\n", fit(&format!("  ! {}", only(lone)), width)));
    }
    text
}

/// A line a figure, however many of its statistics and phases changed that way: the run's own where there is one, of
/// these the one that changed most beside what was; and how many others it stands for. The worst first.
fn grouped<'a>(figures: &[&'a FigureDiff]) -> Vec<(&'a FigureDiff, usize)> {
    let mut groups: Vec<(&FigureDiff, usize)> = Vec::new();
    let key = |figure: &FigureDiff| (figure.phase == "run", relative(figure));
    for figure in figures {
        let same = |(other, _): &&mut (&FigureDiff, usize)| {
            other.change == figure.change && base(&other.name) == base(&figure.name)
        };
        match groups.iter_mut().find(same) {
            Some((shown, others)) => {
                *others += 1;
                if key(figure) > key(shown) {
                    *shown = figure;
                }
            }
            None => groups.push((figure, 0)),
        }
    }
    groups.sort_by(|(a, _), (b, _)| b.change.cmp(&a.change).then(relative(b).total_cmp(&relative(a))));
    groups
}

/// A figure's name without its statistic.
fn base(name: &str) -> &str {
    find(name).map_or(name, |figure| figure.name)
}

fn wanted(figure: &FigureDiff, depth: Depth) -> bool {
    match depth {
        Depth::Worse => figure.change == Change::Worse,
        Depth::Changed | Depth::Alone => figure.change >= Change::Moved,
        Depth::All => true,
    }
}

fn relative(figure: &FigureDiff) -> f64 {
    (figure.after - figure.before).abs() / figure.before.abs().max(1e-9)
}

fn table(groups: &[(&FigureDiff, usize)], width: usize, paint: Paint) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let titles =
        ["phase", "figure (+ more of it)", "before", "after", "change", "95 % of it"].map(str::to_owned);
    let rows: Vec<_> =
        std::iter::once(titles).chain(groups.iter().map(|(figure, more)| cells(figure, *more))).collect();
    let [phase, name, before, after, change, _] = widths(&rows);
    let line = |[one, two, three, four, five, six]: &[String; 6]| {
        let numbers = [right(three, before), right(four, after), right(five, change)].join("  ");
        format!("{}  {}  {numbers}  {six}", pad(one, phase), pad(two, name))
    };
    let marks = std::iter::once(Change::Same).chain(groups.iter().map(|(figure, _)| figure.change));
    let lines = rows.iter().zip(marks).map(|(row, change)| {
        let text = fit(&format!("  {} {}", mark(change), line(row)), width);
        format!("{}\n", tint(paint, change, text.trim_end()))
    });
    lines.collect()
}

fn cells(figure: &FigureDiff, others: usize) -> [String; 6] {
    let kind = kind(&figure.name);
    let interval = figure.interval.map_or_else(
        || "unknown".to_owned(),
        |(low, high)| format!("{} to {}", signed(kind, low), signed(kind, high)),
    );
    let more = if others > 0 { format!(" (+{others})") } else { String::new() };
    [
        figure.phase.clone(),
        format!("{}{more}", figure.name),
        show(kind, figure.before),
        show(kind, figure.after),
        change(kind, figure),
        interval,
    ]
}

/// Shares in points, everything else in percent of what was.
fn change(kind: Kind, figure: &FigureDiff) -> String {
    let difference = figure.after - figure.before;
    if difference == 0.0 {
        return "0".to_owned();
    }
    if kind == Kind::Share || figure.before == 0.0 {
        return signed(kind, difference);
    }
    format!("{:+.1}%", difference / figure.before.abs() * 100.0)
}

fn signed(kind: Kind, value: f64) -> String {
    let sign = match value {
        0.0 => "",
        0.0.. => "+",
        _ => "-",
    };
    match kind {
        Kind::Share => format!("{:+.2} points", value * 100.0),
        _ => format!("{sign}{}", show(kind, value.abs())),
    }
}

fn only(lone: &Lone) -> String {
    let kind = kind(&lone.name);
    let shown = |value: Option<f64>| value.map(|value| show(kind, value));
    let what = format!("{} ({})", lone.name, lone.phase);
    match (shown(lone.before), shown(lone.after)) {
        (Some(before), None) => format!("{what}: {before} before, not measured after"),
        (None, Some(after)) => format!("{what}: not measured before, {after} after"),
        (before, after) => {
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            format!(
                "{what}: {before} before and {after} after, each in runs in which the other side had none"
            )
        }
    }
}

const fn mark(change: Change) -> &'static str {
    match change {
        Change::Same => " ",
        Change::Noise => "~",
        Change::Moved => "·",
        Change::Better => "✓",
        Change::Worse => "✗",
    }
}

const fn word(change: Change) -> &'static str {
    match change {
        Change::Same => "same",
        Change::Noise => "noise",
        Change::Moved => "moved",
        Change::Better => "better",
        Change::Worse => "worse",
    }
}

fn tint(paint: Paint, change: Change, text: &str) -> String {
    match change {
        Change::Worse => paint.verdict(Verdict::Fail, text),
        Change::Better => paint.verdict(Verdict::Pass, text),
        Change::Moved => paint.verdict(Verdict::Inconclusive, text),
        Change::Same | Change::Noise => paint.dim(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::diff::Better;

    fn figure(
        phase: &str,
        name: &str,
        sides: (f64, f64),
        interval: Option<(f64, f64)>,
        change: Change,
    ) -> FigureDiff {
        let (before, after) = sides;
        let better = Better::Lower;
        FigureDiff { phase: phase.to_owned(), name: name.to_owned(), better, before, after, interval, change }
    }

    fn changed() -> Diff {
        let figures = vec![
            figure("run", "availability", (0.999, 0.981), Some((-0.02, -0.015)), Change::Worse),
            figure("run", "latency.total.p50", (1.0, 1.2), Some((0.15, 0.25)), Change::Worse),
            figure("outage", "latency.total.p99", (2.0, 3.0), Some((0.5, 1.5)), Change::Worse),
            figure("run", "cost.total", (0.5, 0.4), Some((-0.11, -0.09)), Change::Better),
            figure("run", "flaps", (1.0, 3.0), None, Change::Noise),
            figure("run", "amplification", (1.1, 1.1), Some((0.0, 0.0)), Change::Same),
        ];
        let lone = Lone {
            phase: "outage".to_owned(),
            name: "time_to_failover".to_owned(),
            before: Some(2.5),
            after: None,
        };
        Diff {
            scenario: "regional-outage".to_owned(),
            seeds: (1..=6).collect(),
            basis: Basis::Seeds,
            passed: (6, 0),
            passes: Change::Worse,
            figures,
            lone: vec![lone],
            change: Change::Worse,
        }
    }

    #[test]
    fn what_changed_is_told_a_line_a_figure_the_worst_first() {
        insta::assert_snapshot!(diff(&changed(), Depth::Changed, 110, false), @r"
        ✗ WORSE  regional-outage  since the baseline, by 6 pairs of runs: 3 worse, 1 better, 1 noise, 1 same
          ✗ passed: 6 of 6 runs before, 0 after
            phase  figure (+ more of it)   before  after        change  95 % of it
          ✗ run    latency.total.p50 (+1)      1s   1.2s        +20.0%  +150ms to +250ms
          ✗ run    availability             99.9%  98.1%  -1.80 points  -2.00 points to -1.50 points
          ✓ run    cost.total                $0.5   $0.4        -20.0%  -$0.11 to -$0.09
          ! time_to_failover (outage): 2.5s before, not measured after
        ");
    }

    #[test]
    fn all_figures_are_told_when_asked_for_and_nothing_that_was_not() {
        assert_eq!(diff(&changed(), Depth::All, 120, false).lines().count(), 1 + 1 + 1 + 6 + 1);
        let same = Diff {
            figures: vec![],
            lone: vec![],
            passed: (6, 6),
            passes: Change::Same,
            change: Change::Same,
            ..changed()
        };
        assert_eq!(diff(&same, Depth::Changed, 100, false), "");
        assert_eq!(diff(&same, Depth::Worse, 100, false), "");
        assert!(diff(&same, Depth::Alone, 100, false).contains("SAME  regional-outage"));
        assert_eq!(diff_tally(&[&changed(), &same], 100, false), "since the baseline: 1 worse, 1 same\n");
    }
}
