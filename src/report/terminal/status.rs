//! One aligned line a scenario.

use std::time::Duration;

use super::page_width;
use crate::judge::{Judgement, Outcome, PhaseFigures};
use crate::report::paint::{Paint, badge, fit, pad, percent, right, show_seconds, thousands, time};

/// What only the runner knows: talk, not data, and different from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Talk {
    /// How long the run took by the machine's clock.
    pub took: Duration,
}

/// `✓ PASS  name  19,366 req  99.98%  p50 420ms p99 1.6s  58m in 12s (290x)`, as much of it as fits.
#[must_use]
pub fn status_line(judgement: &Judgement, talk: Option<&Talk>, width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    let width = page_width(width);
    let figures = &judgement.whole;
    let name_width = (width / 3).clamp(18, 34);
    let mut line = pad(&judgement.header.scenario, name_width);
    let pieces = [
        format!("{} req", right(&thousands(figures.requests), 7)),
        right(&percent(figures.number("availability")), 7),
        pad(&first_token(figures), 22),
        pad(&split(figures), 30),
        talk.map_or_else(String::new, |talk| speed(judgement, talk)),
    ];
    let room = width - badge(judgement.verdict).chars().count() - 2;
    for piece in pieces {
        if line.chars().count() + 2 + piece.trim_end().chars().count() > room {
            break;
        }
        line.push_str("  ");
        line.push_str(&piece);
    }
    let line = fit(line.trim_end(), room);
    format!("{}  {line}", paint.verdict(judgement.verdict, badge(judgement.verdict)))
}

fn first_token(figures: &PhaseFigures) -> String {
    let at = |stat| time(figures.measure("latency.first_token", Some(stat)));
    format!("p50 {} p99 {}", at("p50"), at("p99"))
}

/// The outcomes that are not primary, the frequent ones first.
fn split(figures: &PhaseFigures) -> String {
    let mut others: Vec<_> =
        Outcome::SPLIT[1..].iter().map(|outcome| (figures.outcome(*outcome), *outcome)).collect();
    others.retain(|(count, _)| *count > 0);
    others.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let words: Vec<_> = others.iter().map(|(count, outcome)| format!("{count} {}", outcome.name())).collect();
    if words.is_empty() { "all primary".to_owned() } else { words.join(", ") }
}

fn speed(judgement: &Judgement, talk: &Talk) -> String {
    let virtual_s = judgement.footer.ended.as_us() as f64 / 1e6;
    let took = talk.took.as_secs_f64().max(1e-6);
    format!("{} in {} ({:.0}x)", show_seconds(virtual_s), show_seconds(took), virtual_s / took)
}
