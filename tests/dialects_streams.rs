//! Streams, read from bytes as the vendors write them: how a body is cut means nothing (I26), a cut stream is
//! never whole (I01), a failure in band is the failure out of band (I04), and no bytes panic.

use brownout::chat::{Delta, Failure, FailureClass, Finish, Usage};
use brownout::dialect::{Dialect, StreamDecoder, decode_error, decode_reply};
use proptest::prelude::*;

const OPENAI: &str = r#": OPENROUTER PROCESSING

data: {"id":"","object":"chat.completion.chunk","model":"","choices":[],"prompt_filter_results":[]}

data: {"id":"chatcmpl-A","object":"chat.completion.chunk","created":1763800000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x9Q"}

data: {"id":"chatcmpl-A","choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-A","choices":[{"index":0,"delta":{"content":"Grüße 🌍 \"x\"\n"},"finish_reason":null},{"index":1,"delta":{"content":"other"}}],"usage":null}

data: {"id":"chatcmpl-A","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}

data: {"id":"chatcmpl-A","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","function":{"arguments":"{\"a\":1}"}}]},"finish_reason":null}]}

data: {"id":"chatcmpl-A","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}],"usage":null}

data: {"id":"chatcmpl-A","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":1}}}

data: [DONE]

"#;

const ANTHROPIC: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-sonnet-4-5","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,"output_tokens":1,"service_tier":"standard"}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Grüße 🌍"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"g","input":{}}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: something_new
data: {"type":"something_new","index":"odd"}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":4}}

event: message_stop
data: {"type":"message_stop"}

"#;

const GEMINI: &str = r#"data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"gemini-2.5-flash","responseId":"JPoz"}

