//! Chance, keyed instead of sequential.
//!
//! A sequential generator couples everything that draws from it: one more retry in one place, and every later
//! fault in the run changes. Here every draw is a function of (seed, what it is for, who, which request, which
//! attempt), so the same seed gives the same bad luck under any interleaving and any policy, and two routers
//! can be compared on it.
//!
//! ```
//! use mock_providers::dice::Dice;
//!
//! let dice = Dice::new(7);
//! let first = dice.key("latency").str("anthropic").str("req-1").u64(0);
//! assert_eq!(first.unit(), dice.key("latency").str("anthropic").str("req-1").u64(0).unit());
//! assert_ne!(first.unit(), dice.key("latency").str("anthropic").str("req-1").u64(1).unit());
//! ```

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// The root of all chance in a run: a seed from which keyed draws are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    /// Dice for `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Dice { seed }
    }

    /// Starts the key of a draw; `purpose` keeps draws for different things apart.
    #[must_use]
    pub fn key(&self, purpose: &str) -> Key {
        Key { state: mix(self.seed ^ 0x9e37_79b9_7f4a_7c15) }.str(purpose)
    }
}

/// A key under construction; ends in [`Key::unit`], [`Key::hash`] or [`Key::stream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    state: u64,
}

impl Key {
    /// Adds a name. Length is part of the key, so `("ab", "c")` and `("a", "bc")` differ.
    #[must_use]
    pub fn str(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// Adds bytes, as [`Key::str`] adds a name.
    #[must_use]
    pub fn bytes(self, part: &[u8]) -> Self {
        let mut state = self.state;
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            state = mix(state ^ u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            state = mix(state ^ u64::from_le_bytes(word));
        }
        Key { state: mix(state.wrapping_add(part.len() as u64)) }
    }

    /// Adds bytes of which there may be many: in four lanes, because each step of one waits for the one before. Not
    /// the key that [`Key::bytes`] gives.
    #[must_use]
    pub fn long(self, part: &[u8]) -> Self {
        let (blocks, rest) = part.as_chunks::<32>();
        let mut lanes = [0, 1, 2, 3].map(|lane| self.u64(lane).state);
        for block in blocks {
            let (words, _) = block.as_chunks::<8>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = fold(*lane ^ u64::from_le_bytes(*word));
            }
        }
        let [a, b, c, d] = lanes;
        Key { state: a }.u64(b).u64(c).u64(d).u64(part.len() as u64).bytes(rest)
    }

    /// Adds a number.
    #[must_use]
    pub fn u64(self, part: u64) -> Self {
        Key { state: mix(self.state ^ part.wrapping_mul(0xff51_afd7_ed55_8ccd)) }
    }

    /// The draw as 64 uniform bits.
    #[must_use]
    pub fn hash(self) -> u64 {
        mix(self.state)
    }

    /// The draw as a number in [0, 1), with 53 bits.
    #[must_use]
    pub fn unit(self) -> f64 {
        (self.hash() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with a probability of `ppm` parts per million; always for a million or more, never for zero.
    #[must_use]
    pub fn happens(self, ppm: u32) -> bool {
        // Lemire's multiply-shift: the top bits of hash * 1e6 are uniform over 0..1e6.
        let drawn = (u128::from(self.hash()) * 1_000_000) >> 64;
        drawn < u128::from(ppm)
    }

    /// A generator of its own for draws that come in numbers (one a token, say). ChaCha8, whose output the
    /// `rand` crate promises to keep.
    #[must_use]
    pub fn stream(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.hash())
    }
}

/// Half of [`mix`]'s work, for texts whose draws are mixed at their end: the halves of a product, one on the other. A
/// word that is zero would make the product zero: so there is an addition first.
const fn fold(z: u64) -> u64 {
    let product = (z.wrapping_add(0x9e37_79b9_7f4a_7c15) as u128) * 0xbf58_476d_1ce4_e5b9_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): every input bit reaches every output bit.
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_run_into_each_other() {
        let dice = Dice::new(1);
        assert_ne!(dice.key("x").str("ab").str("c").hash(), dice.key("x").str("a").str("bc").hash());
        assert_ne!(dice.key("x").u64(0).hash(), dice.key("x").hash());
        assert_ne!(dice.key("x").str("").hash(), dice.key("x").hash());
    }

    #[test]
    fn every_byte_of_a_long_part_and_its_length_make_a_difference() {
        let key = Dice::new(1).key("x");
        let text = vec![0_u8; 100];
        let mut seen = std::collections::BTreeSet::from([key.long(&text).hash()]);
        // A hundred changes of one byte, a hundred shorter texts: with the whole one, all different.
        for at in 0..text.len() {
            let mut other = text.clone();
            other[at] = 1;
            seen.insert(key.long(&other).hash());
            seen.insert(key.long(&text[..at]).hash());
        }
        assert_eq!(seen.len(), 201);
    }

    #[test]
    fn draws_are_uniform_enough() {
        // 100,000 draws at 30 %: expectation 30,000, standard deviation sqrt(n p q) = 145; five of them = 725.
        let dice = Dice::new(42);
        let hits = (0..100_000).filter(|n| dice.key("p").u64(*n).happens(300_000)).count();
        assert!(hits.abs_diff(30_000) < 725, "{hits}");
    }

    #[test]
    fn certain_and_impossible_are_exact() {
        let dice = Dice::new(3);
        assert!((0..10_000).all(|n| dice.key("p").u64(n).happens(1_000_000)));
        assert!((0..10_000).all(|n| !dice.key("p").u64(n).happens(0)));
    }

    #[test]
    fn a_draw_is_pinned_for_all_time() {
        // Changing the mixing would silently change every committed seed: this vector says so aloud.
        assert_eq!(Dice::new(7).key("fault").str("anthropic").u64(3).hash(), PINNED);
    }

    const PINNED: u64 = 268_418_405_458_858_564;
}
