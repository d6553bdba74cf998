//! Traps: errors whose status, code or wording says one thing and means another, vendor by vendor. Each is read as
//! an answer with its status and as an error inside a 200, plain and streamed.

use std::time::Duration;

use brownout::chat::{Delta, Failure, FailureClass};
use brownout::dialect::{Dialect, StreamDecoder, decode_error, decode_reply, lacks_ability};

use Dialect::{Anthropic, Gemini, Openai};
use FailureClass as C;

fn parts(status: u16, headers: &[(&str, &str)]) -> http::response::Parts {
    let mut answer = http::Response::builder().status(status);
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        answer = answer.header("content-type", "application/json");
    }
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(()).expect("a valid answer").into_parts().0
}

fn error(dialect: Dialect, status: u16, body: &str) -> Failure {
    decode_error(dialect, &parts(status, &[]), body.as_bytes(), 0)
}

fn stream(dialect: Dialect, body: &str) -> (Vec<Delta>, Result<(), Failure>) {
    let mut decoder = StreamDecoder::new(dialect);
    let mut out = Vec::new();
    let end = decoder.push(body.as_bytes(), &mut out).and_then(|()| decoder.finish(&mut out));
    (out, end)
}

/// Who says it, its status, its body, and what it means.
const TRAPS: &[(&str, Dialect, u16, &str, FailureClass)] = &[
    // Quota that looks like a rate, and the reverse.
    (
        "Gemini: a daily quota beside one per minute",
        Gemini,
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"},{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}"#,
        C::QuotaExhausted,
    ),
    (
        "Gemini: no quota at all, said at the end",
        Gemini,
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota. * Quota exceeded for metric: generate_content_free_tier_requests, limit: 0","status":"RESOURCE_EXHAUSTED"}}"#,
        C::QuotaExhausted,
    ),
    (
        "Gemini: no quota at all, with a model",
        Gemini,
        429,
        r#"{"error":{"code":429,"message":"Quota exceeded for metric: m, limit: 0, model: gemini-2.5-pro","status":"RESOURCE_EXHAUSTED"}}"#,
        C::QuotaExhausted,
    ),
    (
        "Gemini: a limit that is not zero",
        Gemini,
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota. Quota exceeded for metric: m, limit: 0.5","status":"RESOURCE_EXHAUSTED"}}"#,
        C::RateLimited,
    ),
    (
        "Gemini: 402 under the name of a rate",
        Gemini,
        402,
        r#"{"error":{"code":402,"message":"payment required","status":"RESOURCE_EXHAUSTED","details":[{"reason":"payment_required"}]}}"#,
        C::QuotaExhausted,
    ),
    (
        "Gemini: a project without billing",
        Gemini,
        403,
        r#"{"error":{"code":403,"message":"This API method requires billing to be enabled.","status":"PERMISSION_DENIED","details":[{"reason":"BILLING_DISABLED"}]}}"#,
        C::QuotaExhausted,
    ),
    (
        "OpenAI: quota, in old bodies without a code",
        Openai,
        429,
        r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"requests","param":null,"code":null}}"#,
        C::QuotaExhausted,
    ),
    (
        "Anthropic: next month",
        Anthropic,
        429,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"contract_spend_limit_reached"}}}"#,
        C::QuotaExhausted,
    ),
    (
        "Anthropic: growing too fast",
        Anthropic,
        429,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"ramp_limit_exceeded"}}}"#,
        C::RateLimited,
    ),
    (
        "OpenRouter: a budget that never fits",
        Openai,
        402,
        r#"{"error":{"code":402,"message":"x","metadata":{"error_type":"payment_required","limit_source":"weight_exceeds_budget"}}}"#,
        C::QuotaExhausted,
    ),
    (
        "Ollama's cloud: an hour",
        Openai,
        429,
        r#"{"error":{"message":"you've reached your hourly usage limit, please upgrade to continue","type":"api_error","param":null,"code":null}}"#,
        C::RateLimited,
    ),
    (
        "Ollama's cloud: a week",
        Openai,
        429,
        r#"{"error":{"message":"you've reached your weekly usage limit, please upgrade to continue","type":"api_error","param":null,"code":null}}"#,
        C::QuotaExhausted,
    ),
    (
        "FastChat: quota as a number",
        Openai,
        429,
        r#"{"object":"error","message":"quota","code":42902}"#,
        C::QuotaExhausted,
    ),
    (
        "FastChat: a rate as a number",
        Openai,
        429,
        r#"{"object":"error","message":"rate","code":42901}"#,
        C::RateLimited,
    ),
    // Credit, keys and accounts as bad requests.
    (
        "Anthropic: a limit one set oneself",
        Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01."}}"#,
        C::QuotaExhausted,
    ),
    (
        "Anthropic: an account on hold",
        Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"x","details":{"error_code":"organization_on_hold"}}}"#,
        C::Unauthorized,
    ),
    (
        "Anthropic: an account that is no more",
        Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"This organization has been disabled."}}"#,
        C::Unauthorized,
    ),
    (
        "DashScope: an overdue account",
        Openai,
        400,
        r#"{"error":{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing.","type":"Arrearage"}}"#,
        C::QuotaExhausted,
    ),
    (
        "Gemini: an expired key",
        Gemini,
        400,
        r#"{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}"#,
        C::Unauthorized,
    ),
    (
        "Gemini: the wrong country",
        Gemini,
        400,
        r#"{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}"#,
        C::Unauthorized,
    ),
    (
        "OpenAI: a bad key whose type says bad request",
        Openai,
        401,
        r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        C::Unauthorized,
    ),
    (
        "DeepSeek: a bad key whose code says bad request",
        Openai,
        401,
        r#"{"error":{"message":"Authentication Fails","type":"authentication_error","param":null,"code":"invalid_request_error"}}"#,
        C::Unauthorized,
    ),
    // Context, by every name.
    (
        "Mistral: as its own bad request",
        Openai,
        400,
        r#"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_error","param":null,"code":"3051"}"#,
        C::ContextExceeded,
    ),
    (
        "DeepSeek: code says bad request",
        Openai,
        400,
        r#"{"error":{"message":"This model's maximum context length is 65536 tokens. However, you requested 70000","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
        C::ContextExceeded,
    ),
    (
        "FastChat: a number",
        Openai,
        400,
        r#"{"object":"error","message":"x","code":40303}"#,
        C::ContextExceeded,
    ),
    (
        "OpenRouter: behind its provider's error",
        Openai,
        400,
        r#"{"error":{"code":400,"message":"Provider returned error","metadata":{"provider_name":"P","raw":"{\"error\":{\"message\":\"prompt is too long: 9 tokens > 8 maximum\",\"type\":\"invalid_request_error\"}}"}}}"#,
        C::ContextExceeded,
    ),
    (
        "OpenRouter: by its own type",
        Openai,
        400,
        r#"{"error":{"code":400,"message":"x","metadata":{"error_type":"context_length_exceeded"}}}"#,
        C::ContextExceeded,
    ),
    ("a gateway: in three words", Openai, 400, r#"{"error":"context too long"}"#, C::ContextExceeded),
    (
        "Bedrock: in its words",
        Openai,
        400,
        r#"{"message":"Input is too long for requested model."}"#,
        C::ContextExceeded,
    ),
    (
        "Cohere: in its words",
        Openai,
        400,
        r#"{"message":"too many tokens: total number of tokens in the prompt cannot exceed 4081"}"#,
        C::ContextExceeded,
    ),
    // Policy.
    (
        "Azure: only the inner error says so",
        Openai,
        400,
        r#"{"error":{"message":"blocked","type":null,"param":"prompt","code":null,"status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
        C::Refused,
    ),
    (
        "Azure: under its other name, with a curly apostrophe",
        Openai,
        400,
        "{\"error\":{\"message\":\"triggered Azure OpenAI’s filters\",\"code\":\"content_filter\",\"inner_error\":{\"code\":\"ContentFiltered\"}}}",
        C::Refused,
    ),
    (
        "OpenAI: a prompt that is flagged",
        Openai,
        400,
        r#"{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}"#,
        C::Refused,
    ),
    (
        "OpenAI: a prompt that is only wrong",
        Openai,
        400,
        r#"{"error":{"message":"Invalid prompt: no messages","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}"#,
        C::InvalidRequest,
    ),
    (
        "DeepSeek",
        Openai,
        400,
        r#"{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
        C::Refused,
    ),
    (
        "DashScope: the output",
        Openai,
        400,
        r#"{"error":{"code":"data_inspection_failed","param":null,"message":"<400> InternalError.Algo.DataInspectionFailed: Output data may contain inappropriate content.","type":"data_inspection_failed"},"id":"chatcmpl-1","request_id":"1"}"#,
        C::Refused,
    ),
    // Capacity.
    (
        "Mistral: capacity as a bad request's type",
        Openai,
        429,
        r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":null}"#,
        C::Overloaded,
    ),
    (
        "Ollama: a full queue",
        Openai,
        503,
        r#"{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","type":"api_error","param":null,"code":null}}"#,
        C::Overloaded,
    ),
    (
        "llama.cpp: still loading",
        Openai,
        503,
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
        C::Overloaded,
    ),
    // Models.
    (
        "Mistral: a number beside a type",
        Openai,
        400,
        r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}"#,
        C::NotFound,
    ),
    (
        "DeepSeek: as a bad request",
        Openai,
        400,
        r#"{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
        C::NotFound,
    ),
    // Shapes.
    (
        "FastAPI: a list in place of the words",
        Openai,
        422,
        r#"{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required","input":{}}]}"#,
        C::InvalidRequest,
    ),
];

