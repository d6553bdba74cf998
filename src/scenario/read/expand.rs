//! Presets and replays -> plain faults, as if somebody had written them by hand: everything after works on those.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Fields};
use super::super::diagnostic::Diagnostic;
use super::super::units;
use super::super::yaml::{self, Node, Span, Value};
use super::preset::{self, Part, Preset};
use super::{entry, replay, rule};

/// Keys of a fault that a preset hands on as they are.
const HANDED_ON: [&str; 5] = ["on", "when", "first", "skip", "per"];

/// The plain faults that an entry of `faults` stands for.
pub(super) fn expand<'n>(cx: &Cx, item: &'n Node, file: &Path) -> Vec<Cow<'n, Node>> {
    if entry(item, "replay").is_some() {
        return replay::read(cx, item, file).into_iter().map(Cow::Owned).collect();
    }
    let name = entry(item, "inject").and_then(|(_, inject)| match &inject.value {
        Value::Scalar { text, .. } => preset::find(text),
        _ => None,
    });
    match name {
        Some(preset) => parts(cx, &cx.fields(item, &rule::FAULT), preset, &item.span),
        None => {
            if let (Some((key, _)), true) = (entry(item, "intensity"), entry(item, "inject").is_some()) {
                let problem = Diagnostic::new(Code::CONFLICTING_KEYS, "only presets have an `intensity`");
                cx.report(problem.at(&key.span).help("write `probability` for a single fault"));
            }
            vec![Cow::Borrowed(item)]
        }
    }
}

fn parts<'n>(cx: &Cx, fields: &Fields<'_>, preset: &Preset, span: &Span) -> Vec<Cow<'n, Node>> {
    for key in ["probability", "strength"] {
        if let Some(span) = fields.key(key) {
            let message = format!("`{key}` is the preset's own");
            let problem = Diagnostic::new(Code::CONFLICTING_KEYS, message).at(span);
            cx.report(problem.help("write `intensity: 50%` for half as bad"));
        }
    }
    let intensity = fields.get("intensity").and_then(|node| cx.share_ppm(node)).unwrap_or(1_000_000);
    let name = fields.get("name").and_then(|node| cx.text(node)).unwrap_or_else(|| preset.name.to_owned());
    let expanded = preset.parts.iter().filter_map(|part| one(fields, &name, part, intensity, span));
    expanded.map(Cow::Owned).collect()
}

fn one(fields: &Fields<'_>, name: &str, part: &Part, intensity: u32, span: &Span) -> Option<Node> {
    let mut entries: Vec<(Node, Node)> = Vec::new();
    let mut put = |key: &str, value: Node| entries.push((scalar(key, span), value));
    for key in HANDED_ON {
        if let Some(node) = fields.get(key) {
            put(key, node.clone());
        }
    }
    put("name", scalar(&format!("{name}-{}", part.name), span));
    if let Some(during) = fields.get("during") {
        put("during", slice(during, part.slice)?);
    } else if part.slice.0 > 0 {
        return None;
    }
    if let Some(percent) = part.percent {
        let percent = percent * f64::from(intensity) / 1e6;
        if percent < 100.0 {
            put("probability", scalar(&format!("{percent}%"), span));
        }
    }
    for (key, text) in [("strength", part.strength), ("fate", None), ("inject", Some(part.inject))] {
        if let Some(text) = text {
            put(key, parsed(text, span)?);
        }
    }
    if let Some(fate) = fields.get("fate") {
        put("fate", fate.clone());
    }
    Some(Node { span: span.clone(), value: Value::Map(entries) })
}

/// A part of a window; of several windows, or one without an end, only the first part is meant, and is all of it.
fn slice(during: &Node, (from, to): (u32, u32)) -> Option<Node> {
    let closed = match &during.value {
        Value::Scalar { text, .. } => units::window(text).ok().and_then(|(start, end)| Some((start, end?))),
        _ => None,
    };
    let Some((start, end)) = closed.filter(|_| (from, to) != (0, 100)) else {
        return (from == 0).then(|| during.clone());
    };
    let at = |percent: u32| start + (end - start).mul_f64(f64::from(percent) / 100.0);
    Some(scalar(&window(at(from), at(to)), &during.span))
}

/// `20m..23m`.
pub(super) fn window(from: Duration, to: Duration) -> String {
    format!("{}..{}", units::show(from), units::show(to))
}

/// A plain value, at the place of what it stands for.
pub(super) fn scalar(text: &str, span: &Span) -> Node {
    Node { span: span.clone(), value: Value::Scalar { text: text.to_owned(), plain: true } }
}

/// YAML in a line, at the place of what it stands for.
pub(super) fn parsed(text: &str, span: &Span) -> Option<Node> {
    let mut node = yaml::read(text).ok()?;
    place(&mut node, span);
    Some(node)
}

/// Everything that is wrong with a node is shown at `span`.
pub(super) fn place(node: &mut Node, span: &Span) {
    node.span = span.clone();
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| place(item, span)),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            place(key, span);
            place(value, span);
        }),
        Value::Null | Value::Scalar { .. } => {}
    }
}
