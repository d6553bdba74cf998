//! Why a run proves nothing, each kind with what to change. A run that proved nothing is not green.

use super::super::expectations::{show, show_seconds};
use super::super::judgement::{Reason, Verdict};
use super::{Findings, plural, reason};
use crate::history::figure::Kind;
use crate::history::{Aborted, FaultFired, PhaseKind, PlannedFault};
use crate::world::Moment;

/// A baseline below this availability is sick: what the faults did cannot be told from what was broken before.
pub(crate) const BASELINE_AVAILABILITY_MIN: f64 = 0.99;

/// A baseline that attains less is sick too: answers come, but late or from lesser models, and by what is lost to a fault
/// (recovery is judged within 5 points of the baseline) such a baseline is no measure.
pub(crate) const BASELINE_ATTAINMENT_MIN: f64 = 0.9;

/// A fault that fires this far outside its windows did not break what it was planned to break.
const FAR: std::time::Duration = std::time::Duration::from_secs(1);

/// All of them, the weightiest first.
pub(super) fn of(findings: &Findings<'_>) -> Vec<Reason> {
    let mut doubts = Vec::new();
    doubts.extend(interrupted(findings));
    doubts.extend(unfired(findings));
    doubts.extend(misplaced(findings));
    doubts.extend(sick_baseline(findings));
    doubts.extend(late_harness(findings));
    doubts.extend(unsent(findings));
    doubts.extend(lost_requests(findings));
    let unmeasured = findings.expectations.iter().filter(|result| result.verdict == Verdict::Inconclusive);
    doubts.extend(unmeasured.map(|result| {
        doubt(format!("`{}` could not be measured", result.expectation.text), result.explanation.clone())
    }));
    doubts
}

fn interrupted(findings: &Findings<'_>) -> Option<Reason> {
    let aborted = findings.footer.aborted.as_ref().filter(|aborted| **aborted == Aborted::Interrupted);
    aborted.map(|_| doubt("the run was stopped early: interrupted", "run it to its end"))
}

/// What is counted of a planned fault.
fn fired<'a>(findings: &'a Findings<'_>, fault: &PlannedFault) -> Option<&'a FaultFired> {
    let mut fired = findings.footer.fired.iter().filter(|fired| fired.count > 0);
    fired.find(|fired| fired.provider == fault.provider && fired.name == fault.name)
}

fn unfired(findings: &Findings<'_>) -> Vec<Reason> {
    let planned = findings.facts.header.faults.iter();
    let unfired = planned.filter(|fault| fired(findings, fault).is_none());
    unfired
        .map(|fault| {
            doubt(
                format!("fault `{}` ({}) on {} never fired", fault.name, fault.kind, fault.provider),
                "send requests its way inside its window, or loosen its probability, sequence or match",
            )
        })
        .collect()
}

/// Faults that fired at another time than planned: one of them by far, or most of them by more than the harness is
/// allowed to be late.
fn misplaced(findings: &Findings<'_>) -> Vec<Reason> {
    const HELP: &str = "lower the load or use a faster machine, or simulate instead of running in real time";
    let mut reasons: Vec<Reason> = findings
        .facts
        .header
        .faults
        .iter()
        .filter_map(|fault| {
            let first = fired(findings, fault)?.first?;
            let by = outside(first, fault).filter(|by| *by > FAR)?;
            let by = show_seconds(by.as_secs_f64());
            let what =
                format!("fault `{}` on {} first fired {by} outside its windows", fault.name, fault.provider);
            Some(doubt(what, HELP))
        })
        .collect();
    let whole = |stat| findings.whole.measure("harness.injection_error", Some(stat));
    let limits = [("p99", findings.facts.slack.lag), ("max", FAR)];
    let beyond = limits.into_iter().find_map(|(stat, limit)| {
        whole(stat).filter(|error| *error > limit.as_secs_f64()).map(|error| (stat, error, limit))
    });
    reasons.extend(beyond.map(|(stat, error, limit)| {
        let (error, limit) = (show_seconds(error), show_seconds(limit.as_secs_f64()));
        doubt(
            format!("faults fired outside their windows: {stat} {error} away, and {limit} is the limit"),
            HELP,
        )
    }));
    reasons
}

/// How far a moment is outside a fault's windows; none inside, or where it is not bound to any.
fn outside(at: Moment, fault: &PlannedFault) -> Option<std::time::Duration> {
    if fault.outlasts_its_windows() {
        return None;
    }
    let misses = fault.during.iter().map(|window| window.from.since(at).max(at.since(window.to)));
    misses.min().filter(|by| !by.is_zero())
}

fn sick_baseline(findings: &Findings<'_>) -> Vec<Reason> {
    let baselines = findings.phases.iter().filter(|phase| phase.kind == PhaseKind::Baseline);
    let sick = baselines.filter_map(|phase| {
        let below = |figure, least| phase.number(figure).filter(|share| *share < least);
        if let Some(share) = below("availability", BASELINE_AVAILABILITY_MIN) {
            return Some(doubt(
                format!("the baseline was not healthy: availability {}", show(Kind::Share, share)),
                "make the service work without faults first: limits, deadlines, provider latencies, load",
            ));
        }
        let share = below("attainment", BASELINE_ATTAINMENT_MIN)?;
        Some(doubt(
            format!("the baseline was not healthy: attainment {}", show(Kind::Share, share)),
            "answers came late or from lesser models before anything was broken: loosen `objective` or `quality_floor`, or speed the providers up",
        ))
    });
    sick.collect()
}

fn late_harness(findings: &Findings<'_>) -> Option<Reason> {
    let limit = findings.facts.slack.lag.as_secs_f64();
    let lag = findings.whole.measure("harness.lag", Some("p99")).filter(|lag| *lag > limit)?;
    let what = format!("the harness sent late: p99 {} after the intended time", show_seconds(lag));
    Some(doubt(what, "lower the load, or simulate instead of running in real time"))
}

fn unsent(findings: &Findings<'_>) -> Option<Reason> {
    let unsent = findings.whole.number("harness.unsent").filter(|unsent| *unsent > 0.0)?;
    let what = format!("{} never sent", plural(unsent as u64, "request"));
    Some(doubt(what, "let the run last longer, or lower the load"))
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

fn doubt(what: impl Into<String>, help: impl Into<String>) -> Reason {
    reason(Verdict::Inconclusive, what, help)
}
