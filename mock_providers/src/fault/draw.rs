//! The numbers of a rule that fires: each is drawn anew for every call.

use std::time::Duration;

use super::Facts;
use crate::dice::Dice;
use crate::latency::Dist;

/// Draws the numbers of one rule for one call; the same call draws the same numbers under any order of arrival.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    facts: &'a Facts<'a>,
    dice: &'a Dice,
    rule: &'a str,
}

impl<'a> Draw<'a> {
    /// Draws for the rule of this name.
    #[must_use]
    pub const fn new(facts: &'a Facts<'a>, dice: &'a Dice, rule: &'a str) -> Self {
        Draw { facts, dice, rule }
    }

    /// A number, for this purpose.
    #[must_use]
    pub fn number(&self, purpose: &str, dist: Dist) -> f64 {
        match dist {
            Dist::Constant(value) => value,
            _ => {
                let key = self.facts.key(self.dice, "fault number").str(self.rule).str(purpose);
                dist.sample(&mut key.stream())
            }
        }
    }

    /// A whole number from 0 up, for this purpose.
    #[must_use]
    pub fn count(&self, purpose: &str, dist: Dist) -> u32 {
        u32::try_from(crate::latency::whole(self.number(purpose, dist))).unwrap_or(u32::MAX)
    }

    /// A duration, of a distribution of microseconds.
    #[must_use]
    pub fn duration(&self, purpose: &str, dist: Dist) -> Duration {
        Duration::from_micros(crate::latency::whole(self.number(purpose, dist)))
    }
}
