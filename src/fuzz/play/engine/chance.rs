//! Draws in a row from one key: for what is drawn for a thing at once, and nowhere else.

use std::time::Duration;

use crate::world::Key;

/// Draws in a row from one key.
pub(super) struct Chance {
    key: Key,
    drawn: u64,
}

impl Chance {
    pub(super) const fn new(key: Key) -> Self {
        Chance { key, drawn: 0 }
    }

    fn next(&mut self) -> Key {
        self.drawn += 1;
        self.key.u64(self.drawn)
    }

    /// In [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        self.next().unit()
    }

    /// True for so many in a hundred.
    pub(super) fn percent(&mut self, share: u32) -> bool {
        self.next().happens(share * 10_000)
    }

    /// Below `count`, which is not zero.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        self.next().hash() % count.max(1)
    }

    pub(super) fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }

    /// Between the two, in whole microseconds.
    pub(super) fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let us = u64::try_from(to.saturating_sub(from).as_micros()).unwrap_or(u64::MAX);
        from + Duration::from_micros(self.below(us.saturating_add(1)))
    }
}
