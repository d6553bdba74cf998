//! Faults that are habits of some vendors, on the bytes.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{AfterError, Category, ErrorIn200, ErrorKind, Fault, Rule, Trigger, VendorFault};
use mock_providers::ledger::Ending;
use serde_json::{Value, json};

use crate::bench::{Bench, Heard, ask_with, faulty, rule};
use crate::support::{count, fired, ms, plain, streamed, unknown, words};

const CHATS: [Dialect; 9] = [
    Dialect::Openai,
    Dialect::Azure,
    Dialect::Mistral,
    Dialect::Deepseek,
    Dialect::Qwen,
    Dialect::Openrouter,
    Dialect::Ollama,
    Dialect::LlamaCpp,
    Dialect::Vllm,
];

/// Two and a half seconds in the queue, a sign of life every second.
fn queue() -> Fault {
    Fault::Vendor(VendorFault::KeepAliveComments { every: ms(1_000), lasts: ms(2_500) })
}

const fn in_200(form: ErrorIn200, error: ErrorKind, after: u32) -> Fault {
    Fault::Vendor(VendorFault::ErrorIn200 { after: count(after), error, form })
}

/// Chunks of a stream, without its terminator.
fn chunks(body: &str) -> Vec<Value> {
    let data = body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

async fn heard(fault: Fault, dialect: Dialect, stream: bool) -> (Bench, Heard) {
    let bench = Bench::new(faulty(dialect, fault));
    let heard = bench.exchange(&ask_with(dialect, stream, "hello [words=10]", "")).await;
    (bench, heard)
}

#[tokio::test(start_paused = true)]
async fn keep_alive_comments_come_before_everything_else() {
    for (dialect, comment) in [
        (Dialect::Deepseek, ": keep-alive\n\n"),
        (Dialect::Openrouter, ": OPENROUTER PROCESSING\n\n"),
        (Dialect::Anthropic, "event: ping\ndata: {\"type\": \"ping\"}\n\n"),
    ] {
        let (bench, heard) = heard(queue(), dialect, true).await;
        fired(&bench, 1);
        let (body, whole) = heard.dechunked();
        assert!(whole);
        // Headers at 50 ms; lines at 1,050 and 2,050 ms; the turn comes at 2,550 ms.
        let times: Vec<u64> = heard
            .pieces
            .iter()
            .filter(|(_, piece)| piece.contains(comment))
            .map(|(ms, _)| *ms)
            .take(2)
            .collect();
        assert_eq!(times, [1_050, 2_050], "{dialect:?}");
        assert!(body.starts_with(&comment.repeat(2)), "{dialect:?}: {body}");
        // The first two words are due at 110 ms, and 2,500 ms later.
        assert_eq!(bench.call().first_output.unwrap().as_us(), 2_610_000);
        assert_eq!((bench.call().injected.as_millis(), bench.call().words_sent), (2_500, 10));
    }
}

#[tokio::test(start_paused = true)]
async fn keep_alive_lines_come_before_a_plain_body() {
    let (bench, heard) = heard(queue(), Dialect::Deepseek, false).await;

    let (body, whole) = heard.dechunked();
    assert!(whole && body.starts_with("\n\n{\"id\":"), "{body}");
    let json: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["usage"]["completion_tokens"], 10);
    // The tenth word is due at 190 ms, and 2,500 ms later.
    assert_eq!(bench.call().ended.as_us(), 2_690_000);
    assert_eq!((bench.call().status, bench.call().words_sent), (Some(200), 10));
}

#[tokio::test(start_paused = true)]
async fn keep_alive_comments_go_with_what_ends_the_call() {
    let mut spec = faulty(Dialect::Deepseek, queue());
    let cut = Fault::Cut { after: count(0), close: mock_providers::fault::Close::Clean };
    spec.faults.push(Rule { name: "cut".to_owned(), trigger: Trigger::default(), fault: cut });
    let bench = Bench::new(spec);
    let heard = bench.exchange(&ask_with(Dialect::Deepseek, true, "hello [words=10]", "")).await;

    let (body, whole) = heard.dechunked();
    assert!(whole && body.starts_with(": keep-alive\n\n: keep-alive\n\n"), "{body}");
    assert_eq!((bench.call().words_sent, heard.ended_ms), (0, 2_550));
}

