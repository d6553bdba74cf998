//! Faults with their triggers: where, when and for whom.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use mock_providers::fault::{InFlight, Match, Per, Rule, Sequence, Trigger, Window};
use mock_providers::provider::Spec;

use super::super::code::Code;
use super::super::cx::{At, Cx, Fields, Shape, unknown_name};
use super::super::diagnostic::Diagnostic;
use super::super::units::{self, show};
use super::super::yaml::{Node, Span, Value};
use super::names::Names;
use super::phase::Armed;
use super::{expand, fault, shape};
use crate::history::PlannedFault;
use crate::world::Moment;

pub(in crate::scenario) const FAULT: Shape = Shape {
    what: "a fault",
    name: "fault",
    keys: &[
        "on",
        "name",
        "during",
        "inject",
        "intensity",
        "probability",
        "strength",
        "fate",
        "first",
        "skip",
        "per",
        "when",
    ],
};

pub(in crate::scenario) const REPLAY: Shape =
    Shape { what: "a replay", name: "replay", keys: &["replay", "at", "speed", "on"] };

pub(in crate::scenario) const WHEN: Shape = Shape {
    what: "`when`",
    name: "when",
    keys: &["model", "tenant", "prompt", "stream", "in_flight", "key", "path", "headers"],
};

pub(in crate::scenario) const PER: [(&str, Per); 2] =
    [("provider", Per::Provider), ("request", Per::Request)];

/// Names of phases that are always taken.
const PHASE_WORDS: [&str; 6] = ["warmup", "baseline", "fault", "recovery", "run", "whole"];

/// Everything that reading faults needs, and what comes of it.
pub(super) struct Faults<'a> {
    pub(super) cx: &'a Cx,
    pub(super) names: &'a Names,
    pub(super) specs: &'a mut IndexMap<String, Spec>,
    /// When the last request is certainly over; none when that is not known.
    pub(super) over: Option<Moment>,
    pub(super) planned: Vec<PlannedFault>,
    pub(super) armed: Vec<Armed>,
    taken: Vec<(String, At<String>)>,
    /// Seed and wall-clock start of the run, and the file the faults are in.
    seed: u64,
    starts_us: i64,
    file: PathBuf,
}

impl<'a> Faults<'a> {
    pub(super) fn new(
        cx: &'a Cx,
        names: &'a Names,
        specs: &'a mut IndexMap<String, Spec>,
        over: Option<Moment>,
    ) -> Self {
        Faults {
            cx,
            names,
            specs,
            over,
            planned: Vec::new(),
            armed: Vec::new(),
            taken: Vec::new(),
            seed: 0,
            starts_us: super::USUAL_START_US,
            file: PathBuf::new(),
        }
    }

    /// Of a file whose run has this seed, and begins at this time (microseconds since the Unix epoch).
    pub(super) fn of_file(self, seed: u64, starts_us: i64, file: &Path) -> Self {
        Faults { seed, starts_us, file: file.to_path_buf(), ..self }
    }

    pub(super) fn read(&mut self, node: &Node) {
        for item in self.cx.list(node, "`faults`") {
            for plain in expand::expand(self.cx, item, &self.file) {
                self.one(&plain);
            }
        }
    }

    /// Names that are no longer free: of rules that are there already.
    pub(super) fn reserve(&mut self, taken: impl IntoIterator<Item = (String, String)>) {
        let nowhere = |(provider, name)| (provider, At { value: name, span: 0..0 });
        self.taken.extend(taken.into_iter().map(nowhere));
    }

    fn one(&mut self, node: &Node) {
        let cx = self.cx;
        let fields = cx.fields(node, &FAULT);
        let on = fields
            .require(cx, "on", "PROVIDER")
            .map(|node| providers(cx, node, self.names))
            .unwrap_or_default();
        self.place(&fields, &on);
    }

    /// A fault that is on every provider unless it says otherwise.
    pub(super) fn anywhere(&mut self, fields: &Fields<'_>) {
        let all = || self.names.providers().map(|name| At { value: name.to_owned(), span: 0..0 }).collect();
        let on = fields.get("on").map_or_else(all, |node| providers(self.cx, node, self.names));
        self.place(fields, &on);
    }

