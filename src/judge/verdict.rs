//! From findings to a verdict.
//!
//! A broken promise, expectation or scripted request is a failure, also in a run in which something else proved
//! nothing: what was seen was seen. So is a run that was stopped as hopeless. Only without a failure do the `doubts`
//! make a run inconclusive.

mod doubts;
#[cfg(test)]
mod tests;

use super::expectations::show_seconds;
use super::facts::Facts;
use super::figures::PhaseFigures;
use super::judgement::{ExpectationResult, PromiseResult, Reason, ScriptedResult, Verdict};
use crate::history::{Aborted, Footer};

/// What a verdict rests on.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) footer: &'a Footer,
    pub(crate) whole: &'a PhaseFigures,
    pub(crate) phases: &'a [PhaseFigures],
    pub(crate) promises: &'a [PromiseResult],
    pub(crate) expectations: &'a [ExpectationResult],
    pub(crate) scripted: &'a [ScriptedResult],
    /// Requests that were judged, warm-up included.
    pub(crate) seen: u64,
}

/// The verdict and its reasons, failures first.
pub(crate) fn decide(findings: &Findings<'_>) -> (Verdict, Vec<Reason>) {
    let mut reasons: Vec<Reason> = hopeless(findings).into_iter().collect();
    let cut_short = !reasons.is_empty();
    reasons.extend(failures(findings));
    // What a run that was given up did not get to see is no doubt about it.
    if !cut_short {
        reasons.extend(doubts::of(findings));
    }
    let verdict = reasons.first().map_or(Verdict::Pass, |reason| reason.verdict);
    (verdict, reasons)
}

fn hopeless(findings: &Findings<'_>) -> Option<Reason> {
    let Some(Aborted::Hopeless { when, why, at }) = &findings.footer.aborted else { return None };
    let at = show_seconds(at.as_us() as f64 / 1e6);
    let what = format!("hopeless, and stopped at {at}: {when}");
    Some(reason(Verdict::Fail, what, format!("{why}; look at what was broken by then")))
}

fn failures(findings: &Findings<'_>) -> Vec<Reason> {
    let promises = findings.promises.iter().filter(|promise| promise.violations > 0).map(|promise| {
        let first = promise.witnesses.first();
        let what = first.map_or("", |witness| witness.what.as_str());
        let which =
            first.and_then(|witness| witness.number).map_or_else(String::new, |n| format!("request {n}: "));
        let count = plural(promise.violations, "request");
        reason(
            Verdict::Fail,
            format!("{} {} broken by {count}", promise.id, promise.name),
            format!("{which}{what}"),
        )
    });
    let expectations = findings.expectations.iter().filter(|result| result.verdict == Verdict::Fail);
    let expectations = expectations.map(|result| {
        reason(Verdict::Fail, format!("expected {}", result.expectation.text), result.explanation.clone())
    });
    let scripted = findings.scripted.iter().filter(|result| result.verdict == Verdict::Fail).map(|result| {
        let differences: Vec<_> = result.mismatches.iter().map(|mismatch| mismatch.what.as_str()).collect();
        let what = format!("scripted request {} went another way", result.expectation.number);
        reason(Verdict::Fail, what, format!("differs in {}", differences.join(", ")))
    });
    promises.chain(expectations).chain(scripted).collect()
}

/// `1 request`, `2 requests`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("{count} {noun}") } else { format!("{count} {noun}s") }
}

fn reason(verdict: Verdict, what: impl Into<String>, help: impl Into<String>) -> Reason {
    Reason { verdict, what: what.into(), help: help.into() }
}
