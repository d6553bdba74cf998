//! What slowness counts for, and how chance lengthens a bench.

use super::*;

/// A call that fails without a word counts as slow once, for as long as it took; one that had said something was counted when
/// it did.
#[test]
fn a_silent_failure_counts_as_a_slow_call() {
    let slow = SlowTrip { over: s(2), share: 1.0, window: s(60), min_calls: 1 };
    let breaker = BreakerPolicy { failures: 0, slow: Some(slow), ..policy(Scope::Model) };
    let config = config(&[0], &[("a", &[0])], breaker);
    let benched = |heard: bool, takes: u64| {
        let mut fleet = Fleet::new(&config);
        let mut pass = pass(&mut fleet, 0, at(0));
        if heard {
            fleet.progressed(&mut pass, at(1));
        }
        fleet.failed(pass, &failure(FailureClass::ServerError), Blame::Target, at(takes), 0.0);
        fleet.bench(0).is_some()
    };
    assert!(benched(false, 3));
    assert!(!benched(false, 1), "it was quick to fail");
    assert!(!benched(true, 3), "it was quick to begin");
}

/// A bench that follows from slowness is lengthened by the draw with which the call was admitted: half of a jitter of 100 %
/// makes 5 s 7.5 s.
#[test]
fn the_draw_of_a_call_lengthens_the_bench_that_follows_from_its_slowness() {
    let slow = SlowTrip { over: s(1), share: 1.0, window: s(60), min_calls: 1 };
    let breaker = BreakerPolicy { slow: Some(slow), jitter: 1.0, ..policy(Scope::Model) };
    let config = config(&[0], &[("a", &[0])], breaker);
    let mut fleet = Fleet::new(&config);
    let Admission::Yes(mut pass) = fleet.admit(0, at(0), 0.5) else { panic!("nothing benches it") };
    fleet.progressed(&mut pass, at(2));
    let end = fleet.bench(0).expect("it was slow") - at(2);
    assert!((end.as_secs_f64() - 7.5).abs() < 1e-5, "{end:?}");
}

/// Where only slowness is declared to bench a provider, a bad key still benches what it opens: no answer comes of it.
#[test]
fn a_bad_key_benches_where_only_slowness_is_declared() {
    let slow = SlowTrip { over: s(2), share: 1.0, window: s(60), min_calls: 1 };
    let breaker = BreakerPolicy { failures: 0, slow: Some(slow), ..policy(Scope::Provider) };
    let config = config(&[0], &[("a", &[0])], breaker);
    let mut fleet = Fleet::new(&config);
    let denied = pass(&mut fleet, 0, at(0));
    fleet.failed(denied, &failure(FailureClass::Unauthorized), Blame::Target, at(0), 0.0);
    assert!(fleet.bench(0).is_some());
}

/// 5 s with all of the jitter at a draw of 0.5 are 7.5 s, whatever was drawn when the call began.
#[test]
fn the_draw_of_a_failure_lengthens_its_bench() {
    let config = config(&[0], &[("a", &[0])], BreakerPolicy { jitter: 1.0, ..policy(Scope::Model) });
    let mut fleet = Fleet::new(&config);
    let pass = pass(&mut fleet, 0, at(0));
    fleet.failed(pass, &failure(FailureClass::Overloaded), Blame::Target, at(1), 0.5);
    assert_eq!(fleet.bench(0), Some(at(1) + Duration::from_millis(7_500)));
}

/// How fast answers come is a matter of the provider: when another model's probe was quick, all of it is back.
#[test]
fn slowness_is_charged_to_what_is_shared_alone() {
    let slow = SlowTrip { over: s(1), share: 1.0, window: s(60), min_calls: 1 };
    let breaker = BreakerPolicy { slow: Some(slow), ..policy(Scope::Provider) };
    let config = config(&[0], &[("a", &[0]), ("b", &[0])], breaker);
    let mut fleet = Fleet::new(&config);
    let mut late = pass(&mut fleet, 0, at(0));
    fleet.progressed(&mut late, at(2));
    assert!(open(&fleet, at(2)).is_empty());
    let mut probe = pass(&mut fleet, 1, at(7));
    fleet.progressed(&mut probe, at(7));
    assert!(!pass(&mut fleet, 0, at(7)).probe, "nothing of its own is left to be probed");
}
