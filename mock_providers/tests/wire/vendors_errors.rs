//! Errors of those who imitate OpenAI, each in its own form.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{AfterError, ErrorBody, ErrorKind, Fault, StatusFault};
use mock_providers::latency::Dist;
use serde_json::{Value, json};

use crate::bench::{Bench, Heard, ask, ask_with, chat_path, faulty, post, spec};
use crate::vendors::VENDORS;

/// The vendor's error of this kind, with the status it usually has.
async fn error(dialect: Dialect, kind: ErrorKind) -> Heard {
    let status = dialect.usual_status(kind);
    let fault = StatusFault {
        status,
        error: Some(kind),
        retry_after: None,
        headers: Vec::new(),
        body: ErrorBody::Vendor,
    };
    let heard = Bench::new(faulty(dialect, Fault::Status(fault))).exchange(&ask(dialect, false, 4)).await;
    assert_eq!(heard.status(), status, "{dialect:?} {kind:?}");
    heard
}

#[track_caller]
fn fits(got: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&got[key], value, "{key} of {got}");
    }
}

#[tokio::test(start_paused = true)]
async fn mistral_errors_are_flat() {
    let rate = error(Dialect::Mistral, ErrorKind::RateLimited).await;
    assert_eq!(
        rate.raw_body(),
        "{\"object\":\"error\",\"message\":\"Rate limit exceeded\",\"type\":\"rate_limited\",\"param\":null,\
         \"code\":\"1300\",\"raw_status_code\":429}"
    );
    let capacity = error(Dialect::Mistral, ErrorKind::Overloaded).await;
    assert_eq!(capacity.status(), 503);
    fits(
        &capacity.json(),
        &json!({ "message": "Service tier capacity exceeded for this model.", "type": "invalid_request_error" }),
    );
    let key = error(Dialect::Mistral, ErrorKind::Unauthorized).await;
    assert_eq!((key.status(), key.raw_body().as_str()), (401, "{\"detail\":\"Unauthorized\"}"));
}

#[tokio::test(start_paused = true)]
async fn mistral_validates_as_fastapi_does() {
    let bench = Bench::new(spec(Dialect::Mistral));
    let heard = bench.exchange(&post(chat_path(Dialect::Mistral), "", "{\"model\":\"m\"}")).await;

    assert_eq!(heard.status(), 422);
    let detail = &heard.json()["detail"][0];
    fits(detail, &json!({ "type": "missing", "loc": ["body", "messages"], "msg": "Field required" }));
    assert_eq!(bench.call().failure, Some(ErrorKind::InvalidRequest));

    let hot = ask_with(Dialect::Mistral, false, "x", ",\"temperature\":1.6");
    let heard = Bench::new(spec(Dialect::Mistral)).exchange(&hot).await;
    assert_eq!(heard.json()["detail"][0]["loc"], json!(["body", "temperature"]));
}

#[tokio::test(start_paused = true)]
async fn deepseek_without_money_says_invalid_request() {
    let heard = error(Dialect::Deepseek, ErrorKind::QuotaExhausted).await;
    assert_eq!(heard.status(), 402);
    assert_eq!(
        heard.raw_body(),
        "{\"error\":{\"message\":\"Insufficient Balance\",\"type\":\"unknown_error\",\"param\":null,\
         \"code\":\"invalid_request_error\"}}"
    );
}

