//! The same seed gives the same bytes and the same ledger, whatever else goes on.

use std::sync::{Arc, Mutex};

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Close, Emptiness, Fault, Per, Sequence, Trigger};
use mock_providers::latency::Dist;
use mock_providers::latency::Latency;
use mock_providers::ledger::{Call, Ending};
use mock_providers::provider::Spec;
use proptest::prelude::*;

use crate::bench::{Bench, DIALECTS, ask, during, rule};

fn stormy(dialect: Dialect) -> Spec {
    let mut spec = Spec::new("p", dialect);
    spec.latency = Latency::small();
    let share = |ppm| Trigger { probability_ppm: Some(ppm), ..Trigger::default() };
    let spike = Fault::LatencySpike { factor: Dist::Constant(4.0), add: Dist::Constant(100_000.0) };
    spec.faults.push(rule(spike, share(300_000)));
    spec.faults.push(rule(Fault::Cut { after: Dist::Constant(3.0), close: Close::Reset }, share(200_000)));
    let first = Some(Sequence { skip: 0, first: 1, per: Per::Request });
    spec.faults.push(rule(Fault::Empty(Emptiness::Any), Trigger { sequence: first, ..share(500_000) }));
    spec.faults.push(rule(Fault::BlackHole, during(900, 1_400)));
    spec.faults.push(rule(Fault::RefuseConnections, during(2_000, 2_001)));
    spec
}

/// Sends a call every 10 ms, each on a connection of its own; every fifth caller leaves early.
async fn storm(dialect: Dialect) -> (Vec<String>, Vec<Call>) {
    let bench = Bench::new(stormy(dialect));
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut callers = Vec::new();
    for n in 0..150_u64 {
        bench.at_ms(n * 10).await;
        if n * 10 >= 900 && n * 10 < 1_400 {
            continue;
        }
        let mut caller = bench.connect();
        let heard = heard.clone();
        let request =
            ask(dialect, n % 2 == 0, 20).replace("x-request-id: r1", &format!("x-request-id: r{}", n / 2));
        callers.push(tokio::spawn(async move {
            caller.send(&request).await;
            let listening = caller.listen();
            let patience = std::time::Duration::from_millis(if n % 5 == 0 { 250 } else { 60_000 });
            let answer = tokio::time::timeout(patience, listening).await;
            heard.lock().unwrap().push(format!("{n} {answer:?}"));
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let calls = bench.calls.lock().unwrap().clone();
    let heard = heard.lock().unwrap().clone();
    (heard, calls)
}

#[test]
fn the_same_storm_twice_leaves_the_same_bytes_and_ledger() {
    for dialect in DIALECTS {
        let run = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap()
                .block_on(storm(dialect))
        };
        let (heard, calls) = run();
        assert_eq!((heard, calls.clone()), run());
        // 150 callers, 50 of them not sent during the hole: one entry each, of every kind.
        assert_eq!(calls.len(), 100);
        for ending in [Ending::Complete, Ending::Broken, Ending::Abandoned] {
            assert!(calls.iter().any(|call| call.ending == ending), "{ending:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // P1: whatever bytes come, in whatever pieces, nothing panics and no call is recorded twice.
    #[test]
    fn any_bytes_are_survived(
        start in 0_usize..200,
        noise in prop::collection::vec(any::<u8>(), 0..300),
        cut in any::<prop::sample::Index>(),
        dialect in prop::sample::select(&DIALECTS[..]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let calls = runtime.block_on(async {
            let bench = Bench::new(crate::bench::spec(dialect));
            let mut caller = bench.connect();
            let request = ask(dialect, false, 3);
            let mut bytes = request.as_bytes()[..start.min(request.len())].to_vec();
            bytes.extend(noise);
            let (one, two) = bytes.split_at(cut.index(bytes.len() + 1));
            for piece in [one, two] {
                let _ = tokio::io::AsyncWriteExt::write_all(&mut caller.wire, piece).await;
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            tokio::time::sleep(std::time::Duration::from_secs(70)).await;
            drop(caller.wire);
            caller.serving.await.unwrap();
            bench.calls.lock().unwrap().len()
        });
        prop_assert!(calls <= 1);
    }
}
