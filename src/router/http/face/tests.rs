use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::router::http::{embeddings, messages};

const FACES: [Face; 3] = [Face::Chat, Face::Responses, Face::Messages];

/// A request that uses nearly everything, at each face.
fn full(face: Face) -> Value {
    let schema = json!({"type": "object"});
    match face {
        Face::Chat => json!({
            "model": "m", "stream": true, "n": 1, "stop": ["x"], "seed": 7, "user": "u", "max_tokens": 9,
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": [{"type": "text", "text": "t"}, {"type": "image_url", "image_url": {"url": "data:x"}}]},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c", "content": "42"},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}},
            "stream_options": {"include_usage": true}, "brownout": {"ledger": true}, "models": ["a"],
        }),
        Face::Responses => json!({
            "model": "m", "stream": true, "instructions": "s", "max_output_tokens": 9, "user": "u",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "t"}, {"type": "input_image", "image_url": "data:x"}]},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "42"},
            ],
            "tools": [{"type": "function", "name": "f", "parameters": schema}],
            "tool_choice": {"type": "function", "name": "f"}, "reasoning": {"effort": "low", "summary": "auto"},
            "text": {"format": {"type": "json_schema", "name": "s", "schema": schema}},
        }),
        Face::Messages => json!({
            "model": "m", "stream": true, "system": [{"type": "text", "text": "s"}], "max_tokens": 9,
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "t"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}]},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "h", "signature": "s"},
                    {"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "42"}]},
            ],
            "tools": [{"name": "f", "input_schema": schema}], "tool_choice": {"type": "tool", "name": "f"},
            "thinking": {"type": "enabled", "budget_tokens": 1024}, "metadata": {"user_id": "u"},
        }),
    }
}

/// Anything JSON may hold, strange names and numbers included.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["text", "user", "tool", "function", "auto", "base64", "data:x", ""])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let key = prop_oneof![
            prop::sample::select(vec![
                "type", "text", "content", "role", "name", "id", "input", "source", "function"
            ])
            .prop_map(str::to_owned),
            "\\PC{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

/// Places `value` somewhere in `body`: `path` says which turn to take at each level.
fn replace(body: &mut Value, path: &[usize], value: Value) {
    let Some((turn, rest)) = path.split_first() else { return *body = value };
    let inside = match body {
        Value::Object(map) if !map.is_empty() => {
            let at = turn % map.len();
            map.values_mut().nth(at)
        }
        Value::Array(list) if !list.is_empty() => {
            let at = turn % list.len();
            list.get_mut(at)
        }
        _ => None,
    };
    match inside {
        Some(inside) => replace(inside, rest, value),
        None => *body = value,
    }
}

/// What every reader must do with `body`: end, and name a caller's mistake where there is one.
fn survives(body: &[u8]) {
    for face in FACES {
        if let Err(failure) = face.read(body) {
            assert_eq!(
                (failure.class, failure.status),
                (FailureClass::InvalidRequest, Some(400)),
                "{failure}"
            );
            assert!(!failure.message.is_empty());
        }
    }
    drop((embeddings::read(body), messages::count(body)));
}

#[test]
fn full_requests_are_read() {
    for face in FACES {
        let read = face.read(full(face).to_string().as_bytes()).unwrap();
        assert_eq!((read.request.model.as_str(), read.request.stream), ("m", true), "{face:?}");
        assert_eq!(read.request.tools.len(), 1, "{face:?}");
    }
}

proptest! {
    /// Bytes of any kind are read or refused; no reader panics.
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&body);
    }

    /// A good request with anything in the place of any of its parts is read or refused.
    #[test]
    fn a_request_with_a_strange_part_is_survived(
        face in prop::sample::select(FACES.to_vec()),
        path in prop::collection::vec(0..16usize, 1..7),
        value in any_json(),
    ) {
        let mut body = full(face);
        replace(&mut body, &path, value);
        survives(body.to_string().as_bytes());
    }

    /// A good request that was cut, or in which a byte fell over, is read or refused.
    #[test]
    fn a_damaged_request_is_survived(
        face in prop::sample::select(FACES.to_vec()),
        end in 0..2000usize,
        at in 0..2000usize,
        byte in any::<u8>(),
    ) {
        let mut body = full(face).to_string().into_bytes();
        let last = body.len() - 1;
        body[at.min(last)] = byte;
        survives(&body);
        survives(&body[..end.min(last)]);
    }
}
