//! The client side against stubbed vendors over real loopback: what the stub received and what was decoded from
//! what it answered. The stubs' bytes are the vendors' documented ones, written here by hand.

use std::time::Duration;

use brownout::chat::{
    ChatReply, ChatRequest, Delta, Failure, FailureClass, Finish, Message, Part, Role, ToolCall, Usage,
};
use brownout::dialect::{Dialect, StreamDecoder, Upstream, decode_reply, encode, is_stream};
use brownout::router::config::Secret;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use wiremock::matchers::{any, body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Sun, 06 Nov 1994 08:49:37 GMT.
const WALL_US: i64 = 784_111_777_000_000;

fn request(stream: bool) -> ChatRequest {
    let parts = vec![Part::Text("hi".to_owned())];
    let hi = Message {
        role: Role::User,
        parts,
        tool_calls: Vec::new(),
        tool_call_id: None,
        name: None,
        extra: Default::default(),
    };
    ChatRequest { messages: vec![hi], stream, max_tokens: Some(10), ..ChatRequest::default() }
}

fn base(dialect: Dialect, server: &MockServer) -> String {
    let version = if dialect == Dialect::Openai { "/v1" } else { "" };
    format!("{}{version}", server.uri())
}

/// One exchange: encode, send, collect.
async fn exchange(dialect: Dialect, server: &MockServer, stream: bool) -> (http::response::Parts, Bytes) {
    let key = Secret::new("k3y");
    let base_url = base(dialect, server);
    let upstream = Upstream { base_url: &base_url, model: "m-1", key: Some(&key), request_id: "r-1" };
    let encoded = encode(dialect, &request(stream), &upstream).expect("can be encoded");
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = client.request(encoded.request.map(Full::new)).await.expect("the stub answers");
    let (parts, body) = answer.into_parts();
    (parts, body.collect().await.expect("the stub answers whole").to_bytes())
}

async fn plain(dialect: Dialect, server: &MockServer) -> Result<ChatReply, Failure> {
    let (parts, body) = exchange(dialect, server, false).await;
    decode_reply(dialect, &parts, &body, WALL_US)
}

async fn stream(dialect: Dialect, server: &MockServer) -> (Vec<Delta>, Result<(), Failure>) {
    let (parts, body) = exchange(dialect, server, true).await;
    assert!(is_stream(&parts));
    let mut decoder = StreamDecoder::new(dialect);
    let mut out = Vec::new();
    let end = decoder.push(&body, &mut out).and_then(|()| decoder.finish(&mut out));
    (out, end)
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn text_of(deltas: &[Delta]) -> String {
    let text = deltas.iter().filter_map(|delta| match delta {
        Delta::Text(text) => Some(text.as_str()),
        _ => None,
    });
    text.collect()
}

#[tokio::test]
async fn openai_is_asked_and_answers() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(header("authorization", "Bearer k3y"))
        .and(header("x-request-id", "r-1"))
        .and(body_partial_json(json!({"model": "m-1", "messages": [{"role": "user", "content": "hi"}]})))
        .respond_with(ok(json!({
            "id": "chatcmpl-Abc123", "object": "chat.completion", "created": 1_763_800_000,
            "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": null, "refusal": null,
                "tool_calls": [{"id": "call_x", "type": "function",
                    "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
                "logprobs": null, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0}}})))
        .expect(1)
        .mount(&server)
        .await;

    let call = ToolCall { id: "call_x".into(), name: "f".into(), arguments: "{\"a\":1}".into() };
    let expect = ChatReply {
        id: "chatcmpl-Abc123".into(),
        model: "gpt-4o-2024-08-06".into(),
        tool_calls: vec![call],
        finish: Some(Finish::ToolCalls),
        usage: Some(Usage { input: Some(9), cached_input: Some(0), output: Some(2), reasoning: Some(0) }),
        ..ChatReply::default()
    };
    assert_eq!(plain(Dialect::Openai, &server).await, Ok(expect));
}

#[tokio::test]
async fn anthropic_is_asked_and_answers() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/messages"))
        .and(header("x-api-key", "k3y"))
        .and(header("anthropic-version", "2023-06-01"))
        .and(body_partial_json(json!({"model": "m-1", "max_tokens": 10})))
        .respond_with(ok(json!({
            "id": "msg_01ABC", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}],
            "stop_reason": "end_turn", "stop_sequence": null, "stop_details": null,
            "usage": {"input_tokens": 12, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5,
                "output_tokens": 4}})))
        .expect(1)
        .mount(&server)
        .await;

    let expect = ChatReply {
        id: "msg_01ABC".into(),
        model: "claude-sonnet-4-5".into(),
        text: Some("Hello".into()),
        finish: Some(Finish::Stop),
        usage: Some(Usage { input: Some(20), cached_input: Some(5), output: Some(4), reasoning: None }),
        ..ChatReply::default()
    };
    assert_eq!(plain(Dialect::Anthropic, &server).await, Ok(expect));
}