#[tokio::test(start_paused = true)]
async fn error_in_200_is_a_body_a_chunk_a_bare_chunk_or_a_finish_reason() {
    for dialect in CHATS {
        // The whole body, also where a stream was asked for.
        for stream in [false, true] {
            let (bench, heard) =
                heard(in_200(ErrorIn200::Body, ErrorKind::RateLimited, 0), dialect, stream).await;
            assert_eq!((heard.status(), heard.header("content-type").is_some()), (200, true));
            assert!(heard.json().get("choices").is_none(), "{dialect:?}");
            assert_eq!(bench.call().failure, Some(ErrorKind::RateLimited));
        }
        for (form, choices, error, reason) in [
            (ErrorIn200::Chunk, 1, true, json!("error")),
            (ErrorIn200::BareChunk, 0, true, Value::Null),
            (ErrorIn200::FinishReason, 1, false, json!("stop")),
        ] {
            let fault = in_200(form, ErrorKind::RateLimited, 4);
            let (bench, body) = streamed(fault.clone(), dialect).await;
            assert_eq!(words(&body), [(0, 2), (2, 4)], "{dialect:?}");
            assert!(body.ends_with("data: [DONE]\n\n"));
            let last = chunks(&body).pop().unwrap();
            assert_eq!(last["choices"].as_array().unwrap().len(), choices, "{dialect:?} {last}");
            assert_eq!(!last["error"].is_null(), error, "{dialect:?} {last}");
            assert_eq!(last["choices"][0]["finish_reason"], reason);
            // A finish reason says that something failed, and not what.
            let told = if error { ErrorKind::RateLimited } else { ErrorKind::ServerError };
            assert_eq!((bench.call().failure, bench.call().words_sent), (Some(told), 4));

            let (_, body) = plain(fault, dialect, "").await;
            assert_eq!(body["choices"].as_array().unwrap().len(), choices, "{dialect:?} {body}");
            assert_eq!(!body["error"].is_null(), error, "{dialect:?} {body}");
        }
    }
    let fault = in_200(ErrorIn200::Chunk, ErrorKind::RateLimited, 0);
    let last = chunks(&streamed(fault, Dialect::Openrouter).await.1).pop().unwrap();
    assert_eq!(last["error"]["code"], 429);
    assert_eq!(last["error"]["metadata"]["error_type"], "rate_limit_exceeded");
    let fault = in_200(ErrorIn200::FinishReason, ErrorKind::ServerError, 0);
    let last = chunks(&streamed(fault, Dialect::Openrouter).await.1).pop().unwrap();
    assert_eq!(last["choices"][0]["native_finish_reason"], "network_error");
}

