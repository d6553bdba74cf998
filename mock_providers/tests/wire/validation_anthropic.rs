//! What Anthropic refuses, in both generations of its interface.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::bench::post;
use crate::said::{anthropic, said, with};

const OLD: &str = "2023-06-01";
const NEW: &str = "2026-10-21";

fn body(more: &Value) -> Value {
    let body = json!({ "model": "claude-sonnet-4-5", "max_tokens": 2_000, "messages": [{ "role": "user", "content": "hi" }] });
    with(body, more)
}

/// A request with these headers: its status, and type and message of its error.
async fn answered(request: &str) -> (u16, String, String) {
    let said = said(Dialect::Anthropic, request).await;
    let json = said.json();
    if said.heard.status() != 200 {
        assert_eq!(json["type"], "error");
        assert_eq!(json["request_id"].as_str(), said.heard.header("request-id").as_deref());
        assert_eq!(said.billed(), (0, 0));
    }
    let text = |field: &str| json["error"][field].as_str().unwrap_or("").to_owned();
    (said.heard.status(), text("type"), text("message"))
}

async fn refused(version: &str, more: &Value) -> String {
    let (status, kind, message) = answered(&anthropic(version, &body(more))).await;
    assert_eq!((status, kind.as_str()), (400, "invalid_request_error"), "{more} {message}");
    message
}

async fn accepted(version: &str, more: &Value) {
    let (status, _, message) = answered(&anthropic(version, &body(more))).await;
    assert_eq!(status, 200, "{more} {message}");
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_or_of_a_wrong_type_is_named() {
    for (more, message) in [
        (json!({ "max_tokens": null }), "max_tokens: Field required"),
        (json!({ "model": null }), "model: Field required"),
        (json!({ "messages": null }), "messages: Field required"),
        (json!({ "messages": [] }), "messages: at least one message is required"),
        (json!({ "max_tokens": "many" }), "max_tokens: Input should be a valid integer"),
        (json!({ "messages": "hi" }), "messages: Input should be a valid list"),
        (json!({ "messages": [{ "content": "hi" }] }), "messages.0.role: Field required"),
        (json!({ "messages": [{ "role": "user" }] }), "messages.0.content: Field required"),
        (
            json!({ "messages": [{ "role": "robot", "content": "hi" }] }),
            "messages.0.role: Input should be 'user' or 'assistant'",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "" }] }] }),
            "messages: text content blocks must be non-empty",
        ),
        (
            json!({ "stop_sequences": [" "] }),
            "stop_sequences: each stop sequence must contain non-whitespace",
        ),
        (json!({ "tools": [{ "name": "f" }] }), "tools.0.custom.input_schema: Field required"),
        (
            json!({ "tool_choice": { "type": "any" } }),
            "tool_choice: tool_choice may only be specified while providing tools",
        ),
    ] {
        assert_eq!(refused(OLD, &more).await, message);
    }
}

#[tokio::test(start_paused = true)]
async fn sampling_parameters_belong_to_the_older_generation() {
    for (field, value) in [("temperature", json!(1.0)), ("top_p", json!(1.0)), ("top_k", json!(5))] {
        let more = json!({ field: value });
        accepted(OLD, &more).await;
        // Refused even at the default.
        assert!(refused(NEW, &more).await.contains(field));
        // And by newer models in any version.
        let newer = with(more, &json!({ "model": "claude-opus-4-8" }));
        assert!(refused(OLD, &newer).await.contains(field));
    }
    accepted(NEW, &json!({})).await;
    assert_eq!(refused(OLD, &json!({ "temperature": 1.5 })).await, "temperature: range: 0..1");
}

#[tokio::test(start_paused = true)]
async fn documents_and_citations_moved_with_the_generation() {
    let document = json!({ "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": [{ "type": "document", "source": { "type": "text", "data": "x", "media_type": "text/plain" } }] },
        { "role": "user", "content": "go on" }
    ] });
    let cited = json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi", "citations": [] }] }] });
    for more in [document, cited] {
        accepted(OLD, &more).await;
        refused(NEW, &more).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_prefilled_answer_is_for_older_models() {
    let more =
        json!({ "messages": [{ "role": "user", "content": "hi" }, { "role": "assistant", "content": "{" }] });
    accepted(OLD, &more).await;
    for model in ["claude-opus-4-6", "claude-fable-5"] {
        assert!(refused(OLD, &with(more.clone(), &json!({ "model": model }))).await.contains("prefill"));
    }
}

#[tokio::test(start_paused = true)]
async fn thinking_needs_a_budget_below_the_limit_and_a_free_choice() {
    let thinking =
        |more: Value| with(json!({ "thinking": { "type": "enabled", "budget_tokens": 1_024 } }), &more);
    accepted(OLD, &thinking(json!({}))).await;
    for (more, words) in [
        (json!({ "thinking": { "type": "enabled" } }), "budget_tokens: Field required"),
        (
            json!({ "thinking": { "type": "enabled", "budget_tokens": 1_023 } }),
            "greater than or equal to 1024",
        ),
        (
            thinking(json!({ "max_tokens": 1_024 })),
            "`max_tokens` must be greater than `thinking.budget_tokens`",
        ),
        (thinking(json!({ "temperature": 0.5 })), "`temperature` may only be set to 1"),
        (
            thinking(
                json!({ "tools": [{ "name": "f", "input_schema": {} }], "tool_choice": { "type": "any" } }),
            ),
            "tool_choice forces tool use",
        ),
        (json!({ "thinking": { "type": "deep" } }), "'adaptive', 'disabled', 'enabled'"),
    ] {
        let message = refused(OLD, &more).await;
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn uses_of_tools_and_their_results_belong_together() {
    let used = json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} }] });
    let result = json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "toolu_1", "content": "x" }] });
    let asked = json!({ "role": "user", "content": "hi" });
    accepted(OLD, &json!({ "messages": [asked, used, result] })).await;
    let missing = refused(OLD, &json!({ "messages": [asked, used, asked] })).await;
    assert!(missing.starts_with(
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1."
    ));
    let orphan = refused(OLD, &json!({ "messages": [result] })).await;
    assert!(orphan.starts_with(
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1."
    ));
}

#[tokio::test(start_paused = true)]
async fn version_and_credential_are_checked_before_the_body() {
    let text = body(&json!({})).to_string();
    let ask = |headers: &str| post("/v1/messages", headers, &text);
    for (headers, status, kind) in [
        ("x-api-key: k\r\n", 400, "invalid_request_error"),
        ("x-api-key: k\r\nanthropic-version: 2020-01-01\r\n", 400, "invalid_request_error"),
        (
            "x-api-key: k\r\nauthorization: Bearer k\r\nanthropic-version: 2023-06-01\r\n",
            401,
            "authentication_error",
        ),
        ("authorization: Bearer k\r\nanthropic-version: 2023-06-01\r\n", 200, ""),
        ("authorization: Bearer k\r\nanthropic-version: 2026-10-21\r\n", 200, ""),
        ("x-api-key: k\r\nanthropic-version: 2026-10-21\r\n", 200, ""),
    ] {
        let (told, name, message) = answered(&ask(headers)).await;
        assert_eq!((told, name.as_str()), (status, kind), "{headers} {message}");
    }
    let nowhere = post("/v1/complete", "x-api-key: k\r\nanthropic-version: 2023-06-01\r\n", &text);
    assert_eq!(answered(&nowhere).await.1, "not_found_error");
}
