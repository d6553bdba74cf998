use std::time::Duration;

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::{Failure, FailureClass, Usage};
use crate::router::trail::{Cause, Outcome, Seam, Skip, SkipReason, Wait, WaitCause};

fn at(ms: u64) -> Moment {
    Moment::from_us(1_000_000 + ms * 1000)
}

fn attempt(number: u32, model: &str, from: u64, to: u64, result: AttemptResult) -> Attempt {
    Attempt {
        number,
        model: model.to_owned(),
        provider: format!("p-{model}"),
        upstream: "m".to_owned(),
        key: (number == 1).then(|| "key-2".to_owned()),
        cause: if number == 0 { Cause::First } else { Cause::Fallback },
        probe: false,
        started: at(from),
        connected: None,
        first_output: None,
        ended: at(to),
        result,
        usage: None,
        cost: None,
        adapted: Vec::new(),
    }
}

fn overloaded(message: &str) -> AttemptResult {
    AttemptResult::Failed(Failure { status: Some(503), ..Failure::new(FailureClass::Overloaded, message) })
}

fn trail(attempts: Vec<Attempt>) -> Trail {
    Trail {
        request_id: "r0".to_owned(),
        route: "chat".to_owned(),
        stream: false,
        received: at(0),
        deadline: at(20_000),
        committed: None,
        ended: at(0),
        attempts,
        waits: Vec::new(),
        skips: Vec::new(),
        chain: None,
        seams: Vec::new(),
        tenant: None,
        tags: Vec::new(),
        outcome: Outcome::Cancelled,
    }
}

/// `a` fails after 3 ms and a wait of 5 ms is planned; `b` answers from 8 to 20 ms.
fn told() -> Told {
    let mut trail = trail(vec![attempt(0, "a", 0, 3, overloaded("busy"))]);
    trail.waits.push(Wait { from: at(3), until: at(8), cause: WaitCause::Backoff });
    trail.skips.push(Skip {
        model: "c".to_owned(),
        at: at(3),
        reason: SkipReason::Benched { until: at(1003) },
    });
    trail.seams.push(Seam { at: at(12), after_chars: 7, from: 0, to: 1 });
    let serving = Attempt {
        first_output: Some(at(20)),
        usage: Some(Usage { input: Some(3), output: Some(5), ..Usage::default() }),
        cost: Some(4_500_000_000),
        adapted: vec!["dropped `seed`".to_owned()],
        ..attempt(1, "b", 8, 8, AttemptResult::Cancelled)
    };
    Told::of(&trail, Some(&serving), Some("b".to_owned()), at(20), true)
}

#[test]
fn headers_tell_who_served_after_what_and_for_how_much() {
    let mut headers = HeaderMap::new();
    told().write(&mut headers);
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(text("x-brownout-served-by"), Some("b"));
    assert_eq!(text("x-brownout-attempts"), Some("2"));
    assert_eq!(text("x-brownout-trail"), Some("a 503 overloaded; b ok"));
    // 4.5 thousandths of a dollar are known; what the first attempt cost is not.
    assert_eq!(text("x-brownout-cost"), Some("0.0045;partial"));
    assert_eq!(text("x-brownout-adapted"), Some("dropped `seed`"));
}

#[test]
fn the_ledger_is_the_trail_in_milliseconds_and_dollars_and_knows_no_false_zero() {
    let ledger = serde_json::to_value(told().ledger).unwrap();
    let expected = json!({
        "request_id": "r0", "route": "chat", "served_by": "b",
        "attempts": [
            {"number": 0, "model": "a", "provider": "p-a", "upstream": "m", "key": null, "cause": "first", "probe": false, "result": "failed",
             "class": "overloaded", "status": 503, "code": null, "message": "busy", "started_ms": 0.0,
             "first_output_ms": null, "ended_ms": 3.0, "tokens": null, "cost_usd": null, "adapted": [],
             "next": {"number": 1, "cause": "fallback", "because": "overloaded", "waited_ms": 5.0}},
            {"number": 1, "model": "b", "provider": "p-b", "upstream": "m", "key": "key-2", "cause": "fallback", "probe": false,
             "result": "served", "class": null, "status": null, "code": null, "message": null,
             "started_ms": 8.0, "first_output_ms": 20.0, "ended_ms": 20.0,
             "tokens": {"input": 3, "cached_input": null, "output": 5, "reasoning": null},
             "cost_usd": 0.0045, "adapted": ["dropped `seed`"], "next": null},
        ],
        "skips": [{"model": "c", "at_ms": 3.0, "reason": "benched", "until_ms": 1003.0}],
        "waits": [{"from_ms": 3.0, "until_ms": 8.0, "cause": "backoff"}],
        "seams": [{"at_ms": 12.0, "after_chars": 7, "from": 0, "to": 1}],
        "cost": {"usd": 0.0045, "partial": true},
    });
    assert_eq!(ledger, expected);
}

