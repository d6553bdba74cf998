//! From findings to a verdict.
//!
//! A broken promise, expectation or scripted request is a failure, also in a run in which something else proved
//! nothing: what was seen was seen. Only without a failure does a planned fault that never fired, a sick
//! baseline, a late harness or an expectation without samples make the run inconclusive.

use super::expectations::{show, show_seconds};
use super::facts::Facts;
use super::figures::PhaseFigures;
use super::judgement::{ExpectationResult, PromiseResult, Reason, ScriptedResult, Verdict};
use crate::history::figure::Kind;
use crate::history::{Footer, PhaseKind};

/// A baseline below this availability is sick: what the faults did cannot be told from what was broken before.
pub(crate) const BASELINE_AVAILABILITY_MIN: f64 = 0.99;

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
    let mut reasons = failures(findings);
    reasons.extend(doubts(findings));
    let verdict = reasons.first().map_or(Verdict::Pass, |reason| reason.verdict);
    (verdict, reasons)
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

fn doubts(findings: &Findings<'_>) -> Vec<Reason> {
    let mut doubts = Vec::new();
    doubts.extend(aborted(findings));
    doubts.extend(unfired(findings));
    doubts.extend(sick_baseline(findings));
    doubts.extend(late_harness(findings));
    doubts.extend(lost_requests(findings));
    let unmeasured = findings.expectations.iter().filter(|result| result.verdict == Verdict::Inconclusive);
    doubts.extend(unmeasured.map(|result| {
        doubt(format!("`{}` could not be measured", result.expectation.text), result.explanation.clone())
    }));
    doubts
}

fn aborted(findings: &Findings<'_>) -> Option<Reason> {
    let why = findings.footer.aborted.as_ref()?;
    Some(doubt(format!("the run was stopped early: {why}"), "run it to its end"))
}

fn unfired(findings: &Findings<'_>) -> Vec<Reason> {
    let planned = findings.facts.header.faults.iter();
    let unfired = planned.filter(|fault| {
        let found = |fired: &&crate::history::FaultFired| {
            fired.provider == fault.provider && fired.name == fault.name
        };
        findings.footer.fired.iter().find(found).is_none_or(|fired| fired.count == 0)
    });
    unfired
        .map(|fault| {
            doubt(
                format!("fault `{}` ({}) on {} never fired", fault.name, fault.kind, fault.provider),
                "send requests its way inside its window, or loosen its probability, sequence or match",
            )
        })
        .collect()
}

fn sick_baseline(findings: &Findings<'_>) -> Vec<Reason> {
    let baselines = findings.phases.iter().filter(|phase| phase.kind == PhaseKind::Baseline);
    let sick = baselines.filter_map(|phase| {
        let availability = phase.number("availability").filter(|share| *share < BASELINE_AVAILABILITY_MIN)?;
        let shown = show(Kind::Share, availability);
        Some(doubt(
            format!("the baseline was not healthy: availability {shown}"),
            "make the service work without faults first: limits, deadlines, provider latencies, load",
        ))
    });
    sick.collect()
}

fn late_harness(findings: &Findings<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let limit = findings.facts.slack.lag.as_secs_f64();
    let lag = findings.whole.measure("harness.lag", Some("p99")).filter(|lag| *lag > limit);
    reasons.extend(lag.map(|lag| {
        let what = format!("the harness sent late: p99 {} after the intended time", show_seconds(lag));
        doubt(what, "lower the load, or simulate instead of running in real time")
    }));
    let unsent = findings.whole.number("harness.unsent").filter(|unsent| *unsent > 0.0);
    reasons.extend(unsent.map(|unsent| {
        let what = format!("{} never sent", plural(unsent as u64, "request"));
        doubt(what, "let the run last longer, or lower the load")
    }));
    reasons
}

/// Every intended arrival needs a record: one that is missing could have been the one that failed. A run that
/// was stopped left those under way behind, and says so itself.
fn lost_requests(findings: &Findings<'_>) -> Option<Reason> {
    if findings.footer.aborted.is_some() {
        return None;
    }
    let lost = findings.footer.intended.checked_sub(findings.seen).filter(|lost| *lost > 0)?;
    let what = format!("{} left no record", plural(lost, "request"));
    Some(doubt(what, "the harness lost them: please report this as a bug of brownout"))
}

/// `1 request`, `2 requests`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("{count} {noun}") } else { format!("{count} {noun}s") }
}

fn doubt(what: impl Into<String>, help: impl Into<String>) -> Reason {
    reason(Verdict::Inconclusive, what, help)
}

fn reason(verdict: Verdict, what: impl Into<String>, help: impl Into<String>) -> Reason {
    Reason { verdict, what: what.into(), help: help.into() }
}
