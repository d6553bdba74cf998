//! Requests a second, side by side.

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::caller::Caller;
use super::process::Pinned;
use super::subject::Subject;
use super::{Instant, median, runtime};

/// How long each server is loaded in each round.
const SPAN: Duration = Duration::from_millis(500);
/// Connections at once.
const CONNECTIONS: [usize; 3] = [1, 8, 32];

/// What one load of one server gave.
struct Load {
    /// Answers a second.
    rate: f64,
    /// Processor time of the server, in microseconds an answer.
    cpu_us: f64,
}

/// One server's share of a table.
struct Row {
    loads: Vec<Load>,
    /// Nanoseconds.
    latency: Histogram<u64>,
}

pub(crate) fn table(quick: bool, pinned: &Pinned) {
    let rounds = if quick { 5 } else { 15 };
    let subjects = subjects(pinned);
    let answers = subjects[1].answers();
    println!(
        "\nplain: {} bytes; stream: {} chunks, {} bytes; the request has {} bytes\nmedians over {rounds} rounds of \
         {SPAN:?} each; ratios to bare hyper within the round\n",
        answers.plain.pieces[0].len(),
        answers.stream.pieces.len(),
        answers.stream.pieces.concat().len(),
        subjects[0].plain.len(),
    );
    println!(
        "{:<7} {:>5}  {:<14} {:>10} {:>7} {:>9} {:>9} {:>12} {:>7}",
        "", "conns", "", "requests/s", "ratio", "p50", "p99", "cpu/request", "ratio"
    );
    for (kind, stream) in [("plain", false), ("stream", true)] {
        for connections in CONNECTIONS {
            let rows = measure(&subjects, stream, connections, rounds);
            for (subject, row) in subjects.iter().zip(&rows) {
                print(kind, connections, subject.name, row, &rows[0]);
            }
            println!();
        }
    }
}

/// Bare hyper first, then the mock.
fn subjects(pinned: &Pinned) -> Vec<Subject> {
    let brownout =
        Subject::brownout(pinned, "{ first_token: 0s, per_token: 0s, per_1k_prompt: 0s, error: 0s }");
    let answers = brownout.answers();
    let mut all = vec![
        Subject::canned("bare", pinned, &answers),
        brownout,
        Subject::canned("wiremock", pinned, &answers),
    ];
    for other in [Subject::llmposter(pinned, &answers), Subject::mockinx(pinned, &answers)] {
        match other {
            Ok(subject) => all.push(subject),
            Err(why) => println!("{why}"),
        }
    }
    all
}

fn measure(subjects: &[Subject], stream: bool, connections: usize, rounds: usize) -> Vec<Row> {
    let new = || Row { loads: Vec::new(), latency: histogram() };
    let mut rows: Vec<Row> = subjects.iter().map(|_| new()).collect();
    for subject in subjects {
        load(subject, stream, connections, SPAN / 2, &mut new());
    }
    for _ in 0..rounds {
        for (subject, row) in subjects.iter().zip(&mut rows) {
            load(subject, stream, connections, SPAN, row);
        }
    }
    rows
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(100, 60_000_000_000, 3).expect("bounds in order")
}

/// `connections` callers who ask again as soon as they are answered.
fn load(subject: &Subject, stream: bool, connections: usize, span: Duration, row: &mut Row) {
    let request: Arc<[u8]> = if stream { &subject.stream } else { &subject.plain }.as_slice().into();
    let address = subject.address;
    let (asked, took, cpu) = runtime().block_on(async {
        let mut callers = Vec::with_capacity(connections);
        for _ in 0..connections {
            callers.push(Caller::connect(address).await.expect("a connection"));
        }
        let (begun, cpu) = (Instant::now(), subject.process.cpu());
        let mut asking = JoinSet::new();
        for mut caller in callers {
            let request = Arc::clone(&request);
            asking.spawn(async move {
                let mut latency = histogram();
                let mut now = begun;
                while now.duration_since(begun) < span {
                    let heard = caller.ask(&request).await.expect("an answer");
                    assert!(heard.starts_with(b"HTTP/1.1 200"), "{}", heard.escape_ascii());
                    let then = std::mem::replace(&mut now, Instant::now());
                    latency.saturating_record(now.duration_since(then).as_nanos() as u64);
                }
                latency
            });
        }
        let mut asked = 0;
        while let Some(latency) = asking.join_next().await {
            let latency = latency.expect("no caller panics");
            asked += latency.len();
            row.latency.add(&latency).expect("the same bounds");
        }
        (asked as f64, begun.elapsed().as_secs_f64(), subject.process.cpu() - cpu)
    });
    row.loads.push(Load { rate: asked / took, cpu_us: cpu * 1e6 / asked });
}

fn print(kind: &str, connections: usize, name: &str, row: &Row, bare: &Row) {
    let ratio = |of: fn(&Load) -> f64| {
        median(row.loads.iter().zip(&bare.loads).map(|(load, bare)| of(load) / of(bare)).collect())
    };
    let rate = |load: &Load| load.rate;
    let cpu = |load: &Load| load.cpu_us;
    let us = |quantile: f64| row.latency.value_at_quantile(quantile) as f64 / 1e3;
    println!(
        "{kind:<7} {connections:>5}  {name:<14} {:>10.0} {:>7.2} {:>6.0} us {:>6.0} us {:>9.1} us {:>7.2}",
        median(row.loads.iter().map(rate).collect()),
        ratio(rate),
        us(0.5),
        us(0.99),
        median(row.loads.iter().map(cpu).collect()),
        ratio(cpu),
    );
}
