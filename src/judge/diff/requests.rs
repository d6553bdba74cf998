//! Figures of two runs compared request by request, where there are too few runs to compare run by run.
//!
//! What happens to one request is not independent of what happens to its neighbours: an outage hits all of them. So blocks
//! of neighbours are drawn anew, not requests, and both sides of a pair are always drawn together.

use super::matter::Estimate;
use super::sample::{Row, Sample};
use crate::judge::bootstrap::{RESAMPLES, Urn, mean_and_error, middle};
use crate::judge::outcome::Outcome;
use crate::judge::sheet::Measure;

/// Most blocks: more would be shorter than what neighbours share.
const BLOCKS_MAX: usize = 50;

/// Fewest blocks: fewer cannot tell how much they differ.
const BLOCKS_MIN: usize = 10;

/// Fewest requests of a block.
const BLOCK_MIN: usize = 10;

/// Fewest requests above a percentile: with fewer it is a single request's.
const ABOVE_MIN: f64 = 10.0;

/// Requests of one phase that both sides have, in blocks.
#[derive(Debug)]
pub(super) struct Requests<'a> {
    /// Before, after, and the block.
    rows: Vec<(&'a Row, &'a Row, usize)>,
    /// How often each block was drawn in each resample.
    draws: Vec<Vec<u32>>,
    blocks: usize,
}

impl<'a> Requests<'a> {
    /// Pairs the requests of a phase (or of the judged `run`); none when there are too few.
    pub(super) fn of(samples: &'a [(Sample, Sample)], phase: &str, scenario: &str) -> Option<Requests<'a>> {
        let runs: Vec<Vec<(&Row, &Row)>> = samples.iter().map(|pair| paired(pair, phase)).collect();
        let all: usize = runs.iter().map(Vec::len).sum();
        let length = all.div_ceil(BLOCKS_MAX).max(BLOCK_MIN);
        let mut rows = Vec::with_capacity(all);
        let mut blocks = 0;
        // A block never holds requests of two runs.
        for block in runs.iter().flat_map(|run| run.chunks(length)) {
            rows.extend(block.iter().map(|(before, after)| (*before, *after, blocks)));
            blocks += 1;
        }
        if blocks < BLOCKS_MIN {
            return None;
        }
        let urn = Urn::new(format!("requests {scenario} {phase}"));
        let drawn = |resample| {
            let mut counts = vec![0; blocks];
            urn.draw(resample, blocks).for_each(|block| counts[block] += 1);
            counts
        };
        Some(Requests { rows, draws: (0..RESAMPLES).map(drawn).collect(), blocks })
    }

    /// What is known of a figure's difference; none when requests alone do not make the figure, or too few do. `point` is
    /// the figure as it was measured before and after.
    pub(super) fn estimate(&self, measure: Measure, point: (f64, f64)) -> Option<Estimate> {
        let statistic = Statistic::of(measure)?;
        let before: Vec<(&Row, usize)> =
            self.rows.iter().map(|(before, _, block)| (*before, *block)).collect();
        let after: Vec<(&Row, usize)> = self.rows.iter().map(|(_, after, block)| (*after, *block)).collect();
        let before = self.resampled(&statistic, &before, point.0)?;
        let after = self.resampled(&statistic, &after, point.1)?;
        let differences: Vec<f64> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
        let (_, error) = mean_and_error(&differences);
        // The spread of resampled means is the error itself, not to be divided once more.
        let error = error? * (differences.len() as f64).sqrt();
        Some(Estimate {
            difference: point.1 - point.0,
            interval: middle(differences),
            error,
            freedom: self.blocks - 1,
        })
    }

    /// The statistic in each resample; none when it cannot be told in some.
    fn resampled(&self, statistic: &Statistic, rows: &[(&Row, usize)], point: f64) -> Option<Vec<f64>> {
        match statistic {
            Statistic::Ratio(top, bottom) => {
                let (tops, bottoms) = (self.sums(rows, top), self.sums(rows, bottom));
                self.each(|counts| {
                    let bottom = weighted(&bottoms, counts);
                    (bottom > 0.0).then(|| weighted(&tops, counts) / bottom)
                })
            }
            Statistic::Sum(of) => {
                let sums = self.sums(rows, of);
                let all: f64 = sums.iter().sum();
                if all == 0.0 {
                    return Some(vec![0.0; RESAMPLES]);
                }
                // In the figure's own unit, whatever part of the run the requests are.
                self.each(|counts| Some(weighted(&sums, counts) / all * point))
            }
            Statistic::Quantile(of, share) => {
                let mut values: Vec<(f64, usize)> =
                    rows.iter().filter_map(|(row, block)| Some((of(row)?, *block))).collect();
                if values.len() as f64 * (1.0 - share) < ABOVE_MIN {
                    return None;
                }
                values.sort_by(|a, b| b.0.total_cmp(&a.0));
                let mut lengths = vec![0; self.blocks];
                values.iter().for_each(|(_, block)| lengths[*block] += 1);
                self.each(|counts| quantile(&values, &lengths, counts, *share))
            }
        }
    }

    fn each(&self, of: impl Fn(&[u32]) -> Option<f64>) -> Option<Vec<f64>> {
        self.draws.iter().map(|counts| of(counts)).collect()
    }

    /// The sum over each block.
    fn sums(&self, rows: &[(&Row, usize)], of: &dyn Fn(&Row) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.blocks];
        rows.iter().for_each(|(row, block)| sums[*block] += of(row));
        sums
    }
}

