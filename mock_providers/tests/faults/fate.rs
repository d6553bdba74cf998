//! Overload that follows from the load, recoveries that buckle, and luck that is shared or changes with time.

use std::time::Duration;

use mock_providers::capacity::{Capacity, Overload};
use mock_providers::dialect::Dialect;
use mock_providers::fault::{
    ErrorBody, ErrorKind, Fate, FateFault, Fault, Relapse, Shape, StatusFault, Trigger,
};
use mock_providers::latency::Dist;

use crate::bench::{Bench, Caller, Heard, ask, during, faulty, rule, spec};
use crate::rate::closing;

const CAPACITY: Capacity = Capacity { concurrency: 1, queue: 1, overload: Overload::Vendor, slowdown: 1.0 };

async fn send(bench: &Bench) -> Caller {
    let mut caller = bench.connect();
    caller.send(&closing(&ask(Dialect::Openai, false, 1))).await;
    caller
}

async fn call(bench: &Bench) -> Heard {
    send(bench).await.listen().await
}

#[tokio::test(start_paused = true)]
async fn one_is_served_one_waits_and_the_third_is_turned_away() {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Fate(FateFault::Brownout(CAPACITY))));
    let (mut first, mut second) = (send(&bench).await, send(&bench).await);
    bench.at_ms(1).await;
    let third = call(&bench).await;
    // An error after 20 ms; the first word after 100 ms; the second caller's 100 ms begin then.
    assert_eq!((third.status(), third.ended_ms), (503, 21));
    let first = first.listen().await;
    assert_eq!((first.status(), first.ended_ms), (200, 100));
    let second = second.listen().await;
    assert_eq!((second.status(), second.ended_ms), (200, 200));
    assert_eq!(bench.provider.fired(), [("brownout".to_owned(), 2)]);
    let calls = bench.calls.lock().unwrap();
    let waited = calls.iter().find(|call| call.injected > Duration::ZERO).unwrap();
    assert_eq!(
        (waited.injected, &waited.faults[..]),
        (Duration::from_millis(100), &["brownout".to_owned()][..])
    );
    assert_eq!(calls[0].failure, Some(ErrorKind::Overloaded));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_queue_makes_it_shorter() {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Fate(FateFault::Brownout(CAPACITY))));
    let (_first, second) = (send(&bench).await, send(&bench).await);
    bench.at_ms(10).await;
    drop(second);
    bench.at_ms(20).await;
    // The queue is empty again, so this one waits for the first and is served.
    let third = call(&bench).await;
    assert_eq!((third.status(), third.ended_ms), (200, 200));
}

#[tokio::test(start_paused = true)]
async fn a_capacity_of_the_provider_needs_no_fault_and_slows_down_when_full() {
    let mut spec = spec(Dialect::Openai);
    spec.capacity =
        Some(Capacity { concurrency: 2, queue: 0, overload: Overload::Status(529), slowdown: 3.0 });
    let bench = Bench::new(spec);
    let (mut first, mut second) = (send(&bench).await, send(&bench).await);
    bench.at_ms(1).await;
    assert_eq!(call(&bench).await.status(), 529);
    // One of two places taken is twice as slow (1 + 2 * 1/2), two of two three times.
    assert_eq!((first.listen().await.ended_ms, second.listen().await.ended_ms), (200, 300));
    assert_eq!(bench.calls.lock().unwrap()[0].faults, ["limit:capacity"]);
}

#[tokio::test(start_paused = true)]
async fn a_recovery_buckles_when_too_many_come_back_at_once() {
    let relapse = Relapse {
        calls: 2,
        within: Duration::from_secs(1),
        lasts: Duration::from_secs(5),
        fragile: Duration::from_secs(10),
        answer: StatusFault {
            status: 503,
            error: Some(ErrorKind::Overloaded),
            retry_after: None,
            headers: Vec::new(),
            body: ErrorBody::Vendor,
        },
    };
    let mut spec = spec(Dialect::Openai);
    spec.faults.push(rule(Fault::Fate(FateFault::Relapse(Box::new(relapse))), during(0, 1_000)));
    let bench = Bench::new(spec);
    let mut seen = Vec::new();
    // In the outage; two that are fine and a third within a second that is not; in the relapse; after it, one by one.
    for at in [500, 1_000, 1_200, 1_400, 6_300, 6_400, 7_600, 8_800] {
        bench.at_ms(at).await;
        seen.push(call(&bench).await.status());
    }
    assert_eq!(seen, [503, 200, 200, 503, 503, 200, 200, 200]);
    // Ten seconds after the relapse (1.4 s + 5 s) it is as strong as ever.
    bench.at_ms(16_400).await;
    for _ in 0..5 {
        assert_eq!(call(&bench).await.status(), 200);
    }
}

