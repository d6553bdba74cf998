//! An expectation is worth nothing in another world than the one it was written for.

use super::*;
use crate::fuzz::Coverage;
use crate::fuzz::play::simulated;

const ALIVE: fn(&Case) -> bool = |case| {
    let broken = simulated::play(case, &mut Coverage::default()).expect("a simulation needs nothing");
    broken.iter().any(|broken| broken.promise == "liveness")
};

#[test]
fn who_must_be_answered_is_not_asked_sooner_and_faults_do_not_last_longer() {
    // The bench of half a minute outlasts the fault by far: the last request is turned away, which it must not be.
    let text = "
seed: 9
providers:
  a: { dialect: anthropic, latency: { first_token: 300ms, per_token: 10ms, error: 60ms }, output: 20 }
  b: { dialect: openai, latency: mid }
router:
  breaker: { failures: 2, open: 30s, jitter: 0% }
  models:
    one: { provider: a, price: { input: 1, output: 2 } }
    two: { provider: b }
  routes:
    chat: { chain: [one], deadline: 5s }
    other: { chain: [two] }
load:
  - { route: chat, rate: 1/s, arrivals: constant, for: 10s, stream: 50% }
  - { route: other, rate: 1/s, for: 10s }
requests:
  - { send: { route: chat, at: 20s }, status: 200 }
faults:
  - { on: a, during: 2s..9s, inject: server_error }
  - { on: b, inject: reset }
";

    let small = small(text, ALIVE);

    // Two failures bench it. Everything that says how the router heals is as it was, so is the time it had.
    let doc = Doc::read(&small).expect("it is YAML");
    let router = doc.get("router").expect("a router").yaml();
    assert!(
        router.contains("breaker: { failures: 2, open: 30s, jitter: 0% }") && router.contains("deadline: 5s"),
        "{small}"
    );
    assert_eq!(doc.get("requests").map_or(0, Doc::len), 3, "{small}");
    assert_eq!(doc.get("providers").map_or(0, Doc::len), 1, "{small}");
    assert_eq!(doc.get("faults").map_or(0, Doc::len), 1, "{small}");
    assert!(small.contains("status: 200") && !small.contains("load:"), "{small}");
    let healed = gap(&doc);
    assert!(healed >= 11.0, "{healed} s after the fault instead of eleven\n{small}");
}

/// Seconds from the end of the only fault to the last request.
fn gap(doc: &Doc) -> f64 {
    let seconds = |word: &str| crate::scenario::duration(word).expect("a time").as_secs_f64();
    let fault = doc.get("faults").and_then(|faults| faults.at(&[0])).and_then(|fault| fault.get("during"));
    let ends =
        fault.and_then(Doc::word).and_then(|window| window.split_once("..")).expect("a window").1.to_owned();
    let last =
        doc.get("requests").and_then(|requests| requests.items().last()).and_then(|last| last.get("send"));
    let at = last.and_then(|send| send.get("at")).and_then(Doc::word).expect("a time").to_owned();
    seconds(&at) - seconds(&ends)
}

#[test]
fn who_must_be_answered_keeps_away_from_what_is_sent_at_the_start() {
    // Three a minute: one is granted again after twenty seconds, and the last request comes after eleven.
    let text = "
providers:
  a: { dialect: openai, limits: [{ requests: 3/m }] }
router:
  models: { one: { provider: a } }
  routes: { chat: { chain: [one] } }
requests:
  - { send: { route: chat } }
  - { send: { route: chat } }
  - { send: { route: chat } }
  - { send: { route: chat, at: 11s }, status: 200 }
";

    let small = small(text, ALIVE);

    assert!(small.contains("{ send: { route: chat, at: 11s }, status: 200 }"), "{small}");
}

#[test]
fn what_is_asked_of_requests_goes_where_a_promise_is_broken() {
    let text = format!(
        "name: long\nabout: Something\n{CHAIN}
requests:
  - {{ send: {{ route: chat }}, attempts: [one 500, two ok], served_by: two, status: 200, outcome: fallback }}
  - {{ send: {{ route: chat, stream: true }}, status: 200 }}
faults:
  - {{ on: a, inject: server_error }}
expect:
  - availability == 100%
abort_on:
  - availability < 50%
"
    );

    let small = small(&text, |case| met(case, "server_error", |_| true));

    assert!(small.starts_with("providers:"), "{small}");
    assert!(
        small.ends_with(
            "requests:\n  - { send: { route: chat } }\nfaults:\n  - { on: a, inject: server_error }\n"
        ),
        "{small}"
    );
}
