//! Questions beside calls: how many tokens, which models. Answered, and never recorded.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::bench::{Bench, post, spec};
use crate::said::{gemini, keys, said};

const VERSION: &str = "anthropic-version: 2023-06-01\r\nx-api-key: k\r\n";

fn count(body: &Value) -> String {
    post("/v1/messages/count_tokens", VERSION, &body.to_string())
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: p\r\n{headers}\r\n")
}

/// A listing of a provider with models `a` to `e`.
async fn listed(dialect: Dialect, path: &str) -> Value {
    let mut spec = spec(dialect);
    spec.models = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    let bench = Bench::new(spec);
    let headers = if dialect == Dialect::Anthropic {
        VERSION
    } else {
        "x-goog-api-key: k\r\nauthorization: Bearer k\r\n"
    };
    let heard = bench.exchange(&get(path, headers)).await;
    assert!(bench.calls.lock().unwrap().is_empty());
    heard.json()
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn anthropic_counts_the_whole_prompt_and_needs_no_limit() {
    let body = json!({
        "model": "claude-sonnet-4-5", "system": "be brief",
        "messages": [{ "role": "user", "content": "hello you" }, { "role": "assistant", "content": [{ "type": "text", "text": "yes" }] }, { "role": "user", "content": "go on" }]
    });
    let counted = said(Dialect::Anthropic, &count(&body)).await;
    assert_eq!(counted.json(), json!({ "input_tokens": 7 }));
    assert!(counted.calls.is_empty());
    let wrong = said(Dialect::Anthropic, &count(&json!({ "model": "claude-sonnet-4-5" }))).await;
    assert_eq!(
        (wrong.heard.status(), &wrong.json()["error"]["message"]),
        (400, &json!("messages: Field required"))
    );
    assert!(wrong.calls.is_empty());
}

#[tokio::test(start_paused = true)]
async fn gemini_counts_contents_and_whole_requests() {
    let contents = json!({ "contents": [{ "parts": [{ "text": "hello you there" }] }] });
    let nested = json!({ "generateContentRequest": {
        "model": "models/gemini-2.5-flash", "systemInstruction": { "parts": [{ "text": "be brief" }] },
        "contents": contents["contents"]
    } });
    for (body, tokens) in [(contents, 3), (nested, 5)] {
        let counted = said(Dialect::Gemini, &gemini("countTokens", &body)).await;
        let details = json!([{ "modality": "TEXT", "tokenCount": tokens }]);
        assert_eq!(counted.json(), json!({ "totalTokens": tokens, "promptTokensDetails": details }));
        assert!(counted.calls.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn anthropic_lists_models_page_by_page_in_both_directions() {
    for (query, page, more) in [
        ("", vec!["a", "b", "c", "d", "e"], false),
        ("?limit=2", vec!["a", "b"], true),
        ("?limit=2&after_id=b", vec!["c", "d"], true),
        ("?limit=2&after_id=d", vec!["e"], false),
        ("?limit=2&before_id=d", vec!["b", "c"], true),
        ("?limit=2&before_id=c", vec!["a", "b"], false),
        ("?after_id=e", vec![], false),
    ] {
        let body = listed(Dialect::Anthropic, &format!("/v1/models{query}")).await;
        assert_eq!((ids(&body), &body["has_more"]), (page.clone(), &json!(more)), "{query}");
        assert_eq!(body["first_id"], json!(page.first()));
        assert_eq!(body["last_id"], json!(page.last()));
    }
    let one = listed(Dialect::Anthropic, "/v1/models/c").await;
    assert_eq!(
        (keys(&one), &one["type"], &one["id"]),
        (vec!["created_at", "display_name", "id", "type"], &json!("model"), &json!("c"))
    );
    let wrong = listed(Dialect::Anthropic, "/v1/models?limit=0").await;
    assert_eq!(wrong["error"]["type"], "invalid_request_error");
}

#[tokio::test(start_paused = true)]
async fn gemini_lists_models_page_by_page_until_there_is_no_token() {
    let (mut path, mut names) = ("/v1beta/models?pageSize=2".to_owned(), Vec::new());
    for _ in 0..5 {
        let page = listed(Dialect::Gemini, &path).await;
        let models = page["models"].as_array().unwrap();
        assert!(
            models.len() <= 2 && models.iter().all(|model| model["supportedGenerationMethods"].is_array())
        );
        names.extend(models.iter().map(|model| model["name"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("nextPageToken") else { break };
        path = format!("/v1beta/models?pageSize=2&pageToken={}", token.as_str().unwrap());
    }
    assert_eq!(names, ["models/a", "models/b", "models/c", "models/d", "models/e"]);
    assert_eq!(listed(Dialect::Gemini, "/v1beta/models/b").await["name"], "models/b");
    assert_eq!(listed(Dialect::Gemini, "/v1beta/models/z").await["error"]["status"], "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn openai_lists_all_models_at_once() {
    let body = listed(Dialect::Openai, "/v1/models").await;
    assert_eq!((&body["object"], ids(&body)), (&json!("list"), vec!["a", "b", "c", "d", "e"]));
    assert!(
        body["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|model| keys(model) == ["created", "id", "object", "owned_by"])
    );
    assert_eq!(listed(Dialect::Openai, "/v1/models/b").await["id"], "b");
    assert_eq!(listed(Dialect::Openai, "/v1/models/z").await["error"]["code"], "model_not_found");
}
