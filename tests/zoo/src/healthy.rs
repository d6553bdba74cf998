//! The worlds of the hunt with no defect at all: nothing may be found.

use std::io;

use brownout::fuzz::generate::{Given, world};
use brownout::fuzz::play::{Depth, engine};
use brownout::fuzz::{Broken, Coverage};

use crate::hunted;

/// Plays the worlds `0..count` of `seed`: those that broke something, with what they broke. On the pure core each is played with
/// [`engine::CASES`] seeds.
///
/// # Errors
///
/// As [`brownout::fuzz::play::simulated::play`].
pub fn worlds(depth: Depth, seed: u64, count: u64) -> io::Result<Vec<(u64, Broken)>> {
    let numbers: Vec<u64> = (0..count).collect();
    let chunks: Vec<&[u64]> = numbers.chunks(256).collect();
    let found =
        crate::on_every_core(&chunks, |chunk| chunk.iter().map(|number| one(depth, seed, *number)).collect());
    let found: io::Result<Vec<Vec<(u64, Broken)>>> =
        found.into_iter().collect::<io::Result<Vec<Vec<Vec<_>>>>>().map(|all| all.concat());
    Ok(found?.concat())
}

fn one(depth: Depth, seed: u64, number: u64) -> io::Result<Vec<(u64, Broken)>> {
    let case = world(&Given::default(), seed, number);
    let broken = match depth {
        Depth::Engine => engine::play(&case, &mut Coverage::default())?,
        _ => hunted::play(None, &case, depth)?,
    };
    Ok(broken.into_iter().map(|broken| (number, broken)).collect())
}