data: {"candidates":[{"content":{"parts":[{"text":"Grüße 🌍"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"gemini-2.5-flash","responseId":"JPoz"}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g"}}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"gemini-2.5-flash","responseId":"JPoz"}

data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":14,"totalTokenCount":20},"modelVersion":"gemini-2.5-flash","responseId":"JPoz"}

"#;

const STREAMS: [(Dialect, &str); 3] =
    [(Dialect::Openai, OPENAI), (Dialect::Anthropic, ANTHROPIC), (Dialect::Gemini, GEMINI)];

type Decoded = (Vec<Delta>, Result<(), Failure>);

fn decode<'a>(dialect: Dialect, chunks: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = StreamDecoder::new(dialect);
    let mut out = Vec::new();
    for chunk in chunks {
        if let Err(failure) = decoder.push(chunk, &mut out) {
            assert_eq!(decoder.push(b"", &mut out), Err(failure.clone()), "a dead stream stays dead");
            return (out, Err(failure));
        }
    }
    let end = decoder.finish(&mut out);
    (out, end)
}

fn whole(dialect: Dialect, body: &str) -> Decoded {
    decode(dialect, [body.as_bytes()])
}

#[track_caller]
fn failure(dialect: Dialect, body: &str) -> Failure {
    whole(dialect, body).1.expect_err("a failure")
}

fn parts(status: u16) -> http::response::Parts {
    let answer = http::Response::builder().status(status).header("content-type", "application/json");
    answer.body(()).expect("a valid answer").into_parts().0
}

fn start(id: &str, model: &str) -> Delta {
    Delta::Start { id: Some(id.to_owned()), model: Some(model.to_owned()) }
}

fn call(index: usize, head: Option<(&str, &str)>, arguments: &str) -> Delta {
    let (id, name) = head.map(|(id, name)| (id.to_owned(), name.to_owned())).unzip();
    Delta::ToolCall { index, id, name, arguments: arguments.to_owned() }
}

#[test]
fn an_openai_stream_is_read_whole() {
    let (deltas, end) = whole(Dialect::Openai, OPENAI);

    assert_eq!(end, Ok(()));
    let usage = Usage { input: Some(9), cached_input: Some(4), output: Some(2), reasoning: Some(1) };
    let expect = [
        start("chatcmpl-A", "gpt-4o-2024-08-06"),
        Delta::Reasoning("hm".to_owned()),
        Delta::Text("Grüße 🌍 \"x\"\n".to_owned()),
        call(0, Some(("call_1", "f")), ""),
        call(0, None, "{\"a\":1}"),
        Delta::Finish(Finish::ToolCalls),
        Delta::Usage(usage),
        Delta::End,
    ];
    assert_eq!(deltas, expect);
}

#[test]
fn an_anthropic_stream_is_read_whole() {
    let (deltas, end) = whole(Dialect::Anthropic, ANTHROPIC);

    assert_eq!(end, Ok(()));
    // Input in OpenAI's sense: 12 + 3 written to + 5 read from the cache.
    let first = Usage { input: Some(20), cached_input: Some(5), output: None, reasoning: None };
    let expect = [
        start("msg_1", "claude-sonnet-4-5"),
        Delta::Usage(first),
        Delta::Reasoning("hm".to_owned()),
        Delta::Text("Grüße 🌍".to_owned()),
        call(0, Some(("toolu_1", "f")), ""),
        call(0, None, "{\"a\":1}"),
        call(1, Some(("toolu_2", "g")), ""),
        call(1, None, "{}"),
        Delta::Finish(Finish::ToolCalls),
        Delta::Usage(Usage { output: Some(4), ..first }),
        Delta::End,
    ];
    assert_eq!(deltas, expect);
}

#[test]
fn a_gemini_stream_is_read_whole() {
    let (deltas, end) = whole(Dialect::Gemini, GEMINI);

    assert_eq!(end, Ok(()));
    // Output in OpenAI's sense: 2 + 14 thoughts.
    let usage = Usage { input: Some(4), cached_input: None, output: Some(16), reasoning: Some(14) };
    let expect = [
        start("JPoz", "gemini-2.5-flash"),
        Delta::Reasoning("hm".to_owned()),
        Delta::Usage(Usage { input: Some(4), ..Usage::default() }),
        Delta::Text("Grüße 🌍".to_owned()),
        call(0, Some(("call_0", "f")), "{\"a\":1}"),
        call(1, Some(("call_1", "g")), "{}"),
        Delta::Finish(Finish::ToolCalls),
        Delta::Usage(usage),
        Delta::End,
    ];
    assert_eq!(deltas, expect);
}

// I26, enumerated: every stream, every cut in two, every line ending.
#[test]
fn where_a_body_is_cut_in_two_means_nothing() {
    for (dialect, body) in STREAMS {
        let expect = whole(dialect, body);
        for ending in ["\n", "\r\n", "\r"] {
            let body = body.replace('\n', ending).into_bytes();
            for at in 0..=body.len() {
                let (head, tail) = body.split_at(at);
                assert_eq!(decode(dialect, [head, tail]), expect, "{dialect:?} cut at {at} with {ending:?}");
            }
            assert_eq!(decode(dialect, body.chunks(1)), expect, "{dialect:?} byte by byte");
        }
    }
}

// I01, enumerated: a stream that ends anywhere before its last event is complete is truncated.
#[test]
fn a_stream_that_stops_early_is_truncated() {
    for (dialect, body) in STREAMS {
        let last = body.trim_end().len();
        for ending in ["\n", "\r\n"] {
            let missing = body.len() - last;
            let body = body.replace('\n', ending).into_bytes();
            for at in 0..body.len() - missing * ending.len() {
                let (deltas, end) = decode(dialect, [&body[..at]]);
                let class = end.map_err(|failure| failure.class);
                assert_eq!(class, Err(FailureClass::Truncated), "{dialect:?} stopped at {at}");
                assert!(!deltas.contains(&Delta::End));
            }
        }
    }
}

#[test]
fn a_missing_last_blank_line_is_no_loss() {
    for (dialect, body) in STREAMS {
        assert_eq!(whole(dialect, body.trim_end()), whole(dialect, body), "{dialect:?}");
    }
}

#[test]
fn what_follows_the_terminator_means_nothing() {
    for (dialect, body) in [(Dialect::Openai, OPENAI), (Dialect::Anthropic, ANTHROPIC)] {
        let longer = format!("{body}data: {{broken\n\nevent: error\ndata: x\n\n");
        assert_eq!(whole(dialect, &longer), whole(dialect, body), "{dialect:?}");
    }
}

#[test]
fn openai_needs_both_a_finish_reason_and_done() {
    let content =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":null}]}\n\n";
    let finish = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let done = "data: [DONE]\n\n";
    for body in [format!("{content}{done}"), format!("{content}{finish}"), done.to_owned(), String::new()] {
        assert_eq!(failure(Dialect::Openai, &body).class, FailureClass::Truncated, "{body}");
    }
    assert_eq!(whole(Dialect::Openai, &format!("{content}{finish}{done}")).1, Ok(()));
}

#[test]
fn anthropic_needs_a_stop_reason_before_its_stop() {
    let body = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    assert_eq!(failure(Dialect::Anthropic, body).class, FailureClass::Truncated);
}

#[test]
fn a_malformed_event_is_a_protocol_failure() {
    let bad = [
        "{\"choices\":[",
        "{}{}",
        "null",
        "[1]",
        "[DONE",
        "\u{1}",
        "{\"choices\":7}",
        "{\"candidates\":7,\"delta\":7}",
    ];
    for (dialect, data) in Dialect::ALL.into_iter().flat_map(|dialect| bad.map(|data| (dialect, data))) {
        let (_, end) = whole(dialect, &format!("data: {data}\n\ndata: {{}}\n\n"));
        let class = end.unwrap_err().class;
        // A field another dialect owns means nothing: what is wrong is the missing end.
        let foreign = data.ends_with(":7}") && class == FailureClass::Truncated;
        assert!(class == FailureClass::Protocol || foreign, "{dialect:?} {data}: {class}");
    }
}

#[test]
fn a_body_that_never_was_a_stream_is_a_protocol_failure() {
    for dialect in Dialect::ALL {
        for body in ["<html><title>Hotel WiFi</title></html>", "{\"id\":\"x\",\"choices\":[]}"] {
            assert_eq!(failure(dialect, body).class, FailureClass::Protocol, "{dialect:?} {body}");
        }
    }
}

#[test]
fn refusals_are_deltas_and_not_failures() {
    let openai = r#"data: {"id":"a","choices":[{"index":0,"delta":{"refusal":"No."},"finish_reason":null}]}

data: {"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}

data: [DONE]

"#;
    let anthropic = r#"data: {"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null,"stop_details":{"type":"refusal","category":"cyber","explanation":"No."}},"usage":{"output_tokens":0}}

data: {"type":"message_stop"}

"#;
    let gemini = r#"data: {"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4}}

"#;
    for (dialect, body) in
        [(Dialect::Openai, openai), (Dialect::Anthropic, anthropic), (Dialect::Gemini, gemini)]
    {
        let (deltas, end) = whole(dialect, body);
        assert_eq!(end, Ok(()), "{dialect:?}");
        assert!(deltas.iter().any(|delta| matches!(delta, Delta::Refusal(_))), "{dialect:?} {deltas:?}");
        assert!(deltas.contains(&Delta::Finish(Finish::ContentFilter)), "{dialect:?} {deltas:?}");
    }
}

#[test]
fn openai_tool_calls_are_told_apart_however_they_are_numbered() {
    let check = |pieces: &[&str], expect: &[Delta]| {
        let body: String = pieces
            .iter()
            .map(|piece| {
                format!("data: {{\"id\":\"a\",\"choices\":[{{\"delta\":{{\"tool_calls\":{piece}}}}}]}}\n\n")
            })
            .collect();
        let (deltas, _) = whole(Dialect::Openai, &body);
        assert_eq!(&deltas[1..], expect, "{pieces:?}");
    };
    // Whole in one delta, without indices or ids.
    check(
        &[r#"[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":{"a": 1}}}]"#],
        &[call(0, Some(("call_0", "f")), "{}"), call(0, None, "{\"a\": 1}")][..1]
            .iter()
            .cloned()
            .chain([call(1, Some(("call_1", "g")), "{\"a\": 1}")])
            .collect::<Vec<_>>(),
    );
    // The same index for two calls: the id tells.
    check(
        &[
            r#"[{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}}]"#,
            r#"[{"index":0,"id":"y","function":{"name":"g","arguments":"{}"}}]"#,
        ],
        &[call(0, Some(("x", "f")), "{}"), call(1, Some(("y", "g")), "{}")],
    );
    // No index: the id opens, what follows belongs to the last.
    check(
        &[
            r#"[{"id":"x","function":{"name":"f","arguments":""}}]"#,
            r#"[{"function":{"arguments":"{"}}]"#,
            r#"[{"function":{"arguments":""}}]"#,
            r#"[{"id":"x","function":{"name":"f","arguments":"}"}}]"#,
        ],
        &[call(0, Some(("x", "f")), ""), call(0, None, "{"), call(0, None, "}")],
    );
}

/// Every documented error: dialect, status, body, class.
const ERRORS: &[(Dialect, u16, &str, FailureClass)] = {
    use Dialect::{Anthropic, Gemini, Openai};
    use FailureClass as C;
    &[
        (
            Openai,
            400,
            r#"{"error":{"message":"bad","type":"invalid_request_error","param":"x","code":null}}"#,
            C::InvalidRequest,
        ),
        (
            Openai,
            400,
            r#"{"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            C::ContextExceeded,
        ),
        (
            Openai,
            400,
            r#"{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            C::Refused,
        ),
        (
            Openai,
            400,
            r#"{"error":{"code":"data_inspection_failed","param":null,"message":"Input data may contain inappropriate content.","type":"data_inspection_failed"},"id":"x"}"#,
            C::Refused,
        ),
        (
            Openai,
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-x","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            C::Unauthorized,
        ),
        (
            Openai,
            402,
            r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}"#,
            C::QuotaExhausted,
        ),
        (
            Openai,
            402,
            r#"{"error":{"code":402,"message":"busy","metadata":{"limit_source":"openrouter_in_flight_budget"}}}"#,
            C::RateLimited,
        ),
        (
            Openai,
            403,
            r#"{"error":{"message":"no","type":"request_forbidden","code":"unsupported_country_region_territory"}}"#,
            C::Unauthorized,
        ),
        (
            Openai,
            403,
            r#"{"error":{"code":403,"message":"flagged","metadata":{"reasons":["x"],"flagged_input":"y"}}}"#,
            C::Refused,
        ),
        (
            Openai,
            404,
            r#"{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
            C::NotFound,
        ),
        (
            Openai,
            429,
            r#"{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
            C::RateLimited,
        ),
        (
            Openai,
            429,
            r#"{"error":{"message":"Request too large for gpt-4o: Limit 30000, Requested 30601","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            C::ContextExceeded,
        ),
        (
            Openai,
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":null}}"#,
            C::QuotaExhausted,
        ),
        (
            Openai,
            429,
            r#"{"error":{"message":"out of credit","type":"insufficient_quota","param":null,"code":"credit_balance_exhausted"}}"#,
            C::QuotaExhausted,
        ),
        (
            Openai,
            429,
            r#"{"error":{"message":"Allocated quota exceeded, please increase your quota limit.","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            C::RateLimited,
        ),
        (
            Openai,
            429,
            r#"{"error":{"code":"429","message":"Requests have exceeded token rate limit. Please retry after 86400 seconds."}}"#,
            C::RateLimited,
        ),
        (
            Openai,
            429,
            r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#,
            C::RateLimited,
        ),
        (
            Openai,
            429,
            r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":null}"#,
            C::Overloaded,
        ),
        (
            Openai,
            422,
            r#"{"object":"error","message":{"detail":[{"loc":["body"]}]},"type":"invalid_request_error","param":null,"code":null}"#,
            C::InvalidRequest,
        ),
        (
            Openai,
            400,
            r#"{"error":{"code":400,"message":"request (13392 tokens) exceeds the available context size (8192 tokens)","type":"exceed_context_size_error"}}"#,
            C::ContextExceeded,
        ),
        (
            Openai,
            500,
            r#"{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}"#,
            C::ServerError,
        ),
        (
            Openai,
            502,
            r#"{"error":{"code":502,"message":"Provider returned error"},"user_id":"u"}"#,
            C::ServerError,
        ),
        (
            Openai,
            503,
            r#"{"error":{"message":"busy","type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}"#,
            C::Overloaded,
        ),
        (
            Openai,
            429,
            r#"{"error":{"message":"too fast","type":"rate_limit_error","param":null,"code":"slow_down"}}"#,
            C::Overloaded,
        ),
        (
            Anthropic,
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}"#,
            C::InvalidRequest,
        ),
        (
            Anthropic,
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 1284668 tokens > 1000000 maximum"}}"#,
            C::ContextExceeded,
        ),
        (
            Anthropic,
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
            C::QuotaExhausted,
        ),
        (
            Anthropic,
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
            C::Refused,
        ),
        (
            Anthropic,
            401,
            r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
            C::Unauthorized,
        ),
        (
            Anthropic,
            402,
            r#"{"type":"error","error":{"type":"billing_error","message":"pay"}}"#,
            C::QuotaExhausted,
        ),
        (
            Anthropic,
            403,
            r#"{"type":"error","error":{"type":"permission_error","message":"no"}}"#,
            C::Unauthorized,
        ),
        (
            Anthropic,
            404,
            r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-foo"}}"#,
            C::NotFound,
        ),
        (
            Anthropic,
            409,
            r#"{"type":"error","error":{"type":"conflict_error","message":"x"}}"#,
            C::InvalidRequest,
        ),
        (
            Anthropic,
            413,
            r#"{"type":"error","error":{"type":"request_too_large","message":"x"}}"#,
            C::InvalidRequest,
        ),
        (
            Anthropic,
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit"}}"#,
            C::RateLimited,
        ),
        (
            Anthropic,
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            C::QuotaExhausted,
        ),
        (Anthropic, 500, r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#, C::ServerError),
        (
            Anthropic,
            504,
            r#"{"type":"error","error":{"type":"timeout_error","message":"x"}}"#,
            C::ServerError,
        ),
        (
            Anthropic,
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            C::Overloaded,
        ),
        (
            Gemini,
            400,
            r#"{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}"#,
            C::InvalidRequest,
        ),
        (
            Gemini,
            400,
            r#"{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}"#,
            C::ContextExceeded,
        ),
        (
            Gemini,
            400,
            r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#,
            C::Unauthorized,
        ),
        (
            Gemini,
            403,
            r#"{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}"#,
            C::Unauthorized,
        ),
        (
            Gemini,
            404,
            r#"{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}"#,
            C::NotFound,
        ),
        (
            Gemini,
            429,
            r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"10"}]},{"retryDelay":"26s"}]}}"#,
            C::RateLimited,
        ),
        (
            Gemini,
            429,
            r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"50"}]},{"retryDelay":"26s"}]}}"#,
            C::QuotaExhausted,
        ),
        (
            Gemini,
            429,
            r#"{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProject","quotaValue":"0"}]}]}}"#,
            C::QuotaExhausted,
        ),
        (
            Gemini,
            429,
            r#"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}"#,
            C::RateLimited,
        ),
        (
            Gemini,
            429,
            r#"{"error":{"code":429,"message":"No capacity available for model x","status":"RESOURCE_EXHAUSTED","details":[{"reason":"MODEL_CAPACITY_EXHAUSTED"}]}}"#,
            C::Overloaded,
        ),
        (Gemini, 500, r#"{"error":{"code":500,"message":"x","status":"INTERNAL"}}"#, C::ServerError),
        (
            Gemini,
            503,
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
            C::Overloaded,
        ),
        (Gemini, 504, r#"{"error":{"code":504,"message":"x","status":"DEADLINE_EXCEEDED"}}"#, C::ServerError),
    ]
};

