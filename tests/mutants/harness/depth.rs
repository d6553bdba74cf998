//! The engine depth of the fuzzer, over configurations instead of documents.

mod callers;
mod chance;
mod counts;
mod fate;
mod known;
mod landing;
mod meaning;
mod probes;
mod promises;
mod shell;
mod station;
mod wild;
mod world;

use super::Broken;
use crate::scenario::Scenario;

/// Plays a world with one seed.
pub fn one(scenario: &Scenario, seed: u64) -> Option<Broken> {
    let mut world = world::World::new(scenario, seed);
    let played = world.play().and_then(|()| promises::weights_are_kept(&scenario.router, &world.firsts));
    played.err()
}
