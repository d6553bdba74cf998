//! One aligned line a scenario, below a line that names the columns.

use std::time::Duration;

use super::page_width;
use crate::judge::{Judgement, Outcome, Verdict};
use crate::report::paint::{
    Paint, badge, fit, glyph, pad, percent, right, show_seconds, thousands, time, width,
};
use crate::report::suite::Chapter;

/// Columns of numbers: their titles, in two lines, and their widths. Narrow pages show the first of them.
const COLUMNS: [(&str, &str, usize); 4] =
    [("", "requests", 9), ("", "available", 9), ("first", "p50", 7), ("output", "p99", 7)];

/// Title of the last column, which takes what is left and may be cut.
const OTHERS: &str = "not by the first choice";

/// Narrowest last column that is worth its place.
const OTHERS_MIN: usize = 23;

/// Below this a verdict is its glyph alone.
const WORDS_MIN: usize = 60;

/// What the columns of [`status_line`] are, in two lines.
#[must_use]
pub fn status_header(width: usize, color: bool) -> String {
    let lines =
        [COLUMNS.map(|(above, _, _)| above.to_owned()), COLUMNS.map(|(_, title, _)| title.to_owned())];
    let names = [("", "", ""), ("verdict", "scenario", OTHERS)];
    let columns = page_width(width);
    let lines = lines.into_iter().zip(names).map(|(cells, (verdict, name, others))| {
        let verdict = if columns < WORDS_MIN { "" } else { verdict };
        let badge = pad(verdict, badge_width(columns));
        format!("{badge}  {}", line(name, &cells, others, columns)).trim_end().to_owned()
    });
    let paint = Paint::new(color);
    lines.map(|line| paint.dim(&line)).collect::<Vec<_>>().join("\n")
}

/// `✓ PASS  name  19,366  99.98%  420ms  1.6s  1,027 fallback`, as much of it as fits. Of many seeds: the verdict on all of
/// them, how many passed, and the figures of the worst.
#[must_use]
pub fn status_line(chapter: &Chapter, width: usize, color: bool) -> String {
    let judgement = &chapter.account.judgement;
    let figures = &judgement.whole;
    let columns = page_width(width);
    let at = |stat| time(figures.measure("latency.first_token", Some(stat)));
    let cells = [thousands(figures.requests), percent(figures.number("availability")), at("p50"), at("p99")];
    let mut others = others(judgement);
    if let Some(seeds) = &chapter.seeds {
        let separator = if others.is_empty() { "" } else { "; " };
        others = format!("{} of {} seeds passed{separator}{others}", seeds.passed, seeds.runs.len());
    }
    let line = line(&judgement.header.scenario, &cells, &others, columns);
    let verdict = chapter.verdict();
    let badge = if columns < WORDS_MIN { glyph(verdict) } else { badge(verdict) };
    format!("{}  {line}", Paint::new(color).verdict(verdict, badge)).trim_end().to_owned()
}

fn badge_width(columns: usize) -> usize {
    if columns < WORDS_MIN { 1 } else { width(badge(Verdict::Pass)) }
}

/// Everything right of the verdict.
fn line(name: &str, cells: &[String; 4], others: &str, columns: usize) -> String {
    let mut left = columns - badge_width(columns) - 2;
    let name_width = (columns / 4).clamp(16, 30);
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
pub fn speed<'a>(runs: impl IntoIterator<Item = &'a Judgement>, took: Duration) -> String {
    let took = took.as_secs_f64().max(1e-3);
    let (mut simulated, mut ran) = (false, 0.0);
    for run in runs {
        simulated |= run.header.mode == crate::history::Mode::Simulated;
        ran += run.footer.ended.as_us() as f64 / 1e6;
    }
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
