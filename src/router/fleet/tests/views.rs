//! What the fleet tells of its targets, and whom its own probe asks.

use super::*;

#[test]
fn the_routers_own_probe_asks_who_failed_last_and_respects_its_wishes() {
    let breaker = BreakerPolicy { probe: Probe::Synthetic { every: s(1) }, ..policy(Scope::Provider) };
    let config = config(&[1], &[("a", &[0]), ("b", &[0])], breaker);
    let mut fleet = Fleet::new(&config);
    assert_eq!(fleet.next_probe(), None);
    fails(&mut fleet, 1, FailureClass::Overloaded, at(0));
    assert_eq!((fleet.next_probe(), fleet.probes_due(at(0)).len()), (Some(at(1)), 0));
    let probes = fleet.probes_due(at(1));
    assert_eq!(probes.iter().map(|probe| (probe.target, probe.probe)).collect::<Vec<_>>(), [(1, true)]);
    assert_eq!(fleet.next_probe(), None);
    let asks = Failure { retry_after: Some(s(30)), ..failure(FailureClass::Overloaded) };
    fleet.failed(probes[0], &asks, Blame::Target, at(2), 0.0);
    // `b` wants 30 s of rest: `a` is asked instead.
    assert_eq!(fleet.next_probe(), Some(at(3)));
    let probes = fleet.probes_due(at(3));
    assert_eq!(probes.iter().map(|probe| probe.target).collect::<Vec<_>>(), [0]);
    fleet.served(probes[0], at(4));
    assert_eq!((fleet.next_probe(), open(&fleet, at(4))), (None, vec![0]));
}

#[test]
fn the_view_tells_where_every_target_stands() {
    let breaker = BreakerPolicy { ramp: Some(s(10)), ..policy(Scope::Model) };
    let config = config(&[1], &[("a", &[0]), ("b", &[0]), ("c", &[0])], breaker);
    let mut fleet = Fleet::new(&config);
    for target in [0, 1] {
        fails(&mut fleet, target, FailureClass::Overloaded, at(0));
    }
    let probe = pass(&mut fleet, 1, at(5));
    fleet.served(probe, at(6));
    fails(&mut fleet, 0, FailureClass::Overloaded, at(5));
    let view = fleet.view(&config, at(6));
    let states: Vec<_> = view.iter().map(|seen| (seen.target.as_str(), seen.state.name())).collect();
    assert_eq!(states, [("a", "open"), ("b", "ramping"), ("c", "closed")]);
    assert_eq!(
        (view[0].benched_until, view[0].trouble),
        (Some(at(15)), Some((FailureClass::Overloaded, None)))
    );
    assert_eq!(fleet.view(&config, at(15))[0].state, TargetState::HalfOpen);
}
