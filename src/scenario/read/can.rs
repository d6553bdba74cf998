//! What a model can do, as far as its operator says.

use super::super::code::Code;
use super::super::cx::{Cx, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::units;
use super::super::yaml::Node;
use crate::router::config::Capabilities;

pub(in crate::scenario) const CAN: Shape = Shape {
    what: "`can`",
    name: "can",
    keys: &[
        "tools",
        "json_schema",
        "json_object",
        "images",
        "prefill",
        "max_output",
        "temperature",
        "max_stop",
        "refuses",
    ],
};

/// Parameters without which a request is no request.
const NEEDED: [&str; 5] = ["model", "messages", "prompt", "input", "stream"];

/// What is declared; the rest is unknown.
pub(super) fn read(cx: &Cx, node: &Node) -> Capabilities {
    let fields = cx.fields(node, &CAN);
    let truth = |key: &str| fields.get(key).and_then(|node| cx.truth(node));
    let max_stop = fields.get("max_stop").and_then(|node| cx.whole_in(node, 0, 1000));
    Capabilities {
        tools: truth("tools"),
        json_schema: truth("json_schema"),
        json_object: truth("json_object"),
        images: truth("images"),
        prefill: truth("prefill"),
        max_output: fields.get("max_output").and_then(|node| cx.whole_in(node, 1, 1_000_000_000)),
        temperature: fields.get("temperature").and_then(|node| temperature(cx, node)),
        max_stop: max_stop.and_then(|number| usize::try_from(number).ok()),
        refuses: fields.get("refuses").map(|node| refuses(cx, node)).unwrap_or_default(),
    }
}

/// `0..1`: from, to.
fn temperature(cx: &Cx, node: &Node) -> Option<(f64, f64)> {
    let text = cx.scalar(node, "a range (`0..1`)")?;
    let ends = text.split_once("..").map(|(from, to)| (units::number(from.trim()), units::number(to.trim())));
    let Some((Ok(from), Ok(to))) = ends else {
        let problem = Diagnostic::new(Code::BAD_NUMBER, format!("`{text}` is not a range of numbers"));
        cx.report(problem.at(&node.span).help("write `0..1`"));
        return None;
    };
    if !(0.0..=100.0).contains(&from) || !(from..=100.0).contains(&to) {
        let problem = Diagnostic::new(Code::OUT_OF_RANGE, format!("`{text}` is not a range of temperatures"));
        cx.report(problem.at(&node.span).help("write `0..2`, the lower number first, none below zero"));
        return None;
    }
    Some((from, to))
}

fn refuses(cx: &Cx, node: &Node) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for item in cx.list(node, "`refuses`") {
        let Some(name) = cx.text(item) else { continue };
        let problem = if NEEDED.contains(&name.as_str()) {
            Diagnostic::new(Code::OUT_OF_RANGE, format!("a request cannot do without `{name}`"))
                .help("only parameters that can be left out may stand here")
        } else if found.contains(&name) {
            Diagnostic::new(Code::DUPLICATE_NAME, format!("`{name}` is in the list already"))
        } else {
            found.push(name);
            continue;
        };
        cx.report(problem.at(&item.span));
    }
    found
}
