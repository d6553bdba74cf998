//! Who is charged for a failure: the target, its key, its model, its provider, its region or its cell.

use super::*;

#[test]
fn a_failure_benches_all_who_share_the_declared_scope_and_nobody_else() {
    // Targets: a@p0/key-1, a@p0/key-2, a@p1, b/key-1, b/key-2 (on p0).
    for (scope, left) in [
        (Scope::Model, vec![1, 2, 3, 4]),
        (Scope::Key, vec![1, 2, 4]),
        (Scope::Provider, vec![2]),
        // Neither provider says where it is: each is a region of its own.
        (Scope::Region, vec![2]),
    ] {
        let config = config(&[2, 1], &[("a", &[0, 1]), ("b", &[0])], policy(scope));
        let mut fleet = Fleet::new(&config);
        fails(&mut fleet, 0, FailureClass::Overloaded, at(0));
        assert_eq!(open(&fleet, at(0)), left, "{scope:?}");
    }
}

#[test]
fn providers_of_one_region_are_benched_together() {
    let mut config = config(&[1, 1, 1], &[("a", &[0, 1, 2])], policy(Scope::Region));
    for provider in 0..2 {
        config.providers[provider].region = Some("eu".to_owned());
    }
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::Unreachable, at(0));
    assert_eq!(open(&fleet, at(0)), [2]);
}

/// B129: what one key did is not charged to a whole provider, whatever scope is declared for outages.
#[test]
fn trouble_of_a_key_or_a_name_stays_with_its_target() {
    for class in [
        FailureClass::RateLimited,
        FailureClass::QuotaExhausted,
        FailureClass::Unauthorized,
        FailureClass::NotFound,
    ] {
        let config = config(&[2], &[("a", &[0]), ("b", &[0])], policy(Scope::Provider));
        let mut fleet = Fleet::new(&config);
        fails(&mut fleet, 0, class, at(0));
        assert_eq!(open(&fleet, at(0)), [1, 2, 3], "{class}");
    }
    let config = config(&[2], &[("a", &[0]), ("b", &[0])], policy(Scope::Key));
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::QuotaExhausted, at(0));
    assert_eq!(open(&fleet, at(0)), [1, 3], "the key is what is declared");
}

/// B138, B139: a bad key benches at once, for a minute, and comes back by a probe.
#[test]
fn a_bad_key_is_benched_at_once_and_not_for_good() {
    let lenient = BreakerPolicy { failures: 5, ..policy(Scope::Model) };
    let config = config(&[2], &[("a", &[0])], lenient);
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::Unauthorized, at(0));
    assert_eq!((open(&fleet, at(59)), fleet.bench(0)), (vec![1], Some(at(60))));
    let probe = pass(&mut fleet, 0, at(60));
    assert!(probe.probe);
    fleet.served(probe, at(61));
    assert_eq!(open(&fleet, at(61)), [0, 1]);
}

#[test]
fn two_targets_that_a_key_does_not_open_bench_all_that_it_opens() {
    let of = |status| Failure { status: Some(status), ..failure(FailureClass::Unauthorized) };
    for (status, left) in [(401, vec![1, 3, 5]), (403, vec![1, 3, 4, 5])] {
        // a/key-1, a/key-2, b/key-1, b/key-2, c/key-1, c/key-2.
        let config = config(&[2], &[("a", &[0]), ("b", &[0]), ("c", &[0])], policy(Scope::Model));
        let mut fleet = Fleet::new(&config);
        for target in [0, 2] {
            assert!(fleet.would_admit(4, at(0)), "one bad answer may be the target's own");
            let pass = pass(&mut fleet, target, at(0));
            fleet.failed(pass, &of(status), Blame::Target, at(0), 0.0);
        }
        assert_eq!(open(&fleet, at(0)), left, "{status}");
    }
}

