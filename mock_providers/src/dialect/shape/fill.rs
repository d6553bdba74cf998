//! Filling a schema in.

use serde_json::{Map, Value};

use super::super::json::push_string;
use super::{limits, text};

/// Depth of references and objects: recursive schemas end somewhere.
const DEPTH_MAX: u32 = 12;
/// Values in a document: what is optional is left out beyond that.
const VALUES_MAX: u32 = 500;
/// Entries of a list that asks for more than one.
const ITEMS_MAX: u64 = 64;

/// What leads deeper.
const DEEPER: [&str; 6] = ["$ref", "anyOf", "oneOf", "allOf", "properties", "items"];

/// A document in the making.
pub(super) struct Filler<'a> {
    root: &'a Value,
    out: String,
    /// Where the words go.
    place: Option<usize>,
    /// Whether a place further out is kept for them.
    kept: bool,
    depth: u32,
    values: u32,
}

impl<'a> Filler<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Filler { root, out: String::new(), place: None, kept: false, depth: 0, values: 0 }
    }

    /// The document, and where the words go.
    pub(super) fn done(self) -> (String, Option<usize>) {
        (self.out, self.place)
    }

    /// Writes a value of `schema`. None when there is none within the limits; then nothing was written.
    pub(super) fn fill(&mut self, schema: &'a Value) -> Option<()> {
        self.values += 1;
        let before = (self.out.len(), self.place);
        self.depth += 1;
        let filled = self.value(schema);
        self.depth -= 1;
        if filled.is_none() {
            self.out.truncate(before.0);
            self.place = before.1;
        }
        filled
    }

    fn value(&mut self, schema: &'a Value) -> Option<()> {
        let schema = match schema {
            Value::Object(schema) => schema,
            // `true` allows everything.
            Value::Bool(true) => return self.string(&Map::new()),
            _ => return None,
        };
        if self.is_deep() && DEEPER.iter().any(|key| schema.contains_key(*key)) {
            return None;
        }
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            return self.fill(root.pointer(path.strip_prefix('#')?)?);
        }
        let fixed = schema.get("const").or_else(|| schema.get("enum")?.as_array()?.first());
        if let Some(fixed) = fixed {
            self.out.push_str(&fixed.to_string());
            return Some(());
        }
        if let Some(choices) = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array()) {
            return self.first_of(choices);
        }
        match kind(schema) {
            "object" => self.object(schema),
            "array" => self.list(schema),
            "string" => self.string(schema),
            "boolean" => self.push("true"),
            "null" => self.push("null"),
            "integer" => self.push(&limits::integer(schema)?),
            "number" => self.push(&limits::number(schema)?),
            _ => None,
        }
    }

    /// Whether the document is deep or large enough: from here on, only what ends at once is written.
    const fn is_deep(&self) -> bool {
        self.depth >= DEPTH_MAX || self.values > 2 * VALUES_MAX
    }

    fn push(&mut self, text: &str) -> Option<()> {
        self.out.push_str(text);
        Some(())
    }

    /// The first choice that can be filled; nothing at all comes last.
    fn first_of(&mut self, choices: &'a [Value]) -> Option<()> {
        let nothing = |choice: &&Value| choice.get("type").and_then(Value::as_str) == Some("null");
        let (last, first): (Vec<_>, Vec<_>) = choices.iter().partition(nothing);
        first.into_iter().chain(last).find_map(|choice| self.fill(choice))
    }

    /// All properties that can be filled, in their order; `allOf` adds those of its parts.
    fn object(&mut self, schema: &'a Map<String, Value>) -> Option<()> {
        self.out.push('{');
        let start = self.out.len();
        let kept = self.kept;
        let own = if kept { None } else { self.parts(schema).into_iter().find_map(free) };
        for part in self.parts(schema) {
            let required = part.get("required").and_then(Value::as_array);
            let needed = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
            for (name, property) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if self.values < VALUES_MAX || needed(name) {
                    self.kept = kept || own.is_some_and(|own| own != name);
                    let filled = self.property(name, property, start, needed(name));
                    self.kept = kept;
                    filled?;
                }
            }
        }
        if self.out.len() == start {
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => {}
                Some(values @ Value::Object(_)) => self.property("key", values, start, false)?,
                _ => self.property("text", &Value::Bool(true), start, false)?,
            }
        }
        self.push("}")
    }

    /// The schema and everything in its `allOf`.
    fn parts(&self, schema: &'a Map<String, Value>) -> Vec<&'a Map<String, Value>> {
        let resolve = |part: &'a Value| {
            let path = part.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
            path.map_or(Some(part), |path| self.root.pointer(path))?.as_object()
        };
        let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        std::iter::once(schema).chain(all.filter_map(resolve)).collect()
    }

    /// One property. What is optional and cannot be filled is left out.
    fn property(&mut self, name: &str, schema: &'a Value, start: usize, needed: bool) -> Option<()> {
        let before = self.out.len();
        if before > start {
            self.out.push(',');
        }
        push_string(name, &mut self.out);
        self.out.push(':');
        if self.fill(schema).is_some() {
            return Some(());
        }
        self.out.truncate(before);
        (!needed).then_some(())
    }

    /// As many entries as there have to be, one if it may.
    fn list(&mut self, schema: &'a Map<String, Value>) -> Option<()> {
        let count = |key: &str| schema.get(key).and_then(limits::whole);
        let least = count("minItems").unwrap_or(0).min(ITEMS_MAX);
        let most = count("maxItems").unwrap_or(u64::MAX);
        self.out.push('[');
        let start = self.out.len();
        for item in schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten() {
            self.item(item, start)?;
        }
        let items = schema.get("items").unwrap_or(&Value::Bool(true));
        let tuple = schema.get("prefixItems").is_some();
        for nth in 0..if tuple { 0 } else { least.max(1).min(most) } {
            if self.item(items, start).is_none() && nth < least {
                return None;
            }
        }
        self.push("]")
    }

    fn item(&mut self, schema: &'a Value, start: usize) -> Option<()> {
        let before = self.out.len();
        if before > start {
            self.out.push(',');
        }
        let filled = self.fill(schema);
        if filled.is_none() {
            self.out.truncate(before);
        }
        filled
    }

    /// The place of the words, if this is the first text that takes any; else a text of the kind that is asked for.
    fn string(&mut self, schema: &Map<String, Value>) -> Option<()> {
        if self.place.is_none() && !self.kept && text::is_free(schema) {
            self.out.push('"');
            self.place = Some(self.out.len());
            return self.push("\"");
        }
        push_string(&text::of(schema), &mut self.out);
        Some(())
    }
}

/// The first property that takes any text: words are better found further out than further in.
fn free(schema: &Map<String, Value>) -> Option<&str> {
    let mut properties = schema.get("properties")?.as_object()?.iter();
    let takes_words = |property: &Value| {
        let property = property.as_object();
        property.is_some_and(|one| one.contains_key("type") && kind(one) == "string" && text::is_free(one))
    };
    properties.find(|(_, property)| takes_words(property)).map(|(name, _)| name.as_str())
}

/// The type a schema asks for; the first real one of several, and what its other keys suggest when it names none.
fn kind(schema: &Map<String, Value>) -> &'static str {
    const KINDS: [&str; 7] = ["object", "array", "string", "integer", "number", "boolean", "null"];
    let known = |name: &Value| {
        let name = name.as_str()?;
        KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(name))
    };
    match schema.get("type") {
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(known);
            let first = names.next().unwrap_or("null");
            if first == "null" { names.next().unwrap_or(first) } else { first }
        }
        Some(name) => known(name).unwrap_or(""),
        None if schema.contains_key("properties") || schema.contains_key("allOf") => "object",
        None if schema.contains_key("items") || schema.contains_key("prefixItems") => "array",
        None => "string",
    }
}
