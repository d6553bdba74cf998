//! What became of a fault window, once the run is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::track::{Part, Track};
use super::{HOLD, TOLERANCE, back, timers};
use crate::history::PhaseKind;
use crate::judge::facts::Facts;
use crate::judge::hist::{ratio, tidy};
use crate::judge::series::{Series, Settled, settle, share_from};
use crate::world::Moment;

/// How much more load than in the baseline may be offered for it to count as unchanged.
const LOAD_TOLERANCE: f64 = 0.2;

/// After so many times its longest timer a router has had every chance to come to rest.
const PATIENCE: u32 = 3;

/// What became of a provider's fault window. Durations in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowFigures {
    /// The broken provider.
    pub provider: String,
    /// Name of the (first) fault of this window.
    pub fault: String,
    /// Start of the window, seconds from the start of the run.
    pub from: f64,
    /// Its end; none when it lasts to the end of the run.
    pub to: Option<f64>,
    /// Requests that wanted the provider during the window.
    pub wanted: u64,
    /// Attempts on it during the window.
    pub attempts: u64,
    /// Those of them that failed.
    pub wasted_attempts: u64,
    /// Until first attempts avoid it.
    pub time_to_failover: Interval,
    /// Requests that wanted it and did not attain, before that.
    pub harmed: u64,
    /// Until attainment is back within 5 % of baseline.
    pub recover_service: Interval,
    /// From the end of the window until first attempts are back within 5 % of baseline.
    pub recover_failback: Interval,
    /// Attempts on it in the busiest second after the window / the calls a second it allows; none where it declares no
    /// limit.
    #[serde(default)]
    pub overshoot: Option<f64>,
    /// Returns to it that were followed by leaving it again.
    pub flaps: u64,
    /// Request-equivalents of attainment lost until the service recovered.
    pub loss_area: Option<f64>,
    /// Whether service stayed down by itself long after the window; none where that cannot be told.
    #[serde(default)]
    pub metastable: Option<bool>,
    /// `attempts / wanted`.
    pub outage_amplification: Option<f64>,
    /// Baseline attainment less attainment inside the window, of routes that use nothing that was broken then; none
    /// without such routes.
    #[serde(default)]
    pub blast_radius: Option<f64>,
}

/// A time that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// It came after so many seconds.
    After(f64),
    /// It never came, within so many seconds.
    Never(f64),
    /// There were too few requests (under 50, or under a second) to tell.
    Unknown,
}

impl Interval {
    /// The measured seconds: of an event that never came, infinity; none when unknown.
    #[must_use]
    pub fn seconds(self) -> Option<f64> {
        match self {
            Interval::After(seconds) => Some(seconds),
            Interval::Never(_) => Some(f64::INFINITY),
            Interval::Unknown => None,
        }
    }

    fn of(settled: Settled, watched: Duration) -> Interval {
        match settled {
            Settled::After(time) => Interval::After(tidy(time.as_secs_f64())),
            Settled::Never => Interval::Never(tidy(watched.as_secs_f64())),
            Settled::TooFew => Interval::Unknown,
        }
    }
}

impl Part {
    fn share(self) -> Option<f64> {
        (self.all > 0).then(|| self.of as f64 / self.all as f64)
    }
}

impl Track {
    /// What became of the window, in a run that ended at `ended`.
    pub(crate) fn finish(&self, facts: &Facts, ended: Moment) -> WindowFigures {
        let (until, attainment) = (self.until.min(ended), self.well.share());
        let failover = settle(&self.during, (0, 1), HOLD, false, |share| share <= TOLERANCE);
        let time_to_failover = Interval::of(failover, self.window.to.min(ended) - self.window.from);
        let returned = back_to(&self.after, self.usual.share());
        let service = back_to(&self.service, attainment);
        let recover_service = Interval::of(service, until - self.window.from);
        let wanted: u64 = self.during.buckets.iter().map(|bucket| u64::from(bucket[1])).sum();
        WindowFigures {
            provider: self.provider.clone(),
            fault: self.fault.clone(),
            from: tidy(self.window.from.as_us() as f64 / 1e6),
            to: (self.window.to != Moment::NEVER).then(|| tidy(self.window.to.as_us() as f64 / 1e6)),
            wanted,
            attempts: self.attempts,
            wasted_attempts: self.wasted,
            time_to_failover,
            harmed: take(&self.during, time_to_failover).map(|bucket| u64::from(bucket[2])).sum(),
            recover_service,
            recover_failback: Interval::of(returned, until - self.window.to),
            overshoot: self.overshoot(facts),
            flaps: self.flaps(),
            loss_area: attainment.map(|baseline| self.loss(baseline, recover_service)),
            metastable: self.metastable(facts, until),
            outage_amplification: ratio(self.attempts as f64, wanted as f64),
            blast_radius: self.blast_radius(),
        }
    }

