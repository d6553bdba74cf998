//! The whole router in virtual time: real HTTP bytes from callers through the router to mock providers, one
//! declared behaviour a test.
//!
//! Latencies are constants, so every expected time is arithmetic: `fast` answers its first word after 100 ms and
//! one more every 10 ms; errors come after 50 ms. Timers have a resolution of 1 ms, on each side of a hop.

use std::path::Path;
use std::time::Duration;

use brownout::chat::FailureClass;
use brownout::history::{AttemptResult, CallerEnding, Ending, Footer, Mode, Moment, Record, RouterOutcome};
use brownout::judge::{Judgement, Verdict};
use brownout::{run, scenario};

const LATENCY: &str = "latency: { first_token: 100ms, per_token: 10ms, error: 50ms }";

/// A run of a scenario: its records in the order of their numbers, and what was left at the end.
struct Run {
    records: Vec<Record>,
    footer: Footer,
}

/// Runs a scenario of two models, `a` (OpenAI's dialect unless `dialect` says otherwise) and `b`, on one route.
fn play(dialect: &str, route: &str, rest: &str) -> Run {
    play_with(dialect, "", route, rest)
}

/// Like [`play`], with more to say of model `a`.
fn play_with(dialect: &str, model: &str, route: &str, rest: &str) -> Run {
    let text = format!(
        "name: t\nseed: 1\nproviders:\n  pa: {{ dialect: {dialect}, {LATENCY} }}\n  pb: {{ dialect: openai, {LATENCY} }}\n\
         router:\n  models:\n    a: {{ provider: pa, upstream: up-a{model} }}\n    b: {{ provider: pb, upstream: up-b }}\n\
         \x20 routes:\n    chat: {{ {route} }}\n{rest}"
    );
    play_text(&text)
}

fn play_text(text: &str) -> Run {
    let scenario =
        scenario::parse(text, Path::new("t.yaml")).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let mut records = Vec::new();
    let footer = run::run(&scenario, Mode::Simulated, &std::sync::Arc::default(), &mut |record: &Record| {
        records.push(record.clone());
        Ok(())
    })
    .expect("a simulated run needs nothing from outside");
    records.sort_by_key(|record| record.caller.number);
    // I22 on every way out: nothing is held when everything is over.
    let gauges = footer.gauges;
    assert_eq!((gauges.requests, gauges.attempts, gauges.probes), (0, 0, 0));
    let run = Run { records, footer };
    run.records.iter().for_each(agrees);
    assert_kept(&brownout::run::judge(&scenario, Mode::Simulated).expect("a second run"));
    run
}

/// The judge's own promises hold in every world, these included.
fn assert_kept(judgement: &Judgement) {
    for promise in &judgement.promises {
        assert_eq!(promise.violations, 0, "{} {}: {:?}", promise.id, promise.name, promise.witnesses);
    }
    let scripted: Vec<_> =
        judgement.scripted.iter().filter(|result| result.verdict != Verdict::Pass).collect();
    assert!(scripted.is_empty(), "{scripted:?}");
}

/// I19: what the caller was told, what the trail says and what the ledgers hold agree.
fn agrees(record: &Record) {
    let Some(trail) = &record.trail else { return };
    let reached = trail.attempts.iter().filter(|attempt| attempt.connected.is_some()).count();
    assert_eq!(record.calls.len(), reached, "ledgers and trail: {record:#?}");
    if record.caller.headers.is_some() && record.caller.ending != CallerEnding::Left {
        assert_eq!(record.caller.attempts, Some(trail.attempts.len() as u32), "x-brownout-attempts");
    }
    let serves = match &trail.outcome {
        RouterOutcome::Answered { model } | RouterOutcome::Interrupted { model, .. } => Some(model),
        RouterOutcome::Rescued { by } => Some(by),
        RouterOutcome::Failed { .. } | RouterOutcome::Cancelled => None,
    };
    if let Some(serves) = serves {
        assert_eq!(record.caller.served_by.as_ref(), Some(serves), "x-brownout-served-by");
    }
    // I12: nothing comes after the deadline and 10 ms.
    assert!(trail.ended <= trail.deadline + Duration::from_millis(10), "ended {:?}", trail.ended);
}

