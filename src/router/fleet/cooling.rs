//! A target's own wish to be left alone.
//!
//! Retry-After and rate-limit headers are the provider's word about one target, so they hold for that target only,
//! breakers or not. The end of a wish never moves backwards: an answer that was on its way for longer may ask for
//! less. And no wish is believed without end: a provider whose clock is wrong, or that says a day where it means a
//! minute, would else be gone for good.

use std::time::Duration;

use crate::chat::{Allowance, RateLimits};
use crate::router::seam::seam;
use crate::world::Moment;

/// The longest wait that is granted without asking again.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Until when a target asked to be left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cooling {
    until: Moment,
}

impl Cooling {
    /// Its end, while it lasts.
    pub(super) fn until(&self, now: Moment) -> Option<Moment> {
        (now < self.until).then_some(self.until)
    }

    /// Its end, past or to come.
    pub(super) fn end(&self) -> Moment {
        self.until
    }

    /// The target asks for `wait`; `longest` is the longest bench of its breaker.
    pub(super) fn ask(&mut self, wait: Duration, longest: Duration, now: Moment) {
        if seam!(ForgetsWaits, !wait.is_zero(), false) {
            let until = now + wait.min(longest.max(LONGEST));
            self.until = seam!(MovesAWaitBack, self.until.max(until), until);
        }
    }

    /// What its headers said: it is left alone until the last of the limits that are used up is whole again.
    pub(super) fn learn(&mut self, limits: &RateLimits, longest: Duration, now: Moment) {
        let spent = limits.iter().filter(is_spent).filter_map(|allowance| allowance.reset).max();
        self.ask(spent.unwrap_or_default(), longest, now);
    }
}

/// Nothing is left of it. A limit of zero is one that is not kept: some gateways write zeros for want of numbers.
fn is_spent(allowance: &Allowance) -> bool {
    allowance.is_spent() && allowance.limit != Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Moment {
        Moment::from_us(seconds * 1_000_000)
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn allowance(limit: Option<u64>, remaining: u64, reset: u64) -> Option<Allowance> {
        Some(Allowance { limit, remaining: Some(remaining), reset: Some(s(reset)) })
    }

    #[test]
    fn a_wish_never_moves_backwards_and_is_granted_for_ten_minutes_at_most() {
        let mut cooling = Cooling::default();
        cooling.ask(s(20), s(60), at(0));
        cooling.ask(s(1), s(60), at(1));
        assert_eq!(cooling.until(at(1)), Some(at(20)));
        assert_eq!(cooling.until(at(20)), None);
        cooling.ask(s(86_400), s(60), at(100));
        assert_eq!(cooling.end(), at(700));
        // Unless its breaker benches longer anyway.
        cooling.ask(Duration::MAX, s(3_600), at(100));
        assert_eq!(cooling.end(), at(3_700));
    }

    #[test]
    fn the_last_limit_that_is_used_up_decides() {
        let learned = |limits: RateLimits| {
            let mut cooling = Cooling::default();
            cooling.learn(&limits, s(60), at(0));
            cooling.until(at(0))
        };
        let none = RateLimits::default();
        let both = RateLimits { requests: allowance(Some(9), 0, 5), tokens: allowance(None, 0, 7), ..none };
        assert_eq!(learned(both), Some(at(7)));
        // Tokens are left: only the requests count. Then nothing is used up.
        assert_eq!(learned(RateLimits { tokens: allowance(None, 1, 7), ..both }), Some(at(5)));
        assert_eq!(learned(RateLimits { requests: allowance(Some(9), 3, 5), ..none }), None);
        // A limit of zero is no limit, and an end that nobody knows is none.
        assert_eq!(learned(RateLimits { requests: allowance(Some(0), 0, 5), ..none }), None);
        let endless = Some(Allowance { limit: None, remaining: Some(0), reset: None });
        assert_eq!(learned(RateLimits { requests: endless, ..none }), None);
    }
}
