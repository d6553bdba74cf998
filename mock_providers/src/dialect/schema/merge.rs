//! References followed, and schemas that hold together put into one.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::is_type;

/// References that may lead to one another.
const CHAIN_MAX: usize = 32;

/// `schema` without `$ref` and `allOf`. None when a reference leads nowhere, or into itself.
pub(super) fn followed<'v>(
    schema: &'v Value,
    root: &Value,
    open: &mut Vec<String>,
) -> Option<Cow<'v, Value>> {
    let mut schema = Cow::Borrowed(schema);
    for _ in 0..CHAIN_MAX {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            if open.iter().any(|known| known == name) {
                return None;
            }
            let target = root.pointer(&pointer(name)?)?;
            let rest = without(&schema, "$ref");
            open.push(name.to_owned());
            schema = Cow::Owned(merge(target, &rest));
        } else if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut whole = without(&schema, "allOf");
            for part in parts {
                whole = merge(&whole, &*followed(part, root, open)?);
            }
            schema = Cow::Owned(whole);
        } else {
            return Some(schema);
        }
    }
    None
}

/// The JSON pointer of a reference into the same document.
fn pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    Some(fragment.replace("%24", "$").replace("%25", "%"))
}

fn without(schema: &Value, key: &str) -> Value {
    let mut schema = schema.clone();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove(key);
    }
    schema
}

/// A schema that asks for what both ask for.
pub(super) fn merge(one: &Value, other: &Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (one, other) else {
        return if matches!(one, Value::Bool(true) | Value::Null) || other == &Value::Bool(false) {
            other.clone()
        } else {
            one.clone()
        };
    };
    let mut fields = fields.clone();
    for (key, value) in more {
        let both = match fields.get(key) {
            Some(old) => join(key, old, value),
            None => value.clone(),
        };
        fields.insert(key.clone(), both);
    }
    Value::Object(fields)
}

fn join(key: &str, old: &Value, new: &Value) -> Value {
    match (key, old, new) {
        ("properties" | "$defs", Value::Object(old), Value::Object(new)) => {
            Value::Object(join_each(old, new))
        }
        ("items" | "additionalProperties", _, _) => merge(old, new),
        ("required", Value::Array(old), Value::Array(new)) => {
            Value::Array(old.iter().chain(new).cloned().collect())
        }
        ("enum", Value::Array(old), Value::Array(new)) => {
            Value::Array(old.iter().filter(|value| new.contains(value)).cloned().collect())
        }
        ("type", _, _) => types(old, new),
        ("minimum" | "exclusiveMinimum" | "minLength" | "minItems", _, _) => {
            if old.as_f64() > new.as_f64() {
                old.clone()
            } else {
                new.clone()
            }
        }
        ("maximum" | "exclusiveMaximum" | "maxLength" | "maxItems", _, _) => {
            if old.as_f64() < new.as_f64() {
                old.clone()
            } else {
                new.clone()
            }
        }
        _ => new.clone(),
    }
}

fn join_each(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut all = old.clone();
    for (name, rule) in new {
        let both = all.get(name).map_or_else(|| rule.clone(), |known| merge(known, rule));
        all.insert(name.clone(), both);
    }
    all
}

/// The types both allow; an integer is a number.
fn types(old: &Value, new: &Value) -> Value {
    let list = |value: &Value| match value {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let (old, new) = (list(old), list(new));
    let allowed = |kind: &Value, kinds: &[Value]| {
        kinds.contains(kind) || is_type(kind, "integer") && kinds.iter().any(|other| is_type(other, "number"))
    };
    let mut both: Vec<Value> = old.iter().filter(|kind| allowed(kind, &new)).cloned().collect();
    let more = new.iter().filter(|kind| allowed(kind, &old) && !old.contains(kind));
    both.extend(more.cloned());
    Value::Array(both)
}
