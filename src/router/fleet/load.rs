//! What a target is doing, and how fast it has been.
//!
//! A balancer that only looks at calls in flight or at how soon they end sends everything to the one that fails at
//! once. So a failure counts as a slow call that is still under way: its latency is at least five seconds and twice
//! the slowest answer of the whole fleet, and for half a minute it weighs as two calls in flight: its own, and the one
//! that its request then is at somebody else, who would look as busy as the one that failed, and get no more than it.

use std::time::Duration;

use crate::router::seam::seam;
use crate::world::Moment;

/// Time in which a known latency falls to 1/e, so that a target that was slow once is tried again.
const MEMORY_S: f64 = 10.0;
/// Time in which the weight of a failure falls to 1/e.
const FAILURE_S: f64 = 30.0;
/// Calls in flight that a failure weighs as.
const FAILURE_CALLS: f64 = 2.0;
/// What a failure costs at least, as a latency.
const PENALTY_S: f64 = 5.0;
/// Latencies that are remembered one by one.
const SAMPLES: usize = 128;
/// Fewer say nothing about what is usual.
const ENOUGH: usize = 20;
/// Older ones say nothing either.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// What a target is doing right now, for choosing among several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Calls in flight, exactly.
    pub in_flight: u32,
    /// Decaying peak of the time to first output, failures included as slow calls; none until something is known.
    pub latency: Option<Duration>,
    /// Failures of the last half minute, fading, as calls in flight: two for one that was just seen.
    pub failing: f64,
}

impl Load {
    /// Calls in flight, and failures as if they still were: what `least_in_flight` compares, for equal weights. A
    /// target that fails at once has few calls in flight, and must not get more for it.
    #[must_use]
    pub fn outstanding(&self) -> f64 {
        f64::from(self.in_flight) + self.failing
    }

    /// This and another target taken together: as busy as both, and as fast as the faster one.
    #[must_use]
    pub fn with(self, other: Load) -> Load {
        Load {
            in_flight: self.in_flight.saturating_add(other.in_flight),
            latency: self.latency.into_iter().chain(other.latency).min(),
            failing: self.failing + other.failing,
        }
    }

    /// Seconds that one more call costs: what `latency` compares. What nothing is known of is tried first, with one call: until
    /// that has said something it is taken for as slow as one that fails, for it may never say anything.
    #[must_use]
    pub fn cost(&self) -> f64 {
        match self.latency {
            Some(latency) => latency.as_secs_f64() * (1.0 + self.outstanding()),
            None => seam!(SilenceAttracts, PENALTY_S * self.outstanding(), 0.0),
        }
    }
}

/// A latency that jumps to a peak at once, and forgets it slowly.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Peak {
    seconds: f64,
    at: Moment,
    known: bool,
}

impl Peak {
    pub(super) fn add(&mut self, seconds: f64, now: Moment) {
        let kept = fading(now - self.at, MEMORY_S);
        // Between two samples it moves towards the newer one; a peak is taken as it is.
        let moved = seconds + (self.seconds - seconds) * kept;
        self.seconds = if self.known { moved.max(seconds) } else { seconds };
        (self.at, self.known) = (self.at.max(now), true);
    }

    /// What is left of it at `now`; none before the first sample.
    pub(super) fn seconds(&self, now: Moment) -> Option<f64> {
        self.known.then(|| self.seconds * fading(now - self.at, MEMORY_S))
    }
}

/// How fast a target has been, and how it failed.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    peak: Peak,
    failing: f64,
    failed_at: Moment,
    recent: Recent,
}

impl Pace {
    pub(super) fn new() -> Self {
        Pace { peak: Peak::default(), failing: 0.0, failed_at: Moment::ZERO, recent: Recent::new() }
    }

    /// The first output of a call came after `time`.
    pub(super) fn answered(&mut self, time: Duration, now: Moment) {
        self.peak.add(time.as_secs_f64(), now);
        self.recent.add(time, now);
    }

    /// A call was given up because another was faster: it would have taken longer than `time`.
    pub(super) fn outrun(&mut self, time: Duration, now: Moment) {
        if self.peak.seconds(now).is_none_or(|known| known < time.as_secs_f64()) {
            self.answered(time, now);
        }
    }

    /// A call failed after `time`, while the slowest answers of the fleet took `slowest` seconds.
    pub(super) fn failed(&mut self, time: Duration, slowest: f64, now: Moment) {
        let weight = seam!(
            FailingFastAttracts,
            time.as_secs_f64().max(PENALTY_S).max(2.0 * slowest),
            time.as_secs_f64()
        );
        self.peak.add(weight, now);
        self.failing = self.failing(now) + seam!(FailingFastAttracts, FAILURE_CALLS, 0.0);
        self.failed_at = self.failed_at.max(now);
    }

    pub(super) fn load(&self, in_flight: u32, now: Moment) -> Load {
        let latency = self.peak.seconds(now).map(Duration::from_secs_f64);
        Load { in_flight, latency, failing: self.failing(now) }
    }

    /// The time that `share` of the recent answers kept within; none until enough are known.
    pub(super) fn usual(&self, share: f64, now: Moment) -> Option<Duration> {
        self.recent.quantile(share, now)
    }

    fn failing(&self, now: Moment) -> f64 {
        if self.failing == 0.0 { 0.0 } else { self.failing * fading(now - self.failed_at, FAILURE_S) }
    }
}

