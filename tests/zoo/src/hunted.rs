//! Hunts a defect, with the worlds and the settings `brownout fuzz` has by default.

use std::io;

use brownout::fuzz::generate::{Given, world};
use brownout::fuzz::hunt::Hunt;
use brownout::fuzz::play::{engine, simulated};
use brownout::fuzz::shrink::{Budget, shrink};
use brownout::fuzz::{Broken, Case, Coverage};
use brownout::router::seam;

use crate::caught::Caught;
use crate::rows::Row;

/// Worlds played at most: a defect that needs more is not caught.
pub const CASES: u64 = 4_000;

/// Worlds played on the pure core, where many defects cannot be seen.
const CORE: u64 = 200;

/// Plays `case` with the defect of `row`, or with none: what it breaks, the promises the row names first. What is broken
/// without the defect as well shows nothing of it.
///
/// # Errors
///
/// As [`simulated::play`].
pub fn play(row: Option<&Row>, case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
    let mut broken = seam::with(row.map(|row| row.defect), || simulated::play(case, coverage))?;
    if row.is_some() && !broken.is_empty() && !simulated::play(case, &mut Coverage::default())?.is_empty() {
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
    let hunt = Hunt { seed: 0, given: Given::default(), from: 0, cases, budget: Budget::default() };
    let player = |case: &Case, coverage: &mut Coverage| play(Some(row), case, coverage);
    let Some(finding) = hunt.run(&player, &mut Coverage::default())? else { return Ok(None) };
    Ok(Some(Caught {
        defect: row.defect,
        world: Some(finding.number),
        tries: finding.shrunk.tries,
        broken: finding.shown,
        case: finding.shrunk.case,
        core: on_core(row)?,
    }))
}

/// The promise that breaks on the pure core with the defect of `row`, and after how many worlds.
fn on_core(row: &Row) -> io::Result<Option<(String, u64)>> {
    for number in 0..CORE {
        let case = world(&Given::default(), 0, number);
        let play = || engine::play(&case, &mut Coverage::default());
        let Some(broken) = seam::with(Some(row.defect), play)?.into_iter().next() else { continue };
        if play()?.is_empty() {
            return Ok(Some((broken.promise, number + 1)));
        }
    }
    Ok(None)
}

/// Makes small a scenario that shows the defect of `row`; none if it does not.
///
/// # Errors
///
/// As [`simulated::play`].
pub fn shrunk(row: &Row, case: &Case) -> io::Result<Option<Caught>> {
    let Some(broken) = play(Some(row), case, &mut Coverage::default())?.into_iter().next() else {
        return Ok(None);
    };
    let same = |case: &Case| {
        let again = play(Some(row), case, &mut Coverage::default()).unwrap_or_default();
        again.into_iter().find(|other| other.promise == broken.promise)
    };
    let small = shrink(case.clone(), Budget::default(), &mut |case| same(case).is_some());
    let broken = same(&small.case).unwrap_or(broken.clone());
    let (tries, case) = (small.tries, small.case);
    Ok(Some(Caught { defect: row.defect, world: None, tries, broken, case, core: on_core(row)? }))
}
