//! Thresholds, conditions to stop by, and the names they may speak of.

use super::super::code::Code;
use super::super::cx::{Cx, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{Node, Span, Value};
use super::names::Names;
use crate::history::expect::{After, ExpectError, Expectation, Known, StopWhen};
use crate::history::{Phase, PhaseKind};

/// Kinds of phases, each of which stands for all of its kind.
const KINDS: [&str; 3] = ["baseline", "fault", "recovery"];

pub(in crate::scenario) const STOP: Shape =
    Shape { what: "a condition of `abort_on`", name: "stop", keys: &["when", "after"] };

/// Most entries of a list: each may cost a histogram a phase.
const MOST: usize = 500;

/// The names of the file, and the phases and kinds of phases it has.
pub(super) fn known(names: &Names, phases: &[Phase]) -> Known {
    let has = |kind| phases.iter().any(|phase| phase.kind == kind);
    let kinds = KINDS.into_iter().zip([PhaseKind::Baseline, PhaseKind::Fault, PhaseKind::Recovery]);
    let kinds = kinds.filter(|(_, kind)| has(*kind)).map(|(name, _)| name.to_owned());
    let mut known: Vec<String> = phases.iter().map(|phase| phase.name.clone()).collect();
    let others: Vec<String> = kinds.filter(|kind| !known.contains(kind)).collect();
    known.extend(others);
    let all = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
    Known {
        phases: known,
        tenants: all(&mut names.tenants()),
        routes: all(&mut names.routes()),
        providers: all(&mut names.providers()),
        models: all(&mut names.models()),
    }
}

/// All thresholds.
pub(super) fn read(cx: &Cx, node: &Node, known: &Known) -> Vec<Expectation> {
    let read = |item| one(cx, item, |text| Expectation::parse_known(text, known));
    items(cx, node, "`expect`").iter().filter_map(read).collect()
}

/// All conditions under which the run stops.
pub(super) fn read_stops(cx: &Cx, node: &Node, known: &Known) -> Vec<StopWhen> {
    let condition = |node: &Node| one(cx, node, |text| StopWhen::condition(text, Some(known)));
    let read = |item: &Node| match &item.value {
        Value::Map(_) => {
            let fields = cx.fields(item, &STOP);
            let after = fields.get("after").and_then(|node| after(cx, node)).unwrap_or_default();
            let when = fields.require(cx, "when", "availability < 50% during outage").and_then(condition)?;
            Some(StopWhen { when, after })
        }
        _ => condition(item).map(|when| StopWhen { when, after: After::default() }),
    };
    items(cx, node, "`abort_on`").iter().filter_map(read).collect()
}

fn items<'n>(cx: &Cx, node: &'n Node, what: &str) -> &'n [Node] {
    let items = cx.list(node, what);
    if items.len() > MOST {
        let message = format!("{what} has {} entries", items.len());
        let problem = Diagnostic::new(Code::OUT_OF_RANGE, message).at(&node.span);
        cx.report(problem.label(format!("expected {MOST} at most")));
        return &[];
    }
    items
}

/// A number of requests, or a time.
fn after(cx: &Cx, node: &Node) -> Option<After> {
    let text = cx.scalar(node, "a number of requests or a time")?;
    let counts = text.ends_with("request") || text.ends_with("requests") || text.parse::<u64>().is_ok();
    if !counts && text.starts_with(|char: char| char.is_ascii_digit()) {
        return cx.some_time(node).map(After::Time);
    }
    match After::requests(text) {
        Ok(after) => Some(after),
        Err(error) => {
            report(cx, node, text, error);
            None
        }
    }
}

fn one(
    cx: &Cx,
    node: &Node,
    parse: impl FnOnce(&str) -> Result<Expectation, ExpectError>,
) -> Option<Expectation> {
    let text = cx.text(node)?;
    match parse(&text) {
        Ok(expectation) => Some(Expectation { place: cx.place(&node.span), ..expectation }),
        Err(error) => {
            report(cx, node, &text, error);
            None
        }
    }
}

fn report(cx: &Cx, node: &Node, text: &str, error: ExpectError) {
    let code = if error.unknown_name { Code::UNKNOWN_NAME } else { Code::BAD_EXPECTATION };
    let problem = Diagnostic::new(code, error.message).at(&place(node, text, error.span));
    cx.report(problem.maybe_help(error.help));
}

/// Bytes of the file for bytes of an expectation, when it is written on one line, with or without quotes.
fn place(node: &Node, text: &str, span: Span) -> Span {
    let quotes = node.span.len().checked_sub(text.len());
    match quotes {
        Some(quotes @ (0 | 2)) if span.end <= text.len() => {
            let start = node.span.start + quotes / 2;
            start + span.start..start + span.end
        }
        _ => node.span.clone(),
    }
}
