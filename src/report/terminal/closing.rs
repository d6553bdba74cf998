//! The last words of a suite.

use super::page_width;
use crate::judge::{Judgement, Verdict};
use crate::report::command;
use crate::report::paint::{Paint, glyph, past, tame, thousands, width as width_of, wrap};
use crate::report::suite::{Chapter, Suite};

/// Reasons told of a scenario; more are read in the report.
const REASONS: usize = 3;

/// How many passed, what failed and why, the first witness, and the exact commands for a closer look.
#[must_use]
pub fn closing(suite: &Suite, width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    let width = page_width(width);
    let mut text = tally(suite, width, color);
    for chapter in suite.chapters.iter().filter(|chapter| chapter.verdict() != Verdict::Pass) {
        text.push_str(&one(chapter, width, paint));
    }
    text
}

/// A rule, and how many passed.
#[must_use]
pub fn tally(suite: &Suite, width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    let verdicts = || suite.chapters.iter().map(Chapter::verdict);
    let count = |verdict| verdicts().filter(|other| *other == verdict).count();
    let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
    let counts = all.into_iter().map(|verdict| (verdict, count(verdict))).filter(|(_, count)| *count > 0);
    let mut counts: Vec<_> =
        counts.map(|(verdict, count)| (verdict, format!("{count} {}", past(verdict)))).collect();
    let missing = suite.planned.saturating_sub(suite.chapters.len());
    if missing > 0 {
        counts.push((Verdict::Inconclusive, format!("{missing} not run")));
    }
    let judged = format!("({} judged)", plural(requests(suite)));
    let words: usize = counts.iter().map(|(_, words)| width_of(words) + 2).sum();
    let columns = page_width(width);
    let gap = if words + width_of(&judged) > columns { "\n" } else { "  " };
    let counts: Vec<_> = counts.iter().map(|(verdict, words)| paint.verdict(*verdict, words)).collect();
    format!("{}\n{}{gap}{}\n", "─".repeat(columns), counts.join(", "), paint.dim(&judged))
}

/// Requests of the runs that are told of: of many seeds, the one with the worst verdict.
fn requests(suite: &Suite) -> u64 {
    suite.chapters.iter().map(|chapter| chapter.account.judgement.whole.requests).sum()
}

fn plural(requests: u64) -> String {
    format!("{} request{}", thousands(requests), if requests == 1 { "" } else { "s" })
}

fn one(chapter: &Chapter, width: usize, paint: Paint) -> String {
    let (judgement, verdict) = (&chapter.account.judgement, chapter.verdict());
    let title = format!("{} {}", glyph(verdict), judgement.header.scenario);
    let mut text = format!("\n{}\n", paint.verdict(verdict, &title));
    for why in whys(chapter) {
        text.push_str(&paragraph(&why, width));
    }
    let witness = first_witness(judgement);
    if let Some(witness) = &witness {
        text.push_str(&paragraph(witness, width));
    }
    // Commands are never cut: they are there to be pasted.
    let closer = command::closer(judgement);
    let again = command::again(&judgement.header);
    if closer != again {
        text.push_str(&format!("    look closer  {closer}\n"));
    }
    text.push_str(&format!("    run again    {again}\n"));
    text
}

fn paragraph(words: &str, width: usize) -> String {
    wrap(&tame(words), width - 4).into_iter().map(|line| format!("    {line}\n")).collect()
}

/// Why it did not pass: of many seeds, what all of them showed; of one run, its weightiest reasons.
fn whys(chapter: &Chapter) -> Vec<String> {
    let reasons = &chapter.account.judgement.reasons;
    let seeds = chapter.seeds.iter().map(|seeds| seeds.why.clone());
    let mut whys: Vec<String> = seeds.collect();
    whys.extend(reasons.iter().take(REASONS).map(|reason| reason.what.clone()));
    if reasons.len() > REASONS {
        whys.push(format!("and {} more", reasons.len() - REASONS));
    }
    whys
}

/// The first request that broke a promise, and how.
fn first_witness(judgement: &Judgement) -> Option<String> {
    let broken = judgement.promises.iter().filter(|promise| promise.violations > 0);
    let witness = broken.flat_map(|promise| &promise.witnesses).next()?;
    let id = witness.request_id.as_ref().map(|id| format!("request {id}: ")).unwrap_or_default();
    Some(format!("first witness: {id}{}", witness.what))
}