fn fading(passed: Duration, memory_s: f64) -> f64 {
    libm::exp(-passed.as_secs_f64() / memory_s)
}

/// The latest times to first output, one by one: exact, and bounded.
#[derive(Clone, Debug)]
struct Recent {
    /// When, and how long in microseconds.
    samples: [(Moment, u32); SAMPLES],
    /// Samples ever added.
    added: usize,
}

impl Recent {
    const fn new() -> Self {
        Recent { samples: [(Moment::ZERO, 0); SAMPLES], added: 0 }
    }

    fn add(&mut self, time: Duration, now: Moment) {
        let us = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        self.samples[self.added % SAMPLES] = (now, us);
        self.added += 1;
    }

    /// By nearest rank.
    fn quantile(&self, share: f64, now: Moment) -> Option<Duration> {
        let mut times = [0_u32; SAMPLES];
        let mut count = 0;
        for (at, us) in &self.samples[..self.added.min(SAMPLES)] {
            if now - *at <= MAX_AGE {
                times[count] = *us;
                count += 1;
            }
        }
        let rank = libm::ceil(share * count as f64).clamp(1.0, count.max(1) as f64) as usize;
        (count >= ENOUGH).then(|| {
            let (_, us, _) = times[..count].select_nth_unstable(rank - 1);
            Duration::from_micros(u64::from(*us))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Moment {
        Moment::from_us(ms * 1_000)
    }

    const fn time(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn two_targets_together_are_as_busy_as_both_and_as_fast_as_the_faster() {
        let one = Load { in_flight: 2, latency: Some(time(300)), failing: 0.5 };
        let other = Load { in_flight: 3, latency: Some(time(100)), failing: 0.25 };
        let both = Load { in_flight: 5, latency: Some(time(100)), failing: 0.75 };
        assert_eq!((one.with(other), other.with(one)), (both, both));
        assert_eq!(one.with(Load::default()), one, "what is known of one is known of both");
    }

    #[test]
    fn what_is_unknown_comes_first_with_one_call_and_then_costs_a_failure_each() {
        let unknown = |in_flight| Load { in_flight, ..Load::default() }.cost();
        // Nothing, then five seconds for each call that has not said anything.
        assert_eq!([0, 1, 3].map(unknown), [0.0, PENALTY_S, 3.0 * PENALTY_S]);
    }

    #[test]
    fn a_peak_is_taken_at_once_and_forgotten_slowly() {
        let mut pace = Pace::new();
        assert_eq!(pace.load(0, ms(0)).latency, None);
        pace.answered(time(100), ms(0));
        pace.answered(time(900), ms(1));
        assert_eq!(pace.load(0, ms(1)).latency, Some(time(900)));
        // Ten seconds later 1/e of the distance to the new sample is left: 100 + 800 / e = 394 ms.
        pace.answered(time(100), ms(10_001));
        let latency = pace.load(0, ms(10_001)).latency.unwrap();
        assert_eq!(latency.as_millis(), 394);
    }

    #[test]
    fn failing_fast_looks_slow_and_busy() {
        let (mut fails, mut works) = (Pace::new(), Pace::new());
        works.answered(time(8_000), ms(0));
        fails.failed(time(5), 8.0, ms(0));
        let (fails, works) = (fails.load(0, ms(0)), works.load(0, ms(0)));
        assert!(fails.cost() > works.cost() * 2.0, "{fails:?} {works:?}");
        assert_eq!((fails.in_flight, fails.outstanding(), works.outstanding()), (0, 2.0, 0.0));
    }

    #[test]
    fn a_failure_is_forgotten_in_the_end() {
        let mut pace = Pace::new();
        pace.failed(time(5), 0.0, ms(0));
        // Five minutes are ten times the memory of a failure: 2 e^-10.
        let load = pace.load(0, ms(300_000));
        assert!(load.failing < 0.000_1 && load.latency.unwrap() < time(1), "{load:?}");
    }

    #[test]
    fn what_is_usual_is_known_from_twenty_answers_on_by_nearest_rank() {
        let mut pace = Pace::new();
        for n in 1..=19 {
            pace.answered(time(n * 10), ms(n));
        }
        assert_eq!(pace.usual(0.5, ms(20)), None);
        pace.answered(time(200), ms(20));
        // 10, 20 … 200 ms: the tenth of twenty, the nineteenth, the last, the first.
        let usual = [0.5, 0.95, 1.0, 0.0].map(|share| pace.usual(share, ms(20)).unwrap().as_millis());
        assert_eq!(usual, [100, 190, 200, 10]);
        // Ten minutes later nothing is known any more.
        assert_eq!(pace.usual(0.5, ms(700_000)), None);
    }

    #[test]
    fn only_the_latest_answers_count() {
        let mut pace = Pace::new();
        for n in 0..1_000 {
            pace.answered(time(if n < 872 { 9_000 } else { 50 }), ms(n));
        }
        // 1,000 - 872 = 128 are remembered.
        assert_eq!(pace.usual(1.0, ms(1_000)), Some(time(50)));
    }

    #[test]
    fn a_call_that_lost_a_race_counts_as_slow_as_it_was_when_it_lost() {
        let mut pace = Pace::new();
        pace.answered(time(100), ms(0));
        pace.outrun(time(50), ms(0));
        assert_eq!(pace.load(0, ms(0)).latency, Some(time(100)), "less than known says nothing");
        pace.outrun(time(700), ms(0));
        assert_eq!(pace.load(0, ms(0)).latency, Some(time(700)));
    }
}
