//! Asks a vendor for a reply, in the vendor's own words.

use mock_providers::dialect::Dialect as Vendor;
use serde_json::{Value, json};

use super::valid::{Shape, Wanted};

/// A property whose name has characters of two, three and four bytes, and one that has to be escaped.
const NAMES: [&str; 2] = ["größe→🌍", "a\"b"];

/// The request, head and body.
pub(super) fn request(wanted: &Wanted) -> String {
    let (path, head, body) = match wanted.vendor {
        Vendor::Anthropic => {
            ("/v1/messages", "anthropic-version: 2023-06-01\r\nx-api-key: k\r\n", messages(wanted))
        }
        Vendor::Gemini if wanted.streamed => {
            ("/v1beta/models/m:streamGenerateContent?alt=sse", "x-goog-api-key: k\r\n", contents(wanted))
        }
        Vendor::Gemini => ("/v1beta/models/m:generateContent", "x-goog-api-key: k\r\n", contents(wanted)),
        vendor => (chat_path(vendor), "authorization: Bearer k\r\n", chat(wanted)),
    };
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: p\r\nconnection: close\r\nx-request-id: r1\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{head}\r\n{body}"
    )
}

/// Where those who imitate OpenAI have their chat completions.
const fn chat_path(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Azure => "/openai/v1/chat/completions",
        Vendor::Deepseek => "/chat/completions",
        Vendor::Qwen => "/compatible-mode/v1/chat/completions",
        Vendor::Openrouter => "/api/v1/chat/completions",
        _ => "/v1/chat/completions",
    }
}

fn prompt(wanted: &Wanted) -> String {
    let Wanted { words, thoughts, .. } = wanted;
    let thoughts = if *thoughts == 0 { String::new() } else { format!(" [reasoning={thoughts}]") };
    format!("as json [words={words}]{thoughts}")
}

fn schema() -> Value {
    let [first, second] = NAMES;
    json!({
        "type": "object",
        "properties": { first: { "type": "string" }, second: { "type": "integer" } },
        "required": [first, second],
        "additionalProperties": false
    })
}

fn put(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

fn chat(wanted: &Wanted) -> Value {
    let mut body = json!({
        "model": "m", "stream": wanted.streamed, "messages": [{ "role": "user", "content": prompt(wanted) }]
    });
    if wanted.streamed && wanted.usage {
        put(&mut body, json!({ "stream_options": { "include_usage": true } }));
    }
    match wanted.shape {
        Shape::Text => {}
        Shape::Tool => put(
            &mut body,
            json!({
                "tools": [{ "type": "function", "function": { "name": "look", "parameters": schema() } }],
                "tool_choice": { "type": "function", "function": { "name": "look" } }
            }),
        ),
        Shape::Json => put(
            &mut body,
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "out", "schema": schema() } } }),
        ),
    }
    if wanted.vendor == Vendor::Openai && wanted.choices > 1 && wanted.shape == Shape::Text {
        put(&mut body, json!({ "n": wanted.choices }));
    }
    body
}

fn messages(wanted: &Wanted) -> Value {
    let mut body = json!({
        "model": "m", "max_tokens": 2_000, "stream": wanted.streamed,
        "messages": [{ "role": "user", "content": prompt(wanted) }]
    });
    if wanted.thoughts > 0 && wanted.shape != Shape::Tool {
        put(&mut body, json!({ "thinking": { "type": "enabled", "budget_tokens": 1_024 } }));
    }
    match wanted.shape {
        Shape::Text => {}
        Shape::Tool => put(
            &mut body,
            json!({
                "tools": [{ "name": "look", "input_schema": schema() }],
                "tool_choice": { "type": "tool", "name": "look" }
            }),
        ),
        Shape::Json => {
            put(
                &mut body,
                json!({ "output_config": { "format": { "type": "json_schema", "schema": schema() } } }),
            );
        }
    }
    body
}

fn contents(wanted: &Wanted) -> Value {
    let mut config = json!({});
    if wanted.thoughts > 0 {
        put(&mut config, json!({ "thinkingConfig": { "includeThoughts": true } }));
    }
    let mut body = json!({ "contents": [{ "role": "user", "parts": [{ "text": prompt(wanted) }] }] });
    match wanted.shape {
        Shape::Text => {}
        Shape::Tool => put(
            &mut body,
            json!({
                "tools": [{ "functionDeclarations": [{ "name": "look", "parametersJsonSchema": schema() }] }],
                "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["look"] } }
            }),
        ),
        Shape::Json => {
            put(
                &mut config,
                json!({ "responseMimeType": "application/json", "responseJsonSchema": schema() }),
            );
        }
    }
    put(&mut body, json!({ "generationConfig": config }));
    body
}
