//! One call under a fault, and what can be said of it.

use mock_providers::dialect::Dialect;
use mock_providers::fault::Fault;
use mock_providers::latency::Dist;
use mock_providers::reply::{Scan, Transcript};
use serde_json::Value;

use crate::bench::{Bench, Heard, ask_with, faulty, words_of};

pub(crate) use Dialect::{Anthropic, Gemini, Openai};

pub(crate) const fn count(value: u32) -> Dist {
    Dist::Constant(value as f64)
}

pub(crate) const fn ms(value: u32) -> Dist {
    Dist::Constant(value as f64 * 1e3)
}

/// A call for ten words, two a chunk: chunks are due at 110, 130, 150, 170 and 190 ms, headers at 50 ms.
pub(crate) async fn call(fault: Fault, dialect: Dialect, stream: bool, extra: &str) -> (Bench, Heard) {
    let bench = Bench::new(faulty(dialect, fault));
    let heard = bench.exchange(&ask_with(dialect, stream, "hello [words=10]", extra)).await;
    (bench, heard)
}

/// A stream under a fault that fires; its body, which HTTP ended well.
pub(crate) async fn streamed(fault: Fault, dialect: Dialect) -> (Bench, String) {
    let (bench, heard) = call(fault, dialect, true, "").await;
    fired(&bench, 1);
    let (body, whole) = heard.dechunked();
    assert!(whole, "{body}");
    (bench, body)
}

/// The same call of a healthy provider.
pub(crate) async fn healthy(dialect: Dialect) -> String {
    let bench = Bench::new(crate::bench::spec(dialect));
    bench.exchange(&ask_with(dialect, true, "hello [words=10]", "")).await.dechunked().0
}

/// A plain call under a fault that fires; its JSON.
pub(crate) async fn plain(fault: Fault, dialect: Dialect, extra: &str) -> (Bench, Value) {
    let (bench, heard) = call(fault, dialect, false, extra).await;
    fired(&bench, 1);
    (bench, heard.json())
}

#[track_caller]
pub(crate) fn fired(bench: &Bench, times: u64) {
    let fired: u64 = bench.provider.fired().iter().map(|(_, times)| times).sum();
    assert_eq!(fired, times);
}

/// The fault has no form in such a call: nothing changes, and it does not count as fired.
pub(crate) async fn unknown(fault: Fault, dialect: Dialect, stream: bool) {
    let (bench, heard) = call(fault, dialect, stream, "").await;
    fired(&bench, 0);
    assert_eq!(heard.status(), 200);
    assert!(bench.call().faults.is_empty() && !bench.call().distorted);
}

/// Events of a body, as they stand between blank lines.
pub(crate) fn events(body: &str) -> Vec<&str> {
    let gap = if body.contains("\r\n\r\n") { "\r\n\r\n" } else { "\n\n" };
    body.split_terminator(gap).collect()
}

/// The words of each event that has any, by number: `[[0, 1], [2, 3]]`.
pub(crate) fn words(body: &str) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    for event in events(body) {
        let seen = read(&words_of(event));
        out.extend(seen.segments.iter().map(|segment| (segment.from, segment.to)));
    }
    out
}

pub(crate) fn read(text: &str) -> Transcript {
    let mut scan = Scan::default();
    scan.push(text);
    scan.finish()
}

/// Whether an event says why the answer ended.
pub(crate) fn finishes(event: &str) -> bool {
    ["finish_reason", "stop_reason", "finishReason"]
        .iter()
        .any(|field| event.contains(&format!("\"{field}\":\"")))
}

/// Forces a call of the tool `look`, in the dialect's form.
pub(crate) const fn tool(dialect: Dialect) -> &'static str {
    match dialect {
        Anthropic => {
            ",\"tools\":[{\"name\":\"look\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"look\"}"
        }
        Gemini => {
            ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"look\"}]}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"}}"
        }
        _ => {
            ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\"}}],\"tool_choice\":\"required\""
        }
    }
}

/// Asks for JSON, in the dialect's form.
pub(crate) const fn json_mode(dialect: Dialect) -> &'static str {
    match dialect {
        Anthropic => {
            ",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}}"
        }
        Gemini => ",\"generationConfig\":{\"responseMimeType\":\"application/json\"}",
        _ => {
            ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"out\",\"schema\":{\"type\":\"object\"}}}"
        }
    }
}