    /// The busiest second of its return against the rate it allows.
    fn overshoot(&self, facts: &Facts) -> Option<f64> {
        let limit = facts.header.providers.get(&self.provider)?.calls_per_s?;
        let busiest = busiest_second(&self.returns)?;
        ratio(busiest, limit)
    }

    /// Sum over the requests until recovery of (baseline attainment - attained).
    fn loss(&self, baseline: f64, recovery: Interval) -> f64 {
        let buckets = take(&self.service, recovery);
        tidy(buckets.map(|[good, all]| baseline * f64::from(*all) - f64::from(*good)).sum::<f64>().max(0.0))
    }

    /// Walks whole seconds: away at 5 % or less, back at 50 % or more; a flap is a way back that is undone.
    fn flaps(&self) -> u64 {
        let (mut away, mut returned, mut flaps) = (false, false, 0);
        for share in seconds(&self.during).chain(seconds(&self.after)) {
            if share <= TOLERANCE {
                flaps += u64::from(returned);
                (away, returned) = (true, false);
            } else if share >= 0.5 && away {
                (away, returned) = (false, true);
            }
        }
        flaps
    }

    /// Whether service is still down when everything has had time to come to rest: three times the longest timer after
    /// the window, no other window since, and no more load than before.
    fn metastable(&self, facts: &Facts, until: Moment) -> Option<bool> {
        let baseline = self.well.share()?;
        let rest = self.window.to + timers::longest(&facts.header) * PATIENCE;
        let found = share_from(&self.service, (0, 1), HOLD, rest)?;
        let others = facts.header.faults.iter().flat_map(|fault| &fault.during);
        let calm = others.into_iter().all(|other| other.to <= self.window.to || other.from >= found.end);
        if !calm || found.end > until {
            return None;
        }
        if found.share >= back(baseline) {
            return Some(false);
        }
        // With more load than before, the load may be what keeps it down.
        let offered =
            self.service.sum(1, self.window.to, found.end) / (found.end - self.window.to).as_secs_f64();
        (offered <= self.usual_load(facts)? * (1.0 + LOAD_TOLERANCE)).then_some(true)
    }

    /// Arrivals a second of the baseline.
    fn usual_load(&self, facts: &Facts) -> Option<f64> {
        let baselines = facts.header.phases.iter().filter(|phase| phase.kind == PhaseKind::Baseline);
        let seconds: f64 = baselines.map(|phase| (phase.to - phase.from).as_secs_f64()).sum();
        (seconds > 0.0).then(|| self.well.all as f64 / seconds)
    }

    fn blast_radius(&self) -> Option<f64> {
        let [usual, inside] = self.beside;
        Some(tidy((usual.share()? - inside.share()?).max(0.0)))
    }
}

/// When a share is back within 5 % of its baseline for good.
fn back_to<const K: usize>(series: &Series<K>, baseline: Option<f64>) -> Settled {
    let Some(baseline) = baseline else { return Settled::TooFew };
    settle(series, (0, 1), HOLD, true, |share| share >= back(baseline))
}

/// The buckets before an interval's end; all of them when it never came.
fn take<const K: usize>(series: &Series<K>, until: Interval) -> impl Iterator<Item = &[u32; K]> {
    let buckets = match until {
        Interval::After(seconds) => (seconds / series.width().as_secs_f64()).round() as usize,
        Interval::Never(_) | Interval::Unknown => usize::MAX,
    };
    series.buckets.iter().take(buckets)
}