    /// Reads what is injected when, and adds it to the providers `on`.
    fn place(&mut self, fields: &Fields<'_>, on: &[At<String>]) {
        let cx = self.cx;
        let inject = fields.require(cx, "inject", "hang");
        let name = fields.get("name").and_then(|node| given_name(cx, node));
        let during = fields.get("during").map(|node| self.during(node)).unwrap_or_default();
        let trigger = self.trigger(fields, during, on);
        self.armed.extend(
            trigger
                .during
                .iter()
                .map(|window| Armed { window: *window, name: name.as_ref().map(|name| name.value.clone()) }),
        );
        let quiet = Cx::default();
        for (nth, provider) in on.iter().enumerate() {
            // What is wrong with the fault itself is said once, however many providers it is on.
            let cx = if nth == 0 { cx } else { &quiet };
            let Some(dialect) = self.specs.get(&provider.value).map(|spec| spec.dialect) else { continue };
            let Some((word, fault)) = inject.and_then(|node| fault::read(cx, node, dialect)) else {
                continue;
            };
            if fault.on_connection() {
                refuse_conditions(cx, fields, &word);
            }
            let name = self.free_name(&provider.value, name.as_ref(), &word);
            self.planned.push(PlannedFault {
                provider: provider.value.clone(),
                name: name.clone(),
                kind: word,
                during: trigger.during.clone(),
            });
            let mut trigger = trigger.clone();
            // A model may have another id at each of its providers.
            if let Some(node) = fields.get("when") {
                trigger.matches = when(&quiet, node, self.names, std::slice::from_ref(provider));
            }
            if let Some(spec) = self.specs.get_mut(&provider.value) {
                spec.faults.push(Rule { name, trigger, fault });
            }
        }
    }

    /// The name as given, or the fault's word with a number when it is taken.
    fn free_name(&mut self, provider: &str, given: Option<&At<String>>, word: &str) -> String {
        let is_taken =
            |name: &str| self.taken.iter().find(|(at, known)| at == provider && known.value == name);
        if let Some(name) = given {
            if let Some((_, first)) = is_taken(&name.value) {
                let message = format!("`{provider}` has a fault `{}` already", name.value);
                let problem = Diagnostic::new(Code::DUPLICATE_NAME, message).at(&name.span);
                let first = first.span.clone();
                self.cx.report(if first.is_empty() {
                    problem
                } else {
                    problem.related(&first, "the first one")
                });
            }
            self.taken.push((provider.to_owned(), name.clone()));
            return name.value.clone();
        }
        let numbered = (2..).map(|number| format!("{word}-{number}"));
        let name = std::iter::once(word.to_owned()).chain(numbered).find(|name| is_taken(name).is_none());
        let name = name.unwrap_or_else(|| word.to_owned());
        self.taken.push((provider.to_owned(), At { value: name.clone(), span: 0..0 }));
        name
    }

    fn during(&self, node: &Node) -> Vec<Window> {
        let mut windows: Vec<(Window, Span)> = match &node.value {
            Value::List(_) => {
                self.cx.list(node, "`during`").iter().flat_map(|item| self.windows(item)).collect()
            }
            _ => self.windows(node),
        };
        windows.sort_by_key(|(window, _)| *window);
        for pair in windows.windows(2) {
            if pair[1].0.from < pair[0].0.to {
                let problem = Diagnostic::new(Code::OVERLAPPING_WINDOWS, "this window overlaps another one");
                self.cx.report(problem.at(&pair[1].1).related(&pair[0].1, "with this one"));
            }
        }
        windows.into_iter().map(|(window, _)| window).collect()
    }

