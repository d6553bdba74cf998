//! Health: I13, I14, I15, I27.

use super::kit::{Way, World, attempts, everywhere, is_whole, over_sockets, simulated};

/// I13: what is the caller's own (a bad request, a wish to leave, a refusal) never benches a model; what is the model's own
/// does. Broken by: `is_neutral` (fleet/returned.rs) taking nothing for neutral.
#[test]
fn i13_callers_mistakes_bench_nobody() {
    everywhere(|way| {
        for (fault, benches) in [
            ("invalid_request", false),
            ("context_exceeded", false),
            ("content_filter", false),
            ("server_error", true),
            ("overloaded", true),
        ] {
            let mut world =
                World::new(way).route("refusal: next").breaker("{ failures: 2, open: 20s, eager: off }");
            for nth in 0..4 {
                world = world.ask(&format!("case {nth} [words=2]"));
            }
            let run = world.fault("pa", fault, "first: 3").run();
            let last = run.records.last().expect("four");
            let expected = if benches { ["b ok"] } else { ["a ok"] };
            assert_eq!(attempts(last), expected, "{} {fault}", run.place());
        }
    });
}

/// I13: callers who leave while a model is slow say nothing about it. Broken by: `caller_left` (engine/mod.rs) reporting a
/// failure.
#[test]
fn i13_callers_who_leave_bench_nobody() {
    for way in simulated() {
        let mut world = World::new(way).breaker("{ failures: 1, open: 20s, eager: off }");
        for nth in 0..3 {
            world = world.ask_with(&format!("leaver {nth} [words=50]"), "leave_after: 15ms");
        }
        let run = world.ask("stays [words=2]").run();
        assert_eq!(attempts(&run.records[3]), ["a ok"], "{}", run.place());
    }
}

/// I14: a healed model is back soon, whatever became of its probes, and holds no slot. Broken by: `Bench::refusal`
/// (fleet/bench.rs) finding no probe free.
#[test]
fn i14_a_healed_model_is_back() {
    let test = |way: Way| {
        let run = World::new(way)
            .breaker("{ failures: 1, open: 300ms, open_max: 600ms, factor: 2 }")
            .load("rate: 20/s, for: 4s")
            .fault("pa", "server_error", "during: 500ms..2s")
            .run();
        // Served by `a` again within the longest bench, and one request, of its recovery at 2 s; the slack for a busy machine.
        let first = run.records.iter().find(|record| {
            record.caller.intended.as_us() >= 2_000_000
                && attempts(record).last().is_some_and(|last| last == "a ok")
        });
        let back = first.unwrap_or_else(|| panic!("{}: it never came back", run.place())).caller.intended;
        let most = 2_000_000 + 600_000 + 60_000 + 50_000 + way.slack().as_micros() as u64;
        assert!(back.as_us() <= most, "{}: {back:?}", run.place());
        assert!(run.records.iter().all(is_whole), "{}: everybody was answered", run.place());
    };
    simulated().into_iter().for_each(test);
    over_sockets(test);
}

/// I15: a model known to be dead is not paid for by every request. Broken by: `Breaker::failed` (fleet/breaker.rs) never
/// opening.
#[test]
fn i15_a_dead_model_is_not_paid_for_by_everybody() {
    let test = |way: Way| {
        let run = World::new(way)
            .breaker("{ failures: 3, open: 1s, eager: off }")
            .load("rate: 20/s, for: 3s")
            .fault("pa", "server_error", "")
            .run();
        // Three to bench it; probes after 1 s and, the bench doubled, 2 s later, each with up to a tenth of jitter: 5 of 60.
        let calls = run.calls("pa").len();
        assert!((3..=6).contains(&calls), "{}: {calls} calls", run.place());
        assert!(run.records.iter().all(is_whole), "{}", run.place());
    };
    simulated().into_iter().for_each(test);
    over_sockets(test);
}

/// I15: a key that is refused is not tried by every request either, and another key of the same provider serves. Broken by:
/// `targets` (config/target.rs) making one target of all keys.
#[test]
fn i15_a_bad_key_is_one_targets_trouble() {
    for way in simulated() {
        let mut world = World::new(way).breaker("{ failures: 3, open: 20s, eager: off }");
        world.providers = ", keys: [k1, k2]".to_owned();
        for nth in 0..3 {
            world = world.ask(&format!("case {nth} [words=2]"));
        }
        let run = world.fault("pa", "unauthorized", "when: { key: k1 }").run();
        assert_eq!(attempts(&run.records[0]), ["a unauthorized", "a ok"], "{}", run.place());
        for record in &run.records[1..] {
            assert_eq!(attempts(record), ["a ok"], "{}: the key is benched", run.place());
        }
    }
}

/// I27: weights are shares of the traffic. Broken by: `balanced` (router/plan.rs) keeping the order.
#[test]
fn i27_weights_are_shares() {
    let test = |way: Way| {
        let mut world = World::new(way).load("rate: 200/s, for: 2s");
        world.route =
            "chain: [{ model: a, weight: 3 }, { model: b, weight: 1 }], balance: weighted, deadline: 5s"
                .to_owned();
        let run = world.run();
        let share = run.calls("pa").len() as f64 / run.records.len() as f64;
        // 400 requests: the standard error is sqrt(0.75 * 0.25 / 400) = 2.2 %; four of them.
        assert!((share - 0.75).abs() <= 0.09, "{}: {share}", run.place());
    };
    simulated().into_iter().for_each(test);
    over_sockets(|way| {
        if way.dialect == "openai" {
            test(way);
        }
    });
}

/// I27: failing fast attracts no traffic: a broken model that answers at once is asked less than one that works. Broken by:
/// `Breaker::failed` (fleet/breaker.rs) never opening.
#[test]
fn i27_failing_fast_attracts_nobody() {
    for way in simulated() {
        for balance in ["least_in_flight", "latency", "weighted"] {
            let mut world = World::new(way)
                .breaker("{ failures: 3, open: 2s, eager: off }")
                .load("rate: 50/s, for: 4s")
                .fault("pa", "server_error", "");
            world.route = format!("chain: [a, b], balance: {balance}, deadline: 5s");
            let run = world.run();
            let (broken, well) = (run.calls("pa").len(), run.calls("pb").len());
            assert!(
                broken * 5 < well,
                "{} {balance}: {broken} calls of the broken, {well} of the other",
                run.place()
            );
        }
    }
}
