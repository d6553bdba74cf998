//! What OpenAI refuses, in its own words: status, type, param and code of each.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::said::{openai, said, with};

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";

/// The error object for a body; nothing of it is billed.
async fn refused(path: &str, body: &Value) -> Value {
    let said = said(Dialect::Openai, &openai(path, body)).await;
    let error = said.json()["error"].clone();
    assert_eq!(said.heard.status(), 400, "{body}");
    assert_eq!((said.billed(), &error["type"]), ((0, 0), &json!("invalid_request_error")), "{body}");
    // All four keys are required.
    assert_eq!(error.as_object().unwrap().len(), 4, "{error}");
    error
}

fn chat(more: &Value) -> Value {
    with(json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "hi" }] }), more)
}

async fn check(path: &str, body: &Value, param: &str, code: Value, words: &str) {
    let error = refused(path, body).await;
    assert_eq!((&error["param"], &error["code"]), (&json!(param), &code), "{body} {error}");
    assert!(error["message"].as_str().unwrap().contains(words), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_named() {
    for (body, param) in [
        (json!({ "model": "gpt-4o" }), "messages"),
        (chat(&json!({ "messages": [{ "content": "hi" }] })), "messages[0].role"),
        (chat(&json!({ "tools": [{ "function": { "name": "f" } }] })), "tools[0].type"),
        (chat(&json!({ "tools": [{ "type": "function" }] })), "tools[0].function"),
        (chat(&json!({ "response_format": {} })), "response_format.type"),
        (chat(&json!({ "response_format": { "type": "json_schema" } })), "response_format.json_schema"),
        (
            chat(&json!({ "response_format": { "type": "json_schema", "json_schema": { "schema": {} } } })),
            "response_format.json_schema.name",
        ),
    ] {
        let words = format!("Missing required parameter: '{param}'.");
        check(CHAT, &body, param, json!("missing_required_parameter"), &words).await;
    }
    check(CHAT, &json!({ "messages": [] }), "model", Value::Null, "you must provide a model parameter").await;
}

#[tokio::test(start_paused = true)]
async fn numbers_out_of_range_are_told_with_the_bound() {
    for (field, value, code, words) in [
        ("temperature", json!(2.5), "decimal_above_max_value", "Expected a value <= 2"),
        ("temperature", json!(-0.1), "decimal_below_min_value", "Expected a value >= 0"),
        ("top_p", json!(1.1), "decimal_above_max_value", "Expected a value <= 1"),
        ("presence_penalty", json!(-3), "decimal_below_min_value", "Expected a value >= -2"),
        ("max_tokens", json!(0), "integer_below_min_value", "Expected a value >= 1, but got 0 instead."),
        ("n", json!(129), "integer_above_max_value", "Expected a value <= 128, but got 129 instead."),
        ("top_logprobs", json!(21), "integer_above_max_value", "Expected a value <= 20"),
        ("temperature", json!("hot"), "invalid_type", "expected a decimal, but got a string instead."),
        ("stream", json!("yes"), "invalid_type", "expected a boolean, but got a string instead."),
        ("messages", json!("hi"), "invalid_type", "expected an array of objects, but got a string instead."),
    ] {
        check(CHAT, &chat(&json!({ field: value })), field, json!(code), words).await;
    }
}

#[tokio::test(start_paused = true)]
async fn five_stop_texts_are_one_too_many() {
    let words =
        "array too long. Expected an array with maximum length 4, but got an array with length 5 instead.";
    check(
        CHAT,
        &chat(&json!({ "stop": ["a", "b", "c", "d", "e"] })),
        "stop",
        json!("array_above_max_length"),
        words,
    )
    .await;
    let four = openai(CHAT, &chat(&json!({ "stop": ["!", "?", ";", ","] })));
    assert_eq!(said(Dialect::Openai, &four).await.heard.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn values_that_do_not_exist_are_told_with_those_that_do() {
    let role = chat(&json!({ "messages": [{ "role": "robot", "content": "hi" }] }));
    check(
        CHAT,
        &role,
        "messages[0].role",
        json!("invalid_value"),
        "Invalid value: 'robot'. Supported values are: 'system', ",
    )
    .await;
    let format = chat(&json!({ "response_format": { "type": "xml" } }));
    check(
        CHAT,
        &format,
        "response_format.type",
        json!("invalid_value"),
        "'json_object', 'json_schema', and 'text'.",
    )
    .await;
    let name = chat(&json!({ "tools": [{ "type": "function", "function": { "name": "a b" } }] }));
    check(CHAT, &name, "tools[0].function.name", json!("invalid_value"), "'^[a-zA-Z0-9_-]+$'").await;
    let long = chat(&json!({ "tools": [{ "type": "function", "function": { "name": "a".repeat(65) } }] }));
    check(CHAT, &long, "tools[0].function.name", json!("string_above_max_length"), "maximum length 64").await;
}

#[tokio::test(start_paused = true)]
async fn parameters_that_need_each_other_are_refused_alone() {
    for (more, param, words) in [
        (json!({ "stream_options": {} }), "stream_options", "only allowed when 'stream' is enabled"),
        (json!({ "top_logprobs": 1 }), "top_logprobs", "only allowed when 'logprobs' is enabled"),
        (json!({ "tool_choice": "auto" }), "tool_choice", "only allowed when 'tools' are specified"),
        (json!({ "response_format": { "type": "json_object" } }), "messages", "must contain the word 'json'"),
    ] {
        check(CHAT, &chat(&more), param, Value::Null, words).await;
    }
    let both = chat(&json!({ "max_tokens": 1, "max_completion_tokens": 1 }));
    check(CHAT, &both, "max_tokens", json!("invalid_parameter_combination"), "at the same time").await;
}

#[tokio::test(start_paused = true)]
async fn models_that_think_take_other_parameters() {
    let more = json!({ "model": "o3", "max_tokens": 9 });
    check(
        CHAT,
        &chat(&more),
        "max_tokens",
        json!("unsupported_parameter"),
        "Use 'max_completion_tokens' instead.",
    )
    .await;
    let more = json!({ "model": "gpt-5", "temperature": 0.5 });
    check(
        CHAT,
        &chat(&more),
        "temperature",
        json!("unsupported_value"),
        "Only the default (1) value is supported.",
    )
    .await;
    let usual =
        openai(CHAT, &chat(&json!({ "model": "gpt-5", "temperature": 1, "max_completion_tokens": 9 })));
    assert_eq!(said(Dialect::Openai, &usual).await.heard.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn strict_schemas_close_their_objects_and_require_everything() {
    let format = |schema: Value| {
        chat(
            &json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "out", "strict": true, "schema": schema } } }),
        )
    };
    let open = json!({ "type": "object", "properties": {}, "required": [] });
    check(
        CHAT,
        &format(open),
        "response_format",
        json!("invalid_json_schema"),
        "Invalid schema for response_format 'out': In context=(), 'additionalProperties'",
    )
    .await;
    let inner = json!({ "type": "object", "properties": { "a": { "type": "object", "properties": { "b": {} }, "required": [], "additionalProperties": false } }, "required": ["a"], "additionalProperties": false });
    check(
        CHAT,
        &format(inner),
        "response_format",
        json!("invalid_json_schema"),
        "In context=('properties', 'a'), 'required'",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn calls_of_tools_need_their_answers() {
    let call = json!({ "role": "assistant", "tool_calls": [{ "id": "call_1", "type": "function", "function": { "name": "f", "arguments": "{}" } }] });
    let unanswered = chat(&json!({ "messages": [call, { "role": "user", "content": "hi" }] }));
    check(CHAT, &unanswered, "messages.[1].role", Value::Null, "did not have response messages: call_1")
        .await;
    let orphan = chat(&json!({ "messages": [{ "role": "tool", "tool_call_id": "call_1", "content": "x" }] }));
    check(CHAT, &orphan, "messages.[0].role", Value::Null, "must be a response to a preceeding message")
        .await;
    let both =
        chat(&json!({ "messages": [call, { "role": "tool", "tool_call_id": "call_1", "content": "x" }] }));
    assert_eq!(said(Dialect::Openai, &openai(CHAT, &both)).await.heard.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn responses_are_checked_by_their_own_names() {
    let ask = |more: &Value| with(json!({ "model": "gpt-4o", "input": "hi" }), more);
    for (body, param, code, words) in [
        (json!({ "input": "hi" }), "model", json!("missing_required_parameter"), "'model'"),
        (json!({ "model": "gpt-4o" }), "input", json!("missing_required_parameter"), "'input'"),
        (ask(&json!({ "input": 7 })), "input", json!("invalid_type"), "array of objects or string"),
        (
            ask(&json!({ "input": [{ "role": "robot", "content": "x" }] })),
            "input[0].role",
            json!("invalid_value"),
            "'robot'",
        ),
        (
            ask(&json!({ "max_output_tokens": 15 })),
            "max_output_tokens",
            json!("integer_below_min_value"),
            ">= 16, but got 15",
        ),
        (ask(&json!({ "temperature": 3 })), "temperature", json!("decimal_above_max_value"), "<= 2"),
        (
            ask(&json!({ "model": "gpt-5", "temperature": 1 })),
            "temperature",
            json!("unsupported_parameter"),
            "not supported with this model",
        ),
        (
            ask(&json!({ "tool_choice": "required" })),
            "tool_choice",
            Value::Null,
            "must be specified with 'tools'",
        ),
        (
            ask(&json!({ "text": { "format": { "type": "json_object" } } })),
            "input",
            Value::Null,
            "must contain the word 'json'",
        ),
        (
            ask(&json!({ "text": { "format": { "type": "json_schema", "name": "x" } } })),
            "text.format.schema",
            json!("missing_required_parameter"),
            "schema",
        ),
    ] {
        check(RESPONSES, &body, param, code, words).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_json_has_neither_param_nor_code() {
    let broken = openai(CHAT, &json!("x")).replace("\"x\"", "{x}");
    let said = said(Dialect::Openai, &broken).await;
    let error = &said.json()["error"];
    assert_eq!((said.heard.status(), &error["param"], &error["code"]), (400, &Value::Null, &Value::Null));
    assert!(
        error["message"].as_str().unwrap().starts_with("We could not parse the JSON body of your request.")
    );
}
