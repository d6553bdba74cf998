//! Thresholds against figures.

#[cfg(test)]
mod tests;

use super::judgement::{ExpectationResult, Verdict};
use super::view::{Measured, View};
use crate::history::Aborted;
use crate::history::expect::{Expectation, Measure, Threshold};
use crate::history::figure::Kind;

/// Judges every threshold of a run.
pub(crate) fn judge(view: &View<'_>) -> Vec<ExpectationResult> {
    let expect = view.judge.facts.header.expect.iter();
    let judged = expect.map(|expectation| compare(expectation, &view.measure(&expectation.measure), view));
    judged
        .map(|result| if view.footer.aborted.is_some() { unfinished(result, view) } else { result })
        .collect()
}

/// Judges what was measured by one threshold.
pub(crate) fn compare(expectation: &Expectation, left: &Measured, view: &View<'_>) -> ExpectationResult {
    let right = Right::of(&expectation.threshold, view);
    let samples = match *left {
        Measured::Value { samples, .. }
        | Measured::Never { samples, .. }
        | Measured::Nothing { samples, .. } => samples,
    };
    let (verdict, explanation) = words(expectation, left, &right);
    ExpectationResult {
        expectation: expectation.clone(),
        measured: match left {
            Measured::Value { value, .. } => Some(*value),
            Measured::Never { .. } | Measured::Nothing { .. } => None,
        },
        samples,
        threshold: right.value,
        threshold_samples: right.samples,
        verdict,
        explanation,
    }
}

/// The right side of a comparison, worked out.
struct Right {
    value: Option<f64>,
    samples: Option<u64>,
    /// Why there is no value, and what to change.
    why: String,
}

impl Right {
    fn of(threshold: &Threshold, view: &View<'_>) -> Right {
        let (measure, factor, plus) = match threshold {
            Threshold::Value(value) => {
                return Right { value: Some(*value), samples: None, why: String::new() };
            }
            Threshold::Of { measure, factor, plus } => (measure, *factor, *plus),
        };
        match view.measure(measure) {
            Measured::Value { value, samples } => {
                let value = Some(super::hist::tidy(value * factor + plus));
                Right { value, samples: Some(samples), why: String::new() }
            }
            Measured::Never { watched, samples } => {
                let why = format!(
                    "it never came in the {} it was watched: compare with a time",
                    show_seconds(watched)
                );
                Right { value: None, samples: Some(samples), why }
            }
            Measured::Nothing { why, samples } => Right { value: None, samples: Some(samples), why },
        }
    }
}

/// The verdict, and the comparison in words. A time that never came fails every upper bound and keeps every lower one.
fn words(expectation: &Expectation, left: &Measured, right: &Right) -> (Verdict, String) {
    let kind = expectation.measure.kind();
    let (value, told, samples) = match left {
        Measured::Nothing { why, .. } => return (Verdict::Inconclusive, why.clone()),
        Measured::Value { value, samples } => (*value, format!("measured {}", show(kind, *value)), samples),
        Measured::Never { watched, samples } => (
            f64::INFINITY,
            format!("it never came in the {} it was watched", show_seconds(*watched)),
            samples,
        ),
    };
    let of = reference(&expectation.measure, &expectation.threshold);
    let Some(threshold) = right.value else {
        return (Verdict::Inconclusive, format!("{told}; of {of}: {}", right.why));
    };
    let kept = expectation.op.holds(value, threshold);
    let verdict = if kept { Verdict::Pass } else { Verdict::Fail };
    match right.samples {
        None => (verdict, told),
        Some(others) => {
            let threshold = show(kind, threshold);
            (verdict, format!("{told}, and {of} is {threshold} ({samples} and {others} samples)"))
        }
    }
}

/// `95% of baseline`, as short as it can be said next to what is measured on the left.
fn reference(left: &Measure, threshold: &Threshold) -> String {
    let Threshold::Of { measure, factor, plus } = threshold else { return String::new() };
    let same = Measure { scope: left.scope.moved(measure.scope.during.clone()), ..left.clone() } == *measure;
    let what = match measure.scope.during[..] {
        [_, ..] if same => measure.scope.during.join("|"),
        _ => measure.to_string(),
    };
    let times = if *factor == 1.0 { String::new() } else { format!("{}% of ", digits(factor * 100.0, 3)) };
    let sign = if *plus < 0.0 { "-" } else { "+" };
    let more =
        if *plus == 0.0 { String::new() } else { format!(" {sign} {}", show(left.kind(), plus.abs())) };
    format!("{times}{what}{more}")
}

/// In a run that was stopped early a threshold was not held for as long as it was meant; who stopped it decides whether
/// that is a failure. What was stopped by hand may have become whole again.
fn unfinished(result: ExpectationResult, view: &View<'_>) -> ExpectationResult {
    let verdict = match (result.verdict, &view.footer.aborted) {
        (Verdict::Fail, Some(Aborted::Interrupted)) => Verdict::Inconclusive,
        (verdict, _) => verdict,
    };
    let explanation = format!("{} by the time the run was stopped", result.explanation);
    ExpectationResult { verdict, explanation, ..result }
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
