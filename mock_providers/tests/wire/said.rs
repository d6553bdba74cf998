//! Requests with a given body in each vendor's form, and answers as JSON.

use mock_providers::dialect::Dialect;
use mock_providers::ledger::Call;
use mock_providers::reply::{Scan, Transcript};
use serde_json::Value;

use crate::bench::{Bench, Heard, post, spec};

/// What a healthy provider answers, and what its ledger says of it.
pub(crate) struct Said {
    pub(crate) heard: Heard,
    pub(crate) calls: Vec<Call>,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        self.heard.json()
    }

    /// The body of a stream that ended as it should.
    #[track_caller]
    pub(crate) fn stream(&self) -> String {
        assert_eq!(self.heard.status(), 200, "{}", self.heard.text());
        let (body, whole) = self.heard.dechunked();
        assert!(whole, "{body}");
        body
    }

    /// Tokens billed: prompt, reply.
    #[track_caller]
    pub(crate) fn billed(&self) -> (u64, u64) {
        let [call] = &self.calls[..] else { panic!("{:?}", self.calls) };
        (call.billed_input, call.billed_output)
    }
}

pub(crate) async fn said(dialect: Dialect, request: &str) -> Said {
    let bench = Bench::new(spec(dialect));
    let heard = bench.exchange(request).await;
    let calls = bench.calls.lock().unwrap().clone();
    Said { heard, calls }
}

pub(crate) fn openai(path: &str, body: &Value) -> String {
    post(path, "authorization: Bearer k\r\nx-request-id: r1\r\n", &body.to_string())
}

pub(crate) fn anthropic(version: &str, body: &Value) -> String {
    let headers = format!("anthropic-version: {version}\r\nx-api-key: k\r\nx-request-id: r1\r\n");
    post("/v1/messages", &headers, &body.to_string())
}

pub(crate) fn gemini(action: &str, body: &Value) -> String {
    post(
        &format!("/v1beta/models/gemini-2.5-flash:{action}"),
        "x-goog-api-key: k\r\nx-request-id: r1\r\n",
        &body.to_string(),
    )
}

/// One object with the fields of both.
pub(crate) fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Every event of a stream that has JSON: its name, when it has one, and its data.
pub(crate) fn events(body: &str) -> Vec<(Option<String>, Value)> {
    let body = body.replace("\r\n", "\n");
    let events = body.split_terminator("\n\n").filter_map(|event| {
        let line = |field: &str| event.lines().find_map(|line| line.strip_prefix(field));
        let data = serde_json::from_str(line("data: ")?).ok()?;
        Some((line("event: ").map(str::to_owned), data))
    });
    events.collect()
}

/// The data of the events.
pub(crate) fn data(body: &str) -> Vec<Value> {
    events(body).into_iter().map(|(_, data)| data).collect()
}

/// What of a text is canonical.
pub(crate) fn transcript(text: &str) -> Transcript {
    let mut scan = Scan::default();
    scan.push(text);
    scan.finish()
}

/// Whether the text has the words from the first to the last of `words`, each once and in order.
#[track_caller]
pub(crate) fn is_canonical(text: &str, words: u32) {
    let seen = transcript(text);
    let segments: Vec<(u32, u32)> = seen.segments.iter().map(|part| (part.from, part.to)).collect();
    assert_eq!(segments, [(0, words)], "{text}");
}

/// The keys of an object, in order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}
