//! Truthfulness: I18, I19, I20, I25.

use brownout::history::{CallerEnding, RouterOutcome};

use super::kit::{World, attempts, calls_at, error, everywhere, is_whole, simulated};

/// I18: the error of an exhausted chain is one that happened, names the model it is about and lists what was tried. Broken by:
/// `primary_cause` (engine/last.rs) taking the last failure.
#[test]
fn i18_the_error_names_the_primary_cause() {
    everywhere(|way| {
        for (first, second, status, code) in [
            ("server_error", "rate_limit", 500, "server_error"),
            ("rate_limit", "server_error", 429, "rate_limited"),
            ("server_error", "unauthorized", 500, "server_error"),
            ("{ status: { code: 502 } }", "overloaded", 502, "server_error"),
        ] {
            let run =
                World::new(way).ask("Hello [words=4]").fault("pa", first, "").fault("pb", second, "").run();
            let record = run.only();
            let (got, class, message, _) = error(record);
            assert_eq!((got, class.as_str()), (status, code), "{} {first} {second}", run.place());
            assert!(message.contains("`a`"), "{}: {message}", run.place());
            let seen: Vec<_> = record.calls.iter().filter_map(|call| call.status).collect();
            assert!(seen.contains(&got), "{}: {got} of {seen:?}", run.place());
        }
    });
}

/// I19: who served and how many attempts it took is what providers saw. Broken by: `Told::of` (router/told.rs) counting
/// one attempt less.
#[test]
fn i19_callers_are_told_what_happened() {
    everywhere(|way| {
        let run = World::new(way)
            .route("retry: { server_error: { times: 2, backoff: 1ms } }")
            .ask("Hello [words=4]")
            .fault("pa", "server_error", "")
            .run();
        let record = run.only();
        assert_eq!(record.calls.len(), 4, "{}", run.place());
        assert_eq!(record.caller.attempts, Some(4), "{}", run.place());
        assert_eq!(record.caller.served_by.as_deref(), Some("b"), "{}", run.place());
        let trail = record.trail.as_ref().expect("a trail");
        assert_eq!(trail.outcome, RouterOutcome::Answered { model: "b".to_owned() }, "{}", run.place());
        for (attempt, call) in trail.attempts.iter().zip(&record.calls) {
            assert_eq!(attempt.provider, call.provider, "{}", run.place());
        }
    });
}

/// I20: what the ledger says an attempt cost is what its provider bills, every attempt at its own price; what nobody said is
/// unknown, not zero. Broken by: `cost` (router/price.rs) charging prompt tokens at the price of generated ones.
#[test]
fn i20_the_ledger_is_the_bill() {
    everywhere(|way| {
        let run =
            World::new(way).ask("Hello there, how are you [words=9]").fault("pa", "server_error", "").run();
        let record = run.only();
        let (served, call) = (&record.trail.as_ref().expect("a trail").attempts[1], &record.calls[1]);
        // b: a million picodollars a prompt token, two a generated one.
        assert_eq!(
            served.cost,
            Some(call.billed_input * 1_000_000 + call.billed_output * 2_000_000),
            "{}",
            run.place()
        );
        assert!(call.billed_output >= 9, "{}", run.place());
        let run = World::new(way).ask("Hello [words=9]").fault("pa", "usage_missing", "").run();
        assert_eq!(run.only().trail.as_ref().expect("a trail").attempts[0].cost, None, "{}", run.place());
    });
    for way in simulated().into_iter().filter(|way| way.stream) {
        let cut = World::new(way)
            .ask("Hello [words=20]")
            .fault("pa", "{ cut: { after: 9, close: fin } }", "")
            .run();
        assert_eq!(cut.only().trail.as_ref().expect("a trail").attempts[0].cost, None, "{}", cut.place());
    }
}

/// I25: a complete answer is kept and given, in the shape that is asked for, when nobody answers any more; for the same
/// tenant only. Broken by: `Job::cached` (relay/mod.rs) finding nothing; `fingerprint` (router/rescue.rs) leaving the tenant out.
#[test]
fn i25_a_complete_answer_is_kept() {
    everywhere(|way| {
        let mut world = World::new(way).route("rescue: [cache]");
        world.router = "  tenants:\n    acme: {}\n".to_owned();
        let run = world
            .ask("Same question [words=6]")
            .ask_with("Same question [words=6]", "at: 600ms")
            .ask_with("Same question [words=6]", "at: 700ms, headers: { x-brownout-tenant: acme }")
            .fault("[pa, pb]", "server_error", "during: 500ms..")
            .run();
        let [first, second, other] = run.records.as_slice() else { panic!("three") };
        assert!(is_whole(first), "{}", run.place());
        assert_eq!(
            second.caller.served_by.as_deref(),
            Some("cache"),
            "{}: {:?}",
            run.place(),
            attempts(second)
        );
        assert_eq!(second.caller.ending, CallerEnding::Complete, "{}", run.place());
        assert_eq!(second.caller.transcript.segments, first.caller.transcript.segments, "{}", run.place());
        assert_eq!(error(other).0, 500, "{}: another tenant's answer", run.place());
    });
}

/// I25: what was not complete is not kept: a cut stream, an empty answer, a refusal, an error. Broken by: `remember`
/// (relay/mod.rs) asking nothing.
#[test]
fn i25_only_complete_answers_are_kept() {
    for way in simulated() {
        let mut faults = vec!["{ empty: empty_text }", "server_error", "refusal"];
        if way.stream {
            faults.extend([
                "{ cut: { after: 3, close: fin } }",
                "{ stream_error: { after: 3, error: overloaded } }",
            ]);
        }
        for fault in faults {
            let mut world = World::new(way).route("rescue: [cache], empty: answer");
            world.route = world.route.replace("[a, b]", "[a]");
            let run = world
                .ask("Same question [words=6]")
                .ask_with("Same question [words=6]", "at: 600ms")
                .fault("pa", fault, "during: ..500ms")
                .fault("pa", "server_error", "during: 500ms..")
                .run();
            assert_eq!(error(&run.records[1]).0, 500, "{} {fault}", run.place());
            assert_eq!(
                calls_at(&run.records[1], "pa").count(),
                1,
                "{} {fault}: it is asked again",
                run.place()
            );
        }
    }
}
