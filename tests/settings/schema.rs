//! The schema as a list of settings, and which of them two documents differ in.

use std::collections::BTreeSet;

use brownout::scenario;
use jsonschema::Validator;
use serde_json::Value;

/// A validator of whole scenarios.
pub(crate) fn validator() -> Validator {
    jsonschema::validator_for(&scenario::schema()).expect("a valid schema")
}

/// The part of the schema that begins at `router`.
pub(crate) struct Schema {
    whole: Value,
}

impl Schema {
    pub(crate) fn new() -> Self {
        Schema { whole: scenario::schema() }
    }

    /// Every setting: `SHAPE.KEY`. A key of `defaults` is one of a route, and is tested as such.
    pub(crate) fn settings(&self) -> BTreeSet<String> {
        let (mut found, mut open, mut seen) = (BTreeSet::new(), vec!["router".to_owned()], BTreeSet::new());
        while let Some(shape) = open.pop() {
            if !seen.insert(shape.clone()) || shape == "defaults" {
                continue;
            }
            let def = &self.whole["$defs"][&shape];
            let keys = def["properties"].as_object().into_iter().flat_map(|keys| keys.keys());
            found.extend(keys.map(|key| format!("{shape}.{key}")));
            references(def, &mut open);
        }
        found.remove("router.defaults");
        found
    }

    /// The settings in which two routers differ.
    pub(crate) fn differences(&self, a: &Value, b: &Value, found: &mut BTreeSet<String>) {
        self.compare("router", &self.whole["$defs"]["router"], a, b, found);
    }

    fn compare(&self, name: &str, schema: &Value, a: &Value, b: &Value, found: &mut BTreeSet<String>) {
        if a == b {
            return;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.trim_start_matches("#/$defs/");
            return self.compare(name, &self.whole["$defs"][name], a, b, found);
        }
        for choice in schema["anyOf"].as_array().into_iter().flatten() {
            self.compare(name, choice, a, b, found);
        }
        if let (Some(a), Some(b)) = (a.as_array(), b.as_array())
            && a.len() == b.len()
        {
            a.iter().zip(b).for_each(|(a, b)| self.compare(name, &schema["items"], a, b, found));
        }
        let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return };
        let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        let all = schema["properties"].as_object();
        // A choice that does not know all the keys is not the one that was made.
        let fits = all.is_some_and(|all| keys.iter().all(|key| all.contains_key(*key)));
        for key in keys {
            let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
            if a == b {
                continue;
            }
            if fits {
                let inner = &schema["properties"][key];
                found.insert(format!("{name}.{key}"));
                self.compare(name, inner, a, b, found);
            } else if schema["additionalProperties"].is_object() {
                self.compare(name, &schema["additionalProperties"], a, b, found);
            }
        }
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str);
            found.extend(reference.map(|reference| reference.trim_start_matches("#/$defs/").to_owned()));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
