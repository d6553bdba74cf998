//! Benches that are for what a target did, and those that are not.

use super::super::{run, run_to_its_end};
use super::*;
use crate::chat::FailureClass;
use crate::history::{Header, Record, Skip, TargetFacts};
use crate::judge::testkit::{at, failed_over, failing, footer, header, served};

fn change(seconds: f64, state: HealthState, why: Option<FailureClass>) -> HealthChange {
    HealthChange {
        at: at(seconds),
        target: "claude".to_owned(),
        model: "claude".to_owned(),
        provider: "anthropic".to_owned(),
        state,
        why,
    }
}

fn benched(seconds: f64, until: f64, why: FailureClass) -> HealthChange {
    change(seconds, HealthState::Benched { until: at(until) }, Some(why))
}

fn told(changes: &[HealthChange]) -> (u64, u64) {
    let result = run_to_its_end("I13", header(), &[], changes, &footer(0));
    (result.checked, result.violations)
}

#[test]
fn a_bench_is_for_what_the_target_did_and_its_end_never_moves_back() {
    let error = FailureClass::ServerError;
    let first = benched(1.0, 6.0, error);
    assert_eq!(told(&[]), (0, 0));
    assert_eq!(told(&[first.clone(), benched(2.0, 12.0, error)]), (2, 0));
    assert_eq!(told(&[benched(1.0, 6.0, FailureClass::Refused)]), (1, 1));
    assert_eq!(told(&[change(1.0, HealthState::Benched { until: at(6.0) }, None)]), (1, 1), "for nothing");
    assert_eq!(told(&[first.clone(), benched(2.0, 5.0, error)]), (2, 1));
    // A probe that was refused says nothing: the bench goes on.
    let probed = change(3.0, HealthState::Probing, None);
    assert_eq!(told(&[first.clone(), probed, benched(4.0, 6.0, FailureClass::Refused)]), (2, 0));
    // Behind a wish for rest it may have been open.
    let resting = change(3.0, HealthState::Cooling { until: at(5.0) }, None);
    assert_eq!(told(&[first.clone(), resting, benched(4.0, 5.0, error)]), (2, 0));
    // Once it was open again, the next bench is another one.
    let open = change(7.0, HealthState::Open, None);
    assert_eq!(told(&[benched(1.0, 60.0, error), open, benched(8.0, 13.0, error)]), (2, 0));
}

/// Served by flash, because claude was benched.
fn turned_away(number: u64) -> Record {
    let mut record = served(number, "flash");
    let trail = record.trail.as_mut().expect("a trail");
    let reason = SkipReason::Benched { until: at(99.0) };
    trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason });
    record
}

#[test]
fn slowness_needs_no_failure_and_a_rate_needs_one() {
    use crate::router::config::{RateTrip, SlowTrip};
    let window = std::time::Duration::from_secs(60);
    let slow = Some(SlowTrip { over: window, share: 1.0, window, min_calls: 1 });
    let rate = Some(RateTrip { share: 1.0, window, min_calls: 1 });
    for (slow, rate, failures, violations) in [(slow, None, 0, 0), (None, rate, 0, 1), (None, rate, 1, 0)] {
        let mut header = header();
        let breaker = BreakerPolicy { failures: 0, slow, rate, ..BreakerPolicy::default() };
        header.models["claude"].breaker = Some(breaker);
        let records: Vec<_> = (0..failures).map(failed_over).chain([turned_away(failures)]).collect();
        let found = run("I13", header, &records).violations;
        assert_eq!(found, violations, "slow {}, {failures} failures", slow.is_some());
    }
}

#[test]
fn a_bench_comes_after_the_failures_it_takes() {
    // Three in a row are declared.
    let failures =
        |count: u64| -> Vec<Record> { (0..count).map(failed_over).chain([turned_away(count)]).collect() };
    let header = || {
        let mut header = header();
        header.models["claude"].breaker = Some(BreakerPolicy::default());
        header
    };
    assert_eq!(run("I13", header(), &failures(3)).violations, 0);
    let result = run("I13", header(), &failures(2));
    assert_eq!(result.violations, 1);
    assert_eq!(result.witnesses[0].others, [2]);
    // A refusal is none of them; a used-up quota is enough alone.
    let two = |class| {
        let mut records = failures(1);
        let first = &mut records[0].trail.as_mut().expect("a trail").attempts[0];
        first.result = AttemptResult::Failed(crate::chat::Failure::new(class, "no"));
        run("I13", header(), &records).violations
    };
    assert_eq!((two(FailureClass::Refused), two(FailureClass::QuotaExhausted)), (1, 0));
    // Nor is a limit that was cut: the one to the first output is 2 s, and 1 s is half of that.
    let timed_out = |ms| {
        let mut records = failures(3);
        for record in &mut records[..3] {
            let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
            let class = FailureClass::Timeout(Limit::FirstToken);
            first.result = AttemptResult::Failed(crate::chat::Failure::new(class, "late"));
            first.ended = first.started + std::time::Duration::from_millis(ms);
        }
        run("I13", header(), &records).violations
    };
    assert_eq!((timed_out(100), timed_out(1_000)), (1, 0));
    // Where a record is missing, it could be the failure.
    let missing = run_to_its_end("I13", header(), &failures(2), &[], &footer(9));
    assert_eq!(missing.checked, 0);
}

