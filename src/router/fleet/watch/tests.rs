//! What is told of benches, tests and returns, against sequences worked out by hand.

use std::time::Duration;

use proptest::prelude::*;

use super::super::tests::{at, config, fails, failure, pass, policy, s};
use super::*;
use crate::chat::{Allowance, Failure, RateLimits};
use crate::router::config::{BreakerPolicy, Eager, Probe, Scope};
use crate::router::fleet::{Admission, Blame};
use FailureClass::{Overloaded, Unauthorized};

fn listening(config: &Config) -> Fleet {
    let mut fleet = Fleet::new(config);
    fleet.listen(config, at(0));
    fleet
}

/// `TARGET STATE` of every change, with its moment in seconds.
fn told(fleet: &mut Fleet, now: Moment) -> Vec<(u64, String)> {
    let word = |change: HealthChange| {
        let state = match change.state {
            HealthState::Open => "open".to_owned(),
            HealthState::Benched { until } => format!("benched until {}", until.as_us() / 1_000_000),
            HealthState::Probing => "probing".to_owned(),
            HealthState::Ramping => "ramping".to_owned(),
            HealthState::Cooling { until } => format!("cooling until {}", until.as_us() / 1_000_000),
        };
        (change.at.as_us() / 1_000_000, format!("{} {state}", change.target))
    };
    fleet.changes(now).into_iter().map(word).collect()
}

fn expected(changes: &[(u64, &str)]) -> Vec<(u64, String)> {
    changes.iter().map(|(at, what)| (*at, (*what).to_owned())).collect()
}

fn spent(reset: Duration) -> RateLimits {
    let requests = Allowance { limit: Some(10), remaining: Some(0), reset: Some(reset) };
    RateLimits { requests: Some(requests), ..RateLimits::default() }
}

#[test]
fn a_bench_is_told_when_it_begins_when_it_ends_and_when_a_probe_settles_it() {
    // One failure benches for 5 s, and every failed probe doubles that. It fails at 10 s, so that the bench ends at
    // 15 s, unseen by anybody; the probe of 21 s fails at 21 s: 10 s more, until 31 s. The one of 40 s works: with a
    // ramp of 8 s all traffic is back at 48 s.
    let breaker = BreakerPolicy { ramp: Some(s(8)), ..policy(Scope::Model) };
    let config = config(&[1], &[("a", &[0]), ("b", &[0])], breaker);
    let mut fleet = listening(&config);
    fails(&mut fleet, 0, Overloaded, at(10));
    fails(&mut fleet, 0, Overloaded, at(21));
    let probe = pass(&mut fleet, 0, at(40));
    fleet.served(probe, at(40));
    let course = [
        (10, "a benched until 15"),
        (15, "a probing"),
        (21, "a benched until 31"),
        (31, "a probing"),
        (40, "a ramping"),
    ];
    assert_eq!(told(&mut fleet, at(47)), expected(&course));
    assert_eq!(told(&mut fleet, at(60)), expected(&[(48, "a open")]));
    assert_eq!(told(&mut fleet, at(90)), []);
}

#[test]
fn an_end_is_told_from_its_very_moment_on() {
    let config = config(&[1], &[("a", &[0])], policy(Scope::Model));
    let mut fleet = listening(&config);
    fails(&mut fleet, 0, Overloaded, at(0));
    assert_eq!(told(&mut fleet, at(4)), expected(&[(0, "a benched until 5")]));
    assert_eq!(told(&mut fleet, at(5)), expected(&[(5, "a probing")]));
}

#[test]
fn the_failure_behind_a_bench_is_named_and_an_end_has_none() {
    let config = config(&[1], &[("a", &[0])], policy(Scope::Model));
    let mut fleet = listening(&config);
    fails(&mut fleet, 0, Overloaded, at(1));
    let changes = fleet.changes(at(9));
    let why: Vec<_> = changes.iter().map(|change| change.why).collect();
    assert_eq!(why, [Some(Overloaded), None]);
    assert_eq!((changes[0].model.as_str(), changes[0].provider.as_str()), ("a", "p0"));
}

#[test]
fn a_shared_breaker_changes_all_who_share_it() {
    let config = config(&[1, 1], &[("a", &[0]), ("b", &[0]), ("c", &[1])], policy(Scope::Provider));
    let mut fleet = listening(&config);
    fails(&mut fleet, 1, Overloaded, at(2));
    let course = [(2, "a benched until 7"), (2, "b benched until 7"), (7, "a probing"), (7, "b probing")];
    assert_eq!(told(&mut fleet, at(8)), expected(&course));
    let probe = pass(&mut fleet, 0, at(9));
    fleet.served(probe, at(9));
    assert_eq!(told(&mut fleet, at(9)), expected(&[(9, "a open"), (9, "b open")]));
}