#[test]
fn every_trap_is_seen_through_in_band_and_out() {
    for (who, dialect, status, body, class) in TRAPS.iter().copied() {
        let out = error(dialect, status, body);
        assert_eq!((out.class, out.status), (class, Some(status)), "{who}: {body}");
        // FastAPI's and Amazon's shapes are no error objects inside a 200.
        if !body.contains("\"error\"") {
            continue;
        }
        let plain = decode_reply(dialect, &parts(200, &[]), body.as_bytes(), 0).expect_err(who);
        assert_eq!(plain.class, class, "{who} inside a 200: {body}");
        for event in [format!("data: {body}\n\n"), format!("event: error\ndata: {body}\n\n")] {
            let streamed = stream(dialect, &event).1.expect_err(who);
            assert_eq!(streamed.class, class, "{who} in a stream: {body}");
        }
    }
}

#[test]
fn words_of_others_mean_nothing_beside_a_status_that_says_enough() {
    // A key's or a quota's words in a provider's error behind OpenRouter's are about somebody else's account.
    let raw = r#"{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"Your credit balance is too low\",\"code\":\"invalid_api_key\"}}"}}}"#;
    assert_eq!(error(Openai, 400, raw).class, C::InvalidRequest);
    // Raw text that is no JSON says nothing.
    let raw = r#"{"error":{"code":502,"message":"Provider returned error","metadata":{"raw":"prompt is too long"}}}"#;
    assert_eq!(error(Openai, 502, raw).class, C::ServerError);
    // llama.cpp's batch is the one cause that a 500 is asked for.
    let batch = r#"{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}"#;
    assert_eq!(error(Openai, 500, batch).class, C::ContextExceeded);
    let other = r#"{"error":{"code":500,"message":"prompt is too long, and the server broke","type":"server_error"}}"#;
    assert_eq!(error(Openai, 500, other).class, C::ServerError);
}

