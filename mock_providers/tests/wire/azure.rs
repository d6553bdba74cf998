//! Azure OpenAI: deployments and versions in the path, the filter's annotations, errors of the gateway.

use std::time::Duration;

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Category, ErrorBody, ErrorKind, Fault, RetryAfter, StatusFault, VendorFault};
use mock_providers::latency::Dist;
use serde_json::{Value, json};

use crate::bench::{Bench, Heard, faulty, post, spec};
use crate::vendors::events;

const CHAT: &str = "/openai/deployments/d/chat/completions?api-version=2024-10-21";
const KEY: &str = "api-key: k\r\n";

fn body(stream: bool) -> String {
    format!("{{\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"hello [words=4]\"}}]}}")
}

async fn call(path: &str, headers: &str, body: &str) -> Heard {
    Bench::new(spec(Dialect::Azure)).exchange(&post(path, headers, body)).await
}

async fn hit(fault: Fault) -> Heard {
    Bench::new(faulty(Dialect::Azure, fault)).exchange(&post(CHAT, KEY, &body(false))).await
}

fn safe() -> Value {
    let safe = json!({ "filtered": false, "severity": "safe" });
    json!({ "hate": safe, "self_harm": safe, "sexual": safe, "violence": safe })
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_the_model_and_every_answer_is_annotated() {
    let heard = call(CHAT, KEY, &body(false)).await;

    let reply = heard.json();
    let mut prompt = safe();
    prompt["jailbreak"] = json!({ "filtered": false, "detected": false });
    assert_eq!(reply["model"], "d");
    assert_eq!(reply["choices"][0]["content_filter_results"], safe());
    assert_eq!(
        reply["prompt_filter_results"],
        json!([{ "prompt_index": 0, "content_filter_results": prompt }])
    );
    for header in ["apim-request-id", "x-ms-region", "x-ms-client-request-id", "azureml-model-session"] {
        assert!(heard.header(header).is_some(), "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_with_the_prompts_filter_in_a_chunk_without_choices() {
    let (stream, whole) = call(CHAT, KEY, &body(true)).await.dechunked();

    let chunks = events(&stream);
    let first = &chunks[0];
    assert!(whole && stream.ends_with("data: [DONE]\n\n"), "{stream}");
    assert_eq!((&first["choices"], &first["id"], &first["model"]), (&json!([]), &json!(""), &json!("")));
    assert_eq!(first["prompt_filter_results"][0]["content_filter_results"]["hate"], safe()["hate"]);
    // A role, two chunks of two words each, an end: only what is said is graded.
    let grades: Vec<&Value> =
        chunks[1..].iter().map(|c| &c["choices"][0]["content_filter_results"]).collect();
    assert_eq!(grades, [&json!({}), &safe(), &safe(), &json!({})]);
    assert!(chunks[1..].iter().all(|chunk| chunk.get("prompt_filter_results").is_none()));
}

#[tokio::test(start_paused = true)]
async fn the_interface_with_its_version_in_the_path_takes_the_model_from_the_body() {
    let chat = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    let heard = call("/openai/v1/chat/completions", "authorization: Bearer k\r\n", chat).await;
    assert_eq!(heard.json()["model"], "m");
    let heard = call("/openai/v1/responses", KEY, "{\"model\":\"m\",\"input\":\"hi\"}").await;
    assert_eq!(heard.json()["object"], "response");
    let heard =
        call("/openai/responses?api-version=2025-03-01-preview", KEY, "{\"model\":\"m\",\"input\":\"hi\"}")
            .await;
    assert_eq!(heard.json()["object"], "response");
    for path in ["/openai/v1/embeddings", "/openai/deployments/m/embeddings?api-version=2024-10-21"] {
        let heard = call(path, KEY, "{\"model\":\"m\",\"input\":\"hi\"}").await;
        assert_eq!((heard.status(), &heard.json()["model"]), (200, &json!("m")), "{path}");
    }
    let get = "GET /openai/v1/models HTTP/1.1\r\nhost: p\r\napi-key: k\r\n\r\n";
    let heard = Bench::new(spec(Dialect::Azure)).exchange(get).await;
    assert_eq!(heard.json()["object"], "list");
}

#[tokio::test(start_paused = true)]
async fn paths_without_a_version_or_a_deployment_lead_nowhere() {
    for path in [
        "/openai/deployments/d/chat/completions",
        "/openai/deployments/d/chat/completions?api-version=",
        "/openai/deployments//chat/completions?api-version=2024-10-21",
        "/openai/chat/completions?api-version=2024-10-21",
        "/openai/responses",
        "/v1/chat/completions",
    ] {
        let heard = call(path, KEY, &body(false)).await;

        let expected = json!({ "error": { "code": "404", "message": "Resource not found" } });
        assert_eq!((heard.status(), heard.json()), (404, expected), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_and_deployments_are_refused_in_the_gateways_words() {
    let mut closed = spec(Dialect::Azure);
    closed.keys = vec!["right".to_owned()];
    let bench = Bench::new(closed);
    for (header, status) in
        [(KEY, 401), ("api-key: right\r\n", 200), ("authorization: Bearer right\r\n", 200)]
    {
        let heard = bench.exchange(&post(CHAT, header, &body(false))).await;
        assert_eq!(heard.status(), status, "{header}");
        if status == 401 {
            assert_eq!(heard.json()["error"]["code"], "401");
        }
    }
    let mut other = spec(Dialect::Azure);
    other.models = vec!["other".to_owned()];
    let heard = Bench::new(other).exchange(&post(CHAT, KEY, &body(false))).await;
    assert_eq!((heard.status(), &heard.json()["error"]["code"]), (404, &json!("DeploymentNotFound")));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_has_its_status_for_a_code_and_says_the_wait() {
    let fault = |retry_after| {
        Fault::Status(StatusFault {
            status: 429,
            error: Some(ErrorKind::RateLimited),
            retry_after,
            headers: Vec::new(),
            body: ErrorBody::Vendor,
        })
    };
    // 44.2 seconds are 45 whole ones; nobody's wait is a day.
    let told = RetryAfter::Seconds(Dist::Constant(Duration::from_millis(44_200).as_micros() as f64));
    for (wait, seconds) in [(Some(told), "45"), (None, "86400")] {
        let error = hit(fault(wait)).await.json()["error"].clone();

        assert_eq!((&error["code"], error.get("type")), (&json!("429"), None));
        let end = format!("Please retry after {seconds} seconds.");
        assert!(error["message"].as_str().unwrap().ends_with(&end), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocked_prompt_names_the_category() {
    for category in [Category::Hate, Category::Jailbreak] {
        let heard = hit(Fault::Vendor(VendorFault::PromptBlocked { category })).await;

        let error = &heard.json()["error"];
        assert_eq!(heard.status(), 400);
        assert_eq!((&error["code"], &error["param"]), (&json!("content_filter"), &json!("prompt")));
        assert_eq!((&error["type"], &error["status"]), (&Value::Null, &json!(400)));
        assert_eq!(error["innererror"]["code"], "ResponsibleAIPolicyViolation");
        let results = error["innererror"]["content_filter_result"].as_object().unwrap();
        let filtered: Vec<&String> =
            results.iter().filter(|(_, found)| found["filtered"] == true).map(|(name, _)| name).collect();
        assert_eq!(filtered, [category.name()]);
    }
}