    fn windows(&self, node: &Node) -> Vec<(Window, Span)> {
        let windows = match &node.value {
            Value::Map(_) => shape::flapping(self.cx, node, (self.seed, self.taken.len())),
            _ => self.cx.scalar(node, "a window (`20m..23m`)").and_then(|text| match units::window(text) {
                Ok((from, to)) => Some(vec![shape::window(from, to)]),
                Err(wrong) => {
                    self.cx.wrong(wrong, &node.span);
                    None
                }
            }),
        };
        let windows = windows.unwrap_or_default();
        if let (Some(first), Some(over)) = (windows.first(), self.over)
            && first.from >= over
        {
            let message = format!(
                "this window begins after the last request is over (at {} at the latest)",
                show(over.since(Moment::ZERO))
            );
            self.cx.report(
                Diagnostic::new(Code::NEVER_FIRES, message).at(&node.span).label("nothing can happen here"),
            );
        }
        windows.into_iter().map(|window| (window, node.span.clone())).collect()
    }

    fn trigger(&self, fields: &Fields<'_>, during: Vec<Window>, on: &[At<String>]) -> Trigger {
        let cx = self.cx;
        let count = |key: &str, least: u64| {
            fields.get(key).and_then(|node| cx.whole_in(node, least, u64::from(u32::MAX)))
        };
        let (first, skip) = (count("first", 1), count("skip", 0));
        let per = fields.get("per").and_then(|node| cx.word(node, &PER)).unwrap_or_default();
        let counted = fields.get("first").is_some() || fields.get("skip").is_some();
        if !counted {
            fields.only_with(cx, &["per"], "`first` or `skip`");
        }
        if fields.get("probability").is_none() {
            fields.only_with(cx, &["fate"], "`probability`");
        }
        let share = fields.get("probability").map(|node| shape::share(cx, node, self.starts_us, &during));
        let (probability_ppm, shape) = share.unwrap_or_default();
        let strength =
            fields.get("strength").and_then(|node| shape::curve(cx, node, self.starts_us, &during));
        Trigger {
            during,
            probability_ppm,
            shape,
            strength,
            fate: fields.get("fate").and_then(|node| shape::fate(cx, node)),
            sequence: counted.then_some(Sequence {
                skip: skip.unwrap_or(0),
                first: first.unwrap_or(u64::MAX / 2),
                per,
            }),
            matches: fields.get("when").map(|node| when(cx, node, self.names, on)).unwrap_or_default(),
        }
    }
}

fn given_name(cx: &Cx, node: &Node) -> Option<At<String>> {
    let name = At::new(cx.text(node)?, &node.span);
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.value.is_empty() || !name.value.chars().all(legal) {
        let message = format!("`{}` cannot be a name", name.value);
        cx.report(
            Diagnostic::new(Code::BAD_NAME, message).at(&name.span).help("use letters, digits, `-` and `_`"),
        );
    } else if PHASE_WORDS.contains(&name.value.as_str()) {
        let message = format!("`{}` is the name of a phase", name.value);
        cx.report(
            Diagnostic::new(Code::NAME_COLLISION, message).at(&name.span).help("give the fault another name"),
        );
    }
    Some(name)
}

fn providers(cx: &Cx, node: &Node, names: &Names) -> Vec<At<String>> {
    let items = match &node.value {
        Value::List(_) => cx.list(node, "`on`"),
        _ => std::slice::from_ref(node),
    };
    let mut found: Vec<At<String>> = Vec::new();
    for name in items.iter().filter_map(|item| cx.name(item)) {
        if found.iter().any(|known| known.value == name.value) {
            cx.report(
                Diagnostic::new(Code::DUPLICATE_NAME, format!("`{}` is in the list already", name.value))
                    .at(&name.span),
            );
        } else if names.provider(&name.value).is_some() {
            found.push(name);
        } else {
            let mut problem = unknown_name("provider", &name, names.providers());
            if let Some([(provider, upstream), ..]) = names.places(&name.value) {
                problem = problem.help(format!(
                    "`{}` is a model: write `on: {provider}`, with `when: {{ model: {upstream} }}` if only it is to fail",
                    name.value
                ));
            }
            cx.report(problem);
        }
    }
    found
}

