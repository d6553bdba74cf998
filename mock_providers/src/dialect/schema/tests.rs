use proptest::prelude::*;
use serde_json::{Value, json};

use super::Shape;

const WORDS: &str = "timber-0-02ee4mn spruce-1-02ee4mn";

/// The instance of `schema` with words in it.
#[track_caller]
fn instance(schema: &Value) -> Value {
    let shape = Shape::of(&schema.to_string());
    let words =
        if shape.words_max > 0 { &WORDS[..WORDS.len().min(17 * shape.words_max as usize - 1)] } else { "" };
    let words = if shape.words_max == 1 { "timber-0-02ee4mn" } else { words };
    let text = [&*shape.open, words, &*shape.close].concat();
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let quoted: String =
        serde_json::from_str(&format!("\"{}{words}{}\"", shape.quoted_open, shape.quoted_close)).unwrap();
    assert_eq!(quoted, text);
    value
}

#[track_caller]
fn valid(schema: &Value) -> Value {
    let value = instance(schema);
    let errors: Vec<String> = match jsonschema::options().should_validate_formats(true).build(schema) {
        Ok(validator) => validator.iter_errors(&value).map(|error| error.to_string()).collect(),
        Err(error) => panic!("{error}: {schema}"),
    };
    assert!(errors.is_empty(), "{value} of {schema}: {errors:?}");
    value
}

#[test]
fn words_go_into_the_first_free_string() {
    let closed = json!({"type": "object", "additionalProperties": false, "required": ["kind", "age", "name", "more"],
        "properties": {"name": {"type": "string"}, "kind": {"enum": ["cat", "dog"]}, "more": {"type": "string"},
                       "age": {"type": "integer", "minimum": 3}}});
    assert_eq!(valid(&closed), json!({"kind": "cat", "age": 3, "name": WORDS, "more": ""}));
}

#[test]
fn words_find_an_optional_property_or_one_of_their_own() {
    let optional =
        json!({"type": "object", "properties": {"n": {"type": "number"}, "note": {"type": "string"}}});
    assert_eq!(valid(&optional), json!({"note": WORDS}));
    let open = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    assert_eq!(valid(&open), json!({"n": 0, "text": WORDS}));
    assert_eq!(valid(&json!({})), json!(WORDS));
    assert_eq!(instance(&json!("no schema")), json!(WORDS));
}

#[test]
fn without_room_there_are_no_words() {
    let narrow = json!({"type": "object", "additionalProperties": false, "required": ["n", "s"],
        "properties": {"n": {"type": "integer"}, "s": {"type": "string", "maxLength": 8, "minLength": 2}}});
    assert_eq!(Shape::of(&narrow.to_string()).words_max, 0);
    assert_eq!(valid(&narrow), json!({"n": 0, "s": "xx"}));
    let one = json!({"type": "string", "maxLength": 30});
    assert_eq!(Shape::of(&one.to_string()).words_max, 1);
    valid(&one);
}

