//! Counters over time in a bounded number of buckets.
//!
//! A series begins with narrow buckets and doubles their width whenever it would need more than
//! [`BUCKETS_MAX`], so an hour costs the memory of a minute and a short window keeps its resolution.

use std::time::Duration;

use crate::world::Moment;

/// Most buckets a series keeps: with `[u32; 4]` counters 128 KiB.
pub(crate) const BUCKETS_MAX: usize = 8_192;

/// `K` counters in buckets of equal width from an origin on.
#[derive(Clone, Debug)]
pub(crate) struct Series<const K: usize> {
    origin: Moment,
    width_us: u64,
    max: usize,
    pub(crate) buckets: Vec<[u32; K]>,
}

impl<const K: usize> Series<K> {
    /// Empty buckets of `width` from `origin` on.
    pub(crate) fn new(origin: Moment, width: Duration) -> Self {
        Series::with_max(origin, width, BUCKETS_MAX)
    }

    /// The same with a limit of its own.
    pub(crate) fn with_max(origin: Moment, width: Duration, max: usize) -> Self {
        let width_us = u64::try_from(width.as_micros()).unwrap_or(u64::MAX).max(1);
        Series { origin, width_us, max, buckets: Vec::new() }
    }

    /// Adds to the counters of the bucket that holds `at`; what lies before the origin counts as the origin.
    pub(crate) fn add(&mut self, at: Moment, counts: [u32; K]) {
        let since = u64::try_from(at.since(self.origin).as_micros()).unwrap_or(u64::MAX);
        while since / self.width_us >= self.max as u64 {
            self.double();
        }
        let index = usize::try_from(since / self.width_us).unwrap_or(0);
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, [0; K]);
        }
        for (slot, count) in self.buckets[index].iter_mut().zip(counts) {
            *slot = slot.saturating_add(count);
        }
    }

    /// Width of a bucket: the resolution of every time read from it.
    pub(crate) fn width(&self) -> Duration {
        Duration::from_micros(self.width_us)
    }

    /// What a counter has in the buckets that begin in `[from, to)`.
    pub(crate) fn sum(&self, counter: usize, from: Moment, to: Moment) -> f64 {
        let buckets = self.index(from)..self.index(to);
        self.buckets
            .get(buckets.start..buckets.end.min(self.buckets.len()))
            .map_or(0.0, |inside| inside.iter().map(|bucket| f64::from(bucket[counter])).sum())
    }

    /// The first bucket that begins at `at` or later.
    fn index(&self, at: Moment) -> usize {
        let since = u64::try_from(at.since(self.origin).as_micros()).unwrap_or(u64::MAX);
        usize::try_from(since.div_ceil(self.width_us)).unwrap_or(usize::MAX)
    }

    fn start(&self, index: usize) -> Moment {
        self.origin + Duration::from_micros(self.width_us.saturating_mul(index as u64))
    }

    fn double(&mut self) {
        self.width_us = self.width_us.saturating_mul(2);
        let halves = self.buckets.chunks(2).map(|pair| {
            let mut sum = pair[0];
            if let Some(second) = pair.get(1) {
                sum.iter_mut().zip(second).for_each(|(slot, more)| *slot = slot.saturating_add(*more));
            }
            sum
        });
        self.buckets = halves.collect();
    }
}

/// How long a share must stay where it is to count as settled, and over how many requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) time: Duration,
    pub(crate) requests: u32,
}

/// What became of a share that should settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It settled this long after the origin.
    After(Duration),
    /// There was enough to see, and it did not settle.
    Never,
    /// There were too few requests to tell.
    TooFew,
}

