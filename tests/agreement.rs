//! One scenario, two places to run: what is simulated is what happens over real sockets.
//!
//! The bound. Outcomes are equal, request by request: who answered, with which status, after which attempts
//! with which results. Medians of the first output and of the whole answer differ by at most 5 ms or 15 %,
//! whichever is more: a real run adds wake-ups of the timer (a millisecond each, and there is one a chunk) and
//! what loopback and a shared machine take.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use brownout::history::{AttemptResult, CallerEnding, Mode, Record};
use brownout::judge::{Judge, Judgement, Outcome, Verdict};
use brownout::run;
use brownout::scenario::{self, Scenario};

/// Difference of medians, in seconds, that is always allowed.
const SLACK_S: f64 = 0.005;

/// Difference of medians that is allowed of what was simulated.
const SLACK_SHARE: f64 = 0.15;

/// Runs `scenario` and keeps its records.
fn play(scenario: &Scenario, mode: Mode) -> (Judgement, Vec<Record>) {
    let mut judge = Judge::new(run::header(scenario, mode));
    let mut records = Vec::new();
    let footer = run::run(scenario, mode, &Arc::default(), &mut |record: &Record| {
        judge.record(record);
        records.push(record.clone());
        Ok(())
    })
    .expect("it runs");
    (judge.finish(footer), records)
}

