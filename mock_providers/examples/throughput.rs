//! What a provider costs in wall-clock time: `cargo run --release -p mock_providers --example throughput`.
//!
//! Callers and provider share one core, a paused clock and in-memory wires, as in a simulated run; there is no
//! router between them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use mock_providers::clock::Clock;
use mock_providers::dialect::Dialect;
use mock_providers::dice::Dice;
use mock_providers::ledger::Call;
use mock_providers::provider::{Admission, Provider, Spec};
use mock_providers::reply::{Scan, Tag, push_word};
use mock_providers::serve::{Wire, serve_connection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

/// Connections at once.
const CALLERS: u64 = 500;

fn main() {
    words();
    for dialect in [Dialect::Openai, Dialect::Anthropic, Dialect::Gemini] {
        calls(dialect, false, 100_000);
        calls(dialect, true, 10_000);
    }
}

#[expect(clippy::disallowed_types, reason = "measures real time")]
fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = std::time::Instant::now();
    let value = work();
    (start.elapsed().as_secs_f64(), value)
}

fn words() {
    const WORDS: u32 = 4_000_000;
    let tag = Tag(7);
    let mut text = String::new();
    let (writing, ()) = seconds(|| (0..WORDS).for_each(|index| push_word(tag, index, &mut text)));
    let (scanning, whole) = seconds(|| {
        let mut scan = Scan::default();
        text.as_bytes().chunks(1_000).for_each(|piece| scan.push(std::str::from_utf8(piece).unwrap_or("")));
        scan.finish().is_whole(tag, WORDS)
    });
    println!("4 M words: written in {writing:.2} s, scanned in {scanning:.2} s, whole: {whole}");
}

fn calls(dialect: Dialect, stream: bool, calls: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime can be built");
    let (took, (words, events)) = seconds(|| runtime.block_on(drive(dialect, stream, calls)));
    let kind = if stream { "streamed" } else { "plain" };
    println!(
        "{dialect:?} {kind}: {calls} calls in {took:.2} s = {:.0}/s; {words} words, {events} reads = {:.0}/s",
        calls as f64 / took,
        events as f64 / took
    );
}

async fn drive(dialect: Dialect, stream: bool, calls: u64) -> (u64, u64) {
    let words = Arc::new(AtomicU64::new(0));
    let counted = words.clone();
    let sink = move |call: Call| {
        counted.fetch_add(call.words_sent.into(), Ordering::Relaxed);
    };
    let provider = Provider::new(Spec::new("p", dialect), Dice::new(7), Clock::start(0), Arc::new(sink));
    let tasks: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(call_again(provider.clone(), stream, caller, calls / CALLERS)))
        .collect();
    let mut events = 0;
    for task in tasks {
        events += task.await.expect("callers do not panic");
    }
    (words.load(Ordering::Relaxed), events)
}

async fn call_again(provider: Arc<Provider>, stream: bool, caller: u64, times: u64) -> u64 {
    let Admission::Accept(number) = provider.admit_connection() else { return 0 };
    let (mut ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(serve_connection(provider.clone(), Memory(theirs), number));
    let (mut reads, mut buffer) = (0, vec![0; 1 << 16]);
    for n in 0..times {
        let request = request(provider.spec().dialect, stream, caller * times + n);
        ours.write_all(request.as_bytes()).await.expect("the provider listens");
        reads += read_reply(&mut ours, stream, &mut buffer).await;
    }
    reads
}

/// Reads up to the last chunk, or as much as the head announces.
async fn read_reply(wire: &mut DuplexStream, stream: bool, buffer: &mut [u8]) -> u64 {
    let (mut reads, mut missing) = (0, None);
    loop {
        let length = wire.read(buffer).await.expect("the provider answers");
        reads += 1;
        if stream {
            if buffer[..length].ends_with(b"\r\n0\r\n\r\n") {
                return reads;
            }
            continue;
        }
        let left: usize = missing.unwrap_or_else(|| announced(&buffer[..length]));
        if left <= length {
            return reads;
        }
        missing = Some(left - length);
    }
}

/// Bytes of head and body together.
fn announced(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head);
    let head = text.find("\r\n\r\n").map_or(0, |at| at + 4);
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    head + length.and_then(|digits| digits.parse::<usize>().ok()).unwrap_or(0)
}

fn request(dialect: Dialect, stream: bool, id: u64) -> String {
    let prompt = "tell me about the weather ".repeat(20);
    let (path, headers, body) = match dialect {
        Dialect::Anthropic => (
            "/v1/messages",
            "anthropic-version: 2023-06-01\r\n",
            format!(
                "{{\"model\":\"m\",\"max_tokens\":4096,\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\
                 \"content\":\"{prompt}\"}}]}}"
            ),
        ),
        Dialect::Gemini => (
            if stream {
                "/v1/models/m:streamGenerateContent?alt=sse"
            } else {
                "/v1/models/m:generateContent"
            },
            "",
            format!("{{\"contents\":[{{\"parts\":[{{\"text\":\"{prompt}\"}}]}}]}}"),
        ),
        _ => (
            "/v1/chat/completions",
            "",
            format!(
                "{{\"model\":\"m\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}]}}"
            ),
        ),
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: p\r\nx-request-id: r{id}\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

struct Memory(DuplexStream);

impl Wire for Memory {
    fn reset(&mut self) {}
}

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Memory {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
