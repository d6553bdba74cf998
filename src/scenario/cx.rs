//! From nodes to typed values: every reader reports what is wrong, and returns something harmless then, so that
//! the rest of the file is read and checked as well.

use std::cell::RefCell;
use std::time::Duration;

use super::code::Code;
use super::diagnostic::{Diagnostic, Severity};
use super::units::{self, Wrong};
use super::yaml::{Node, Span, Value};
use crate::history::expect::Place;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct At<T> {
    pub(in crate::scenario) value: T,
    pub(in crate::scenario) span: Span,
}

impl<T> At<T> {
    pub(in crate::scenario) fn new(value: T, span: &Span) -> Self {
        At { value, span: span.clone() }
    }
}

/// Collects problems.
#[derive(Debug, Default)]
pub(in crate::scenario) struct Cx {
    problems: RefCell<Vec<Diagnostic>>,
    /// The source; empty when places in it do not matter.
    text: String,
}

impl Cx {
    /// For the nodes of a text.
    pub(in crate::scenario) fn of(text: &str) -> Self {
        Cx { text: text.to_owned(), ..Cx::default() }
    }

    /// Line and column of the beginning of a span.
    pub(in crate::scenario) fn place(&self, span: &Span) -> Option<Place> {
        let before = self.text.get(..span.start)?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let number = |count: usize| u32::try_from(count + 1).ok();
        Some(Place { line: number(before.matches('\n').count())?, column: number(line.chars().count())? })
    }

