//! Histograms of durations: bounded, mergeable, three significant digits.
//!
//! A percentile is always read from a (merged) histogram, never averaged from other percentiles.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Longest duration told apart, in microseconds: an hour. Longer ones count as an hour.
const US_MAX: u64 = 3_600_000_000;

/// Significant decimal digits kept.
const DIGITS: u8 = 3;

/// A histogram of durations in microseconds. It takes memory with its first sample only, so a phase without
/// failovers does not pay for four of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hist {
    counts: Option<Box<Histogram<u32>>>,
    /// Exact sum in microseconds: a mean needs no rounding.
    sum_us: u128,
}

/// A distribution as it is reported; durations in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Samples.
    pub count: u64,
    /// Least.
    pub min: f64,
    /// Mean, from the exact sum.
    pub mean: f64,
    /// Half are at most this.
    pub p50: f64,
    /// 90 % are at most this.
    pub p90: f64,
    /// 95 % are at most this.
    pub p95: f64,
    /// 99 % are at most this.
    pub p99: f64,
    /// 99.9 % are at most this.
    #[serde(rename = "p99.9")]
    pub p99_9: f64,
    /// Most.
    pub max: f64,
    /// Samples up to each bound (seconds) and above the bound before, ten bounds a decade from 100 us on (100,
    /// 125, 160, 200, 250, 315, 400, 500, 630, 800 us, 1 ms, …), from the first to the last that holds any.
    pub buckets: Vec<(f64, u64)>,
}

impl Hist {
    /// Adds one duration.
    pub(crate) fn record(&mut self, span: Duration) {
        self.record_n(span, 1);
    }

    /// Adds one duration `n` times: a weight.
    pub(crate) fn record_n(&mut self, span: Duration, n: u32) {
        let us = u64::try_from(span.as_micros()).unwrap_or(US_MAX).min(US_MAX);
        self.sum_us += u128::from(us) * u128::from(n);
        self.counts.get_or_insert_with(empty).saturating_record_n(us, n);
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Hist) {
        let Some(theirs) = &other.counts else { return };
        self.sum_us += other.sum_us;
        match &mut self.counts {
            Some(mine) => mine.add(theirs.as_ref()).expect("all histograms have the same bounds"),
            None => self.counts = Some(theirs.clone()),
        }
    }

    /// Median in microseconds.
    pub(crate) fn median_us(&self) -> Option<u64> {
        self.counts.as_ref().map(|counts| counts.value_at_quantile(0.5))
    }

    /// What is reported, every value less `shift_us`; none without samples.
    pub(crate) fn distribution(&self, shift_us: u64) -> Option<Distribution> {
        let counts = self.counts.as_ref()?;
        let shift = shift_us as f64;
        let seconds = |us: u64| tidy((us as f64 - shift) / 1e6);
        let at = |quantile| seconds(counts.value_at_quantile(quantile).min(counts.max()));
        Some(Distribution {
            count: counts.len(),
            min: seconds(counts.min()),
            mean: tidy((self.sum_us as f64 / counts.len() as f64 - shift) / 1e6),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p99_9: at(0.999),
            max: seconds(counts.max()),
            buckets: buckets(counts),
        })
    }
}

impl Distribution {
    /// The value of a statistic of the expectation language.
    #[must_use]
    pub fn stat(&self, name: &str) -> Option<f64> {
        Some(match name {
            "p50" => self.p50,
            "p90" => self.p90,
            "p95" => self.p95,
            "p99" => self.p99,
            "p99.9" => self.p99_9,
            "mean" => self.mean,
            "max" => self.max,
            "min" => self.min,
            "count" => self.count as f64,
            _ => return None,
        })
    }
}

/// Rounds to nine decimals, so that the same figure is always printed with the same digits.
pub(crate) fn tidy(value: f64) -> f64 {
    let rounded = (value * 1e9).round() / 1e9;
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// `part / whole`, none without a whole.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| tidy(part / whole))
}

fn empty() -> Box<Histogram<u32>> {
    Box::new(Histogram::new_with_bounds(1, US_MAX, DIGITS).expect("the bounds are constants and legal"))
}

