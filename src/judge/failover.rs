//! Failover and recovery: the steps of one request's failover, and the course of each fault window.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::facts::Facts;
use super::hist::{Hist, ratio, tidy};
use super::series::{Hold, Series, Settled, settle};
use super::tally::{attained, first_output};
use crate::history::{Attempt, AttemptResult, Call, Cause, Ending};
use crate::world::Moment;
use mock_providers::fault::Window;

/// A share counts as settled once it held for this long and this many requests, whichever takes longer.
const HOLD: Hold = Hold { time: Duration::from_secs(1), requests: 50 };

/// First attempts on a broken provider that count as having left it, and the tolerance of "back to baseline".
const TOLERANCE: f64 = 0.05;

/// Width of the narrowest bucket: the best resolution of the times below.
const RESOLUTION: Duration = Duration::from_millis(10);

/// Histograms of the steps of failovers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) detect: Hist,
    pub(crate) decide: Hist,
    pub(crate) answer: Hist,
    /// First-output latency of requests that failed over; the baseline median is taken off at the end.
    pub(crate) added: Hist,
}

impl Steps {
    pub(crate) fn add(&mut self, case: &Case<'_>) {
        let attempts = case.attempts();
        for (index, (attempt, call)) in case.pairs().enumerate() {
            if let (AttemptResult::Failed(_), Some(seen)) = (&attempt.result, observable(attempt, call)) {
                self.detect.record(attempt.ended - seen);
            }
            if index > 0 && matches!(attempt.cause, Cause::Fallback | Cause::Rescue) {
                self.decide.record(attempt.started - attempts[index - 1].ended);
            }
        }
        let Some(last) = attempts.last().filter(|last| last.cause == Cause::Fallback) else { return };
        if let (true, Some(first)) = (case.outcome.answered(), first_output(case)) {
            self.answer.record(first - last.started);
            self.added.record(first - case.record.caller.intended);
        }
    }

    pub(crate) fn merge(&mut self, other: &Steps) {
        self.detect.merge(&other.detect);
        self.decide.merge(&other.decide);
        self.answer.merge(&other.answer);
        self.added.merge(&other.added);
    }
}

/// When a failure could first be told on the wire: at the headers of an error, at the break of a stream, from
/// the request on when nothing was ever sent. A stall in the middle has no such moment.
fn observable(attempt: &Attempt, call: Option<&Call>) -> Option<Moment> {
    let Some(call) = call else { return Some(attempt.started) };
    match (call.status, call.headers_sent) {
        (Some(400..), Some(sent)) => Some(sent),
        _ if call.ending == Ending::Broken => Some(call.ended.min(attempt.ended)),
        (_, None) => Some(call.received),
        _ => None,
    }
}

/// The course of one fault window.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    provider: String,
    fault: String,
    window: Window,
    /// Until when the recovery is watched: the provider's next window, or the end.
    until: Moment,
    /// `[first attempts on it, requests that wanted it, attained, requests]` inside the window.
    during: Series<4>,
    /// The same after it.
    after: Series<4>,
    /// Attained and owed of the whole service from the window's start on.
    service: Series<2>,
    attempts: u64,
    wasted: u64,
}

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
    /// Returns to it that were followed by leaving it again.
    pub flaps: u64,
    /// Request-equivalents of attainment lost until the service recovered.
    pub loss_area: Option<f64>,
    /// `attempts / wanted`.
    pub outage_amplification: Option<f64>,
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

/// One track for every distinct window of every provider that some route wants first.
pub(crate) fn tracks(facts: &Facts) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    for fault in &facts.header.faults {
        for window in &fault.during {
            let known =
                tracks.iter().any(|track| track.provider == fault.provider && track.window == *window);
            if !known {
                tracks.push(Track::new(&fault.provider, &fault.name, *window));
            }
        }
    }
    let starts: Vec<_> = tracks.iter().map(|track| (track.provider.clone(), track.window.from)).collect();
    for track in &mut tracks {
        let later =
            starts.iter().filter(|(provider, from)| *provider == track.provider && *from >= track.window.to);
        track.until = later.map(|(_, from)| *from).min().unwrap_or(Moment::NEVER);
    }
    tracks
}