fn fails(status: u16) -> Fault {
    Fault::Status(StatusFault {
        status,
        error: None,
        retry_after: None,
        headers: Vec::new(),
        body: ErrorBody::Vendor,
    })
}

#[tokio::test(start_paused = true)]
async fn providers_with_one_fate_fail_in_the_same_slots() {
    let fated = |name: &str| {
        let mut spec = spec(Dialect::Openai);
        spec.name = name.to_owned();
        let fate = Some(Fate { name: "backbone".to_owned(), slot: Duration::from_secs(1) });
        let trigger = Trigger { probability_ppm: Some(500_000), fate, ..Trigger::default() };
        spec.faults.push(rule(fails(500), trigger));
        Bench::new(spec)
    };
    let (one, two) = (fated("one"), fated("two"));
    let mut failed = 0;
    for slot in 0..40 {
        one.at_ms(slot * 1_000).await;
        let statuses = [call(&one).await.status(), call(&one).await.status(), call(&two).await.status()];
        assert!(statuses.iter().all(|status| *status == statuses[0]), "slot {slot}: {statuses:?}");
        failed += u32::from(statuses[0] == 500);
    }
    // Forty slots at one half: 20 expected, three standard deviations are 9.5.
    assert!((10..=30).contains(&failed), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_probability_ramps_over_its_window() {
    let mut spec = spec(Dialect::Openai);
    let shape = Some(Shape::Ramp { from: 0.0, to: 1.0 });
    spec.faults.push(rule(fails(500), Trigger { shape, ..during(0, 100_000) }));
    let bench = Bench::new(spec);
    let mut failed = [0_u32; 2];
    for nth in 0..200_u64 {
        bench.at_ms(nth * 500).await;
        let request = closing(&ask(Dialect::Openai, false, 1)).replace("r1", &format!("r{nth}"));
        failed[usize::from(nth >= 100)] += u32::from(bench.exchange(&request).await.status() == 500);
    }
    // A quarter of the first hundred on average, three quarters of the second; sqrt(100 / 4 * 3 / 4) is 4.3.
    assert!((8..=42).contains(&failed[0]) && (58..=92).contains(&failed[1]), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_delay_follows_its_strength() {
    let mut spec = spec(Dialect::Openai);
    let spike = Fault::LatencySpike { factor: Dist::Constant(5.0), add: Dist::Constant(0.0) };
    let strength = Some(Shape::Ramp { from: 0.0, to: 1.0 });
    spec.faults.push(rule(spike, Trigger { strength, ..during(0, 10_000) }));
    let bench = Bench::new(spec);
    let mut took = Vec::new();
    for at in [0, 5_000, 9_000] {
        bench.at_ms(at).await;
        took.push(call(&bench).await.ended_ms - at);
    }
    // 100 ms times 1 + 4 * strength: 1, 3 and 4.6 times.
    assert_eq!(took, [100, 300, 460]);
}

#[test]
fn a_day_goes_up_and_down_once() {
    use mock_providers::clock::Moment;
    let hour = |hour: u64| Moment::from_us(hour * 3_600_000_000);
    let shape = Shape::Diurnal { low: 0.2, high: 0.8, peak: Duration::from_secs(14 * 3_600) };
    // At the peak, six hours later half-way down, twelve hours later at the bottom; the next day again.
    for (at, share) in [(14, 0.8), (20, 0.5), (26, 0.2), (2, 0.2), (38, 0.8)] {
        assert!((shape.at(hour(at), None) - share).abs() < 1e-9, "{at}");
    }
}
