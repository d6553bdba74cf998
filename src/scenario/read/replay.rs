//! Incident timelines: what went wrong when, in a file of its own, replayed as plain faults.
//!
//! A YAML file has `source` (where the facts are from), `about` and `events`; a CSV file has the columns `at`, `for`,
//! `provider`, `fault`, `probability` and `args`. Times count from the start of the incident.

use std::path::Path;
use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::yaml::{self, Node, Value};
use super::expand::{place, scalar, window};
use super::rule::REPLAY;
use super::trace;

pub(in crate::scenario) const INCIDENT: Shape =
    Shape { what: "an incident", name: "incident", keys: &["source", "about", "events"] };

pub(in crate::scenario) const EVENT: Shape = Shape {
    what: "an event",
    name: "event",
    keys: &["at", "for", "provider", "inject", "name", "probability", "strength", "when"],
};

/// Largest incident file, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Columns of a CSV file.
const COLUMNS: [&str; 6] = ["at", "for", "provider", "fault", "probability", "args"];

/// How a file is laid over a run.
struct Laid<'a> {
    cx: &'a Cx,
    /// The entry of the scenario: what is wrong in the file is shown there.
    item: &'a Node,
    file: String,
    at: Duration,
    speed: f64,
    /// The file's providers and those of the scenario.
    on: Vec<(String, Node)>,
}

/// The faults of the incident that `item` replays.
pub(super) fn read(cx: &Cx, item: &Node, scenario: &Path) -> Vec<Node> {
    let fields = cx.fields(item, &REPLAY);
    let Some(node) = fields.get("replay") else { return Vec::new() };
    let Some(path) = trace::find(cx, node, scenario) else { return Vec::new() };
    let on = fields.get("on").map(|node| cx.named(node, "`on`")).unwrap_or_default();
    let laid = Laid {
        cx,
        item: node,
        file: path.display().to_string(),
        at: fields.get("at").and_then(|node| cx.duration(node)).unwrap_or_default(),
        speed: fields.get("speed").and_then(|node| cx.factor(node, 1e-3)).unwrap_or(1.0),
        on: on.into_iter().map(|(name, node)| (name.value, node.clone())).collect(),
    };
    match events(&path) {
        Ok(events) if events.is_empty() => laid.wrong("it has no events"),
        Ok(events) => {
            events.into_iter().enumerate().filter_map(|(nth, event)| laid.fault(nth, event)).collect()
        }
        Err(why) => laid.wrong(&why),
    }
}

fn events(path: &Path) -> Result<Vec<Node>, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("it has {size} bytes, more than {LARGEST}"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    if path.extension().is_some_and(|end| end == "csv") {
        return rows(&text);
    }
    let root = yaml::read(&text).map_err(|problem| problem.message.clone())?;
    let cx = Cx::default();
    let fields = cx.fields(&root, &INCIDENT);
    let events = fields.require(&cx, "events", "[{ at: 0s, for: 5m, provider: openai, inject: overloaded }]");
    let events = events.map(|node| cx.list(node, "`events`").to_vec()).unwrap_or_default();
    for event in &events {
        cx.fields(event, &EVENT);
    }
    match cx.into_problems().first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(events),
    }
}

/// Rows as the events of a YAML file.
fn rows(text: &str) -> Result<Vec<Node>, String> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?;
    if header.iter().take(COLUMNS.len()).ne(COLUMNS) {
        return Err(format!("its columns have to be {}", COLUMNS.join(",")));
    }
    let mut events = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let cell = |nth: usize| record.get(nth).unwrap_or_default();
        let inject = match cell(5) {
            "" => cell(3).to_owned(),
            args => format!("{{ {}: {args} }}", cell(3)),
        };
        let inject = yaml::read(&inject).map_err(|problem| problem.message.clone())?;
        let span = 0..0;
        let cells = [("at", 0), ("for", 1), ("provider", 2), ("probability", 4)];
        let filled = cells.into_iter().filter(|(_, nth)| !cell(*nth).is_empty());
        let mut entries: Vec<(Node, Node)> =
            filled.map(|(key, nth)| (scalar(key, &span), scalar(cell(nth), &span))).collect();
        entries.push((scalar("inject", &span), inject));
        events.push(Node { span, value: Value::Map(entries) });
    }
    Ok(events)
}

impl Laid<'_> {
    /// An event as a fault of the scenario.
    fn fault(&self, nth: usize, mut event: Node) -> Option<Node> {
        let span = &self.item.span;
        place(&mut event, span);
        let fields = self.cx.fields(&event, &EVENT);
        let from = fields.require(self.cx, "at", "0s").and_then(|node| self.cx.duration(node));
        let lasts = fields.require(self.cx, "for", "5m").and_then(|node| self.cx.some_time(node));
        let provider = fields.require(self.cx, "provider", "openai").and_then(|node| self.cx.name(node))?;
        let (from, lasts) = (from?.div_f64(self.speed), lasts?.div_f64(self.speed));
        let on = match self.on.iter().find(|(theirs, _)| *theirs == provider.value) {
            Some((_, ours)) => ours.clone(),
            None if self.on.is_empty() => scalar(&provider.value, span),
            None => {
                let known = self.on.iter().map(|(theirs, _)| theirs.as_str());
                let problem = unknown_name("provider", &provider, known);
                self.cx.report(problem.help(format!("`on` has to say who plays `{}`", provider.value)));
                return None;
            }
        };
        let from = self.at.saturating_add(from);
        let name = format!("event-{}", nth + 1);
        let mut entries = vec![
            (scalar("on", span), on),
            (scalar("name", span), fields.get("name").cloned().unwrap_or_else(|| scalar(&name, span))),
            (scalar("during", span), scalar(&window(from, from.saturating_add(lasts)), span)),
        ];
        for key in ["probability", "strength", "when", "inject"] {
            if let Some(node) = fields.get(key) {
                entries.push((scalar(key, span), node.clone()));
            }
        }
        Some(Node { span: span.clone(), value: Value::Map(entries) })
    }

    fn wrong(&self, why: &str) -> Vec<Node> {
        let message = format!("`{}` is not a usable incident: {why}", self.file);
        self.cx.report(Diagnostic::new(Code::BAD_INCIDENT, message).at(&self.item.span));
        Vec::new()
    }
}