// I04: the same error object means the same with its status, in a 200's body, in a stream, in a stream after
// content, and (as Gemini does) in a stream outside any event.
#[test]
fn a_failure_means_the_same_in_band_and_out() {
    for (dialect, status, body, class) in ERRORS.iter().copied() {
        let out = decode_error(dialect, &parts(status), body.as_bytes(), 0);
        assert_eq!((out.class, out.status), (class, Some(status)), "{body}");
        assert_eq!(decode_reply(dialect, &parts(status), body.as_bytes(), 0), Err(out.clone()), "{body}");

        let plain = decode_reply(dialect, &parts(200), body.as_bytes(), 0).unwrap_err();
        let event = format!("event: error\ndata: {body}\n\ndata: [DONE]\n\n");
        let data = format!("data: {body}\n\ndata: [DONE]\n\n");
        let (_, stream) = STREAMS.iter().find(|(other, _)| *other == dialect).unwrap();
        let first = stream.split_inclusive("\n\n").next().unwrap();
        let late = format!("{first}{data}");
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        let raw = format!("{first}{}", serde_json::to_string_pretty(&value).unwrap());
        for in_band in [plain]
            .into_iter()
            .chain([event, data, late, raw, format!("[{body}]")].iter().map(|body| failure(dialect, body)))
        {
            assert_eq!(in_band.class, class, "{body}");
            assert_eq!(in_band.status, None, "{body}");
            assert_eq!((in_band.code, in_band.message), (out.code.clone(), out.message.clone()), "{body}");
        }
    }
}

