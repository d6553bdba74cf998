use proptest::prelude::*;
use serde_json::{Value, json};

use super::Shape;

/// The document of `schema` around three words.
fn document(schema: &Value) -> Value {
    let shape = Shape::of(&schema.to_string());
    let words = if shape.roomy { "one two three" } else { "" };
    serde_json::from_str(&format!("{}{words}{}", shape.open(false), shape.close(false))).expect("JSON")
}

#[test]
fn the_words_go_into_the_first_free_text_and_the_rest_is_filled_in() {
    let schema = json!({
        "type": "object",
        "properties": {
            "day": { "type": "string", "format": "date" },
            "unit": { "type": "string", "enum": ["C", "F"] },
            "city": { "type": "string" },
            "note": { "type": "string" },
            "days": { "type": "integer", "minimum": 3 },
            "heat": { "type": "number" },
            "sunny": { "type": "boolean" },
            "tags": { "type": "array", "items": { "type": "string" }, "minItems": 2 },
        },
        "required": ["city"],
    });

    assert_eq!(
        document(&schema),
        json!({
            "day": "2026-01-01", "unit": "C", "city": "one two three", "note": "text", "days": 3, "heat": 1.5,
            "sunny": true, "tags": ["text", "text"],
        })
    );
}

#[test]
fn references_choices_and_parts_are_followed() {
    let schema = json!({
        "$defs": {
            "Place": { "properties": { "name": { "type": "string" } }, "required": ["name"] },
            "Base": { "type": "object", "properties": { "id": { "type": "integer" } } },
        },
        "allOf": [{ "$ref": "#/$defs/Base" }],
        "properties": {
            "maybe": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/Place" }] },
            "either": { "type": ["null", "integer"] },
        },
    });

    assert_eq!(document(&schema), json!({ "maybe": { "name": "one two three" }, "either": 1, "id": 1 }));
}

#[test]
fn a_recursive_schema_ends() {
    let schema = json!({
        "$defs": { "Node": {
            "type": "object",
            "properties": {
                "label": { "type": "string" },
                "next": { "anyOf": [{ "$ref": "#/$defs/Node" }, { "type": "null" }] },
                "children": { "type": "array", "items": { "$ref": "#/$defs/Node" } },
            },
            "required": ["label", "next", "children"],
        } },
        "$ref": "#/$defs/Node",
    });
    let found = document(&schema);

    assert_eq!(found["label"], "one two three");
    assert!(found.to_string().len() < 100_000);
}

#[test]
fn geminis_own_words_are_understood() {
    let schema = json!({
        "type": "OBJECT",
        "properties": { "city": { "type": "STRING" }, "days": { "type": "ARRAY", "items": { "type": "INTEGER" }, "minItems": "2" } },
    });

    assert_eq!(document(&schema), json!({ "city": "one two three", "days": [1, 1] }));
}

#[test]
fn numbers_stay_within_their_limits() {
    let of = |kind: &str, limits: Value| {
        let mut schema = limits;
        schema["type"] = json!(kind);
        document(&json!({ "properties": { "n": schema } }))["n"].clone()
    };

    assert_eq!(of("integer", json!({ "exclusiveMinimum": 5, "multipleOf": 4 })), 8);
    assert_eq!(of("integer", json!({ "maximum": -3 })), -3);
    assert_eq!(of("number", json!({ "minimum": 0, "maximum": 1 })), 0.5);
    assert_eq!(of("number", json!({ "exclusiveMaximum": 0 })), -1.0);
}

#[test]
fn texts_keep_their_length_and_format() {
    let schema = json!({ "properties": {
        "code": { "type": "string", "maxLength": 2 },
        "name": { "type": "string", "minLength": 6 },
        "mail": { "type": "string", "format": "email" },
    } });

    assert_eq!(document(&schema), json!({ "code": "te", "name": "textxx", "mail": "somebody@example.com" }));
}

#[test]
fn without_room_for_words_the_document_stands_alone() {
    let schema = json!({ "properties": { "ok": { "type": "boolean" } }, "additionalProperties": false });

    assert!(!Shape::of(&schema.to_string()).roomy);
    assert_eq!(document(&schema), json!({ "ok": true }));
    assert_eq!(document(&json!({ "type": "object", "additionalProperties": false })), json!({}));
}

#[test]
fn nothing_to_go_by_gives_one_text() {
    for schema in [
        "{}",
        "{\"type\":\"object\"}",
        "{\"type\":\"object\",\"properties\":{}}",
        "false",
        "[",
        "{\"$ref\":\"#/no\"}",
    ] {
        let shape = Shape::of(schema);
        let found = format!("{}words{}", shape.open(false), shape.close(false));
        assert_eq!(found, "{\"text\":\"words\"}", "{schema}");
    }
}

#[test]
fn quoted_halves_are_parts_of_a_json_string() {
    let shape = Shape::of(r#"{"properties":{"say \"hi\"":{"type":"string"}}}"#);
    let text: String =
        serde_json::from_str(&format!("\"{}words{}\"", shape.open(true), shape.close(true))).unwrap();

    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({ "say \"hi\"": "words" }));
}

/// Anything that might be meant as a schema.
fn anything() -> impl Strategy<Value = Value> {
    let kinds =
        prop::sample::select(vec!["object", "array", "string", "integer", "number", "boolean", "null", "?"]);
    let leaf = kinds.prop_map(|kind| json!({ "type": kind }));
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::btree_map("[a-z]{1,3}", inner.clone(), 0..4)
                .prop_map(|properties| json!({ "type": "object", "properties": properties })),
            inner.clone().prop_map(|items| json!({ "type": "array", "items": items, "minItems": 1 })),
            prop::collection::vec(inner, 0..3).prop_map(|choices| json!({ "anyOf": choices })),
            Just(json!({ "$ref": "#" })),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_asked_for_is_json(schema in anything()) {
        document(&schema);
    }
}
