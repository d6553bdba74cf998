//! JSON that was asked for: by a schema or not, in an answer or as a tool's arguments, plain and streamed.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::said::{anthropic, data, gemini, is_canonical, openai, said, with};

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "note": { "type": "string" },
            "mood": { "type": "string", "enum": ["calm", "cross"] },
            "days": { "type": "array", "items": { "type": "integer", "minimum": 2 }, "minItems": 2 }
        },
        "required": ["note", "mood", "days"],
        "additionalProperties": false
    })
}

/// The instance: required properties alone, the words in the free string.
#[track_caller]
fn is_instance(value: &Value, words: u32) {
    is_canonical(value["note"].as_str().unwrap(), words);
    assert_eq!(value, &json!({ "note": value["note"], "mood": "calm", "days": [2, 2] }));
}

fn chat(more: &Value) -> String {
    let body = json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "as json [words=6]" }] });
    openai("/v1/chat/completions", &with(body, more))
}

fn messages(more: &Value) -> String {
    let body = json!({ "model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{ "role": "user", "content": "as json [words=6]" }] });
    anthropic("2023-06-01", &with(body, more))
}

fn contents(action: &str, more: &Value) -> String {
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "as json [words=6]" }] }] });
    gemini(action, &with(body, more))
}

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn chat_answers_with_an_instance_of_the_schema() {
    let strict = json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "out", "strict": true, "schema": schema() } } });
    let body = said(Dialect::Openai, &chat(&strict)).await.json();
    is_instance(&parsed(&body["choices"][0]["message"]["content"]), 6);
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    let streamed = said(Dialect::Openai, &chat(&with(strict, &json!({ "stream": true })))).await.stream();
    let text: String =
        data(&streamed).iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, body["choices"][0]["message"]["content"].as_str().unwrap());
    let object = json!({ "response_format": { "type": "json_object" } });
    let body = said(Dialect::Openai, &chat(&object)).await.json();
    is_canonical(parsed(&body["choices"][0]["message"]["content"])["text"].as_str().unwrap(), 6);
}

#[tokio::test(start_paused = true)]
async fn chat_calls_a_tool_with_arguments_as_text() {
    let more = json!({
        "tools": [{ "type": "function", "function": { "name": "look", "parameters": schema() } }],
        "tool_choice": { "type": "function", "function": { "name": "look" } }
    });
    let body = said(Dialect::Openai, &chat(&more)).await.json();
    let choice = &body["choices"][0];
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&Value::Null, &json!("tool_calls"))
    );
    assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("look")));
    is_instance(&parsed(&call["function"]["arguments"]), 6);

    let streamed = said(Dialect::Openai, &chat(&with(more, &json!({ "stream": true })))).await.stream();
    let chunks = data(&streamed);
    let deltas: Vec<&Value> =
        chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0]).collect();
    // Id, type and name come first and once; the arguments follow in pieces under the same index.
    assert_eq!(deltas[0]["id"], call["id"]);
    assert_eq!(deltas[0]["function"], json!({ "name": "look", "arguments": "" }));
    let later = &deltas[1..deltas.len() - 1];
    assert!(later.iter().all(|delta| delta["index"] == 0 && delta.get("id").is_none()));
    let text: String = later.iter().map(|delta| delta["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(text, call["function"]["arguments"].as_str().unwrap());
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test(start_paused = true)]
async fn a_message_uses_a_tool_with_an_object_for_input() {
    let more = json!({
        "tools": [{ "name": "look", "input_schema": schema() }],
        "tool_choice": { "type": "tool", "name": "look" }
    });
    let body = said(Dialect::Anthropic, &messages(&more)).await.json();
    let [block] = &body["content"].as_array().unwrap()[..] else { panic!("{body}") };
    assert_eq!(
        (&block["type"], &block["name"], &body["stop_reason"]),
        (&json!("tool_use"), &json!("look"), &json!("tool_use"))
    );
    assert!(block["id"].as_str().unwrap().starts_with("toolu_"));
    is_instance(&block["input"], 6);

    let events =
        data(&said(Dialect::Anthropic, &messages(&with(more, &json!({ "stream": true })))).await.stream());
    let start = events.iter().find(|event| event["type"] == "content_block_start").unwrap();
    assert_eq!(
        start["content_block"],
        json!({ "type": "tool_use", "id": block["id"], "name": "look", "input": {} })
    );
    let pieces: Vec<&str> =
        events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert_eq!(pieces[0], "");
    // Serialisation is the same: text and object have the same fields in the same order.
    assert_eq!(serde_json::from_str::<Value>(&pieces.concat()).unwrap(), block["input"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_has_the_format_that_was_asked_for() {
    let more = json!({ "output_config": { "format": { "type": "json_schema", "schema": schema() } } });
    let body = said(Dialect::Anthropic, &messages(&more)).await.json();
    is_instance(&parsed(&body["content"][0]["text"]), 6);
    assert_eq!(body["stop_reason"], "end_turn");
    let events =
        data(&said(Dialect::Anthropic, &messages(&with(more, &json!({ "stream": true })))).await.stream());
    let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(text, body["content"][0]["text"].as_str().unwrap());
}

#[tokio::test(start_paused = true)]
async fn gemini_takes_its_own_schemas_and_those_of_json_schema() {
    let own = json!({
        "type": "OBJECT",
        "properties": { "note": { "type": "STRING" }, "mood": { "type": "STRING", "enum": ["calm", "cross"] },
            "days": { "type": "ARRAY", "items": { "type": "INTEGER", "minimum": 2 }, "minItems": "2" } },
        "required": ["note", "mood", "days"]
    });
    for (field, schema) in [("responseSchema", own.clone()), ("responseJsonSchema", schema())] {
        let more = json!({ "generationConfig": { "responseMimeType": "application/json", field: schema } });
        let body = said(Dialect::Gemini, &contents("generateContent", &more)).await.json();
        is_instance(&parsed(&body["candidates"][0]["content"]["parts"][0]["text"]), 6);
        let chunks =
            data(&said(Dialect::Gemini, &contents("streamGenerateContent?alt=sse", &more)).await.stream());
        let parts = chunks
            .iter()
            .map(|chunk| chunk["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap());
        assert_eq!(
            parts.collect::<String>(),
            body["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap()
        );
    }
    for (field, schema) in [("parameters", own), ("parametersJsonSchema", schema())] {
        let more = json!({
            "tools": [{ "functionDeclarations": [{ "name": "other" }, { "name": "look", field: schema }] }],
            "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["look"] } }
        });
        let body = said(Dialect::Gemini, &contents("generateContent", &more)).await.json();
        let candidate = &body["candidates"][0];
        // There is no finish reason of its own for calls.
        assert_eq!(
            (&candidate["finishReason"], &candidate["content"]["parts"][0]["functionCall"]["name"]),
            (&json!("STOP"), &json!("look"))
        );
        is_instance(&candidate["content"]["parts"][0]["functionCall"]["args"], 6);
        // A call comes whole, in one chunk.
        let chunks =
            data(&said(Dialect::Gemini, &contents("streamGenerateContent?alt=sse", &more)).await.stream());
        let calls: Vec<&Value> = chunks
            .iter()
            .map(|chunk| &chunk["candidates"][0]["content"]["parts"][0]["functionCall"])
            .filter(|call| !call.is_null())
            .collect();
        assert_eq!(calls, [&candidate["content"]["parts"][0]["functionCall"]]);
    }
}
