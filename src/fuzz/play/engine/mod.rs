//! The pure core alone, as a state machine: engine, plan and fleet, without sockets, bytes or tasks.
//!
//! A case is a world and a seed: the router as the scenario configures it, its callers, and an abstract provider that says of
//! each attempt what comes of it, and when. Everything happens in an event queue in virtual time; every promise that can be
//! seen from here is checked after every event, by books of our own that never ask the core what it believes.
//!
//! A world costs as much to draw and to read as many lives cost to live. So one world is played with many seeds: the one in
//! its document, and those that follow it ([`CASES`] in all). What is found has a document of its own ([`reseeded`]): the
//! same world with the seed that broke it, which is then the first that is played.
//!
//! Even seeds do what the scenario's faults say; odd ones are *wild*: their providers do anything at any time, and their callers
//! want more than the scenario says. Then everything heals, and who was benched must be back.
//!
//! - `callers`: who asks, and when. `station`, `meaning`: what a scripted provider makes of a call; `wild`: what any may.
//! - `fate`: what becomes of an attempt under the limits it was granted.
//! - `world`: the queue; `shell`: one request, and the attempts made for it, as the async shell makes them; `landing`: what comes of
//!   these; `probes`: what happens without a request.
//! - `known`: our own books. `promises`: what must hold. `counts`: what was met, and how often something was asked.
//!
//! What never happens here: bytes, so nothing of classification, relaying, bills and what callers are told.

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

use std::io;

use super::Broken;
use crate::fuzz::{Case, Coverage};
use world::World;

/// Seeds with which one world is played: cases in one [`play`].
pub const CASES: u64 = 16;

/// Plays `case` on the pure core, with its own seed and those that follow it, until one breaks a promise.
///
/// # Errors
///
/// Never so far.
pub fn play(case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    let mut firsts = Vec::new();
    for nth in 0..CASES {
        if let Err(broken) = seed(case, nth, coverage, &mut firsts) {
            return Ok(vec![broken]);
        }
    }
    Ok(promises::weights_are_kept(&case.scenario.router, &firsts).err().into_iter().collect())
}

/// Plays the world of `case` with the `nth` seed after its own.
pub fn one(case: &Case, nth: u64, coverage: &mut Coverage) -> Option<Broken> {
    seed(case, nth, coverage, &mut Vec::new()).err()
}

/// The same; adds up who came first on each route.
fn seed(case: &Case, nth: u64, coverage: &mut Coverage, firsts: &mut Vec<Vec<u64>>) -> Result<(), Broken> {
    let seed = case.scenario.seed.wrapping_add(nth);
    let mut world = World::new(&case.scenario, seed);
    let played = world.play();
    world.tell(coverage);
    firsts.resize(world.firsts.len(), Vec::new());
    for (sum, route) in firsts.iter_mut().zip(&world.firsts) {
        sum.resize(route.len(), 0);
        sum.iter_mut().zip(route).for_each(|(sum, count)| *sum += count);
    }
    played.map_err(|broken| Broken { what: format!("{} (seed {seed})", broken.what), ..broken })
}

/// The case whose own seed is the first that breaks `promise` in `case`: what is to be kept of a finding. None when nothing
/// does any more.
#[must_use]
pub fn reseeded(case: &Case, promise: &str) -> Option<Case> {
    let mut aside = Coverage::default();
    let breaks = |nth: &u64, aside: &mut Coverage| {
        one(case, *nth, aside).is_some_and(|broken| broken.promise == promise)
    };
    let nth = (0..CASES).find(|nth| breaks(nth, &mut aside))?;
    let mut doc = case.doc.clone();
    doc.set("seed", case.scenario.seed.wrapping_add(nth));
    let again = Case::new(doc).ok()?;
    // Windows that are drawn from the seed are others now.
    one(&again, 0, &mut aside).is_some_and(|broken| broken.promise == promise).then_some(again)
}

#[cfg(test)]
mod tests;