#[test]
fn references_may_lead_back_to_where_they_are() {
    let tree = json!({"$defs": {"Node": {"type": "object", "required": ["value", "next", "children"],
            "additionalProperties": false, "properties": {"value": {"type": "integer"},
            "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}},
        "$ref": "#/$defs/Node"});
    assert_eq!(valid(&tree), json!({"value": 0, "next": null, "children": []}));
    let endless = json!({"$defs": {"N": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/N"}}}},
        "$ref": "#/$defs/N"});
    // Nothing finite meets it: the usual text is given.
    assert_eq!(instance(&endless), json!({"text": WORDS}));
}

#[test]
fn pydantic_models_get_an_instance() {
    let model = json!({"$defs": {"Colour": {"enum": ["red", "green"], "title": "Colour", "type": "string"},
        "Step": {"properties": {"explanation": {"title": "Explanation", "type": "string"},
                 "output": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Output"}},
                 "required": ["explanation", "output"], "title": "Step", "type": "object", "additionalProperties": false}},
        "properties": {"steps": {"items": {"$ref": "#/$defs/Step"}, "title": "Steps", "type": "array", "minItems": 2},
            "colour": {"$ref": "#/$defs/Colour", "description": "which"}, "final_answer": {"type": "string"},
            "pair": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [{"type": "string"}, {"type": "integer"}]},
            "when": {"format": "date-time", "type": "string"}, "flag": {"const": true}},
        "required": ["steps", "colour", "final_answer", "pair", "when", "flag"], "title": "Answer", "type": "object",
        "additionalProperties": false});
    let value = valid(&model);
    assert_eq!(value["steps"][0]["explanation"], WORDS);
    assert_eq!(value["steps"].as_array().unwrap().len(), 2);
}

#[test]
fn unions_are_met_by_their_first_branch_that_can_be() {
    let union = json!({"type": "object", "required": ["pet", "part"], "properties": {
        "pet": {"oneOf": [false, {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "dog"}}}]},
        "part": {"allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 1}}},
                           {"properties": {"a": {"maximum": 5, "multipleOf": 2}, "b": {"type": "boolean"}}, "required": ["b"]}]}}});
    let value = valid(&union);
    assert_eq!(value["pet"]["kind"], "dog");
    assert_eq!(value["part"], json!({"a": 2, "b": true}));
}

#[test]
fn gemini_writes_types_in_capitals_and_counts_as_text() {
    let schema = json!({"type": "OBJECT", "required": ["list", "n"], "properties": {
        "list": {"type": "ARRAY", "minItems": "2", "items": {"type": "STRING"}}, "n": {"type": "INTEGER", "nullable": true}}});
    assert_eq!(instance(&schema), json!({"list": [WORDS, ""], "n": 0}));
}

#[test]
fn patterns_are_met() {
    for pattern in [
        "^[A-Z]{3}$",
        "^\\d{3}-\\d{4}$",
        "^(red|green)$",
        "^[^@]+@[^@]+\\.com$",
        "^\\+?[1-9]\\d{1,14}$",
        "a.c*",
        "^(?:[01]\\d|2[0-3]):[0-5]\\d$",
        "^[a-z0-9]+(?:-[a-z0-9]+)*$",
        "^#?([a-f0-9]{6})$",
        "^[\\w.-]+$",
    ] {
        valid(&json!({"type": "string", "pattern": pattern}));
        valid(&json!({"type": "array", "minItems": 2, "items": {"type": "string", "pattern": pattern}}));
    }
    valid(&json!({"type": "string", "pattern": "^[a-z]+$", "minLength": 20}));
    valid(&json!({"type": "string", "pattern": "^[a-z]{2,}$", "minLength": 5, "maxLength": 9}));
}

#[test]
fn hostile_schemas_end() {
    let deep = format!(
        "{}{}",
        "{\"type\":\"array\",\"minItems\":1,\"items\":".repeat(120),
        "{}".to_owned() + &"}".repeat(120)
    );
    let _ = Shape::of(&deep);
    let wide = json!({"type": "array", "minItems": 200, "items": {"type": "array", "minItems": 200, "items": {"type": "integer"}}});
    let _ = Shape::of(&wide.to_string());
    let mutual =
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"});
    assert_eq!(instance(&mutual), json!({"text": WORDS}));
    let branches = (0..10).fold(json!(false), |inner, _| json!({"anyOf": [inner.clone(), inner]}));
    let _ = Shape::of(&branches.to_string());
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({})),
        Just(json!({"type": "null"})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": ["string", "null"]})),
        (0_u32..30, 0_u32..30)
            .prop_map(|(a, b)| json!({"type": "string", "minLength": a, "maxLength": a + b})),
        (-50_i32..50, 0_i32..20)
            .prop_map(|(a, b)| json!({"type": "integer", "minimum": a, "maximum": a + b})),
        (-50_i32..50).prop_map(|a| json!({"type": "integer", "exclusiveMinimum": a})),
        (-50_i32..50, 1_i32..9).prop_map(|(a, b)| json!({"type": "integer", "maximum": a, "multipleOf": b})),
        (-5.0..5.0, 0.1..3.0).prop_map(
            |(a, b): (f64, f64)| json!({"type": "number", "exclusiveMinimum": a, "exclusiveMaximum": a + b})
        ),
        prop::collection::vec("[a-c]{1,3}", 1..4).prop_map(|values| json!({"enum": values})),
        (0_i32..9).prop_map(|value| json!({"const": value})),
        prop::sample::select(
            &["date", "date-time", "time", "email", "uuid", "uri", "ipv4", "ipv6", "hostname", "duration"][..]
        )
        .prop_map(|format| json!({"type": "string", "format": format})),
        prop::sample::select(&["#/$defs/leaf", "#/$defs/tree"][..]).prop_map(|name| json!({"$ref": name})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            (prop::collection::vec(("[a-f]", inner.clone(), any::<bool>()), 0..5), any::<bool>()).prop_map(|(fields, closed)| {
                let mut schema = json!({"type": "object", "properties": {}, "required": []});
                for (name, rule, required) in fields {
                    schema["properties"][&name] = rule;
                    let names = schema["required"].as_array_mut().unwrap();
                    if required && !names.contains(&json!(name)) {
                        names.push(json!(name));
                    }
                }
                if closed {
                    schema["additionalProperties"] = json!(false);
                }
                schema
            }),
            (inner.clone(), 0_usize..4).prop_map(|(items, least)| json!({"type": "array", "items": items, "minItems": least})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|items| {
                json!({"type": "array", "minItems": items.len(), "maxItems": items.len(), "prefixItems": items})
            }),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|branches| json!({"anyOf": branches})),
            inner.prop_map(|rule| json!({"allOf": [rule], "description": "one of one"})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn every_schema_of_the_subset_gets_a_valid_instance(rule in schema()) {
        let mut root = json!({"type": "object", "required": ["root"], "properties": {"root": rule}});
        root["$defs"] = json!({"leaf": {"type": "string"}, "tree": {"type": "object", "required": ["l"],
            "properties": {"l": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]}}}});
        valid(&root);
    }
}
