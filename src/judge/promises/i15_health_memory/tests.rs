//! Outages that are remembered, and one that everybody pays for.

use super::super::run;
use super::*;
use crate::history::{Record, Skip};
use crate::judge::testkit::{failed_over, header, served};
use crate::router::config::Eager;

/// anthropic is broken from 10 to 20 s; three failures bench claude for 5 s.
fn declared(eager: Option<Eager>) -> Header {
    let mut header = header();
    header.models["claude"].breaker = Some(BreakerPolicy { eager, ..BreakerPolicy::default() });
    header
}

/// Requests of which claude fails those at these seconds, and flash serves the others without it.
fn outage(failing: &[u64]) -> Vec<Record> {
    let record = |number: u64| {
        if failing.contains(&number) {
            return failed_over(number);
        }
        let mut record = served(number, "flash");
        let trail = record.trail.as_mut().expect("a trail");
        let reason = SkipReason::Benched { until: trail.received };
        trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason });
        record
    };
    (10..20).map(record).collect()
}

#[test]
fn a_dead_target_is_only_probed() {
    // Open at 12.061 s: (20 - 12.061) / 5 leaves one bench, so two probes.
    let probed = outage(&[10, 11, 12, 17, 19]);
    assert_eq!(run("I15", declared(None), &probed).violations, 0);
    let hammered = outage(&[10, 11, 12, 13, 17, 19]);
    let result = run("I15", declared(None), &hammered);
    assert_eq!(result.violations, 1);
    assert!(
        result.witnesses[0].what.contains("3 more attempts asked it all the same; 2 could be"),
        "{result:?}"
    );
    assert_eq!(result.witnesses[0].others, [19]);
    // With a probe for every two turned away: four were, so three more are allowed.
    let eager = Eager { turned_away: 2, at_least: Duration::from_millis(500) };
    assert_eq!(run("I15", declared(Some(eager)), &hammered).violations, 0);
}

#[test]
fn what_is_not_dead_or_never_benched_is_left_out() {
    let all: Vec<u64> = (10..20).collect();
    assert_eq!(run("I15", declared(None), &outage(&all)).violations, 1);
    assert_eq!(run("I15", header(), &outage(&all)).checked, 0, "its breaker is off");
    assert_eq!(run("I15", declared(None), &outage(&[10, 11])).checked, 0, "two do not bench it");
    let mut alive = outage(&all);
    alive[5] = served(15, "claude");
    assert_eq!(run("I15", declared(None), &alive).checked, 0, "it answered");
}

#[test]
fn a_breaker_that_may_decide_by_something_else_is_left_out() {
    use crate::router::config::{Concurrency, SlowTrip};
    fn breaker(header: &mut Header) -> &mut BreakerPolicy {
        header.models["claude"].breaker.as_mut().expect("declared")
    }
    let all: Vec<u64> = (10..20).collect();
    let checked = |declare: fn(&mut Header)| {
        let mut header = declared(None);
        declare(&mut header);
        run("I15", header, &outage(&all)).checked
    };
    assert_eq!(checked(|_| {}), 1);
    type Other = (&'static str, fn(&mut Header));
    let others: [Other; 6] = [
        ("it takes no row", |header| breaker(header).failures = 0),
        ("the router probes", |header| {
            breaker(header).probe = Probe::Synthetic { every: Duration::from_secs(1) };
        }),
        ("it is shared", |header| breaker(header).scope = Scope::Provider),
        ("slowness counts", |header| {
            let window = Duration::from_secs(60);
            breaker(header).slow = Some(SlowTrip { over: window, share: 1.0, window, min_calls: 1 });
        }),
        ("a crowd is no failure", |header| {
            header.providers["anthropic"].concurrency = Some(Concurrency { most: 9, adaptive: true });
        }),
        ("one is asked all the same", |header| header.routes[0].all_benched = AllBenched::AskOne),
    ];
    for (why, declare) in others {
        assert_eq!(checked(declare), 0, "{why}");
    }
}

#[test]
fn a_limit_that_the_deadline_cut_is_no_failure_for_sure() {
    use crate::chat::Failure;
    let all: Vec<u64> = (10..20).collect();
    let mut late = outage(&all);
    for record in &mut late {
        let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
        let failure = Failure::new(FailureClass::Timeout(Limit::Total), "late");
        (attempt.result, attempt.ended) =
            (AttemptResult::Failed(failure), attempt.started + Duration::from_millis(60));
    }
    // Which of two limits ended it is unknown where both are declared.
    let mut first = late.clone();
    for record in &mut first {
        let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
        let failure = Failure::new(FailureClass::Timeout(Limit::FirstToken), "late");
        attempt.result = AttemptResult::Failed(failure);
    }
    let mut both = declared(None);
    both.routes[0].first_token = Some(Duration::from_millis(50));
    assert_eq!(run("I15", both.clone(), &first).checked, 1);
    both.routes[0].headers = Some(Duration::from_millis(50));
    assert_eq!(run("I15", both, &first).checked, 0);
    // 50 ms are declared for an attempt, then 100 ms, of which it did not get all.
    for (ms, checked) in [(50, 1), (100, 0)] {
        let mut header = declared(None);
        header.routes[0].attempt = Some(Duration::from_millis(ms));
        assert_eq!(run("I15", header, &late).checked, checked, "{ms} ms");
    }
}
