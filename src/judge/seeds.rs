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
mod tests;