/// `MODEL RESULT` of every attempt.
fn attempts(record: &Record) -> Vec<String> {
    let trail = record.trail.as_ref().expect("a trail");
    let result = |attempt: &brownout::history::Attempt| match &attempt.result {
        AttemptResult::Served => format!("{} ok", attempt.model),
        AttemptResult::Failed(failure) => format!("{} {}", attempt.model, failure.class),
        AttemptResult::Cancelled => format!("{} cancelled", attempt.model),
        AttemptResult::Lost => format!("{} lost", attempt.model),
    };
    trail.attempts.iter().map(result).collect()
}

/// From the intended arrival to the end, in milliseconds.
fn took(record: &Record) -> u128 {
    (record.caller.ended - record.caller.intended).as_millis()
}

fn error(record: &Record) -> (Option<u16>, Option<&str>, &str, Option<Duration>) {
    match &record.caller.ending {
        CallerEnding::Error { code, message, retry_after } => {
            (record.caller.status, code.as_deref(), message, *retry_after)
        }
        other => panic!("an error answer was expected, not {other:?}"),
    }
}

fn one(prompt: &str, stream: bool) -> String {
    format!("requests:\n  - send: {{ route: chat, prompt: '{prompt}', stream: {stream} }}\n")
}

const DIALECTS: [&str; 3] = ["openai", "anthropic", "gemini"];
const CHAIN: &str = "chain: [a, b], deadline: 20s, first_token: 2s";

/// I02, I24: whatever fails before the first output is repaired unseen, in every dialect, stream or plain alike.
#[test]
fn failures_before_the_first_output_are_repaired_by_the_next_model() {
    let faults = [
        ("overloaded", "overloaded"),
        ("server_error", "server_error"),
        ("rate_limit", "rate_limited"),
        ("quota_exhausted", "quota_exhausted"),
        ("unauthorized", "unauthorized"),
        ("not_found", "not_found"),
        ("context_exceeded", "context_exceeded"),
        ("refuse_connections", "unreachable"),
        ("reset", "unreachable"),
        ("empty", "empty"),
    ];
    for dialect in DIALECTS {
        for (fault, class) in faults {
            for stream in [false, true] {
                let rest = format!("{}faults:\n  - {{ on: pa, inject: {fault} }}\n", one("Hello", stream));
                let run = play(dialect, CHAIN, &rest);
                let expected = [format!("a {class}"), "b ok".to_owned()];
                assert_eq!(attempts(&run.records[0]), expected, "{dialect} {fault} stream {stream}");
                assert_eq!(run.records[0].caller.ending, CallerEnding::Complete, "{dialect} {fault}");
            }
        }
    }
}

/// I02 for what only streams do: a cut, an error event or a stall before the first output.
#[test]
fn streams_that_break_before_their_first_output_are_repaired() {
    for dialect in DIALECTS {
        for (fault, class) in [
            ("{ cut: { after: 0, close: clean } }", "truncated"),
            ("{ cut: { after: 0, close: fin } }", "truncated"),
            ("{ stream_error: { after: 0, error: overloaded } }", "overloaded"),
            ("{ stall: { after: 0 } }", "timeout_first_token"),
        ] {
            let rest = format!("{}faults:\n  - {{ on: pa, inject: {fault} }}\n", one("Hello", true));
            let run = play(dialect, CHAIN, &rest);
            assert_eq!(
                attempts(&run.records[0]),
                [format!("a {class}"), "b ok".to_owned()],
                "{dialect} {fault}"
            );
        }
    }
}

