//! What a route does with streams, before and after their callers have seen something of them.

use super::super::cx::{Cx, Shape};
use super::super::yaml::{Node, Value};
use super::setting::{count, is_off, set, set_or_off};
use crate::dialect::{Ends, Malformed};
use crate::router::config::{AfterCommit, Hold, HoldWhole, StreamPolicy};

pub(in crate::scenario) const STREAM: Shape = Shape {
    what: "`stream`",
    name: "stream_policy",
    keys: &["hold", "after_commit", "keep_warm", "ends", "malformed"],
};

pub(in crate::scenario) const HOLD: Shape =
    Shape { what: "`hold`", name: "hold", keys: &["tokens", "time", "whole"] };

pub(in crate::scenario) const WHOLE: [(&str, HoldWhole); 5] = [
    ("never", HoldWhole::Never),
    ("tools", HoldWhole::Tools),
    ("json", HoldWhole::Json),
    ("tools_and_json", HoldWhole::ToolsAndJson),
    ("always", HoldWhole::Always),
];

pub(in crate::scenario) const AFTER_COMMIT: [(&str, AfterCommit); 3] =
    [("end", AfterCommit::End), ("continue", AfterCommit::Continue), ("regenerate", AfterCommit::Regenerate)];

pub(in crate::scenario) const ENDS: [(&str, Ends); 4] =
    [("both", Ends::Both), ("finish", Ends::Finish), ("done", Ends::Done), ("either", Ends::Either)];

pub(in crate::scenario) const MALFORMED: [(&str, Malformed); 2] =
    [("fail", Malformed::Fail), ("skip", Malformed::Skip)];

/// Longer than any answer.
const MOST_TOKENS: u32 = 1_000_000;

/// Sets what is written.
pub(super) fn read(cx: &Cx, node: &Node, policy: &mut StreamPolicy) {
    let fields = cx.fields(node, &STREAM);
    if let Some(node) = fields.get("hold") {
        hold(cx, node, &mut policy.hold);
    }
    let after = fields.get("after_commit").and_then(|node| cx.word(node, &AFTER_COMMIT));
    set(&mut policy.after_commit, after);
    set_or_off(&mut policy.keep_warm, fields.get("keep_warm"), |node| cx.some_time(node));
    let leniency = &mut policy.leniency;
    set(&mut leniency.ends, fields.get("ends").and_then(|node| cx.word(node, &ENDS)));
    set(&mut leniency.malformed, fields.get("malformed").and_then(|node| cx.word(node, &MALFORMED)));
}

/// A time, `off`, or a map.
fn hold(cx: &Cx, node: &Node, hold: &mut Hold) {
    if is_off(node) {
        *hold = Hold::default();
        return;
    }
    if let Value::Scalar { .. } = node.value {
        set_or_off(&mut hold.time, Some(node), |node| cx.duration(node));
        return;
    }
    let fields = cx.fields(node, &HOLD);
    set(&mut hold.tokens, fields.get("tokens").and_then(|node| count(cx, node, 0, MOST_TOKENS)));
    set_or_off(&mut hold.time, fields.get("time"), |node| cx.duration(node));
    set(&mut hold.whole, fields.get("whole").and_then(|node| cx.word(node, &WHOLE)));
}
