//! Load over time: how bunched attempts and retries were.

use std::time::Duration;

use super::case::Case;
use super::hist::ratio;
use super::series::Series;
use crate::history::Cause;
use crate::world::Moment;

/// Arrivals a second must have for its amplification to mean something.
const ARRIVALS_MIN: u32 = 10;

/// 100 ms buckets kept for `synchrony`: nearly two hours before their width doubles.
const RETRY_BUCKETS_MAX: usize = 65_536;

/// Load over time: arrivals and attempts a second, retries by tenths.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// `[arrivals, attempts]` in seconds.
    seconds: Series<2>,
    retries: Series<1>,
}

impl Load {
    pub(crate) fn new() -> Load {
        Load {
            seconds: Series::new(Moment::ZERO, Duration::from_secs(1)),
            retries: Series::with_max(Moment::ZERO, Duration::from_millis(100), RETRY_BUCKETS_MAX),
        }
    }

    pub(crate) fn add(&mut self, case: &Case<'_>) {
        self.seconds.add(case.record.caller.intended, [1, 0]);
        for attempt in case.attempts() {
            self.seconds.add(attempt.started, [0, 1]);
            if attempt.cause == Cause::Retry {
                self.retries.add(attempt.started, [1]);
            }
        }
        if case.record.trail.is_none() {
            case.record.calls.iter().for_each(|call| self.seconds.add(call.received, [0, 1]));
        }
    }

    /// Attempts / arrivals in the worst second inside `spans`, of those with enough arrivals.
    pub(crate) fn worst(&self, spans: &[(Moment, Moment)]) -> Option<f64> {
        let busy = inside(&self.seconds, spans).filter(|[arrivals, _]| *arrivals >= ARRIVALS_MIN);
        busy.filter_map(|[arrivals, attempts]| ratio(f64::from(*attempts), f64::from(*arrivals)))
            .max_by(f64::total_cmp)
    }

    /// Most retries in a tenth of a second / mean from the first to the last tenth with any.
    pub(crate) fn synchrony(&self, spans: &[(Moment, Moment)]) -> Option<f64> {
        let tenths: Vec<u32> = inside(&self.retries, spans).map(|[count]| *count).collect();
        let first = tenths.iter().position(|count| *count > 0)?;
        let last = tenths.iter().rposition(|count| *count > 0)?;
        let busy = &tenths[first..=last];
        let sum: u64 = busy.iter().map(|count| u64::from(*count)).sum();
        ratio(f64::from(*busy.iter().max()?) * busy.len() as f64, sum as f64)
    }
}

impl Default for Load {
    fn default() -> Self {
        Load::new()
    }
}

fn inside<'a, const K: usize>(
    series: &'a Series<K>,
    spans: &'a [(Moment, Moment)],
) -> impl Iterator<Item = &'a [u32; K]> {
    let width = series.width();
    let starts = (0..).map(move |index: u32| Moment::ZERO + width * index);
    let buckets = series.buckets.iter().zip(starts);
    buckets.filter(|(_, start)| spans.iter().any(|(from, to)| from <= start && start < to)).map(|(b, _)| b)
}