/// When the share of counter `part` in counter `whole` begins to satisfy `good` over every span of `hold`
/// (`forever`), or over the first one that does.
pub(crate) fn settle<const K: usize>(
    series: &Series<K>,
    (part, whole): (usize, usize),
    hold: Hold,
    forever: bool,
    good: impl Fn(f64) -> bool,
) -> Settled {
    let spans = Spans { series, part, whole, hold }.collect();
    if spans.is_empty() {
        return Settled::TooFew;
    }
    let ok: Vec<bool> = spans.iter().map(|share| good(*share)).collect();
    let first = if forever {
        let after_last_bad = ok.iter().rposition(|ok| !ok).map_or(0, |bad| bad + 1);
        (after_last_bad < ok.len()).then_some(after_last_bad)
    } else {
        ok.iter().position(|ok| *ok)
    };
    first.map_or(Settled::Never, |index| {
        Settled::After(series.width() * u32::try_from(index).unwrap_or(u32::MAX))
    })
}

/// A share over a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) share: f64,
    /// Where the span ends.
    pub(crate) end: Moment,
}

/// The share of counter `part` in counter `whole` over the shortest span from `at` on that satisfies `hold`; none where
/// there is no such span.
pub(crate) fn share_from<const K: usize>(
    series: &Series<K>,
    (part, whole): (usize, usize),
    hold: Hold,
    at: Moment,
) -> Option<Found> {
    let first = series.index(at);
    let least = usize::try_from(hold.time.as_micros().div_ceil(series.width().as_micros())).ok()?;
    let (mut parts, mut wholes) = (0_u64, 0_u64);
    for (index, bucket) in series.buckets.iter().enumerate().skip(first) {
        parts += u64::from(bucket[part]);
        wholes += u64::from(bucket[whole]);
        if index + 1 - first >= least && wholes >= u64::from(hold.requests) {
            return Some(Found { share: parts as f64 / wholes as f64, end: series.start(index + 1) });
        }
    }
    None
}

/// The share over the shortest span from each bucket on that satisfies the hold, as far as there is data.
struct Spans<'a, const K: usize> {
    series: &'a Series<K>,
    part: usize,
    whole: usize,
    hold: Hold,
}

