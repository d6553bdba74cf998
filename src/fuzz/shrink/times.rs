//! Moments: the first request at the start, and no longer pauses than it takes.

use std::time::Duration;

use super::scalar::{self, Amount};
use super::search::Search;
use crate::fuzz::Doc;
use crate::scenario;

/// Most moments whose distances are looked at: a longer list is worth nobody's time.
const MOST: usize = 40;

/// Pauses to try, in the place of longer ones.
const PAUSES: [u64; 9] = [0, 1, 10, 100, 1_000, 2_000, 5_000, 10_000, 60_000];

/// Moves everything to the start, and what comes later closer to what comes before.
pub(super) fn close_up(search: &mut Search<'_>) {
    let moments = moments(search.doc());
    if moments.len() > MOST {
        return;
    }
    // Nor may who must be answered come closer to what is sent at the start without a word of when.
    let fixed = search.is_judged() && begins_unsaid(search.doc());
    if let Some(first) = moments.first().filter(|first| !first.is_zero() && !fixed) {
        pull(search, Duration::ZERO, *first);
    }
    let mut nth = moments.len();
    while nth > 1 && !search.is_spent() {
        nth -= 1;
        close_gap(search, nth);
    }
}

/// Pulls the moment with this number, and all that are later, towards the one before.
fn close_gap(search: &mut Search<'_>, nth: usize) {
    let moments = moments(search.doc());
    let Some([before, after]) = moments.get(nth.saturating_sub(1)..=nth) else { return };
    let gap = *after - *before;
    if search.is_judged() && last_fault(search.doc()).is_none_or(|over| *after > over) {
        // A caller who must be answered once all is well may not come sooner.
        return;
    }
    let pauses = PAUSES.map(Duration::from_millis);
    for pause in pauses.into_iter().filter(|pause| *pause < gap) {
        if pull(search, *after, gap - pause) {
            return;
        }
    }
    // Half of it, a quarter more or less: near to what it takes.
    let (mut least, mut most) = (Duration::ZERO, gap);
    for _ in 0..4 {
        let middle = whole((least + most) / 2);
        if middle >= most || middle <= least {
            return;
        }
        let at = *before + most;
        if pull(search, at, most - middle) { most = middle } else { least = middle }
    }
}

/// In milliseconds, or hundreds of them.
fn whole(time: Duration) -> Duration {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(if ms > 1_000 { ms / 100 * 100 } else { ms })
}

/// Everything from `from` on happens so much earlier.
fn pull(search: &mut Search<'_>, from: Duration, by: Duration) -> bool {
    search.edit(|doc| each(doc, &mut |at| if at >= from { at.saturating_sub(by) } else { at }))
}

/// When anything is sent, or begins or ceases to go wrong, in order.
fn moments(doc: &Doc) -> Vec<Duration> {
    let mut found = Vec::new();
    each(&mut doc.clone(), &mut |at| {
        found.push(at);
        at
    });
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether anything is sent at the start because nothing is said of when.
fn begins_unsaid(doc: &Doc) -> bool {
    let items = |list: &str| doc.get(list).map(Doc::items).unwrap_or_default();
    items("load").iter().any(|source| source.get("from").is_none())
        || items("requests")
            .first()
            .is_some_and(|one| one.get("send").and_then(|send| send.get("at")).is_none())
}

/// When the last fault is over; none if one never is.
fn last_fault(doc: &Doc) -> Option<Duration> {
    let faults = doc.get("faults").map(Doc::items).unwrap_or_default();
    let mut last = Duration::ZERO;
    for fault in faults {
        let during = fault.get("during")?;
        let windows = if during.items().is_empty() { std::slice::from_ref(during) } else { during.items() };
        for window in windows {
            let end = match window.word() {
                Some(word) => match Amount::of(word)? {
                    Amount::Window(_, to) => to?,
                    _ => return None,
                },
                None => scenario::duration(window.get("to")?.word()?)?,
            };
            last = last.max(end);
        }
    }
    Some(last)
}

/// Changes every moment of the run that is written down.
fn each(doc: &mut Doc, change: &mut dyn FnMut(Duration) -> Duration) {
    for (list, path) in [("requests", &["send", "at"] as &[&str]), ("load", &["from"]), ("load", &["to"])] {
        let Some(Doc::List(items)) = doc.get_mut(list) else { continue };
        for item in items {
            if let Some(at) = path.iter().try_fold(item, |doc, key| doc.get_mut(key)) {
                time(at, change);
            }
        }
    }
    let Some(Doc::List(faults)) = doc.get_mut("faults") else { return };
    for during in faults.iter_mut().filter_map(|fault| fault.get_mut("during")) {
        match during {
            Doc::List(windows) => windows.iter_mut().for_each(|one| window(one, change)),
            Doc::Map(_) => ["from", "to"].into_iter().for_each(|key| {
                if let Some(end) = during.get_mut(key) {
                    time(end, change);
                }
            }),
            one => window(one, change),
        }
    }
}

fn time(doc: &mut Doc, change: &mut dyn FnMut(Duration) -> Duration) {
    if let Some(at) = doc.word().and_then(scenario::duration) {
        *doc = Doc::duration(change(at));
    }
}

fn window(doc: &mut Doc, change: &mut dyn FnMut(Duration) -> Duration) {
    if let Some(Amount::Window(from, to)) = doc.word().and_then(Amount::of) {
        // What begins with the run begins with it still.
        *doc = scalar::window(from.map(&mut *change), to.map(&mut *change));
    }
}
