//! A provider on an in-memory wire, and a caller that speaks raw bytes and sees resets.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use mock_providers::clock::{Clock, Moment};
use mock_providers::dialect::Dialect;
use mock_providers::dice::Dice;
use mock_providers::fault::{Fault, Rule, Trigger, Window};
use mock_providers::latency::{Dist, Latency};
use mock_providers::ledger::Call;
use mock_providers::provider::{Admission, Provider, Settings, Spec};
use mock_providers::serve::{Wire, serve_connection, serve_tls_connection};
use mock_providers::tls::Tls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::task::JoinHandle;

pub(crate) const DIALECTS: [Dialect; 3] = [Dialect::Openai, Dialect::Anthropic, Dialect::Gemini];
/// 2026-05-21T13:58:00Z.
pub(crate) const WALL_US: i64 = 1_779_371_880_000_000;

/// First token after 100 ms, then one every 10 ms; errors after 20 ms.
pub(crate) fn latency() -> Latency {
    Latency {
        first_token: Dist::Constant(100_000.0),
        per_token: Dist::Constant(10_000.0),
        per_1k_prompt: Duration::ZERO,
        error: Dist::Constant(20_000.0),
    }
}

/// A healthy provider, two words a chunk.
pub(crate) fn spec(dialect: Dialect) -> Spec {
    let mut spec = Spec::new("p", dialect);
    spec.latency = latency();
    spec.chunk = Some(Dist::Constant(2.0));
    spec
}

pub(crate) fn rule(fault: Fault, trigger: Trigger) -> Rule {
    Rule { name: fault.name().to_owned(), trigger, fault }
}

pub(crate) fn faulty(dialect: Dialect, fault: Fault) -> Spec {
    let mut spec = spec(dialect);
    spec.faults.push(rule(fault, Trigger::default()));
    spec
}

/// A window in milliseconds.
pub(crate) fn during(from: u64, to: u64) -> Trigger {
    let window = Window { from: Moment::from_us(from * 1_000), to: Moment::from_us(to * 1_000) };
    Trigger { during: vec![window], ..Trigger::default() }
}

pub(crate) struct Bench {
    pub(crate) provider: Arc<Provider>,
    pub(crate) clock: Clock,
    pub(crate) calls: Arc<Mutex<Vec<Call>>>,
}

impl Bench {
    pub(crate) fn new(spec: Spec) -> Self {
        Bench::with(spec, Settings::default())
    }

    pub(crate) fn with(spec: Spec, settings: Settings) -> Self {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let clock = Clock::start(WALL_US);
        let ledger = calls.clone();
        let sink = move |call: Call| ledger.lock().unwrap().push(call);
        let provider = Provider::with(spec, Dice::new(7), clock, Arc::new(sink), settings);
        Bench { provider, clock, calls }
    }

    pub(crate) fn connect(&self) -> Caller {
        self.open(None)
    }

    /// A connection on which the provider speaks TLS.
    pub(crate) fn connect_tls(&self, tls: Arc<Tls>) -> Caller {
        self.open(Some(tls))
    }

    fn open(&self, tls: Option<Arc<Tls>>) -> Caller {
        let Admission::Accept(number) = self.provider.admit_connection() else { panic!("not admitted") };
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let reset = Arc::new(AtomicBool::new(false));
        let wire = MemoryWire { stream: theirs, reset: reset.clone() };
        let provider = self.provider.clone();
        let serving = match tls {
            Some(tls) => tokio::spawn(serve_tls_connection(provider, tls, wire, number)),
            None => tokio::spawn(serve_connection(provider, wire, number)),
        };
        Caller { wire: ours, reset, serving, clock: self.clock }
    }

    /// One exchange on a connection of its own.
    pub(crate) async fn exchange(&self, request: &str) -> Heard {
        let mut caller = self.connect();
        caller.send(request).await;
        caller.listen().await
    }

    /// The only call so far.
    pub(crate) fn call(&self) -> Call {
        let calls = self.calls.lock().unwrap();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls[0].clone()
    }

    pub(crate) async fn at_ms(&self, ms: u64) {
        self.clock.sleep_until(Moment::from_us(ms * 1_000)).await;
    }
}

struct MemoryWire {
    stream: DuplexStream,
    reset: Arc<AtomicBool>,
}

impl Wire for MemoryWire {
    fn reset(&mut self) {
        self.reset.store(true, Ordering::SeqCst);
    }
}

impl AsyncRead for MemoryWire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for MemoryWire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

