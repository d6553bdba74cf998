//! The JSON Schema of the language, for editors: completion, and red lines before anything is run.
//!
//! It is built from the very lists of keys that the readers go by, so that both cannot drift apart. It is looser
//! than the readers: names, windows and sums are checked by `brownout check` alone.

mod router;
mod serve;

use serde_json::{Map, Value, json};

use super::cx::Shape;
use super::read::shapes;
use super::read::words::{self, Kind};
pub use serve::serve_schema;

/// The schema (draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut defs = scalars();
    for shape in shapes::all() {
        defs.insert(shape.name.to_owned(), object(shape));
    }
    defs.insert("injection".to_owned(), injection());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://brownout.dev/schemas/scenario-1.json",
        "title": "Brownout scenario",
        "$ref": "#/$defs/scenario",
        "$defs": defs,
    })
}

fn object(shape: &Shape) -> Value {
    let word = words::faults().find(|word| word.shape.name == shape.name);
    let property = |(nth, key): (usize, &&str)| {
        let value = word.map_or_else(|| property(shape.name, key), |word| argument(word.kinds[nth]));
        ((*key).to_owned(), value)
    };
    let properties: Map<String, Value> = shape.keys.iter().enumerate().map(property).collect();
    let mut object = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let required = required(shape.name);
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    if let Some(choice) = choice(shape.name) {
        object["oneOf"] = choice.iter().map(|key| json!({ "required": [key] })).collect();
    }
    if shape.name == "scenario" {
        object["anyOf"] = json!([{ "required": ["load"] }, { "required": ["requests"] }]);
    }
    object
}

fn required(shape: &str) -> &'static [&'static str] {
    match shape {
        "scenario" => &["providers", "router"],
        "provider" => &["dialect"],
        "source" => &["route"],
        "ramp" => &["from", "to"],
        "burst" => &["size", "every"],
        "closed" => &["clients"],
        "request" => &["send"],
        "stop" => &["when"],
        "send" => &["route"],
        "fault" => &["on", "inject"],
        "flapping" => &["to", "every", "for"],
        "inject_status" => &["code"],
        "body" => &["text"],
        "replay" => &["replay"],
        "incident" => &["events"],
        "event" => &["at", "for", "provider", "inject"],
        "tail" => &["share", "factor"],
        "capacity" => &["concurrency"],
        "diurnal" => &["low", "high", "peak"],
        "fate" => &["name"],
        _ => router::required(shape).unwrap_or_else(|| serve::required(shape)),
    }
}

/// Keys of which exactly one is there.
fn choice(shape: &str) -> Option<&'static [&'static str]> {
    match shape {
        "dist" => Some(&["p50", "uniform", "exponential", "one_of"]),
        "limit" => Some(words::MEASURES),
        "shape" => Some(&["ramp", "diurnal"]),
        "source" => Some(&["rate", "ramp", "burst", "closed", "trace"]),
        "retry_after" => Some(&["date", "ms", "says", "nonsense"]),
        _ => router::choice(shape),
    }
}

