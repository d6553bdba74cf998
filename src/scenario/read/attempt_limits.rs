//! How long an attempt may take, and how slow it may be.

use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use super::setting::{set, set_or_off};
use crate::router::config::{Limits, MinRate};

/// The limits of one model; those of a route stand among its other keys.
pub(in crate::scenario) const LIMITS: Shape = Shape {
    what: "`limits` of a model",
    name: "model_limits",
    keys: &["connect", "headers", "first_token", "idle", "attempt", "min_rate"],
};

pub(in crate::scenario) const MIN_RATE: Shape =
    Shape { what: "`min_rate`", name: "min_rate", keys: &["tokens_per_s", "after"] };

/// Time in which a slow start is forgiven.
const USUAL_AFTER: Duration = Duration::from_secs(2);

/// Faster than anything that generates tokens.
const MOST_TOKENS_PER_S: f64 = 100_000.0;

/// Sets what is written. `off` takes a limit away that `defaults` has; without one of its own, an attempt has its equal
/// share of what is left of the deadline.
pub(super) fn read(cx: &Cx, fields: &Fields<'_>, limits: &mut Limits) {
    let get = |key: &str| fields.get(key);
    let some_time = |node: &Node| cx.some_time(node);
    set(&mut limits.connect, get("connect").and_then(some_time));
    set(&mut limits.idle, get("idle").and_then(some_time));
    set_or_off(&mut limits.headers, get("headers"), some_time);
    set_or_off(&mut limits.first_token, get("first_token"), some_time);
    set_or_off(&mut limits.attempt, get("attempt"), some_time);
    let usual = limits.min_rate;
    set_or_off(&mut limits.min_rate, get("min_rate"), |node| min_rate(cx, node, usual));
}

/// Tokens a second, or a map.
pub(super) fn min_rate(cx: &Cx, node: &Node, usual: Option<MinRate>) -> Option<MinRate> {
    let known = usual.map(|rate| rate.tokens_per_s);
    let mut after = usual.map_or(USUAL_AFTER, |rate| rate.after);
    let tokens = if let Value::Scalar { .. } = node.value {
        tokens_per_s(cx, node)
    } else {
        let fields = cx.fields(node, &MIN_RATE);
        set(&mut after, fields.get("after").and_then(|node| cx.duration(node)));
        match (fields.get("tokens_per_s"), known) {
            (None, Some(known)) => Some(known),
            _ => fields.require(cx, "tokens_per_s", "5").and_then(|node| tokens_per_s(cx, node)),
        }
    };
    Some(MinRate { tokens_per_s: tokens?, after })
}

fn tokens_per_s(cx: &Cx, node: &Node) -> Option<f64> {
    let tokens = cx.number_in(node, 0.0, MOST_TOKENS_PER_S)?;
    if tokens <= 0.0 {
        let problem = Diagnostic::new(Code::OUT_OF_RANGE, "no stream is slower than nothing").at(&node.span);
        cx.report(problem.help("write `min_rate: off` for no limit"));
        return None;
    }
    Some(tokens)
}
