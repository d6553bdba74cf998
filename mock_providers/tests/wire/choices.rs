//! OpenAI: answers side by side, probabilities of tokens, stop texts.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::said::{Said, data, is_canonical, openai, said, transcript, with};

async fn plain(prompt: &str, more: &Value) -> Said {
    let body = json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": prompt }] });
    said(Dialect::Openai, &openai("/v1/chat/completions", &with(body, more))).await
}

async fn streamed(prompt: &str, more: &Value) -> Said {
    let usage = json!({ "stream": true, "stream_options": { "include_usage": true } });
    plain(prompt, &with(usage, more)).await
}

/// The text of each choice and its finish reason, put together from a stream's chunks.
fn followed(chunks: &[Value]) -> Vec<(String, String)> {
    let mut choices: Vec<(String, String)> = Vec::new();
    for choice in chunks.iter().flat_map(|chunk| chunk["choices"].as_array().unwrap()) {
        let index = choice["index"].as_u64().unwrap() as usize;
        choices.resize(choices.len().max(index + 1), Default::default());
        choices[index].0.push_str(choice["delta"]["content"].as_str().unwrap_or(""));
        choices[index].1.push_str(choice["finish_reason"].as_str().unwrap_or(""));
    }
    choices
}

/// The same of a plain answer.
fn told(body: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let choices = body["choices"].as_array().unwrap().iter();
    choices.map(|choice| (text(&choice["message"]["content"]), text(&choice["finish_reason"]))).collect()
}

#[tokio::test(start_paused = true)]
async fn only_the_first_of_several_answers_is_canonical() {
    let said = plain("hello [words=5]", &json!({ "n": 3 })).await;
    let body = said.json();
    let indices: Vec<&Value> =
        body["choices"].as_array().unwrap().iter().map(|choice| &choice["index"]).collect();
    assert_eq!(indices, [0, 1, 2]);
    let answers = told(&body);
    is_canonical(&answers[0].0, 5);
    assert!(answers.iter().all(|(text, finish)| text.split(' ').count() == 5 && finish == "stop"));
    assert!(answers[0].0 != answers[1].0 && answers[1].0 != answers[2].0);
    // Fifteen words in all.
    assert_eq!(body["usage"]["completion_tokens"], 15);
    assert_eq!((&body["usage"]["total_tokens"], said.billed()), (&json!(17), (2, 15)));
}

