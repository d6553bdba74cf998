//! How much traffic a target gets that has just come back.

use std::time::Duration;

use crate::world::Moment;

/// The share that the first moment gets: enough to learn from, too little to fall over.
const FLOOR: f64 = 0.1;

/// The share of traffic for a target that is back since `since`, when it is given `ramp` to get warm: a straight line
/// from a tenth to all of it.
pub(super) fn share(since: Moment, ramp: Duration, now: Moment) -> f64 {
    if is_over(since, ramp, now) {
        return 1.0;
    }
    FLOOR + (1.0 - FLOOR) * ((now - since).as_secs_f64() / ramp.as_secs_f64())
}

/// Whether all traffic is back.
pub(super) fn is_over(since: Moment, ramp: Duration, now: Moment) -> bool {
    now - since >= ramp
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_begins_at_a_tenth_and_ends_at_all_of_it() {
        let (since, ramp) = (Moment::from_us(5_000_000), Duration::from_secs(10));
        let after = |seconds| share(since, ramp, since + Duration::from_secs(seconds));
        // Half way: 0.1 + 0.9 / 2.
        assert_eq!([after(0), after(5), after(10), after(99)], [0.1, 0.55, 1.0, 1.0]);
        assert_eq!(share(since, Duration::ZERO, since), 1.0);
    }

    proptest! {
        /// The share never falls while time passes, and never leaves [0.1, 1].
        #[test]
        fn it_never_falls(ramp in 0..100_000_u64, one in 0..200_000_u64, more in 0..200_000_u64) {
            let at = |ms: u64| share(Moment::ZERO, Duration::from_millis(ramp), Moment::from_us(ms * 1_000));
            prop_assert!(at(one) <= at(one + more));
            prop_assert!((FLOOR..=1.0).contains(&at(one)));
        }
    }
}
