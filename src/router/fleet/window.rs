//! The share of bad calls over a sliding window.
//!
//! Time is cut into ten buckets, and a bucket is forgotten as a whole: the window looks back over its length, less
//! at most a tenth of it. Memory and work do not depend on how many calls there are. An exact window would have to
//! remember every call of a busy minute.

use std::time::Duration;

use crate::world::Moment;

const BUCKETS: usize = 10;

/// Calls of the recent past, and how many of them were bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Length of one bucket in microseconds; never zero.
    width: u64,
    /// Number of the newest bucket, counted from the clock's origin.
    newest: u64,
    buckets: [Counts; BUCKETS],
    total: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    calls: u32,
    bad: u32,
}

impl Window {
    /// An empty window of `length`.
    pub(super) fn new(length: Duration) -> Self {
        let us = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        Window {
            width: us.div_ceil(BUCKETS as u64).max(1),
            newest: 0,
            buckets: [Counts::default(); BUCKETS],
            total: Counts::default(),
        }
    }

    /// Whether it is as long as another.
    pub(super) fn is_as_long_as(&self, other: &Window) -> bool {
        self.width == other.width
    }

    /// Counts a call.
    pub(super) fn add(&mut self, bad: bool, now: Moment) {
        self.slide(now);
        let bucket = &mut self.buckets[(self.newest % BUCKETS as u64) as usize];
        for counts in [bucket, &mut self.total] {
            counts.calls = counts.calls.saturating_add(1);
            counts.bad = counts.bad.saturating_add(u32::from(bad));
        }
    }

    /// The calls of the window that ends at `now`.
    pub(super) fn calls(&mut self, now: Moment) -> u32 {
        self.slide(now);
        self.total.calls
    }

    /// Whether at least `share` of at least `min_calls` calls were bad.
    pub(super) fn exceeds(&self, share: f64, min_calls: u32) -> bool {
        let Counts { calls, bad } = self.total;
        calls > 0 && calls >= min_calls && f64::from(bad) >= share * f64::from(calls)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.buckets = [Counts::default(); BUCKETS];
        self.total = Counts::default();
    }

    /// Forgets what is too old. A `now` that lies back changes nothing.
    fn slide(&mut self, now: Moment) {
        let newest = now.as_us() / self.width;
        let passed = newest.saturating_sub(self.newest);
        if passed >= BUCKETS as u64 {
            self.clear();
        } else {
            for number in self.newest + 1..=self.newest + passed {
                let old = std::mem::take(&mut self.buckets[(number % BUCKETS as u64) as usize]);
                self.total.calls = self.total.calls.saturating_sub(old.calls);
                self.total.bad = self.total.bad.saturating_sub(old.bad);
            }
        }
        self.newest = self.newest.max(newest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(ms: u64) -> Moment {
        Moment::from_us(ms * 1_000)
    }

    #[test]
    fn fewer_calls_than_the_minimum_prove_nothing() {
        let mut window = Window::new(Duration::from_secs(10));
        for n in 0..9 {
            window.add(true, ms(n));
            assert!(!window.exceeds(0.5, 10), "{n}");
        }
        window.add(false, ms(9));
        // Nine of ten failed, and ten are enough.
        assert!(window.exceeds(0.9, 10));
        assert!(!window.exceeds(0.91, 10));
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut window = Window::new(Duration::from_secs(10));
        window.add(true, ms(0));
        window.add(false, ms(9_999));
        assert!(window.exceeds(0.5, 2));
        // At 10 s the first second leaves, and its failure with it.
        assert_eq!(window.calls(ms(10_000)), 1);
        assert!(!window.exceeds(0.01, 1));
        assert_eq!(window.calls(ms(60_000)), 0);
        assert!(!window.exceeds(0.0, 0), "no calls are no evidence");
    }

    proptest! {
        /// A window counts every call of its last nine tenths and none that is older than its length.
        #[test]
        fn it_counts_between_nine_tenths_and_all_of_its_length(
            steps in prop::collection::vec((0..3_000_u64, any::<bool>()), 1..200),
        ) {
            let mut window = Window::new(Duration::from_secs(10));
            let mut calls = Vec::new();
            let mut now = 0;
            for (step, bad) in steps {
                now += step;
                window.add(bad, ms(now));
                calls.push((now, bad));
                let within = |span: u64| {
                    let recent = calls.iter().filter(|(at, _)| at + span > now);
                    let bad = recent.clone().filter(|(_, bad)| *bad).count() as u32;
                    (recent.count() as u32, bad)
                };
                let (least, most) = (within(9_000), within(10_001));
                prop_assert!((least.0..=most.0).contains(&window.total.calls));
                prop_assert!((least.1..=most.1).contains(&window.total.bad));
            }
        }
    }
}
