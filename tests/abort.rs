//! Runs that are given up: `abort_on` ends them cleanly, for a reason that is in the history.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use brownout::history::disk::Writer;
use brownout::history::{Aborted, HealthChange, Mode, Moment, Record};
use brownout::judge::{Judge, Judgement, Verdict};
use brownout::report::{account, terminal};
use brownout::run::{self, Consumer, Progress};
use brownout::scenario::{self, Scenario};

/// One provider, dark from 10 s to a minute, and nobody to fall back to: hopeless soon after. A second fault that comes too
/// late to fire, and an expectation nobody can judge by then.
const DARK: &str = "
name: dark
seed: 4
providers:
  alpha: { dialect: openai, latency: small, output: 20 }
router:
  models:
    first: { provider: alpha, upstream: m }
  routes:
    chat: { chain: [first], deadline: 5s, first_token: 2s }
load:
  - { route: chat, rate: 40/s, for: 100s, stream: true }
faults:
  - { name: outage, on: alpha, during: 10s..60s, inject: { status: 503 } }
  - { name: later, on: alpha, during: 80s..90s, inject: { status: 503 } }
expect:
  - availability >= 99% during later
abort_on:
  - { when: availability < 50% during outage, after: 200 requests }
";

fn parse(text: &str) -> Scenario {
    scenario::parse(text, Path::new("dark.yaml")).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Judges a run, and writes its history.
struct Both {
    judge: Judge,
    disk: Writer<Vec<u8>>,
}

impl Consumer for Both {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.judge.record(record);
        self.disk.record(record)
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.judge.health(change);
        self.disk.health(change)
    }

    fn enough(&mut self) -> Option<Aborted> {
        self.judge.hopeless()
    }
}

fn play(scenario: &Scenario) -> (Judgement, Vec<u8>) {
    let header = run::header(scenario, Mode::Simulated);
    let disk = Writer::start(Vec::new(), &header).expect("memory");
    let mut both = Both { judge: Judge::new(header), disk };
    let footer = run::run(scenario, Mode::Simulated, &Arc::default(), &mut both).expect("it runs");
    let bytes = both.disk.finish(&footer).expect("memory");
    (both.judge.finish(footer), bytes)
}

#[test]
fn a_hopeless_run_ends_early_and_fails_for_that_reason_alone() {
    let (judgement, _) = play(&parse(DARK));

    assert_eq!(judgement.verdict, Verdict::Fail);
    // 200 requests of the outage take 5 s at 40/s, and conditions are looked at every second.
    let at = |seconds: u64| Moment::from_us(seconds * 1_000_000);
    assert!(judgement.footer.ended > at(14) && judgement.footer.ended < at(20), "{:?}", judgement.footer);
    let Some(Aborted::Hopeless { when, why, .. }) = &judgement.footer.aborted else {
        panic!("{:?}", judgement.footer)
    };
    assert_eq!((when.as_str(), why.as_str()), ("availability < 50% during outage", "measured 0%"));
    // Neither requests that were under way nor the fault that did not come to fire; and nothing is held by the router.
    assert_eq!(judgement.reasons.len(), 1, "{:?}", judgement.reasons);
    assert!(judgement.reasons[0].what.starts_with("hopeless, and stopped at"), "{:?}", judgement.reasons);
    assert_eq!(judgement.footer.gauges, Default::default());
    let told = terminal::failure(&judgement, 100, false);
    assert!(told.starts_with("✗ hopeless, and stopped at"), "{told}");
}

#[test]
fn the_history_of_a_run_that_was_given_up_gives_the_same_judgement_again() {
    let (judgement, bytes) = play(&parse(DARK));

    let again = account::read(bytes.as_slice()).unwrap().judgement;

    assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&judgement).unwrap());
}

#[test]
fn the_same_seed_is_given_up_at_the_same_request() {
    let scenario = parse(DARK);

    assert_eq!(play(&scenario).1, play(&scenario).1);
}

#[test]
fn a_run_that_recovers_in_time_goes_on_to_its_end() {
    // The same with somebody to fall back to.
    let helped = DARK
        .replace(
            "    first: { provider: alpha, upstream: m }",
            "    first: { provider: alpha, upstream: m }\n    second: { provider: beta, upstream: m }",
        )
        .replace("chain: [first]", "chain: [first, second]")
        .replace("router:\n", "  beta: { dialect: openai, latency: small, output: 20 }\nrouter:\n");

    let (judgement, _) = play(&parse(&helped));

    assert_eq!(
        (judgement.verdict, &judgement.footer.aborted),
        (Verdict::Pass, &None),
        "{:?}",
        judgement.reasons
    );
}

#[test]
fn a_run_that_is_interrupted_is_inconclusive() {
    let scenario = parse(DARK);
    let progress = Arc::new(Progress::default());
    let mut judge = Judge::new(run::header(&scenario, Mode::Simulated));

    let footer = run::run(&scenario, Mode::Simulated, &progress, &mut |record: &Record| {
        judge.record(record);
        if record.caller.number == 100 {
            progress.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    })
    .unwrap();
    let judgement = judge.finish(footer);

    assert_eq!(judgement.footer.aborted, Some(Aborted::Interrupted));
    assert_eq!(judgement.verdict, Verdict::Inconclusive, "{:?}", judgement.reasons);
    assert_eq!(judgement.reasons[0].what, "the run was stopped early: interrupted");
}
