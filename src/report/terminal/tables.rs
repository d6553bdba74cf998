//! Aligned columns.

use crate::judge::{Outcome, PhaseFigures};
use crate::report::paint::{bar, fit, pad, percent, right, thousands, time};

/// The phases, as many columns as fit.
pub(super) fn phases(phases: &[PhaseFigures], whole: &PhaseFigures, width: usize) -> String {
    let titles = ["requests", "avail", "attained", "first p50", "p99", "total p50", "p99"];
    let rows = phases.iter().chain((phases.len() > 1).then_some(whole));
    let rows: Vec<(String, [String; 7])> = rows.map(|phase| (phase.name.clone(), cells(phase))).collect();
    let name = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(5).clamp(5, 20);
    let mut text = line("phase", &titles.map(str::to_owned), name, width);
    for (phase, cells) in rows {
        text.push_str(&line(&phase, &cells, name, width));
    }
    text
}

fn cells(phase: &PhaseFigures) -> [String; 7] {
    let at = |figure, stat| time(phase.measure(figure, Some(stat)));
    [
        thousands(phase.requests),
        percent(phase.number("availability")),
        percent(phase.number("attainment")),
        at("latency.first_token", "p50"),
        at("latency.first_token", "p99"),
        at("latency.total", "p50"),
        at("latency.total", "p99"),
    ]
}

fn line(name: &str, cells: &[String; 7], name_width: usize, width: usize) -> String {
    let mut text = format!("  {}", pad(name, name_width));
    for (cell, cell_width) in cells.iter().zip([8, 8, 8, 9, 7, 9, 7]) {
        if text.chars().count() + cell_width + 1 > width {
            break;
        }
        text.push(' ');
        text.push_str(&right(cell, cell_width));
    }
    text.push('\n');
    text
}

/// How requests ended: one bar an outcome that occurred.
pub(super) fn outcomes(figures: &PhaseFigures, width: usize) -> String {
    let all: u64 = figures.outcomes.values().sum();
    let room = width.saturating_sub(40).clamp(10, 50);
    let outside = [Outcome::Cancelled, Outcome::Invalid, Outcome::Unsent];
    let mut text = String::new();
    for outcome in Outcome::SPLIT.into_iter().chain(outside) {
        let count = figures.outcome(outcome);
        if count == 0 {
            continue;
        }
        let share = count as f64 / all as f64;
        let shown = right(&percent(Some(share)), 8);
        let line = format!(
            "  {} {}{shown} {}",
            pad(outcome.name(), 10),
            right(&thousands(count), 9),
            pad_bar(share, room)
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn pad_bar(share: f64, room: usize) -> String {
    format!(" {}", bar(share, room))
}

/// Pairs of a name and a value, wrapped to the width: `name value   name value`.
pub(super) fn facts(facts: &[(&str, String)], width: usize) -> String {
    let mut text = String::new();
    let mut line = String::from(" ");
    for (name, value) in facts.iter().filter(|(_, value)| value != "-") {
        let piece = format!(" {name} {value}");
        if line.chars().count() + piece.chars().count() + 2 > width && line.trim() != "" {
            text.push_str(&fit(line.trim_end(), width));
            text.push('\n');
            line = String::from(" ");
        }
        if line.trim() != "" {
            line.push_str(" ·");
        }
        line.push_str(&piece);
    }
    if line.trim() != "" {
        text.push_str(&fit(line.trim_end(), width));
        text.push('\n');
    }
    text
}
