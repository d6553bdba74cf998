//! The time in which anything is sent: the shortest part of a run that still fails.

use std::time::Duration;

use super::scalar::{self, Amount};
use super::search::Search;
use crate::fuzz::Doc;
use crate::scenario;

/// Parts of the time to try: one in 2 to the power of this, and the larger ones.
const FINEST: u32 = 6;

/// Takes away time at the end, then at the beginning. What is drawn for a request that is still sent stays the same, so long as
/// nothing before it is missing: the end goes first.
pub(super) fn shorten(search: &mut Search<'_>) {
    let end = search.case().lasts();
    if let Some(to) = least(end, |part| search.edit(|doc| clip(doc, Duration::ZERO, part))) {
        // Between the half that does not fail and the whole that does.
        let mut step = to / 4;
        let mut to = to;
        for _ in 0..3 {
            if search.edit(|doc| clip(doc, Duration::ZERO, to.saturating_sub(step))) {
                to = to.saturating_sub(step);
            }
            step /= 2;
        }
    }
    let end = search.case().lasts();
    least(end, |part| search.edit(|doc| clip(doc, end.saturating_sub(part), Duration::MAX)));
}

/// The least part of `whole` with which it works: of 1/64, 1/32, up to 1/2.
fn least(whole: Duration, mut works: impl FnMut(Duration) -> bool) -> Option<Duration> {
    let parts = (1..=FINEST).rev().map(|power| whole / 2_u32.pow(power));
    parts.filter(|part| !part.is_zero()).find(|part| works(*part))
}

/// Leaves nothing to be sent before `from`, and nothing from `to` on.
fn clip(doc: &mut Doc, from: Duration, to: Duration) {
    if let Some(Doc::List(sources)) = doc.get_mut("load") {
        sources.retain_mut(|source| clip_source(source, from, to));
        if sources.is_empty() {
            doc.remove("load");
        }
    }
    if let Some(Doc::List(requests)) = doc.get_mut("requests") {
        requests.retain(|request| {
            let judged = request.entries().iter().any(|(key, _)| key != "send");
            judged || time(request.get("send"), "at").is_none_or(|at| from <= at && at < to)
        });
        if requests.is_empty() {
            doc.remove("requests");
        }
    }
    if let Some(Doc::List(faults)) = doc.get_mut("faults") {
        // A fault that begins when all is over is a mistake of its own.
        faults.retain(|fault| begins(fault.get("during")).is_none_or(|begins| begins < to));
    }
}

/// The beginning of a window.
fn begins(during: Option<&Doc>) -> Option<Duration> {
    match Amount::of(during?.word()?)? {
        Amount::Window(from, _) => Some(from.unwrap_or_default()),
        _ => None,
    }
}

/// Whether anything is left of the source.
fn clip_source(source: &mut Doc, from: Duration, to: Duration) -> bool {
    let begins = time(Some(source), "from").unwrap_or_default();
    if source.get("trace").is_some() {
        return clip_trace(source, begins, from, to);
    }
    let length = time(Some(source), "for").map(|length| begins.saturating_add(length));
    let Some(ends) = length.or_else(|| time(Some(source), "to")) else { return true };
    let (first, last) = (begins.max(from), ends.min(to));
    if first >= last {
        return false;
    }
    source.remove("to");
    set_start(source, first);
    source.set("for", last.saturating_sub(first));
    true
}

fn set_start(source: &mut Doc, from: Duration) {
    if from.is_zero() {
        source.remove("from");
    } else {
        source.set("from", from);
    }
}

/// A recording is played faster than it was made, and from a part of it.
fn clip_trace(source: &mut Doc, begins: Duration, from: Duration, to: Duration) -> bool {
    let speed = match source.get("speed").and_then(Doc::word).and_then(Amount::of) {
        Some(Amount::Number(speed, _)) if speed > 0.0 => speed,
        _ => 1.0,
    };
    let (start, end) = match source.get("slice").and_then(Doc::word).and_then(Amount::of) {
        Some(Amount::Window(start, end)) => (start.unwrap_or_default(), end),
        _ => (Duration::ZERO, None),
    };
    let recorded = |played: Duration| played.min(Duration::from_secs(86_400 * 366)).mul_f64(speed);
    let first = start + recorded(from.saturating_sub(begins));
    let last = (to != Duration::MAX).then(|| start + recorded(to.saturating_sub(begins)));
    let last = [last, end].into_iter().flatten().min();
    if last.is_some_and(|last| first >= last) {
        return false;
    }
    set_start(source, begins.max(from));
    source.set("slice", scalar::window(Some(first), last));
    true
}

fn time(doc: Option<&Doc>, key: &str) -> Option<Duration> {
    scenario::duration(doc?.get(key)?.word()?)
}