#[test]
fn an_error_in_band_that_is_only_a_reason_phrase_has_its_status() {
    for (message, class) in [
        ("Unauthorized", C::Unauthorized),
        ("Too Many Requests", C::RateLimited),
        ("Service Unavailable", C::Overloaded),
        ("Overloaded", C::Overloaded),
        ("Payment Required", C::QuotaExhausted),
        ("Not Found", C::NotFound),
        ("Bad Gateway", C::ServerError),
        ("Something else", C::ServerError),
    ] {
        for body in [
            format!("{{\"error\":\"{message}\"}}"),
            format!("{{\"error\":{{\"message\":\"{message}\",\"type\":null,\"code\":null}}}}"),
            format!("{{\"object\":\"error\",\"message\":\"{message}.\"}}"),
        ] {
            assert_eq!(
                decode_reply(Openai, &parts(200, &[]), body.as_bytes(), 0).unwrap_err().class,
                class,
                "{body}"
            );
        }
    }
}

#[test]
fn a_general_type_in_band_leaves_the_words_their_say() {
    let error = |message: &str| format!("{{\"error\":{{\"message\":\"{message}\",\"type\":\"api_error\"}}}}");
    for (message, class) in [
        ("server busy, please try again.  maximum pending requests exceeded", C::Overloaded),
        ("you've reached your hourly usage limit, please upgrade to continue", C::RateLimited),
        ("you've reached your weekly usage limit, please upgrade to continue", C::QuotaExhausted),
        ("the input length exceeds the context length", C::ContextExceeded),
        ("llama runner process has terminated", C::ServerError),
        // Reason phrases of the statuses with which it answers outside.
        ("unauthorized", C::Unauthorized),
        ("forbidden", C::Unauthorized),
        ("bad request", C::InvalidRequest),
        ("internal server error", C::ServerError),
    ] {
        let (_, end) = stream(Openai, &format!("data: {}\n\n", error(message)));
        assert_eq!(end.unwrap_err().class, class, "{message}");
    }
}