/// Counts between the bounds 100, 125, 160, … microseconds: ten equal steps a decade on a logarithmic axis.
fn buckets(counts: &Histogram<u32>) -> Vec<(f64, u64)> {
    const STEPS: [u64; 10] = [100, 125, 160, 200, 250, 315, 400, 500, 630, 800];
    let bounds = (0..8).flat_map(|exponent| STEPS.map(|step| step * 10_u64.pow(exponent)));
    let mut from = 0;
    let mut found = Vec::new();
    for bound in bounds {
        let count = if from <= bound { counts.count_between(from, bound) } else { 0 };
        from = counts.highest_equivalent(bound) + 1;
        found.push((tidy(bound as f64 / 1e6), count));
        if bound >= counts.max() {
            break;
        }
    }
    while found.last().is_some_and(|(_, count)| *count == 0) {
        found.pop();
    }
    let first = found.iter().position(|(_, count)| *count > 0).unwrap_or(0);
    found.split_off(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_mean_and_buckets_of_ten_samples() {
        // 1..=10 ms: the 5th of 10 is the median, the 10th the 99th percentile; the mean is 5.5 ms. Every step
        // of the axis holds the whole milliseconds above the bound before it: 7 and 8 share one, 9 and 10 another.
        let mut hist = Hist::default();
        (1..=10).for_each(|ms| hist.record(Duration::from_millis(ms)));
        let got = hist.distribution(0).expect("samples");
        let near = |a: f64, b: f64| (a - b).abs() <= b * 1e-3;
        assert!(near(got.p50, 0.005) && near(got.p99, 0.010) && near(got.max, 0.010), "{got:?}");
        assert_eq!((got.count, got.mean), (10, 0.0055));
        let filled: Vec<_> = got.buckets.into_iter().filter(|(_, count)| *count > 0).collect();
        let below_8 = [(0.001, 1), (0.002, 1), (0.003_15, 1), (0.004, 1), (0.005, 1), (0.006_3, 1)];
        assert_eq!(filled, [&below_8[..], &[(0.008, 2), (0.01, 2)]].concat());
    }

    #[test]
    fn no_bucket_at_either_end_is_empty() {
        for ms in 1..=100 {
            let mut hist = Hist::default();
            hist.record(Duration::from_millis(ms));
            hist.record(Duration::from_millis(ms * 9));
            let buckets = hist.distribution(0).expect("samples").buckets;
            let ends = [buckets.first(), buckets.last()].map(|end| end.map(|(_, count)| *count));
            let once = buckets.len() > 1;
            assert_eq!(ends, [Some(if once { 1 } else { 2 }); 2], "{ms} ms: {buckets:?}");
        }
    }

    #[test]
    fn every_statistic_has_its_name() {
        // 1..=1000 ms: no two statistics are the same, and a percentile of p is the value p per cent of the way up.
        let mut hist = Hist::default();
        (1..=1_000).for_each(|ms| hist.record(Duration::from_millis(ms)));
        let got = hist.distribution(0).expect("samples");
        let names = ["min", "p50", "mean", "p90", "p95", "p99", "p99.9", "max", "count"];
        let expected = [0.001, 0.5, 0.5005, 0.9, 0.95, 0.99, 0.999, 1.0, 1_000.0];
        for (name, expected) in names.into_iter().zip(expected) {
            let value = got.stat(name).expect("it is known");
            assert!((value - expected).abs() <= expected * 1e-3, "{name}: {value}");
        }
        assert_eq!(got.stat("p42"), None);
    }

    #[test]
    fn a_shift_moves_every_value() {
        // 10 ms less a baseline of 4 ms.
        let mut hist = Hist::default();
        hist.record(Duration::from_millis(10));
        let got = hist.distribution(4_000).expect("samples");
        assert!((got.p50 - 0.006).abs() < 1e-5 && (got.mean - 0.006).abs() < 1e-9);
    }

    proptest! {
        /// A percentile read from two merged histograms is the exact one, within three digits.
        #[test]
        fn merged_percentiles_agree_with_exact_ones(mut samples in prop::collection::vec(1..60_000_000_u64, 1..400)) {
            let (mut left, mut right) = (Hist::default(), Hist::default());
            for (index, us) in samples.iter().enumerate() {
                let side = if index % 3 == 0 { &mut left } else { &mut right };
                side.record(Duration::from_micros(*us));
            }
            left.merge(&right);
            samples.sort_unstable();
            let got = left.distribution(0).expect("samples");
            for (quantile, value) in [(0.5, got.p50), (0.9, got.p90), (0.99, got.p99)] {
                let rank = ((quantile * samples.len() as f64).ceil() as usize).max(1) - 1;
                let exact = samples[rank] as f64 / 1e6;
                prop_assert!((value - exact).abs() <= exact * 1e-3 + 2e-6, "{quantile}: {value} against {exact}");
            }
        }
    }
}