fn when(cx: &Cx, node: &Node, names: &Names, on: &[At<String>]) -> Match {
    let fields = cx.fields(node, &WHEN);
    let tenant = fields.get("tenant").and_then(|node| cx.name(node));
    if let Some(tenant) = tenant.as_ref().filter(|tenant| !names.has_tenant(&tenant.value)) {
        cx.report(unknown_name("tenant", tenant, names.tenants()));
    }
    Match {
        model: fields
            .get("model")
            .and_then(|node| cx.name(node))
            .map(|model| upstream(cx, &model, names, on)),
        tenant: tenant.map(|tenant| tenant.value),
        prompt: fields.get("prompt").and_then(|node| cx.text(node)),
        stream: fields.get("stream").and_then(|node| cx.truth(node)),
        in_flight: fields.get("in_flight").and_then(|node| in_flight(cx, node)),
        key: fields.get("key").and_then(|node| cx.text(node)),
        path: fields.get("path").and_then(|node| cx.text(node)),
        headers: fields.get("headers").map(|node| headers(cx, node)).unwrap_or_default(),
    }
}

/// `10..`, `..3`, `2..5` or `7`: how many other calls are being answered.
fn in_flight(cx: &Cx, node: &Node) -> Option<InFlight> {
    let text = cx.scalar(node, "a range of calls (`10..`, `..3`, `2..5`)")?;
    let bound = |text: &str, open: u64| if text.is_empty() { Ok(open) } else { units::whole(text) };
    let range = match text.split_once("..") {
        Some((from, to)) => bound(from, 0).and_then(|from| Ok((from, bound(to, u64::MAX)?))),
        None => units::whole(text).map(|calls| (calls, calls)),
    };
    match range {
        Ok((from, to)) if from <= to => Some(InFlight { from, to }),
        Ok(_) => {
            let message = format!("`{text}` ends before it begins");
            cx.report(Diagnostic::new(Code::OUT_OF_RANGE, message).at(&node.span));
            None
        }
        Err(wrong) => {
            cx.wrong(wrong, &node.span);
            None
        }
    }
}

/// Headers a call has to have: with this value, or (null) with any.
fn headers(cx: &Cx, node: &Node) -> Vec<(String, Option<String>)> {
    let value = |node: &Node| match &node.value {
        Value::Null => Some(None),
        _ => cx.text(node).map(Some),
    };
    let entries = cx.entries(node).into_iter();
    entries.filter_map(|(name, node)| Some((name.value.to_ascii_lowercase(), value(node)?))).collect()
}

/// The id that a call names: given as such (a `*` at its end matches anything), or by the model's name.
fn upstream(cx: &Cx, model: &At<String>, names: &Names, on: &[At<String>]) -> String {
    if let Some(places) = names.places(&model.value) {
        let here = |(at, _): &&(String, String)| on.iter().any(|provider| provider.value == *at);
        let place = places.iter().find(here).or_else(|| places.first());
        return place.map_or_else(|| model.value.clone(), |(_, upstream)| upstream.clone());
    }
    let mut known = on.iter().flat_map(|provider| names.upstreams(&provider.value));
    let matches = |id: &str| match model.value.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == model.value,
    };
    if !names.is_open() && !on.is_empty() && !known.any(matches) {
        let all = on.iter().flat_map(|provider| names.upstreams(&provider.value)).chain(names.models());
        cx.report(unknown_name("model", model, all));
    }
    model.value.clone()
}

fn refuse_conditions(cx: &Cx, fields: &Fields<'_>, word: &str) {
    let per_request = fields
        .get("per")
        .filter(|node| matches!(&node.value, Value::Scalar { text, .. } if text == "request"));
    let place = fields.key("when").or_else(|| per_request.and_then(|_| fields.key("per")));
    if let Some(span) = place {
        let message = format!("`{word}` acts on connections, before any request is seen");
        cx.report(
            Diagnostic::new(Code::CONNECTION_FAULT, message)
                .at(span)
                .label("cannot be looked at then")
                .help("for single requests use `reset` (or `hang` for one that is never answered)"),
        );
    }
}