/// I01, I03: after the first output a break is an error the caller notices, never a terminator and never a splice.
#[test]
fn a_stream_cut_after_output_ends_in_an_in_band_error() {
    for dialect in DIALECTS {
        for close in ["clean", "fin"] {
            let rest = format!(
                "{}faults:\n  - {{ on: pa, inject: {{ cut: {{ after: 5, close: {close} }} }} }}\n",
                one("Explain [words=40]", true)
            );
            let run = play(dialect, CHAIN, &rest);
            let record = &run.records[0];
            assert_eq!(attempts(record), ["a truncated"], "{dialect} {close}");
            match &record.caller.ending {
                CallerEnding::InBandError { code, message } => {
                    assert_eq!(code.as_deref(), Some("truncated"));
                    assert!(message.contains("`a` failed"), "{message}");
                }
                other => panic!("{dialect} {close}: {other:?}"),
            }
            assert!(record.caller.finish.is_none(), "no finish reason is invented");
        }
    }
}

/// I12: a request that is read and never answered ends at its limit, and what is left serves the next model.
#[test]
fn a_hang_ends_at_its_limit() {
    // Stream: first_token 2 s, then b's first word after 100 ms: the first output comes at 2,100 ms.
    let hang = "faults:\n  - { on: pa, inject: hang }\n";
    let run = play("openai", CHAIN, &format!("{}{hang}", one("Hello [words=1]", true)));
    assert_eq!(attempts(&run.records[0]), ["a timeout_first_token", "b ok"]);
    assert!((2100..2110).contains(&took(&run.records[0])), "{}", took(&run.records[0]));
    // Plain: the equal share of 20 s for two models is 10 s.
    let run = play("openai", CHAIN, &format!("{}{hang}", one("Hello [words=1]", false)));
    assert_eq!(attempts(&run.records[0]), ["a timeout_total", "b ok"]);
    assert!((10_100..10_130).contains(&took(&run.records[0])), "{}", took(&run.records[0]));
}

/// I12: a connection that is never made ends at the limit on connecting.
#[test]
fn a_black_hole_ends_at_the_connect_limit() {
    let route = "chain: [a, b], deadline: 20s, connect: 700ms";
    let rest = format!("{}faults:\n  - {{ on: pa, inject: black_hole }}\n", one("Hello [words=1]", false));
    let run = play("openai", route, &rest);
    assert_eq!(attempts(&run.records[0]), ["a timeout_connect", "b ok"]);
    assert!((800..830).contains(&took(&run.records[0])), "{}", took(&run.records[0]));
}

/// I12: a stall in the middle ends at the idle limit, in band.
#[test]
fn a_stall_after_output_ends_at_the_idle_limit() {
    // 5 words: 100 + 4 x 10 ms, then 1.5 s of silence.
    let route = "chain: [a, b], deadline: 20s, idle: 1500ms";
    let rest = format!(
        "{}faults:\n  - {{ on: pa, inject: {{ stall: {{ after: 5 }} }} }}\n",
        one("Go [words=40]", true)
    );
    let run = play("openai", route, &rest);
    assert_eq!(attempts(&run.records[0]), ["a timeout_idle"]);
    assert!((1640..1660).contains(&took(&run.records[0])), "{}", took(&run.records[0]));
}

/// I10: a wait that was asked for, in each legal form, is waited out, never early, and at most a tenth (100 ms) late.
#[test]
fn a_requested_wait_is_exact_in_every_form() {
    // The answer comes after 50 ms. The date has whole seconds, so it is up to a second later than the 3 s meant.
    let route = "chain: [a], deadline: 30s, retry: { rate_limited: { times: 1, backoff: 10ms } }";
    for (form, least, most) in
        [("2s", 2000, 2100), ("{ ms: 1500ms }", 1500, 1600), ("{ date: 3s }", 2950, 4100)]
    {
        let rest = format!(
            "{}faults:\n  - {{ on: pa, inject: {{ rate_limit: {{ retry_after: {form} }} }}, first: 1 }}\n",
            one("Hello [words=1]", false)
        );
        let run = play("openai", route, &rest);
        let record = &run.records[0];
        assert_eq!(attempts(record), ["a rate_limited", "a ok"]);
        let asked = record.calls[0].retry_after.expect("it asked");
        let gap = record.calls[1].received - record.calls[0].ended;
        assert!(gap >= asked, "{form}: came back after {gap:?}, asked for {asked:?}");
        assert!((least..most + 10).contains(&gap.as_millis()), "{form}: {gap:?}");
    }
}

