//! Latencies by slice of time, phase, serving provider and outcome: what percentile curves, heat maps and interval logs
//! are read from.
//!
//! Each cell keeps exact counts of durations rounded to three significant digits, as an HDR histogram does, but only of
//! those that occur: a few hundred numbers instead of twenty thousand. Counts merge exactly, so any selection of cells
//! has the histogram it would have had if it had been measured alone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::timeline::{NARROWEST_US, SLICES_MAX};
use crate::history::Header;
use crate::judge::{Case, Outcome, first_output};

/// Bits of a duration in microseconds that are told apart: three significant digits, as `hdrhistogram` has them.
const BITS: u32 = 11;

/// Longest duration told apart, in microseconds: an hour, the longest of the judge's histograms.
const US_MAX: u64 = 3_600_000_000;

/// The latencies of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Width of a slice: the same as in the timeline of the run, or half of it or double.
    pub width: Duration,
    /// Cells with at least one request, by slice, phase, provider and outcome.
    pub cells: Vec<Cell>,
}

/// Requests of one slice, phase, provider and outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Slice of the intended arrival.
    pub slice: usize,
    /// Phase of the intended arrival: a place in the header's phases.
    pub phase: usize,
    /// Whose answer it was, or who was asked last; none when nobody was.
    pub provider: Option<String>,
    /// How they ended; cancelled, invalid and unsent ones are left out.
    pub outcome: Outcome,
    /// From the intended arrival to the first useful output.
    pub first_token: Counts,
    /// From the intended arrival to the end: of an answer, or of a failure.
    pub total: Counts,
}

/// How often each duration occurred. Durations are rounded down to three significant digits, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Count by duration in microseconds.
    pub by_us: BTreeMap<u64, u64>,
}

impl Grid {
    /// The merged counts of every cell that is wanted.
    pub fn sum(&self, of: impl Fn(&Cell) -> &Counts, wanted: impl Fn(&Cell) -> bool) -> Counts {
        let mut sum = Counts::default();
        self.cells.iter().filter(|cell| wanted(cell)).for_each(|cell| sum.merge(of(cell)));
        sum
    }
}

impl Counts {
    /// Adds one duration.
    pub fn record(&mut self, span: Duration) {
        let us = u64::try_from(span.as_micros()).unwrap_or(US_MAX).min(US_MAX);
        *self.by_us.entry(lowest(us)).or_default() += 1;
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Counts) {
        for (us, count) in &other.by_us {
            *self.by_us.entry(*us).or_default() += count;
        }
    }

    /// Durations counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.by_us.values().sum()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_us.is_empty()
    }

    /// The value (in seconds) that a share of the durations does not exceed: the highest that is rounded to the same
    /// digits, as HDR histograms give it. None when nothing was counted.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let rank = ((share * self.len() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.by_us.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        // Asked for nothing, a histogram gives the least there is.
        let end = if share > 0.0 { highest } else { lowest };
        found.map(|(us, _)| end(*us) as f64 / 1e6)
    }
}

/// How far the last digit told apart lies to the left in `us`.
fn shift(us: u64) -> u32 {
    (u64::BITS - us.leading_zeros()).saturating_sub(BITS)
}

/// The lowest duration that is not told apart from `us`.
fn lowest(us: u64) -> u64 {
    us >> shift(us) << shift(us)
}

/// The highest one.
fn highest(us: u64) -> u64 {
    lowest(us) + (1 << shift(us)) - 1
}

/// Slice, phase, place among the providers seen, outcome.
type Key = (u64, usize, Option<usize>, Outcome);

#[derive(Clone, Debug)]
pub(super) struct Fold {
    phases: Vec<crate::history::Phase>,
    width_us: u64,
    /// In the order in which they were first seen.
    providers: Vec<String>,
    cells: BTreeMap<Key, (Counts, Counts)>,
}

impl Fold {
    pub(super) fn new(header: &Header) -> Fold {
        Fold {
            phases: header.phases.clone(),
            width_us: NARROWEST_US,
            providers: Vec::new(),
            cells: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, case: &Case<'_>) {
        if matches!(case.outcome, Outcome::Cancelled | Outcome::Invalid | Outcome::Unsent) {
            return;
        }
        let caller = &case.record.caller;
        let slice = self.slice(caller.intended.as_us());
        let phase = self.phases.partition_point(|phase| phase.from <= caller.intended).saturating_sub(1);
        let provider = provider(case).map(|name| self.place(name));
        let (first_token, total) = self.cells.entry((slice, phase, provider, case.outcome)).or_default();
        if let Some(first) = first_output(case) {
            first_token.record(first - caller.intended);
        }
        total.record(case.total());
    }

    pub(super) fn finish(self) -> Grid {
        let providers = self.providers;
        let cells =
            self.cells.into_iter().map(|((slice, phase, provider, outcome), (first_token, total))| {
                let slice = usize::try_from(slice).unwrap_or(usize::MAX);
                let provider = provider.map(|at| providers[at].clone());
                Cell { slice, phase, provider, outcome, first_token, total }
            });
        let mut cells: Vec<Cell> = cells.collect();
        cells.sort_by_cached_key(|cell| (cell.slice, cell.phase, cell.provider.clone(), cell.outcome));
        Grid { width: Duration::from_micros(self.width_us), cells }
    }

    /// The place of a provider among those seen.
    fn place(&mut self, name: &str) -> usize {
        let known = self.providers.iter().position(|provider| provider == name);
        known.unwrap_or_else(|| {
            self.providers.push(name.to_owned());
            self.providers.len() - 1
        })
    }

    fn slice(&mut self, at_us: u64) -> u64 {
        while at_us / self.width_us >= SLICES_MAX as u64 {
            self.width_us *= 2;
            let mut wider: BTreeMap<Key, (Counts, Counts)> = BTreeMap::new();
            for ((slice, phase, provider, outcome), (first_token, total)) in std::mem::take(&mut self.cells) {
                let cell = wider.entry((slice / 2, phase, provider, outcome)).or_default();
                cell.0.merge(&first_token);
                cell.1.merge(&total);
            }
            self.cells = wider;
        }
        at_us / self.width_us
    }
}

/// Whose answer it was, or who was asked last.
pub(crate) fn provider<'a>(case: &Case<'a>) -> Option<&'a str> {
    let attempts = case.attempts();
    let served = attempts.iter().rfind(|attempt| attempt.result == crate::history::AttemptResult::Served);
    let attempt = served.or(attempts.last()).map(|attempt| attempt.provider.as_str());
    attempt.or_else(|| case.record.calls.last().map(|call| call.provider.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    proptest! {
        /// Quantiles read from sparse counts are those of an HDR histogram with three digits over the same samples.
        #[test]
        fn quantiles_are_those_of_an_hdr_histogram(samples in prop::collection::vec(1..US_MAX, 1..300)) {
            let mut hdr = Histogram::<u64>::new_with_bounds(1, US_MAX, 3).expect("legal bounds");
            let (mut left, mut right) = (Counts::default(), Counts::default());
            for (index, us) in samples.iter().enumerate() {
                hdr.record(*us).expect("in bounds");
                let side = if index % 2 == 0 { &mut left } else { &mut right };
                side.record(Duration::from_micros(*us));
            }
            left.merge(&right);
            for share in [0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let exact = hdr.value_at_quantile(share) as f64 / 1e6;
                prop_assert_eq!(left.quantile(share), Some(exact), "{}", share);
            }
        }
    }
}
