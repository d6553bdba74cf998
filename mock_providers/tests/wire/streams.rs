//! Healthy replies to the byte: plain and streamed, in each vendor's framing.

use mock_providers::dialect::Dialect;
use mock_providers::latency::Dist;
use mock_providers::ledger::Ending;
use mock_providers::reply::{Scan, Transcript};
use serde_json::{Value, json};

use crate::bench::{Bench, DIALECTS, End, Heard, ask, ask_with, spec, words_of};

fn read(text: &str) -> Transcript {
    let mut scan = Scan::default();
    scan.push(text);
    scan.finish()
}

/// Three words, two a chunk: chunks are due with their last word, at 110 ms and 120 ms; the headers leave
/// half-way to the first word, at 50 ms.
async fn three_words(dialect: Dialect, extra: &str) -> (Bench, Heard) {
    let bench = Bench::new(spec(dialect));
    let heard = bench.exchange(&ask_with(dialect, true, "hello [words=3]", extra)).await;
    (bench, heard)
}

fn openai_chunk(rest: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-bren5h5z41b4mse0hbsn40v4\",\"object\":\"chat.completion.chunk\",\
         \"created\":1779371880,\"model\":\"m\",\"service_tier\":\"default\",\
         \"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":{rest}}}\n\n"
    )
}

#[tokio::test(start_paused = true)]
async fn an_openai_stream_is_role_deltas_finish_and_done() {
    let (bench, heard) = three_words(Dialect::Openai, "").await;

    let delta = |delta: &str, pad: &str| {
        openai_chunk(&format!(
            "[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"{pad}\""
        ))
    };
    let golden = [
        delta("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "b"),
        delta("{\"content\":\"timber-0-02ee4mn spruce-1-02ee4mn\"}", "en5"),
        delta("{\"content\":\" saddle-2-02ee4mn\"}", "n5h5"),
        openai_chunk("[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]"),
        "data: [DONE]\n\n".to_owned(),
    ];
    assert_eq!(heard.dechunked(), (golden.concat(), true));
    let times: Vec<u64> = heard.pieces.iter().map(|(ms, _)| *ms).collect();
    assert_eq!(times, [50, 110, 120]);
    assert_eq!(heard.end, End::Silence);
    assert_eq!(bench.call().ending, Ending::Complete);
}

#[tokio::test(start_paused = true)]
async fn openai_usage_is_told_when_asked_for_and_padding_left_out_when_not_wanted() {
    let extra = ",\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false}";
    let (_, heard) = three_words(Dialect::Openai, extra).await;
    let (body, _) = heard.dechunked();
    assert!(!body.contains("obfuscation"), "{body}");
    // Role, two deltas, finish: four chunks say null, the fifth says all.
    assert_eq!(body.matches("\"usage\":null").count(), 4);
    let usage = body.split("data: ").find(|event| event.contains("\"choices\":[],")).unwrap();
    let usage: Value = serde_json::from_str(usage.trim()).unwrap();
    // "hello" and "[words=3]" are two words; three were written.
    assert_eq!(usage["usage"]["prompt_tokens"], 2);
    assert_eq!(usage["usage"]["completion_tokens"], 3);
    assert_eq!(usage["usage"]["total_tokens"], 5);
}

#[tokio::test(start_paused = true)]
async fn an_anthropic_stream_names_every_event() {
    let (_, heard) = three_words(Dialect::Anthropic, "").await;
    let golden = "event: message_start\n\
        data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01bren5h5z41b4mse0hbsn40v4\",\"type\":\"message\",\
        \"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":\
        {\"input_tokens\":2,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1,\
        \"service_tier\":\"standard\"}}}\n\n\
        event: content_block_start\n\
        data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
        event: ping\ndata: {\"type\": \"ping\"}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\
        \"text_delta\",\"text\":\"timber-0-02ee4mn spruce-1-02ee4mn\"}}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\
        \"text_delta\",\"text\":\" saddle-2-02ee4mn\"}}\n\n\
        event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
        event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\
        \"stop_sequence\":null},\"usage\":{\"output_tokens\":3}}\n\n\
        event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    assert_eq!(heard.dechunked(), (golden.to_owned(), true));
}

#[tokio::test(start_paused = true)]
async fn a_gemini_stream_repeats_cumulative_usage_and_finishes_on_the_last_chunk() {
    let (_, heard) = three_words(Dialect::Gemini, "").await;
    let chunk = |text: &str, finish: &str, words: u32| {
        let total = 2 + words;
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\"role\":\"model\"}},{finish}\
             \"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":2,\"candidatesTokenCount\":{words},\
             \"totalTokenCount\":{total},\"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":2}}],\
             \"serviceTier\":\"standard\"}},\"modelVersion\":\"m\",\"responseId\":\"bren5h5z41b4mse0hbsn40v4\"}}\r\n\r\n"
        )
    };
    let golden = [
        chunk("timber-0-02ee4mn spruce-1-02ee4mn", "", 2),
        chunk(" saddle-2-02ee4mn", "", 3),
        chunk("", "\"finishReason\":\"STOP\",", 3),
    ];
    assert_eq!(heard.dechunked(), (golden.concat(), true));
}

