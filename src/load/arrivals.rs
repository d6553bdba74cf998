//! When callers ask: the open-loop processes, as iterators over moments.
//!
//! Every moment is a function of the source, its place in the sequence and the seed; nothing a service does
//! can move it.

use std::time::Duration;

use super::trace::{Row, Rows};
use crate::scenario::Arrivals;
use crate::world::{Key, Moment};

/// One intended arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// When.
    pub at: Moment,
    /// Prompt and reply tokens, where the recording brings them.
    pub recorded: Option<(u32, u32)>,
}

/// The arrivals of one open-loop source, in order.
pub struct Times {
    process: Process,
    dice: Key,
    count: u64,
}

enum Process {
    /// Unit-rate arrivals, stretched: `mass` is the sum of the exponential gaps so far.
    Poisson {
        rates: (f64, f64),
        span: (Moment, Moment),
        mass: f64,
    },
    Constant {
        rate: f64,
        span: (Moment, Moment),
    },
    Burst {
        size: u64,
        every: Duration,
        span: (Moment, Moment),
    },
    Trace {
        rows: Box<Rows>,
        start: Moment,
        speed: f64,
        first: Option<Duration>,
    },
}

impl Times {
    /// The arrivals of `arrivals`, with chance keyed by `dice`; none for closed loops and lists, whose moments
    /// depend on answers.
    ///
    /// # Errors
    ///
    /// When the recording cannot be opened.
    pub fn new(arrivals: &Arrivals, dice: Key) -> std::io::Result<Option<Times>> {
        let process = match arrivals {
            Arrivals::Poisson { rate, span } => {
                Process::Poisson { rates: (*rate, *rate), span: *span, mass: 0.0 }
            }
            Arrivals::Ramp { from_rate, to_rate, span } => {
                Process::Poisson { rates: (*from_rate, *to_rate), span: *span, mass: 0.0 }
            }
            Arrivals::Constant { rate, span } => Process::Constant { rate: *rate, span: *span },
            Arrivals::Burst { size, every, span } => {
                Process::Burst { size: *size, every: *every, span: *span }
            }
            Arrivals::Trace { path, speed, slice, start, .. } => Process::Trace {
                rows: Box::new(Rows::open(path, *slice)?),
                start: *start,
                speed: *speed,
                first: None,
            },
            Arrivals::Closed { .. } | Arrivals::List(_) => return Ok(None),
        };
        Ok(Some(Times { process, dice, count: 0 }))
    }
}

impl Iterator for Times {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let count = self.count;
        self.count += 1;
        let plain = |at| Arrival { at, recorded: None };
        match &mut self.process {
            Process::Poisson { rates, span, mass } => {
                *mass -= libm::log1p(-self.dice.u64(count).unit());
                let at = span.0 + Duration::from_secs_f64(stretch(*mass, *rates, seconds(*span))?);
                (at < span.1).then(|| plain(at))
            }
            Process::Constant { rate, span } => {
                let at = span.0 + Duration::from_secs_f64(count as f64 / *rate);
                (at < span.1).then(|| plain(at))
            }
            Process::Burst { size, every, span } => {
                let burst = u32::try_from(count / (*size).max(1)).ok()?;
                let at = span.0 + every.checked_mul(burst)?;
                (at < span.1).then(|| plain(at))
            }
            Process::Trace { rows, start, speed, first } => {
                let Row { at, prompt, reply } = rows.next()?;
                let since = at.saturating_sub(*first.get_or_insert(at));
                let at = *start + Duration::from_secs_f64(since.as_secs_f64() / *speed);
                Some(Arrival { at, recorded: Some((prompt, reply)) })
            }
        }
    }
}

fn seconds(span: (Moment, Moment)) -> f64 {
    (span.1 - span.0).as_secs_f64()
}

/// When an inhomogeneous Poisson process has expected `mass` arrivals, with a rate that goes linearly from
/// `rates.0` to `rates.1` over `span` seconds: the root t of r0 t + (r1 - r0) t^2 / (2 T) = mass. None when it
/// never does.
fn stretch(mass: f64, rates: (f64, f64), span: f64) -> Option<f64> {
    let slope = (rates.1 - rates.0) / span;
    let root = rates.0 * rates.0 + 2.0 * slope * mass;
    if root < 0.0 {
        return None;
    }
    // Stable for slope -> 0, where it becomes mass / rate.
    let at = 2.0 * mass / (rates.0 + libm::sqrt(root));
    (at.is_finite() && at <= span).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Dice;

    const SPAN: (Moment, Moment) = (Moment::from_us(1_000_000), Moment::from_us(101_000_000));

    fn times(arrivals: &Arrivals) -> Vec<Moment> {
        let dice = Dice::new(1).key("arrivals");
        Times::new(arrivals, dice).unwrap().unwrap().map(|arrival| arrival.at).collect()
    }

    #[test]
    fn poisson_has_the_rate_and_exponential_gaps() {
        // 100 s at 100/s: expectation 10,000, standard deviation 100; five of them allowed. The gaps' standard
        // deviation equals their mean, 10 ms.
        let times = times(&Arrivals::Poisson { rate: 100.0, span: SPAN });
        assert!(times.len().abs_diff(10_000) < 500, "{}", times.len());
        let gaps: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let spread = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((spread / mean - 1.0).abs() < 0.05, "{spread} / {mean}");
        assert!(times.iter().all(|at| SPAN.0 <= *at && *at < SPAN.1));
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced() {
        // Every 10 ms from 1.00 s up to 100.99 s: 10,000 of them.
        let times = times(&Arrivals::Constant { rate: 100.0, span: SPAN });
        assert_eq!((times.len(), times[1]), (10_000, Moment::from_us(1_010_000)));
    }

    #[test]
    fn a_ramp_has_three_quarters_of_its_arrivals_in_its_second_half() {
        // From 0 to 200/s over 100 s: 10,000 in all; the integral over the second half is 7,500.
        let times = times(&Arrivals::Ramp { from_rate: 0.0, to_rate: 200.0, span: SPAN });
        assert!(times.len().abs_diff(10_000) < 500, "{}", times.len());
        let late = times.iter().filter(|at| **at >= Moment::from_us(51_000_000)).count();
        assert!((late as f64 / times.len() as f64 - 0.75).abs() < 0.03);
    }

    #[test]
    fn bursts_come_together() {
        let times = times(&Arrivals::Burst { size: 3, every: Duration::from_secs(40), span: SPAN });
        let seconds: Vec<_> = times.iter().map(|at| at.as_us() / 1_000_000).collect();
        assert_eq!(seconds, [1, 1, 1, 41, 41, 41, 81, 81, 81]);
    }
}