#[test]
fn an_error_can_list_every_failed_attempt() {
    let trail = trail(vec![
        attempt(0, "a", 0, 3, overloaded(&"é".repeat(400))),
        attempt(1, "b", 3, 4, AttemptResult::Failed(Failure::new(FailureClass::Unreachable, "refused"))),
    ]);
    let told = Told::of(&trail, None, None, at(4), false);
    let listed: Vec<_> = told.tried.iter().map(|tried| (tried.model.as_str(), tried.class)).collect();
    assert_eq!(listed, [("a", "overloaded"), ("b", "unreachable")]);
    // Cut to 300 bytes, 150 letters of two, and the mark of the cut.
    assert_eq!(told.tried[0].message, format!("{}…", "é".repeat(150)));
    assert_eq!((told.attempts, told.ledger), (Some(2), None));
}

#[test]
fn nothing_is_told_before_it_is_known() {
    let mut headers = HeaderMap::new();
    Told::unknown().write(&mut headers);
    assert!(headers.is_empty());
    Told::default().write(&mut headers);
    assert_eq!(headers["x-brownout-attempts"], "0");
}

#[test]
fn dollars_are_exact() {
    for (pico, text) in
        [(0, "0"), (1, "0.000000000001"), (4_500_000_000, "0.0045"), (12_000_000_000_000, "12")]
    {
        assert_eq!(headers::dollars(pico), text);
    }
}

proptest! {
    /// Whatever models and providers are called and say, headers are header text of bounded length, and plain names
    /// stay as they are.
    #[test]
    fn any_words_are_valid_header_text(words in "\\PC{0,2000}|[\\x00-\\xff]{0,2000}") {
        let value = text(&words);
        let value = value.to_str().unwrap();
        prop_assert!(value.len() <= 1024);
        if words.len() <= 1000 && words.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            prop_assert_eq!(value, words);
        }
    }

    /// The ledger lists exactly the trail's attempts, in its order, with its times, whatever came of them; what they
    /// cost adds up to the known costs.
    #[test]
    fn ledger_and_trail_agree(
        lives in prop::collection::vec((0..5000u64, 0..5000u64, prop::option::of(0..u64::from(u32::MAX)), 0..3), 0..8)
    ) {
        let mut from = 0;
        let mut attempts = Vec::new();
        for (number, (gap, took, cost, result)) in lives.iter().enumerate() {
            let result = match result {
                0 => overloaded("x"),
                1 => AttemptResult::Cancelled,
                _ => AttemptResult::Served,
            };
            let started = from + gap;
            from = started + took;
            attempts.push(Attempt { cost: *cost, ..attempt(number as u32, "m", started, from, result) });
        }
        let trail = trail(attempts);
        let told = Told::of(&trail, None, None, at(from), true);
        let ledger = serde_json::to_value(&told.ledger).unwrap();
        let entries = ledger["attempts"].as_array().unwrap();
        prop_assert_eq!(entries.len(), trail.attempts.len());
        for (entry, attempt) in entries.iter().zip(&trail.attempts) {
            let ms = |at: Moment| json!(at.since(trail.received).as_micros() as f64 / 1e3);
            prop_assert_eq!(&entry["number"], &json!(attempt.number));
            prop_assert_eq!(&entry["started_ms"], &ms(attempt.started));
            prop_assert_eq!(&entry["ended_ms"], &ms(attempt.ended));
            prop_assert_eq!(entry["cost_usd"].is_null(), attempt.cost.is_none());
            let failed = matches!(attempt.result, AttemptResult::Failed(_));
            prop_assert_eq!(entry["class"].is_null(), !failed);
        }
        let known: Option<u64> = trail.attempts.iter().filter_map(|attempt| attempt.cost).reduce(|a, b| a + b);
        prop_assert_eq!(told.cost.known, known);
        prop_assert_eq!(ledger["cost"]["usd"].is_null(), known.is_none());
        prop_assert_eq!(&ledger["cost"]["partial"], &json!(trail.attempts.iter().any(|a| a.cost.is_none())));
        prop_assert_eq!(ledger["skips"].clone(), Value::Array(Vec::new()));
        let span = Duration::from_millis(from);
        prop_assert!(trail.attempts.iter().all(|attempt| attempt.ended.since(trail.received) <= span));
    }
}
