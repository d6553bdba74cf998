//! Which differences matter, and how sure of one a verdict has to be.

use crate::history::figure::Kind;

/// What is known of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    /// After less before.
    pub(super) difference: f64,
    /// Where it lies with 95 % confidence.
    pub(super) interval: (f64, f64),
    /// Its standard error.
    pub(super) error: f64,
    /// Independent observations behind it, less one.
    pub(super) freedom: usize,
}

impl Estimate {
    /// Of things that are equal, pair by pair.
    pub(super) const NOTHING: Estimate =
        Estimate { difference: 0.0, interval: (0.0, 0.0), error: 0.0, freedom: 0 };

    /// Whether chance is out of the question: the interval leaves zero out, and the difference is as many standard errors
    /// as chance exceeds once in a thousand times. The interval alone would not do: a scenario has a hundred figures and
    /// more, and of each hundred five would lie outside theirs by chance.
    pub(super) fn certain(&self) -> bool {
        let (low, high) = self.interval;
        let outside = low > 0.0 || high < 0.0;
        outside && self.difference.abs() > student(self.freedom) * self.error
    }
}

/// The least difference of a kind that matters: absolute (in the kind's unit), and relative to what was before. Both have
/// to be reached.
pub(super) const fn least(kind: Kind) -> (f64, f64) {
    match kind {
        // A fifth of a percentage point: 99.9 % to 99.7 %.
        Kind::Share => (0.002, 0.0),
        // A millisecond, and a twentieth.
        Kind::Duration | Kind::Durations => (0.001, 0.05),
        // One more in ten runs, and a twentieth.
        Kind::Count => (0.1, 0.05),
        Kind::Ratio => (0.01, 0.02),
        Kind::Rate => (0.01, 0.02),
        // A ten-thousandth of a cent, and a fiftieth.
        Kind::Money => (0.000_001, 0.02),
    }
}

/// Whether a difference is large enough to matter.
pub(super) fn matters(kind: Kind, before: f64, after: f64) -> bool {
    /// The last digits of a float decide nothing.
    const ROUNDING: f64 = 1e-12;
    let (absolute, relative) = least(kind);
    let difference = (after - before).abs() + ROUNDING;
    difference >= absolute && difference >= relative * before.abs()
}

/// Student's t that chance exceeds, on either side, once in a thousand times; between the lines of the table the next
/// larger value. None can be exceeded without freedom.
fn student(freedom: usize) -> f64 {
    const FIRST: [f64; 31] = [
        f64::INFINITY,
        636.6,
        31.60,
        12.92,
        8.610,
        6.869,
        5.959,
        5.408,
        5.041,
        4.781,
        4.587,
        4.437,
        4.318,
        4.221,
        4.140,
        4.073,
        4.015,
        3.965,
        3.922,
        3.883,
        3.850,
        3.819,
        3.792,
        3.768,
        3.745,
        3.725,
        3.707,
        3.690,
        3.674,
        3.659,
        3.646,
    ];
    match freedom {
        0..=30 => FIRST[freedom],
        31..=39 => 3.646,
        40..=59 => 3.551,
        60..=119 => 3.460,
        _ => 3.373,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_matters_when_it_is_large_in_itself_and_beside_what_was() {
        // 1 ms on 10 ms is a tenth; 1 ms on 100 ms a hundredth; a tenth of 5 ms is half a millisecond.
        assert!(matters(Kind::Durations, 0.010, 0.011));
        assert!(!matters(Kind::Durations, 0.100, 0.101));
        assert!(!matters(Kind::Durations, 0.005, 0.0055));
        assert!(matters(Kind::Share, 0.999, 0.997));
        assert!(!matters(Kind::Share, 0.999, 0.998));
        assert!(matters(Kind::Count, 0.0, 1.0));
        assert!(!matters(Kind::Count, 100.0, 104.0));
    }

    #[test]
    fn certainty_needs_an_interval_beyond_zero_and_many_standard_errors() {
        let estimate =
            |difference, interval, error, freedom| Estimate { difference, interval, error, freedom };
        // Ten pairs, nine degrees of freedom: 4.781 standard errors.
        assert!(estimate(5.0, (3.0, 7.0), 1.0, 9).certain());
        assert!(!estimate(4.7, (3.0, 7.0), 1.0, 9).certain());
        assert!(!estimate(5.0, (-0.1, 7.0), 1.0, 9).certain());
        assert!(estimate(-5.0, (-7.0, -3.0), 1.0, 9).certain());
        // The same in every one of five pairs.
        assert!(estimate(1.0, (1.0, 1.0), 0.0, 4).certain());
        assert!(!estimate(1.0, (1.0, 1.0), 0.0, 0).certain());
        assert!(!Estimate::NOTHING.certain());
    }

    #[test]
    fn an_interval_that_ends_at_zero_holds_it() {
        let certain = |interval| Estimate { difference: 7.0, interval, error: 0.1, freedom: 9 }.certain();
        assert!(!certain((0.0, 7.0)) && !certain((-7.0, 0.0)));
        assert!(certain((0.1, 7.0)) && certain((-7.0, -0.1)));
    }

    #[test]
    fn the_fewer_observations_the_more_standard_errors_it_takes() {
        // Student's t of 0.1 % on both sides, and between two lines of its table the larger one.
        for (freedom, errors) in [
            (1, 636.6),
            (9, 4.781),
            (30, 3.646),
            (31, 3.646),
            (39, 3.646),
            (40, 3.551),
            (59, 3.551),
            (60, 3.460),
            (119, 3.460),
            (120, 3.373),
            (10_000, 3.373),
        ] {
            let certain = |times: f64| {
                let difference = errors * times;
                Estimate { difference, interval: (1.0, 2.0), error: 1.0, freedom }.certain()
            };
            assert!(certain(1.001) && !certain(0.999), "{freedom}");
        }
    }
}
