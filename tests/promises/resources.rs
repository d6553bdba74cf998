//! Resources: I21, I22.

use brownout::history::{CallerEnding, Ending, Mode};

use super::kit::{World, attempts, everywhere, is_whole, ms};

/// I21: when a caller leaves, the call that was made for it ends at once and nothing begins any more: while the provider is
/// silent, while it speaks, and while the router waits before a repeat. Broken by: `race` (relay/race.rs) not looking after
/// the caller.
#[test]
fn i21_work_ends_with_its_caller() {
    everywhere(|way| {
        let bound = if way.mode == Mode::Simulated { ms(50) } else { ms(500) };
        for fault in ["hang", "{ slow_tokens: { per_token: 200ms } }", "server_error"] {
            let run = World::new(way)
                .route("retry: { server_error: { times: 5, backoff: { base: 1s, jitter: none } } }")
                .ask_with("Explain [words=40]", "leave_after: 300ms")
                .fault("[pa, pb]", fault, "")
                .run();
            let record = run.only();
            assert_eq!(record.caller.ending, CallerEnding::Left, "{} {fault}", run.place());
            let left = record.caller.ended;
            for call in &record.calls {
                assert!(call.received <= left, "{} {fault}: a call after the caller had left", run.place());
                assert!(
                    call.ended <= left + bound,
                    "{} {fault}: it went on for {:?}",
                    run.place(),
                    call.ended - left
                );
                let closed = matches!(call.ending, Ending::Abandoned) || fault == "server_error";
                assert!(closed, "{} {fault}: {:?}", run.place(), call.ending);
            }
            assert_eq!(record.calls.len(), 1, "{} {fault}: {:?}", run.place(), attempts(record));
        }
    });
}

/// I22: whatever way a request goes, nothing is held when it is over (see `World::run`), and the next one is served. Broken
/// by: `Gauge` (router/mod.rs) not counting down; `Breaker::released` (fleet/breaker.rs) keeping the slot.
#[test]
fn i22_every_way_out_gives_everything_back() {
    everywhere(|way| {
        let mut faults = vec!["server_error", "hang", "reset", "refuse_connections", "unauthorized"];
        if way.stream {
            faults.extend(["{ cut: { after: 3, close: fin } }", "{ stall: { after: 2 } }"]);
        }
        for fault in faults {
            let run = World::new(way)
                .route("first_token: 200ms, idle: 200ms, attempt: 300ms, hedge: 100ms")
                .breaker("{ failures: 1, open: 200ms, open_max: 200ms, eager: off }")
                .ask("one [words=8]")
                .ask_with("two [words=8]", "leave_after: 60ms")
                .ask_with("three [words=8]", "at: 450ms")
                .ask_with("healthy [words=8]", "at: 2s")
                .fault("[pa, pb]", fault, "during: ..1s")
                .run();
            assert!(is_whole(&run.records[3]), "{} {fault}: {:?}", run.place(), attempts(&run.records[3]));
        }
    });
}
