//! What the router makes of answers that are broken below their JSON: bodies, framing, compression, content types.
//! In simulated runs, plain and streamed.

use std::path::Path;
use std::sync::Arc;

use brownout::chat::FailureClass;
use brownout::history::{AttemptResult, Mode, Record};
use brownout::run;
use brownout::scenario;

/// What the router makes of one call of a provider of this dialect under this fault; none if it serves.
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
  - send: {{ route: chat, prompt: 'hello [words=40]', stream: {stream} }}
faults:
  - {{ on: one, inject: {inject} }}
"
    );
    let scenario =
        scenario::parse(&file, Path::new("one.yaml")).unwrap_or_else(|problems| panic!("{problems}"));
    let mut seen = None;
    run::run(&scenario, Mode::Simulated, &Arc::default(), &mut |record: &Record| {
        seen = record.trail.iter().flat_map(|trail| &trail.attempts).next().map(|attempt| {
            match &attempt.result {
                AttemptResult::Failed(failure) => Some(failure.class),
                AttemptResult::Served => None,
                other => panic!("{other:?}"),
            }
        });
        Ok(())
    })
    .expect("it runs");
    seen.expect("an attempt")
}

/// A fault, and what a plain call and a stream make of it; none is an answer.
const BROKEN: [(&str, Option<FailureClass>, Option<FailureClass>); 18] = {
    use FailureClass::{Protocol, ServerError, Truncated, Unauthorized, Unreachable};
    [
        // Compressed without being asked: read, and refused when broken.
        ("gzip", None, None),
        ("gzip_corrupt", Some(Protocol), Some(Protocol)),
        // Broken framing is no cut; a cut is.
        ("{ bad_chunk_framing: size }", Some(Protocol), Some(Protocol)),
        ("{ bad_chunk_framing: no_line_break }", Some(Protocol), Some(Protocol)),
        ("{ half_close: { after: 12 } }", Some(Truncated), Some(Truncated)),
        ("{ fin_without_terminator: { after: 12 } }", Some(Truncated), Some(Truncated)),
        // What is no HTTP, and what never was an answer.
        ("garbage", Some(Protocol), Some(Protocol)),
        ("http_version", Some(Protocol), Some(Protocol)),
        ("{ huge_headers: { size: 8000, count: 100 } }", Some(Protocol), Some(Protocol)),
        ("reset", Some(Unreachable), Some(Unreachable)),
        ("accept_then_close", Some(Unreachable), Some(Unreachable)),
        // Pages of proxies have the class of their status; a page with status 200 is no answer.
        ("{ html_error: { code: 502, page: nginx } }", Some(ServerError), Some(ServerError)),
        ("{ html_error: { code: 403, page: cloudflare } }", Some(Unauthorized), Some(Unauthorized)),
        ("{ malformed: html }", Some(Protocol), Some(Protocol)),
        ("{ malformed: truncated_json }", Some(Truncated), Some(Protocol)),
        ("{ malformed: nothing }", Some(Protocol), Some(Truncated)),
        ("{ redirect: { code: 307, to: 'https://example.com/' } }", Some(Protocol), Some(Protocol)),
        // JSON may be called text; a stream may not.
        ("{ wrong_content_type: text/plain }", None, Some(Protocol)),
    ]
};

#[test]
fn broken_answers_are_told_apart_by_how_they_are_broken() {
    for dialect in ["openai", "anthropic", "gemini"] {
        for (inject, plain, stream) in BROKEN {
            assert_eq!(class(dialect, inject, false), plain, "{dialect} {inject} plain");
            assert_eq!(class(dialect, inject, true), stream, "{dialect} {inject} stream");
        }
    }
}