#[tokio::test]
async fn gemini_is_asked_and_answers() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1beta/models/m-1:generateContent"))
        .and(header("x-goog-api-key", "k3y"))
        .and(body_partial_json(json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})))
        .respond_with(ok(json!({
            "candidates": [{"content": {"parts": [{"text": "Hello"}], "role": "model"},
                "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 20,
                "thoughtsTokenCount": 14, "cachedContentTokenCount": 0},
            "modelVersion": "gemini-2.5-flash", "responseId": "JPozaonvK7yz"})))
        .expect(1)
        .mount(&server)
        .await;

    let expect = ChatReply {
        id: "JPozaonvK7yz".into(),
        model: "gemini-2.5-flash".into(),
        text: Some("Hello".into()),
        finish: Some(Finish::Stop),
        usage: Some(Usage { input: Some(4), cached_input: Some(0), output: Some(16), reasoning: Some(14) }),
        ..ChatReply::default()
    };
    assert_eq!(plain(Dialect::Gemini, &server).await, Ok(expect));
}

#[tokio::test]
async fn each_dialect_streams_over_a_socket() {
    let openai = "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n\
        data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let anthropic = "event: content_block_delta\n\
        data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n\
        event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n\
        event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let gemini = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    for (dialect, body) in
        [(Dialect::Openai, openai), (Dialect::Anthropic, anthropic), (Dialect::Gemini, gemini)]
    {
        let answer = ResponseTemplate::new(200).set_body_raw(body, "text/event-stream; charset=utf-8");
        let server = MockServer::start().await;
        let asked = Mock::given(header("accept", "text/event-stream"));
        let asked = match dialect {
            Dialect::Openai => {
                let options = json!({"stream": true, "stream_options": {"include_usage": true}});
                asked.and(body_partial_json(options))
            }
            Dialect::Anthropic => asked.and(body_partial_json(json!({"stream": true}))),
            Dialect::Gemini => {
                asked.and(path("/v1beta/models/m-1:streamGenerateContent")).and(query_param("alt", "sse"))
            }
        };
        asked.respond_with(answer).expect(1).mount(&server).await;

        let (deltas, end) = stream(dialect, &server).await;

        assert_eq!(end, Ok(()), "{dialect:?}");
        assert_eq!(text_of(&deltas), "Hello", "{dialect:?}");
        assert_eq!(deltas.last(), Some(&Delta::End), "{dialect:?}");
    }
}

#[tokio::test]
async fn the_wait_asked_for_arrives_in_every_form() {
    let body = json!({"error": {"message": "slow", "type": "requests", "code": "rate_limit_exceeded"}});
    for (name, value, expect) in [
        ("retry-after", "2", Duration::from_secs(2)),
        ("retry-after", "0.25", Duration::from_millis(250)),
        ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT", Duration::from_secs(10)),
        ("retry-after", "Sunday, 06-Nov-94 08:49:47 GMT", Duration::from_secs(10)),
        ("retry-after", "Sun Nov  6 08:49:47 1994", Duration::from_secs(10)),
        ("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT", Duration::ZERO),
        ("retry-after-ms", "1500", Duration::from_millis(1500)),
        ("x-ms-retry-after-ms", "1500", Duration::from_millis(1500)),
    ] {
        let answer = ResponseTemplate::new(429).set_body_json(&body).insert_header(name, value);
        let failure = plain(Dialect::Openai, &answering(answer).await).await.unwrap_err();
        assert_eq!((failure.class, failure.status), (FailureClass::RateLimited, Some(429)));
        assert_eq!(failure.retry_after, Some(expect), "{name}: {value}");
    }
}

