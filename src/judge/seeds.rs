//! One scenario under many seeds: how it goes in general, instead of in one lucky draw.
//!
//! The verdict, in this order. *Fail* when a promise was broken in any run: a promise holds in every world. *Fail* when
//! the share of passed runs is below the wanted one even if every inconclusive run had passed. *Inconclusive* when any run
//! was, because it might be the one that failed. *Pass* otherwise.

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::bootstrap::{Urn, mean_interval, share_interval};
use super::expectations::show;
use super::hist::tidy;
use super::judgement::ExpectationResult;
use super::sheet::{Measure, Sheet};
use super::verdict::plural;
use crate::history::expect::Op;
use crate::history::figure::Kind;

/// What many runs of one scenario showed, each with a seed of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seeds {
    /// Every run, in the order of the seeds.
    pub runs: Vec<SeedRun>,
    /// The verdict on all of them.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub why: String,
    /// Runs that passed.
    pub passed: u64,
    /// Their share of those that proved something; 0 when none did.
    pub share: f64,
    /// Where the true share lies with 95 % confidence (Wilson's interval).
    pub interval: (f64, f64),
    /// The share that had to pass.
    pub wanted: f64,
    /// How each figure came out over the seeds, of the judged run as a whole, in the order of the catalogue.
    pub figures: Vec<SeedFigure>,
    /// How each expectation came out, in the order of the scenario.
    pub expectations: Vec<SeedExpectation>,
    /// Promises that were broken, in the order of their ids.
    pub promises: Vec<SeedPromise>,
}

/// One of the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRun {
    /// Its seed.
    pub seed: u64,
    /// What it showed.
    pub verdict: Verdict,
    /// The weightiest reason, when it did not pass.
    pub reason: Option<String>,
}

/// A figure over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedFigure {
    /// `availability`, `latency.first_token.p99`.
    pub name: String,
    /// Runs that measured it.
    pub runs: u64,
    /// Least.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// Most.
    pub max: f64,
    /// Mean.
    pub mean: f64,
    /// Where the mean lies with 95 % confidence (bootstrap over the seeds).
    pub interval: (f64, f64),
}

/// An expectation over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedExpectation {
    /// As it was written.
    pub text: String,
    /// Runs that kept it, broke it, could not tell.
    pub counts: (u64, u64, u64),
    /// Where it went worst; none when no run could tell.
    pub worst: Option<Worst>,
}

/// Where an expectation went worst.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// With which seed.
    pub seed: u64,
    /// What was measured there; none when an awaited event never came.
    pub measured: Option<f64>,
    /// The comparison in words.
    pub explanation: String,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedPromise {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The seeds with which it was broken.
    pub seeds: Vec<u64>,
}

impl Seeds {
    /// Judges many runs of one scenario. `wanted` is the share of them that has to pass.
    #[must_use]
    pub fn of(sheets: &[Sheet], wanted: f64) -> Seeds {
        let count = |verdict| sheets.iter().filter(|sheet| sheet.verdict == verdict).count() as u64;
        let (passed, failed) = (count(Verdict::Pass), count(Verdict::Fail));
        let proved = passed + failed;
        let promises = promises(sheets);
        let (verdict, why) =
            decide(&Counts { passed, failed, inconclusive: count(Verdict::Inconclusive) }, &promises, wanted);
        Seeds {
            runs: sheets.iter().map(run).collect(),
            verdict,
            why,
            passed,
            share: if proved == 0 { 0.0 } else { tidy(passed as f64 / proved as f64) },
            interval: share_interval(passed, proved),
            wanted,
            figures: figures(sheets),
            expectations: expectations(sheets),
            promises,
        }
    }

    /// The seeds of the runs that did not pass, failures first.
    #[must_use]
    pub fn bad(&self) -> Vec<u64> {
        let of = |verdict| self.runs.iter().filter(move |run| run.verdict == verdict).map(|run| run.seed);
        of(Verdict::Fail).chain(of(Verdict::Inconclusive)).collect()
    }
}

struct Counts {
    passed: u64,
    failed: u64,
    inconclusive: u64,
}

fn decide(counts: &Counts, promises: &[SeedPromise], wanted: f64) -> (Verdict, String) {
    /// Shares are written in percent with a few digits; what rounding does to them decides nothing.
    const ROUNDING: f64 = 1e-9;
    let runs = counts.passed + counts.failed + counts.inconclusive;
    let percent = |share: f64| show(Kind::Share, share);
    let at_best = (counts.passed + counts.inconclusive) as f64 / runs.max(1) as f64;
    let told = format!("{} of {} passed", counts.passed, plural(runs, "run"));
    if let Some(promise) = promises.first() {
        let seeds = plural(promise.seeds.len() as u64, "seed");
        return (Verdict::Fail, format!("{told}; {} {} was broken with {seeds}", promise.id, promise.name));
    }
    if at_best + ROUNDING < wanted {
        let unsure = match counts.inconclusive {
            0 => String::new(),
            more => format!(" and {more} proved nothing"),
        };
        return (Verdict::Fail, format!("{told}{unsure}; {} had to", percent(wanted)));
    }
    if counts.inconclusive > 0 {
        return (Verdict::Inconclusive, format!("{told}, and {} proved nothing", counts.inconclusive));
    }
    (Verdict::Pass, format!("{told}; {} had to", percent(wanted)))
}