/// Buckets of a second; one, where buckets are wider.
fn per_second<const K: usize>(series: &Series<K>) -> usize {
    let many = Duration::from_secs(1).as_micros() / series.width().as_micros();
    usize::try_from(many).unwrap_or(1).max(1)
}

/// Shares of first attempts by the second (or by the bucket, where buckets are wider).
fn seconds<const K: usize>(series: &Series<K>) -> impl Iterator<Item = f64> + '_ {
    series.buckets.chunks(per_second(series)).filter_map(|chunk| {
        let sum = |slot: usize| chunk.iter().map(|bucket| f64::from(bucket[slot])).sum::<f64>();
        ratio(sum(0), sum(1))
    })
}

/// Most in any second, wherever it begins; a rate, where buckets are wider than a second.
fn busiest_second(series: &Series<1>) -> Option<f64> {
    let many = per_second(series);
    let whole = (series.width() * u32::try_from(many).unwrap_or(1)).as_secs_f64();
    let most = (0..series.buckets.len())
        .map(|from| series.buckets[from..].iter().take(many).map(|[count]| u64::from(*count)).sum::<u64>())
        .max()?;
    Some(most as f64 / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_came_took_longer_than_anything() {
        let seconds = [Interval::After(1.5), Interval::Never(10.0), Interval::Unknown].map(Interval::seconds);
        assert_eq!(seconds, [Some(1.5), Some(f64::INFINITY), None]);
    }

    /// So many, each a bucket of this width.
    fn series(width_ms: u64, counts: &[u32]) -> Series<1> {
        let mut series = Series::new(Moment::ZERO, Duration::from_millis(width_ms));
        for (count, index) in counts.iter().zip(0..) {
            series.add(Moment::from_us(index * width_ms * 1_000), [*count]);
        }
        series
    }

    #[test]
    fn the_busiest_second_may_begin_anywhere_and_is_a_rate_where_buckets_are_wide() {
        // Tenths of a second: from 0.9 s on 4 + 6 within a second; the 3 at 0 s are too far from the 6.
        let mut tenths = [0; 20];
        (tenths[0], tenths[9], tenths[10]) = (3, 4, 6);
        assert_eq!(busiest_second(&series(100, &tenths)), Some(10.0));
        // 8 in two buckets of 0.4 s each are 10 a second, and 8 in 2 s are 4.
        assert_eq!(busiest_second(&series(400, &[1, 7, 0])), Some(10.0));
        assert_eq!(busiest_second(&series(2_000, &[2, 8, 1])), Some(4.0));
        assert_eq!(busiest_second(&series(100, &[])), None);
    }

    #[test]
    fn shares_are_read_by_the_second_or_by_the_bucket_where_that_is_longer() {
        // In the first second one of two, in the second 3 of 4, in the third none.
        let of = |width_ms: u64, buckets: &[[u32; 2]]| {
            let mut series = Series::new(Moment::ZERO, Duration::from_millis(width_ms));
            for (bucket, index) in buckets.iter().zip(0..) {
                series.add(Moment::from_us(index * width_ms * 1_000), *bucket);
            }
            seconds(&series).collect::<Vec<f64>>()
        };
        assert_eq!(of(500, &[[1, 1], [0, 1], [3, 3], [0, 1], [0, 0], [0, 0]]), [0.5, 0.75]);
        assert_eq!(of(2_000, &[[1, 2], [3, 4]]), [0.5, 0.75]);
    }

    #[test]
    fn what_was_lost_is_what_the_baseline_would_have_attained_until_the_recovery() {
        // Half attained: 2 of 4, of which 1 did, and 5 of 10, of which 2 did; better than that is no loss.
        let track = |buckets: &[[u32; 2]]| {
            let mut track = super::super::tracks(&Facts::new(crate::judge::testkit::header())).remove(0);
            for (bucket, index) in buckets.iter().zip(0..) {
                track.service.add(track.window.from + Duration::from_millis(10) * index, *bucket);
            }
            track
        };
        let lost = track(&[[1, 4], [2, 10], [0, 0]]);
        assert_eq!(lost.loss(0.5, Interval::Never(0.03)), 4.0);
        assert_eq!(lost.loss(0.5, Interval::After(0.01)), 1.0);
        assert_eq!(track(&[[4, 4]]).loss(0.5, Interval::Unknown), 0.0);
    }
}
