//! Which case is played how deep.

use crate::fuzz::Depth;

/// Of so many cases one is a whole world on a simulated network; the others are played on the pure core, each with a handful of
/// seeds, which takes half of the time.
const WORLD_EVERY: u64 = 2;

/// Of so many cases one is played over sockets: it takes seconds, and shows only what a simulated network cannot.
const SOCKETS_EVERY: u64 = 500;

/// How deep case `number` is played, where `asked` leaves it open. The number alone decides, so that any case of a hunt can be
/// played again by itself.
pub(super) const fn depth(asked: Option<Depth>, number: u64) -> Depth {
    match asked {
        Some(depth) => depth,
        None if number % SOCKETS_EVERY == SOCKETS_EVERY - 1 => Depth::Sockets,
        None if number.is_multiple_of(WORLD_EVERY) => Depth::Simulated,
        None => Depth::Engine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hunt_at_all_depths_is_mixed_by_number() {
        let count = |wanted| (0..1_000).filter(|number| depth(None, *number) == wanted).count();
        assert_eq!([Depth::Engine, Depth::Simulated, Depth::Sockets].map(count), [498, 500, 2]);
        assert_eq!(depth(None, 0), Depth::Simulated);
        assert!((0..1_000).all(|number| depth(Some(Depth::Sockets), number) == Depth::Sockets));
    }
}
