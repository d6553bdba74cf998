//! Faults: fewer of them, plainer ones, and none that leave it to chance whom they hit.

use super::kinds;
use super::scalar;
use super::search::Search;
use crate::fuzz::Doc;
use crate::scenario::{self, plain};

/// Calls that a fault may hit, or let through, in the place of a share of them.
const COUNTS: [(u64, u64); 6] = [(0, 1), (0, 2), (0, 3), (1, 1), (2, 1), (1, 2)];

/// Windows of a flapping fault that are tried alone.
const WINDOWS: u32 = 6;

/// Leaves out faults.
pub(super) fn drop_faults(search: &mut Search<'_>) {
    if search.edit(|doc| drop(doc.remove("faults"))) {
        return;
    }
    write_out(search);
    thin(search);
}

fn thin(search: &mut Search<'_>) {
    if let Some(place) = search.doc().find("faults") {
        search.thin(&[place], |_, _| true);
    }
}

/// Presets and replays stand for many faults: of those, the few that it takes.
fn write_out(search: &mut Search<'_>) {
    let case = search.case();
    let written = plain::expanded(search.text(), &case.scenario.path).map(Doc::from);
    if let Some(doc) = written {
        search.detour(doc, thin, |_| true);
    }
}

/// Makes each fault plainer.
pub(super) fn simplify(search: &mut Search<'_>) {
    if search.is_judged() {
        return;
    }
    for nth in (0..search.doc().get("faults").map_or(0, Doc::len)).rev() {
        certain(search, nth);
        one_window(search, nth);
        plainer(search, nth);
    }
}

/// A fault that hits a share of the calls -> one that hits all of them, or a few in a row.
fn certain(search: &mut Search<'_>, nth: usize) {
    const CHANCE: [&str; 3] = ["probability", "fate", "intensity"];
    let by_chance =
        |doc: &Doc| fault(doc, nth).is_some_and(|fault| CHANCE.iter().any(|key| fault.get(key).is_some()));
    if !by_chance(search.doc()) {
        return;
    }
    let counts = COUNTS.map(Some);
    for count in [None].into_iter().chain(counts) {
        let taken = search.edit(|doc| {
            let Some(fault) = fault_mut(doc, nth) else { return };
            for key in CHANCE {
                fault.remove(key);
            }
            if let Some((skip, first)) = count {
                if skip > 0 {
                    fault.set("skip", skip);
                }
                fault.set("first", first);
            }
        });
        if taken {
            return;
        }
    }
}

/// Windows that come again and again -> one of the first of them.
fn one_window(search: &mut Search<'_>, nth: usize) {
    let during = fault(search.doc(), nth).and_then(|fault| fault.get("during")).cloned();
    let Some(during @ Doc::Map(_)) = during else { return };
    let time = |key: &str| during.get(key).and_then(Doc::word).and_then(scenario::duration);
    let (Some(every), Some(lasts)) = (time("every"), time("for")) else { return };
    let from = time("from").unwrap_or_default();
    for window in 0..WINDOWS {
        let begins = from + every * window;
        let taken = search.edit(|doc| {
            if let Some(fault) = fault_mut(doc, nth) {
                fault.set("during", scalar::window(Some(begins), Some(begins + lasts)));
            }
        });
        if taken {
            return;
        }
    }
}

/// Another kind of fault that everybody knows.
fn plainer(search: &mut Search<'_>, nth: usize) {
    let Some(kind) = fault(search.doc(), nth).and_then(kind).map(str::to_owned) else { return };
    for plain in kinds::PLAIN.iter().filter(|plain| kinds::cost(plain) < kinds::cost(&kind)) {
        let taken = search.edit(|doc| {
            if let Some(fault) = fault_mut(doc, nth) {
                fault.set("inject", *plain);
            }
        });
        if taken {
            return;
        }
    }
}

fn kind(fault: &Doc) -> Option<&str> {
    let inject = fault.get("inject")?;
    inject.word().or_else(|| inject.entries().first().map(|(kind, _)| kind.as_str()))
}

fn fault(doc: &Doc, nth: usize) -> Option<&Doc> {
    doc.get("faults")?.at(&[nth])
}

fn fault_mut(doc: &mut Doc, nth: usize) -> Option<&mut Doc> {
    doc.get_mut("faults")?.at_mut(&[nth])
}
