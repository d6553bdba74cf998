//! Every error of every vendor, as the router understands it: before a stream and inside one, in simulated runs.

use std::path::Path;
use std::sync::Arc;

use brownout::chat::FailureClass;
use brownout::history::{AttemptResult, Mode, Record};
use brownout::run;
use brownout::scenario;

/// Those whose wire format the client has to tell from OpenAI's, and the three it has always known.
const DIALECTS: [&str; 10] = [
    "openai",
    "anthropic",
    "gemini",
    "mistral",
    "deepseek",
    "qwen",
    "openrouter",
    "ollama",
    "llama_cpp",
    "vllm",
];

/// A fault's word, the error's name, and what the router has to make of it.
const ERRORS: [(&str, &str, FailureClass); 12] = [
    ("rate_limit", "rate_limited", FailureClass::RateLimited),
    ("quota_exhausted", "quota_exhausted", FailureClass::QuotaExhausted),
    ("overloaded", "overloaded", FailureClass::Overloaded),
    ("server_error", "server_error", FailureClass::ServerError),
    ("bad_gateway", "bad_gateway", FailureClass::ServerError),
    ("gateway_timeout", "timeout", FailureClass::ServerError),
    ("unauthorized", "unauthorized", FailureClass::Unauthorized),
    ("forbidden", "forbidden", FailureClass::Unauthorized),
    ("not_found", "not_found", FailureClass::NotFound),
    ("content_filter", "content_filter", FailureClass::Refused),
    ("context_exceeded", "context_exceeded", FailureClass::ContextExceeded),
    ("invalid_request", "invalid_request", FailureClass::InvalidRequest),
];

/// What the router makes of one call of a provider of this dialect under this fault.
fn class(dialect: &str, inject: &str, stream: bool) -> Option<FailureClass> {
    let file = format!(
        "
providers:
  one: {{ dialect: {dialect}, latency: {{ first_token: 20ms, per_token: 1ms, error: 5ms }} }}
router:
  models:
    one: {{ provider: one, breaker: off }}
  routes:
    chat: {{ chain: [one], deadline: 10s, refusal: next }}
requests:
  - send: {{ route: chat, prompt: 'hello [words=4]', stream: {stream} }}
faults:
  - {{ on: one, inject: {inject} }}
"
    );
    let scenario =
        scenario::parse(&file, Path::new("one.yaml")).unwrap_or_else(|problems| panic!("{problems}"));
    let mut class = None;
    run::run(&scenario, Mode::Simulated, &Arc::default(), &mut |record: &Record| {
        let attempt = record.trail.iter().flat_map(|trail| &trail.attempts).next();
        class = attempt.and_then(|attempt| match &attempt.result {
            AttemptResult::Failed(failure) => Some(failure.class),
            AttemptResult::Served | AttemptResult::Cancelled | AttemptResult::Lost => None,
        });
        Ok(())
    })
    .expect("it runs");
    class
}

/// Servers of one's own inspect nothing: told to say so, they speak of a bad request.
fn inspected(dialect: &str, class: FailureClass) -> FailureClass {
    if matches!(dialect, "ollama" | "llama_cpp" | "vllm") { FailureClass::InvalidRequest } else { class }
}

#[test]
fn every_error_answer_of_every_vendor_has_its_class() {
    for (dialect, (word, _, expected)) in DIALECTS.iter().flat_map(|d| ERRORS.map(|error| (d, error))) {
        let got = class(dialect, word, false);
        let expected = if word == "content_filter" { inspected(dialect, expected) } else { expected };
        assert_eq!(got, Some(expected), "{dialect} {word}");
    }
}

#[test]
fn every_error_in_a_stream_of_every_vendor_has_the_class_of_its_answer() {
    for (dialect, (_, error, expected)) in DIALECTS.iter().flat_map(|d| ERRORS.map(|error| (d, error))) {
        let got = class(dialect, &format!("{{ stream_error: {{ error: {error} }} }}"), true);
        let expected = match (*dialect, error) {
            // Its compatible layer swallows what went wrong: the stream just stops.
            ("ollama", _) => FailureClass::Truncated,
            // In a stream it does not say whose quota it is; a rate is the usual one.
            ("gemini", "quota_exhausted") => FailureClass::RateLimited,
            // Its filter has no form in a stream that began.
            ("gemini", "content_filter") => FailureClass::InvalidRequest,
            (_, "content_filter") => inspected(dialect, expected),
            _ => expected,
        };
        assert_eq!(got, Some(expected), "{dialect} {error}");
    }
}

#[test]
fn failures_inside_a_success_are_failures_at_every_vendor() {
    let chats = DIALECTS.iter().filter(|dialect| !matches!(**dialect, "anthropic" | "gemini"));
    for (dialect, form) in chats.flat_map(|d| ["body", "chunk", "bare_chunk"].map(|form| (d, form))) {
        for stream in [false, true] {
            let inject = format!("{{ error_in_200: {{ form: {form}, error: overloaded }} }}");
            let got = class(dialect, &inject, stream);
            assert_eq!(got, Some(FailureClass::Overloaded), "{dialect} {form} stream: {stream}");
        }
    }
}

#[test]
fn limits_that_heal_are_told_from_those_that_do_not() {
    for (dialect, inject, expected) in [
        ("qwen", "{ status: { code: 429, error: tokens_limited } }", FailureClass::RateLimited),
        ("qwen", "quota_exhausted", FailureClass::QuotaExhausted),
        ("openrouter", "{ status: { code: 402, error: budget_in_flight } }", FailureClass::RateLimited),
        ("openrouter", "quota_exhausted", FailureClass::QuotaExhausted),
        ("deepseek", "quota_exhausted", FailureClass::QuotaExhausted),
    ] {
        assert_eq!(class(dialect, inject, false), Some(expected), "{dialect} {inject}");
    }
}