/// What may stand at a key. Keys that mean the same everywhere are told by their name alone.
fn property(shape: &str, key: &str) -> Value {
    if let Some(value) = router::property(shape, key).or_else(|| serve::property(shape, key)) {
        return value;
    }
    match (shape, key) {
        ("scenario", "providers") => map_of("provider"),
        ("scenario", "load") => list_of(reference("source")),
        ("scenario", "requests") => list_of(reference("request")),
        ("scenario", "faults") => list_of(either_of([reference("fault"), reference("replay")])),
        ("scenario", "quotas") => {
            json!({ "type": "object", "minProperties": 1, "additionalProperties": list_of(reference("limit")) })
        }
        ("provider", "limits") => list_of(reference("limit")),
        ("provider", "capacity") => reference("capacity"),
        ("provider", "quota") => json!({ "type": "string" }),
        ("limit", _) => limit(key),
        ("capacity", "overload") => overload(),
        ("capacity", "slowdown") | ("tail", "factor") => reference("factor"),
        ("capacity", _) => json!({ "type": "integer", "minimum": 0 }),
        ("tail", _) | ("diurnal", "low" | "high") => reference("share"),
        ("dist", "one_of") => choices(),
        ("dist", "tail") => reference("tail"),
        ("diurnal", _) => json!({ "type": "string", "pattern": r"^\d?\d:\d\d$" }),
        ("shape", "ramp") => {
            json!({ "type": "array", "items": reference("share"), "minItems": 2, "maxItems": 2 })
        }
        ("shape", _) => reference("diurnal"),
        ("flapping", "every" | "for") => reference("times"),
        ("fault" | "event", "probability") => either_of([reference("share"), reference("shape")]),
        ("fault" | "event", "strength") => reference("shape"),
        ("fault", "fate") => either_of([json!({ "type": "string" }), reference("fate")]),
        ("fault", "intensity") => reference("share"),
        ("event", "inject") => reference("injection"),
        ("event", "when") => reference("when"),
        ("replay", "replay") | ("incident", "source") => json!({ "type": "string" }),
        ("replay", "on") => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        ("incident", "events") => list_of(reference("event")),
        ("retry_after", "nonsense") => words_of(words::nonsense()),
        ("scenario", "expect") => list_of(json!({ "type": "string" })),
        ("scenario", "abort_on") => list_of(either_of([json!({ "type": "string" }), reference("stop")])),
        ("stop", "when") => json!({ "type": "string" }),
        ("stop", _) => either_of([reference("duration"), after()]),
        ("scenario", "version") => json!({ "const": 1 }),
        ("scenario", "starts") => json!({ "type": "string", "format": "date-time" }),
        ("scenario", "router" | "network") => reference(key),
        ("dist", "uniform") => {
            json!({ "type": "array", "items": any(["duration", "count", "factor"]), "minItems": 2, "maxItems": 2 })
        }
        ("dist", "sigma") => json!({ "type": "number", "minimum": 0, "maximum": 5 }),
        ("dist", _) => any(["duration", "count", "factor"]),
        ("latency", "per_1k_prompt") => reference("duration"),
        ("latency", _) => reference("times"),
        ("closed", "think") => reference("times"),
        ("provider", "latency") => either(words::classes(), [reference("latency")]),
        ("provider", "keys" | "models") => list_of(json!({ "type": "string" })),
        ("provider", "output" | "chunk") | ("source", "prompt" | "output") => reference("counts"),
        ("ramp", "from" | "to") => reference("rate"),
        ("provider", "http") => json!({ "enum": [1, 2] }),
        ("send", "json") | ("send" | "when", "stream") | ("provider", "tls") => json!({ "type": "boolean" }),
        ("source", "stream") => either_of([json!({ "type": "boolean" }), reference("share")]),
        ("source", "tenants") => {
            json!({ "type": "object", "additionalProperties": { "type": "number", "exclusiveMinimum": 0 } })
        }
        ("source", "slice") => reference("window"),
        ("request", "attempts") => {
            json!({ "type": "array", "items": { "type": "string", "pattern": "^\\S+ \\S+$" } })
        }
        ("request", "status") => json!({ "type": "integer", "minimum": 100, "maximum": 599 }),
        ("request", "send") => reference("send"),
        ("request", "finish") => words_of(words::finishes()),
        ("request", "retry_after") => either_of([reference("duration"), reference("window")]),
        ("send", "face") => words_of(words::faces()),
        ("send", "headers") => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        ("send", "body") => json!({ "type": "object" }),
        ("fault", "on") => either_of([json!({ "type": "string" }), list_of(json!({ "type": "string" }))]),
        ("fault", "during") => during(),
        ("fault", "inject") => reference("injection"),
        ("fault", "when") => reference("when"),
        ("when", "in_flight") => json!({ "type": ["string", "integer"] }),
        ("when", "key" | "path") => json!({ "type": "string" }),
        ("when", "headers") => {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "null"] } })
        }
        ("body", "text") => json!({ "type": "string" }),
        ("retry_after", _) => reference("times"),
        _ => common(key),
    }
}