fn parse(text: &str) -> Scenario {
    scenario::parse(text, Path::new("agreement.yaml")).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What is equal in both places: status, ending and who answered, for the caller; model and result of every
/// attempt.
fn story(record: &Record) -> String {
    let caller = &record.caller;
    let ending = match &caller.ending {
        CallerEnding::Error { code, .. } => format!("error {code:?}"),
        CallerEnding::InBandError { code, .. } => format!("in-band error {code:?}"),
        ending => format!("{ending:?}"),
    };
    let attempts = record.trail.iter().flat_map(|trail| &trail.attempts).map(|attempt| {
        let result = match &attempt.result {
            AttemptResult::Failed(failure) => format!("{} {:?}", failure.class.name(), failure.status),
            AttemptResult::Served => "served".to_owned(),
            AttemptResult::Cancelled => "cancelled".to_owned(),
            AttemptResult::Lost => "lost".to_owned(),
        };
        format!("{} {result}", attempt.model)
    });
    let attempts: Vec<_> = attempts.collect();
    format!(
        "{:?} {ending} {} words by {:?}, {attempts:?}",
        caller.status, caller.transcript.words, caller.served_by
    )
}

fn stories(records: &[Record]) -> BTreeMap<String, String> {
    records.iter().map(|record| (record.caller.request_id.clone(), story(record))).collect()
}

#[track_caller]
fn close(figure: &str, simulated: &Judgement, real: &Judgement) {
    let median = |one: &Judgement| one.whole.measure(figure, Some("p50")).expect("a median");
    let (expected, got) = (median(simulated), median(real));
    let allowed = SLACK_S.max(SLACK_SHARE * expected);
    assert!((got - expected).abs() <= allowed, "{figure}: simulated {expected} s, real {got} s");
}

#[test]
fn load_with_rate_limits_agrees() {
    // 100 requests a second for two seconds, half of them streams. Every first call of three requests in ten
    // gets a 429; one repeat 20 ms later serves it. 30 + 9 x 2 ms, or 50 ms for those that were told to come
    // again: the bound above is 7 ms.
    let scenario = parse(
        "
providers:
  claude: { dialect: anthropic, latency: { first_token: 30ms, per_token: 2ms, error: 10ms } }
  google: { dialect: gemini, latency: { first_token: 30ms, per_token: 2ms, error: 10ms } }
router:
  models:
    a: { provider: claude, upstream: claude-sonnet-4-5, price: { input: 3, output: 15 }, breaker: off }
    b: { provider: google, upstream: gemini-2.5-flash, price: { input: 1, output: 2 }, breaker: off }
  routes:
    chat: { chain: [a, b], deadline: 10s }
load:
  - { route: chat, rate: 100/s, arrivals: constant, for: 2s, stream: 50%, output: 10 }
faults:
  - { on: claude, inject: rate_limit, first: 1, per: request, probability: 30% }
",
    );

    let (simulated, planned) = play(&scenario, Mode::Simulated);
    // A machine that is busy for a moment sends late, which proves nothing: three tries.
    let mut tries = (0..3).map(|_| play(&scenario, Mode::RealTime));
    let (real, happened) =
        tries.find(|(real, _)| real.verdict != Verdict::Inconclusive).expect("one try that proves something");

    assert_eq!(planned.len(), 200);
    assert_eq!(stories(&planned), stories(&happened));
    assert_eq!(simulated.whole.outcomes, real.whole.outcomes);
    let fallbacks = simulated.whole.outcome(Outcome::Fallback);
    assert!((30..100).contains(&fallbacks), "{fallbacks} fallbacks");
    close("latency.first_token", &simulated, &real);
    close("latency.total", &simulated, &real);
    assert_eq!((simulated.verdict, real.verdict), (Verdict::Pass, Verdict::Pass), "{:#?}", real.reasons);
}

/// Three requests, plain, streamed and streamed, under `fault`; then a healthy one. The router has two models.
#[track_caller]
fn agree(fault: &str, attempt: &str) -> Vec<Record> {
    let scenario = parse(&format!(
        "
providers:
  claude: {{ dialect: anthropic, latency: {{ first_token: 20ms, per_token: 1ms, error: 5ms }} }}
  google: {{ dialect: openai, latency: {{ first_token: 20ms, per_token: 1ms, error: 5ms }} }}
router:
  models:
    a: {{ provider: claude, upstream: claude-sonnet-4-5, price: {{ input: 3, output: 15 }} }}
    b: {{ provider: google, upstream: gpt-4o, price: {{ input: 1, output: 2 }} }}
  routes:
    chat: {{ chain: [a, b], deadline: 3s, first_token: 150ms, idle: 150ms, attempt: 200ms }}
requests:
  - send: {{ route: chat, prompt: 'one [words=20]', stream: true }}
  - send: {{ route: chat, prompt: 'two [words=20]' }}
  - send: {{ route: chat, prompt: 'three [words=20]', stream: true, at: 700ms }}
faults:
  - {{ name: it, on: claude, during: ..600ms, inject: {fault} }}
"
    ));
    let (simulated, planned) = play(&scenario, Mode::Simulated);
    let (real, happened) = play(&scenario, Mode::RealTime);
    let stories = |records: &[Record]| {
        let mut stories = stories(records);
        if fault.contains("close: reset") {
            // A reset may overtake bytes under way, the answer's head among them: both are what TCP does.
            stories.values_mut().for_each(|story| *story = story.replace("unreachable", "truncated"));
        }
        stories
    };

    assert_eq!(stories(&planned), stories(&happened), "{fault}");
    assert_eq!(simulated.whole.outcomes, real.whole.outcomes, "{fault}");
    assert_eq!(real.verdict, simulated.verdict, "{fault}: {:?} {:?}", simulated.reasons, real.reasons);
    let first = &stories(&happened)["r0"];
    assert!(first.contains(attempt), "{fault}: {first}");
    let healthy = &stories(&happened)["r2"];
    assert!(healthy.contains("\"a served\""), "{fault}: {healthy}");
    happened
}

#[test]
fn refused_connections_agree_and_are_refused() {
    let happened = agree("refuse_connections", "a unreachable None");

    let why = format!("{:?}", happened[0].trail);
    assert!(why.to_lowercase().contains("refused"), "{why}");
}

#[test]
fn resets_before_any_header_agree() {
    agree("reset", "a unreachable None");
}

#[test]
fn silence_meets_the_limit_in_both_places() {
    agree("hang", "a timeout_first_token None");
}

#[test]
fn streams_cut_before_the_first_output_agree() {
    std::thread::scope(|scope| {
        for close in ["fin", "reset", "clean"] {
            scope.spawn(move || agree(&format!("{{ cut: {{ after: 0, close: {close} }} }}"), "b served"));
        }
    });
}

#[test]
fn streams_cut_after_the_first_output_agree() {
    // Not by a reset: whether it overtakes the words sent just before it is a race on a real network, and the
    // simulated one always lets it win.
    std::thread::scope(|scope| {
        for close in ["fin", "clean"] {
            scope.spawn(move || agree(&format!("{{ cut: {{ after: 5, close: {close} }} }}"), "a truncated"));
        }
    });
}

#[test]
fn healthy_streams_agree() {
    let happened = agree("{ latency_spike: { add: 10ms } }", "a served");

    assert!(happened.iter().all(|record| record.caller.ending == CallerEnding::Complete));
}