/// A wait beyond the cap, beyond the deadline, or under `move_on`, is not waited out: the next model is asked at once.
#[test]
fn a_wait_that_is_too_long_moves_on_at_once() {
    // 50 ms for the 429, 100 ms for b's first word.
    for (policy, wait) in
        [("{ wait_at_most: 5s }", "6s"), ("{ wait_at_most: 60s }", "25s"), ("move_on", "1s")]
    {
        let route =
            format!("chain: [a, b], deadline: 20s, retry: {{ rate_limited: 3 }}, retry_after: {policy}");
        let rest = format!(
            "{}faults:\n  - {{ on: pa, inject: {{ rate_limit: {{ retry_after: {wait} }} }} }}\n",
            one("Hello [words=1]", false)
        );
        let run = play("openai", &route, &rest);
        assert_eq!(attempts(&run.records[0]), ["a rate_limited", "b ok"], "{policy}");
        assert!(took(&run.records[0]) < 200, "{policy}: {}", took(&run.records[0]));
    }
}

/// I18, I10: the error names the real cause in OpenAI's shape, and returns the wait that was asked for.
#[test]
fn the_last_error_carries_its_cause_and_its_wait() {
    let rest = format!(
        "{}faults:\n  - {{ on: pa, inject: {{ rate_limit: {{ retry_after: 40s }} }} }}\n",
        one("Hello", false)
    );
    let run = play("openai", "chain: [a], deadline: 20s", &rest);
    let (status, code, message, wait) = error(&run.records[0]);
    assert_eq!((status, code), (Some(429), Some("rate_limited")));
    assert!(message.contains("`a`") && message.contains("429"), "{message}");
    assert_eq!(wait, Some(Duration::from_secs(40)));
}

/// I14, I15: a dead primary is paid for by few requests, and traffic is back soon after it healed.
#[test]
fn an_outage_of_a_minute_costs_a_handful_of_attempts() {
    // A request every 4 s; dead from 20 s to 80 s. Two failures bench it (20, 24 s); benches of 8, 16 and 32 s end
    // at 32, 48 and 80 s: probes at 32, 48 and, healed, 80 s. 4 attempts in the outage; back at 80 or 84 s.
    let rest = "load:\n  - { route: chat, rate: 0.25/s, arrivals: constant, for: 120s, output: 1, prompt: 5 }\n\
                faults:\n  - { on: pa, during: 20s..80s, inject: { status: 503 } }\n";
    let model = ", breaker: { failures: 2, open: 8s, factor: 2, open_max: 60s }";
    let run = play_with("openai", model, CHAIN, rest);
    let outage = |at: Moment| at >= Moment::from_us(20_000_000) && at < Moment::from_us(80_000_000);
    let calls = || run.records.iter().flat_map(|record| &record.calls).filter(|call| call.provider == "pa");
    let touched = calls().filter(|call| outage(call.received)).count();
    assert!((2..=5).contains(&touched), "touched {touched} times");
    let back = calls().map(|call| call.received).find(|at| *at >= Moment::from_us(80_000_000)).expect("back");
    assert!(back <= Moment::from_us(113_000_000), "back at {back:?}");
    assert!(run.records.iter().all(|record| record.caller.ending == CallerEnding::Complete));
}

