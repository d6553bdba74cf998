//! Those who imitate OpenAI's chat completions, where each differs: ids, fields, usage, streams.

use mock_providers::dialect::Dialect;
use mock_providers::provider::Spec;
use serde_json::{Value, json};

use crate::bench::{Bench, Heard, ask_with, chat_path, post, spec};

pub(crate) const VENDORS: [Dialect; 7] = [
    Dialect::Mistral,
    Dialect::Deepseek,
    Dialect::Qwen,
    Dialect::Openrouter,
    Dialect::Ollama,
    Dialect::LlamaCpp,
    Dialect::Vllm,
];

const TOOL: &str = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"parameters\":{}}}],\
                    \"tool_choice\":\"required\"";
const USAGE: &str = ",\"stream_options\":{\"include_usage\":true}";

async fn said(spec: Spec, stream: bool, prompt: &str, extra: &str) -> Heard {
    let dialect = spec.dialect;
    Bench::new(spec).exchange(&ask_with(dialect, stream, prompt, extra)).await
}

async fn plain(dialect: Dialect, extra: &str) -> Value {
    said(spec(dialect), false, "hello [words=4]", extra).await.json()
}

/// The chunks of a stream of four words, without comments and terminator.
async fn chunks(dialect: Dialect, extra: &str) -> Vec<Value> {
    let (body, whole) = said(spec(dialect), true, "hello [words=4]", extra).await.dechunked();
    assert!(whole, "{dialect:?}: {body}");
    assert!(body.ends_with("data: [DONE]\n\n"), "{dialect:?}: {body}");
    events(&body)
}