impl Track {
    fn new(provider: &str, fault: &str, window: Window) -> Track {
        Track {
            provider: provider.to_owned(),
            fault: fault.to_owned(),
            window,
            until: Moment::NEVER,
            during: Series::new(window.from, RESOLUTION),
            after: Series::new(window.to, RESOLUTION),
            service: Series::new(window.from, RESOLUTION),
            attempts: 0,
            wasted: 0,
        }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    pub(crate) fn window(&self) -> Window {
        self.window
    }

    pub(crate) fn add(&mut self, case: &Case<'_>) {
        let arrived = case.record.caller.intended;
        let good = u32::from(attained(case));
        if arrived >= self.window.from && arrived < self.until && !case.outcome_is_callers() {
            self.service.add(arrived, [good, 1]);
        }
        self.count_attempts(case);
        if case.route.and_then(|route| case.facts.wanted_provider(route)) == Some(self.provider.as_str()) {
            self.count_first(case, arrived, good);
        }
    }

    fn count_attempts(&mut self, case: &Case<'_>) {
        for attempt in case.attempts() {
            if attempt.provider == self.provider && self.window.contains(attempt.started) {
                self.attempts += 1;
                self.wasted += u64::from(matches!(attempt.result, AttemptResult::Failed(_)));
            }
        }
    }

    /// First attempts are placed by when they began: that is when the router chose.
    fn count_first(&mut self, case: &Case<'_>, arrived: Moment, good: u32) {
        let first = case.attempts().first();
        let at = first.map_or(arrived, |first| first.started);
        let here = u32::from(first.is_some_and(|first| first.provider == self.provider));
        if self.window.contains(at) {
            self.during.add(at, [here, 1, good, 1]);
        } else if at >= self.window.to && at < self.until {
            self.after.add(at, [here, 1, good, 1]);
        }
    }

    /// What became of the window. `share` is the baseline's share of first attempts on the provider among
    /// requests that want it, `attainment` the baseline's attainment.
    pub(crate) fn finish(&self, ended: Moment, share: Option<f64>, attainment: Option<f64>) -> WindowFigures {
        let to = self.window.to.min(ended);
        let until = self.until.min(ended);
        let failover = settle(&self.during, (0, 1), HOLD, false, |share| share <= TOLERANCE);
        let time_to_failover = Interval::of(failover, to - self.window.from);
        let back = share.unwrap_or(1.0) - TOLERANCE;
        let failback = settle(&self.after, (0, 1), HOLD, true, |share| share >= back);
        let service = attainment.map_or(Settled::TooFew, |baseline| {
            settle(&self.service, (0, 1), HOLD, true, |share| share >= baseline - TOLERANCE)
        });
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
            harmed: self.harmed(time_to_failover),
            recover_service,
            recover_failback: Interval::of(failback, until - self.window.to),
            flaps: self.flaps(),
            loss_area: attainment.map(|baseline| self.loss(baseline, recover_service)),
            outage_amplification: ratio(self.attempts as f64, wanted as f64),
        }
    }

    /// Requests that wanted the provider and did not attain, up to the failover.
    fn harmed(&self, failover: Interval) -> u64 {
        let buckets = take(&self.during, failover);
        buckets.map(|[_, _, good, all]| u64::from(all - good)).sum()
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
}

/// The buckets before an interval's end; all of them when it never came.
fn take<const K: usize>(series: &Series<K>, until: Interval) -> impl Iterator<Item = &[u32; K]> {
    let buckets = match until {
        Interval::After(seconds) => (seconds / series.width().as_secs_f64()).round() as usize,
        Interval::Never(_) | Interval::Unknown => usize::MAX,
    };
    series.buckets.iter().take(buckets)
}

/// Shares of first attempts by the second (or by the bucket, where buckets are wider).
fn seconds(series: &Series<4>) -> impl Iterator<Item = f64> + '_ {
    let per_second = (Duration::from_secs(1).as_micros() / series.width().as_micros()).max(1);
    let chunks = series.buckets.chunks(usize::try_from(per_second).unwrap_or(1));
    chunks.filter_map(|chunk| {
        let sum = |slot: usize| chunk.iter().map(|bucket| f64::from(bucket[slot])).sum::<f64>();
        ratio(sum(0), sum(1))
    })
}
