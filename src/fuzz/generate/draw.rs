//! Chance for a generator: an endless row of numbers from a key.
//!
//! The house's own keyed dice and its own arithmetic, not a random generator of somebody's: a world is known by its seed and
//! number for ever, whatever becomes of any library.

use std::time::Duration;

use crate::fuzz::Doc;
use crate::world::Key;

/// Draws one after the other.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    key: Key,
    drawn: u64,
}

impl Draw {
    pub(super) const fn new(key: Key) -> Draw {
        Draw { key, drawn: 0 }
    }

    /// Draws for one topic: however many are made elsewhere, these are the same.
    pub(super) fn of(&self, topic: &str) -> Draw {
        Draw::new(self.key.str(topic))
    }

    fn next(&mut self) -> u64 {
        self.drawn += 1;
        self.key.u64(self.drawn).hash()
    }

    /// Less than `n`; 0 where there is nothing to choose.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let high = (u128::from(self.next()) * n as u128) >> 64;
        usize::try_from(high).unwrap_or(0)
    }

    /// From `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        let span = u128::from(most.saturating_sub(least)) + 1;
        least + u64::try_from((u128::from(self.next()) * span) >> 64).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.between(0, 99) < percent
    }

    /// One of `items`, which are not none.
    pub(super) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// One of `items`, as often as its weight says.
    pub(super) fn weighted<T: Clone>(&mut self, items: &[(u64, T)]) -> T {
        let all: u64 = items.iter().map(|(weight, _)| weight).sum();
        let mut at = self.between(1, all.max(1));
        for (weight, item) in items {
            if at <= *weight {
                return item.clone();
            }
            at -= weight;
        }
        items[0].1.clone()
    }

    /// `count` of `items`, each at most once, in their order.
    pub(super) fn some<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut left = count.min(items.len());
        let mut chosen = Vec::new();
        for (at, item) in items.iter().enumerate() {
            if self.below(items.len() - at) < left {
                chosen.push(item.clone());
                left -= 1;
            }
        }
        chosen
    }

    /// The same in any order.
    pub(super) fn shuffled<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut rest = items.to_vec();
        (0..items.len()).map(|_| rest.swap_remove(self.below(rest.len()))).collect()
    }

    /// From `least` to `most` milliseconds, short times as often as long ones, in two digits.
    pub(super) fn ms(&mut self, least: u64, most: u64) -> u64 {
        let doublings = (most.max(1) / least.max(1)).max(1).ilog2();
        let upto = least.max(1) << self.between(1, u64::from(doublings) + 1);
        let ms = self.between(least.max(upto / 2), upto.min(most).max(least));
        let step = 10_u64.pow(ms.max(1).ilog10().saturating_sub(1));
        (ms / step * step).max(least)
    }

    /// One of these words.
    pub(super) fn word(&mut self, words: &[&str]) -> Doc {
        Doc::from(self.pick(words))
    }
}

/// How fast a world goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// Whether it lasts two seconds instead of forty.
    pub(super) brief: bool,
}

impl Pace {
    /// So many milliseconds of a world at the usual pace.
    pub(super) fn ms(self, ms: u64) -> Duration {
        Duration::from_millis(if self.brief { ms.div_ceil(20) } else { ms })
    }

    /// A time between so many milliseconds.
    pub(super) fn time(self, draw: &mut Draw, least: u64, most: u64) -> Duration {
        self.ms(draw.ms(least, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Dice;

    fn draw() -> Draw {
        Draw::new(Dice::new(7).key("test"))
    }

    #[test]
    fn draws_stay_in_their_bounds_and_reach_both_ends() {
        let mut draw = draw();
        let seen: Vec<u64> = (0..200).map(|_| draw.between(3, 6)).collect();
        assert_eq!((seen.iter().min(), seen.iter().max()), (Some(&3), Some(&6)));
        let times: Vec<u64> = (0..500).map(|_| draw.ms(20, 5_000)).collect();
        assert!(times.iter().all(|ms| (20..=5_000).contains(ms)), "{times:?}");
        // Log-uniform: half of them are below sqrt(20 * 5000) = 316, where of a uniform draw 6 % would be.
        let short = times.iter().filter(|ms| **ms < 316).count();
        assert!((150..350).contains(&short), "{short}");
    }

    #[test]
    fn a_topic_has_its_own_draws() {
        let mut one = draw();
        one.between(0, 9);
        assert_eq!(one.of("faults").below(1_000), draw().of("faults").below(1_000));
        assert_ne!(draw().of("faults").below(1 << 40), draw().of("load").below(1 << 40));
    }

    #[test]
    fn some_of_many_are_as_many_and_none_twice() {
        let items: Vec<usize> = (0..10).collect();
        let some = draw().some(&items, 4);
        assert_eq!(some.len(), 4);
        assert!(some.windows(2).all(|pair| pair[0] < pair[1]));
        let mut all = draw().shuffled(&items);
        all.sort_unstable();
        assert_eq!(all, items);
    }
}