pub(crate) fn events(body: &str) -> Vec<Value> {
    let data = body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn text_of(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_vendor_says_the_same_words_plain_and_streamed() {
    for dialect in VENDORS {
        let plain = plain(dialect, "").await;
        let streamed = chunks(dialect, "").await;

        let words = plain["choices"][0]["message"]["content"].as_str().unwrap();
        assert_eq!(words.split(' ').count(), 4, "{dialect:?}");
        assert_eq!(text_of(&streamed), words, "{dialect:?}");
        assert_eq!(plain["choices"][0]["finish_reason"], "stop", "{dialect:?}");
        assert_eq!(plain["usage"]["completion_tokens"], 4, "{dialect:?}");
        assert_eq!(plain["usage"]["total_tokens"], 6, "hello and the hint are two, {dialect:?}");
        let ids: Vec<&Value> = streamed.iter().map(|chunk| &chunk["id"]).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{dialect:?}: {ids:?}");
        assert!(streamed.iter().all(|chunk| chunk.get("obfuscation").is_none()), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ids_have_each_vendors_form() {
    let form = |id: &str| -> String {
        let letter = |char: char| match char {
            '0'..='9' | 'a'..='f' => 'x',
            other => other,
        };
        id.chars().map(letter).collect()
    };
    let hex = "x".repeat(32);
    let uuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (dialect, expected) in [
        (Dialect::Mistral, hex.clone()),
        (Dialect::Deepseek, uuid.to_owned()),
        (Dialect::Qwen, format!("xhxtxmpl-{uuid}")),
        (Dialect::LlamaCpp, format!("xhxtxmpl-{hex}")),
        (Dialect::Vllm, format!("xhxtxmpl-{hex}")),
    ] {
        let id = plain(dialect, "").await["id"].as_str().unwrap().to_owned();
        assert_eq!(form(&id), expected, "{dialect:?}: {id}");
    }
    let generation = plain(Dialect::Openrouter, "").await["id"].as_str().unwrap().to_owned();
    assert!(generation.starts_with("gen-1779371880-"), "{generation}");
    // Ollama's are numbers below 999.
    let id = plain(Dialect::Ollama, "").await["id"].as_str().unwrap().to_owned();
    let number: u32 = id.strip_prefix("chatcmpl-").unwrap().parse().unwrap();
    assert!(number < 999);
}

#[tokio::test(start_paused = true)]
async fn usage_comes_where_each_vendor_puts_it() {
    // How many chunks have a usage, and whether the last of them has choices: without and with `include_usage`.
    for (dialect, without, with) in [
        (Dialect::Mistral, (1, true), (1, true)),
        (Dialect::Deepseek, (1, true), (1, true)),
        (Dialect::Qwen, (0, true), (1, false)),
        (Dialect::Openrouter, (1, false), (1, false)),
        (Dialect::Ollama, (0, true), (1, false)),
        (Dialect::LlamaCpp, (0, true), (1, false)),
        (Dialect::Vllm, (0, true), (1, false)),
    ] {
        for (extra, expected) in [("", without), (USAGE, with)] {
            let chunks = chunks(dialect, extra).await;
            let told: Vec<&Value> = chunks.iter().filter(|chunk| chunk["usage"].is_object()).collect();
            let last = chunks.last().unwrap();
            let choices = !last["choices"].as_array().unwrap().is_empty();

            assert_eq!((told.len(), choices), expected, "{dialect:?} {extra}");
            if let Some(told) = told.last() {
                assert_eq!(told["usage"]["completion_tokens"], 4);
                assert_eq!(*told, last);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn vllm_tells_usage_with_every_chunk_when_asked() {
    let extra = ",\"stream_options\":{\"continuous_usage_stats\":true}";
    let chunks = chunks(Dialect::Vllm, extra).await;

    let counts: Vec<u64> =
        chunks.iter().map(|chunk| chunk["usage"]["completion_tokens"].as_u64().unwrap()).collect();
    // The role, two chunks of two words, the finish, and the usage on its own.
    assert_eq!(counts, [0, 2, 4, 4, 4]);
}

#[tokio::test(start_paused = true)]
async fn tool_calls_come_whole_from_those_who_do_not_split_them() {
    for dialect in VENDORS {
        let streamed = chunks(dialect, TOOL).await;

        let calls: Vec<&Value> =
            streamed.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0)).collect();
        let whole = matches!(dialect, Dialect::Mistral | Dialect::Ollama);
        assert_eq!(calls.len() == 1, whole, "{dialect:?}: {calls:?}");
        let arguments: String =
            calls.iter().filter_map(|call| call["function"]["arguments"].as_str()).collect();
        let arguments: Value = serde_json::from_str(&arguments).unwrap();
        assert_eq!(arguments["text"].as_str().unwrap().split(' ').count(), 4, "{dialect:?}");
        let finish = streamed.iter().find_map(|chunk| chunk["choices"][0]["finish_reason"].as_str());
        assert_eq!(finish, Some("tool_calls"), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn mistral_needs_every_field_its_sdk_validates() {
    let body = plain(Dialect::Mistral, "").await;
    for field in ["id", "object", "created", "model", "choices", "usage"] {
        assert!(!body[field].is_null(), "{field}");
    }
    for chunk in chunks(Dialect::Mistral, "").await {
        assert!(chunk["choices"][0].as_object().unwrap().contains_key("finish_reason"), "{chunk}");
    }
}

#[tokio::test(start_paused = true)]
async fn deepseek_counts_its_cache() {
    let usage = &plain(Dialect::Deepseek, "").await["usage"];
    assert_eq!(usage["prompt_cache_hit_tokens"], 0);
    assert_eq!(usage["prompt_cache_miss_tokens"], 2);
}

#[tokio::test(start_paused = true)]
async fn openrouter_says_who_answered_and_what_it_cost() {
    let (body, _) = said(spec(Dialect::Openrouter), true, "hello [words=4]", "").await.dechunked();
    assert!(body.starts_with(": OPENROUTER PROCESSING\n\ndata: {"), "{body}");

    let body = plain(Dialect::Openrouter, "").await;
    assert_eq!(body["provider"], "Brownout");
    assert_eq!(body["choices"][0]["native_finish_reason"], "stop");
    // Two tokens at a thousand billionths of a dollar, four at two thousand.
    assert_eq!(body["usage"]["cost"], json!(0.00001));
}

#[tokio::test(start_paused = true)]
async fn openrouter_tries_the_models_of_the_list() {
    let mut served = spec(Dialect::Openrouter);
    served.models = vec!["b".to_owned(), "c".to_owned()];
    let body = said(served.clone(), false, "hello", ",\"models\":[\"x\",\"c\",\"b\"]").await.json();
    assert_eq!(body["model"], "c", "the first of the list that is served");

    let heard = said(served, false, "hello", ",\"models\":[\"x\"]").await;
    assert_eq!((heard.status(), heard.json()["error"]["code"].clone()), (400, json!(400)));
    assert_eq!(heard.json()["error"]["message"], "m is not a valid model ID");
}

#[tokio::test(start_paused = true)]
async fn llama_cpp_tells_its_timings() {
    let body = plain(Dialect::LlamaCpp, "").await;
    // The first of four words after 100 ms, the others 10 ms apart.
    let timings = &body["timings"];
    assert_eq!((timings["prompt_ms"].clone(), timings["predicted_ms"].clone()), (json!(100.0), json!(30.0)));
    assert_eq!((timings["prompt_n"].clone(), timings["predicted_n"].clone()), (json!(2), json!(4)));

    let streamed = chunks(Dialect::LlamaCpp, "").await;
    let told = streamed.iter().filter(|chunk| chunk["timings"].is_object()).count();
    assert_eq!((told, streamed.last().unwrap()["timings"]["predicted_n"].clone()), (1, json!(4)));
}

#[tokio::test(start_paused = true)]
async fn every_vendor_lists_its_models() {
    for dialect in VENDORS {
        let mut spec = spec(dialect);
        spec.models = vec!["one".to_owned(), "two".to_owned()];
        let bench = Bench::new(spec);
        let path = chat_path(dialect).replace("/chat/completions", "/models");
        let listing = bench.exchange(&format!("GET {path} HTTP/1.1\r\nhost: p\r\n\r\n")).await.json();

        let ids: Vec<&str> =
            listing["data"].as_array().unwrap().iter().filter_map(|model| model["id"].as_str()).collect();
        assert_eq!(ids, ["one", "two"], "{dialect:?}");
        assert!(bench.calls.lock().unwrap().is_empty(), "a listing is no call");
        if dialect == Dialect::Vllm {
            assert_eq!(listing["data"][0]["max_model_len"], 32_768);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn headers_are_each_vendors_own() {
    for (dialect, header) in [
        (Dialect::Mistral, "mistral-correlation-id"),
        (Dialect::Deepseek, "x-ds-trace-id"),
        (Dialect::Qwen, "x-dashscope-call-gateway"),
        (Dialect::Openrouter, "x-generation-id"),
        (Dialect::LlamaCpp, "server"),
        (Dialect::Vllm, "server"),
    ] {
        let heard = said(spec(dialect), false, "hello [words=1]", "").await;
        assert!(heard.header(header).is_some(), "{dialect:?}");
        assert_eq!(heard.header("openai-version"), None, "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_at_anothers_path() {
    for (dialect, path) in [
        (Dialect::Qwen, "/v1/chat/completions"),
        (Dialect::Openrouter, "/v1/chat/completions"),
        (Dialect::Mistral, "/chat/completions"),
        (Dialect::Vllm, "/api/v1/chat/completions"),
    ] {
        let body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
        let heard = Bench::new(spec(dialect)).exchange(&post(path, "", body)).await;
        assert_eq!(heard.status(), 404, "{dialect:?} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_reasoner_thinks_without_being_asked_to() {
    let body = "{\"model\":\"deepseek-reasoner\",\"messages\":[{\"role\":\"user\",\"content\":\"hello [words=4]\"}]}";
    let reply = Bench::new(spec(Dialect::Deepseek))
        .exchange(&post(chat_path(Dialect::Deepseek), "", body))
        .await
        .json();

    assert!(reply["choices"][0]["message"]["reasoning_content"].is_string(), "{reply}");
    assert!(reply["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64() > Some(0), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn embeddings_of_mistral_have_an_id_and_the_size_of_its_model() {
    let body = "{\"model\":\"mistral-embed\",\"input\":[\"a\"]}";
    let reply = Bench::new(spec(Dialect::Mistral)).exchange(&post("/v1/embeddings", "", body)).await.json();

    assert!(reply["id"].as_str().is_some_and(|id| id.len() == 32), "{reply}");
    assert_eq!(reply["data"][0]["embedding"].as_array().map(Vec::len), Some(1_024));
}