#[test]
fn error_like_finish_reasons_are_failures_in_replies_and_streams() {
    let openai =
        |reason: &str| format!(r#"{{"choices":[{{"index":0,"message":{{}},"delta":{{}},{reason}}}]}}"#);
    let gemini = |reason: &str| format!(r#"{{"candidates":[{{"finishReason":"{reason}"}}]}}"#);
    for (dialect, body, class) in [
        (Dialect::Openai, openai(r#""finish_reason":"error""#), FailureClass::ServerError),
        (
            Dialect::Openai,
            openai(r#""finish_reason":"insufficient_system_resource""#),
            FailureClass::Overloaded,
        ),
        (
            Dialect::Openai,
            openai(r#""finish_reason":"stop","native_finish_reason":"network_error""#),
            FailureClass::ServerError,
        ),
        (Dialect::Gemini, gemini("MALFORMED_FUNCTION_CALL"), FailureClass::InvalidOutput),
        (Dialect::Gemini, gemini("PUP_LIMITED_DISABLED"), FailureClass::Unauthorized),
        (Dialect::Gemini, gemini("FINISH_REASON_UNSPECIFIED"), FailureClass::ServerError),
    ] {
        assert_eq!(
            decode_reply(dialect, &parts(200), body.as_bytes(), 0).unwrap_err().class,
            class,
            "{body}"
        );
        assert_eq!(failure(dialect, &format!("data: {body}\n\n")).class, class, "{body}");
    }
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL.to_vec())
}

/// Bytes that come close: pieces of real streams, spliced.
fn almost() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        (0..3_usize, 0..4000_usize, 0..400_usize).prop_map(|(which, at, length)| {
            let body = STREAMS[which].1.as_bytes();
            let at = at % body.len();
            body[at..(at + length).min(body.len())].to_vec()
        }),
        prop::collection::vec(any::<u8>(), 0..8),
        prop::sample::select(vec![
            "data: ",
            "\r",
            "\n\n",
            "event: error\n",
            "{\"error\":",
            "[DONE]",
            "}",
            "null"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    // I26, sampled: any chunking of any bytes gives the same deltas and the same end, and nothing panics.
    #[test]
    fn chunking_means_nothing(dialect in dialects(), body in almost(), cuts in prop::collection::vec(0..4000_usize, 0..12)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (body.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(body.len());
        let mut at = 0;
        let chunks: Vec<&[u8]> = cuts.iter().map(|cut| { let chunk = &body[at..*cut]; at = *cut; chunk }).collect();
        prop_assert_eq!(decode(dialect, chunks), decode(dialect, [&body[..]]));
    }

    #[test]
    fn no_bytes_panic(dialect in dialects(), body in prop::collection::vec(any::<u8>(), 0..300), status in 100..1000_u16, wall_us: i64) {
        let _ = decode(dialect, [&body[..]]);
        let _ = decode_reply(dialect, &parts(200), &body, wall_us);
        prop_assert_eq!(decode_error(dialect, &parts(status), &body, wall_us).status, Some(status));
    }

    // Deltas promise never to hold empty text, and only one end.
    #[test]
    fn deltas_keep_their_promises(dialect in dialects(), body in almost()) {
        let (deltas, end) = decode(dialect, [&body[..]]);
        let empty = |delta: &Delta| matches!(delta, Delta::Text(text) | Delta::Reasoning(text) if text.is_empty());
        prop_assert!(!deltas.iter().any(empty));
        let ends = deltas.iter().filter(|delta| **delta == Delta::End).count();
        prop_assert_eq!(ends, usize::from(end.is_ok()));
    }
}
