//! Two runs of the same scenarios compared: what changed, and whether that is more than noise.
//!
//! Runs are paired by their seed: chance is keyed, so both had the same luck, and what is left is the change itself. With
//! five pairs or more the differences of each figure are taken pair by pair; with fewer, requests of the same number are
//! paired instead, where histories are there, and blocks of them are drawn anew (`requests`). Which differences matter, and
//! how sure one has to be, is in `matter`.

mod matter;
mod requests;
mod sample;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::matter::{Estimate, matters};
use self::requests::Requests;
use super::bootstrap::{Urn, mean_and_error, mean_interval};
use super::hist::tidy;
use super::judgement::Verdict;
use super::sheet::{Measure, Sheet};
pub use crate::history::direction::Better;
pub use sample::{Row, Sample, Sampler};

/// Pairs of runs from which on they are enough to tell by.
pub const PAIRS_MIN: usize = 5;

/// A scenario before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    /// Its name.
    pub scenario: String,
    /// Seeds that both have: the pairs.
    pub seeds: Vec<u64>,
    /// What was paired to tell a change from chance.
    pub basis: Basis,
    /// Runs among the pairs that passed, before and after.
    pub passed: (u64, u64),
    /// What to make of that.
    pub passes: Change,
    /// Every figure that both measured: of the run, then of each phase, in the order of the catalogue.
    pub figures: Vec<FigureDiff>,
    /// Figures that were measured on one side only, in some pair.
    pub lone: Vec<Lone>,
    /// The weightiest of its changes.
    pub change: Change,
}

/// What was paired to tell a change from chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Runs with the same seed.
    Seeds,
    /// Requests with the same number in runs with the same seed.
    Requests,
    /// Nothing: too few seeds, and no histories.
    None,
}

/// A figure before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureDiff {
    /// Phase, or `run`.
    pub phase: String,
    /// `availability`, `latency.first_token.p99`.
    pub name: String,
    /// Which way it is good.
    pub better: Better,
    /// Mean over the pairs, before.
    pub before: f64,
    /// Mean over the pairs, after.
    pub after: f64,
    /// Where the mean difference lies with 95 % confidence (paired bootstrap); none with too few pairs.
    pub interval: Option<(f64, f64)>,
    /// What to make of it.
    pub change: Change,
}

/// A figure that only one side of some pairs measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lone {
    /// Phase, or `run`.
    pub phase: String,
    /// `time_to_failover`.
    pub name: String,
    /// Mean over the runs before that measured it alone, when any did.
    pub before: Option<f64>,
    /// The same after.
    pub after: Option<f64>,
}

/// What to make of a difference, the weightiest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// There is none, or none that matters.
    Same,
    /// Chance may have done it.
    Noise,
    /// Neither for better nor for worse, and more than chance would do.
    Moved,
    /// For the better, and more than chance would do.
    Better,
    /// For the worse, and more than chance would do.
    Worse,
}

impl Diff {
    /// Compares runs of one scenario, each side in any order. `samples` are of runs with the same seed, before and after;
    /// they are looked at only where there are fewer than [`PAIRS_MIN`] pairs. None when no seed is on both sides.
    #[must_use]
    pub fn of(before: &[Sheet], after: &[Sheet], samples: &[(Sample, Sample)]) -> Option<Diff> {
        let partner = |sheet: &Sheet| before.iter().find(|other| other.seed == sheet.seed);
        let pairs: Vec<Pair<'_>> =
            after.iter().filter_map(|sheet| Some(Pair { before: partner(sheet)?, after: sheet })).collect();
        let scenario = pairs.first()?.after.scenario.clone();
        let basis = match (pairs.len() >= PAIRS_MIN, samples.is_empty()) {
            (true, _) => Basis::Seeds,
            (false, false) => Basis::Requests,
            (false, true) => Basis::None,
        };
        let count = |passed: &dyn Fn(&Pair<'_>) -> bool| pairs.iter().filter(|pair| passed(pair)).count();
        let passed = (
            count(&|pair| pair.before.verdict == Verdict::Pass) as u64,
            count(&|pair| pair.after.verdict == Verdict::Pass) as u64,
        );
        let passes = passes(&scenario, &pairs);
        let comparison = Comparison { scenario: &scenario, pairs: &pairs, basis, samples };
        let (figures, lone) = comparison.figures();
        let change = figures.iter().map(|figure| figure.change).max().unwrap_or(Change::Same).max(passes);
        let seeds = pairs.iter().map(|pair| pair.after.seed).collect();
        Some(Diff { seeds, basis, passed, passes, figures, lone, change, scenario })
    }
}

/// Two runs with the same seed.
#[derive(Clone, Copy, Debug)]
struct Pair<'a> {
    before: &'a Sheet,
    after: &'a Sheet,
}