/// I14: when a bench ends, one request probes; the others that arrive meanwhile do not.
#[test]
fn a_crowd_sends_one_probe() {
    // Benched at 0.05 s for 5 s. At 6 s ten requests arrive at once; the probe hangs, nine pass it over.
    let rest = "load:\n  - { route: chat, burst: { size: 1, every: 60s }, for: 1s, output: 1, prompt: 5 }\n\
                \x20 - { route: chat, burst: { size: 10, every: 60s }, from: 6s, for: 1s, output: 1, prompt: 5 }\n\
                faults:\n  - { on: pa, during: 0s..5s, inject: { status: 503 } }\n\
                \x20 - { on: pa, during: 5s..7s, inject: hang }\n";
    let model = ", breaker: { failures: 1, open: 5s }";
    let run = play_with("openai", model, "chain: [a, b], deadline: 20s, attempt: 2s", rest);
    let probes = run.records.iter().filter_map(|record| record.trail.as_ref());
    let asked: Vec<_> =
        probes.flat_map(|trail| &trail.attempts).filter(|attempt| attempt.model == "a").collect();
    assert_eq!(asked.len(), 2, "the first request, and one probe");
    assert!(asked.iter().any(|attempt| attempt.probe));
}

/// I12: with everything silent the error comes at the deadline, not 10 ms later.
#[test]
fn no_reply_comes_after_the_deadline() {
    for stream in [false, true] {
        let rest = format!("{}faults:\n  - {{ on: [pa, pb], inject: hang }}\n", one("Hello", stream));
        let run = play("openai", "chain: [a, b], deadline: 3s, retry: { timeout: 2 }", &rest);
        let took = took(&run.records[0]);
        assert!((2990..=3010).contains(&took), "{took}");
        assert_eq!(error(&run.records[0]).0, Some(504));
    }
}

/// I21: a caller who leaves stops the upstream call within milliseconds, frees the probe, and nothing begins after.
#[test]
fn a_caller_who_leaves_stops_the_work() {
    for stream in [false, true] {
        let send = |at: &str, more: &str| {
            format!(
                "  - send: {{ route: chat, prompt: 'Go [words=200]', stream: {stream}, at: {at}{more} }}\n"
            )
        };
        // 200 words take 100 + 199 x 10 ms; the caller leaves after 500 ms. The model was benched at 0 s for 5 s, so
        // at 6 s it is a probe that is left.
        let rest = format!(
            "requests:\n{}{}{}faults:\n  - {{ on: pa, during: 0s..1s, inject: {{ status: 503 }} }}\n",
            send("0s", ""),
            send("6s", ", leave_after: 500ms"),
            send("8s", "")
        );
        let model = ", breaker: { failures: 1, open: 5s }";
        let run = play_with("openai", model, CHAIN, &rest);
        let left = &run.records[1];
        assert_eq!(attempts(left), ["a cancelled"]);
        assert!(left.trail.as_ref().is_some_and(|trail| trail.attempts[0].probe));
        let call = &left.calls[0];
        assert_eq!(call.ending, Ending::Abandoned);
        let late = call.ended - Moment::from_us(6_500_000);
        assert!(late <= Duration::from_millis(5), "the provider worked on for {late:?}");
        assert_eq!(attempts(&run.records[2]), ["a ok"], "the probe slot was given back");
    }
}

/// I21: nor does anything begin after a wait whose caller is gone.
#[test]
fn a_caller_who_leaves_while_the_router_waits_starts_nothing() {
    let rest = "requests:\n  - send: { route: chat, prompt: Hello, leave_after: 1s }\n\
                faults:\n  - { on: pa, inject: { rate_limit: { retry_after: 4s } } }\n";
    let run = play("openai", "chain: [a], deadline: 20s, retry: { rate_limited: 2 }", rest);
    assert_eq!(attempts(&run.records[0]), ["a rate_limited"]);
    assert_eq!(run.records[0].trail.as_ref().map(|trail| &trail.outcome), Some(&RouterOutcome::Cancelled));
}

