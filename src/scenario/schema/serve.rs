//! The JSON Schema of configurations of `brownout serve`: a scenario's router, and what stands around it.

use serde_json::{Map, Value, json};

use super::super::read::serve::{CHAINS, LOGS, SHAPES, vendors};
use super::super::read::shapes;
use super::{either_of, list_of, map_of, object, reference, router, scalars, words_of};

/// The schema (draft 2020-12).
#[must_use]
pub fn serve_schema() -> Value {
    let mut all = scalars();
    for shape in shapes::all().chain(SHAPES.iter().copied()) {
        all.insert(shape.name.to_owned(), object(shape));
    }
    let mut defs = Map::new();
    take("serve", &all, &mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://brownout.dev/schemas/serve-1.json",
        "title": "Brownout router",
        "$ref": "#/$defs/serve",
        "$defs": defs,
    })
}

/// Takes a definition, and those that it leads to.
fn take(name: &str, all: &Map<String, Value>, defs: &mut Map<String, Value>) {
    let Some(found) = all.get(name).filter(|_| !defs.contains_key(name)) else { return };
    defs.insert(name.to_owned(), found.clone());
    follow(found, all, defs);
}

fn follow(value: &Value, all: &Map<String, Value>, defs: &mut Map<String, Value>) {
    match value {
        Value::Object(map) => {
            if let Some(name) = map.get("$ref").and_then(Value::as_str) {
                take(name.trim_start_matches("#/$defs/"), all, defs);
            }
            map.values().for_each(|value| follow(value, all, defs));
        }
        Value::Array(items) => items.iter().for_each(|item| follow(item, all, defs)),
        _ => {}
    }
}

/// What may stand at a key that scenarios do not have.
pub(super) fn property(shape: &str, key: &str) -> Option<Value> {
    let text = || json!({ "type": "string", "minLength": 1 });
    let some = match (shape, key) {
        ("serve", "version") => json!({ "const": 1 }),
        ("serve", "listen") => either_of([text(), list_of(text())]),
        ("serve", "tls") => reference("server_tls"),
        ("serve", "providers") => map_of("endpoint"),
        ("serve", "router" | "callers" | "intake") => reference(key),
        ("callers", "chain") => words_of(CHAINS.iter().map(|(word, _)| *word)),
        ("callers", "no_fallback" | "ledger") => json!({ "type": "boolean" }),
        ("callers", "max_deadline") | ("intake", "read_timeout" | "queue_wait") => reference("duration"),
        ("intake", "queue") => json!({ "type": "integer", "minimum": 0 }),
        ("intake", _) => json!({ "type": "integer", "minimum": 1 }),
        ("serve", "drain") => reference("duration"),
        ("serve", "log") => words_of(LOGS.iter().map(|(word, _)| *word)),
        ("endpoint", "dialect") => words_of(vendors()),
        ("endpoint", "keys") => {
            let named = json!({ "type": "object", "minProperties": 1, "additionalProperties": secret() });
            either_of([list_of(secret()), named])
        }
        ("endpoint", "key") => secret(),
        ("endpoint", "region" | "http" | "limit_headers" | "concurrency" | "retry_budget") => {
            return router::property("upstream", key);
        }
        ("endpoint", "headers") => json!({ "type": "object", "additionalProperties": secret() }),
        ("serve" | "endpoint" | "server_tls", _) => text(),
        _ => return None,
    };
    Some(some)
}

/// Text: a reference to the environment, if its writer is wise.
fn secret() -> Value {
    json!({ "type": ["string", "number"], "examples": ["${OPENAI_API_KEY}"] })
}

/// Keys that must be there.
pub(super) fn required(shape: &str) -> &'static [&'static str] {
    match shape {
        "serve" => &["listen", "providers", "router"],
        "server_tls" => &["cert", "key"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_nothing_of_a_run_is_left() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let schema = serve_schema();
        let mut found = Vec::new();
        references(&schema, &mut found);

        for reference in &found {
            let name = reference.trim_start_matches("#/$defs/");
            assert!(schema["$defs"].get(name).is_some(), "{reference}");
        }
        assert!(schema["$defs"].get("route").is_some());
        assert!(schema["$defs"].get("fault").is_none());
    }

    #[test]
    fn every_key_is_in_the_page_about_serving() {
        let page = include_str!("../../../docs/serve.md");
        for shape in SHAPES {
            for key in shape.keys {
                assert!(
                    page.contains(&format!("`{key}`")),
                    "docs/serve.md says nothing of `{key}` of {}",
                    shape.what
                );
            }
        }
    }
}
