//! Embeddings of OpenAI and of Gemini: shapes, encodings, sizes, usage.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mock_providers::dialect::Dialect;
use mock_providers::fault::{Fault, MeaningFault, RefusalForm, UsageFault};
use mock_providers::latency::Dist;
use serde_json::{Value, json};

use crate::bench::{Bench, faulty};
use crate::said::{gemini, keys, openai, said, with};

fn request(input: &Value, more: &Value) -> String {
    let body = with(json!({ "model": "text-embedding-3-small", "input": input }), more);
    openai("/v1/embeddings", &body)
}

async fn embedded(input: &Value, more: &Value) -> Value {
    said(Dialect::Openai, &request(input, more)).await.json()
}

fn vector(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_list_has_one_embedding_for_each_text_in_order() {
    let said = said(Dialect::Openai, &request(&json!(["a cat", "a dog", "a cat"]), &json!({}))).await;
    let body = said.json();
    assert_eq!(keys(&body), ["data", "model", "object", "usage"]);
    assert_eq!((&body["object"], &body["model"]), (&json!("list"), &json!("text-embedding-3-small")));
    let data = body["data"].as_array().unwrap();
    let places: Vec<&Value> = data.iter().map(|one| &one["index"]).collect();
    assert_eq!(places, [0, 1, 2]);
    assert!(data.iter().all(|one| one["object"] == "embedding" && keys(one).len() == 3));
    // The small model's vectors have 1,536 numbers and length one; equal texts have equal ones.
    let vectors: Vec<Vec<f64>> = data.iter().map(|one| vector(&one["embedding"])).collect();
    assert!(vectors.iter().all(|vector| vector.len() == 1_536));
    assert!(vectors[0] == vectors[2] && vectors[0] != vectors[1]);
    let length: f64 = vectors[0].iter().map(|number| number * number).sum();
    assert!((length - 1.0).abs() < 1e-4);
    // Two words each; nothing is generated.
    assert_eq!(body["usage"], json!({ "prompt_tokens": 6, "total_tokens": 6 }));
    assert_eq!(said.billed(), (6, 0));
}

#[tokio::test(start_paused = true)]
async fn base64_holds_the_same_numbers_as_little_endian_floats() {
    let float = embedded(&json!("a cat"), &json!({ "dimensions": 8 })).await;
    let packed = embedded(&json!("a cat"), &json!({ "dimensions": 8, "encoding_format": "base64" })).await;
    let bytes = STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let (numbers, rest) = bytes.as_chunks::<4>();
    let unpacked: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let told: Vec<f32> = vector(&float["data"][0]["embedding"]).iter().map(|number| *number as f32).collect();
    assert_eq!((unpacked, rest.len(), told.len()), (told.clone(), 0, 8));
}

#[tokio::test(start_paused = true)]
async fn tokens_are_taken_for_text() {
    let one = embedded(&json!([1, 2, 3]), &json!({ "dimensions": 2 })).await;
    assert_eq!((one["data"].as_array().unwrap().len(), &one["usage"]["prompt_tokens"]), (1, &json!(3)));
    let two = embedded(&json!([[1, 2, 3], [4]]), &json!({ "dimensions": 2 })).await;
    assert_eq!((two["data"].as_array().unwrap().len(), &two["usage"]["prompt_tokens"]), (2, &json!(4)));
    assert_eq!(one["data"][0]["embedding"], two["data"][0]["embedding"]);
}

#[tokio::test(start_paused = true)]
async fn input_that_cannot_be_embedded_is_refused() {
    let many: Vec<&str> = vec!["x"; 2_049];
    for (input, more, param) in [
        (json!(""), json!({}), "input"),
        (json!([]), json!({}), "input"),
        (json!(["x", ""]), json!({}), "input"),
        (Value::Null, json!({}), "input"),
        (json!(many), json!({}), "input"),
        (json!("x"), json!({ "dimensions": 0 }), "dimensions"),
        (json!("x"), json!({ "encoding_format": "hex" }), "encoding_format"),
        (json!("x"), json!({ "model": "" }), "model"),
    ] {
        let said = said(Dialect::Openai, &request(&input, &more)).await;
        assert_eq!(said.heard.status(), 400, "{more}");
        let error = &said.json()["error"];
        assert_eq!((&error["type"], &error["param"]), (&json!("invalid_request_error"), &json!(param)));
        assert_eq!(said.billed(), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn gemini_embeds_one_text_or_a_batch() {
    let content =
        |text: &str| json!({ "content": { "parts": [{ "text": text }] }, "outputDimensionality": 4 });
    let one = said(Dialect::Gemini, &gemini("embedContent", &content("a cat"))).await;
    let batch = json!({ "requests": [content("a cat"), content("a dog")] });
    let two = said(Dialect::Gemini, &gemini("batchEmbedContents", &batch)).await;
    let (single, batch) = (one.json(), two.json());
    assert_eq!(vector(&single["embedding"]["values"]).len(), 4);
    assert_eq!(batch["embeddings"].as_array().unwrap().len(), 2);
    assert_eq!(batch["embeddings"][0], single["embedding"]);
    assert_ne!(batch["embeddings"][1], single["embedding"]);
    assert_eq!((one.billed(), two.billed()), ((2, 0), (4, 0)));
    let empty = said(Dialect::Gemini, &gemini("batchEmbedContents", &json!({ "requests": [] }))).await;
    assert_eq!((empty.heard.status(), &empty.json()["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
}

#[tokio::test(start_paused = true)]
async fn what_only_models_that_speak_can_do_does_not_fire() {
    let count = |count: f64| Dist::Constant(count);
    let speech = [
        Fault::Refusal { after: count(0.0), form: RefusalForm::Native, text: None },
        Fault::Meaning(MeaningFault::EarlyLength { after: count(0.0) }),
        Fault::Meaning(MeaningFault::UnknownTool { name: "look".to_owned() }),
        Fault::Meaning(MeaningFault::Repetition { after: count(1.0), times: count(2.0) }),
    ];
    let healthy = said(Dialect::Openai, &request(&json!("x"), &json!({}))).await;
    for fault in speech {
        let bench = Bench::new(faulty(Dialect::Openai, fault.clone()));
        let heard = bench.exchange(&request(&json!("x"), &json!({}))).await;
        assert_eq!(heard.raw_body(), healthy.heard.raw_body(), "{fault:?}");
        assert!(bench.call().faults.is_empty() && bench.call().failure.is_none(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn usage_is_missing_or_false_in_both_vendors_forms() {
    let gemini = gemini("embedContent", &json!({ "content": { "parts": [{ "text": "a cat" }] } }));
    for (dialect, request, field, counts) in [
        (
            Dialect::Openai,
            request(&json!("a cat"), &json!({})),
            "usage",
            json!({ "prompt_tokens": 6, "total_tokens": 6 }),
        ),
        (Dialect::Gemini, gemini, "usageMetadata", json!({ "promptTokenCount": 6 })),
    ] {
        let missing = Bench::new(faulty(dialect, Fault::Usage(UsageFault::Missing)));
        assert!(missing.exchange(&request).await.json().get(field).is_none());
        let threefold = Fault::Usage(UsageFault::False { factor: Dist::Constant(3.0) });
        let threefold = Bench::new(faulty(dialect, threefold));
        assert_eq!(threefold.exchange(&request).await.json()[field], counts);
        assert_eq!(threefold.call().billed_input, 2);
    }
}
