//! A failure, told: what was broken, by which request, and what happened to it.

use super::explain::explain;
use crate::judge::{Judgement, Reason, ScriptedResult, Verdict};

/// Requests told in full for each broken promise; further ones are counted.
const TOLD: usize = 1;

/// For everything that failed: what happened, to which request, as a tree of attempts with times, and how to
/// look closer. Empty for a pass.
#[must_use]
pub fn failure(judgement: &Judgement) -> String {
    let promises = promises(judgement);
    let scripted = judgement.scripted.iter().filter(|result| result.verdict == Verdict::Fail);
    let scripted = scripted.map(|result| script(judgement, result));
    let expectations = judgement.expectations.iter().filter(|result| result.verdict != Verdict::Pass);
    let expectations = expectations
        .map(|result| format!("✗ expected {}\n  {}\n", result.expectation.text, result.explanation));
    let doubts = judgement.reasons.iter().filter(|reason| reason.verdict == Verdict::Inconclusive);
    let doubts = doubts.filter(|reason| !reason.what.starts_with('`')).map(doubt);
    let parts: Vec<String> = promises.chain(scripted).chain(expectations).chain(doubts).collect();
    if parts.is_empty() {
        return String::new();
    }
    let header = &judgement.header;
    let again = format!("look closer: brownout run {} --seed {}\n", header.path, header.seed);
    format!("{}\n{again}", parts.join("\n"))
}

fn promises(judgement: &Judgement) -> impl Iterator<Item = String> + '_ {
    judgement.promises.iter().filter(|promise| promise.violations > 0).map(|promise| {
        let mut text = format!("✗ {} {}\n", promise.id, promise.name);
        for witness in promise.witnesses.iter().take(TOLD) {
            text.push_str(&format!("  {}\n", witness.what));
            if let Some(record) = witness.number.and_then(|number| judgement.record(number)) {
                text.push_str(&indent(&explain(record, &judgement.header)));
            }
        }
        let more: Vec<String> = promise
            .witnesses
            .iter()
            .skip(TOLD)
            .filter_map(|witness| Some(witness.number?.to_string()))
            .collect();
        if !more.is_empty() {
            text.push_str(&format!(
                "  {} requests broke it; also requests {}\n",
                promise.violations,
                more.join(", ")
            ));
        }
        text
    })
}

fn script(judgement: &Judgement, result: &ScriptedResult) -> String {
    let mut text = format!("✗ scripted request {}\n", result.expectation.number);
    for mismatch in &result.mismatches {
        text.push_str(&format!("  {}\n    expected  {}\n", mismatch.what, mismatch.expected));
        text.push_str(&format!("    actual    {}\n", mismatch.actual));
    }
    if let Some(record) = judgement.record(result.expectation.number) {
        text.push_str(&indent(&explain(record, &judgement.header)));
    }
    text
}

fn doubt(reason: &Reason) -> String {
    format!("? {}\n  {}\n", reason.what, reason.help)
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