/// A key is to blame only where it was refused twice: not a key that is not there, not beside other trouble of one of the two.
#[test]
fn a_key_is_not_blamed_for_what_it_does_not_explain() {
    let denied = FailureClass::Unauthorized;
    for (keys, first, second, why) in [
        (0, denied, denied, "there is no key"),
        (1, FailureClass::QuotaExhausted, denied, "the first has no credit"),
        (1, denied, FailureClass::Overloaded, "the second has too much to do"),
    ] {
        let config = config(&[keys], &[("a", &[0]), ("b", &[0]), ("c", &[0])], policy(Scope::Model));
        let mut fleet = Fleet::new(&config);
        fails(&mut fleet, 0, first, at(0));
        fails(&mut fleet, 1, second, at(0));
        assert_eq!(open(&fleet, at(0)), [2], "{why}");
    }
}

/// The bench of the first refusal is over, and an answer came: the next refusal is the first of its kind.
#[test]
fn a_key_that_was_mended_is_not_blamed_for_the_next_refusal_alone() {
    let config = config(&[1], &[("a", &[0]), ("b", &[0]), ("c", &[0])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::Unauthorized, at(0));
    let probe = pass(&mut fleet, 0, at(60));
    fleet.served(probe, at(61));
    fails(&mut fleet, 1, FailureClass::Unauthorized, at(62));
    assert_eq!(open(&fleet, at(62)), [0, 2]);
}

#[test]
fn models_that_declare_different_breakers_for_one_provider_have_one_each() {
    let mut config = config(&[1], &[("a", &[0]), ("b", &[0])], policy(Scope::Provider));
    config.models[1].breaker.failures = 2;
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::Overloaded, at(0));
    fails(&mut fleet, 1, FailureClass::Overloaded, at(0));
    assert_eq!(open(&fleet, at(0)), [1]);
    fails(&mut fleet, 1, FailureClass::Overloaded, at(0));
    assert_eq!(open(&fleet, at(0)), [0; 0]);
}

#[test]
fn a_shared_bench_has_one_probe_and_ends_for_all() {
    let config = config(&[1], &[("a", &[0]), ("b", &[0])], policy(Scope::Provider));
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::Overloaded, at(0));
    let mut probe = pass(&mut fleet, 1, at(5));
    assert_eq!(fleet.admit(0, at(5), 0.0), Admission::No(SkipReason::Probing));
    assert_eq!((probe.probe, fleet.probes()), (true, 1));
    fleet.progressed(&mut probe, at(6));
    assert_eq!((open(&fleet, at(6)), fleet.probes()), (vec![0, 1], 0));
    fleet.served(probe, at(7));
    assert!((0..2).all(|target| fleet.load(target, at(7)).in_flight == 0));
}

/// A target that may not be asked by its own cell leaves the shared slot alone, and the other way round.
#[test]
fn a_refusal_by_one_cell_holds_nothing_in_the_other() {
    let config = config(&[1], &[("a", &[0]), ("b", &[0])], policy(Scope::Provider));
    let mut fleet = Fleet::new(&config);
    let late = pass(&mut fleet, 0, at(0));
    fails(&mut fleet, 0, FailureClass::NotFound, at(0));
    fleet.failed(late, &failure(FailureClass::Overloaded), Blame::Target, at(3), 0.0);
    // Own bench until 5 s, shared one until 8 s: at 6 s the own slot would be free, but the shared cell says no.
    let until = at(8);
    assert_eq!(fleet.admit(0, at(6), 0.0), Admission::No(SkipReason::Benched { until }));
    assert_eq!((fleet.probes(), fleet.bench(0)), (0, Some(until)));
    let probe = pass(&mut fleet, 0, at(8));
    assert_eq!(fleet.probes(), 2);
    fleet.released(probe, at(8));
    assert_eq!(fleet.probes(), 0);
}

/// Found by generation: a target whose own cell ramps while the shared one is benched is benched, whatever chance says.
#[test]
fn a_bench_is_told_before_a_ramp() {
    let breaker = BreakerPolicy { ramp: Some(s(10)), ..policy(Scope::Provider) };
    let config = config(&[1], &[("a", &[0]), ("b", &[0])], breaker);
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::NotFound, at(0));
    let probe = pass(&mut fleet, 0, at(5));
    fleet.served(probe, at(5));
    fails(&mut fleet, 1, FailureClass::Overloaded, at(6));
    assert_eq!(fleet.admit(0, at(6), 0.9), Admission::No(SkipReason::Benched { until: at(11) }));
}
