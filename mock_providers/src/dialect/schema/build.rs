//! Builds an instance, depth first.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::merge::{followed, merge};
use super::scalar;
use super::shape::words_within;
use super::{SLOT, count, is_type, number};

/// Schemas looked at for one instance: enough for anything a vendor accepts (OpenAI stops at 5,000 properties).
const STEPS_MAX: u32 = 20_000;
/// Elements an array may need.
const ITEMS_MAX: usize = 256;
/// Levels: references end by themselves, but a schema can also be nested as deep as its text is long.
const DEPTH_MAX: u32 = 100;

pub(super) struct Builder<'a> {
    root: &'a Value,
    /// References being followed: the smallest instance needs none of them inside itself.
    open: Vec<String>,
    steps: u32,
    depth: u32,
    /// Words there is room for, once they have a place.
    slot: Option<u32>,
    /// Which of several equal elements is being built, where they have to differ.
    variant: usize,
}

impl<'a> Builder<'a> {
    pub(super) const fn new(root: &'a Value) -> Self {
        Builder { root, open: Vec::new(), steps: 0, depth: 0, slot: None, variant: 0 }
    }

    pub(super) const fn has_slot(&self) -> bool {
        self.slot.is_some()
    }

    pub(super) fn words_max(&self) -> u32 {
        self.slot.unwrap_or(0)
    }

    /// Takes the place for the words.
    pub(super) fn slot(&mut self) -> Value {
        self.slot = Some(u32::MAX);
        SLOT.into()
    }

    /// An instance of `schema`; none when there is none within bounds.
    pub(super) fn value(&mut self, schema: &Value) -> Option<Value> {
        if self.steps >= STEPS_MAX || self.depth >= DEPTH_MAX {
            return None;
        }
        self.steps += 1;
        self.depth += 1;
        let (slot, open) = (self.slot, self.open.len());
        let value = self.try_value(schema);
        if value.is_none() {
            self.slot = slot;
        }
        self.open.truncate(open);
        self.depth -= 1;
        value
    }

    fn try_value(&mut self, schema: &Value) -> Option<Value> {
        let schema = match schema {
            Value::Bool(false) => return None,
            Value::Object(_) => followed(schema, self.root, &mut self.open)?,
            _ => return Some(self.string(&Value::Null)),
        };
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                return self.branch(&schema, key, branches);
            }
        }
        if let Some(value) = schema.get("const") {
            return Some(value.clone());
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let fits = |value: &&Value| !value.is_null() || values.len() == 1;
            let fitting: Vec<&Value> = values.iter().filter(fits).collect();
            return fitting.get(self.variant % fitting.len().max(1)).map(|value| (*value).clone());
        }
        self.typed(&schema)
    }

    /// The schema with its references followed and its parts put together, as far as that goes.
    pub(super) fn plain(&self, schema: &Value) -> Value {
        let whole = followed(schema, self.root, &mut Vec::new());
        whole.map_or_else(|| schema.clone(), Cow::into_owned)
    }

    /// The first branch that works; null only when nothing else does.
    fn branch(&mut self, schema: &Value, key: &str, branches: &[Value]) -> Option<Value> {
        let mut rest = schema.clone();
        rest.as_object_mut()?.remove(key);
        let mut ordered: Vec<&Value> = branches.iter().collect();
        ordered.sort_by_key(|branch| branch.get("type").is_some_and(|kind| is_type(kind, "null")));
        ordered.into_iter().find_map(|branch| {
            // What is beside the branches holds for each of them.
            let branch = self.followed_branch(branch)?;
            let value = self.value(&merge(&rest, &branch.0));
            self.open.truncate(branch.1);
            value
        })
    }

    /// A branch behind its reference, and how many references were open before.
    fn followed_branch(&mut self, branch: &Value) -> Option<(Value, usize)> {
        let before = self.open.len();
        let branch = match branch {
            Value::Object(_) => followed(branch, self.root, &mut self.open).map(Cow::into_owned),
            other => Some(other.clone()),
        };
        if branch.is_none() {
            self.open.truncate(before);
        }
        Some((branch?, before))
    }

    fn typed(&mut self, schema: &Value) -> Option<Value> {
        match schema.get("type") {
            Some(Value::Array(kinds)) => {
                let real = kinds.iter().filter(|kind| !is_type(kind, "null"));
                let null = kinds.iter().filter(|kind| is_type(kind, "null"));
                real.chain(null).filter_map(Value::as_str).find_map(|kind| self.of_type(kind, schema))
            }
            Some(Value::String(kind)) => self.of_type(kind, schema),
            _ => self.of_type(guessed(schema), schema),
        }
    }

    fn of_type(&mut self, kind: &str, schema: &Value) -> Option<Value> {
        match kind.to_ascii_lowercase().as_str() {
            "object" => self.object(schema),
            "array" => self.array(schema),
            "integer" => scalar::integer(schema, self.variant),
            "number" => scalar::real(schema, self.variant),
            "boolean" => Some(Value::Bool(self.variant.is_multiple_of(2))),
            "null" => Some(Value::Null),
            "string" => self.sized_string(schema),
            _ => Some(self.string(schema)),
        }
    }

    fn object(&mut self, schema: &Value) -> Option<Value> {
        let mut fields = Map::new();
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let Some(name) = name.as_str().filter(|name| !fields.contains_key(*name)) else { continue };
            let known = schema.get("properties").and_then(|properties| properties.get(name));
            let rule = known.or_else(|| schema.get("additionalProperties")).unwrap_or(&Value::Null);
            let value = self.value(rule)?;
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Object(fields))
    }

    fn array(&mut self, schema: &Value) -> Option<Value> {
        let wanted = count(schema.get("minItems")).unwrap_or(0);
        if wanted > ITEMS_MAX {
            return None;
        }
        let first =
            schema.get("prefixItems").or_else(|| schema.get("items").filter(|items| items.is_array()));
        let first = first.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let rest = schema.get("items").filter(|items| !items.is_array()).unwrap_or(&Value::Null);
        let differ = schema.get("uniqueItems").and_then(Value::as_bool) == Some(true);
        let outer = self.variant;
        let items = (0..wanted).map(|index| {
            self.variant = if differ { index } else { outer };
            self.value(first.get(index).unwrap_or(rest))
        });
        let items: Option<Vec<Value>> = items.collect();
        self.variant = outer;
        items.map(Value::Array)
    }

    /// A string of the length, format and pattern that are wanted.
    fn sized_string(&mut self, schema: &Value) -> Option<Value> {
        let most = count(schema.get("maxLength"));
        let room = most.map_or(u32::MAX, words_within);
        if scalar::is_free(schema) && self.slot.is_none() && room > 0 {
            self.slot = Some(room);
            return Some(SLOT.into());
        }
        scalar::string(schema, self.variant)
    }

    fn string(&mut self, schema: &Value) -> Value {
        if self.slot.is_none() {
            self.slot()
        } else {
            scalar::string(schema, self.variant).unwrap_or_default()
        }
    }
}

/// The type that the keywords speak of.
fn guessed(schema: &Value) -> &'static str {
    let has = |keys: &[&str]| keys.iter().any(|key| schema.get(key).is_some());
    if has(&["properties", "required", "additionalProperties"]) {
        "object"
    } else if has(&["items", "prefixItems", "minItems"]) {
        "array"
    } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
        "number"
    } else if has(&["minLength", "maxLength", "pattern", "format"]) || number(schema.get("type")).is_some() {
        "string"
    } else {
        "any"
    }
}
