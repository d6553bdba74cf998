//! Targets that came back, and ones that were kept waiting.

use super::super::{run, run_to_its_end};
use super::*;
use crate::history::{Gauges, Header, Record, Skip};
use crate::judge::testkit::{at, failed_over, footer, header, served};
use mock_providers::fault::Window;

/// anthropic is broken from 10 to 20 s; claude is benched for 5 s at most.
fn declared() -> Header {
    let mut header = header();
    let breaker = BreakerPolicy { open_max: Duration::from_secs(5), ..BreakerPolicy::default() };
    header.models["claude"].breaker = Some(breaker);
    header
}

/// Served by flash at `number` seconds, because claude could not be asked.
fn turned_away(number: u64, reason: SkipReason) -> Record {
    let mut record = served(number, "flash");
    let trail = record.trail.as_mut().expect("a trail");
    trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason });
    record
}

const BENCHED: SkipReason = SkipReason::Benched { until: Moment::from_us(99_000_000) };

fn violations(records: &[Record]) -> u64 {
    run("I14", declared(), records).violations
}

#[test]
fn nobody_is_turned_away_once_the_longest_bench_is_over() {
    // 20 s and 5 s: at 24 s it may still be benched, at 26 s not any more.
    assert_eq!(violations(&[turned_away(24, BENCHED)]), 0);
    let result = run("I14", declared(), &[turned_away(26, BENCHED)]);
    assert_eq!((result.violations, &result.witnesses[0].others[..]), (1, &[26][..]));
    assert_eq!(result.witnesses[0].from, Some(at(20.0)));
    // A failure at 22 s begins the time anew.
    assert_eq!(violations(&[failed_over(22), turned_away(26, BENCHED)]), 0);
    // Nobody came, or nothing benches: nothing to be said.
    assert_eq!(run("I14", declared(), &[turned_away(15, BENCHED)]).checked, 0);
    assert_eq!(run("I14", header(), &[turned_away(26, BENCHED)]).checked, 0);
}

#[test]
fn nobody_is_turned_away_after_an_answer() {
    // The answer at 20 s is whole at 21.001 s.
    assert_eq!(violations(&[served(20, "claude"), turned_away(22, SkipReason::Probing)]), 1);
    assert_eq!(violations(&[turned_away(20, SkipReason::Probing), served(21, "claude")]), 0);
    let failed = [served(20, "claude"), failed_over(21), turned_away(22, SkipReason::Probing)];
    assert_eq!(violations(&failed), 0);
}

#[test]
fn a_lost_probe_and_one_that_is_held_are_broken() {
    // The longest request takes 20 s: what was under way at 20 s is over at 40 s.
    assert_eq!(violations(&[turned_away(39, SkipReason::Probing)]), 0);
    assert_eq!(violations(&[turned_away(45, SkipReason::Probing)]), 1);
    let held = Footer { gauges: Gauges { probes: 1, ..Gauges::default() }, ..footer(0) };
    assert_eq!(run_to_its_end("I14", declared(), &[], &[], &held).violations, 1);
}

/// The same at any moment.
fn away(seconds: f64, reason: SkipReason) -> Record {
    let mut record = turned_away(0, reason);
    record.trail.as_mut().expect("a trail").skips[0].at = at(seconds);
    record
}

/// The request with its first attempt changed.
fn first(mut record: Record, change: impl Fn(&mut Attempt)) -> Record {
    change(&mut record.trail.as_mut().expect("a trail").attempts[0]);
    record
}

/// claude was asked and given up, so that nothing is known of it.
fn given_up(number: u64) -> Record {
    first(served(number, "claude"), |attempt| {
        (attempt.result, attempt.first_output) = (AttemptResult::Lost, None);
    })
}

fn policy(header: &mut Header) -> &mut BreakerPolicy {
    header.models["claude"].breaker.as_mut().expect("declared")
}

const SYNTHETIC: Probe = Probe::Synthetic { every: Duration::from_secs(1) };

#[test]
fn every_limit_has_the_slack_of_two_timers() {
    // Two timers of 2 ms each are 4 ms, and exactly that late is in time. The bench: 20 + 5 s.
    for (seconds, broken) in [(25.004, 0), (25.005, 1)] {
        assert_eq!(violations(&[away(seconds, BENCHED)]), broken, "benched at {seconds}");
    }
    // The answer that began at 20.001 s is whole at 21.001 s.
    for (seconds, broken) in [(21.005, 0), (21.006, 1)] {
        let records = [served(20, "claude"), away(seconds, SkipReason::Probing)];
        assert_eq!(violations(&records), broken, "answered, then away at {seconds}");
    }
    // The longest request: 20 + 20 s.
    for (seconds, broken) in [(40.004, 0), (40.005, 1)] {
        assert_eq!(violations(&[away(seconds, SkipReason::Probing)]), broken, "probing at {seconds}");
    }
}

#[test]
fn only_what_was_served_in_the_ordinary_way_proves_a_target_well() {
    let probing = || away(22.0, SkipReason::Probing);
    assert_eq!(violations(&[served(20, "claude"), probing()]), 1);
    assert_eq!(violations(&[given_up(20), probing()]), 0, "nobody knows how it would have ended");
    let rescued = first(served(20, "claude"), |attempt| attempt.cause = Cause::Rescue);
    assert_eq!(violations(&[rescued, probing()]), 0, "last resorts are sent against a bench");
    let mut forced = declared();
    forced.routes[0].all_benched = AllBenched::AskOne;
    assert_eq!(run("I14", forced, &[served(20, "claude"), probing()]).violations, 0, "so is this one");
}

