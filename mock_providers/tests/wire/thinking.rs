//! Thoughts before the answer, and the usage that counts them: Anthropic's blocks and Gemini's parts.

use mock_providers::dialect::Dialect;
use serde_json::{Value, json};

use crate::said::{Said, anthropic, data, events, gemini, is_canonical, said, with};

async fn message(prompt: &str, more: &Value) -> Said {
    let body = json!({ "model": "claude-sonnet-4-5", "max_tokens": 2_000, "messages": [{ "role": "user", "content": prompt }] });
    said(Dialect::Anthropic, &anthropic("2023-06-01", &with(body, more))).await
}

async fn content(action: &str, prompt: &str, config: &Value) -> Said {
    let body = json!({ "contents": [{ "parts": [{ "text": prompt }] }], "generationConfig": config });
    said(Dialect::Gemini, &gemini(action, &body)).await
}

fn thinking() -> Value {
    json!({ "thinking": { "type": "enabled", "budget_tokens": 1_024 } })
}

/// The message that following the events gives, as the SDK puts it together.
fn followed(events: &[(Option<String>, Value)]) -> Value {
    let mut message = Value::Null;
    for (name, data) in events {
        assert_eq!(data["type"].as_str(), name.as_deref());
        let at = data["index"].as_u64().unwrap_or(0) as usize;
        match name.as_deref().unwrap() {
            "message_start" => message = data["message"].clone(),
            "content_block_start" => {
                assert_eq!(message["content"].as_array().unwrap().len(), at);
                message["content"].as_array_mut().unwrap().push(data["content_block"].clone());
            }
            "content_block_delta" => {
                let kind = data["delta"]["type"].as_str().unwrap();
                let field = kind.strip_suffix("_delta").unwrap();
                let block = &mut message["content"][at];
                let text =
                    format!("{}{}", block[field].as_str().unwrap(), data["delta"][field].as_str().unwrap());
                block[field] = text.into();
            }
            "message_delta" => {
                for part in ["stop_reason", "stop_sequence"] {
                    message[part] = data["delta"][part].clone();
                }
                // Cumulative: it replaces what was said at the start.
                message["usage"]["output_tokens"] = data["usage"]["output_tokens"].clone();
            }
            _ => {}
        }
    }
    message
}

#[tokio::test(start_paused = true)]
async fn a_message_has_the_fields_of_the_reference() {
    let body = message("hello [words=3]", &json!({})).await.json();
    let text = body["content"][0]["text"].as_str().unwrap();
    is_canonical(text, 3);
    assert!(body["id"].as_str().unwrap().starts_with("msg_01"));
    let expected = json!({
        "id": body["id"], "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [{ "type": "text", "text": text }],
        "stop_reason": "end_turn", "stop_sequence": null, "stop_details": null,
        "usage": {
            "input_tokens": 2, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "cache_creation": { "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0 },
            "output_tokens": 3, "service_tier": "standard", "inference_geo": "global"
        }
    });
    assert_eq!(body, expected);
}

#[tokio::test(start_paused = true)]
async fn thoughts_are_a_signed_block_before_the_answer() {
    let prompt = "hello [words=3] [reasoning=12]";
    let said = message(prompt, &thinking()).await;
    let body = said.json();
    let [thought, text] = &body["content"].as_array().unwrap()[..] else { panic!("{body}") };
    assert_eq!(thought["type"], "thinking");
    assert_eq!(thought["thinking"].as_str().unwrap().split(' ').count(), 12);
    assert!(!thought["signature"].as_str().unwrap().is_empty());
    is_canonical(text["text"].as_str().unwrap(), 3);
    // Output includes thoughts.
    assert_eq!((&body["usage"]["output_tokens"], said.billed()), (&json!(15), (3, 15)));

    let stream = message(prompt, &with(thinking(), &json!({ "stream": true }))).await.stream();
    let events = events(&stream);
    let mut names: Vec<String> = events
        .iter()
        .map(|(name, data)| {
            format!("{} {}", name.as_deref().unwrap(), data["delta"]["type"].as_str().unwrap_or(""))
        })
        .collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "message_start ",
            "content_block_start ",
            "content_block_delta thinking_delta",
            "content_block_delta signature_delta",
            "content_block_stop ",
            "content_block_start ",
            "ping ",
            "content_block_delta text_delta",
            "content_block_stop ",
            "message_delta ",
            "message_stop "
        ]
    );
    let whole = followed(&events);
    assert_eq!((&whole["content"], &whole["stop_reason"]), (&body["content"], &body["stop_reason"]));
    assert_eq!(whole["usage"]["output_tokens"], 15);
    assert_eq!(events[0].1["message"]["usage"]["output_tokens"], 1);
}

