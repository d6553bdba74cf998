//! Every error of every vendor, as the router understands it: before a stream and inside one, in simulated runs.

use std::io;
use std::path::Path;
use std::sync::Arc;

use brownout::chat::FailureClass;
use brownout::history::{AttemptResult, HealthChange, Mode, Record};
use brownout::judge::Judge;
use brownout::run::{self, Consumer};
use brownout::scenario;

/// Those whose wire format the client has to tell from OpenAI's, and the three it has always known.
const DIALECTS: [&str; 11] = [
    "openai",
    "azure",
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
const ERRORS: [(&str, &str, FailureClass); 14] = [
    ("{ status: { code: 429, error: tokens_limited } }", "tokens_limited", FailureClass::RateLimited),
    ("{ status: { code: 429, error: budget_in_flight } }", "budget_in_flight", FailureClass::RateLimited),
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

/// What became of one call.
struct Seen {
    /// What the router took it for.
    class: Option<FailureClass>,
    /// What the provider's ledger says it meant.
    meant: Option<String>,
    judge: Judge,
}

impl Consumer for Seen {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let attempt = record.trail.iter().flat_map(|trail| &trail.attempts).next();
        self.class = attempt.and_then(|attempt| match &attempt.result {
            AttemptResult::Failed(failure) => Some(failure.class),
            AttemptResult::Served | AttemptResult::Cancelled | AttemptResult::Lost => None,
        });
        let kind = record.calls.first().and_then(|call| call.failure);
        self.meant =
            kind.map(|kind| serde_json::to_value(kind).expect("a name").as_str().expect("a word").to_owned());
        Consumer::record(&mut self.judge, record)
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        Consumer::health(&mut self.judge, change)
    }
}

/// One call of a provider of this dialect under this fault; no promise may be broken.
fn play(dialect: &str, inject: &str, stream: bool) -> Seen {
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
    let judge = Judge::new(run::header(&scenario, Mode::Simulated));
    let mut seen = Seen { class: None, meant: None, judge };
    let footer = run::run(&scenario, Mode::Simulated, &Arc::default(), &mut seen).expect("it runs");
    let judge = std::mem::replace(&mut seen.judge, Judge::new(run::header(&scenario, Mode::Simulated)));
    let promises = judge.finish(footer).promises;
    let broken: Vec<_> = promises.iter().filter(|promise| promise.violations > 0).collect();
    assert!(broken.is_empty(), "{dialect} {inject} stream: {stream}: {broken:#?}");
    seen
}

fn class(dialect: &str, inject: &str, stream: bool) -> Option<FailureClass> {
    play(dialect, inject, stream).class
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

/// What the router has to make of an error inside a success: what it makes of the vendor's answer with a status, where
/// the vendor's form of it says as much.
fn inside(dialect: &str, error: &str, expected: FailureClass, event: bool) -> FailureClass {
    match (dialect, error) {
        // Its filter has no form in a stream that began.
        ("gemini", "content_filter") if event => FailureClass::InvalidRequest,
        (_, "content_filter") => inspected(dialect, expected),
        _ => expected,
    }
}

// I04, for every vendor, every error, every form in which it can stand inside a success, plain and streamed: the ledger
// says what was meant, the router reads it, and the judge agrees with both.
#[test]
fn every_error_inside_a_success_is_told_and_read_as_its_answer_is() {
    for (dialect, (_, error, expected)) in DIALECTS.iter().flat_map(|d| ERRORS.map(|error| (*d, error))) {
        let told = |form: &str| format!("{{ error_in_200: {{ form: {form}, error: {error} }} }}");
        let forms = [
            told("body"),
            told("chunk"),
            told("bare_chunk"),
            format!("{{ stream_error: {{ error: {error} }} }}"),
        ];
        for (nth, inject) in forms.iter().enumerate() {
            for stream in [false, true] {
                // Ollama's compatible layer swallows what went wrong in a stream: it just stops.
                let swallowed = dialect == "ollama" && stream && nth == 3;
                let seen = play(dialect, inject, stream);
                let class = inside(dialect, error, expected, stream && nth > 0);
                let class = if swallowed { FailureClass::Truncated } else { class };
                assert_eq!(seen.class, Some(class), "{dialect} {inject} stream: {stream}");
                let meant = (!swallowed).then_some(error);
                assert_eq!(seen.meant.as_deref(), meant, "{dialect} {inject} stream: {stream}");
            }
        }
    }
}

#[test]
fn a_finish_reason_tells_that_something_failed_and_not_what() {
    for dialect in DIALECTS.iter().filter(|dialect| !matches!(**dialect, "anthropic" | "gemini")) {
        for stream in [false, true] {
            let seen = play(dialect, "{ error_in_200: { form: finish_reason, error: forbidden } }", stream);
            let told = (seen.class, seen.meant.as_deref());
            assert_eq!(told, (Some(FailureClass::ServerError), Some("server_error")), "{dialect}");
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
