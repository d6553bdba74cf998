//! Answers that end before their end, and what is asked about them later.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Category, Fault, VendorFault};
use serde_json::{Value, json};

use crate::bench::{Bench, ask_with, faulty, spec};
use crate::vendors::events;

const JSON: &str = ",\"response_format\":{\"type\":\"json_object\"},\"max_tokens\":3";

#[tokio::test(start_paused = true)]
async fn json_that_its_limit_cuts_stays_open() {
    for dialect in [Dialect::Openai, Dialect::Mistral, Dialect::Vllm] {
        let say = async |stream| {
            Bench::new(spec(dialect)).exchange(&ask_with(dialect, stream, "json [words=9]", JSON)).await
        };
        let reply = say(false).await.json();
        let text = reply["choices"][0]["message"]["content"].as_str().unwrap().to_owned();

        assert_eq!(reply["choices"][0]["finish_reason"], "length", "{dialect:?}");
        assert!(
            text.starts_with('{') && serde_json::from_str::<Value>(&text).is_err(),
            "{dialect:?}: {text}"
        );
        let (stream, _) = say(true).await.dechunked();
        let deltas = events(&stream);
        let deltas = deltas.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
        assert_eq!(deltas.collect::<String>(), text, "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn gemini_says_in_a_stream_that_a_prompt_is_blocked() {
    let fault = Fault::Vendor(VendorFault::PromptBlocked { category: Category::Violence });
    let bench = Bench::new(faulty(Dialect::Gemini, fault));
    let heard = bench.exchange(&ask_with(Dialect::Gemini, true, "hello", "")).await;

    assert_eq!((heard.status(), heard.header("content-type").as_deref()), (200, Some("text/event-stream")));
    let body = heard.raw_body();
    let event = body.strip_prefix("data: ").and_then(|body| body.strip_suffix("\r\n\r\n")).unwrap();
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!(event["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
}

#[tokio::test(start_paused = true)]
async fn no_response_is_kept() {
    let bench = Bench::new(spec(Dialect::Openai));
    for method in ["GET", "DELETE"] {
        let ask =
            format!("{method} /v1/responses/resp_1 HTTP/1.1\r\nhost: p\r\nauthorization: Bearer k\r\n\r\n");
        let heard = bench.exchange(&ask).await;

        let error = json!({
            "message": "Response with id 'resp_1' not found.", "type": "invalid_request_error", "param": null, "code": null
        });
        assert_eq!((heard.status(), &heard.json()["error"]), (404, &error), "{method}");
    }
    assert!(bench.calls.lock().unwrap().is_empty());
}