#[test]
fn a_key_that_opens_nothing_benches_all_that_it_opens() {
    // Two targets that one key does not open convict the key: `c`, which nobody asked, is benched with them. Such a
    // bench lasts a minute at the least.
    let config = config(&[1], &[("a", &[0]), ("b", &[0]), ("c", &[0])], policy(Scope::Model));
    let mut fleet = listening(&config);
    for target in [0, 1] {
        fails(&mut fleet, target, Unauthorized, at(1));
    }
    let changes = fleet.changes(at(1));
    let until = HealthState::Benched { until: at(61) };
    let seen: Vec<_> =
        changes.iter().map(|change| (change.target.as_str(), change.state, change.why)).collect();
    let because = Some(Unauthorized);
    assert_eq!(seen, [("a", until, because), ("b", until, because), ("c", until, because)]);
}

#[test]
fn a_wish_for_rest_is_told_with_its_end_and_after_the_bench_it_outlasts() {
    // `a` has nothing left until 4 s. `b` fails at 1 s, is benched until 6 s, and asks for 8 s: until 9 s.
    let config = config(&[1], &[("a", &[0]), ("b", &[0])], policy(Scope::Model));
    let mut fleet = listening(&config);
    fleet.learned(0, &spent(s(3)), at(1));
    let asks = Failure { retry_after: Some(s(8)), ..failure(Overloaded) };
    let waits = pass(&mut fleet, 1, at(1));
    fleet.failed(waits, &asks, Blame::Target, at(1), 0.0);
    // A wish that is renewed while it lasts is no change, and holds for as long as it was renewed.
    fleet.learned(0, &spent(s(3)), at(2));
    let course = [
        (1, "a cooling until 4"),
        (1, "b benched until 6"),
        (5, "a open"),
        (6, "b cooling until 9"),
        (9, "b probing"),
    ];
    assert_eq!(told(&mut fleet, at(20)), expected(&course));
}

#[test]
fn a_probe_before_the_end_of_the_bench_is_told_and_so_is_its_return() {
    // Benched from 0 to 5 s; two who were turned away and a second of rest allow a probe. Its caller leaves at 3 s, as if
    // it had never been made; the next one works at 4 s.
    let eager = Some(Eager { turned_away: 2, at_least: s(1) });
    let breaker = BreakerPolicy { eager, ..policy(Scope::Model) };
    let config = config(&[1], &[("a", &[0])], breaker);
    let mut fleet = listening(&config);
    fails(&mut fleet, 0, Overloaded, at(0));
    for _ in 0..2 {
        assert!(matches!(fleet.admit(0, at(0), 0.0), Admission::No(_)));
    }
    let probe = pass(&mut fleet, 0, at(2));
    fleet.released(probe, at(3));
    let probe = pass(&mut fleet, 0, at(3));
    fleet.served(probe, at(4));
    let course = [
        (0, "a benched until 5"),
        (2, "a probing"),
        (3, "a benched until 5"),
        (3, "a probing"),
        (4, "a open"),
    ];
    assert_eq!(told(&mut fleet, at(9)), expected(&course));
}

#[test]
fn a_probe_of_the_routers_own_is_told_like_any_other() {
    // Benched at 0 s and tested every 2 s: the probe of 2 s fails at 3 s, the next one is due at 5 s and works at 6 s.
    let breaker = BreakerPolicy { probe: Probe::Synthetic { every: s(2) }, ..policy(Scope::Model) };
    let config = config(&[1], &[("a", &[0])], breaker);
    let mut fleet = listening(&config);
    fails(&mut fleet, 0, Overloaded, at(0));
    let probe = fleet.probes_due(at(2))[0];
    fleet.failed(probe, &failure(Overloaded), Blame::Target, at(3), 0.0);
    let probe = fleet.probes_due(at(5))[0];
    fleet.served(probe, at(6));
    let course = [
        (0, "a benched until 2"),
        (2, "a probing"),
        (3, "a benched until 5"),
        (5, "a probing"),
        (6, "a open"),
    ];
    assert_eq!(told(&mut fleet, at(9)), expected(&course));
}

#[test]
fn a_reload_tells_what_was_not_told_and_goes_on() {
    // `a` is benched until 5 s. At 3 s a configuration without `a` and with `c` takes over: what happened before is told,
    // and of `b` what follows.
    let before = config(&[1], &[("a", &[0]), ("b", &[0])], policy(Scope::Model));
    let after = config(&[1], &[("c", &[0]), ("b", &[0])], policy(Scope::Model));
    let mut old = listening(&before);
    fails(&mut old, 0, Overloaded, at(0));
    fails(&mut old, 1, Overloaded, at(1));
    let mut new = old.adopted(&before, &after);
    new.listen_after(&mut old, &after, at(3));
    let course = [(0, "a benched until 5"), (1, "b benched until 6"), (6, "b probing")];
    assert_eq!(told(&mut new, at(9)), expected(&course));
    assert_eq!(told(&mut old, at(9)), []);
}

