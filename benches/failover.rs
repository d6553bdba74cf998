//! How soon the next model is asked, over loopback and under load.
//!
//! Two figures of the promise to survive: from the end of a 503 to the moment at which the second provider has the
//! request, and how long past its limit on first output a silent provider is given up. Both are read from the providers'
//! own ledgers, not from what the router says. Breakers are off, so that every request meets the broken provider.
//!
//! `cargo bench --bench failover` runs ten seconds a case, `-- --quick` two.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use brownout::history::{Mode, Record};
use brownout::run;
use brownout::scenario;

/// The limit on first output of the silent case.
const FIRST_OUTPUT: Duration = Duration::from_millis(300);

struct Case {
    name: &'static str,
    inject: &'static str,
    rate: u32,
    /// What of a request is measured, in microseconds; none when it went another way.
    gap: fn(&Record) -> Option<u64>,
}

const CASES: [Case; 4] = [
    Case { name: "503, 50 requests/s", inject: "{ status: 503 }", rate: 50, gap: after_an_error },
    Case { name: "503, 200 requests/s", inject: "{ status: 503 }", rate: 200, gap: after_an_error },
    Case { name: "silent, 50 requests/s", inject: "hang", rate: 50, gap: after_silence },
    Case { name: "silent, 200 requests/s", inject: "hang", rate: 200, gap: after_silence },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know that it starts.
    if args.iter().any(|arg| arg == "--test") {
        return ExitCode::SUCCESS;
    }
    let seconds = if args.iter().any(|arg| arg == "--quick") { 2 } else { 10 };
    println!("{:<24} {:>9} {:>9} {:>9} {:>9}", "", "requests", "p50 ms", "p99 ms", "max ms");
    for case in CASES {
        let mut gaps = measure(&case, seconds);
        gaps.sort_unstable();
        let at = |share: f64| gaps[((gaps.len() - 1) as f64 * share) as usize] as f64 / 1e3;
        println!("{:<24} {:>9} {:>9.2} {:>9.2} {:>9.2}", case.name, gaps.len(), at(0.5), at(0.99), at(1.0));
    }
    ExitCode::SUCCESS
}

fn measure(case: &Case, seconds: u32) -> Vec<u64> {
    let scenario = format!(
        "
providers:
  first: {{ dialect: anthropic, latency: {{ first_token: 20ms, per_token: 1ms, error: 5ms }} }}
  second: {{ dialect: openai, latency: {{ first_token: 20ms, per_token: 1ms, error: 5ms }} }}
router:
  models:
    a: {{ provider: first, upstream: claude-sonnet-4-5, breaker: off }}
    b: {{ provider: second, upstream: gpt-4o, breaker: off }}
  routes:
    chat: {{ chain: [a, b], deadline: 10s, first_token: {}ms, attempt: {}ms }}
load:
  - {{ route: chat, rate: {}/s, for: {seconds}s, stream: 50%, output: 10 }}
faults:
  - {{ on: first, inject: {} }}
",
        FIRST_OUTPUT.as_millis(),
        FIRST_OUTPUT.as_millis(),
        case.rate,
        case.inject,
    );
    let scenario =
        scenario::parse(&scenario, Path::new("failover.yaml")).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut gaps = Vec::new();
    run::run(&scenario, Mode::RealTime, &Arc::default(), &mut |record: &Record| {
        gaps.extend((case.gap)(record));
        Ok(())
    })
    .expect("it runs");
    assert!(!gaps.is_empty(), "{}: no request failed over", case.name);
    gaps
}

/// From the first provider's last byte to the second one's having read the request.
fn after_an_error(record: &Record) -> Option<u64> {
    let [first, second] = &record.calls[..] else { return None };
    Some((second.received - first.ended).as_micros() as u64)
}

/// From the moment at which the silent provider's time was up.
fn after_silence(record: &Record) -> Option<u64> {
    let [first, second] = &record.calls[..] else { return None };
    Some((second.received - first.received).saturating_sub(FIRST_OUTPUT).as_micros() as u64)
}
