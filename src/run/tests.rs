//! What a run hands on, in which order, against a course worked out by hand.

mod exact;

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::chat::FailureClass;
use crate::history::HealthState;
use crate::scenario;

const OUTAGE: &str = "
providers:
  pa: { dialect: openai, latency: { first_token: 300ms, per_token: 10ms, error: 60ms }, output: 10 }
  pb: { dialect: openai, latency: { first_token: 300ms, per_token: 10ms, error: 60ms }, output: 10 }
router:
  breaker: { failures: 1, open: 5s, jitter: 0%, eager: off, ramp: 4s }
  models: { a: { provider: pa }, b: { provider: pb } }
  routes: { chat: { chain: [a, b], deadline: 10s } }
requests:
  - { send: { route: chat, at: 1s, stream: true } }
  - { send: { route: chat, at: 11s, stream: true } }
  - { send: { route: chat, at: 13s, stream: true } }
  - { send: { route: chat, at: 17s, stream: true } }
  - { send: { route: chat, at: 30s, stream: true } }
faults:
  - { on: pa, during: 10s..14s, inject: { status: 500 } }
";

/// Everything in the order in which it was handed on.
#[derive(Debug, Default, PartialEq)]
struct Heard(Vec<Told>);

#[derive(Debug, PartialEq)]
enum Told {
    Request(u64, Moment),
    Change(HealthChange),
}

impl Consumer for Heard {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.0.push(Told::Request(record.caller.number, record.caller.ended));
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.0.push(Told::Change(change.clone()));
        Ok(())
    }
}

fn heard(text: &str) -> Vec<Told> {
    let scenario = scenario::parse(text, Path::new("outage.yaml")).expect("a valid scenario");
    let mut heard = Heard::default();
    run(&scenario, Mode::Simulated, &Arc::default(), &mut heard).expect("it runs");
    heard.0
}

/// Whether it was about then: what timers of a millisecond add on the way of an answer is below 5 ms.
fn about(at: Moment, ms: u64) -> bool {
    (ms..ms + 5).contains(&(at.as_us() / 1_000))
}

#[test]
fn changes_of_health_are_handed_on_between_the_requests_in_order_of_time() {
    // `a` serves request 0. It fails request 1 at 11.06 s and is benched for 5 s, until 16.06 s; request 2 passes it over,
    // and nobody asks anything when the bench ends. Request 3 is the probe: its first word at 17.3 s lets traffic back
    // over 4 s, so that all of it is back at 21.3 s, long before request 4.
    let heard = heard(OUTAGE);
    let story: Vec<_> = heard
        .iter()
        .map(|told| match told {
            Told::Request(number, _) => format!("request {number}"),
            Told::Change(change) => match change.state {
                HealthState::Benched { .. } => format!("{} benched", change.target),
                HealthState::Probing => format!("{} probing", change.target),
                HealthState::Ramping => format!("{} ramping", change.target),
                HealthState::Open => format!("{} open", change.target),
                HealthState::Cooling { .. } => format!("{} cooling", change.target),
            },
        })
        .collect();
    let course = [
        "request 0",
        "a benched",
        "request 1",
        "request 2",
        "a probing",
        "a ramping",
        "request 3",
        "a open",
        "request 4",
    ];
    assert_eq!(story, course);
    let changes: Vec<_> = heard
        .iter()
        .filter_map(|told| match told {
            Told::Change(change) => Some(change),
            Told::Request(..) => None,
        })
        .collect();
    let [benched, probing, ramping, open] = changes[..] else { panic!("four changes") };
    assert!(about(benched.at, 11_060) && about(ramping.at, 17_300), "{benched:?} {ramping:?}");
    assert_eq!(benched.why, Some(FailureClass::ServerError));
    // The ends are those that were planned, to the microsecond.
    assert_eq!(benched.state, HealthState::Benched { until: benched.at + Duration::from_secs(5) });
    assert_eq!(probing.at, benched.at + Duration::from_secs(5));
    assert_eq!(open.at, ramping.at + Duration::from_secs(4));
}

#[test]
fn times_never_run_backwards_and_the_same_seed_gives_the_same_changes() {
    let once = heard(OUTAGE);
    assert_eq!(once, heard(OUTAGE));
    let times: Vec<_> = once
        .iter()
        .map(|told| match told {
            Told::Request(_, at) => *at,
            Told::Change(change) => change.at,
        })
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}