#[tokio::test(start_paused = true)]
async fn streams_of_several_answers_say_what_the_plain_ones_say() {
    let second =
        told(&plain("hello [words=6]", &json!({})).await.json())[0].0.split(' ').nth(3).unwrap().to_owned();
    for more in [
        json!({ "n": 2 }),
        json!({ "n": 3, "max_tokens": 4 }),
        json!({ "n": 2, "response_format": { "type": "json_schema", "json_schema": { "name": "out", "schema": {
            "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] } } } }),
        // A stop text in the middle of the first answer's fourth word: the others do not have it.
        json!({ "n": 2, "stop": second[2..] }),
    ] {
        let chunks = data(&streamed("hello [words=6]", &more).await.stream());
        let body = plain("hello [words=6]", &more).await.json();
        assert_eq!(followed(&chunks), told(&body), "{more}");
        let usage = chunks.last().unwrap();
        assert_eq!((&usage["choices"], &usage["usage"]), (&json!([]), &body["usage"]));
    }
}

#[tokio::test(start_paused = true)]
async fn every_token_has_its_probability_and_those_that_were_less_likely() {
    let more = json!({ "logprobs": true, "top_logprobs": 4 });
    let body = plain("hello [words=200]", &more).await.json();
    let choice = &body["choices"][0];
    let tokens = choice["logprobs"]["content"].as_array().unwrap();
    let text: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
    assert_eq!((text.as_str(), tokens.len()), (choice["message"]["content"].as_str().unwrap(), 200));
    for token in tokens {
        let bytes: Vec<u8> = serde_json::from_value(token["bytes"].clone()).unwrap();
        assert_eq!(bytes, token["token"].as_str().unwrap().as_bytes());
        let ranks: Vec<f64> = token["top_logprobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rank| rank["logprob"].as_f64().unwrap())
            .collect();
        assert!(ranks.len() == 4 && ranks.is_sorted_by(|one, next| one >= next), "{ranks:?}");
        assert_eq!(
            (&token["top_logprobs"][0]["token"], ranks[0]),
            (&token["token"], token["logprob"].as_f64().unwrap())
        );
    }
    let chunks = data(&streamed("hello [words=200]", &more).await.stream());
    let pieces = chunks.iter().filter_map(|chunk| chunk["choices"][0]["logprobs"]["content"].as_array());
    assert_eq!(&pieces.flatten().cloned().collect::<Vec<Value>>(), tokens);
    // Nobody asked: null, and no list where only the tokens themselves are wanted.
    let silent = plain("hello [words=2]", &json!({})).await.json();
    assert_eq!(silent["choices"][0].get("logprobs"), Some(&Value::Null));
    let bare = plain("hello [words=2]", &json!({ "logprobs": true })).await.json();
    assert_eq!(bare["choices"][0]["logprobs"]["content"][0]["top_logprobs"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_before_its_stop_text() {
    let whole = told(&plain("hello [words=8]", &json!({})).await.json())[0].0.clone();
    let word = whole.split(' ').nth(5).unwrap();
    for stop in [json!(word), json!(["never said", word])] {
        let said = plain("hello [words=8]", &json!({ "stop": stop })).await;
        let body = said.json();
        assert_eq!(told(&body)[0], (whole.split(word).next().unwrap().to_owned(), "stop".to_owned()));
        assert_eq!((&body["usage"]["completion_tokens"], said.billed()), (&json!(5), (2, 5)));
        let chunks = data(&streamed("hello [words=8]", &json!({ "stop": stop })).await.stream());
        assert_eq!(followed(&chunks), told(&body));
    }
}

#[tokio::test(start_paused = true)]
async fn usage_includes_thoughts_and_what_came_from_the_cache() {
    let more = json!({ "model": "o3", "reasoning_effort": "low", "prompt_cache_key": "k" });
    let prompt = "hello you there friend [words=4] [reasoning=10]";
    let said = plain(prompt, &more).await;
    let usage = &said.json()["usage"];
    // Six words, three quarters of which are cached; four words and ten thoughts.
    assert_eq!(
        (&usage["prompt_tokens"], &usage["prompt_tokens_details"]["cached_tokens"]),
        (&json!(6), &json!(4))
    );
    assert_eq!((&usage["completion_tokens"], &usage["total_tokens"]), (&json!(14), &json!(20)));
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 10);
    assert_eq!(said.billed(), (6, 14));
    let chunks = data(&streamed(prompt, &more).await.stream());
    assert_eq!(&chunks.last().unwrap()["usage"], usage);
    assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
}

#[tokio::test(start_paused = true)]
async fn chunks_come_in_order_with_one_id_and_one_time() {
    let body = streamed("hello [words=5]", &json!({})).await.stream();
    assert!(body.ends_with("data: [DONE]\n\n") && !body.contains("event:"));
    let chunks = data(&body);
    let [first, deltas @ .., finish, _] = &chunks[..] else { panic!("{body}") };
    assert_eq!(first["choices"][0]["delta"], json!({ "role": "assistant", "content": "", "refusal": null }));
    assert!(deltas.iter().all(|chunk| chunk["choices"][0]["delta"]["content"].is_string()));
    assert_eq!(
        (&finish["choices"][0]["delta"], &finish["choices"][0]["finish_reason"]),
        (&json!({}), &json!("stop"))
    );
    for field in ["id", "created", "model", "object", "service_tier", "system_fingerprint"] {
        assert!(
            chunks.iter().all(|chunk| chunk[field] == first[field] && !chunk[field].is_null()),
            "{field}"
        );
    }
    assert!(!transcript(&followed(&chunks)[0].0).segments.is_empty());
}
