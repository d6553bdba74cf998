//! What the readers of the router's settings share: a setting keeps its value unless another one is written, and `off`
//! is what turns one off that is on elsewhere. A zero is a zero: it is never taken for "not written".

use super::super::code::Code;
use super::super::cx::{Cx, Fields};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Span, Value};

/// Whether a setting is turned off: by `off`, or by `false`, which is what some programs make of it.
pub(super) fn is_off(node: &Node) -> bool {
    is(node, "off") || matches!(&node.value, Value::Scalar { text, plain: true } if text == "false")
}

/// Whether a scalar is this word.
pub(super) fn is(node: &Node, word: &str) -> bool {
    matches!(&node.value, Value::Scalar { text, .. } if text == word)
}

/// Sets what was read.
pub(super) fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Sets what was read, or nothing where `off` is written.
pub(super) fn set_or_off<T>(
    place: &mut Option<T>,
    node: Option<&Node>,
    read: impl FnOnce(&Node) -> Option<T>,
) {
    let Some(node) = node else { return };
    if is_off(node) {
        *place = None;
    } else if let Some(value) = read(node) {
        *place = Some(value);
    }
}

/// A whole number that fits 32 bits.
pub(super) fn count(cx: &Cx, node: &Node, least: u32, most: u32) -> Option<u32> {
    cx.whole_in(node, least.into(), most.into()).and_then(|number| u32::try_from(number).ok())
}

/// A share as a number, 0..=1.
pub(super) fn share(cx: &Cx, node: &Node) -> Option<f64> {
    cx.share_ppm(node).map(|ppm| f64::from(ppm) / 1e6)
}

/// A share of more than nothing.
pub(super) fn some_share(cx: &Cx, node: &Node) -> Option<f64> {
    let share = share(cx, node)?;
    if share <= 0.0 {
        let problem = Diagnostic::new(Code::OUT_OF_RANGE, "this must be more than zero").at(&node.span);
        cx.report(problem.help("write `off` to turn it off"));
        return None;
    }
    Some(share)
}

/// Says of a setting that it can have no effect, and why.
pub(super) fn useless(cx: &Cx, at: &Span, message: impl Into<String>, help: &str) {
    cx.report(Diagnostic::new(Code::USELESS_SETTING, message).at(at).help(help));
}

/// The same of a key, if it is written.
pub(super) fn useless_key(cx: &Cx, fields: &Fields<'_>, key: &str, why: &str, help: &str) {
    if let Some(span) = fields.key(key) {
        useless(cx, span, format!("`{key}` {why}"), help);
    }
}