#[tokio::test(start_paused = true)]
async fn inside_a_success_a_vendor_speaks_for_itself_and_not_for_its_door() {
    for (dialect, error, sign) in [
        // At the door: the gateway's `message`, FastAPI's `detail`, and vLLM's guard with a bare text.
        (Dialect::Mistral, ErrorKind::Forbidden, "\"type\":\"permission_error\""),
        (Dialect::Mistral, ErrorKind::InvalidRequest, "\"type\":\"invalid_request_error\""),
        (Dialect::Mistral, ErrorKind::Unauthorized, "\"type\":\"authentication_error\""),
        (Dialect::Vllm, ErrorKind::Unauthorized, "\"type\":\"AuthenticationError\""),
    ] {
        let forms = [ErrorIn200::Body, ErrorIn200::Chunk, ErrorIn200::BareChunk];
        let inside = forms.map(|form| in_200(form, error, 0));
        let event = Fault::StreamError { after: count(0), error, then: AfterError::Vendor };
        for (fault, stream) in
            inside.into_iter().chain([event]).flat_map(|fault| [(fault.clone(), false), (fault, true)])
        {
            let (bench, heard) = heard(fault, dialect, stream).await;
            assert!(heard.text().contains(sign), "{dialect:?}: {}", heard.text());
            assert_eq!((heard.status(), bench.call().failure), (200, Some(error)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn error_in_200_is_a_stream_error_where_there_are_no_chunks() {
    let fault = in_200(ErrorIn200::Chunk, ErrorKind::Overloaded, 2);
    let (_, heard) = heard(fault, Dialect::Anthropic, true).await;
    assert!(heard.text().contains("event: error\ndata: "), "{}", heard.text());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_goes_on_after_an_error_nobody_told_is_whole() {
    let (after, error) = (count(4), ErrorKind::Overloaded);
    for (dialect, told) in [(Dialect::Ollama, false), (Dialect::Vllm, true)] {
        let fault = Fault::StreamError { after, error, then: AfterError::More };
        let (bench, body) = streamed(fault, dialect).await;
        assert_eq!(body.contains("error"), told, "{body}");
        assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
        let (failure, ending) = if told { (Some(error), Ending::Broken) } else { (None, Ending::Complete) };
        let call = bench.call();
        assert_eq!((call.failure, call.ending, call.words_sent), (failure, ending, 10), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn capacity_finish_stops_early_with_the_vendors_own_reason() {
    let fault = |reason: Option<&str>| {
        Fault::Vendor(VendorFault::CapacityFinish { after: count(4), reason: reason.map(str::to_owned) })
    };
    for (dialect, reason, kind) in [
        (Dialect::Deepseek, "insufficient_system_resource", ErrorKind::Overloaded),
        (Dialect::Mistral, "error", ErrorKind::ServerError),
        (Dialect::Openrouter, "error", ErrorKind::ServerError),
    ] {
        let (bench, body) = streamed(fault(None), dialect).await;
        assert_eq!(words(&body), [(0, 2), (2, 4)]);
        let finish = chunks(&body)
            .iter()
            .find_map(|chunk| chunk["choices"][0]["finish_reason"].as_str().map(str::to_owned));
        assert_eq!(finish.as_deref(), Some(reason), "{dialect:?}");
        assert!(body.ends_with("data: [DONE]\n\n"));
        let call = bench.call();
        assert_eq!((call.failure, call.words_planned, call.words_sent), (Some(kind), 4, 4));

        let (_, body) = plain(fault(None), dialect, "").await;
        assert_eq!(body["choices"][0]["finish_reason"], reason);
        assert_eq!(body["usage"]["completion_tokens"], 4);
    }
    // Who is cut off before the finish reason tells nothing.
    let mut spec = faulty(Dialect::Mistral, fault(None));
    spec.faults.push(rule(Fault::cut(2), Trigger::default()));
    let bench = Bench::new(spec);
    bench.exchange(&ask_with(Dialect::Mistral, true, "hello [words=10]", "")).await;
    assert_eq!((bench.call().failure, bench.call().words_sent), (None, 2));
    // Gemini has no word for it: `OTHER` says no more than that the answer was stopped.
    let (bench, body) = plain(fault(None), Dialect::Gemini, "").await;
    assert_eq!(body["candidates"][0]["finishReason"], "OTHER");
    assert_eq!(bench.call().failure, Some(ErrorKind::ContentFilter));
    let (_, body) = plain(fault(Some("network_error")), Dialect::Qwen, "").await;
    assert_eq!(body["choices"][0]["finish_reason"], "network_error");
}

#[tokio::test(start_paused = true)]
async fn prompt_blocked_is_each_vendors_refusal_of_a_prompt() {
    let fault = Fault::Vendor(VendorFault::PromptBlocked { category: Category::Hate });
    for (dialect, status, sign) in [
        (Dialect::Openai, 400, "\"code\":\"content_filter\""),
        (Dialect::Qwen, 400, "Input text data may contain inappropriate content."),
        (Dialect::Openrouter, 403, "\"reasons\":[\"hate\"]"),
        (Dialect::Deepseek, 400, "Content Exists Risk"),
        (Dialect::Anthropic, 200, "\"stop_reason\":\"refusal\""),
        (Dialect::Gemini, 200, "\"blockReason\""),
    ] {
        for stream in [false, true] {
            let (bench, heard) = heard(fault.clone(), dialect, stream).await;
            assert_eq!(heard.status(), status, "{dialect:?}");
            assert!(heard.text().contains(sign), "{dialect:?}: {}", heard.text());
            assert_eq!((bench.call().failure, bench.call().words_sent), (Some(ErrorKind::ContentFilter), 0));
        }
    }
    for dialect in [Dialect::Ollama, Dialect::LlamaCpp, Dialect::Vllm] {
        unknown(fault.clone(), dialect, false).await;
    }
}

#[tokio::test(start_paused = true)]
async fn output_blocked_stops_an_answer_in_the_middle() {
    let fault = Fault::Vendor(VendorFault::OutputBlocked { after: count(4) });
    let (bench, heard) = heard(fault.clone(), Dialect::Qwen, true).await;
    let (body, _) = heard.dechunked();
    assert_eq!(words(&body), [(0, 2), (2, 4)]);
    let last = chunks(&body).pop().unwrap();
    assert_eq!(last["error"]["code"], "data_inspection_failed");
    assert!(last["error"]["message"].as_str().unwrap().contains("Output data may contain"));
    assert!(!body.contains("[DONE]"));
    assert_eq!(bench.call().failure, Some(ErrorKind::ContentFilter));

    let refused = self::heard(fault.clone(), Dialect::Qwen, false).await.1;
    assert_eq!(
        (refused.status(), refused.json()["error"]["code"].clone()),
        (400, json!("data_inspection_failed"))
    );
    for dialect in [Dialect::Azure, Dialect::Openai, Dialect::Deepseek, Dialect::Openrouter] {
        let (_, body) = streamed(fault.clone(), dialect).await;
        assert!(body.contains("\"finish_reason\":\"content_filter\""), "{dialect:?}");
        assert_eq!(words(&body), [(0, 2), (2, 4)]);
    }
    unknown(fault, Dialect::Vllm, true).await;
}

#[tokio::test(start_paused = true)]
async fn numbers_of_vendor_faults_are_named() {
    let rule = rule(queue(), Trigger::default());
    let names: Vec<&str> = rule.fault.numbers().into_iter().map(|(name, _)| name).collect();
    assert_eq!((rule.name.as_str(), names), ("keep_alive_comments", vec!["every", "for"]));
}