/// Requests of a phase that both sides have, by number.
fn paired<'a>((before, after): &'a (Sample, Sample), phase: &str) -> Vec<(&'a Row, &'a Row)> {
    let is_in = |sample: &Sample, row: &Row| match (phase, sample.phases.get(row.phase)) {
        ("run", Some((_, judged))) => *judged,
        (phase, Some((name, _))) => name == phase,
        (_, None) => false,
    };
    let partner = |row: &Row| {
        let found = before.rows.binary_search_by_key(&row.number, |other| other.number);
        found.ok().map(|place| &before.rows[place])
    };
    let inside = after.rows.iter().filter(|row| is_in(after, row));
    inside
        .filter_map(|row| Some((partner(row)?, row)))
        .filter(|(before_row, _)| is_in(before, before_row))
        .collect()
}

fn weighted(sums: &[f64], counts: &[u32]) -> f64 {
    sums.iter().zip(counts).map(|(sum, count)| sum * f64::from(*count)).sum()
}

/// The value that `share` of the drawn values do not exceed; `values` fall.
fn quantile(values: &[(f64, usize)], lengths: &[u32], counts: &[u32], share: f64) -> Option<f64> {
    let all: u64 = lengths.iter().zip(counts).map(|(length, count)| u64::from(length * count)).sum();
    let above = all - ((share * all as f64).ceil() as u64).clamp(1.min(all), all);
    let mut seen = 0;
    let found = values.iter().find(|(_, block)| {
        seen += u64::from(counts[*block]);
        seen > above
    });
    found.map(|(value, _)| *value)
}

/// How a figure is made of requests.
enum Statistic {
    /// A sum divided by another.
    Ratio(Box<dyn Fn(&Row) -> f64>, Box<dyn Fn(&Row) -> f64>),
    /// A sum.
    Sum(Box<dyn Fn(&Row) -> f64>),
    /// The value that a share of the requests do not exceed.
    Quantile(fn(&Row) -> Option<f64>, f64),
}

impl Statistic {
    fn of(measure: Measure) -> Option<Statistic> {
        let name = measure.figure().name;
        match (measure.stat(), name.strip_prefix("outcome.")) {
            (Some(stat), _) => Statistic::of_durations(name, stat),
            (None, Some(outcome)) => {
                let outcome = Outcome::SPLIT.into_iter().find(|known| known.name() == outcome)?;
                Some(ratio(move |row| one(row.outcome == outcome), |row| one(is_owed(row))))
            }
            (None, None) => Statistic::of_single(name),
        }
    }

    fn of_single(name: &str) -> Option<Statistic> {
        let answered = |row: &Row| one(row.outcome.answered());
        Some(match name {
            "availability" => ratio(answered, |row| one(is_owed(row))),
            "attainment" => ratio(|row| one(row.attained), |_| 1.0),
            "goodput" => Statistic::Sum(Box::new(|row| one(row.attained))),
            "amplification" => ratio(|row| f64::from(row.attempts), |_| 1.0),
            "cost.total" => Statistic::Sum(Box::new(|row| row.cost)),
            "cost.per_success" => ratio(|row| row.cost / crate::judge::money::PICO, answered),
            _ => return None,
        })
    }

    fn of_durations(name: &str, stat: &str) -> Option<Statistic> {
        let value: fn(&Row) -> Option<f64> = match name {
            "latency.first_token" => first,
            "latency.first_token_sent" => |row| first(row).map(|first| first - row.lag),
            "latency.total" => |row| row.outcome.answered().then_some(row.total),
            "latency.total_sent" => |row| row.outcome.answered().then_some(row.total - row.lag),
            "latency.error" => |row| (counts(row) && !row.outcome.answered()).then_some(row.total),
            _ => return None,
        };
        Some(match stat {
            "p50" => Statistic::Quantile(value, 0.5),
            "p90" => Statistic::Quantile(value, 0.9),
            "p95" => Statistic::Quantile(value, 0.95),
            "p99" => Statistic::Quantile(value, 0.99),
            "p99.9" => Statistic::Quantile(value, 0.999),
            "mean" => ratio(move |row| value(row).unwrap_or(0.0), move |row| one(value(row).is_some())),
            _ => return None,
        })
    }
}

fn ratio(top: impl Fn(&Row) -> f64 + 'static, bottom: impl Fn(&Row) -> f64 + 'static) -> Statistic {
    Statistic::Ratio(Box::new(top), Box::new(bottom))
}

fn one(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn is_owed(row: &Row) -> bool {
    !matches!(row.outcome, Outcome::Cancelled | Outcome::Invalid)
}

/// Whether latencies count it.
fn counts(row: &Row) -> bool {
    !matches!(row.outcome, Outcome::Cancelled | Outcome::Invalid | Outcome::Unsent)
}

fn first(row: &Row) -> Option<f64> {
    row.first.filter(|_| counts(row))
}

#[cfg(test)]
mod tests;
