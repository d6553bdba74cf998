//! What Gemini refuses, in its own words: an integer for a code, a status in capitals, details where it has some.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::bench::{Bench, post, spec};
use crate::said::{gemini, said, with};

fn body(more: &Value) -> Value {
    with(json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] }), more)
}

async fn refused(more: &Value) -> Value {
    let said = said(Dialect::Gemini, &gemini("generateContent", &body(more))).await;
    let error = said.json()["error"].clone();
    assert_eq!((said.heard.status(), said.billed()), (400, (0, 0)), "{more}");
    assert_eq!((&error["code"], &error["status"]), (&json!(400), &json!("INVALID_ARGUMENT")), "{more}");
    error
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_range_is_named_by_its_place_in_the_request() {
    let config = |field: &str, value: Value| json!({ "generationConfig": { field: value } });
    for (more, words) in [
        (json!({ "contents": [] }), "* GenerateContentRequest.contents: contents is not specified"),
        (
            json!({ "contents": [{ "parts": [] }] }),
            "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.",
        ),
        (
            json!({ "contents": [{ "role": "assistant", "parts": [{ "text": "x" }] }] }),
            "Please use a valid role: user, model.",
        ),
        (
            config("maxOutputTokens", json!(0)),
            "generation_config.max_output_tokens: max_output_tokens must be positive.",
        ),
        (
            config("temperature", json!(2.1)),
            "generation_config.temperature: temperature must be in the range [0.0, 2.0].",
        ),
        (config("topP", json!(1.1)), "generation_config.top_p"),
        (config("stopSequences", json!(["a", "b", "c", "d", "e", "f"])), "at most 5 stop sequences"),
        (config("candidateCount", json!(2)), "Multiple candidates is not enabled for this model"),
        (config("candidateCount", json!(9)), "candidate_count must be between 1 and 8."),
        (
            json!({ "tools": [{ "functionDeclarations": [{ "name": "7up" }] }] }),
            "tools[0].function_declarations[0].name: Invalid function name.",
        ),
    ] {
        let error = refused(&more).await;
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_field_that_there_is_not_is_told_with_its_violation() {
    let error = refused(&json!({ "max_tokens": 5 })).await;
    let message = "Invalid JSON payload received. Unknown name \"max_tokens\": Cannot find field.";
    assert_eq!(error["message"], message);
    assert_eq!(
        error["details"],
        json!([{ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ "description": message }] }])
    );
}

#[tokio::test(start_paused = true)]
async fn both_spellings_of_a_field_are_known() {
    for config in [
        json!({ "generationConfig": { "maxOutputTokens": 3 } }),
        json!({ "generation_config": { "max_output_tokens": 3 } }),
    ] {
        let said = said(
            Dialect::Gemini,
            &gemini(
                "generateContent",
                &body(&with(json!({ "contents": [{ "parts": [{ "text": "[words=9]" }] }] }), &config)),
            ),
        )
        .await;
        let json = said.json();
        assert_eq!((&json["candidates"][0]["finishReason"], said.billed()), (&json!("MAX_TOKENS"), (1, 3)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_a_bad_request_and_none_is_forbidden() {
    let mut spec = spec(Dialect::Gemini);
    spec.keys = vec!["right".to_owned()];
    let bench = Bench::new(spec);
    let text = body(&json!({})).to_string();
    let path = "/v1beta/models/gemini-2.5-flash:generateContent";
    let wrong = bench.exchange(&post(path, "x-goog-api-key: k\r\n", &text)).await.json();
    assert_eq!(
        (&wrong["error"]["code"], &wrong["error"]["status"]),
        (&json!(400), &json!("INVALID_ARGUMENT"))
    );
    assert_eq!(wrong["error"]["details"][0]["reason"], "API_KEY_INVALID");
    assert_eq!(wrong["error"]["details"][0]["domain"], "googleapis.com");
    let none = bench.exchange(&post(path, "", &text)).await.json();
    assert_eq!(
        (&none["error"]["code"], &none["error"]["status"]),
        (&json!(403), &json!("PERMISSION_DENIED"))
    );
    for (path, headers) in [(path, "x-goog-api-key: right\r\n"), (&format!("{path}?key=right"), "")] {
        assert_eq!(bench.exchange(&post(path, headers, &text)).await.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn without_sse_a_stream_is_an_array_and_a_model_nobody_knows_is_not_found() {
    let words = json!({ "contents": [{ "parts": [{ "text": "hi [words=6]" }] }] });
    let array = said(Dialect::Gemini, &gemini("streamGenerateContent", &body(&words))).await.stream();
    let chunks: Vec<Value> = serde_json::from_str(&array).unwrap();
    assert_eq!(chunks.last().unwrap()["candidates"][0]["finishReason"], "STOP");
    let mut known = spec(Dialect::Gemini);
    known.models = vec!["other".to_owned()];
    let error = Bench::new(known).exchange(&gemini("generateContent", &body(&json!({})))).await.json();
    assert_eq!((&error["error"]["code"], &error["error"]["status"]), (&json!(404), &json!("NOT_FOUND")));
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("models/gemini-2.5-flash is not found for API version")
    );
}
