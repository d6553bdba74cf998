//! Breakers: when a target is benched, for how long, and how it is let back in.

use std::time::Duration;

use super::super::cx::{Cx, Fields, Shape};
use super::super::yaml::{Node, Value};
use super::setting::{count, is_off, set, set_or_off, share, some_share, useless_key};
use crate::router::config::{BreakerPolicy, Eager, Probe, RateTrip, Scope, SlowTrip};

pub(in crate::scenario) const BREAKER: Shape = Shape {
    what: "a breaker",
    name: "breaker",
    keys: &[
        "scope", "failures", "rate", "slow", "open", "factor", "open_max", "jitter", "eager", "probe", "ramp",
    ],
};

pub(in crate::scenario) const RATE: Shape =
    Shape { what: "a rate of failures", name: "rate_trip", keys: &["share", "window", "min_calls"] };

pub(in crate::scenario) const SLOW: Shape = Shape {
    what: "a rate of slow calls",
    name: "slow_trip",
    keys: &["over", "share", "window", "min_calls"],
};

pub(in crate::scenario) const EAGER: Shape =
    Shape { what: "an eager probe", name: "eager", keys: &["turned_away", "at_least"] };

pub(in crate::scenario) const PROBE: Shape =
    Shape { what: "a probe", name: "breaker_probe", keys: &["synthetic"] };

pub(in crate::scenario) const SCOPES: [(&str, Scope); 4] =
    [("model", Scope::Model), ("key", Scope::Key), ("provider", Scope::Provider), ("region", Scope::Region)];

/// Of the calls of the last half minute, half; but not before there are twenty.
const USUAL_RATE: RateTrip = RateTrip { share: 0.5, window: Duration::from_secs(30), min_calls: 20 };

/// What tests a benched target; once a second, where nothing else is said.
pub(in crate::scenario) const PROBES: [(&str, Probe); 2] =
    [("live", Probe::Live), ("synthetic", Probe::Synthetic { every: Duration::from_secs(1) })];

/// Calls that a sliding window can be asked to hold.
const MOST_CALLS: u32 = 1_000_000;

/// What is written, over what is usual; `off` benches nothing.
pub(super) fn read(cx: &Cx, node: &Node, usual: BreakerPolicy) -> BreakerPolicy {
    if is_off(node) {
        return BreakerPolicy { failures: 0, rate: None, slow: None, ..usual };
    }
    if let Value::Scalar { .. } = node.value {
        cx.expected("a breaker (a map) or `off`", node);
        return usual;
    }
    let fields = cx.fields(node, &BREAKER);
    let get = |key: &str| fields.get(key);
    let mut policy = usual;
    set(&mut policy.scope, get("scope").and_then(|node| cx.word(node, &SCOPES)));
    set(&mut policy.failures, get("failures").and_then(|node| count(cx, node, 0, MOST_CALLS)));
    set_or_off(&mut policy.rate, get("rate"), |node| rate(cx, node, usual.rate));
    set_or_off(&mut policy.slow, get("slow"), |node| slow(cx, node, usual.slow));
    set(&mut policy.open, get("open").and_then(|node| cx.some_time(node)));
    set(&mut policy.factor, get("factor").and_then(|node| cx.factor(node, 1.0)));
    policy.open_max = policy.open_max.max(policy.open);
    set(&mut policy.open_max, get("open_max").and_then(|node| cx.some_time(node)));
    set(&mut policy.jitter, get("jitter").and_then(|node| share(cx, node)));
    set_or_off(&mut policy.eager, get("eager"), |node| eager(cx, node, usual.eager));
    set(&mut policy.probe, get("probe").and_then(|node| probe(cx, node)));
    set_or_off(&mut policy.ramp, get("ramp"), |node| cx.duration(node));
    policy.ramp = policy.ramp.filter(|ramp| !ramp.is_zero());
    warn(cx, &fields, &policy);
    policy
}

fn rate(cx: &Cx, node: &Node, usual: Option<RateTrip>) -> Option<RateTrip> {
    let mut trip = usual.unwrap_or(USUAL_RATE);
    if matches!(node.value, Value::Scalar { .. }) {
        trip.share = some_share(cx, node)?;
        return Some(trip);
    }
    let fields = cx.fields(node, &RATE);
    window(cx, &fields, &mut trip);
    Some(trip)
}

fn slow(cx: &Cx, node: &Node, usual: Option<SlowTrip>) -> Option<SlowTrip> {
    let known = usual.map(|slow| slow.over);
    let mut trip = usual.map_or(USUAL_RATE, |SlowTrip { share, window, min_calls, .. }| RateTrip {
        share,
        window,
        min_calls,
    });
    let over = if matches!(node.value, Value::Scalar { .. }) {
        cx.some_time(node)
    } else {
        let fields = cx.fields(node, &SLOW);
        window(cx, &fields, &mut trip);
        match (fields.get("over"), known) {
            (None, Some(over)) => Some(over),
            _ => fields.require(cx, "over", "5s").and_then(|node| cx.some_time(node)),
        }
    };
    let RateTrip { share, window, min_calls } = trip;
    Some(SlowTrip { over: over?, share, window, min_calls })
}

/// What both rates have: how many of how many, in what time.
fn window(cx: &Cx, fields: &Fields<'_>, trip: &mut RateTrip) {
    set(&mut trip.share, fields.get("share").and_then(|node| some_share(cx, node)));
    set(&mut trip.window, fields.get("window").and_then(|node| cx.some_time(node)));
    set(&mut trip.min_calls, fields.get("min_calls").and_then(|node| count(cx, node, 1, MOST_CALLS)));
}

fn eager(cx: &Cx, node: &Node, usual: Option<Eager>) -> Option<Eager> {
    let fields = cx.fields(node, &EAGER);
    let mut eager = usual.or(BreakerPolicy::default().eager)?;
    set(&mut eager.turned_away, fields.get("turned_away").and_then(|node| count(cx, node, 1, MOST_CALLS)));
    set(&mut eager.at_least, fields.get("at_least").and_then(|node| cx.duration(node)));
    Some(eager)
}

fn probe(cx: &Cx, node: &Node) -> Option<Probe> {
    if matches!(node.value, Value::Scalar { .. }) {
        return cx.word(node, &PROBES);
    }
    let fields = cx.fields(node, &PROBE);
    let every = fields.require(cx, "synthetic", "1s").and_then(|node| cx.some_time(node))?;
    Some(Probe::Synthetic { every })
}

fn warn(cx: &Cx, fields: &Fields<'_>, policy: &BreakerPolicy) {
    if policy.open_max < policy.open {
        let why = "is shorter than `open`: no bench ever lasts as long as its first should";
        useless_key(cx, fields, "open_max", why, "make it as long as `open` at least");
    }
    if policy.probe != Probe::Live && policy.eager.is_some() {
        let why = "lets a caller test a target early, and here no caller tests one";
        useless_key(cx, fields, "eager", why, "leave it out, or add `probe: live`");
    }
    if !policy.is_on() {
        for key in ["open", "factor", "open_max", "jitter", "eager", "probe", "ramp"] {
            let why = "says how long a bench lasts, but nothing benches";
            useless_key(cx, fields, key, why, "give it `failures`, `rate` or `slow`");
        }
    }
}
