//! The circuit breaker of one model.
//!
//! Closed, it counts consecutive failures. Open, it turns everybody away until its bench ends, and the bench
//! grows with every failed probe. Then it is half open: one request at a time may probe. The first useful
//! output of a probe lets traffic back in, on probation: one more failure before a whole answer, and the bench
//! goes on growing where it left off. A bench's end never moves backwards.

use std::time::Duration;

use crate::router::config::BreakerPolicy;
use crate::router::trail::SkipReason;
use crate::world::Moment;

/// Growth stops here: 2^20 times anything is longer than any `open_max`.
const LEVEL_MAX: u32 = 20;

/// The circuit breaker of one model.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
    /// Failed probes in a row: the bench grows with them.
    level: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Moment, probing: bool },
}

impl Breaker {
    /// Closed.
    #[must_use]
    pub fn new(policy: BreakerPolicy) -> Self {
        Breaker { policy, state: State::Closed { failures: 0 }, level: 0 }
    }

    /// In the same state under another policy; its probe slot is free.
    #[must_use]
    pub fn with_policy(&self, policy: BreakerPolicy) -> Self {
        let mut moved = Breaker { policy, ..self.clone() };
        moved.released(true);
        moved
    }

    /// Asks to pass: whether as the probe, whose slot it takes then.
    ///
    /// # Errors
    ///
    /// Why it may not.
    pub fn admit(&mut self, now: Moment) -> Result<bool, SkipReason> {
        match &mut self.state {
            State::Closed { .. } => Ok(false),
            State::Open { until, .. } if now < *until => Err(SkipReason::Benched { until: *until }),
            State::Open { probing: true, .. } => Err(SkipReason::Probing),
            State::Open { probing, .. } => {
                *probing = true;
                Ok(true)
            }
        }
    }

    /// Whether [`Breaker::admit`] would let somebody pass.
    #[must_use]
    pub fn would_admit(&self, now: Moment) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until, probing } => now >= until && !probing,
        }
    }

    /// When its bench ends, if it has one.
    #[must_use]
    pub fn bench(&self) -> Option<Moment> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } => Some(until),
        }
    }

    /// Takes the probe slot whatever the bench says, if it is free.
    pub fn force(&mut self) -> bool {
        match &mut self.state {
            State::Open { probing, .. } if !*probing => {
                *probing = true;
                true
            }
            _ => false,
        }
    }

    /// A probe brought output: closed, on probation.
    pub fn alive(&mut self) {
        if let State::Open { .. } = self.state {
            self.state = State::Closed { failures: self.policy.failures.saturating_sub(1) };
        }
    }

    /// An attempt served its request. One that began before the bench proves nothing about now.
    pub fn served(&mut self, probe: bool) {
        match self.state {
            State::Open { .. } if !probe => {}
            _ => {
                self.state = State::Closed { failures: 0 };
                self.level = 0;
            }
        }
    }

    /// An attempt failed by the model's own fault; `lasting` benches at once, for that long at least.
    pub fn failed(&mut self, probe: bool, lasting: Option<Duration>, now: Moment) {
        match self.state {
            State::Closed { failures } => {
                let failures = failures.saturating_add(1);
                let trips =
                    self.policy.failures > 0 && (failures >= self.policy.failures || lasting.is_some());
                if trips { self.open(lasting, now) } else { self.state = State::Closed { failures } }
            }
            State::Open { .. } if probe => self.open(lasting, now),
            State::Open { .. } => {}
        }
    }

    /// An attempt ended without saying anything about the model.
    pub fn released(&mut self, probe: bool) {
        if let State::Open { probing, .. } = &mut self.state
            && probe
        {
            *probing = false;
        }
    }

    /// Whether the probe slot is taken.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        matches!(self.state, State::Open { probing: true, .. })
    }

    fn open(&mut self, lasting: Option<Duration>, now: Moment) {
        let growth = libm::pow(self.policy.factor, f64::from(self.level));
        let grown = self.policy.open.as_secs_f64() * growth;
        let bench = Duration::from_secs_f64(grown.min(self.policy.open_max.as_secs_f64()));
        let bench = bench.max(lasting.unwrap_or_default().min(self.policy.open_max));
        let earlier = match self.state {
            State::Open { until, .. } => until,
            State::Closed { .. } => Moment::ZERO,
        };
        self.state = State::Open { until: earlier.max(now + bench), probing: false };
        self.level = (self.level + 1).min(LEVEL_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Moment {
        Moment::from_us(seconds * 1_000_000)
    }

    fn breaker() -> Breaker {
        Breaker::new(BreakerPolicy {
            failures: 2,
            open: Duration::from_secs(5),
            factor: 2.0,
            open_max: Duration::from_secs(15),
            ..BreakerPolicy::default()
        })
    }

    fn benched(until: u64) -> Result<bool, SkipReason> {
        Err(SkipReason::Benched { until: at(until) })
    }

    #[test]
    fn consecutive_failures_open_it_and_a_success_between_them_does_not() {
        let mut breaker = breaker();
        breaker.failed(false, None, at(0));
        breaker.served(false);
        breaker.failed(false, None, at(1));
        assert_eq!(breaker.admit(at(1)), Ok(false));
        breaker.failed(false, None, at(1));
        assert_eq!(breaker.admit(at(1)), benched(6));
    }

    #[test]
    fn the_bench_grows_with_every_failed_probe_up_to_its_cap() {
        let mut breaker = breaker();
        breaker.failed(false, None, at(0));
        breaker.failed(false, None, at(0));
        // 5 s, then 10 s, then 20 s cut to 15 s.
        for (probe_at, until) in [(5, 15), (15, 30), (30, 45)] {
            assert_eq!(breaker.admit(at(probe_at)), Ok(true));
            breaker.failed(true, None, at(probe_at));
            assert_eq!(breaker.admit(at(probe_at)), benched(until));
        }
    }

    #[test]
    fn only_one_probe_at_a_time_and_its_slot_comes_back() {
        let mut breaker = breaker();
        breaker.failed(false, Some(Duration::from_secs(3)), at(0));
        assert_eq!(breaker.admit(at(5)), Ok(true));
        assert_eq!(breaker.admit(at(5)), Err(SkipReason::Probing));
        breaker.released(true);
        assert_eq!(breaker.admit(at(5)), Ok(true));
        breaker.served(true);
        assert_eq!(breaker.admit(at(5)), Ok(false));
    }

    #[test]
    fn an_old_attempt_neither_shortens_nor_lengthens_a_bench() {
        let mut breaker = breaker();
        breaker.failed(false, None, at(0));
        breaker.failed(false, None, at(0));
        breaker.served(false);
        breaker.failed(false, None, at(3));
        assert_eq!(breaker.admit(at(4)), benched(5));
    }

    #[test]
    fn after_a_probe_brought_output_one_failure_benches_again_for_longer() {
        let mut breaker = breaker();
        breaker.failed(false, None, at(0));
        breaker.failed(false, None, at(0));
        assert_eq!(breaker.admit(at(5)), Ok(true));
        breaker.alive();
        assert_eq!(breaker.admit(at(5)), Ok(false));
        breaker.failed(true, None, at(6));
        assert_eq!(breaker.admit(at(6)), benched(16));
    }
}