pub(crate) struct Caller {
    pub(crate) wire: DuplexStream,
    pub(crate) reset: Arc<AtomicBool>,
    pub(crate) serving: JoinHandle<()>,
    clock: Clock,
}

/// How a caller left off listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing came for an hour; the connection is open.
    Silence,
    Fin,
    Reset,
}

/// What a caller heard, and when (ms).
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) pieces: Vec<(u64, String)>,
    pub(crate) end: End,
    pub(crate) ended_ms: u64,
}

impl Caller {
    pub(crate) async fn send(&mut self, request: &str) {
        self.wire.write_all(request.as_bytes()).await.unwrap();
    }

    /// Listens until the connection ends or nothing comes for ten seconds.
    pub(crate) async fn listen(&mut self) -> Heard {
        let mut heard = Heard { pieces: Vec::new(), end: End::Silence, ended_ms: 0 };
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read) = tokio::time::timeout(Duration::from_secs(10), self.wire.read(&mut buffer)).await
        {
            heard.ended_ms = self.clock.now().as_us() / 1_000;
            let length = read.unwrap_or(0);
            if length == 0 {
                let reset = self.reset.load(Ordering::SeqCst);
                heard.end = if reset { End::Reset } else { End::Fin };
                break;
            }
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            heard.pieces.push((heard.ended_ms, text));
        }
        heard
    }
}

impl Heard {
    pub(crate) fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    pub(crate) fn status(&self) -> u16 {
        self.text().split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next().unwrap();
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }

    /// The body as sent.
    pub(crate) fn raw_body(&self) -> String {
        self.text().split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// The body without chunk framing, and whether its terminator came.
    pub(crate) fn dechunked(&self) -> (String, bool) {
        let raw = self.raw_body();
        let (mut rest, mut body) = (raw.as_str(), String::new());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            if size == 0 {
                return (body, true);
            }
            body.push_str(&after[..size]);
            rest = &after[size + 2..];
        }
        (body, false)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.raw_body()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: p\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

/// Where a dialect that imitates OpenAI has its chat completions.
pub(crate) fn chat_path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Azure => "/openai/v1/chat/completions",
        Dialect::Deepseek => "/chat/completions",
        Dialect::Qwen => "/compatible-mode/v1/chat/completions",
        Dialect::Openrouter => "/api/v1/chat/completions",
        _ => "/v1/chat/completions",
    }
}

/// A call with this prompt in the dialect's form; `extra` is added to the body's fields (`,"x":1`).
pub(crate) fn ask_with(dialect: Dialect, stream: bool, prompt: &str, extra: &str) -> String {
    match dialect {
        Dialect::Anthropic => post(
            "/v1/messages",
            "anthropic-version: 2023-06-01\r\nx-api-key: k\r\nx-request-id: r1\r\n",
            &format!(
                "{{\"model\":\"m\",\"max_tokens\":100,\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\
                 \"content\":\"{prompt}\"}}]{extra}}}"
            ),
        ),
        Dialect::Gemini => post(
            if stream {
                "/v1beta/models/m:streamGenerateContent?alt=sse"
            } else {
                "/v1beta/models/m:generateContent"
            },
            "x-goog-api-key: k\r\nx-request-id: r1\r\n",
            &format!("{{\"contents\":[{{\"role\":\"user\",\"parts\":[{{\"text\":\"{prompt}\"}}]}}]{extra}}}"),
        ),
        _ => post(
            chat_path(dialect),
            "authorization: Bearer k\r\nx-request-id: r1\r\n",
            &format!(
                "{{\"model\":\"m\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}]\
                 {extra}}}"
            ),
        ),
    }
}

/// A call for `words` words.
pub(crate) fn ask(dialect: Dialect, stream: bool, words: u32) -> String {
    ask_with(dialect, stream, &format!("hello [words={words}]"), "")
}

/// All canonical text in a plain or streamed body of any dialect.
pub(crate) fn words_of(body: &str) -> String {
    let mut out = String::new();
    let events: Vec<&str> =
        if body.contains("data: ") { body.split("data: ").skip(1).collect() } else { vec![body] };
    for event in events {
        let mut values = serde_json::Deserializer::from_str(event).into_iter::<serde_json::Value>();
        if let Some(Ok(value)) = values.next() {
            collect(&value, &mut out);
        }
    }
    out
}

fn collect(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str() {
                    Some(text) if matches!(&**name, "text" | "content") => out.push_str(text),
                    _ => collect(field, out),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
        _ => {}
    }
}
