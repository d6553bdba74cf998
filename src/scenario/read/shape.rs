//! Shares that change with time, windows that come and go, and luck that is shared.

use std::time::Duration;

use mock_providers::fault::{Fate, Shape as Curve, Window};
use mock_providers::latency::Dist;

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::units::show;
use super::super::yaml::{Node, Value};
use super::{dist, load};
use crate::world::{Dice, Moment};

pub(in crate::scenario) const SHAPE: Shape =
    Shape { what: "a share that changes", name: "shape", keys: &["ramp", "diurnal"] };

pub(in crate::scenario) const DIURNAL: Shape =
    Shape { what: "a daily curve", name: "diurnal", keys: &["low", "high", "peak"] };

pub(in crate::scenario) const FATE: Shape = Shape { what: "a fate", name: "fate", keys: &["name", "slot"] };

pub(in crate::scenario) const FLAPPING: Shape =
    Shape { what: "a flapping window", name: "flapping", keys: &["from", "to", "every", "for"] };

/// Windows of one fault at most.
const MOST_WINDOWS: usize = 10_000;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Slots of a fate, unless it is said.
const USUAL_SLOT: Duration = Duration::from_secs(1);

/// `30%`, or a share that changes: a constant, or a curve.
pub(super) fn share(cx: &Cx, node: &Node, starts_us: i64, during: &[Window]) -> (Option<u32>, Option<Curve>) {
    if matches!(node.value, Value::Scalar { .. }) {
        return (cx.share_ppm(node), None);
    }
    (None, curve(cx, node, starts_us, during))
}

/// `{ ramp: [0%, 80%] }` or `{ diurnal: { low: 10%, high: 90%, peak: "14:00" } }`.
pub(super) fn curve(cx: &Cx, node: &Node, starts_us: i64, during: &[Window]) -> Option<Curve> {
    match cx.fields(node, &SHAPE).one_of(cx, &["ramp", "diurnal"])? {
        ("ramp", ends) => ramp(cx, ends, during),
        (_, node) => {
            let fields = cx.fields(node, &DIURNAL);
            let share = |key: &str, example| {
                fields
                    .require(cx, key, example)
                    .and_then(|node| cx.share_ppm(node))
                    .map(|ppm| f64::from(ppm) / 1e6)
            };
            let (low, high) = (share("low", "10%"), share("high", "90%"));
            let peak = fields.require(cx, "peak", "\"14:00\"").and_then(|node| peak(cx, node, starts_us));
            Some(Curve::Diurnal { low: low?, high: high?, peak: peak? })
        }
    }
}

fn ramp(cx: &Cx, node: &Node, during: &[Window]) -> Option<Curve> {
    let [from, to] = cx.list(node, "`ramp`") else {
        let problem = Diagnostic::new(Code::WRONG_TYPE, "`ramp` takes two shares").at(&node.span);
        cx.report(problem.help("write `ramp: [0%, 80%]`"));
        return None;
    };
    if during.is_empty() || during.iter().any(|window| window.to == Moment::NEVER) {
        let problem = Diagnostic::new(Code::BAD_WINDOW, "a ramp needs a window with an end").at(&node.span);
        cx.report(problem.help("add `during: 5m..10m`"));
        return None;
    }
    let share = |node: &Node| cx.share_ppm(node).map(|ppm| f64::from(ppm) / 1e6);
    Some(Curve::Ramp { from: share(from)?, to: share(to)? })
}

/// When a time of the day comes first in the run.
pub(super) fn peak(cx: &Cx, node: &Node, starts_us: i64) -> Option<Duration> {
    let text = cx.scalar(node, "a time of the day (`\"14:00\"`)")?;
    let parts: Vec<Option<i64>> = text.split(':').map(|part| part.parse().ok()).collect();
    let of_day = match parts[..] {
        [Some(hour @ 0..=23), Some(minute @ 0..=59)] => (hour * 60 + minute) * 60_000_000,
        _ => {
            let problem = Diagnostic::new(Code::BAD_TIME, format!("`{text}` is not a time of the day"));
            cx.report(problem.at(&node.span).help("write it like `\"14:00\"`, in UTC"));
            return None;
        }
    };
    let us = (of_day - starts_us.rem_euclid(DAY_US)).rem_euclid(DAY_US);
    u64::try_from(us).ok().map(Duration::from_micros)
}

/// `fate: NAME`, or `{ name: NAME, slot: 5s }`.
pub(super) fn fate(cx: &Cx, node: &Node) -> Option<Fate> {
    if matches!(node.value, Value::Scalar { .. }) {
        return cx.name(node).map(|name| Fate { name: name.value, slot: USUAL_SLOT });
    }
    let fields = cx.fields(node, &FATE);
    let name = fields.require(cx, "name", "backbone").and_then(|node| cx.name(node))?;
    let slot = fields.get("slot").map_or(Some(USUAL_SLOT), |node| cx.some_time(node))?;
    Some(Fate { name: name.value, slot })
}

/// A window of the run.
pub(super) fn window(from: Duration, to: Option<Duration>) -> Window {
    Window { from: load::moment(from), to: to.map_or(Moment::NEVER, load::moment) }
}

/// `{from, to, every, for}`: a window of `for` every `every`; ranges are drawn anew for every window, from the seed
/// and the fault's place in the file.
pub(super) fn flapping(cx: &Cx, node: &Node, (seed, nth): (u64, usize)) -> Option<Vec<Window>> {
    let fields = cx.fields(node, &FLAPPING);
    let from = fields.get("from").map_or(Some(Duration::ZERO), |node| cx.duration(node));
    let to = fields.require(cx, "to", "10m").and_then(|node| cx.some_time(node));
    let every = some_times(cx, &fields, "every", "60s");
    let lasts = some_times(cx, &fields, "for", "20s");
    let (from, to, every, lasts) = (from?, to?, every?, lasts?);
    let bad = |message: String| {
        cx.report(Diagnostic::new(Code::BAD_WINDOW, message).at(&node.span));
        None
    };
    if to <= from {
        return bad(format!("it ends at {}, before it begins at {}", show(to), show(from)));
    }
    let dice = Dice::new(seed);
    let draw = |dist: Dist, purpose: &str, window: usize| {
        let key = dice.key("flapping").str(purpose).u64(nth as u64).u64(window as u64);
        dist.sample_duration(&mut key.stream())
    };
    let mut windows = Vec::new();
    let mut start = from;
    while start < to {
        if windows.len() == MOST_WINDOWS {
            return bad(format!("more than {MOST_WINDOWS} windows"));
        }
        let period = draw(every, "every", windows.len());
        let length = draw(lasts, "for", windows.len());
        if length >= period {
            return bad(format!("windows of {} every {} leave no pause", show(length), show(period)));
        }
        windows.push(window(start, Some((start + length).min(to))));
        start += period;
    }
    windows.retain(|window| window.from < window.to);
    Some(windows)
}

/// A DIST of times that are longer than nothing.
fn some_times(cx: &Cx, fields: &Fields<'_>, key: &str, example: &str) -> Option<Dist> {
    let node = fields.require(cx, key, example)?;
    match dist::times(cx, node)? {
        Dist::Constant(_) => cx.some_time(node).map(|time| Dist::Constant(time.as_micros() as f64)),
        dist => Some(dist),
    }
}