#[tokio::test(start_paused = true)]
async fn deepseek_says_in_plain_text_what_it_cannot_deserialise() {
    for body in ["{\"model\":\"m\"}", "{\"model\":", "{\"model\":\"m\",\"messages\":7}"] {
        let heard = Bench::new(spec(Dialect::Deepseek)).exchange(&post("/chat/completions", "", body)).await;

        assert_eq!(heard.status(), 422);
        assert_eq!(heard.header("content-type").unwrap(), "text/plain; charset=utf-8");
        let text = heard.raw_body();
        assert!(text.starts_with("Failed to deserialize the JSON body into the target type: "), "{text}");
    }
    let json_mode =
        ask_with(Dialect::Deepseek, false, "hello", ",\"response_format\":{\"type\":\"json_object\"}");
    let heard = Bench::new(spec(Dialect::Deepseek)).exchange(&json_mode).await;
    assert_eq!(heard.status(), 400, "{}", heard.text());
    let json_mode = json_mode.replace("hello", "Json!");
    assert_eq!(Bench::new(spec(Dialect::Deepseek)).exchange(&json_mode).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn qwen_has_two_quotas_and_two_ids() {
    let tokens = error(Dialect::Qwen, ErrorKind::TokensLimited).await;
    assert_eq!((tokens.status(), tokens.json()["error"]["code"].clone()), (429, json!("insufficient_quota")));
    let arrears = error(Dialect::Qwen, ErrorKind::QuotaExhausted).await;
    assert_eq!((arrears.status(), arrears.json()["error"]["code"].clone()), (400, json!("Arrearage")));
    let blocked = error(Dialect::Qwen, ErrorKind::ContentFilter).await;
    assert_eq!(
        (blocked.status(), blocked.json()["error"]["type"].clone()),
        (400, json!("data_inspection_failed"))
    );

    let body = blocked.json();
    let (id, request) = (body["id"].as_str().unwrap(), body["request_id"].as_str().unwrap());
    assert_eq!(id, format!("chatcmpl-{request}"));
    assert_eq!(blocked.header("x-request-id").unwrap(), request);
}

#[tokio::test(start_paused = true)]
async fn openrouter_errors_carry_numbers_and_metadata() {
    for (kind, status, name) in [
        (ErrorKind::RateLimited, 429, "rate_limit_exceeded"),
        (ErrorKind::QuotaExhausted, 402, "payment_required"),
        (ErrorKind::Overloaded, 529, "provider_overloaded"),
        (ErrorKind::BadGateway, 502, "provider_unavailable"),
        (ErrorKind::Timeout, 524, "timeout"),
        (ErrorKind::ContentFilter, 403, "content_policy_violation"),
        (ErrorKind::ContextExceeded, 400, "context_length_exceeded"),
    ] {
        let heard = error(Dialect::Openrouter, kind).await;
        let error = &heard.json()["error"];
        assert_eq!(heard.status(), status);
        fits(error, &json!({ "code": status }));
        assert_eq!(error["metadata"]["error_type"], name);
    }
    let budget = error(Dialect::Openrouter, ErrorKind::BudgetInFlight).await;
    assert_eq!(budget.status(), 402);
    assert_eq!(budget.json()["error"]["metadata"]["limit_source"], "openrouter_in_flight_budget");
}

#[tokio::test(start_paused = true)]
async fn local_servers_say_numbers_and_their_own_types() {
    let long = error(Dialect::LlamaCpp, ErrorKind::ContextExceeded).await.json();
    assert_eq!(
        long["error"],
        json!({
            "code": 400,
            "message": "request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 13392,
            "n_ctx": 8192,
        })
    );
    let loading = error(Dialect::LlamaCpp, ErrorKind::Overloaded).await.json();
    fits(&loading["error"], &json!({ "code": 503, "message": "Loading model", "type": "unavailable_error" }));
    let missing = error(Dialect::Vllm, ErrorKind::NotFound).await.json();
    fits(&missing["error"], &json!({ "code": 404, "type": "NotFoundError", "param": null }));
    let key = error(Dialect::Vllm, ErrorKind::Unauthorized).await;
    assert_eq!(key.raw_body(), "{\"error\":\"Unauthorized\"}");
    let busy = error(Dialect::Ollama, ErrorKind::Overloaded).await.json();
    assert_eq!(
        busy["error"],
        json!({
            "message": "server busy, please try again.  maximum pending requests exceeded",
            "type": "api_error",
            "param": null,
            "code": null,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn models_that_are_not_served_are_refused_in_each_vendors_words() {
    for (dialect, status, words) in [
        (Dialect::Mistral, 400, "Invalid model: m"),
        (Dialect::Deepseek, 400, "Model Not Exist"),
        (Dialect::Qwen, 404, "The model `m` does not exist"),
        (Dialect::Openrouter, 400, "m is not a valid model ID"),
        (Dialect::Ollama, 404, "model \\\"m\\\" not found, try pulling it first"),
        (Dialect::LlamaCpp, 400, "model not found"),
        (Dialect::Vllm, 404, "The model `m` does not exist."),
    ] {
        let mut spec = spec(dialect);
        spec.models = vec!["other".to_owned()];
        let bench = Bench::new(spec);
        let heard = bench.exchange(&ask(dialect, false, 1)).await;

        assert_eq!(heard.status(), status, "{dialect:?}");
        assert!(heard.raw_body().contains(words), "{dialect:?}: {}", heard.raw_body());
        assert_eq!(bench.call().failure, Some(ErrorKind::NotFound));
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_error_is_json_with_a_message_at_every_vendor() {
    let kinds = [
        ErrorKind::RateLimited,
        ErrorKind::TokensLimited,
        ErrorKind::BudgetInFlight,
        ErrorKind::QuotaExhausted,
        ErrorKind::Overloaded,
        ErrorKind::ServerError,
        ErrorKind::Timeout,
        ErrorKind::Unauthorized,
        ErrorKind::Forbidden,
        ErrorKind::NotFound,
        ErrorKind::ContentFilter,
        ErrorKind::ContextExceeded,
        ErrorKind::InvalidRequest,
    ];
    for (dialect, kind) in VENDORS.into_iter().flat_map(|dialect| kinds.map(|kind| (dialect, kind))) {
        let heard = error(dialect, kind).await;
        let message = dialect.usual_message(kind);
        let quoted = serde_json::to_string(message).unwrap();
        assert!(heard.raw_body().contains(quoted.trim_matches('"')), "{dialect:?} {kind:?}");
        assert!(heard.json().is_object());
    }
}

#[tokio::test(start_paused = true)]
async fn errors_in_a_stream_end_it_as_each_vendor_does() {
    for (dialect, done, words) in [
        (Dialect::Mistral, false, "{\"object\":\"error\""),
        (Dialect::Deepseek, false, "{\"error\":"),
        (Dialect::Qwen, false, "\"request_id\""),
        (Dialect::Openrouter, true, "\"finish_reason\":\"error\""),
        (Dialect::Ollama, false, "\"delta\":{\"role\":\"assistant\",\"content\":\"\"}"),
        (Dialect::LlamaCpp, false, "\"type\":\"unavailable_error\""),
        (Dialect::Vllm, true, "\"type\":\"ServiceUnavailableError\""),
    ] {
        let fault = Fault::StreamError {
            after: Dist::Constant(2.0),
            error: ErrorKind::Overloaded,
            then: AfterError::Vendor,
        };
        let bench = Bench::new(faulty(dialect, fault));
        let (body, _) = bench.exchange(&ask(dialect, true, 4)).await.dechunked();

        assert_eq!(body.ends_with("data: [DONE]\n\n"), done, "{dialect:?}: {body}");
        let last = body.trim_end_matches("data: [DONE]\n\n").rsplit("data: ").next().unwrap();
        assert!(last.contains(words), "{dialect:?}: {last}");
        assert_eq!(bench.call().words_sent, 2, "{dialect:?}");
    }
}