/// Last resorts come in their order, and a cached answer is served in the asking caller's shape (I25).
#[test]
fn last_resorts_come_in_order_and_in_the_callers_shape() {
    let route = "chain: [a], deadline: 20s, cache: 10m, rescue: [cache, { model: b }, { fixed: Call us }]";
    let down = "faults:\n  - { on: pa, during: 5s..60s, inject: refuse_connections }\n  - { on: pb, during: 30s..60s, inject: { status: 500 } }\n";
    let send = |prompt: &str, stream: bool, at: u32| {
        format!("  - send: {{ route: chat, prompt: '{prompt}', stream: {stream}, at: {at}s }}\n")
    };
    let rest = format!(
        "requests:\n{}{}{}{}{}{}{down}",
        send("Known [words=7]", false, 0),
        send("Streamed [words=7]", true, 1),
        send("Known [words=7]", true, 10),
        send("Streamed [words=7]", false, 12),
        send("Unknown [words=7]", false, 14),
        send("Unknown [words=7]", true, 40),
    );
    let run = play("openai", route, &rest);
    let served: Vec<_> =
        run.records.iter().map(|record| record.caller.served_by.clone().unwrap_or_default()).collect();
    assert_eq!(served, ["a", "a", "cache", "cache", "b", "fixed"]);
    for record in &run.records {
        assert_eq!(record.caller.ending, CallerEnding::Complete, "{}", record.caller.number);
    }
    assert_eq!(run.records[2].caller.text_bytes, run.records[0].caller.text_bytes);
}

/// I25: an answer that broke, was refused or was empty is never kept; nor is one of a last resort.
#[test]
fn incomplete_answers_are_never_cached() {
    for fault in ["{ cut: { after: 3, close: fin } }", "refusal", "empty"] {
        let rest = format!(
            "requests:\n  - send: {{ route: chat, prompt: 'Q [words=20]', stream: true, at: 0s }}\n\
             \x20 - send: {{ route: chat, prompt: 'Q [words=20]', at: 10s }}\n\
             faults:\n  - {{ on: pa, during: 0s..5s, inject: {fault} }}\n\
             \x20 - {{ on: pa, during: 5s..60s, inject: {{ status: 500 }} }}\n"
        );
        let run =
            play("openai", "chain: [a], deadline: 20s, empty: answer, cache: 10m, rescue: [cache]", &rest);
        assert_eq!(error(&run.records[1]).0, Some(500), "{fault}");
    }
    let rest = "requests:\n  - send: { route: chat, prompt: Q, at: 0s }\n  - send: { route: chat, prompt: Q, at: 10s }\n\
                faults:\n  - { on: pa, inject: { status: 500 } }\n  - { on: pb, during: 5s..60s, inject: { status: 500 } }\n";
    let run = play("openai", "chain: [a], deadline: 20s, cache: 10m, rescue: [cache, { model: b }]", rest);
    assert_eq!(run.records[0].caller.served_by.as_deref(), Some("b"));
    assert_eq!(error(&run.records[1]).0, Some(500), "b is not of the chain");
}

/// Contested 6: a refusal is an answer or a failure, as the route declares, in every dialect; never bad for health.
#[test]
fn refusals_follow_the_declared_policy() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            let rest = format!("{}faults:\n  - {{ on: pa, inject: refusal }}\n", one("Hello", stream));
            let next =
                play_with(dialect, ", breaker: { failures: 1 }", &format!("{CHAIN}, refusal: next"), &rest);
            assert_eq!(attempts(&next.records[0]), ["a refused", "b ok"], "{dialect}");
            let pass = play(dialect, &format!("{CHAIN}, refusal: pass"), &rest);
            assert_eq!(attempts(&pass.records[0]), ["a ok"], "{dialect}");
            assert!(pass.records[0].caller.refused, "{dialect} stream {stream}");
        }
    }
}

/// I05: an empty success is an answer or a failure, as the route declares.
#[test]
fn empty_answers_follow_the_declared_policy() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            let rest = format!("{}faults:\n  - {{ on: pa, inject: empty }}\n", one("Hello", stream));
            let answer = play(dialect, &format!("{CHAIN}, empty: answer"), &rest);
            assert_eq!(attempts(&answer.records[0]), ["a ok"], "{dialect} stream {stream}");
            let failure = play(dialect, &format!("{CHAIN}, empty: failure"), &rest);
            assert_eq!(attempts(&failure.records[0]), ["a empty", "b ok"], "{dialect} stream {stream}");
        }
    }
}