#[tokio::test(start_paused = true)]
async fn gemini_without_sse_streams_one_json_array() {
    let bench = Bench::new(spec(Dialect::Gemini));
    let heard = bench.exchange(&ask(Dialect::Gemini, true, 5).replace("?alt=sse", "")).await;
    let chunks: Vec<Value> = serde_json::from_str(&heard.dechunked().0).unwrap();
    // Words 2 + 2 + 1, and the finish.
    assert_eq!(chunks.len(), 4);
    assert_eq!(chunks[3]["candidates"][0]["finishReason"], "STOP");
    let text: String = chunks.iter().map(|chunk| words_of(&chunk.to_string())).collect();
    assert!(read(&text).is_whole(bench.call().tag, 5), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_plain_reply_comes_whole_when_its_last_word_is_generated() {
    for dialect in DIALECTS {
        let bench = Bench::new(spec(dialect));
        let heard = bench.exchange(&ask(dialect, false, 7)).await;
        // 100 ms and six gaps of 10 ms.
        assert_eq!(heard.pieces.iter().map(|(ms, _)| *ms).collect::<Vec<_>>(), [160]);
        assert_eq!(heard.status(), 200);
        let call = bench.call();
        assert!(read(&words_of(&heard.raw_body())).is_whole(call.tag, 7), "{}", heard.text());
        assert_eq!(
            (call.words_planned, call.words_sent, call.billed_input, call.billed_output),
            (7, 7, 2, 7)
        );
        assert_eq!((call.ending, call.status), (Ending::Complete, Some(200)));
        assert_eq!(call.first_output.unwrap().as_us(), 160_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_reply_has_the_same_words_at_the_same_pace() {
    for dialect in DIALECTS {
        let bench = Bench::new(spec(dialect));
        let heard = bench.exchange(&ask(dialect, true, 7)).await;
        assert_eq!(heard.pieces.last().unwrap().0, 160);
        let call = bench.call();
        assert!(read(&words_of(&heard.dechunked().0)).is_whole(call.tag, 7), "{}", heard.text());
        // Two words a chunk: the first leaves with its second word, after one gap.
        assert_eq!(
            (call.headers_sent.unwrap().as_us(), call.first_output.unwrap().as_us()),
            (50_000, 110_000)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn chunks_follow_the_habit_of_their_vendor() {
    for (dialect, least, most) in
        [(Dialect::Openai, 1, 1), (Dialect::Anthropic, 3, 6), (Dialect::Gemini, 20, 60)]
    {
        let mut spec = spec(dialect);
        spec.chunk = None;
        let bench = Bench::new(spec);
        let (body, _) = bench.exchange(&ask_with(dialect, true, "[words=90]", "")).await.dechunked();
        let mut sizes: Vec<u32> =
            body.split("data: ").map(|event| read(&words_of(&format!("data: {event}"))).words).collect();
        sizes.retain(|words| *words > 0);
        let last = sizes.pop().unwrap();
        assert!(
            last <= most && sizes.iter().all(|size| (least..=most).contains(size)),
            "{dialect:?} {sizes:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_callers_limit_cuts_the_reply_and_is_told_as_such() {
    let cases = [
        (Dialect::Openai, ",\"max_completion_tokens\":4", "\"finish_reason\":\"length\""),
        (Dialect::Gemini, ",\"generationConfig\":{\"maxOutputTokens\":4}", "\"finishReason\":\"MAX_TOKENS\""),
    ];
    for (dialect, extra, reason) in cases {
        for stream in [false, true] {
            let bench = Bench::new(spec(dialect));
            let heard = bench.exchange(&ask_with(dialect, stream, "[words=9]", extra)).await;
            assert!(heard.text().contains(reason), "{}", heard.text());
            assert_eq!(bench.call().words_planned, 4);
        }
    }
    for stream in [false, true] {
        let bench = Bench::new(spec(Dialect::Anthropic));
        let heard = bench.exchange(&ask(Dialect::Anthropic, stream, 101)).await;
        assert!(heard.text().contains("\"stop_reason\":\"max_tokens\""));
        assert_eq!(bench.call().words_planned, 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_forced_tool_is_called_with_the_canonical_words() {
    let tools = [
        ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"required\"",
        ",\"tools\":[{\"name\":\"f\",\"input_schema\":{}}],\"tool_choice\":{\"type\":\"any\"}",
        ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}],\
         \"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"}}",
    ];
    for (dialect, extra) in DIALECTS.into_iter().zip(tools) {
        let bench = Bench::new(spec(dialect));
        let heard = bench.exchange(&ask_with(dialect, false, "[words=5]", extra)).await;
        let body = heard.json();
        let arguments = match dialect {
            Dialect::Anthropic => {
                assert_eq!(body["stop_reason"], "tool_use");
                body["content"][0]["input"].clone()
            }
            Dialect::Gemini => body["candidates"][0]["content"]["parts"][0]["functionCall"]["args"].clone(),
            _ => {
                assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
                let call = &body["choices"][0]["message"]["tool_calls"][0]["function"];
                assert_eq!(call["name"], "f");
                serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap()
            }
        };
        assert!(read(arguments["text"].as_str().unwrap()).is_whole(bench.call().tag, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_tool_call_joins_to_the_same_arguments() {
    for words in [0, 1, 5] {
        let prompt = format!("[words={words}]");
        let openai = Bench::new(spec(Dialect::Openai));
        let extra = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\
                     \"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}";
        let (body, _) = openai.exchange(&ask_with(Dialect::Openai, true, &prompt, extra)).await.dechunked();
        let joined = join(&body, |event| {
            event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].clone()
        });
        assert!(read(joined["text"].as_str().unwrap()).is_whole(openai.call().tag, words), "{body}");

        let anthropic = Bench::new(spec(Dialect::Anthropic));
        let extra = ",\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}";
        let (body, _) =
            anthropic.exchange(&ask_with(Dialect::Anthropic, true, &prompt, extra)).await.dechunked();
        let joined = join(&body, |event| event["delta"]["partial_json"].clone());
        assert!(read(joined["text"].as_str().unwrap()).is_whole(anthropic.call().tag, words), "{body}");

        let gemini = Bench::new(spec(Dialect::Gemini));
        let extra = ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}],\
                     \"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"}}";
        let (body, _) = gemini.exchange(&ask_with(Dialect::Gemini, true, &prompt, extra)).await.dechunked();
        assert_eq!(body.matches("functionCall").count(), 1, "{body}");
        assert!(read(&words_of(&body)).is_whole(gemini.call().tag, words), "{body}");
    }
}

fn join(body: &str, piece: impl Fn(&Value) -> Value) -> Value {
    let events = body
        .split("data: ")
        .skip(1)
        .filter_map(|event| serde_json::Deserializer::from_str(event).into_iter::<Value>().next()?.ok());
    let joined: String = events.filter_map(|event| piece(&event).as_str().map(str::to_owned)).collect();
    serde_json::from_str(&joined).unwrap_or_else(|error| panic!("{error}: {joined}"))
}

#[tokio::test(start_paused = true)]
async fn json_mode_wraps_the_words_in_an_object() {
    let extra = ",\"response_format\":{\"type\":\"json_object\"}";
    let bench = Bench::new(spec(Dialect::Openai));
    let heard = bench.exchange(&ask_with(Dialect::Openai, false, "[words=3] json", extra)).await;
    let content: Value =
        serde_json::from_str(heard.json()["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert!(read(content["text"].as_str().unwrap()).is_whole(bench.call().tag, 3));

    let bench = Bench::new(spec(Dialect::Openai));
    let (body, _) =
        bench.exchange(&ask_with(Dialect::Openai, true, "[words=3] json", extra)).await.dechunked();
    let joined = join(&body, |event| event["choices"][0]["delta"]["content"].clone());
    assert_eq!(joined, content);
}

#[tokio::test(start_paused = true)]
async fn the_first_reply_to_an_id_differs_from_the_second_and_the_same_seed_gives_the_same() {
    let bench = Bench::new(spec(Dialect::Openai));
    for _ in 0..2 {
        bench.exchange(&ask(Dialect::Openai, false, 3)).await;
    }
    let calls = bench.calls.lock().unwrap().clone();
    assert_eq!((calls[0].nth, calls[1].nth), (0, 1));
    assert_ne!(calls[0].tag, calls[1].tag);
    let again = Bench::new(spec(Dialect::Openai));
    again.exchange(&ask(Dialect::Openai, false, 3)).await;
    assert_eq!(again.call().tag, calls[0].tag);
}

#[tokio::test(start_paused = true)]
async fn calls_without_an_id_get_replies_of_their_own() {
    let bench = Bench::new(spec(Dialect::Openai));
    let request = ask(Dialect::Openai, false, 3).replace("x-request-id: r1\r\n", "");
    for _ in 0..2 {
        bench.exchange(&request).await;
    }
    let calls = bench.calls.lock().unwrap().clone();
    assert_eq!((&calls[0].request_id, calls[0].nth, calls[1].nth), (&None, 0, 0));
    assert_ne!(calls[0].tag, calls[1].tag);
}

#[tokio::test(start_paused = true)]
async fn a_keep_alive_connection_serves_call_after_call() {
    let bench = Bench::new(spec(Dialect::Openai));
    let mut caller = bench.connect();
    for _ in 0..3 {
        caller.send(&ask(Dialect::Openai, false, 2)).await;
        assert_eq!(caller.listen().await.status(), 200);
    }
    // Pipelined: the second is read while the first is still being written.
    caller.send(&(ask(Dialect::Openai, false, 2) + &ask(Dialect::Openai, true, 2))).await;
    let heard = caller.listen().await;
    assert_eq!(heard.text().matches("HTTP/1.1 200 OK").count(), 2);
    let calls = bench.calls.lock().unwrap();
    assert_eq!(calls.len(), 5);
    assert!(calls.iter().all(|call| call.ending == Ending::Complete && call.connection == 0));
}

#[tokio::test(start_paused = true)]
async fn token_times_do_not_drift_on_the_timers_grid() {
    // Gaps of 300 us on timers of 1 ms: word 1,000 is due at 100 ms + 999 * 0.3 = 399.7 ms, not at 1,099 ms.
    let mut spec = spec(Dialect::Openai);
    spec.latency.per_token = Dist::Constant(300.0);
    spec.chunk = None;
    let bench = Bench::new(spec);
    let heard = bench.exchange(&ask(Dialect::Openai, true, 1_000)).await;
    assert_eq!(heard.pieces.last().unwrap().0, 400);
}

#[tokio::test(start_paused = true)]
async fn models_are_listed_and_never_recorded() {
    let cases = [
        (Dialect::Openai, "/v1/models", "", json!("data")),
        (Dialect::Openai, "/models", "", json!("data")),
        (Dialect::Anthropic, "/v1/models", "anthropic-version: 2023-06-01\r\n", json!("data")),
        (Dialect::Gemini, "/v1beta/models", "", json!("models")),
    ];
    for (dialect, path, headers, list) in cases {
        let mut spec = spec(dialect);
        spec.models = vec!["m".to_owned(), "n\"o".to_owned()];
        let bench = Bench::new(spec);
        let heard = bench.exchange(&format!("GET {path} HTTP/1.1\r\nhost: p\r\n{headers}\r\n")).await;
        assert_eq!(heard.status(), 200, "{}", heard.text());
        assert_eq!(heard.json()[list.as_str().unwrap()].as_array().unwrap().len(), 2);
        assert!(bench.calls.lock().unwrap().is_empty());
    }
}
