//! What callers may ask for beside their requests, and what of theirs is let in.

use super::super::cx::{Cx, Shape};
use super::super::yaml::Node;
use super::setting::set;
use crate::router::ask::{AskPolicy, ChainPolicy};
use crate::router::http::Intake;

pub(in crate::scenario) const CALLERS: Shape =
    Shape { what: "`callers`", name: "callers", keys: &["chain", "no_fallback", "ledger", "max_deadline"] };

pub(in crate::scenario) const INTAKE: Shape = Shape {
    what: "`intake`",
    name: "intake",
    keys: &["max_body", "read_timeout", "max_in_flight", "queue", "queue_wait"],
};

/// Which models callers may name themselves.
pub(in crate::scenario) const CHAINS: [(&str, ChainPolicy); 3] =
    [("refuse", ChainPolicy::Refuse), ("of_route", ChainPolicy::OfRoute), ("any", ChainPolicy::Any)];

/// More of anything is meant as no limit at all.
const MOST: u64 = 1 << 40;

/// What callers may ask for.
pub(super) fn policy(cx: &Cx, node: &Node) -> AskPolicy {
    let fields = cx.fields(node, &CALLERS);
    let mut policy = AskPolicy::default();
    set(&mut policy.chain, fields.get("chain").and_then(|node| cx.word(node, &CHAINS)));
    set(&mut policy.no_fallback, fields.get("no_fallback").and_then(|node| cx.truth(node)));
    set(&mut policy.ledger, fields.get("ledger").and_then(|node| cx.truth(node)));
    policy.max_deadline = fields.get("max_deadline").and_then(|node| cx.some_time(node));
    policy
}

/// What is let in.
pub(super) fn intake(cx: &Cx, node: &Node) -> Intake {
    let fields = cx.fields(node, &INTAKE);
    let mut intake = Intake::default();
    let whole = |key: &str, least: u64| {
        let number = fields.get(key).and_then(|node| cx.whole_in(node, least, MOST));
        number.and_then(|number| usize::try_from(number).ok())
    };
    let time = |key: &str| fields.get(key).and_then(|node| cx.some_time(node));
    set(&mut intake.max_body, whole("max_body", 1));
    set(&mut intake.max_in_flight, whole("max_in_flight", 1));
    set(&mut intake.queue, whole("queue", 0));
    set(&mut intake.read_timeout, time("read_timeout"));
    set(&mut intake.queue_wait, time("queue_wait"));
    intake
}