/// A 400 for content is answered elsewhere when refusals lead on; a bad request surfaces at once, unrepeated; and
/// neither hurts the model's health (I08, I13).
#[test]
fn bad_requests_surface_and_blocked_content_moves_on() {
    for dialect in DIALECTS {
        let rest = "requests:\n  - send: { route: chat, prompt: blocked }\n  - send: { route: chat, prompt: malformed }\n\
                    \x20 - send: { route: chat, prompt: fine }\n\
                    faults:\n  - { on: pa, inject: content_filter, when: { prompt: blocked } }\n\
                    \x20 - { on: pa, inject: invalid_request, when: { prompt: malformed } }\n";
        let route = format!("{CHAIN}, refusal: next, retry: {{ server_error: 2 }}");
        let run = play_with(dialect, ", breaker: { failures: 1 }", &route, rest);
        assert_eq!(attempts(&run.records[0]), ["a refused", "b ok"], "{dialect}");
        assert_eq!(attempts(&run.records[1]), ["a invalid_request"], "{dialect}");
        assert_eq!(error(&run.records[1]).0, Some(400), "{dialect}");
        assert_eq!(attempts(&run.records[2]), ["a ok"], "{dialect}: one failure would have benched it");
    }
}

/// I08: what waiting does not heal is not repeated, whatever transient failures get; the key's failure benches at once.
#[test]
fn deterministic_failures_are_not_repeated() {
    for (fault, class) in [
        ("unauthorized", FailureClass::Unauthorized),
        ("forbidden", FailureClass::Unauthorized),
        ("not_found", FailureClass::NotFound),
        ("quota_exhausted", FailureClass::QuotaExhausted),
    ] {
        let rest = format!(
            "requests:\n  - send: {{ route: chat, prompt: x }}\n  - send: {{ route: chat, prompt: y }}\n\
             faults:\n  - {{ on: pa, inject: {fault} }}\n"
        );
        let run = play("openai", &format!("{CHAIN}, retry: {{ transient: 3, rate_limited: 3 }}"), &rest);
        assert_eq!(attempts(&run.records[0]), [format!("a {class}"), "b ok".to_owned()]);
        if class != FailureClass::NotFound {
            assert_eq!(attempts(&run.records[1]), ["b ok"], "{class} benches at once");
        }
    }
}

/// I06: `max_attempts` bounds repeats and hops together.
#[test]
fn attempts_stop_at_their_bound() {
    for bound in 1..=5_usize {
        let route = format!(
            "{CHAIN}, max_attempts: {bound}, retry: {{ server_error: {{ times: 2, backoff: 10ms }} }}"
        );
        let rest = format!("{}faults:\n  - {{ on: [pa, pb], inject: server_error }}\n", one("Hello", false));
        let run = play("openai", &route, &rest);
        assert_eq!(attempts(&run.records[0]).len(), bound);
        assert_eq!(error(&run.records[0]).0, Some(500));
    }
}

/// I17: a model whose window is too small is passed over, and the trail says so.
#[test]
fn a_prompt_that_does_not_fit_is_not_sent() {
    let long = "word ".repeat(400);
    let run = play_with("openai", ", context: 100", CHAIN, &one(&long, false));
    assert_eq!(attempts(&run.records[0]), ["b ok"]);
    let skips = &run.records[0].trail.as_ref().expect("a trail").skips;
    assert_eq!((skips.len(), skips[0].model.as_str()), (1, "a"));
    let run = play_with("openai", ", context: 100", CHAIN, &one("short", false));
    assert_eq!(attempts(&run.records[0]), ["a ok"]);
}

/// I16: each provider sees its own credential, and no other.
#[test]
fn every_provider_sees_its_own_key_only() {
    let rest = format!("{}faults:\n  - {{ on: pa, inject: server_error }}\n", one("Hello", false));
    let run = play("anthropic", CHAIN, &rest);
    let calls = &run.records[0].calls;
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.credential.is_some()));
    assert_ne!(calls[0].credential, calls[1].credential);
    assert_eq!(run.footer.intended, 1);
}
