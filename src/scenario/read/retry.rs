//! What each failure class leads to.

use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Shape, unknown_word};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Value};
use crate::chat::{FailureClass, Limit};
use crate::router::config::{Backoff, ClassPolicy, Jitter, RetryOverride, RetryPolicy, Then};

pub(in crate::scenario) const CLASS: Shape =
    Shape { what: "a retry policy", name: "class_policy", keys: &["times", "backoff", "then"] };

pub(in crate::scenario) const BACKOFF: Shape =
    Shape { what: "a backoff", name: "backoff", keys: &["base", "factor", "cap", "jitter"] };

pub(in crate::scenario) const THEN: [(&str, Then); 2] = [("next", Then::Next), ("surface", Then::Surface)];
pub(in crate::scenario) const JITTER: [(&str, Jitter); 3] =
    [("full", Jitter::Full), ("equal", Jitter::Equal), ("none", Jitter::None)];

const TIMEOUT: [FailureClass; 4] = [
    FailureClass::Timeout(Limit::Connect),
    FailureClass::Timeout(Limit::FirstToken),
    FailureClass::Timeout(Limit::Idle),
    FailureClass::Timeout(Limit::Total),
];

/// What usually heals by itself.
const TRANSIENT: [FailureClass; 7] = [
    FailureClass::Overloaded,
    FailureClass::ServerError,
    FailureClass::Unreachable,
    FailureClass::Timeout(Limit::Connect),
    FailureClass::Timeout(Limit::FirstToken),
    FailureClass::Timeout(Limit::Idle),
    FailureClass::Timeout(Limit::Total),
];

/// Words for several classes at once.
pub(in crate::scenario) const GROUPS: [(&str, &[FailureClass]); 2] =
    [("transient", &TRANSIENT), ("timeout", &TIMEOUT)];

/// Sets what is written.
pub(super) fn read(cx: &Cx, node: &Node, policy: &mut RetryPolicy) {
    read_classes(cx, node, policy);
}

/// What is written at a model, which stands over its routes class by class; the parts of a class that are not written
/// are the usual ones.
pub(super) fn read_own(cx: &Cx, node: &Node, usual: &RetryPolicy) -> RetryOverride {
    let mut policy = usual.clone();
    let mut own = RetryOverride::default();
    for class in read_classes(cx, node, &mut policy) {
        own.set(class, *policy.of(class));
    }
    own
}

/// Sets what is written, and tells the classes it was written for; groups first, so that a class of its own overrides
/// them wherever it stands.
fn read_classes(cx: &Cx, node: &Node, policy: &mut RetryPolicy) -> Vec<FailureClass> {
    let entries = cx.entries(node);
    let mut written = Vec::new();
    for (group, classes) in GROUPS {
        for (_, node) in entries.iter().filter(|(name, _)| name.value == group) {
            set(cx, node, classes, policy);
            written.extend_from_slice(classes);
        }
    }
    for (name, node) in &entries {
        if let Ok(class) = name.value.parse::<FailureClass>() {
            set(cx, node, &[class], policy);
            written.push(class);
            warn_of_waste(cx, class, policy, node);
        } else if !GROUPS.iter().any(|(group, _)| *group == name.value) {
            cx.report(unknown_word(&name.value, &name.span, words()));
        }
    }
    written
}

/// The words that may stand in `retry`.
pub(in crate::scenario) fn words() -> impl Iterator<Item = &'static str> + Clone {
    GROUPS.iter().map(|(group, _)| *group).chain(FailureClass::ALL.into_iter().map(FailureClass::name))
}

fn set(cx: &Cx, node: &Node, classes: &[FailureClass], policy: &mut RetryPolicy) {
    let read = class_policy(cx, node);
    for class in classes {
        let mut known = *policy.of(*class);
        known.times = read.times.unwrap_or(known.times);
        known.backoff = read.backoff.unwrap_or(known.backoff);
        known.then = read.then.unwrap_or(known.then);
        policy.set(*class, known);
    }
}

/// What is written of a [`ClassPolicy`].
#[derive(Default)]
struct Written {
    times: Option<u32>,
    backoff: Option<Backoff>,
    then: Option<Then>,
}

fn class_policy(cx: &Cx, node: &Node) -> Written {
    if matches!(node.value, Value::Scalar { .. }) {
        return Written { times: times(cx, node), ..Written::default() };
    }
    let fields = cx.fields(node, &CLASS);
    Written {
        times: fields.get("times").and_then(|node| times(cx, node)),
        backoff: fields.get("backoff").map(|node| backoff(cx, node)),
        then: fields.get("then").and_then(|node| cx.word(node, &THEN)),
    }
}

fn times(cx: &Cx, node: &Node) -> Option<u32> {
    cx.whole_in(node, 0, 100).and_then(|times| u32::try_from(times).ok())
}

fn backoff(cx: &Cx, node: &Node) -> Backoff {
    let usual = Backoff::default();
    if matches!(node.value, Value::Scalar { .. }) {
        let base = cx.duration(node).unwrap_or(usual.base);
        return Backoff { base, cap: usual.cap.max(base), ..usual };
    }
    let fields = cx.fields(node, &BACKOFF);
    let time =
        |key: &str, default: Duration| fields.get(key).and_then(|node| cx.duration(node)).unwrap_or(default);
    let base = time("base", usual.base);
    Backoff {
        base,
        factor: fields.get("factor").and_then(|node| cx.factor(node, 1.0)).unwrap_or(usual.factor),
        cap: time("cap", usual.cap.max(base)),
        jitter: fields.get("jitter").and_then(|node| cx.word(node, &JITTER)).unwrap_or(usual.jitter),
    }
}

fn warn_of_waste(cx: &Cx, class: FailureClass, policy: &RetryPolicy, node: &Node) {
    let ClassPolicy { times, .. } = policy.of(class);
    if class.is_deterministic() && *times > 0 {
        let message = format!("a repeat after `{class}` fails the same way again");
        cx.report(Diagnostic::new(Code::USELESS_RETRY, message).at(&node.span));
    }
}
