//! Thresholds against figures.

use super::failover::{Interval, WindowFigures};
use super::figures::PhaseFigures;
use super::judgement::{ExpectationResult, Verdict};
use crate::history::expect::Expectation;
use crate::history::figure::{self, Kind};

/// Judges one threshold. `scope` holds the figures of the phases it asks about; none when there is no such
/// phase. `windows` are the fault windows that touch them.
pub(crate) fn judge(
    expectation: &Expectation,
    scope: Option<&PhaseFigures>,
    windows: &[&WindowFigures],
) -> ExpectationResult {
    let Some(figures) = scope else {
        let phase = expectation.during.as_deref().unwrap_or("run");
        return result(expectation, None, Verdict::Inconclusive, format!("the run has no phase `{phase}`"));
    };
    if let Some(interval) = worst_interval(&expectation.figure, windows) {
        return judge_interval(expectation, interval);
    }
    let Some(measured) = figures.measure(&expectation.figure, expectation.stat.as_deref()) else {
        let why = format!("nothing to measure: {} requests, none of them gave this figure", figures.requests);
        return result(expectation, None, Verdict::Inconclusive, why);
    };
    judge_value(expectation, measured)
}

fn judge_value(expectation: &Expectation, measured: f64) -> ExpectationResult {
    let kept = expectation.op.holds(measured, expectation.value);
    let kind = kind_of(expectation);
    let explanation = format!("measured {}", show(kind, measured));
    let verdict = if kept { Verdict::Pass } else { Verdict::Fail };
    result(expectation, Some(measured), verdict, explanation)
}

/// A time that never came fails every upper bound and keeps every lower one.
fn judge_interval(expectation: &Expectation, interval: Interval) -> ExpectationResult {
    match interval {
        Interval::After(seconds) => judge_value(expectation, seconds),
        Interval::Unknown => {
            let why =
                "fewer than 50 requests, or less than a second, to tell by: send more, or widen the window";
            result(expectation, None, Verdict::Inconclusive, why.to_owned())
        }
        Interval::Never(watched) => {
            let kept = expectation.op.holds(f64::INFINITY, expectation.value);
            let verdict = if kept { Verdict::Pass } else { Verdict::Fail };
            let why = format!("it never came in the {} it was watched", show(Kind::Duration, watched));
            result(expectation, None, verdict, why)
        }
    }
}

/// Of several windows the worst: never, then the longest, then those nobody can tell.
fn worst_interval(figure: &str, windows: &[&WindowFigures]) -> Option<Interval> {
    let pick = |window: &&WindowFigures| match figure {
        "time_to_failover" => Some(window.time_to_failover),
        "time_to_recover.service" => Some(window.recover_service),
        "time_to_recover.failback" => Some(window.recover_failback),
        _ => None,
    };
    let rank = |interval: &Interval| interval.seconds().unwrap_or(-1.0);
    windows.iter().filter_map(pick).max_by(|a, b| rank(a).total_cmp(&rank(b)))
}

fn kind_of(expectation: &Expectation) -> Kind {
    if expectation.stat.as_deref() == Some("count") {
        return Kind::Count;
    }
    figure::find(&expectation.figure).map_or(Kind::Ratio, |figure| figure.kind)
}

/// A value in its kind's unit, for people.
pub(crate) fn show(kind: Kind, value: f64) -> String {
    match kind {
        Kind::Share => format!("{}%", digits(value * 100.0, 3)),
        Kind::Durations | Kind::Duration => show_seconds(value),
        Kind::Count => digits(value, 1),
        Kind::Ratio => format!("{}x", digits(value, 3)),
        Kind::Money => format!("${}", digits(value, 6)),
        Kind::Rate => format!("{}/s", digits(value, 2)),
    }
}

/// Seconds with a unit that keeps three digits readable.
pub(crate) fn show_seconds(seconds: f64) -> String {
    let size = seconds.abs();
    if size >= 120.0 {
        let whole = seconds.round();
        let (minutes, rest) = ((whole / 60.0).trunc(), (whole % 60.0).abs());
        return if rest == 0.0 { format!("{minutes}m") } else { format!("{minutes}m{rest:02}s") };
    }
    match size {
        10.0.. => format!("{}s", digits(seconds, 1)),
        1.0.. => format!("{}s", digits(seconds, 2)),
        0.01.. => format!("{}ms", digits(seconds * 1e3, 0)),
        0.001.. => format!("{}ms", digits(seconds * 1e3, 1)),
        0.0 => "0s".to_owned(),
        _ => format!("{}us", digits(seconds * 1e6, 0)),
    }
}

/// At most so many decimals, without trailing zeros.
fn digits(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn result(
    expectation: &Expectation,
    measured: Option<f64>,
    verdict: Verdict,
    explanation: String,
) -> ExpectationResult {
    ExpectationResult { expectation: expectation.clone(), measured, verdict, explanation }
}