impl<const K: usize> Spans<'_, K> {
    fn collect(&self) -> Vec<f64> {
        let buckets = &self.series.buckets;
        let least = usize::try_from(self.hold.time.as_micros().div_ceil(self.series.width().as_micros()));
        let least = least.unwrap_or(usize::MAX).max(1);
        let (mut end, mut parts, mut wholes) = (0, 0_u64, 0_u64);
        let mut shares = Vec::new();
        for start in 0..buckets.len() {
            while end < buckets.len() && (end - start < least || wholes < u64::from(self.hold.requests)) {
                parts += u64::from(buckets[end][self.part]);
                wholes += u64::from(buckets[end][self.whole]);
                end += 1;
            }
            if end - start < least || wholes < u64::from(self.hold.requests) {
                break;
            }
            shares.push(parts as f64 / wholes as f64);
            parts -= u64::from(buckets[start][self.part]);
            wholes -= u64::from(buckets[start][self.whole]);
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Hold = Hold { time: Duration::from_secs(1), requests: 50 };

    #[test]
    fn buckets_double_instead_of_growing_without_bound() {
        // 4 buckets of 1 s; a count in second 9 doubles the width twice (4 s x 4 = 16 s): seconds 0..4 share a
        // bucket, second 9 is in the third.
        let mut series: Series<1> = Series::with_max(Moment::ZERO, Duration::from_secs(1), 4);
        (0..4).for_each(|second| series.add(Moment::from_us(second * 1_000_000), [1]));
        series.add(Moment::from_us(9_000_000), [1]);
        assert_eq!(series.width(), Duration::from_secs(4));
        assert_eq!(series.buckets, vec![[4], [0], [1]]);
    }

    /// 100 requests a second for ten seconds, those before `until_ms` with their part set.
    fn stepped(until_ms: u64) -> Series<2> {
        let mut series = Series::new(Moment::ZERO, Duration::from_millis(10));
        for index in 0..1000 {
            series.add(Moment::from_us(index * 10_000), [u32::from(index * 10 < until_ms), 1]);
        }
        series
    }

    #[test]
    fn a_share_settles_where_the_first_good_span_begins() {
        // 100 requests a second, the first 200 on the provider. A span of 1 s holds 100 requests and may hold
        // 5 of them: the first such span begins at 1.95 s.
        let settled = settle(&stepped(2_000), (0, 1), HOLD, false, |share| share <= 0.05);
        assert_eq!(settled, Settled::After(Duration::from_millis(1_950)));
    }

    #[test]
    fn a_share_that_never_falls_is_told_from_too_few_requests() {
        assert_eq!(settle(&stepped(10_000), (0, 1), HOLD, false, |share| share <= 0.05), Settled::Never);
        let mut few: Series<2> = Series::new(Moment::ZERO, Duration::from_millis(10));
        (0..49).for_each(|index| few.add(Moment::from_us(index * 100_000), [0, 1]));
        assert_eq!(settle(&few, (0, 1), HOLD, false, |share| share <= 0.05), Settled::TooFew);
    }

    #[test]
    fn settling_for_good_looks_past_a_relapse() {
        // Good from 0 to 3 s, bad for the second after it, good again: for good only from where no later span
        // holds more than 5 of the bad second's requests (3.95 s).
        let mut series = Series::new(Moment::ZERO, Duration::from_millis(10));
        for index in 0..1000_u64 {
            let bad = (300..400).contains(&index);
            series.add(Moment::from_us(index * 10_000), [u32::from(bad), 1]);
        }
        let settled = settle(&series, (0, 1), HOLD, true, |share| share <= 0.05);
        assert_eq!(settled, Settled::After(Duration::from_millis(3_950)));
    }

    #[test]
    fn a_share_is_taken_over_the_shortest_span_that_has_the_time_and_the_requests() {
        let at = Moment::from_us;
        // A hundred requests a second: one second has them. The first 2.5 s are of the part: half of the third second.
        let dense = stepped(2_500);
        let found = |from: u64| share_from(&dense, (0, 1), HOLD, at(from));
        assert_eq!(found(2_000_000), Some(Found { share: 0.5, end: at(3_000_000) }));
        // What begins inside a bucket is counted from the next one on.
        assert_eq!(found(2_005_000).map(|found| found.end), Some(at(3_010_000)));
        // The last second is the last that has the time.
        assert_eq!(found(9_000_000), Some(Found { share: 0.0, end: at(10_000_000) }));
        assert_eq!(found(9_010_000), None);
        // Ten a second: the fiftieth from second 2 on comes at 6.9 s, in a bucket that ends at 6.91 s.
        let mut sparse: Series<2> = Series::new(Moment::ZERO, Duration::from_millis(10));
        (0..100).for_each(|index| sparse.add(at(index * 100_000), [u32::from(index < 45), 1]));
        let found = |from: u64| share_from(&sparse, (0, 1), HOLD, at(from));
        // 25 of them came before 4.5 s.
        assert_eq!(found(2_000_000), Some(Found { share: 0.5, end: at(6_910_000) }));
        // From 5 s on there are fifty, from 5.1 s on 49.
        assert_eq!(found(5_000_000), Some(Found { share: 0.0, end: at(9_910_000) }));
        assert_eq!(found(5_100_000), None);
    }

    #[test]
    fn a_span_is_no_longer_than_it_has_to_be() {
        // A hundred requests a second, of which numbers 0 to 4 and 100 are bad: the first second has five, which is as many as
        // it may, and one bucket more would have six.
        let mut dense: Series<2> = Series::new(Moment::ZERO, Duration::from_millis(10));
        (0..300_u64).for_each(|index| {
            dense.add(Moment::from_us(index * 10_000), [u32::from(index < 5 || index == 100), 1]);
        });
        let good = |share: f64| share <= 0.05;
        assert_eq!(settle(&dense, (0, 1), HOLD, false, good), Settled::After(Duration::ZERO));
        // Ten a second: fifty have two bad ones, the 51st is a third. A twentieth of fifty is 2.5.
        let mut sparse: Series<2> = Series::new(Moment::ZERO, Duration::from_millis(10));
        (0..100_u64).for_each(|index| {
            sparse.add(Moment::from_us(index * 100_000), [u32::from(index < 2 || index == 50), 1]);
        });
        assert_eq!(settle(&sparse, (0, 1), HOLD, false, good), Settled::After(Duration::ZERO));
    }
}
