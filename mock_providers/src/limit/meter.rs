//! How far a limit is used up: pure arithmetic, with the present passed in.
//!
//! A bucket counts in units times microseconds, so nothing is ever rounded: refilling in a thousand small steps
//! gives what one large step gives.

use std::time::Duration;

use super::Allowance;
use crate::clock::Moment;
use crate::dialect::civil;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// What was used so far.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meter {
    /// Units times microseconds of the period that are left (less than nothing: overdrawn), and as of when.
    Level { left: i128, at: Moment },
    /// Used up in a period that is counted from the epoch, or from the start.
    Period { number: i64, used: u64, before: u64 },
    /// Calls in progress.
    Open(u64),
    /// Never used up.
    Free,
}

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) at: Moment,
    /// Microseconds since the Unix epoch.
    pub(super) wall_us: i64,
}

impl Meter {
    /// Nothing used yet.
    pub(super) fn new(allowance: &Allowance, now: Now) -> Meter {
        match allowance {
            Allowance::Bucket { per, burst, .. } => Meter::Level { left: scaled(*burst, *per), at: now.at },
            Allowance::Slots { .. } => Meter::Open(0),
            Allowance::Call { .. } => Meter::Free,
            _ => Meter::Period { number: period(allowance, now), used: 0, before: 0 },
        }
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, allowance: &Allowance, now: Now) {
        match (self, allowance) {
            (Meter::Level { left, at }, Allowance::Bucket { amount, per, burst }) => {
                let elapsed = i128::from(now.at.as_us().saturating_sub(at.as_us()));
                *left = (*left + elapsed * i128::from(*amount)).min(scaled(*burst, *per));
                *at = now.at.max(*at);
            }
            (Meter::Period { number, used, before }, _) => {
                let current = period(allowance, now);
                if current != *number {
                    *before = if current == *number + 1 { *used } else { 0 };
                    (*number, *used) = (current, 0);
                }
            }
            _ => {}
        }
    }

    /// Whole units that are left.
    pub(super) fn left(&self, allowance: &Allowance) -> u64 {
        match (self, allowance) {
            (Meter::Level { left, .. }, Allowance::Bucket { per, .. }) => {
                u64::try_from((*left).max(0) / unit(*per)).unwrap_or(u64::MAX)
            }
            (Meter::Period { used, before, .. }, _) => ceiling(allowance, *before).saturating_sub(*used),
            (Meter::Open(open), _) => allowance.whole().saturating_sub(*open),
            (Meter::Free, _) => allowance.whole(),
            (Meter::Level { .. }, _) => 0,
        }
    }

    /// Takes `units`, whether they are there or not.
    pub(super) fn take(&mut self, allowance: &Allowance, units: u64) {
        match (self, allowance) {
            (Meter::Level { left, .. }, Allowance::Bucket { per, .. }) => *left -= scaled(units, *per),
            (Meter::Period { used, .. }, _) => *used = used.saturating_add(units),
            (Meter::Open(open), _) => *open = open.saturating_add(units),
            (Meter::Level { .. } | Meter::Free, _) => {}
        }
    }

    /// Takes what is there of `units`: a refused call does not overdraw.
    pub(super) fn take_some(&mut self, allowance: &Allowance, units: u64) {
        if let (Meter::Level { left, .. }, Allowance::Bucket { per, .. }) = (&mut *self, allowance) {
            *left = (*left - scaled(units, *per)).max((*left).min(0));
        }
    }

    /// Gives back a slot.
    pub(super) const fn give_back(&mut self) {
        if let Meter::Open(open) = self {
            *open = open.saturating_sub(1);
        }
    }

    /// Until `units` are there; none when nobody can say.
    pub(super) fn wait(&self, allowance: &Allowance, units: u64, now: Now) -> Option<Duration> {
        match (self, allowance) {
            (Meter::Level { left, .. }, Allowance::Bucket { amount, per, .. }) => {
                let missing = (scaled(units, *per) - left).max(0);
                let amount = i128::from((*amount).max(1));
                let us = missing / amount + i128::from(missing % amount > 0);
                Some(Duration::from_micros(u64::try_from(us).unwrap_or(u64::MAX)))
            }
            (Meter::Period { .. }, _) => Some(until_next(allowance, now)),
            _ => None,
        }
    }

    /// Until nothing of it is used any more.
    pub(super) fn reset(&self, allowance: &Allowance, now: Now) -> Duration {
        match self {
            Meter::Period { used: 0, .. } | Meter::Open(_) | Meter::Free => Duration::ZERO,
            _ => self.wait(allowance, allowance.whole(), now).unwrap_or_default(),
        }
    }
}

/// The scale of a bucket.
fn unit(per: Duration) -> i128 {
    i128::try_from(per.as_micros()).unwrap_or(i128::MAX).max(1)
}

fn scaled(units: u64, per: Duration) -> i128 {
    i128::from(units).saturating_mul(unit(per))
}

/// Calls of one period, at most.
fn ceiling(allowance: &Allowance, before: u64) -> u64 {
    match allowance {
        Allowance::Growth { factor, above, .. } => crate::latency::whole(before as f64 * factor).max(*above),
        _ => allowance.whole(),
    }
}

/// The number of the period that `now` lies in.
fn period(allowance: &Allowance, now: Now) -> i64 {
    match allowance {
        Allowance::Day { midnight, .. } => (now.wall_us - us(*midnight)).div_euclid(DAY_US),
        Allowance::Month { .. } => {
            let (year, month, _) = civil(now.wall_us.div_euclid(DAY_US));
            year * 12 + month
        }
        Allowance::Growth { every, .. } => us_of(now.at) / us(*every).max(1),
        _ => 0,
    }
}

/// Until the next period begins.
fn until_next(allowance: &Allowance, now: Now) -> Duration {
    let us = match allowance {
        Allowance::Day { midnight, .. } => DAY_US - (now.wall_us - us(*midnight)).rem_euclid(DAY_US),
        Allowance::Month { .. } => {
            let today = now.wall_us.div_euclid(DAY_US);
            let same = |day: &i64| civil(*day).1 == civil(today).1;
            let first = (today..today + 32).find(|day| !same(day)).unwrap_or(today + 31);
            first * DAY_US - now.wall_us
        }
        Allowance::Growth { every, .. } => {
            let every = us(*every).max(1);
            every - us_of(now.at) % every
        }
        _ => 0,
    };
    Duration::from_micros(u64::try_from(us).unwrap_or(0))
}

fn us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn us_of(moment: Moment) -> i64 {
    i64::try_from(moment.as_us()).unwrap_or(i64::MAX)
}
