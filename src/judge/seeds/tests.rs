//! Verdicts, figures and worst runs over seeds, worked out in comments.

use std::collections::BTreeMap;

use super::super::sheet::Part;
use super::*;
use crate::history::expect::Expectation;
use Verdict::{Fail, Inconclusive, Pass};

fn sheet(seed: u64, verdict: Verdict) -> Sheet {
    Sheet {
        scenario: "x".to_owned(),
        seed,
        verdict,
        reason: None,
        broken: vec![],
        parts: vec![Part { phase: "run".to_owned(), values: BTreeMap::new() }],
        expectations: vec![],
    }
}

fn sheets(verdicts: &[Verdict]) -> Vec<Sheet> {
    (1..).zip(verdicts).map(|(seed, verdict)| sheet(seed, *verdict)).collect()
}

#[track_caller]
fn check(verdicts: &[Verdict], wanted: f64, expected: Verdict) {
    let seeds = Seeds::of(&sheets(verdicts), wanted);
    assert_eq!(seeds.verdict, expected, "{}", seeds.why);
}

#[test]
fn enough_runs_have_to_pass_and_none_may_prove_nothing() {
    check(&[Pass, Pass], 1.0, Pass);
    check(&[Pass, Fail], 1.0, Fail);
    // 19 of 20 are 95 %.
    check(&[[Pass; 19].as_slice(), &[Fail]].concat(), 0.95, Pass);
    check(&[[Pass; 18].as_slice(), &[Fail; 2]].concat(), 0.95, Fail);
    // At best 19 of 20: it might do.
    check(&[[Pass; 18].as_slice(), &[Fail, Inconclusive]].concat(), 0.95, Inconclusive);
    // At best 18 of 20: it cannot.
    check(&[[Pass; 17].as_slice(), &[Fail, Fail, Inconclusive]].concat(), 0.95, Fail);
    check(&[Pass, Inconclusive], 0.5, Inconclusive);
}

#[test]
fn a_broken_promise_fails_whatever_share_was_wanted() {
    let mut sheets = sheets(&[Pass, Fail, Pass, Fail]);
    for broken in [1, 3] {
        sheets[broken].broken = vec![("I03".to_owned(), "no-splice".to_owned())];
    }

    let seeds = Seeds::of(&sheets, 0.1);

    assert_eq!((seeds.verdict, seeds.passed, seeds.share), (Fail, 2, 0.5));
    assert_eq!(seeds.promises[0].seeds, [2, 4]);
    assert_eq!(seeds.why, "2 of 4 runs passed; I03 no-splice was broken with 2 seeds");
    assert_eq!(seeds.bad(), [2, 4]);
}

#[test]
fn the_share_is_of_the_runs_that_proved_something() {
    // 2 of 3, and Wilson's interval of that.
    let seeds = Seeds::of(&sheets(&[Pass, Fail, Inconclusive, Pass]), 1.0);
    assert!((seeds.share - 2.0 / 3.0).abs() < 1e-9, "{}", seeds.share);
    assert_eq!(seeds.interval, share_interval(2, 3));
    assert_eq!(seeds.bad(), [2, 3]);
}

#[test]
fn a_figure_has_its_least_median_most_and_mean_over_the_runs_that_measured_it() {
    let mut sheets = sheets(&[Pass; 5]);
    let measure = Measure::find("availability", None).expect("in the catalogue");
    for (sheet, value) in sheets.iter_mut().zip([0.9, 1.0, 0.8, 0.95]) {
        sheet.parts[0].values.insert(measure, value);
    }

    let seeds = Seeds::of(&sheets, 1.0);

    // Sorted 0.8 0.9 0.95 1: the median is (0.9 + 0.95) / 2, the mean 3.65 / 4.
    let figure = &seeds.figures[0];
    assert_eq!((figure.name.as_str(), figure.runs), ("availability", 4));
    assert_eq!((figure.min, figure.median, figure.max, figure.mean), (0.8, 0.925, 1.0, 0.9125));
    let (low, high) = figure.interval;
    assert!((0.8..0.9125).contains(&low) && (0.9125..=1.0).contains(&high), "{low} {high}");
}

#[test]
fn an_expectations_worst_run_is_the_one_farthest_on_the_wrong_side() {
    let result = |text: &str, measured: Option<f64>, verdict| ExpectationResult {
        expectation: Expectation::parse(text).expect("legal"),
        measured,
        samples: 1,
        threshold: Some(if text.contains("90%") { 0.9 } else { 2.0 }),
        threshold_samples: None,
        verdict,
        explanation: format!("{measured:?}"),
    };
    let at_least = "availability >= 90%";
    let at_most = "time_to_failover < 2s";
    let mut sheets = sheets(&[Pass; 4]);
    let shares = [(0.95, Pass), (0.85, Fail), (0.8, Fail), (0.99, Pass)];
    let times = [(Some(1.0), Pass), (None, Fail), (Some(9.0), Fail), (None, Inconclusive)];
    for ((sheet, share), time) in sheets.iter_mut().zip(shares).zip(times) {
        sheet.expectations = vec![result(at_least, Some(share.0), share.1), result(at_most, time.0, time.1)];
    }

    let seeds = Seeds::of(&sheets, 1.0);

    let worst = |place: usize| seeds.expectations[place].worst.clone().expect("measured");
    assert_eq!(seeds.expectations[0].counts, (2, 2, 0));
    assert_eq!((worst(0).seed, worst(0).measured), (3, Some(0.8)));
    // What never came is worse than what came late; what nobody could tell is neither.
    assert_eq!(seeds.expectations[1].counts, (1, 2, 1));
    assert_eq!((worst(1).seed, worst(1).measured), (2, None));
}

#[test]
fn an_expectation_is_missed_by_the_distance_from_the_threshold_of_its_own_run() {
    let mut sheets = sheets(&[Fail; 4]);
    // Each was compared with its own baseline: beyond it by 3, by 10, by 10 again, and by 5 where both are many.
    let beyond = [(4.0, 1.0), (100.0, 90.0), (30.0, 20.0), (200.0, 195.0)];
    for (sheet, (measured, threshold)) in sheets.iter_mut().zip(beyond) {
        sheet.expectations = vec![ExpectationResult {
            expectation: Expectation::parse("flaps during outage <= baseline").expect("legal"),
            measured: Some(measured),
            samples: 1,
            threshold: Some(threshold),
            threshold_samples: Some(1),
            verdict: Fail,
            explanation: String::new(),
        }];
    }

    let seeds = Seeds::of(&sheets, 1.0);

    // Of the two that are as bad the first is shown.
    assert_eq!(seeds.expectations[0].worst.as_ref().map(|worst| worst.seed), Some(2));
}
