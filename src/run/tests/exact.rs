//! The judge's figures against those worked out from the raw records of a run, one by one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::super::*;
use crate::history::{AttemptResult, CallerEnding};
use crate::judge::{Distribution, Judge, Judgement, PhaseFigures};
use crate::scenario;

/// Two minutes with an outage, a slow stretch and some bad luck; every latency is drawn.
const STORM: &str = "
seed: 11
network: { round_trip: 4ms }
providers:
  pa: { dialect: anthropic, latency: { first_token: { p50: 300ms, p99: 1.5s }, per_token: { p50: 8ms, p99: 40ms } }, output: 5..60 }
  pb: { dialect: gemini, latency: small, output: 5..60 }
router:
  models: { a: { provider: pa }, b: { provider: pb } }
  routes: { chat: { chain: [a, b], deadline: 15s, first_token: 2s, retry: { overloaded: 1 } } }
load:
  - { route: chat, rate: 20/s, for: 2m, stream: 60% }
faults:
  - { name: outage, on: pa, during: 30s..50s, inject: overloaded }
  - { name: slow, on: pb, during: 80s..100s, inject: { latency_spike: { factor: 6x } } }
  - { name: odd, on: pb, during: 30s..110s, probability: 20%, inject: { status: 500 } }
";

/// Keeps what a judge is told.
struct Kept {
    judge: Judge,
    records: Vec<Record>,
}

impl Consumer for Kept {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.records.push(record.clone());
        Judge::record(&mut self.judge, record);
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        Judge::health(&mut self.judge, change);
        Ok(())
    }
}

fn kept() -> (Vec<Record>, Judgement) {
    let scenario = scenario::parse(STORM, Path::new("storm.yaml")).expect("a valid scenario");
    let judge = Judge::new(header(&scenario, Mode::Simulated));
    let mut kept = Kept { judge, records: Vec::new() };
    let footer = run(&scenario, Mode::Simulated, &Arc::default(), &mut kept).expect("it runs");
    (kept.records, kept.judge.finish(footer))
}

/// Durations of some records, sorted.
fn sorted(records: &[&Record], of: impl Fn(&Record) -> Option<Duration>) -> Vec<Duration> {
    let mut durations: Vec<_> = records.iter().filter_map(|record| of(record)).collect();
    durations.sort_unstable();
    durations
}

/// Every statistic is the exact one, percentiles within three significant digits.
#[track_caller]
fn agrees(what: &str, told: Option<&Distribution>, exact: &[Duration]) {
    let told = told.unwrap_or_else(|| panic!("{what} was not measured"));
    assert_eq!(told.count, exact.len() as u64, "{what}");
    let at = |share: f64| exact[((share * exact.len() as f64).ceil() as usize).max(1) - 1].as_secs_f64();
    let quantiles =
        [(0.5, told.p50), (0.9, told.p90), (0.95, told.p95), (0.99, told.p99), (0.999, told.p99_9)];
    for (share, value) in quantiles {
        let exact = at(share);
        assert!(
            (value - exact).abs() <= exact * 1e-3 + 2e-6,
            "{what} {share}: {value} is told, {exact} is exact"
        );
    }
    let mean = exact.iter().sum::<Duration>().as_secs_f64() / exact.len() as f64;
    assert!((told.mean - mean).abs() < 1e-8, "{what}: a mean of {} is told, {mean} is exact", told.mean);
}

/// All that is worked out here follows from what callers saw, without the judge's own code.
fn compare(phase: &PhaseFigures, records: &[&Record]) {
    let whole = |record: &Record| record.caller.ending == CallerEnding::Complete;
    let total = |record: &Record| record.caller.ended - record.caller.intended;
    let first = |record: &Record| {
        let plain = (!record.caller.stream && whole(record)).then_some(record.caller.ended);
        Some(record.caller.first_output.or(plain)? - record.caller.intended)
    };
    let told = |figure: &str| phase.distributions.get(figure);
    agrees("latency.first_token", told("latency.first_token"), &sorted(records, first));
    let answers = sorted(records, |record| whole(record).then(|| total(record)));
    agrees("latency.total", told("latency.total"), &answers);
    let failures = sorted(records, |record| (!whole(record)).then(|| total(record)));
    if !failures.is_empty() {
        agrees("latency.error", told("latency.error"), &failures);
    }
    let lag = sorted(records, |record| Some(record.caller.sent? - record.caller.intended));
    agrees("harness.lag", told("harness.lag"), &lag);
    let attempts: usize =
        records.iter().map(|record| record.trail.as_ref().map_or(0, |trail| trail.attempts.len())).sum();
    let near = |figure: &str, exact: f64| {
        let told = phase.number(figure).unwrap_or_else(|| panic!("{figure} was not measured"));
        assert!((told - exact).abs() < 1e-8, "{}: {figure} {told} is told, {exact} is exact", phase.name);
    };
    let many = records.len() as f64;
    near("requests", many);
    near("amplification", attempts as f64 / many);
    near("availability", answers.len() as f64 / many);
    near("goodput", answers.len() as f64 / (phase.to - phase.from));
}

#[test]
fn every_phase_agrees_with_its_raw_records() {
    let (records, judgement) = kept();
    assert!(records.len() > 2_000, "{} requests are too few to tell", records.len());
    compare(&judgement.whole, &records.iter().collect::<Vec<_>>());
    for phase in &judgement.phases {
        let inside = |record: &&Record| {
            let at = record.caller.intended.as_us() as f64 / 1e6;
            (phase.from..phase.to).contains(&at)
        };
        compare(phase, &records.iter().filter(inside).collect::<Vec<_>>());
    }
}

#[test]
fn the_cuts_by_provider_and_outcome_agree_with_their_raw_records() {
    let (records, judgement) = kept();
    let mut served: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.caller.ending == CallerEnding::Complete) {
        let attempts = &record.trail.as_ref().expect("a trail").attempts;
        let by = attempts.iter().find(|attempt| attempt.result == AttemptResult::Served).expect("one served");
        served.entry(&by.provider).or_default().push(record);
    }
    assert_eq!(served.len(), 2, "both served");
    for (provider, records) in served {
        let cuts = judgement.whole.by.iter().filter(|cut| cut.provider.as_deref() == Some(provider));
        let cut = cuts.max_by_key(|cut| cut.requests).expect("a cut");
        let total = |record: &Record| Some(record.caller.ended - record.caller.intended);
        agrees(provider, cut.total.as_ref(), &sorted(&records, total));
    }
}
