//! Thresholds, and the phases they speak of.

use super::super::code::Code;
use super::super::cx::{At, Cx, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::Node;
use crate::history::Phase;
use crate::history::expect::{ExpectError, Expectation};

/// Kinds of phases, each of which stands for all of its kind.
pub(in crate::scenario) const KINDS: [&str; 3] = ["baseline", "fault", "recovery"];

/// All of them.
pub(super) fn read(cx: &Cx, node: &Node, phases: &[Phase]) -> Vec<Expectation> {
    cx.list(node, "`expect`").iter().filter_map(|item| one(cx, item, phases)).collect()
}

fn one(cx: &Cx, node: &Node, phases: &[Phase]) -> Option<Expectation> {
    let text = cx.text(node)?;
    match Expectation::parse(&text) {
        Ok(expectation) => {
            check_phase(cx, node, &expectation, phases);
            Some(expectation)
        }
        Err(ExpectError { message, help, span }) => {
            cx.report(
                Diagnostic::new(Code::BAD_EXPECTATION, message)
                    .at(&place(node, &text, span))
                    .maybe_help(help),
            );
            None
        }
    }
}

fn check_phase(cx: &Cx, node: &Node, expectation: &Expectation, phases: &[Phase]) {
    let Some(phase) = &expectation.during else { return };
    let named = phases.iter().map(|phase| phase.name.as_str()).filter(|name| !KINDS.contains(name));
    let known = named.chain(KINDS);
    if !known.clone().any(|name| name == phase) {
        let start = expectation.text.rfind(phase.as_str()).unwrap_or(0);
        let span = place(node, &expectation.text, start..start + phase.len());
        cx.report(unknown_name("phase", &At { value: phase.clone(), span }, known));
    }
}

/// Bytes of the file for bytes of an expectation, when it is written on one line without quotes.
fn place(node: &Node, text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    if node.span.len() == text.len() && span.end <= text.len() {
        node.span.start + span.start..node.span.start + span.end
    } else {
        node.span.clone()
    }
}