/// Whether fewer runs passed. A single run that passed and no longer does is a regression: with the same luck it did.
fn passes(scenario: &str, pairs: &[Pair<'_>]) -> Change {
    let passed = |sheet: &Sheet| f64::from(u8::from(sheet.verdict == Verdict::Pass));
    let differences: Vec<f64> = pairs.iter().map(|pair| passed(pair.after) - passed(pair.before)).collect();
    let (mean, _) = mean_and_error(&differences);
    let certain =
        pairs.len() < PAIRS_MIN || of_pairs(&differences, &Urn::new(format!("diff {scenario}"))).certain();
    match (mean, certain) {
        (0.0, _) => Change::Same,
        (_, false) => Change::Noise,
        (..0.0, true) => Change::Worse,
        _ => Change::Better,
    }
}

/// What is known of a mean difference by differences of pairs of runs.
fn of_pairs(differences: &[f64], urn: &Urn) -> Estimate {
    let (difference, error) = mean_and_error(differences);
    Estimate {
        difference,
        interval: mean_interval(differences, urn),
        error: error.unwrap_or(f64::INFINITY),
        freedom: differences.len().saturating_sub(1),
    }
}

struct Comparison<'a> {
    scenario: &'a str,
    pairs: &'a [Pair<'a>],
    basis: Basis,
    samples: &'a [(Sample, Sample)],
}

impl Comparison<'_> {
    fn figures(&self) -> (Vec<FigureDiff>, Vec<Lone>) {
        let (mut figures, mut lone) = (Vec::new(), Vec::new());
        for phase in self.phases() {
            let requests = if self.basis == Basis::Requests {
                Requests::of(self.samples, phase, self.scenario)
            } else {
                None
            };
            for measure in self.measures(phase) {
                let values = Values::of(self.pairs, phase, measure);
                figures.extend(self.figure(phase, measure, &values, requests.as_ref()));
                lone.extend(values.lone(phase, measure));
            }
        }
        (figures, lone)
    }

    /// Every phase of either side, those of after first.
    fn phases(&self) -> Vec<&str> {
        let mut phases: Vec<&str> = Vec::new();
        let sheets =
            self.pairs.iter().map(|pair| pair.after).chain(self.pairs.iter().map(|pair| pair.before));
        for part in sheets.flat_map(|sheet| &sheet.parts) {
            if !phases.contains(&part.phase.as_str()) {
                phases.push(&part.phase);
            }
        }
        phases
    }

    fn measures(&self, phase: &str) -> BTreeSet<Measure> {
        let sheets = self.pairs.iter().flat_map(|pair| [pair.before, pair.after]);
        sheets.filter_map(|sheet| sheet.part(phase)).flat_map(|part| part.values.keys().copied()).collect()
    }

    fn figure(
        &self,
        phase: &str,
        measure: Measure,
        values: &Values,
        requests: Option<&Requests<'_>>,
    ) -> Option<FigureDiff> {
        let (before, after) = values.means()?;
        let differences: Vec<f64> = values.both.iter().map(|(before, after)| after - before).collect();
        let changed = differences.iter().any(|difference| *difference != 0.0);
        let estimate = match self.basis {
            _ if !changed => Some(Estimate::NOTHING),
            Basis::Seeds if differences.len() >= PAIRS_MIN => {
                let name = format!("diff {} {phase} {}", self.scenario, measure.name());
                Some(of_pairs(&differences, &Urn::new(name)))
            }
            Basis::Requests => requests.and_then(|requests| requests.estimate(measure, (before, after))),
            Basis::Seeds | Basis::None => None,
        };
        Some(FigureDiff {
            phase: phase.to_owned(),
            name: measure.name(),
            better: measure.better(),
            before: tidy(before),
            after: tidy(after),
            interval: estimate.as_ref().map(|estimate| estimate.interval),
            change: verdict(measure, before, after, estimate.as_ref()),
        })
    }
}

fn verdict(measure: Measure, before: f64, after: f64, estimate: Option<&Estimate>) -> Change {
    if !matters(measure.kind(), before, after) {
        return Change::Same;
    }
    if !estimate.is_some_and(Estimate::certain) {
        return Change::Noise;
    }
    match (measure.better(), after > before) {
        (Better::Neither, _) => Change::Moved,
        (Better::Higher, true) | (Better::Lower, false) => Change::Better,
        (Better::Higher, false) | (Better::Lower, true) => Change::Worse,
    }
}

/// A figure over the pairs.
struct Values {
    both: Vec<(f64, f64)>,
    only_before: Vec<f64>,
    only_after: Vec<f64>,
}

impl Values {
    fn of(pairs: &[Pair<'_>], phase: &str, measure: Measure) -> Values {
        let mut values = Values { both: Vec::new(), only_before: Vec::new(), only_after: Vec::new() };
        for pair in pairs {
            let value = |sheet: &Sheet| sheet.part(phase).and_then(|part| part.values.get(&measure).copied());
            match (value(pair.before), value(pair.after)) {
                (Some(before), Some(after)) => values.both.push((before, after)),
                (Some(before), None) => values.only_before.push(before),
                (None, Some(after)) => values.only_after.push(after),
                (None, None) => {}
            }
        }
        values
    }

    fn means(&self) -> Option<(f64, f64)> {
        let count = self.both.len() as f64;
        let sum = self.both.iter().copied().reduce(|sum, pair| (sum.0 + pair.0, sum.1 + pair.1))?;
        Some((sum.0 / count, sum.1 / count))
    }

    fn lone(&self, phase: &str, measure: Measure) -> Option<Lone> {
        let mean = |values: &[f64]| (!values.is_empty()).then(|| tidy(mean_and_error(values).0));
        let (before, after) = (mean(&self.only_before), mean(&self.only_after));
        let any = before.or(after).is_some();
        any.then(|| Lone { phase: phase.to_owned(), name: measure.name(), before, after })
    }
}

#[cfg(test)]
mod tests;
