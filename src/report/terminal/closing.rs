//! The last words of a suite.

use super::page_width;
use crate::judge::{Judgement, Verdict};
use crate::report::command;
use crate::report::paint::{Paint, tame, thousands, wrap};

/// How many passed, what failed and why, and the exact commands for a closer look. `planned` is the number of
/// scenarios that were to be run.
#[must_use]
pub fn closing(judgements: &[Judgement], planned: usize, width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    let width = page_width(width);
    let mut text = tally(judgements, planned, width, color);
    for judgement in judgements.iter().filter(|judgement| judgement.verdict != Verdict::Pass) {
        text.push_str(&one(judgement, width, paint));
    }
    text
}

/// A rule, and how many passed.
#[must_use]
pub fn tally(judgements: &[Judgement], planned: usize, width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    let count = |verdict| judgements.iter().filter(|judgement| judgement.verdict == verdict).count();
    let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
    let words = ["passed", "failed", "inconclusive"];
    let counts = all.into_iter().zip(words).filter(|(verdict, _)| count(*verdict) > 0);
    let mut counts: Vec<_> =
        counts.map(|(verdict, word)| paint.verdict(verdict, &format!("{} {word}", count(verdict)))).collect();
    let missing = planned.saturating_sub(judgements.len());
    if missing > 0 {
        counts.push(paint.verdict(Verdict::Inconclusive, &format!("{missing} not run")));
    }
    let requests: u64 = judgements.iter().map(|judgement| judgement.whole.requests).sum();
    let judged = paint.dim(&format!("({} judged)", plural(requests)));
    format!("{}\n{}  {judged}\n", "─".repeat(page_width(width)), counts.join(", "))
}

fn plural(requests: u64) -> String {
    format!("{} request{}", thousands(requests), if requests == 1 { "" } else { "s" })
}

fn one(judgement: &Judgement, width: usize, paint: Paint) -> String {
    let mut text = format!("\n{}\n", paint.verdict(judgement.verdict, &judgement.header.scenario));
    /// More reasons than these are read in the report.
    const REASONS: usize = 3;
    for reason in judgement.reasons.iter().take(REASONS) {
        for line in wrap(&tame(&reason.what), width - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if judgement.reasons.len() > REASONS {
        text.push_str(&format!("  and {} more\n", judgement.reasons.len() - REASONS));
    }
    text.push_str(&format!("  {}\n", command::again(&judgement.header)));
    text
}
