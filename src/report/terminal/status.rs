//! One aligned line a scenario, below a line that names the columns.

use std::time::Duration;

use super::page_width;
use crate::judge::{Judgement, Outcome};
use crate::report::paint::{Paint, badge, fit, pad, percent, right, show_seconds, thousands, time};

/// Columns of numbers: their titles, in two lines, and their widths. Narrow pages show the first of them.
const COLUMNS: [(&str, &str, usize); 4] =
    [("", "requests", 9), ("", "available", 9), ("first", "p50", 7), ("output", "p99", 7)];

/// Title of the last column, which takes what is left and may be cut.
const OTHERS: &str = "not by the first choice";

/// Narrowest last column that is worth its place.
const OTHERS_MIN: usize = 23;

/// What the columns of [`status_line`] are, in two lines.
#[must_use]
pub fn status_header(width: usize, color: bool) -> String {
    let lines =
        [COLUMNS.map(|(above, _, _)| above.to_owned()), COLUMNS.map(|(_, title, _)| title.to_owned())];
    let names = [("", "", ""), ("verdict", "scenario", OTHERS)];
    let lines = lines.into_iter().zip(names).map(|(cells, (verdict, name, others))| {
        let badge = pad(verdict, crate::report::paint::width(badge(crate::judge::Verdict::Pass)));
        format!("{badge}  {}", line(name, &cells, others, page_width(width))).trim_end().to_owned()
    });
    let paint = Paint::new(color);
    lines.map(|line| paint.dim(&line)).collect::<Vec<_>>().join("\n")
}

/// `✓ PASS  name  19,366  99.98%  420ms  1.6s  1,027 fallback`, as much of it as fits.
#[must_use]
pub fn status_line(judgement: &Judgement, width: usize, color: bool) -> String {
    let figures = &judgement.whole;
    let at = |stat| time(figures.measure("latency.first_token", Some(stat)));
    let cells = [thousands(figures.requests), percent(figures.number("availability")), at("p50"), at("p99")];
    let line = line(&judgement.header.scenario, &cells, &others(judgement), page_width(width));
    let badge = Paint::new(color).verdict(judgement.verdict, badge(judgement.verdict));
    format!("{badge}  {line}").trim_end().to_owned()
}

/// Everything right of the verdict.
fn line(name: &str, cells: &[String; 4], others: &str, width: usize) -> String {
    let mut left = width - crate::report::paint::width(badge(crate::judge::Verdict::Pass)) - 2;
    let name_width = (width / 4).clamp(16, 30);
    let mut line = pad(name, name_width);
    left -= name_width;
    for (cell, (_, _, width)) in cells.iter().zip(COLUMNS) {
        if width + 1 > left {
            return line;
        }
        line.push(' ');
        line.push_str(&right(cell, width));
        left -= width + 1;
    }
    if left >= OTHERS_MIN + 2 {
        line.push_str("  ");
        line.push_str(&fit(others, left - 2));
    }
    line
}

/// The outcomes that are not primary, the frequent ones first.
fn others(judgement: &Judgement) -> String {
    let figures = &judgement.whole;
    let mut others: Vec<_> =
        Outcome::SPLIT[1..].iter().map(|outcome| (figures.outcome(*outcome), *outcome)).collect();
    others.retain(|(count, _)| *count > 0);
    others.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let words: Vec<_> =
        others.iter().map(|(count, outcome)| format!("{} {}", thousands(*count), outcome.name())).collect();
    words.join(", ")
}

/// How long the runs took by their own clock and by the machine's: talk, not data, different every time.
#[must_use]
pub fn speed(judgements: &[Judgement], took: Duration) -> String {
    let simulated = judgements.iter().any(|one| one.header.mode == crate::history::Mode::Simulated);
    let took = took.as_secs_f64().max(1e-3);
    let ran: f64 = judgements.iter().map(|one| one.footer.ended.as_us() as f64 / 1e6).sum();
    if simulated {
        let times = if ran >= took {
            format!(", {:.0} times faster than real time", ran / took)
        } else {
            String::new()
        };
        format!("simulated {} in {}{times}", show_seconds(ran), show_seconds(took))
    } else {
        format!("ran {} in real time", show_seconds(took))
    }
}

/// The runs that took longest by the machine's clock; nothing where none was long enough to wait for.
#[must_use]
pub fn slowest(runs: &[(Duration, String)]) -> Option<String> {
    /// Quicker runs are not worth a word.
    const WORTH: Duration = Duration::from_secs(1);
    let long = runs.iter().filter(|(took, _)| *took >= WORTH);
    let words: Vec<_> =
        long.map(|(took, name)| format!("{name} {}", show_seconds(took.as_secs_f64()))).collect();
    (!words.is_empty()).then(|| format!("slowest: {}", words.join(", ")))
}