#[tokio::test]
async fn gemini_asks_to_wait_in_its_body() {
    let structured = json!({"error": {"code": 429, "message": "You exceeded your current quota.",
        "status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
             "violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "26.5s"}]}});
    let words = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota. Please retry in 11.665902715s."}});
    for (body, expect) in
        [(structured, Duration::from_millis(26_500)), (words, Duration::from_nanos(11_665_902_715))]
    {
        let server = answering(ResponseTemplate::new(429).set_body_json(&body)).await;
        let failure = plain(Dialect::Gemini, &server).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::RateLimited);
        assert_eq!(failure.code.as_deref(), Some("RESOURCE_EXHAUSTED"));
        assert_eq!(failure.retry_after, Some(expect));
    }
}

#[tokio::test]
async fn a_page_from_the_edge_is_reduced_to_its_title() {
    let page = "<html><head><title>502 Bad Gateway</title></head><body><hr>nginx</body></html>";
    for dialect in Dialect::ALL {
        for (status, class) in [
            (502, FailureClass::ServerError),
            (503, FailureClass::Overloaded),
            (522, FailureClass::ServerError),
            (200, FailureClass::Protocol),
            (302, FailureClass::Protocol),
        ] {
            let server = answering(ResponseTemplate::new(status).set_body_raw(page, "text/html")).await;
            let failure = plain(dialect, &server).await.unwrap_err();
            assert_eq!(failure.class, class, "{dialect:?} {status}");
            assert!(failure.message.ends_with("502 Bad Gateway"), "{}", failure.message);
        }
    }
}

#[tokio::test]
async fn a_success_that_is_no_reply_is_a_failure() {
    for dialect in Dialect::ALL {
        for (body, class) in [
            ("", FailureClass::Protocol),
            ("\n\n", FailureClass::Protocol),
            ("ok", FailureClass::Protocol),
            ("{} trailing", FailureClass::Protocol),
            ("{\"id\":\"a\",\"cho", FailureClass::Truncated),
        ] {
            let server = answering(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
            let failure = plain(dialect, &server).await.unwrap_err();
            assert_eq!((failure.class, failure.status), (class, None), "{dialect:?} {body:?}");
        }
    }
}

#[tokio::test]
async fn a_success_without_anything_is_an_empty_reply() {
    for (dialect, body) in [
        (Dialect::Openai, r#"{"choices":[]}"#),
        (Dialect::Openai, r#"{"choices":null}"#),
        (Dialect::Openai, "\n\n\u{feff}{}"),
        (Dialect::Anthropic, r#"{"type":"message","content":[]}"#),
        (Dialect::Gemini, "{}"),
        (Dialect::Gemini, r#"{"candidates":[]}"#),
    ] {
        let body = body.trim_start();
        let server = answering(ResponseTemplate::new(200).set_body_raw(body, "text/plain")).await;
        assert_eq!(plain(dialect, &server).await, Ok(ChatReply::default()), "{dialect:?} {body}");
    }
}

#[tokio::test]
async fn refusals_are_replies() {
    for (dialect, body) in [
        (
            Dialect::Openai,
            json!({"choices": [{"index": 0, "finish_reason": "content_filter",
                "message": {"content": "part", "refusal": "No."}}]}),
        ),
        (
            Dialect::Anthropic,
            json!({"type": "message", "content": [{"type": "text", "text": "part"}], "stop_reason": "refusal",
                "stop_details": {"type": "refusal", "category": null, "explanation": "No."}}),
        ),
    ] {
        let reply = plain(dialect, &answering(ok(body)).await).await.unwrap();
        assert_eq!(reply.text.as_deref(), Some("part"), "{dialect:?}");
        assert_eq!(reply.refusal.as_deref(), Some("No."), "{dialect:?}");
        assert_eq!(reply.finish, Some(Finish::ContentFilter), "{dialect:?}");
    }
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}});
    let reply = plain(Dialect::Gemini, &answering(ok(blocked)).await).await.unwrap();
    assert!(reply.refusal.unwrap().contains("PROHIBITED_CONTENT"));
    assert_eq!(reply.finish, Some(Finish::ContentFilter));
}

#[tokio::test]
async fn a_stream_answered_with_json_is_told_from_a_stream() {
    let body = json!({"error": {"message": "busy", "type": "server_error", "code": null}});
    let server = answering(ok(body)).await;

    let (parts, body) = exchange(Dialect::Openai, &server, true).await;

    assert!(!is_stream(&parts));
    let failure = decode_reply(Dialect::Openai, &parts, &body, WALL_US).unwrap_err();
    assert_eq!(failure.class, FailureClass::ServerError);
}
