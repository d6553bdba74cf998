//! Bounded effort: I06, I07, I10, I11, I12.

use std::time::Duration;

use brownout::history::{Mode, Record};

use super::kit::{
    World, attempts, calls_at, error, everywhere, is_whole, ms, simulated, sockets, streamed, took,
};

/// Time between calls at `pa`: from the end of one to the arrival of the next.
fn gaps(record: &Record) -> Vec<Duration> {
    let calls: Vec<_> = calls_at(record, "pa").collect();
    calls.windows(2).map(|pair| pair[1].received - pair[0].ended).collect()
}

/// I06: attempts stay within the declared bound, whatever the chain and the repeats. Broken by: `advance` (engine/turn.rs)
/// not counting, with `repeat_at` (engine/decide.rs).
#[test]
fn i06_attempts_have_a_bound() {
    everywhere(|way| {
        for most in 1..=4_usize {
            let run = World::new(way)
                .route(&format!(
                    "max_attempts: {most}, retry: {{ server_error: {{ times: 5, backoff: 1ms }} }}"
                ))
                .ask("Hello [words=4]")
                .fault("[pa, pb]", "server_error", "")
                .run();
            assert_eq!(run.only().calls.len(), most, "{}", run.place());
            error(run.only());
        }
    });
}

/// I07: a provider sees one call and the configured repeats, never more and never fewer. Broken by: `repeat_at`
/// (engine/decide.rs) comparing with `>` where it says `>=`.
#[test]
fn i07_calls_are_what_was_configured() {
    everywhere(|way| {
        for (first, second) in [(0, 0), (1, 0), (0, 2), (3, 1)] {
            let retry = |times| format!(", retry: {{ overloaded: {{ times: {times}, backoff: 1ms }} }}");
            let mut world = World::new(way);
            world.a.push_str(&retry(first));
            world.b.push_str(&retry(second));
            let run = world.ask("Hello [words=4]").fault("[pa, pb]", "overloaded", "").run();
            let seen = |provider| calls_at(run.only(), provider).count();
            assert_eq!((seen("pa"), seen("pb")), (first + 1, second + 1), "{}", run.place());
        }
    });
}

/// I10: a wait that was asked for is waited out on the same model, in every form it is asked in. Broken by: `repeat_at`
/// (engine/decide.rs) not looking at `retry_after`.
#[test]
fn i10_a_wait_is_waited_out() {
    everywhere(|way| {
        let forms: &[&str] = if way.mode == Mode::Simulated { &["1s", "{ date: 2s }"] } else { &["1s"] };
        for form in forms {
            let run = World::new(way)
                .route("retry: { rate_limited: { times: 1, backoff: 1ms } }")
                .ask("Hello [words=4]")
                .fault("pa", &format!("{{ rate_limit: {{ retry_after: {form} }} }}"), "first: 1")
                .run();
            let record = run.only();
            assert_eq!(attempts(record), ["a rate_limited", "a ok"], "{} {form}", run.place());
            let call = calls_at(record, "pa").next().expect("a call");
            let asked = call.retry_after.expect("it asked");
            let told = call.headers_sent.expect("it answered");
            let second = calls_at(record, "pa").nth(1).expect("a second call").received;
            assert!(second >= told + asked, "{} {form}: {:?} after {asked:?}", run.place(), second - told);
            // Never early, and not much later either: a tenth of the wait, or what the file says.
            assert!(second <= told + asked * 2 + way.slack(), "{} {form}: {:?}", run.place(), second - told);
        }
    });
}

/// I10: a wait longer than the route waits for is no reason to wait: the next model is asked at once; and when nobody else
/// is there, the caller is told of it. Broken by: `rather_moves_on` (engine/decide.rs) saying no; `surface_now` (engine/last.rs)
/// dropping the wait.
#[test]
fn i10_a_long_wait_is_passed_on() {
    everywhere(|way| {
        let world = World::new(way).route("retry: { rate_limited: 2 }, retry_after: { wait_at_most: 1s }");
        let limited = "{ rate_limit: { retry_after: 3s } }";
        let run = world.clone().ask("Hello [words=4]").fault("pa", limited, "").run();
        assert_eq!(attempts(run.only()), ["a rate_limited", "b ok"], "{}", run.place());
        assert!(took(run.only()) < ms(200) + way.slack() * 2, "{}", run.place());
        let run = world.ask("Hello [words=4]").fault("[pa, pb]", limited, "").run();
        let (status, _, _, wait) = error(run.only());
        assert_eq!(status, 429, "{}", run.place());
        assert!(wait.is_some_and(|wait| wait > ms(1_500) && wait <= ms(4_000)), "{}: {wait:?}", run.place());
    });
}