#[test]
fn fastapis_list_of_what_is_wrong_is_a_bad_request_in_band_too() {
    let list = r#"{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required","input":{}}]}"#;
    assert_eq!(
        decode_reply(Openai, &parts(200, &[]), list.as_bytes(), 0).unwrap_err().class,
        C::InvalidRequest
    );
    assert_eq!(stream(Openai, &format!("data: {list}\n\n")).1.unwrap_err().class, C::InvalidRequest);
    // A list of anything else may be anybody's; outside, the status goes first.
    let other = r#"{"detail":[{"type":"missing"}]}"#;
    assert_eq!(
        decode_reply(Openai, &parts(200, &[]), other.as_bytes(), 0).unwrap_err().class,
        C::ServerError
    );
    assert_eq!(error(Openai, 500, list).class, C::ServerError);
}

#[test]
fn an_error_status_is_a_failure_with_or_without_a_body() {
    for dialect in Dialect::ALL {
        for (status, class) in
            [(401, C::Unauthorized), (503, C::Overloaded), (500, C::ServerError), (529, C::Overloaded)]
        {
            for body in
                ["", " \n", "{}", "null", "[]", "\"oops\"", "{\"error\":null}", "<html>", "\u{0}\u{1}"]
            {
                assert_eq!(error(dialect, status, body).class, class, "{dialect:?} {status} {body:?}");
            }
        }
    }
}

#[test]
fn an_exception_in_amazons_binary_stream_has_its_class() {
    let frame = |name: &str| {
        let mut body = vec![0, 0, 0, 99, 0, 0, 0, 50, 1, 2, 3, 4];
        body.extend(b"\x0f:exception-type\x07");
        body.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
        body.extend(name.as_bytes());
        body.extend(b"\x0d:content-type\x07\x00\x10application/json{\"message\":\"x\"}\xff\xfe");
        body
    };
    let head = parts(200, &[("content-type", "application/vnd.amazon.eventstream")]);
    for (name, class) in [
        ("throttlingException", C::RateLimited),
        ("internalServerException", C::ServerError),
        ("serviceUnavailableException", C::Overloaded),
        ("modelTimeoutException", C::ServerError),
        ("validationException", C::InvalidRequest),
        ("somethingNew", C::ServerError),
    ] {
        assert_eq!(decode_reply(Anthropic, &head, &frame(name), 0).unwrap_err().class, class, "{name}");
    }
    assert_eq!(decode_reply(Anthropic, &head, b"\x00\x01", 0).unwrap_err().class, C::Protocol);
    let cut = &frame("throttlingException")[..35];
    assert_eq!(decode_reply(Anthropic, &head, cut, 0).unwrap_err().class, C::Protocol);
}

#[test]
fn an_answer_without_choices_is_empty_streamed_and_plain() {
    let plain =
        decode_reply(Openai, &parts(200, &[]), br#"{"id":"a","choices":[],"usage":{"prompt_tokens":5}}"#, 0);
    let plain = plain.unwrap();
    assert!(plain.is_silent() && plain.finish.is_none());
    assert_eq!(plain.usage.unwrap().input, Some(5), "what it cost is known all the same");
    let (deltas, end) = stream(
        Openai,
        "data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":5}}\n\ndata: [DONE]\n\n",
    );
    assert_eq!(end, Ok(()));
    assert!(!deltas.iter().any(Delta::is_output) && deltas.last() == Some(&Delta::End));
    // Without its terminator, or once a choice has begun, it is cut.
    for body in [
        "data: {\"id\":\"a\",\"choices\":[]}\n\n",
        "data: [DONE]\n\n",
        "data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\ndata: [DONE]\n\n",
    ] {
        assert_eq!(stream(Openai, body).1.unwrap_err().class, C::Truncated, "{body}");
    }
}

