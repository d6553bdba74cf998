//! A failure, told: what was broken, by which request, and what happened to it.

use std::collections::BTreeSet;

use super::explain::story;
use super::page_width;
use crate::judge::{Judgement, PromiseResult, ScriptedResult, Verdict};
use crate::report::command::closer;
use crate::report::paint::{Paint, glyph, tame, wrap};

/// Requests told in full for each broken promise; further ones are counted.
const TOLD: usize = 1;

/// For everything that failed: what happened, to which request, as a tree of attempts with times, and how to
/// look closer. Empty for a pass.
#[must_use]
pub fn failure(judgement: &Judgement, width: usize, color: bool) -> String {
    let mut teller =
        Teller { judgement, width: page_width(width), paint: Paint::new(color), told: BTreeSet::new() };
    let given_up = judgement.given_up().into_iter();
    let mut parts: Vec<String> = given_up
        .map(|reason| teller.title(Verdict::Fail, &reason.what) + &teller.said(&reason.help))
        .collect();
    let broken = judgement.promises.iter().filter(|promise| promise.violations > 0);
    parts.extend(broken.map(|promise| teller.promise(promise)));
    let scripted = judgement.scripted.iter().filter(|result| result.verdict == Verdict::Fail);
    parts.extend(scripted.map(|result| teller.script(result)));
    let expectations = judgement.expectations.iter().filter(|result| result.verdict != Verdict::Pass);
    parts.extend(expectations.map(|result| {
        let title = format!("expected {}", result.expectation.text);
        teller.title(result.verdict, &title) + &teller.said(&result.explanation)
    }));
    let doubts = judgement.reasons.iter().filter(|reason| reason.verdict == Verdict::Inconclusive);
    let doubts = doubts.filter(|reason| !reason.what.starts_with('`'));
    parts.extend(
        doubts.map(|doubt| teller.title(Verdict::Inconclusive, &doubt.what) + &teller.said(&doubt.help)),
    );
    if parts.is_empty() {
        return String::new();
    }
    // The command is never cut: it is there to be pasted.
    format!("{}\nlook closer: {}\n", parts.join("\n"), closer(judgement))
}

struct Teller<'a> {
    judgement: &'a Judgement,
    width: usize,
    paint: Paint,
    /// Requests that were told in full already.
    told: BTreeSet<u64>,
}

impl Teller<'_> {
    fn promise(&mut self, promise: &PromiseResult) -> String {
        let mut text = self.title(Verdict::Fail, &format!("{} {}", promise.id, promise.name));
        for witness in promise.witnesses.iter().take(TOLD) {
            text.push_str(&self.said(&witness.what));
            text.push_str(&witness.number.map(|number| self.story(number)).unwrap_or_default());
        }
        let others = promise.witnesses.iter().skip(TOLD).filter_map(|witness| witness.number);
        let others: Vec<String> = others.map(|number| number.to_string()).collect();
        if !others.is_empty() {
            let count = promise.violations;
            let words = format!("{count} requests broke it; also requests {}", others.join(", "));
            text.push_str(&self.said(&words));
        }
        text
    }

    fn script(&mut self, result: &ScriptedResult) -> String {
        let number = result.expectation.number;
        let mut text = self.title(Verdict::Fail, &format!("scripted request {number}"));
        for mismatch in &result.mismatches {
            text.push_str(&format!("  {}\n    expected  {}\n", mismatch.what, tame(&mismatch.expected)));
            text.push_str(&format!("    actual    {}\n", tame(&mismatch.actual)));
        }
        text + &self.story(number)
    }

    /// The life of a request that was kept in full, once.
    fn story(&mut self, number: u64) -> String {
        match self.judgement.record(number) {
            Some(record) if self.told.insert(number) => {
                let story = story(record, &self.judgement.header, self.width - 2);
                story.lines().map(|line| format!("  {line}\n")).collect()
            }
            Some(_) => format!("  by request {number}, told above\n"),
            None => String::new(),
        }
    }

    fn title(&self, verdict: Verdict, words: &str) -> String {
        let lines = wrap(&tame(words), self.width - 2).into_iter().enumerate();
        let sign = |index| if index == 0 { glyph(verdict) } else { " " };
        let lines = lines.map(|(index, line)| format!("{} {line}", sign(index)));
        lines.map(|line| self.paint.verdict(verdict, &line) + "\n").collect()
    }

    fn said(&self, words: &str) -> String {
        wrap(&tame(words), self.width - 2).into_iter().map(|line| format!("  {line}\n")).collect()
    }
}
