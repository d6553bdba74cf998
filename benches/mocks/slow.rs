//! Ten thousand slow streams at once: how late is each word?
//!
//! With constant latencies every word has a due time: so long after the request, so long after the word before.
//! *Late* is when the caller has it minus when it was due, counted from just before the request was written. So the
//! figure holds everything: the way to the mock, its timers, its turn among ten thousand, the kernel, and the
//! caller's own turn.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hdrhistogram::Histogram;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::process::{self, Pinned};
use super::subject::Subject;
use super::{Instant, runtime};

const STREAMS: usize = 10_000;
/// Words of a stream (the request asks for them).
const WORDS: u32 = 50;
const FIRST: Duration = Duration::from_millis(500);
const GAP: Duration = Duration::from_millis(400);
/// Over which the streams begin, evenly, so that not all words are due at once.
const RAMP: Duration = Duration::from_secs(4);
/// File descriptors the caller needs besides its sockets.
const SPARE: u64 = 64;

pub(crate) fn table(quick: bool, pinned: &Pinned) {
    let streams = possible(if quick { STREAMS / 10 } else { STREAMS });
    let latency = format!(
        "{{ first_token: {}ms, per_token: {}ms, per_1k_prompt: 0s }}",
        FIRST.as_millis(),
        GAP.as_millis()
    );
    let mock = Subject::brownout(pinned, &latency);
    let before = mock.process.kilobytes("VmRSS");
    let (begun, cpu, own) = (Instant::now(), mock.process.cpu(), process::cpu("self"));
    let late = runtime().block_on(all(mock.address, &mock.stream, streams));
    let took = begun.elapsed().as_secs_f64();
    let (cpu, own) = (mock.process.cpu() - cpu, process::cpu("self") - own);
    let peak = mock.process.kilobytes("VmHWM");
    let ms = |us: u64| us as f64 / 1e3;
    println!(
        "\n{streams} streams of {WORDS} words, {GAP:?} apart, begun over {RAMP:?}; {} words heard",
        late.len()
    );
    println!(
        "late by: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms",
        ms(late.value_at_quantile(0.5)),
        ms(late.value_at_quantile(0.9)),
        ms(late.value_at_quantile(0.99)),
        ms(late.value_at_quantile(0.999)),
        ms(late.max())
    );
    println!(
        "mock: {} kB before, {peak} kB at most ({:.1} kB a stream); {:.0} % of a core, {:.1} us a word; callers: {:.0} %",
        before,
        (peak.saturating_sub(before)) as f64 / streams as f64,
        cpu / took * 100.0,
        cpu * 1e6 / late.len() as f64,
        own / took * 100.0,
    );
}

/// As many streams as there are file descriptors for.
fn possible(wanted: usize) -> usize {
    let limit = file_limit();
    let most = usize::try_from(limit.saturating_sub(SPARE)).unwrap_or(usize::MAX);
    if most < wanted {
        println!("\nonly {most} streams: the limit of open files is {limit} (`ulimit -n`)");
    }
    wanted.min(most)
}

/// How many files may be open at once, after asking for as many as there can be.
fn file_limit() -> u64 {
    #[cfg(unix)]
    return rlimit::increase_nofile_limit(u64::MAX).expect("the limit that holds");
    #[cfg(not(unix))]
    u64::MAX
}

/// How late the words of all streams were, in microseconds.
async fn all(address: SocketAddr, request: &[u8], streams: usize) -> Histogram<u64> {
    let late = Arc::new(Mutex::new(Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds in order")));
    let request: Arc<[u8]> = request.into();
    let begun = tokio::time::Instant::from_std(Instant::now());
    let mut running = JoinSet::new();
    for nth in 0..streams {
        let (request, late) = (Arc::clone(&request), Arc::clone(&late));
        let start = begun + RAMP.mul_f64(nth as f64 / streams as f64);
        running.spawn(async move {
            tokio::time::sleep_until(start).await;
            one(address, &request, &late).await
        });
    }
    while let Some(ended) = running.join_next().await {
        let words = ended.expect("no caller panics").expect("a whole stream");
        assert_eq!(words, WORDS, "a stream lost words");
    }
    let late = late.lock().expect("no caller panics");
    late.clone()
}

/// Words heard.
async fn one(address: SocketAddr, request: &[u8], late: &Mutex<Histogram<u64>>) -> io::Result<u32> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let asked = Instant::now();
    stream.write_all(request).await?;
    let (mut heard, mut words) = (Vec::with_capacity(2_048), 0);
    loop {
        if stream.read_buf(&mut heard).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let after = asked.elapsed();
        let Some(end) = memchr::memrchr(b'\n', &heard) else { continue };
        for _ in memmem::find_iter(&heard[..end], b"\"delta\":{\"content\":\"") {
            let due = FIRST + GAP * words;
            words += 1;
            let us = after.saturating_sub(due).as_micros() as u64;
            late.lock().expect("no caller panics").saturating_record(us);
        }
        if memmem::find(&heard, b"[DONE]").is_some() {
            return Ok(words);
        }
        heard.drain(..=end);
    }
}
