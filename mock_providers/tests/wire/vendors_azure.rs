//! Azure OpenAI: deployments, versions, content filters and errors of its own.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{ErrorBody, ErrorKind, Fault, RetryAfter, StatusFault};
use mock_providers::latency::Dist;
use serde_json::{Value, json};

use crate::bench::{Bench, Heard, faulty, post, spec};
use crate::vendors::events;

const CHAT: &str = "/openai/deployments/mine/chat/completions?api-version=2024-10-21";

fn ask(path: &str, stream: bool) -> String {
    let body =
        format!("{{\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"[words=4]\"}}]}}");
    post(path, "api-key: k\r\n", &body)
}

async fn error(kind: ErrorKind, status: u16, retry_after: Option<RetryAfter>) -> Value {
    let fault =
        StatusFault { status, error: Some(kind), retry_after, headers: Vec::new(), body: ErrorBody::Vendor };
    let heard = Bench::new(faulty(Dialect::Azure, Fault::Status(fault))).exchange(&ask(CHAT, false)).await;
    assert_eq!(heard.status(), status);
    heard.json()["error"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_the_model_and_prompt_and_answer_are_annotated() {
    let reply = Bench::new(spec(Dialect::Azure)).exchange(&ask(CHAT, false)).await.json();

    let safe = json!({ "filtered": false, "severity": "safe" });
    assert_eq!(reply["model"], "mine");
    assert_eq!(reply["prompt_filter_results"][0]["content_filter_results"]["hate"], safe);
    assert_eq!(reply["choices"][0]["content_filter_results"]["violence"], safe);
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_with_the_verdict_on_the_prompt_alone() {
    let (body, _) = Bench::new(spec(Dialect::Azure)).exchange(&ask(CHAT, true)).await.dechunked();
    let chunks = events(&body);

    assert_eq!((&chunks[0]["choices"], &chunks[0]["id"]), (&json!([]), &json!("")));
    assert!(chunks[0]["prompt_filter_results"].is_array());
    assert!(
        chunks[1..].iter().all(|chunk| chunk["choices"][0]["content_filter_results"].is_object()),
        "{body}"
    );
}

#[tokio::test(start_paused = true)]
async fn paths_lead_to_deployments_with_a_version_and_to_openais_own() {
    let status = async |path: &str| -> (u16, Heard) {
        let heard = Bench::new(spec(Dialect::Azure)).exchange(&ask(path, false)).await;
        (heard.status(), heard)
    };

    let (code, heard) = status("/openai/deployments/mine/chat/completions").await;
    assert_eq!((code, &heard.json()["error"]["code"]), (404, &json!("404")));
    for lost in ["/v1/chat/completions", "/openai/deployments/mine/models?api-version=1"] {
        assert_eq!(status(lost).await.0, 404, "{lost}");
    }
    // Behind `/openai/v1` the body names the model, so that this one lacks it; no version is needed.
    assert_eq!(status("/openai/v1/chat/completions").await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_gateway_have_a_code_as_text_and_say_the_wait() {
    let wait = Some(RetryAfter::Seconds(Dist::Constant(44_500_000.0)));
    let limited = error(ErrorKind::RateLimited, 429, wait).await;

    assert_eq!(limited["code"], "429");
    // 44.5 seconds, rounded up.
    assert!(limited["message"].as_str().unwrap().ends_with("Please retry after 45 seconds."), "{limited}");
    assert_eq!(error(ErrorKind::Unauthorized, 401, None).await["code"], "401");
    assert_eq!(error(ErrorKind::NotFound, 404, None).await["code"], "DeploymentNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_blocked_prompt_says_which_filter_blocked_it() {
    let blocked = error(ErrorKind::ContentFilter, 400, None).await;

    assert_eq!(
        (&blocked["code"], &blocked["param"], &blocked["type"]),
        (&json!("content_filter"), &json!("prompt"), &json!(null))
    );
    assert_eq!(
        blocked["innererror"]["content_filter_result"]["hate"],
        json!({ "filtered": true, "severity": "high" })
    );
}