#[test]
fn the_first_answer_counts_in_whatever_order_requests_end() {
    // Whole at 21.001 and 26.001 s: at 23 s it had answered once.
    let probing = || away(23.0, SkipReason::Probing);
    assert_eq!(violations(&[served(20, "claude"), served(25, "claude"), probing()]), 1);
    assert_eq!(violations(&[served(25, "claude"), served(20, "claude"), probing()]), 1);
    assert_eq!(violations(&[served(25, "claude"), probing()]), 0);
}

#[test]
fn an_answer_that_began_after_the_last_failure_proves_its_target_well() {
    // The failure is known at 22.061 s; an answer takes a second.
    let after = |began: f64, seconds: f64| {
        let answer = first(served(22, "claude"), |attempt| {
            (attempt.started, attempt.ended) = (at(began), at(began + 1.0));
        });
        violations(&[failed_over(22), answer, away(seconds, SkipReason::Probing)])
    };
    assert_eq!(after(22.5, 24.0), 1);
    assert_eq!(after(22.0, 24.0), 0, "it began before");
    assert_eq!(after(22.061, 24.0), 0, "at the same moment it may have begun before");
}

#[test]
fn a_probe_is_lost_only_where_it_could_have_been_nobody_elses() {
    let lost = |declare: fn(&mut Header), more: &[Record]| {
        let mut header = declared();
        declare(&mut header);
        run("I14", header, &[more, &[away(45.0, SkipReason::Probing)]].concat()).violations
    };
    assert_eq!(lost(|_| {}, &[]), 1);
    assert_eq!(lost(|_| {}, &[given_up(24)]), 0, "that was the probe");
    assert_eq!(lost(|header| policy(header).scope = Scope::Provider, &[]), 0, "another model was the probe");
    assert_eq!(lost(|header| policy(header).probe = SYNTHETIC, &[]), 0, "the router's own is in no trail");
}

#[test]
fn probes_of_the_routers_own_have_two_pauses_and_their_patience_more() {
    // The bench of 5 s and twice 1 + 10 s: 27 s.
    let broken = |probe, state: Option<(f64, HealthState)>, seconds: f64| {
        let mut header = declared();
        policy(&mut header).probe = probe;
        let change = |(seconds, state)| HealthChange {
            at: at(seconds),
            target: "claude".to_owned(),
            model: "claude".to_owned(),
            provider: "anthropic".to_owned(),
            state,
            why: None,
        };
        let changes: Vec<HealthChange> = state.map(change).into_iter().collect();
        run_to_its_end("I14", header, &[away(seconds, BENCHED)], &changes, &footer(1)).violations
    };
    let benched = HealthState::Benched { until: at(41.0) };
    assert_eq!([47.0, 47.004, 47.005].map(|seconds| broken(SYNTHETIC, None, seconds)), [0, 0, 1]);
    // One that failed at 40 s is known by the bench that it began: 67 s.
    assert_eq!([48.0, 67.0, 68.0].map(|s| broken(SYNTHETIC, Some((40.0, benched)), s)), [0, 0, 1]);
    assert_eq!(broken(SYNTHETIC, Some((40.0, HealthState::Open)), 48.0), 1, "no bench, no failure");
    // Where callers' requests are the probes, their trails tell the failures: 20 + 5 s.
    assert_eq!(broken(Probe::Live, Some((24.0, benched)), 26.0), 1);
}

#[test]
fn failures_count_for_those_who_share_a_breaker() {
    let broken = |model: &'static str, scope| {
        let mut header = declared();
        policy(&mut header).scope = scope;
        header.models.insert("haiku".to_owned(), header.models["claude"].clone());
        let mut haiku = header.targets[0].clone();
        (haiku.name, haiku.model) = ("haiku".to_owned(), "haiku".to_owned());
        header.targets.push(haiku);
        // google was broken as well, or nothing would be known of flash.
        header.faults.push(header.faults[0].clone());
        header.faults[1].provider = "google".to_owned();
        let provider = header.models[model].provider.clone();
        let failed = first(failed_over(24), |attempt| {
            (attempt.model, attempt.provider) = (model.to_owned(), provider.clone());
        });
        run("I14", header, &[failed, turned_away(26, BENCHED)]).violations
    };
    // Without the failure at 24.061 s the bench of claude is over at 25 s, with it at 29.061 s.
    let table = [
        ("claude", Scope::Model, 0),
        ("haiku", Scope::Model, 1),
        ("flash", Scope::Model, 1),
        ("claude", Scope::Provider, 0),
        ("haiku", Scope::Provider, 0),
        ("flash", Scope::Provider, 1),
        ("haiku", Scope::Key, 0),
    ];
    for (model, scope, expected) in table {
        assert_eq!(broken(model, scope), expected, "{model} failed, {scope:?}");
    }
}

#[test]
fn a_failure_after_the_next_fault_excuses_nothing_before_it() {
    let mut header = declared();
    header.faults[0].during.push(Window { from: at(40.0), to: at(50.0) });
    assert_eq!(run("I14", header, &[turned_away(26, BENCHED), failed_over(51)]).violations, 1);
}

#[test]
fn breakers_that_slowness_opens_or_a_region_shares_are_left_out() {
    use crate::router::config::SlowTrip;
    let checked = |declare: fn(&mut BreakerPolicy)| {
        let mut header = declared();
        declare(policy(&mut header));
        run("I14", header, &[turned_away(26, BENCHED)]).checked
    };
    assert_eq!(checked(|_| {}), 1);
    assert_eq!(checked(|policy| policy.scope = Scope::Region), 0);
    let slow = |policy: &mut BreakerPolicy| {
        let window = Duration::from_secs(60);
        policy.slow = Some(SlowTrip { over: window, share: 1.0, window, min_calls: 1 });
    };
    assert_eq!(checked(slow), 0);
}
