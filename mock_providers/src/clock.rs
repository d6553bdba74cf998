//! Time as a value.
//!
//! Everything in Brownout that depends on time takes a [`Moment`] as an argument; only the thin async shells
//! ask a [`Clock`] for it. A clock follows tokio's, so under a paused runtime it is virtual, and its wall time
//! starts where the scenario says: no simulated byte depends on when or where it was made.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: whole microseconds since the origin of the [`Clock`] that gave it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// The origin of the clock.
    pub const ZERO: Moment = Moment(0);
    /// A point that never comes.
    pub const NEVER: Moment = Moment(u64::MAX);

    /// The point `us` microseconds after the origin.
    #[must_use]
    pub const fn from_us(us: u64) -> Self {
        Moment(us)
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_us(self) -> u64 {
        self.0
    }

    /// The time that passed since `earlier`; zero when `earlier` lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, span: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Moment {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Moment> for Moment {
    type Output = Duration;

    /// As [`Moment::since`]: never negative.
    fn sub(self, earlier: Moment) -> Duration {
        self.since(earlier)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Moment::NEVER {
            return f.write_str("never");
        }
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// Reads tokio's clock as [`Moment`]s, and knows which wall-clock time the origin stands for.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: tokio::time::Instant,
    wall_origin_us: i64,
}

impl Clock {
    /// A clock whose origin is this very moment, standing for `wall_origin_us` (microseconds since the Unix
    /// epoch). Must be called inside a tokio runtime when that runtime's time is paused.
    #[must_use]
    pub fn start(wall_origin_us: i64) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        let origin = tokio::time::Instant::now();
        Clock { origin, wall_origin_us }
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Moment {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        let span = tokio::time::Instant::now().saturating_duration_since(self.origin);
        Moment::ZERO + span
    }

    /// Wall-clock time at `moment`, in microseconds since the Unix epoch.
    #[must_use]
    pub fn wall_us(&self, moment: Moment) -> i64 {
        self.wall_origin_us.saturating_add(i64::try_from(moment.as_us()).unwrap_or(i64::MAX))
    }

    /// The tokio instant of `moment`, to sleep until. Far-away moments are cut to thirty years from the origin,
    /// which is what tokio's own timers take for "never".
    #[must_use]
    pub fn instant(&self, moment: Moment) -> tokio::time::Instant {
        const FAR: u64 = 30 * 365 * 86_400 * 1_000_000;
        self.origin + Duration::from_micros(moment.as_us().min(FAR))
    }

    /// Sleeps until `moment`; returns at once when it has come.
    ///
    /// It is not left to tokio to see that: its timers tick in milliseconds, so that a sleep until this very moment
    /// takes until the next tick, which is more than all the work of an answer.
    pub async fn sleep_until(&self, moment: Moment) {
        if moment > self.now() {
            tokio::time::sleep_until(self.instant(moment)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn clock_follows_paused_time_and_carries_the_scenario_wall_clock() {
        let clock = Clock::start(1_000_000);
        clock.sleep_until(Moment::from_us(2_500_000)).await;
        // 2.5 s after the origin; the wall clock started at 1 s after the epoch.
        assert_eq!(clock.now(), Moment::from_us(2_500_000));
        assert_eq!(clock.wall_us(clock.now()), 3_500_000);
    }

    #[test]
    fn moments_saturate_instead_of_wrapping() {
        assert_eq!(Moment::NEVER + Duration::from_secs(1), Moment::NEVER);
        assert_eq!(Moment::ZERO - Moment::from_us(5), Duration::ZERO);
    }
}