/// claude is benched after three failures in a row, counted by this scope.
fn counting(scope: Scope) -> Header {
    let mut header = header();
    header.models["claude"].breaker = Some(BreakerPolicy { scope, ..BreakerPolicy::default() });
    header
}

#[test]
fn failures_are_those_before_the_bench_in_whatever_order_they_are_told() {
    // Failures end at 0.061, 1.061 and 2.061 or 3.061 s; a request is turned away at 2 s, or at 4 s.
    for (failures, turned, violations) in
        [([0, 1, 3], 2, 1), ([3, 1, 0], 2, 1), ([0, 1, 2], 4, 0), ([2, 1, 0], 4, 0), ([1, 2, 0], 4, 0)]
    {
        let records: Vec<Record> =
            failures.into_iter().map(failed_over).chain([turned_away(turned)]).collect();
        let found = run("I13", counting(Scope::Model), &records).violations;
        assert_eq!(found, violations, "{failures:?}, benched at {turned} s");
    }
}

/// The same beside haiku, which is at anthropic, too.
fn beside(scope: Scope) -> Header {
    let mut header = counting(scope);
    header.models.insert("haiku".to_owned(), header.models["claude"].clone());
    let name = || "haiku".to_owned();
    header.targets.push(TargetFacts { name: name(), model: name(), ..header.targets[0].clone() });
    header
}

/// A request whose only attempt, on `model`, failed.
fn failed_at(number: u64, model: &str, header: &Header) -> Record {
    let mut record = failing(number, &["claude"]);
    let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
    (attempt.model, attempt.provider) = (model.to_owned(), header.models[model].provider.clone());
    record
}

#[test]
fn a_breaker_counts_the_failures_of_its_scope() {
    // haiku is another model at anthropic, flash is google's.
    for (scope, model, violations) in [
        (Scope::Model, "haiku", 1),
        (Scope::Key, "haiku", 0),
        (Scope::Provider, "haiku", 0),
        (Scope::Provider, "flash", 1),
        (Scope::Region, "flash", 0),
    ] {
        let header = beside(scope);
        let failed = |number| failed_at(number, model, &header);
        let records: Vec<Record> = (0..3).map(failed).chain([turned_away(3)]).collect();
        assert_eq!(run("I13", header.clone(), &records).violations, violations, "{scope:?}, {model}");
    }
}

#[test]
fn where_no_limit_is_declared_an_equal_share_of_the_time_is_meant() {
    // 20 s for two models are 10 s each, for two and a last resort that is a model 6.667 s; less than half of it, a timer of 2 ms included, was
    // hurried.
    for (rescue, ms, violations) in [
        (&[][..], 4_997, 1),
        (&[], 4_998, 0),
        (&["cache", "fixed"], 4_997, 1),
        (&["cache", "fixed"], 4_998, 0),
        (&["haiku"], 3_331, 1),
        (&["haiku"], 3_332, 0),
    ] {
        let mut header = counting(Scope::Model);
        header.routes[0].rescue = rescue.iter().map(|name| (*name).to_owned()).collect();
        let late = |number| {
            let mut record = failed_over(number);
            let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
            let class = FailureClass::Timeout(Limit::Total);
            first.result = AttemptResult::Failed(crate::chat::Failure::new(class, "late"));
            first.ended = first.started + Duration::from_millis(ms);
            record
        };
        let records: Vec<Record> = (0..3).map(late).chain([turned_away(9)]).collect();
        assert_eq!(run("I13", header, &records).violations, violations, "{rescue:?}, {ms} ms");
    }
}

#[test]
fn what_does_not_heal_by_itself_explains_a_bench_at_its_provider_or_in_its_region() {
    // A used-up quota of haiku, at anthropic too, or of flash, at google.
    for (scope, model, violations) in [
        (Scope::Model, "haiku", 0),
        (Scope::Model, "flash", 1),
        (Scope::Provider, "flash", 1),
        (Scope::Region, "flash", 0),
    ] {
        let header = beside(scope);
        let mut record = failed_at(0, model, &header);
        let unpaid = crate::chat::Failure::new(FailureClass::QuotaExhausted, "unpaid");
        record.trail.as_mut().expect("a trail").attempts[0].result = AttemptResult::Failed(unpaid);
        let found = run("I13", header, &[record, turned_away(1)]).violations;
        assert_eq!(found, violations, "{scope:?}, {model}");
    }
}