fn common(key: &str) -> Value {
    match key {
        "rate" => reference("rate"),
        "ramp" | "burst" | "closed" => reference(key),
        "quality" | "quality_floor" => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        "seed" | "context" | "failures" | "size" | "clients" | "times" | "max_attempts" | "max_tokens"
        | "distinct_prompts" | "first" | "skip" => json!({ "type": "integer", "minimum": 0 }),
        "factor" | "speed" => reference("factor"),
        "probability" => reference("share"),
        "dialect" => words_of(words::dialects()),
        "arrivals" => words_of(["poisson", "constant"]),
        "outcome" => words_of(words::outcomes()),
        "then" => words_of(["next", "surface"]),
        "jitter" => words_of(["full", "equal", "none"]),
        "per" => words_of(["provider", "request"]),
        "name" | "about" | "provider" | "upstream" | "model" | "route" | "trace" | "prompt" | "tenant"
        | "tool" | "served_by" | "error" => json!({ "type": "string" }),
        _ => reference("duration"),
    }
}

/// A fault: its bare name, or a map with one key.
fn injection() -> Value {
    let bare = words::faults().filter(|word| word.bare).map(words::Word::name).chain(words::presets());
    let keys: Map<String, Value> = words::faults()
        .filter(|word| !word.takes_nothing())
        .map(|word| (word.name().to_owned(), arguments(word)))
        .collect();
    let map = json!({
        "type": "object", "properties": keys, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
    });
    let mut injection = either(bare, [map]);
    injection["examples"] = words::faults().map(example).collect::<Vec<_>>().into();
    injection
}

/// The word's example, as an annotation: it lets others learn of every fault, and of one way to write each.
fn example(word: &words::Word) -> Value {
    serde_yaml::from_str(word.example).unwrap_or_else(|_| json!(word.name()))
}

/// What may follow a fault's word.
fn arguments(word: &words::Word) -> Value {
    let map = reference(word.shape.name);
    let place = word.scalar.and_then(|scalar| word.shape.keys.iter().position(|key| *key == scalar));
    match place {
        Some(place) => either_of([argument(word.kinds[place]), map]),
        None => map,
    }
}

/// What a key of a fault takes.
fn argument(kind: Kind) -> Value {
    match kind {
        Kind::Counts => reference("counts"),
        Kind::Times => reference("times"),
        Kind::Factors => reference("factors"),
        Kind::Whole => json!({ "type": "integer", "minimum": 0 }),
        Kind::Duration => reference("duration"),
        Kind::Share => reference("share"),
        Kind::Overload => overload(),
        Kind::Signed => json!({ "type": "integer" }),
        Kind::Status => json!({ "type": "integer", "minimum": 200, "maximum": 599 }),
        Kind::Truth => json!({ "type": "boolean" }),
        Kind::Text => json!({ "type": "string" }),
        Kind::Words(known) => words_of(known.iter().copied()),
        Kind::Error => words_of(words::errors()),
        Kind::RetryAfter => either_of([reference("times"), reference("retry_after")]),
        Kind::Headers => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::Body => either(["vendor", "html", "empty"], [reference("body")]),
    }
}

/// Keys of a limit.
fn limit(key: &str) -> Value {
    match key {
        "concurrency" | "request_tokens" | "burst" | "above" => json!({ "type": "integer", "minimum": 1 }),
        "growth" => reference("factor"),
        "price" => reference("price"),
        "models" => list_of(json!({ "type": "string" })),
        "per" => words_of(words::scopes()),
        "refused" => words_of(words::refused()),
        "every" | "midnight" => reference("duration"),
        "name" => json!({ "type": "string" }),
        _ => json!({ "type": "string", "pattern": r"^[\d._]+\s*/\s*(s|m|min|h|d|day|month)$" }),
    }
}

/// A number of requests.
fn after() -> Value {
    either_of([
        json!({ "type": "integer", "minimum": 1 }),
        json!({ "type": "string", "pattern": r"^[\d_]+\s*requests?$" }),
    ])
}

fn overload() -> Value {
    either(["vendor", "wait"], [json!({ "type": "integer", "minimum": 400, "maximum": 599 })])
}

/// Values, or values with weights.
fn choices() -> Value {
    let most = mock_providers::latency::CHOICES_MAX;
    let list = json!({ "type": "array", "items": any(["duration", "count", "factor"]), "minItems": 1, "maxItems": most });
    let map = json!({ "type": "object", "additionalProperties": { "type": "number", "minimum": 0 }, "maxProperties": most });
    either_of([list, map])
}

fn during() -> Value {
    let one = either_of([reference("window"), reference("flapping")]);
    either_of([one.clone(), list_of(one)])
}