#[test]
fn without_a_listener_nothing_is_kept_and_with_a_slow_one_only_so_much() {
    let config = config(&[1], &[("a", &[0])], BreakerPolicy { factor: 1.0, ..policy(Scope::Model) });
    let mut deaf = Fleet::new(&config);
    fails(&mut deaf, 0, Overloaded, at(0));
    assert!(deaf.changes(at(9)).is_empty());
    // Every failed probe is two changes: the end of one bench and the beginning of the next.
    let mut fleet = listening(&config);
    (0..KEPT_MAX as u64).for_each(|n| fails(&mut fleet, 0, Overloaded, at(10 * n)));
    let kept = fleet.changes(at(10 * KEPT_MAX as u64));
    assert_eq!(kept.len(), KEPT_MAX);
    assert_eq!(kept.last().map(|change| change.state), Some(HealthState::Probing));
}

/// Something that happens to a fleet, and how long after what happened before.
#[derive(Clone, Debug)]
enum Act {
    Ask { target: usize },
    Serve,
    Fail { lasting: bool, asks: bool },
    Release,
    Learn { target: usize },
    Probe,
}

fn act() -> impl Strategy<Value = (u64, Act)> {
    let act = prop_oneof![
        4 => (0..3_usize).prop_map(|target| Act::Ask { target }),
        2 => Just(Act::Serve),
        3 => (any::<bool>(), any::<bool>()).prop_map(|(lasting, asks)| Act::Fail { lasting, asks }),
        1 => Just(Act::Release),
        1 => (0..3_usize).prop_map(|target| Act::Learn { target }),
        1 => Just(Act::Probe),
    ];
    (0..4_000_000_u64, act)
}

proptest! {
    /// Whatever happens, what was told last of a target is how it stands, the times never run backwards, and no change
    /// is told twice.
    #[test]
    fn what_is_told_is_how_it_stands(
        synthetic in any::<bool>(),
        ramp in any::<bool>(),
        shared in any::<bool>(),
        acts in prop::collection::vec(act(), 1..80),
    ) {
        let breaker = BreakerPolicy {
            probe: if synthetic { Probe::Synthetic { every: s(2) } } else { Probe::Live },
            ramp: ramp.then_some(s(3)),
            eager: Some(Eager { turned_away: 2, at_least: s(1) }),
            ..policy(if shared { Scope::Provider } else { Scope::Model })
        };
        let config = config(&[1, 1], &[("a", &[0]), ("b", &[0]), ("c", &[1])], breaker);
        let mut fleet = listening(&config);
        let mut out = Vec::new();
        let (mut now, mut latest) = (at(0), at(0));
        let mut known = [HealthState::Open; 3];
        for (pause, act) in acts {
            now += Duration::from_micros(pause);
            match act {
                Act::Ask { target } => {
                    if let Admission::Yes(pass) = fleet.admit(target, now, 0.0) {
                        out.push(pass);
                    }
                }
                Act::Learn { target } => fleet.learned(target, &spent(s(2)), now),
                Act::Probe => out.extend(fleet.probes_due(now)),
                ends => {
                    let Some(pass) = out.pop() else { continue };
                    match ends {
                        Act::Fail { lasting, asks } => {
                            let class = if lasting { FailureClass::QuotaExhausted } else { Overloaded };
                            let asked = Failure { retry_after: asks.then_some(s(3)), ..failure(class) };
                            fleet.failed(pass, &asked, Blame::Target, now, 0.0);
                        }
                        Act::Release => fleet.released(pass, now),
                        _ => fleet.served(pass, now),
                    }
                }
            }
            for change in fleet.changes(now) {
                let target = config.targets().iter().position(|target| target.name == change.target);
                let seen = &mut known[target.expect("a target")];
                prop_assert!(change.at >= latest && change.at <= now, "{change:?} is told at {now:?}");
                prop_assert!(!seen.is_as(change.state), "{change:?} is told twice");
                (*seen, latest) = (change.state, change.at);
            }
            for (target, view) in fleet.view(&config, now).into_iter().enumerate() {
                let stands = match known[target] {
                    HealthState::Benched { .. } => view.state == TargetState::Open,
                    HealthState::Cooling { .. } => view.cooling_until.is_some(),
                    HealthState::Probing => view.state == TargetState::HalfOpen,
                    HealthState::Ramping => view.state == TargetState::Ramping,
                    HealthState::Open => view.state == TargetState::Closed,
                };
                prop_assert!(stands, "{:?} was told of {view:?} at {now:?}", known[target]);
            }
        }
    }
}
