//! Aligned columns.

use crate::judge::{Outcome, PhaseFigures};
use crate::report::paint::{self, bar, fit, pad, percent, right, show_seconds, thousands, time};

/// A column of the table of phases.
struct Column {
    /// Written above the title, over this column and the next.
    group: &'static str,
    title: &'static str,
    width: usize,
    /// Columns with a higher number leave first when the page is narrow.
    expendable: u8,
}

const fn column(group: &'static str, title: &'static str, width: usize, expendable: u8) -> Column {
    Column { group, title, width, expendable }
}

const COLUMNS: [Column; 8] = [
    column("", "when", 13, 3),
    column("", "requests", 9, 1),
    column("", "available", 10, 0),
    column("", "in time", 8, 4),
    column("first output", "p50", 7, 0),
    column("", "p99", 7, 0),
    column("whole answer", "p50", 7, 2),
    column("", "p99", 7, 2),
];

/// The phases, as many columns as fit: when they were, how many requests fell into them, how many were
/// answered, and answered within the objective, and how fast.
pub(super) fn phases(phases: &[PhaseFigures], whole: &PhaseFigures, ended: f64, width: usize) -> String {
    let rows: Vec<_> = phases.iter().chain((phases.len() > 1).then_some(whole)).collect();
    let name = rows.iter().map(|phase| paint::width(&phase.name)).max().unwrap_or(5).clamp(5, 16);
    let cells: Vec<_> = rows.iter().map(|phase| (phase.name.as_str(), cells(phase, ended))).collect();
    let shown = shown(2 + name, width);
    let mut text = groups(&shown, 2 + name);
    text.push_str(&line("phase", &COLUMNS.each_ref().map(|column| column.title.to_owned()), name, &shown));
    for (phase, cells) in &cells {
        text.push_str(&line(phase, cells, name, &shown));
    }
    text
}

fn cells(phase: &PhaseFigures, ended: f64) -> [String; 8] {
    let at = |figure, stat| time(phase.measure(figure, Some(stat)));
    let (from, to) = (phase.from.min(ended), phase.to.min(ended));
    [
        format!("{}..{}", show_seconds(from.round()), show_seconds(to.round())),
        thousands(phase.requests),
        percent(phase.number("availability")),
        percent(phase.number("attainment")),
        at("latency.first_token", "p50"),
        at("latency.first_token", "p99"),
        at("latency.total", "p50"),
        at("latency.total", "p99"),
    ]
}

/// Which columns fit beside `taken` characters.
fn shown(taken: usize, width: usize) -> [bool; 8] {
    let mut shown = [true; 8];
    for least in [4, 3, 2, 1] {
        let all: usize =
            COLUMNS.iter().zip(shown).filter(|(_, on)| *on).map(|(column, _)| column.width + 1).sum();
        if taken + all <= width {
            break;
        }
        for (on, column) in shown.iter_mut().zip(&COLUMNS) {
            *on &= column.expendable < least;
        }
    }
    shown
}

/// The titles above titles.
fn groups(shown: &[bool; 8], taken: usize) -> String {
    let mut text = " ".repeat(taken);
    let mut at = taken;
    for (column, _) in COLUMNS.iter().zip(shown).filter(|(_, on)| **on) {
        at += column.width + 1;
        if !column.group.is_empty() {
            // Right-aligned over this column and the next, which is as wide.
            text.push_str(&right(column.group, (at + column.width + 1).saturating_sub(paint::width(&text))));
        }
    }
    text.push('\n');
    text
}

fn line(name: &str, cells: &[String; 8], name_width: usize, shown: &[bool; 8]) -> String {
    let mut text = format!("  {}", pad(name, name_width));
    for ((cell, column), _) in cells.iter().zip(&COLUMNS).zip(shown).filter(|(_, on)| **on) {
        text.push(' ');
        text.push_str(&right(cell, column.width));
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
        if paint::width(&line) + paint::width(&piece) + 2 > width && line.trim() != "" {
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