    pub(in crate::scenario) fn report(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    pub(in crate::scenario) fn into_problems(self) -> Vec<Diagnostic> {
        self.problems.into_inner()
    }

    /// Whether one of the problems so far is such a one.
    pub(in crate::scenario) fn any(&self, is_such: impl Fn(&Diagnostic) -> bool) -> bool {
        self.problems.borrow().iter().any(is_such)
    }

    /// Whether something stops the run already.
    pub(in crate::scenario) fn has_errors(&self) -> bool {
        self.any(|problem| problem.severity == Severity::Error)
    }

    /// Reports a text that could not be understood.
    pub(in crate::scenario) fn wrong(&self, wrong: Wrong, span: &Span) {
        self.report(Diagnostic::new(wrong.code, wrong.message).at(span).maybe_help(wrong.help));
    }

    /// Reports a value of the wrong shape.
    pub(in crate::scenario) fn expected(&self, expected: &str, node: &Node) {
        let mut problem =
            Diagnostic::new(Code::WRONG_TYPE, format!("expected {expected}, found {}", node.value.kind()))
                .at(&node.span)
                .label(format!("expected {expected}"));
        if let Value::Scalar { text, plain: true } = &node.value {
            let word = text.to_ascii_lowercase();
            if matches!(word.as_str(), "yes" | "on" | "y") {
                problem = problem.help("did you mean `true`?");
            } else if matches!(word.as_str(), "no" | "off" | "n") {
                problem = problem.help("did you mean `false`?");
            } else if expected.starts_with("text") || expected.starts_with("a name") {
                problem = problem.help(format!("quote it if it is meant as text: \"{text}\""));
            }
        }
        self.report(problem);
    }

    /// A scalar's text, whatever it looks like, or a complaint.
    pub(in crate::scenario) fn scalar<'n>(&self, node: &'n Node, expected: &str) -> Option<&'n str> {
        match &node.value {
            Value::Scalar { text, .. } => Some(text),
            _ => {
                self.expected(expected, node);
                None
            }
        }
    }

    fn parsed<T>(
        &self,
        node: &Node,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let text = self.scalar(node, expected)?;
        parse(text).map_err(|wrong| self.wrong(wrong, &node.span)).ok()
    }

    /// Text: something that YAML takes for a number or a truth value must be quoted.
    pub(in crate::scenario) fn text(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Scalar { text, .. } if node.value.kind() == "text" => Some(text.clone()),
            _ => {
                self.expected("text", node);
                None
            }
        }
    }

    /// A reference to a name.
    pub(in crate::scenario) fn name(&self, node: &Node) -> Option<At<String>> {
        self.scalar(node, "a name").map(|text| At::new(text.to_owned(), &node.span))
    }

    /// `true` or `false`.
    pub(in crate::scenario) fn truth(&self, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Scalar { text, plain: true } if text == "true" => Some(true),
            Value::Scalar { text, plain: true } if text == "false" => Some(false),
            _ => {
                self.expected("`true` or `false`", node);
                None
            }
        }
    }

    pub(in crate::scenario) fn duration(&self, node: &Node) -> Option<Duration> {
        self.parsed(node, "a duration", units::duration)
    }

    /// A duration that is more than nothing.
    pub(in crate::scenario) fn some_time(&self, node: &Node) -> Option<Duration> {
        let duration = self.duration(node)?;
        if duration.is_zero() {
            self.wrong(Wrong::new(Code::OUT_OF_RANGE, "this must be longer than zero"), &node.span);
            return None;
        }
        Some(duration)
    }

    pub(in crate::scenario) fn number(&self, node: &Node) -> Option<f64> {
        self.parsed(node, "a number", units::number)
    }

    /// A number from `least` to `most`.
    pub(in crate::scenario) fn number_in(&self, node: &Node, least: f64, most: f64) -> Option<f64> {
        let number = self.number(node)?;
        self.in_range(number, least, most, node).then_some(number)
    }

    /// A whole number from `least` to `most`.
    pub(in crate::scenario) fn whole_in(&self, node: &Node, least: u64, most: u64) -> Option<u64> {
        let number = self.parsed(node, "a whole number", units::whole)?;
        self.in_range(number as f64, least as f64, most as f64, node).then_some(number)
    }

    fn in_range(&self, number: f64, least: f64, most: f64, node: &Node) -> bool {
        let fits = (least..=most).contains(&number);
        if !fits {
            let message = format!("`{number}` is out of range");
            let label = format!("expected {least} to {most}");
            self.report(Diagnostic::new(Code::OUT_OF_RANGE, message).at(&node.span).label(label));
        }
        fits
    }

    pub(in crate::scenario) fn rate(&self, node: &Node) -> Option<f64> {
        self.parsed(node, "a rate", units::rate)
    }

    pub(in crate::scenario) fn share_ppm(&self, node: &Node) -> Option<u32> {
        self.parsed(node, "a share", units::share_ppm)
    }

    /// A factor from `least` up to a million.
    pub(in crate::scenario) fn factor(&self, node: &Node, least: f64) -> Option<f64> {
        let factor = self.parsed(node, "a factor", units::factor)?;
        self.in_range(factor, least, 1e6, node).then_some(factor)
    }

    /// One word of a closed set.
    pub(in crate::scenario) fn word<T: Copy>(&self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let text = self.scalar(node, &one_of(words.iter().map(|(word, _)| *word)))?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            self.report(unknown_word(text, &node.span, words.iter().map(|(word, _)| *word)));
        }
        found
    }

    /// The items of a list that may not be empty.
    pub(in crate::scenario) fn list<'n>(&self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) if !items.is_empty() => items,
            Value::List(_) => {
                self.report(Diagnostic::new(Code::EMPTY_VALUE, format!("{what} is empty")).at(&node.span));
                &[]
            }
            _ => {
                self.expected("a list", node);
                &[]
            }
        }
    }

    /// The entries of a map with free names.
    pub(in crate::scenario) fn named<'n>(&self, node: &'n Node, what: &str) -> Vec<(At<String>, &'n Node)> {
        let entries = self.entries(node);
        if matches!(&node.value, Value::Map(map) if map.is_empty()) {
            self.report(Diagnostic::new(Code::EMPTY_VALUE, format!("{what} is empty")).at(&node.span));
        }
        for (name, _) in &entries {
            self.check_name(name);
        }
        entries
    }

    /// Names travel in host names, headers and reports.
    fn check_name(&self, name: &At<String>) {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
        let starts_well = name.value.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !starts_well || !name.value.chars().all(legal) || name.value.len() > 64 {
            let message = format!("`{}` cannot be a name", name.value);
            let help = "use up to 64 letters, digits and `-_.:/`, beginning with a letter or digit";
            self.report(Diagnostic::new(Code::BAD_NAME, message).at(&name.span).help(help));
        }
    }

    /// The entries of a map, each key once.
    pub(in crate::scenario) fn entries<'n>(&self, node: &'n Node) -> Vec<(At<String>, &'n Node)> {
        let Value::Map(map) = &node.value else {
            self.expected("a map", node);
            return Vec::new();
        };
        let mut entries: Vec<(At<String>, &Node)> = Vec::new();
        for (key, value) in map {
            let Value::Scalar { text, .. } = &key.value else {
                self.expected("a key", key);
                continue;
            };
            match entries.iter().find(|(known, _)| known.value == *text) {
                Some((first, _)) => self.report(
                    Diagnostic::new(Code::DUPLICATE_KEY, format!("`{text}` is written twice"))
                        .at(&key.span)
                        .label("again here")
                        .related(&first.span, "first here"),
                ),
                None => entries.push((At::new(text.clone(), &key.span), value)),
            }
        }
        entries
    }

    /// The entries of a map with known keys.
    pub(in crate::scenario) fn fields<'n>(&self, node: &'n Node, shape: &Shape) -> Fields<'n> {
        let mut known = Vec::new();
        let is_map = matches!(node.value, Value::Map(_));
        for (key, value) in self.entries(node) {
            if shape.keys.contains(&key.value.as_str()) {
                known.push((key, value));
            } else {
                self.report(unknown_key(&key, shape));
            }
        }
        Fields { what: shape.what, span: node.span.clone(), entries: known, is_map }
    }
}

/// A map with known keys: the reader and the JSON schema both go by it.
#[derive(Debug)]
pub(in crate::scenario) struct Shape {
    /// What it is, for messages: `a provider`.
    pub(in crate::scenario) what: &'static str,
    /// Its definition in the JSON schema.
    pub(in crate::scenario) name: &'static str,
    /// Keys it may have.
    pub(in crate::scenario) keys: &'static [&'static str],
}

