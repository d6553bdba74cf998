//! A failure, told: what was broken, by which request, and what happened to it.

use std::collections::BTreeSet;

use super::explain::story;
use super::page_width;
use crate::judge::{Judgement, PromiseResult, Reason, ScriptedResult, Verdict};
use crate::report::command::closer;

/// Requests told in full for each broken promise; further ones are counted.
const TOLD: usize = 1;

/// For everything that failed: what happened, to which request, as a tree of attempts with times, and how to
/// look closer. Empty for a pass.
#[must_use]
pub fn failure(judgement: &Judgement, width: usize) -> String {
    let width = page_width(width);
    let mut told = BTreeSet::new();
    let promises = promises(judgement, &mut told, width);
    let scripted = judgement.scripted.iter().filter(|result| result.verdict == Verdict::Fail);
    let scripted = scripted.map(|result| script(judgement, result, width));
    let expectations = judgement.expectations.iter().filter(|result| result.verdict != Verdict::Pass);
    let expectations = expectations.map(|result| {
        let mark = if result.verdict == Verdict::Fail { "✗" } else { "?" };
        format!("{mark} expected {}\n  {}\n", result.expectation.text, result.explanation)
    });
    let doubts = judgement.reasons.iter().filter(|reason| reason.verdict == Verdict::Inconclusive);
    let doubts = doubts.filter(|reason| !reason.what.starts_with('`')).map(doubt);
    let given_up = judgement.given_up().map(|reason| format!("✗ {}\n  {}\n", reason.what, reason.help));
    let parts: Vec<String> =
        given_up.into_iter().chain(promises).chain(scripted).chain(expectations).chain(doubts).collect();
    if parts.is_empty() {
        return String::new();
    }
    format!("{}\nlook closer: {}\n", parts.join("\n"), closer(judgement))
}

fn promises(judgement: &Judgement, told: &mut BTreeSet<u64>, width: usize) -> Vec<String> {
    let broken = judgement.promises.iter().filter(|promise| promise.violations > 0);
    broken.map(|promise| broken_promise(judgement, promise, told, width)).collect()
}

fn broken_promise(
    judgement: &Judgement,
    promise: &PromiseResult,
    told: &mut BTreeSet<u64>,
    width: usize,
) -> String {
    let mut text = format!("✗ {} {}\n", promise.id, promise.name);
    for witness in promise.witnesses.iter().take(TOLD) {
        text.push_str(&format!("  {}\n", witness.what));
        let record = witness.number.and_then(|number| judgement.record(number));
        match record {
            Some(record) if told.insert(record.caller.number) => {
                text.push_str(&indent(&story(record, &judgement.header, width - 2)));
            }
            Some(record) => text.push_str(&format!("  by request {}, told above\n", record.caller.number)),
            None => {}
        }
    }
    let others = promise.witnesses.iter().skip(TOLD).filter_map(|witness| witness.number);
    let others: Vec<String> = others.map(|number| number.to_string()).collect();
    if !others.is_empty() {
        let count = promise.violations;
        text.push_str(&format!("  {count} requests broke it; also requests {}\n", others.join(", ")));
    }
    text
}

fn script(judgement: &Judgement, result: &ScriptedResult, width: usize) -> String {
    let mut text = format!("✗ scripted request {}\n", result.expectation.number);
    for mismatch in &result.mismatches {
        text.push_str(&format!("  {}\n    expected  {}\n", mismatch.what, mismatch.expected));
        text.push_str(&format!("    actual    {}\n", mismatch.actual));
    }
    if let Some(record) = judgement.record(result.expectation.number) {
        text.push_str(&indent(&story(record, &judgement.header, width - 2)));
    }
    text
}

fn doubt(reason: &Reason) -> String {
    format!("? {}\n  {}\n", reason.what, reason.help)
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
