//! TLS and HTTP/2 between the router and its providers: the same outcomes as in the clear, simulated and real, and the
//! same bytes for the same seed although keys and nonces differ.

use std::path::Path;
use std::sync::Arc;

use brownout::history::{Mode, Record};
use brownout::judge::{Judge, Verdict};
use brownout::run;
use brownout::scenario::{self, Scenario};

/// A primary that fails three calls in ten in various ways, and a fallback; `how` is how both are spoken to.
fn scenario(how: &str) -> Scenario {
    let text = format!(
        "seed: 3
network: {{ round_trip: 2ms }}
providers:
  openai: {{ dialect: openai, latency: {{ first_token: 30ms, per_token: 2ms, error: 5ms }}, output: 10{how} }}
  anthropic: {{ dialect: anthropic, latency: {{ first_token: 40ms, per_token: 2ms, error: 5ms }}, output: 10{how} }}
router:
  models:
    gpt: {{ provider: openai, upstream: gpt-4o, breaker: off }}
    claude: {{ provider: anthropic, upstream: claude-sonnet-4-5 }}
  routes:
    chat: {{ chain: [gpt, claude], deadline: 5s, connect: 1s }}
load:
  - {{ route: chat, rate: 60/s, for: 1s, stream: 50% }}
faults:
  - {{ on: openai, inject: reset, probability: 10% }}
  - {{ on: openai, inject: {{ status: 503 }}, probability: 10% }}
  - {{ on: openai, inject: {{ cut: {{ after: 0, close: reset }} }}, probability: 10% }}
expect:
  - availability == 100%
"
    );
    scenario::parse(&text, Path::new("tls.yaml")).unwrap_or_else(|problems| panic!("{problems}"))
}

fn play(how: &str, mode: Mode) -> Vec<Record> {
    let scenario = scenario(how);
    let mut judge = Judge::new(run::header(&scenario, mode));
    let mut records = Vec::new();
    let footer = run::run(&scenario, mode, &Arc::default(), &mut |record: &Record| {
        judge.record(record);
        records.push(record.clone());
        Ok(())
    })
    .expect("it runs");
    let judgement = judge.finish(footer);
    // A busy machine sends late, which makes a real run inconclusive about times; these tests are about outcomes.
    let sound = judgement.verdict == Verdict::Pass
        || (mode == Mode::RealTime && judgement.verdict == Verdict::Inconclusive);
    assert!(sound, "{how} {mode:?}: {:?} {:?}", judgement.verdict, judgement.whole);
    records.sort_by(|a, b| a.caller.request_id.cmp(&b.caller.request_id));
    records
}

/// Whom every request went to, in order.
fn models(records: &[Record]) -> Vec<Vec<&str>> {
    let trails = records.iter().flat_map(|record| &record.trail);
    trails.map(|trail| trail.attempts.iter().map(|attempt| attempt.model.as_str()).collect()).collect()
}

const WAYS: [&str; 3] = [", tls: true", ", http: 2", ", tls: true, http: 2"];

#[test]
fn outcomes_are_those_of_http_in_the_clear() {
    let clear = play("", Mode::Simulated);
    for how in WAYS {
        assert_eq!(models(&play(how, Mode::Simulated)), models(&clear), "{how}");
    }
}

#[test]
fn the_same_seed_gives_the_same_history_under_fresh_keys() {
    for how in WAYS {
        let [one, two] = [(); 2].map(|()| serde_json::to_string(&play(how, Mode::Simulated)).unwrap());
        assert!(one == two, "{how}");
    }
}

#[test]
fn real_sockets_agree_with_the_simulation() {
    for how in WAYS {
        let (real, simulated) = (play(how, Mode::RealTime), play(how, Mode::Simulated));
        assert_eq!(models(&real), models(&simulated), "{how}");
    }
}