/// The entries of a map that have known keys.
#[derive(Debug)]
pub(in crate::scenario) struct Fields<'n> {
    what: &'static str,
    pub(in crate::scenario) span: Span,
    entries: Vec<(At<String>, &'n Node)>,
    is_map: bool,
}

impl<'n> Fields<'n> {
    pub(in crate::scenario) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(known, _)| known.value == key).map(|(_, node)| *node)
    }

    /// Where a key is written.
    pub(in crate::scenario) fn key(&self, key: &str) -> Option<&Span> {
        self.entries.iter().find(|(known, _)| known.value == key).map(|(known, _)| &known.span)
    }

    /// The value of a key that must be there.
    pub(in crate::scenario) fn require(&self, cx: &Cx, key: &str, example: &str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() && self.is_map {
            let message = format!("{} needs `{key}`", self.what);
            let place = self.entries.first().map_or(&self.span, |(first, _)| &first.span);
            cx.report(
                Diagnostic::new(Code::MISSING_KEY, message)
                    .at(place)
                    .label("in this map")
                    .help(format!("add `{key}: {example}`")),
            );
        }
        found
    }

    /// Exactly one of `keys`: its name and value.
    pub(in crate::scenario) fn one_of<'k>(&self, cx: &Cx, keys: &[&'k str]) -> Option<(&'k str, &'n Node)> {
        let present: Vec<&'k str> = keys.iter().copied().filter(|key| self.get(key).is_some()).collect();
        match present[..] {
            [] if self.is_map => {
                let message = format!("{} needs {}", self.what, one_of(keys.iter().copied()));
                let place = self.entries.first().map_or(&self.span, |(first, _)| &first.span);
                cx.report(Diagnostic::new(Code::MISSING_KEY, message).at(place).label("in this map"));
            }
            [first, second, ..] => self.conflict(cx, second, first),
            _ => {}
        }
        present.first().and_then(|key| self.get(key).map(|node| (*key, node)))
    }

    /// Reports that `key` cannot stand beside `other`.
    pub(in crate::scenario) fn conflict(&self, cx: &Cx, key: &str, other: &str) {
        let (Some(span), Some(first)) = (self.key(key), self.key(other)) else { return };
        let message = format!("`{key}` and `{other}` exclude each other");
        cx.report(Diagnostic::new(Code::CONFLICTING_KEYS, message).at(span).related(first, "the other one"));
    }

    /// Reports those of `keys` that are there although `needs` is not.
    pub(in crate::scenario) fn only_with(&self, cx: &Cx, keys: &[&str], needs: &str) {
        for span in keys.iter().filter_map(|key| self.key(key)) {
            let message = format!("this means nothing without {needs}");
            cx.report(Diagnostic::new(Code::CONFLICTING_KEYS, message).at(span));
        }
    }
}

/// `a`, `b` or `c`.
pub(in crate::scenario) fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// The one of `known` that was probably meant: one that begins and sounds alike, or a slip of the fingers.
pub(in crate::scenario) fn similar<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let likeness = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let slips = strsim::osa_distance(&word, &candidate);
        let few = word.len() >= 3 && slips <= word.len().div_ceil(4);
        if few { 1.0 - slips as f64 / 100.0 } else { strsim::jaro_winkler(&word, &candidate) }
    };
    known
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn unknown_key(key: &At<String>, shape: &Shape) -> Diagnostic {
    let problem = Diagnostic::new(Code::UNKNOWN_KEY, format!("{} has no key `{}`", shape.what, key.value))
        .at(&key.span);
    let keys = one_of(shape.keys.iter().copied()).replace(" or ", " and ");
    match similar(&key.value, shape.keys.iter().copied()) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem.help(format!("its keys are {keys}")),
    }
}

/// A word outside a closed set.
pub(in crate::scenario) fn unknown_word<'a>(
    word: &str,
    span: &Span,
    words: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let problem = Diagnostic::new(Code::UNKNOWN_WORD, format!("`{word}` is not known here"))
        .at(span)
        .label(format!("expected {}", choice(words.clone())));
    match similar(word, words) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

/// Words to choose from; too many to be read are counted.
fn choice<'a>(words: impl Iterator<Item = &'a str> + Clone) -> String {
    const READABLE: usize = 30;
    match words.clone().count() {
        count if count > READABLE => format!("one of {count} words: docs/faults/README.md lists them"),
        _ => one_of(words),
    }
}

/// A name that nothing has.
pub(in crate::scenario) fn unknown_name<'a>(
    what: &str,
    name: &At<String>,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let problem =
        Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no {what} `{}`", name.value)).at(&name.span);
    match similar(&name.value, known.clone()) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None if known.clone().next().is_some() => {
            problem.help(format!("known: {}", one_of(known.take(12)).replace(" or ", ", ")))
        }
        None => problem,
    }
}
