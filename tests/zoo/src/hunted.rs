//! Hunts a defect, with the worlds and the settings `brownout fuzz` has by default.
//!
//! As there, a world is played whole on a simulated network and, with many seeds, on the pure core alone. What shows whole is
//! preferred, because its scenario says more: first some worlds are played whole, then the same ones on the core, then more of
//! them whole.

use std::io;

use brownout::fuzz::generate::{Given, world};
use brownout::fuzz::hunt::{Finding, Hunt};
use brownout::fuzz::play::{Depth, engine, simulated};
use brownout::fuzz::shrink::{Budget, shrink};
use brownout::fuzz::{Broken, Case, Coverage};
use brownout::router::seam;

use crate::caught::Caught;
use crate::rows::Row;

/// Worlds played whole at most: a defect that needs more is not caught.
pub const CASES: u64 = 4_000;

/// Worlds played on the pure core, and whole before that counts.
const CORE: u64 = 400;

/// What the pure core shows of a defect.
struct Core {
    world: u64,
    promise: String,
    case: Case,
}

/// Plays `case` with the defect of `row`, or with none: what it breaks, the promises the row names first. What is broken
/// without the defect as well shows nothing of it.
///
/// # Errors
///
/// As [`simulated::play`].
pub fn play(row: Option<&Row>, case: &Case, depth: Depth) -> io::Result<Vec<Broken>> {
    let at = |defect| {
        let mut aside = Coverage::default();
        seam::with(defect, || match depth {
            Depth::Engine => Ok(engine::one(case, 0, &mut aside).into_iter().collect()),
            _ => simulated::play(case, &mut aside),
        })
    };
    let mut broken: Vec<Broken> = at(row.map(|row| row.defect))?;
    if row.is_some() && !broken.is_empty() && !at(None)?.is_empty() {
        return Ok(Vec::new());
    }
    let place = |broken: &Broken| {
        let named = row.and_then(|row| row.breaks.iter().position(|promise| *promise == broken.promise));
        named.unwrap_or(usize::MAX)
    };
    broken.sort_by_key(place);
    Ok(broken)
}

/// Hunts the defect of `row` from world 0 of seed 0 on; none if `cases` worlds do not show it.
///
/// # Errors
///
/// As [`simulated::play`].
pub fn hunt(row: &Row, cases: u64) -> io::Result<Option<Caught>> {
    let core = on_core(row, 0)?;
    let told = core.as_ref().map(|core| (core.promise.clone(), core.world + 1));
    let soon = cases.min(CORE);
    if let Some(found) = whole(row, 0, soon)? {
        return Ok(Some(caught(row, found, told)));
    }
    if let Some(core) = core.filter(|core| row.names(&core.promise)) {
        return small(row, &core.case, Depth::Engine, Some(core.world), told);
    }
    Ok(whole(row, soon, cases - soon)?.map(|found| caught(row, found, told)))
}

/// How a defect was first noticed.
pub struct Spotted {
    /// The promise that broke.
    pub promise: String,
    /// How deep its world was played.
    pub depth: Depth,
    /// How many worlds that took.
    pub worlds: u64,
}

/// Hunts the defect of `row` as [`hunt`] does, with any seed, and makes nothing small.
///
/// # Errors
///
/// As [`simulated::play`].
pub fn spotted(row: &Row, seed: u64, cases: u64) -> io::Result<Option<Spotted>> {
    let whole = |from: u64, to: u64| -> io::Result<Option<Spotted>> {
        for number in from..to {
            let broken = play(Some(row), &world(&Given::default(), seed, number), Depth::Simulated)?;
            if let Some(broken) = broken.into_iter().next() {
                let (promise, depth) = (broken.promise, Depth::Simulated);
                return Ok(Some(Spotted { promise, depth, worlds: number + 1 }));
            }
        }
        Ok(None)
    };
    if let Some(spotted) = whole(0, cases.min(CORE))? {
        return Ok(Some(spotted));
    }
    let core = on_core(row, seed)?.filter(|core| row.names(&core.promise));
    if let Some(core) = core {
        let (promise, depth) = (core.promise, Depth::Engine);
        return Ok(Some(Spotted { promise, depth, worlds: core.world + 1 }));
    }
    whole(cases.min(CORE), cases)
}

/// Makes small a scenario that shows the defect of `row`; none if it does not.
///
/// # Errors
///
/// As [`simulated::play`].
pub fn shrunk(row: &Row, case: &Case) -> io::Result<Option<Caught>> {
    let told = on_core(row, 0)?.map(|core| (core.promise, core.world + 1));
    small(row, case, Depth::Simulated, None, told)
}

fn whole(row: &Row, from: u64, cases: u64) -> io::Result<Option<Finding>> {
    let hunt = Hunt { seed: 0, given: Given::default(), from, cases, budget: Budget::default() };
    let player = |case: &Case, _: &mut Coverage| play(Some(row), case, Depth::Simulated);
    hunt.run(&player, &mut Coverage::default())
}

fn caught(row: &Row, found: Finding, core: Option<(String, u64)>) -> Caught {
    Caught {
        defect: row.defect,
        depth: Depth::Simulated,
        world: Some(found.number),
        tries: found.shrunk.tries,
        broken: found.shown,
        case: found.shrunk.case,
        core,
    }
}

fn small(
    row: &Row,
    case: &Case,
    depth: Depth,
    world: Option<u64>,
    core: Option<(String, u64)>,
) -> io::Result<Option<Caught>> {
    let Some(broken) = play(Some(row), case, depth)?.into_iter().next() else { return Ok(None) };
    let same = |case: &Case| {
        let again = play(Some(row), case, depth).unwrap_or_default();
        again.into_iter().find(|other| other.promise == broken.promise)
    };
    let small = shrink(case.clone(), Budget::default(), &mut |case| same(case).is_some());
    let broken = same(&small.case).unwrap_or(broken.clone());
    let (tries, case) = (small.tries, small.case);
    Ok(Some(Caught { defect: row.defect, depth, world, tries, broken, case, core }))
}

/// What breaks on the pure core with the defect of `row`, in the first world in which anything does.
fn on_core(row: &Row, seed: u64) -> io::Result<Option<Core>> {
    for number in 0..CORE {
        let case = world(&Given::default(), seed, number);
        let played = seam::with(Some(row.defect), || -> io::Result<_> {
            let broken = engine::play(&case, &mut Coverage::default())?.into_iter().next();
            Ok(broken.and_then(|broken| Some((engine::reseeded(&case, &broken.promise)?, broken.promise))))
        });
        let Some((case, promise)) = played? else { continue };
        if !play(Some(row), &case, Depth::Engine)?.is_empty() {
            return Ok(Some(Core { world: number, promise, case }));
        }
    }
    Ok(None)
}
