//! What a mock provider costs, against the least an HTTP server can do and against other mocks; and how punctual it
//! is with ten thousand slow streams.
//!
//! *Throughput*: a bare hyper server that says the same bytes, `brownout mock` with its fault engine on (rules with
//! windows, probabilities and conditions, no latency), wiremock, and whichever of `llmposter` and `mockinx` is
//! installed (`cargo install --root target/bench-tools --locked llmposter mockinx`, or a folder named by
//! `BENCH_TOOLS`; the table says who is missing). Every server is a process of its own on one core, the callers are
//! on another. The servers take turns, and ratios are medians over rounds of the ratio within a round: a
//! disturbance of the machine hits all alike.
//!
//! *Slow streams*: ten thousand at once on real sockets, each word due at a known time.
//!
//! `cargo bench --bench mocks` runs both, `-- throughput` or `-- slow` one of them, `-- --quick` in a minute.

mod caller;
mod canned;
mod process;
mod slow;
mod subject;
mod throughput;

use std::process::ExitCode;

use process::{Pinned, pin_callers};

/// The machine's time: a benchmark measures nothing else.
#[expect(clippy::disallowed_types, reason = "a benchmark measures the machine's time")]
pub(crate) type Instant = std::time::Instant;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [mark, kind] = &args[..]
        && mark == canned::SERVE
    {
        return canned::serve(kind);
    }
    // `cargo test --benches` only wants to know that it starts.
    if args.iter().any(|arg| arg == "--test" || arg == "--list") {
        return ExitCode::SUCCESS;
    }
    let pinned = match pin_callers(&args) {
        Pinned::Elsewhere(code) => return code,
        here => here,
    };
    let has = |wanted: &str| args.iter().any(|arg| arg == wanted);
    let (quick, all) = (has("--quick"), !has("throughput") && !has("slow"));
    println!("{pinned}");
    if all || has("throughput") {
        throughput::table(quick, &pinned);
    }
    if all || has("slow") {
        slow::table(quick, &pinned);
    }
    ExitCode::SUCCESS
}

/// A runtime for the callers, on the thread that asks for it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The middle one, or the upper of the two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