/// I11: waits between repeats grow. Broken by: `backoff` (engine/decide.rs) leaving out the factor.
#[test]
fn i11_backoff_grows() {
    everywhere(|way| {
        let backoff = "{ base: 100ms, factor: 2, jitter: none }";
        let run = World::new(way)
            .route(&format!("retry: {{ server_error: {{ times: 3, backoff: {backoff} }} }}"))
            .ask("Hello [words=4]")
            .fault("pa", "server_error", "first: 3")
            .run();
        // 100, 200, 400 ms.
        for (nth, gap) in gaps(run.only()).into_iter().enumerate() {
            let meant = ms(100 << nth);
            assert!(gap >= meant && gap <= meant + way.slack(), "{}: {gap:?}, not {meant:?}", run.place());
        }
        assert_eq!(calls_at(run.only(), "pa").count(), 4, "{}", run.place());
    });
}

/// I11: callers who failed together do not come back together. Broken by: `backoff` (engine/decide.rs) leaving chance out.
#[test]
fn i11_callers_decorrelate() {
    for way in simulated() {
        let mut world = World::new(way)
            .route("retry: { server_error: { times: 1, backoff: { base: 1s, jitter: full } } }");
        for caller in 0..40 {
            world = world.ask_with(&format!("caller {caller} [words=2]"), "at: 0s");
        }
        let run = world.fault("pa", "server_error", "first: 40").run();
        let mut tenths = [0; 10];
        for record in &run.records {
            let gap = gaps(record)[0];
            tenths[(gap.as_millis() as usize / 100).min(9)] += 1;
        }
        // 40 callers over ten tenths of a second: four each; that one has a third of them has a chance below 1e-4.
        assert!(tenths.iter().all(|count| *count <= 13), "{}: {tenths:?}", run.place());
        assert!(tenths.iter().filter(|count| **count > 0).count() >= 7, "{}: {tenths:?}", run.place());
    }
}

/// I12: whatever a provider does instead of answering, the attempt ends at its limit and what is left serves the next model;
/// bytes that carry no output change nothing. Broken by: `DeltaStream::limit` (router/attempt.rs) counting from the last bytes;
/// `first_limit` giving all the time there is.
#[test]
fn i12_silence_ends_at_its_limit() {
    streamed(|way| {
        for fault in
            ["hang", "{ stall: { after: 0 } }", "comment_only", "{ ping_only: { every: 50ms, for: 20s } }"]
        {
            let world = World::new(way).route("first_token: 400ms").ask("Hello [words=5]");
            let run = world.fault("pa", fault, "").run();
            let record = run.only();
            assert!(is_whole(record), "{} {fault}: {:?}", run.place(), attempts(record));
            if run.has_no_form(fault) {
                continue;
            }
            let first = &record.trail.as_ref().expect("a trail").attempts[0];
            let silent = first.ended - first.started;
            // Over sockets a busy machine may note the beginning a while after the limit was granted.
            let early = if way.mode == Mode::Simulated { ms(1) } else { ms(50) };
            assert!(silent >= ms(400) - early, "{} {fault}: {silent:?}", run.place());
            assert!(silent <= ms(400) + way.slack(), "{} {fault}: {silent:?}", run.place());
        }
    });
}

/// I12: a gap in the middle ends at the idle limit. Broken by: the same.
#[test]
fn i12_a_gap_ends_at_its_limit() {
    streamed(|way| {
        let run = World::new(way)
            .route("idle: 300ms")
            .ask("Explain [words=20]")
            .fault("pa", "{ stall: { after: 5 } }", "")
            .run();
        let record = run.only();
        let last = record.caller.last_output.expect("words came");
        let silent = record.caller.ended - last;
        assert!(silent >= ms(299) && silent <= ms(300) + way.slack(), "{}: {silent:?}", run.place());
    });
}

/// I12: no answer comes after the deadline and 10 ms, and no attempt begins then: for a plain reply that never comes, for one
/// that dribbles, for waits. Broken by: `Granted::new` (engine/limits.rs) not cutting to the deadline.
#[test]
fn i12_the_deadline_holds() {
    let mut ways = simulated();
    ways.extend(sockets().into_iter().take(2));
    for way in ways {
        for fault in ["hang", "{ slow_tokens: { per_token: 500ms } }", "{ latency_spike: { add: 9s } }"] {
            let mut world = World::new(way).ask("Explain [words=20]").fault("[pa, pb]", fault, "");
            world.route = "chain: [a, b], deadline: 700ms, retry: { timeout: 3 }".to_owned();
            let run = world.run();
            let took = took(run.only());
            assert!(took <= ms(710) + way.slack(), "{} {fault}: {took:?}", run.place());
        }
    }
}
