//! Several faults at once: which of them comes first, as `docs/faults/README.md` says.

use std::time::Duration;

use mock_providers::capacity::{Capacity, Overload};
use mock_providers::dialect::Dialect;
use mock_providers::fault::{ErrorBody, FateFault, Fault, RefusalForm, Rule, StatusFault, Trigger};
use mock_providers::latency::Dist;
use mock_providers::limit::{Limit, Measure};
use mock_providers::provider::Admission;

use crate::bench::{Bench, Heard, ask, spec};
use crate::rate::closing;

const FULL: Capacity = Capacity { concurrency: 1, queue: 0, overload: Overload::Vendor, slowdown: 1.0 };

fn status(status: u16) -> Fault {
    Fault::Status(StatusFault {
        status,
        error: None,
        retry_after: None,
        headers: Vec::new(),
        body: ErrorBody::Vendor,
    })
}

/// A provider with these faults, named by their places.
fn bench(faults: Vec<Fault>, limits: Vec<Limit>) -> Bench {
    let mut spec = spec(Dialect::Openai);
    let rules = faults.into_iter().enumerate();
    spec.faults = rules
        .map(|(nth, fault)| Rule { name: nth.to_string(), trigger: Trigger::default(), fault })
        .collect();
    spec.limits = limits;
    Bench::new(spec)
}

async fn call(bench: &Bench) -> Heard {
    bench.exchange(&closing(&ask(Dialect::Openai, false, 1))).await
}

fn fired(bench: &Bench) -> Vec<u64> {
    bench.provider.fired().into_iter().map(|(_, count)| count).collect()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_refused_meets_nothing_else() {
    let bench = bench(vec![status(500), Fault::RefuseConnections], vec![]);
    assert_eq!(bench.provider.admit_connection(), Admission::Refuse);
    assert_eq!(fired(&bench), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn limits_come_before_capacity_and_endings() {
    let none = Limit::bucket("rpm", Measure::Requests, 1, Duration::from_secs(3_600));
    let bench = bench(vec![status(500), Fault::Fate(FateFault::Brownout(FULL))], vec![none]);
    assert_eq!(call(&bench).await.status(), 500);
    // Refused by the limit: neither the status nor the capacity has anything to do with it.
    assert_eq!(call(&bench).await.status(), 429);
    assert_eq!(fired(&bench), [1, 0]);
    assert_eq!(bench.calls.lock().unwrap()[1].faults, ["limit:rpm"]);
}

#[tokio::test(start_paused = true)]
async fn capacity_comes_before_endings() {
    let bench = bench(vec![Fault::Hang, Fault::Fate(FateFault::Brownout(FULL))], vec![]);
    let mut first = bench.connect();
    first.send(&ask(Dialect::Openai, false, 1)).await;
    bench.at_ms(1).await;
    // The first hangs and holds its place; the second is turned away and does not hang.
    assert_eq!(call(&bench).await.status(), 503);
    assert_eq!(fired(&bench), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_first_ending_wins_in_the_order_of_the_rules() {
    let bench = bench(vec![status(502), status(503), Fault::Hang], vec![]);
    assert_eq!(call(&bench).await.status(), 502);
    assert_eq!(fired(&bench), [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_and_hit_endings_too() {
    let add = |ms: f64| Fault::LatencySpike { factor: Dist::Constant(2.0), add: Dist::Constant(ms * 1e3) };
    let bench = bench(vec![add(30.0), status(500), add(50.0)], vec![]);
    let heard = call(&bench).await;
    // 20 ms to an error, twice doubled, and 30 and 50 more: 20 * 4 + 80 = 160.
    assert_eq!((heard.status(), heard.ended_ms), (500, 160));
    assert_eq!(fired(&bench), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_and_a_delay_add_up() {
    let spike = Fault::LatencySpike { factor: Dist::Constant(1.0), add: Dist::Constant(50e3) };
    let queue = Capacity { queue: 5, ..FULL };
    let refusal = Fault::Refusal { after: Dist::Constant(0.0), form: RefusalForm::Prose, text: None };
    let bench = bench(vec![spike, Fault::Fate(FateFault::Brownout(queue)), refusal], vec![]);
    let mut callers = Vec::new();
    for _ in 0..2 {
        let mut caller = bench.connect();
        caller.send(&closing(&ask(Dialect::Openai, false, 1))).await;
        callers.push(caller);
    }
    let mut ended = Vec::new();
    for mut caller in callers {
        ended.push(caller.listen().await.ended_ms);
    }
    // 100 ms and 50 more; the second waits 150 first.
    assert_eq!(ended, [150, 300]);
}
