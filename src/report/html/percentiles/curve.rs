//! From counts of latencies to a curve over percentiles, on the axis on which HDR histograms are read.
//!
//! The axis is logarithmic in the share that is left: 0, 90, 99, 99.9 % lie equally far apart, so that the tail, where
//! an incident shows, takes as much room as the body. A percentile `q` lies at log10(1 / (1 - q)).

use crate::report::account::Counts;

/// Points of a curve told apart along the axis: more would be narrower than a pixel can show.
const PLACES: f64 = 160.0;

/// Longest axis, in nines: 99.9999 %.
const NINES_MAX: f64 = 6.0;

/// A curve: places on the axis (in nines) and seconds, from the lowest percentile to the highest that its samples
/// can tell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) count: u64,
}

impl Curve {
    /// The curve of `counts`; none without samples. Of n samples, the highest lies at log10(n): no percentile beyond
    /// it says anything.
    pub(super) fn of(counts: &Counts) -> Option<Curve> {
        let count = counts.len();
        let end = nines_of(count).min(NINES_MAX);
        let mut points: Vec<(f64, f64)> = Vec::new();
        let (mut seen, mut last) = (0, 0.0);
        for (us, times) in &counts.by_us {
            // The first percentile at which this duration is the answer.
            let place = place(seen, count).min(end);
            last = *us as f64 / 1e6;
            seen += times;
            let near = points.last().is_some_and(|(before, _)| place - before < end / PLACES);
            if !near {
                points.push((place, last));
            }
        }
        if count > 0 {
            points.push((end, last));
        }
        (!points.is_empty()).then_some(Curve { points, count })
    }

    /// The least and the greatest duration.
    pub(super) fn range(&self) -> (f64, f64) {
        let seconds = || self.points.iter().map(|(_, seconds)| *seconds);
        (seconds().fold(f64::INFINITY, f64::min), seconds().fold(0.0, f64::max))
    }
}

/// Length of the axis that all curves need, in whole nines and at least two.
pub(super) fn length<'a>(curves: impl Iterator<Item = &'a Curve>) -> f64 {
    curves.map(|curve| nines_of(curve.count).ceil()).fold(2.0, f64::max).min(NINES_MAX)
}

/// Where the axis has its labels: 0 %, 50 %, and every nine.
pub(super) fn ticks(length: f64) -> Vec<(f64, &'static str)> {
    const NINES: [&str; 7] = ["0", "90", "99", "99.9", "99.99", "99.999", "99.9999 %"];
    let nines = NINES.iter().enumerate().map(|(index, label)| (index as f64, *label));
    let half = (place(1, 2), "50");
    let mut ticks: Vec<_> = nines.take_while(|(place, _)| *place <= length).collect();
    ticks.insert(1, half);
    ticks
}

/// Where the percentile lies that `below` of `count` samples are beneath.
fn place(below: u64, count: u64) -> f64 {
    let left = count.saturating_sub(below).max(1);
    libm::log10(count.max(1) as f64 / left as f64)
}

fn nines_of(count: u64) -> f64 {
    libm::log10(count.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn counts(ms: impl IntoIterator<Item = u64>) -> Counts {
        let mut counts = Counts::default();
        ms.into_iter().for_each(|ms| counts.record(Duration::from_millis(ms)));
        counts
    }

    #[test]
    fn a_curve_begins_with_the_least_and_ends_with_the_greatest() {
        // Ten samples: nine of 10 ms, one of 1 s. 10 ms holds up to the 90th percentile, which is one nine in, and
        // log10(10) = 1 is also as far as ten samples reach.
        let curve = Curve::of(&counts([10; 9].into_iter().chain([1000]))).expect("samples");
        assert_eq!(curve.points[0], (0.0, 0.010));
        // Counts keep 1 s as 999,936 us: 1953 * 512, three digits.
        assert_eq!(*curve.points.last().expect("points"), (1.0, 0.999_936));
        assert_eq!(curve.range(), (0.010, 0.999_936));
    }

    #[test]
    fn a_hundred_different_samples_lie_where_their_percentiles_do() {
        // The 51st of 100 is the first above half: log10(1 / 0.5) = 0.301.
        let curve = Curve::of(&counts(1..=100)).expect("samples");
        let median = curve.points.iter().find(|(_, seconds)| *seconds > 0.0509).expect("a median");
        assert!((median.0 - 0.301).abs() < 0.02, "{median:?}");
        assert_eq!(curve.points.last().expect("points").0, 2.0);
    }

    #[test]
    fn a_curve_is_short_however_many_samples_it_has() {
        let curve = Curve::of(&counts(1..=20_000)).expect("samples");
        assert!(curve.points.len() <= PLACES as usize + 2, "{}", curve.points.len());
        assert!(curve.points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
    }

    #[test]
    fn no_samples_give_no_curve_and_one_gives_a_point() {
        assert_eq!(Curve::of(&Counts::default()), None);
        let one = Curve::of(&counts([5])).expect("a sample");
        assert_eq!((one.points, one.count), (vec![(0.0, 0.005), (0.0, 0.005)], 1));
    }

    #[test]
    fn the_axis_is_as_long_as_the_most_samples_need() {
        let of = |samples: u64| Curve::of(&counts(1..=samples)).expect("samples");
        assert_eq!(length([of(5), of(20)].iter()), 2.0);
        assert_eq!(length([of(5), of(2_000)].iter()), 4.0);
        let labels: Vec<_> = ticks(3.0).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0", "50", "90", "99", "99.9"]);
    }
}
