//! What the router believed, against the fault window of anthropic from 10 to 20 s in a run of 30 s.

use super::super::testkit::{at, footer, header, served};
use super::{Header, Judge, Judgement, Moment, number};
use crate::history::{HealthChange, HealthState};
use crate::router::config::{BreakerPolicy, Probe, Scope};
use HealthState::{Open, Probing, Ramping};

const BENCHED: HealthState = HealthState::Benched { until: Moment::NEVER };
const COOLING: HealthState = HealthState::Cooling { until: Moment::NEVER };

/// What a run of one request comes to in which targets stood so, from so many seconds on.
fn believed(header: &Header, changes: &[(f64, &str, HealthState)]) -> Judgement {
    let mut judge = Judge::new(header.clone());
    for (seconds, target, state) in changes {
        let model = if target.starts_with("flash") { "flash" } else { "claude" };
        judge.health(&HealthChange {
            at: at(*seconds),
            target: (*target).to_owned(),
            model: model.to_owned(),
            provider: header.models[model].provider.clone(),
            state: *state,
            why: None,
        });
    }
    judge.record(&served(0, "claude"));
    judge.finish(footer(1))
}

fn breaker(judgement: &Judgement) -> [Option<f64>; 3] {
    ["breaker.precision", "breaker.recall", "breaker.false_open"].map(|figure| number(judgement, figure))
}

#[test]
fn benches_are_set_against_the_window_they_should_have_met() {
    // claude is out from 12 to 23 s, its tests included: 11 s, 8 of them in the window, which lasts 10.
    let changes = [
        (12.0, "claude", BENCHED),
        (17.0, "claude", Probing),
        (18.0, "claude", BENCHED),
        (23.0, "claude", Ramping),
    ];
    let judgement = believed(&header(), &changes);
    assert_eq!(breaker(&judgement), [Some(0.727_272_727), Some(0.8), Some(3.0)]);
    // Phase by phase: none in the baseline; 8 of 8 s, and of 10, in the outage; 3 s for nothing after it.
    let of = |phase: usize| {
        let figures = &judgement.phases[phase];
        ["breaker.precision", "breaker.recall", "breaker.false_open"].map(|figure| figures.number(figure))
    };
    assert_eq!(of(0), [None, None, Some(0.0)]);
    assert_eq!(of(1), [Some(1.0), Some(0.8), Some(0.0)]);
    assert_eq!(of(2), [Some(0.0), None, Some(3.0)]);
}

#[test]
fn a_healthy_target_that_is_benched_costs_precision_and_not_recall() {
    // claude is out all through its window, flash from 4 to 6 s for nothing: 10 of 12 s, 10 of 10 s.
    let changes =
        [(4.0, "flash", BENCHED), (6.0, "flash", Open), (10.0, "claude", BENCHED), (20.0, "claude", Open)];
    assert_eq!(breaker(&believed(&header(), &changes)), [Some(0.833_333_333), Some(1.0), Some(2.0)]);
}

#[test]
fn a_bench_that_lasts_to_the_end_of_the_run_counts_until_then() {
    // Out from 15 to 30 s: 5 of 15 s, 5 of 10 s.
    let changes = [(15.0, "claude", BENCHED)];
    assert_eq!(breaker(&believed(&header(), &changes)), [Some(0.333_333_333), Some(0.5), Some(10.0)]);
}

#[test]
fn a_rest_that_a_provider_asked_for_is_no_bench() {
    // Out from 12 to 14 s; what follows is the provider's own wish, and a return.
    let changes = [(12.0, "claude", BENCHED), (14.0, "claude", COOLING), (19.0, "claude", Open)];
    assert_eq!(breaker(&believed(&header(), &changes)), [Some(1.0), Some(0.2), Some(0.0)]);
}

#[test]
fn a_target_that_was_never_benched_is_missed() {
    // anthropic has a second target in the route, which stays open all through the window: 10 of 20 s.
    let mut header = header();
    let mut second = header.targets[0].clone();
    second.name = "claude@second".to_owned();
    header.targets.push(second);
    let changes = [(10.0, "claude", BENCHED), (20.0, "claude", Open)];
    assert_eq!(breaker(&believed(&header, &changes)), [Some(1.0), Some(0.5), Some(0.0)]);
}

#[test]
fn a_target_that_no_route_asks_cannot_be_missed() {
    // A model of anthropic's that stands in no chain is broken as long; claude is out all through the window.
    let mut header = header();
    header.models.insert("spare".to_owned(), header.models["claude"].clone());
    let mut target = header.targets[0].clone();
    (target.name, target.model) = ("spare".to_owned(), "spare".to_owned());
    header.targets.push(target);
    let changes = [(10.0, "claude", BENCHED), (20.0, "claude", Open)];
    assert_eq!(breaker(&believed(&header, &changes)), [Some(1.0), Some(1.0), Some(0.0)]);
    header.routes[0].rescue.push("spare".to_owned());
    assert_eq!(breaker(&believed(&header, &changes)), [Some(1.0), Some(0.5), Some(0.0)]);
}

#[test]
fn windows_that_overlap_are_one_time() {
    // A second fault from 15 to 25 s: broken from 10 to 25 s, out from 10 to 20 s.
    let mut header = header();
    let mut second = header.faults[0].clone();
    second.name = "second".to_owned();
    second.during[0] = mock_providers::fault::Window { from: at(15.0), to: at(25.0) };
    header.faults.push(second);
    let changes = [(10.0, "claude", BENCHED), (20.0, "claude", Open)];
    assert_eq!(breaker(&believed(&header, &changes)), [Some(1.0), Some(0.666_666_667), Some(0.0)]);
}

#[test]
fn a_run_in_which_nobody_was_benched_has_nothing_to_be_precise_about() {
    assert_eq!(breaker(&believed(&header(), &[])), [None, Some(0.0), Some(0.0)]);
}

/// Two targets at anthropic turn half open at 12 s and at 14 s.
fn probed(policy: BreakerPolicy) -> Option<f64> {
    let mut header = header();
    header.models["claude"].breaker = Some(policy);
    let both = |seconds, state| [(seconds, "claude", state), (seconds, "claude@second", state)];
    let course = [
        both(11.0, BENCHED),
        both(12.0, Probing),
        both(13.0, BENCHED),
        both(14.0, Probing),
        both(15.0, Ramping),
        both(16.0, Open),
    ];
    number(&believed(&header, course.as_flattened()), "probes")
}

#[test]
fn the_routers_own_probes_are_counted_when_targets_become_half_open() {
    // Callers' probes are in their trails; the router's own are not: two for each target, and where a breaker is shared two
    // for both.
    let own = Probe::Synthetic { every: std::time::Duration::from_secs(2) };
    let of = |probe, scope| probed(BreakerPolicy { probe, scope, ..BreakerPolicy::default() });
    assert_eq!(of(Probe::Live, Scope::Model), Some(0.0));
    assert_eq!(of(own, Scope::Model), Some(4.0));
    assert_eq!(of(own, Scope::Provider), Some(2.0));
}
