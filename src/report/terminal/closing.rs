//! The last words of a suite.

use super::page_width;
use crate::judge::{Judgement, Verdict};
use crate::report::paint::{Paint, fit, thousands};

/// How many passed, what failed and why, and the exact commands for a closer look.
#[must_use]
pub fn closing(judgements: &[Judgement], width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    let width = page_width(width);
    let count = |verdict| judgements.iter().filter(|judgement| judgement.verdict == verdict).count();
    let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
    let words = ["passed", "failed", "inconclusive"];
    let counts = all.into_iter().zip(words).filter(|(verdict, _)| count(*verdict) > 0);
    let counts: Vec<_> =
        counts.map(|(verdict, word)| paint.verdict(verdict, &format!("{} {word}", count(verdict)))).collect();
    let requests: u64 = judgements.iter().map(|judgement| judgement.whole.requests).sum();
    let mut text = format!("{}\n{}", "─".repeat(width), counts.join(", "));
    text.push_str(&paint.dim(&format!("  ({} requests judged)\n", thousands(requests))));
    for judgement in judgements.iter().filter(|judgement| judgement.verdict != Verdict::Pass) {
        text.push_str(&one(judgement, width, paint));
    }
    text
}

fn one(judgement: &Judgement, width: usize, paint: Paint) -> String {
    let mut text = format!("\n{}\n", paint.verdict(judgement.verdict, &judgement.header.scenario));
    /// More reasons than these are read in the report.
    const REASONS: usize = 3;
    for reason in judgement.reasons.iter().take(REASONS) {
        text.push_str(&format!("  {}\n", fit(&reason.what, width - 2)));
    }
    if judgement.reasons.len() > REASONS {
        text.push_str(&format!("  and {} more\n", judgement.reasons.len() - REASONS));
    }
    let header = &judgement.header;
    text.push_str(&format!("  brownout run {} --seed {}\n", header.path, header.seed));
    text
}