/// Texts with units.
fn scalars() -> Map<String, Value> {
    let duration = r"(\d+(\.\d*)?|\.\d+)\s*(us|µs|ms|s|m|h|d)(\s*(\d+(\.\d*)?|\.\d+)\s*(us|µs|ms|s|m|h|d))*";
    let text = |pattern: String| json!({ "type": "string", "pattern": pattern });
    let mut defs = Map::new();
    defs.insert("duration".into(), text(format!("^{duration}$")));
    defs.insert("window".into(), text(format!(r"^({duration})?\s*\.\.\s*({duration})?$")));
    defs.insert("rate".into(), text(r"^[\d._]+\s*/\s*(s|m|min|h)$".into()));
    let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    defs.insert("share".into(), either_of([share, text(r"^[\d.]+\s*%$".into())]));
    let factor = json!({ "type": "number", "minimum": 0 });
    defs.insert("factor".into(), either_of([factor, text(r"^[\d.]+\s*x$".into())]));
    defs.insert("count".into(), json!({ "type": "number", "minimum": 0 }));
    defs.insert("range".into(), text(r"^[^.]+(\.\d+)?[^.]*\.\..+$".into()));
    defs.insert("times".into(), any(["duration", "dist", "range"]));
    defs.insert("counts".into(), any(["count", "dist", "range"]));
    defs.insert("factors".into(), any(["factor", "dist", "range"]));
    defs
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn any<const N: usize>(names: [&str; N]) -> Value {
    either_of(names.map(reference))
}

fn either_of<const N: usize>(choices: [Value; N]) -> Value {
    let choices = Value::Array(choices.into());
    Value::Object(Map::from_iter([("anyOf".to_owned(), choices)]))
}

/// One of `words`, or one of `others`.
fn either<const N: usize>(words: impl IntoIterator<Item = &'static str>, others: [Value; N]) -> Value {
    let mut choices = vec![words_of(words)];
    choices.extend(others);
    json!({ "anyOf": choices })
}

fn words_of(words: impl IntoIterator<Item = &'static str>) -> Value {
    json!({ "enum": words.into_iter().collect::<Vec<_>>() })
}

fn list_of(items: Value) -> Value {
    let mut list = json!({ "type": "array", "minItems": 1 });
    list["items"] = items;
    list
}

fn map_of(name: &str) -> Value {
    json!({ "type": "object", "minProperties": 1, "additionalProperties": reference(name) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::FailureClass;

    #[test]
    fn every_reference_leads_somewhere() {
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
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);

        for reference in found {
            let name = reference.trim_start_matches("#/$defs/");
            assert!(schema["$defs"].get(name).is_some(), "{reference}");
        }
    }

    #[test]
    fn retry_knows_every_failure_class() {
        for class in FailureClass::ALL {
            assert!(words::retry().any(|word| word == class.name()));
        }
    }

    #[test]
    fn every_fault_has_an_example_of_its_own_word() {
        let examples = injection()["examples"].take();
        let named = examples.as_array().expect("a list").iter().map(|example| match example {
            Value::Object(map) => map.keys().next().cloned().unwrap_or_default(),
            other => other.as_str().unwrap_or_default().to_owned(),
        });

        let words: Vec<String> = words::faults().map(|word| word.name().to_owned()).collect();
        assert_eq!(named.collect::<Vec<_>>(), words);
    }

    #[test]
    fn keys_that_are_needed_or_chosen_from_exist() {
        for shape in shapes::all() {
            let keys = required(shape.name).iter().chain(choice(shape.name).unwrap_or_default());
            for key in keys {
                assert!(shape.keys.contains(key), "{}: {key}", shape.name);
            }
        }
    }

    #[test]
    fn every_key_is_in_the_language_reference() {
        let reference = include_str!("../../docs/scenarios.md");
        for shape in shapes::all() {
            let page = shape.name.strip_prefix("inject_").map(page).unwrap_or_default();
            for key in shape.keys {
                let told = reference.contains(key) || page.contains(&format!("`{key}`"));
                assert!(
                    told,
                    "neither docs/scenarios.md nor a page says anything of `{key}` of {}",
                    shape.what
                );
            }
        }
    }

    /// The page of a fault in the catalogue.
    fn page(word: &str) -> String {
        let path = format!("{}/docs/faults/{word}.md", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