#[test]
fn finish_reasons_that_mean_failure_do_so_in_every_dialect() {
    for (reason, class) in [
        ("error", C::ServerError),
        ("ERROR", C::ServerError),
        ("network_error", C::ServerError),
        ("TIMEOUT", C::ServerError),
        ("abort", C::ServerError),
        ("insufficient_system_resource", C::Overloaded),
    ] {
        let openai =
            format!("{{\"choices\":[{{\"message\":{{\"content\":\"x\"}},\"finish_reason\":\"{reason}\"}}]}}");
        let anthropic =
            format!("{{\"content\":[{{\"type\":\"text\",\"text\":\"x\"}}],\"stop_reason\":\"{reason}\"}}");
        let delta = format!("{{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{reason}\"}}}}");
        let gemini = format!("{{\"candidates\":[{{\"finishReason\":\"{reason}\"}}]}}");
        for (dialect, plain, event) in
            [(Openai, &openai, &openai), (Anthropic, &anthropic, &delta), (Gemini, &gemini, &gemini)]
        {
            let whole = decode_reply(dialect, &parts(200, &[]), plain.as_bytes(), 0).unwrap_err();
            assert_eq!(whole.class, class, "{dialect:?} {reason}");
            let streamed = stream(dialect, &format!("data: {event}\n\n")).1.unwrap_err();
            assert_eq!(streamed.class, class, "{dialect:?} {reason}");
        }
    }
}

#[test]
fn a_pages_remains_behind_a_finished_gemini_stream_mean_nothing() {
    let body =
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    assert_eq!(stream(Gemini, &format!("{body}</html>")).1, Ok(()));
    assert_eq!(stream(Gemini, &format!("{body}{{\"error\": {{")).1.unwrap_err().class, C::Truncated);
    assert_eq!(stream(Gemini, "data: {\"candidates\":[]}\n\n<html>").1.unwrap_err().class, C::Truncated);
}

#[test]
fn the_wait_may_stand_in_the_limits_own_headers() {
    let body = r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#;
    let spent = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "20s"),
        ("x-ratelimit-remaining-tokens", "100"),
        ("x-ratelimit-reset-tokens", "50s"),
    ];
    for (status, headers, body, expect) in [
        (429, &spent[..], body, Some(20)),
        (429, &[("x-ratelimit-reset", "7")][..], body, Some(7)),
        // Plenty is left: it is not these limits that were hit.
        (429, &[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "7")][..], body, None),
        // What is asked for explicitly counts.
        (
            429,
            &[("retry-after", "3"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "7")][..],
            body,
            Some(3),
        ),
        (429, &spent[..], r#"{"error":{"message":"Please try again in 5s"}}"#, Some(5)),
        (429, &spent[..], r#"{"error":{"type":"insufficient_quota"}}"#, None),
        (500, &spent[..], body, None),
    ] {
        let failure = decode_error(Openai, &parts(status, headers), body.as_bytes(), 0);
        assert_eq!(failure.retry_after, expect.map(Duration::from_secs), "{status} {headers:?} {body}");
    }
}

#[test]
fn what_only_this_model_cannot_do_is_told_from_a_bad_request() {
    let bad = |message: &str, code: &str| {
        format!(
            "{{\"error\":{{\"message\":\"{message}\",\"type\":\"invalid_request_error\",\"code\":{code}}}}}"
        )
    };
    for (message, code, lacks) in [
        ("registry.ollama.ai/library/gemma does not support tools", "null", true),
        (
            "Unsupported parameter: 'temperature' is not supported with this model.",
            "\"unsupported_parameter\"",
            true,
        ),
        ("Unsupported value", "\"unsupported_value\"", true),
        (
            "This model does not support assistant message prefill. The conversation must end with a user message.",
            "null",
            true,
        ),
        ("Image input is not enabled for this model", "null", true),
        ("messages: at least one message is required", "null", false),
        ("Invalid value for 'role'", "\"invalid_value\"", false),
    ] {
        let failure = error(Openai, 400, &bad(message, code));
        assert_eq!(failure.class, C::InvalidRequest, "{message}");
        assert_eq!(lacks_ability(&failure), lacks, "{message}");
    }
    assert!(!lacks_ability(&Failure::new(C::ServerError, "this model does not support tools")));
}