fn run(sheet: &Sheet) -> SeedRun {
    SeedRun { seed: sheet.seed, verdict: sheet.verdict, reason: sheet.reason.clone() }
}

fn promises(sheets: &[Sheet]) -> Vec<SeedPromise> {
    let mut broken: std::collections::BTreeMap<&(String, String), Vec<u64>> = Default::default();
    for sheet in sheets {
        sheet.broken.iter().for_each(|promise| broken.entry(promise).or_default().push(sheet.seed));
    }
    let promise = |((id, name), seeds): (&(String, String), Vec<u64>)| SeedPromise {
        id: id.clone(),
        name: name.clone(),
        seeds,
    };
    broken.into_iter().map(promise).collect()
}

fn figures(sheets: &[Sheet]) -> Vec<SeedFigure> {
    let whole = || sheets.iter().filter_map(|sheet| sheet.parts.first());
    let measures: std::collections::BTreeSet<Measure> =
        whole().flat_map(|part| part.values.keys().copied()).collect();
    let scenario = sheets.first().map_or("", |sheet| sheet.scenario.as_str());
    let figure = |measure: Measure| {
        let values: Vec<f64> = whole().filter_map(|part| part.values.get(&measure).copied()).collect();
        spread(&measure.name(), &values, scenario)
    };
    measures.into_iter().map(figure).collect()
}

fn spread(name: &str, values: &[f64], scenario: &str) -> SeedFigure {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (half, count) = (sorted.len() / 2, sorted.len());
    let median = if count.is_multiple_of(2) { (sorted[half - 1] + sorted[half]) / 2.0 } else { sorted[half] };
    SeedFigure {
        name: name.to_owned(),
        runs: count as u64,
        min: sorted[0],
        median: tidy(median),
        max: sorted[count - 1],
        mean: tidy(values.iter().sum::<f64>() / count as f64),
        interval: mean_interval(values, &Urn::new(format!("seeds {scenario} {name}"))),
    }
}

fn expectations(sheets: &[Sheet]) -> Vec<SeedExpectation> {
    let Some(first) = sheets.first() else { return Vec::new() };
    let texts = first.expectations.iter().enumerate();
    texts
        .map(|(place, result)| {
            let results = || {
                sheets.iter().filter_map(move |s| s.expectations.get(place).map(|result| (s.seed, result)))
            };
            let count = |verdict| results().filter(|(_, result)| result.verdict == verdict).count() as u64;
            let told = results().filter(|(_, result)| result.verdict != Verdict::Inconclusive);
            // Of equally bad ones the first.
            let worst = told.reduce(|worst, other| if is_worse(other.1, worst.1) { other } else { worst });
            SeedExpectation {
                text: result.expectation.text.clone(),
                counts: (count(Verdict::Pass), count(Verdict::Fail), count(Verdict::Inconclusive)),
                worst: worst.map(|(seed, result)| Worst {
                    seed,
                    measured: result.measured,
                    explanation: result.explanation.clone(),
                }),
            }
        })
        .collect()
}

/// Whether one run met an expectation worse than another: broken before kept, then by how far.
fn is_worse(one: &ExpectationResult, other: &ExpectationResult) -> bool {
    let failed = |result: &ExpectationResult| result.verdict == Verdict::Fail;
    if failed(one) != failed(other) {
        return failed(one);
    }
    badness(one) > badness(other)
}

/// Grows the worse an expectation was met: the distance from its threshold, which may be another one in each run. What never
/// came is as bad as can be where an end was set to it, and as good as can be where it was not to come.
fn badness(result: &ExpectationResult) -> f64 {
    let threshold = result.threshold.unwrap_or(0.0);
    let beyond = result.measured.unwrap_or(f64::INFINITY) - threshold;
    match result.expectation.op {
        Op::Less | Op::AtMost => beyond,
        Op::Greater | Op::AtLeast => -beyond,
        Op::Equal => beyond.abs(),
    }
}

#[cfg(test)]
mod tests {
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
            sheet.expectations =
                vec![result(at_least, Some(share.0), share.1), result(at_most, time.0, time.1)];
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
}