#[tokio::test(start_paused = true)]
async fn thoughts_that_use_up_the_limit_leave_no_text_block_in_either_form() {
    let more = json!({ "max_tokens": 1_025, "thinking": { "type": "adaptive" } });
    let prompt = "hello [words=9] [reasoning=5000]";
    let body = message(prompt, &more).await.json();
    let kinds: Vec<&Value> = body["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!((kinds, &body["stop_reason"]), (vec![&json!("thinking")], &json!("max_tokens")));
    assert_eq!(body["usage"]["output_tokens"], 1_025);
    let stream = message(prompt, &with(more, &json!({ "stream": true }))).await.stream();
    assert_eq!(followed(&events(&stream))["content"], body["content"]);
}

#[tokio::test(start_paused = true)]
async fn thoughts_may_be_kept_back() {
    let more = json!({ "thinking": { "type": "adaptive", "display": "omitted" } });
    let body = message("hello [words=3] [reasoning=12]", &more).await.json();
    assert_eq!(
        (&body["content"][0]["type"], &body["content"][0]["thinking"]),
        (&json!("thinking"), &json!(""))
    );
    assert!(!body["content"][0]["signature"].as_str().unwrap().is_empty());
    assert_eq!(body["usage"]["output_tokens"], 15);
}

#[tokio::test(start_paused = true)]
async fn input_is_told_without_what_the_cache_gave_or_took() {
    // Four words, three of which are cached.
    let said = message("hello you [words=3] [cached=3]", &json!({})).await;
    let usage = &said.json()["usage"];
    assert_eq!((&usage["input_tokens"], &usage["cache_read_input_tokens"]), (&json!(1), &json!(3)));
    assert_eq!(said.billed(), (4, 3));
    let marked = json!({ "system": [{ "type": "text", "text": "a b c d e f", "cache_control": { "type": "ephemeral" } }] });
    let said = message("hello [words=3]", &marked).await;
    let usage = &said.json()["usage"];
    let count = |field: &str| usage[field].as_u64().unwrap();
    // Eight words: two are input, six were read from the cache or written to it.
    assert_eq!(count("input_tokens"), 2);
    assert_eq!(count("cache_read_input_tokens") + count("cache_creation_input_tokens"), 6);
    assert_eq!(usage["cache_creation"]["ephemeral_5m_input_tokens"], usage["cache_creation_input_tokens"]);
    assert_eq!(said.billed(), (8, 3));
}

#[tokio::test(start_paused = true)]
async fn a_stop_sequence_is_named() {
    let whole = message("hello [words=6]", &json!({})).await.json();
    let text = whole["content"][0]["text"].as_str().unwrap();
    let word = text.split(' ').nth(4).unwrap();
    let more = json!({ "stop_sequences": [word] });
    let body = message("hello [words=6]", &more).await.json();
    assert_eq!((&body["stop_reason"], &body["stop_sequence"]), (&json!("stop_sequence"), &json!(word)));
    assert_eq!(body["content"][0]["text"].as_str().unwrap(), text.split(word).next().unwrap());
    let stream = message("hello [words=6]", &with(more, &json!({ "stream": true }))).await.stream();
    let followed = followed(&events(&stream));
    for field in ["content", "stop_reason", "stop_sequence"] {
        assert_eq!(followed[field], body[field]);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_by_a_call_that_only_fills_the_cache() {
    let said = message("hello [words=6]", &json!({ "max_tokens": 0 })).await;
    let body = said.json();
    assert_eq!((&body["content"], &body["stop_reason"]), (&json!([]), &json!("max_tokens")));
    assert_eq!(said.billed(), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn gemini_counts_thoughts_apart_and_shows_them_when_asked() {
    let prompt = "hello you [words=4] [reasoning=10] [cached=2]";
    let config = json!({ "thinkingConfig": { "includeThoughts": true } });
    let said = content("generateContent", prompt, &config).await;
    let body = said.json();
    let parts = body["candidates"][0]["content"]["parts"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[0]["thought"], parts[1].get("thought")), (2, &json!(true), None));
    is_canonical(parts[1]["text"].as_str().unwrap(), 4);
    let usage = &body["usageMetadata"];
    let counts = [
        "promptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
        "totalTokenCount",
    ]
    .map(|field| usage[field].as_u64());
    // The prompt includes what was cached; the total is prompt, candidates and thoughts.
    assert_eq!(counts, [5, 4, 10, 2, 19].map(Some));
    assert_eq!(said.billed(), (5, 14));
    let hidden = content("generateContent", prompt, &json!({})).await.json();
    assert_eq!(hidden["candidates"][0]["content"]["parts"].as_array().unwrap().len(), 1);
    assert_eq!(hidden["usageMetadata"]["thoughtsTokenCount"], 10);
    // Nobody thinks: the field is not there.
    let plain = content("generateContent", "hello [words=4]", &json!({})).await.json();
    assert!(plain["usageMetadata"].get("thoughtsTokenCount").is_none());
}

#[tokio::test(start_paused = true)]
async fn every_chunk_of_gemini_tells_the_usage_so_far_and_the_last_one_why_it_ended() {
    let prompt = "hello you [words=4] [reasoning=10]";
    let config = json!({ "thinkingConfig": { "includeThoughts": true } });
    let plain = content("generateContent", prompt, &config).await.json();
    let stream = content("streamGenerateContent?alt=sse", prompt, &config).await.stream();
    assert!(!stream.contains("event:") && !stream.contains("[DONE]") && !stream.contains("\n:"));
    let chunks = data(&stream);
    let (last, earlier) = chunks.split_last().unwrap();
    assert!(earlier.iter().all(|chunk| chunk["candidates"][0].get("finishReason").is_none()));
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(last["usageMetadata"], plain["usageMetadata"]);
    let counts: Vec<u64> =
        chunks.iter().map(|chunk| chunk["usageMetadata"]["totalTokenCount"].as_u64().unwrap()).collect();
    assert!(counts.is_sorted());
    for field in ["responseId", "modelVersion"] {
        assert!(chunks.iter().all(|chunk| chunk[field] == plain[field] && chunk[field].is_string()));
    }
    let text = |thought: bool| -> String {
        let parts = chunks.iter().map(|chunk| &chunk["candidates"][0]["content"]["parts"][0]);
        parts
            .filter(|part| part.get("thought").is_some() == thought)
            .map(|part| part["text"].as_str().unwrap())
            .collect()
    };
    let parts = &plain["candidates"][0]["content"]["parts"];
    assert_eq!(
        [text(true), text(false)],
        [&parts[0], &parts[1]].map(|part| part["text"].as_str().unwrap().to_owned())
    );
}
