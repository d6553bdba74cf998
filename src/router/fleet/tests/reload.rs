//! What a new configuration keeps of what is known.

use super::*;

#[test]
fn a_reload_keeps_what_is_known_by_name() {
    let old = config(&[1, 1], &[("a", &[0]), ("b", &[1])], policy(Scope::Provider));
    let mut fleet = Fleet::new(&old);
    fails(&mut fleet, 0, FailureClass::Overloaded, at(0));
    let asks = Failure { retry_after: Some(s(9)), ..failure(FailureClass::InvalidRequest) };
    let waits = pass(&mut fleet, 1, at(0));
    fleet.failed(waits, &asks, Blame::Target, at(0), 0.0);
    let known = pass(&mut fleet, 1, at(9));
    fleet.served(known, at(11));
    // The same providers in another order, one model more on each, and one that was not there.
    let mut new =
        config(&[1, 1, 1], &[("c", &[2]), ("b", &[1]), ("d", &[0]), ("a", &[0])], policy(Scope::Provider));
    new.models[2].breaker.open = s(99);
    let moved = fleet.adopted(&old, &new);
    let benches: Vec<_> = (0..4).map(|target| moved.bench(target)).collect();
    // `d` declares a breaker of its own for p0: it starts from what is known of p0.
    assert_eq!(benches, [None, None, Some(at(5)), Some(at(5))]);
    assert_eq!((moved.is_cooling(1, at(8)), moved.is_cooling(0, at(8))), (true, false));
    assert_eq!(moved.load(1, at(11)).latency, Some(s(2)));
    assert_eq!(moved.trouble(3), Some((FailureClass::Overloaded, None)));
    let again = config(&[1], &[("a", &[0])], policy(Scope::Model));
    assert_eq!(fleet.adopted(&old, &again).bench(0), Some(at(5)), "a narrower scope keeps the bench");
}

#[test]
fn a_reload_frees_what_calls_under_way_hold() {
    let config = config(&[1], &[("a", &[0])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    fails(&mut fleet, 0, FailureClass::Overloaded, at(0));
    let probe = pass(&mut fleet, 0, at(5));
    let mut moved = fleet.adopted(&config, &config);
    assert_eq!((moved.probes(), moved.load(0, at(5)).in_flight), (0, 0));
    assert!(pass(&mut moved, 0, at(5)).probe);
    fleet.served(probe, at(6));
    assert_eq!((fleet.probes(), fleet.load(0, at(6)).in_flight), (0, 0));
}

/// A reload that turns a breaker off turns it off for good: not even a bad key benches any more.
#[test]
fn a_reload_that_turns_a_breaker_off_lets_nothing_bench() {
    let old = config(&[0], &[("a", &[0])], policy(Scope::Model));
    let new = config(&[0], &[("a", &[0])], BreakerPolicy::off());
    let mut fleet = Fleet::new(&old);
    let benched = pass(&mut fleet, 0, at(0));
    fleet.failed(benched, &failure(FailureClass::ServerError), Blame::Target, at(0), 0.0);
    let mut fleet = fleet.adopted(&old, &new);
    assert_eq!(fleet.bench(0), None);
    let again = pass(&mut fleet, 0, at(1));
    fleet.failed(again, &failure(FailureClass::Unauthorized), Blame::Target, at(1), 0.0);
    assert_eq!(fleet.bench(0), None);
}

/// A target that shared its breaker and now has its own stays as benched as it was, by whichever of the two was later.
#[test]
fn a_target_that_is_alone_after_a_reload_stays_as_benched_as_it_was() {
    let shared = config(&[0], &[("a", &[0]), ("b", &[0])], policy(Scope::Provider));
    let alone = config(&[0], &[("a", &[0]), ("b", &[0])], policy(Scope::Model));
    // An unknown name is the target's own trouble, a server error the whole provider's.
    for (class, benched) in
        [(FailureClass::NotFound, [Some(at(5)), None]), (FailureClass::ServerError, [Some(at(5)); 2])]
    {
        let mut fleet = Fleet::new(&shared);
        let failing = pass(&mut fleet, 0, at(0));
        fleet.failed(failing, &failure(class), Blame::Target, at(0), 0.0);
        let after = fleet.adopted(&shared, &alone);
        assert_eq!([after.bench(0), after.bench(1)], benched, "{class}");
        let same = fleet.adopted(&shared, &shared);
        assert_eq!([same.bench(0), same.bench(1)], benched, "{class}");
    }
}

/// A reload keeps the calls of a window of the same length; of another length they say nothing.
#[test]
fn a_reload_keeps_windows_of_the_same_length() {
    let of = |window: u64| {
        let rate = RateTrip { share: 1.0, window: s(window), min_calls: 4 };
        config(&[0], &[("a", &[0])], BreakerPolicy { failures: 0, rate: Some(rate), ..policy(Scope::Model) })
    };
    let fails = |fleet: &mut Fleet, seconds: u64| {
        let failing = pass(fleet, 0, at(seconds));
        fleet.failed(failing, &failure(FailureClass::ServerError), Blame::Target, at(seconds), 0.0);
    };
    for (window, benched) in [(60, true), (30, false)] {
        let mut fleet = Fleet::new(&of(60));
        (0..3).for_each(|second| fails(&mut fleet, second));
        let mut fleet = fleet.adopted(&of(60), &of(window));
        fails(&mut fleet, 3);
        assert_eq!(fleet.bench(0).is_some(), benched, "{window} s");
    }
}

/// A reload is no way to get a full budget: what was spent of a route's or a provider's is spent.
#[test]
fn a_reload_gives_no_budget_back() {
    for of_route in [true, false] {
        let mut config = config(&[1], &[("a", &[0])], policy(Scope::Model));
        let budget = Some(Budget { share: 0.0, per_second: 0.1 });
        if of_route {
            config.routes[0].retry_budget = budget;
        } else {
            config.providers[0].retry_budget = budget;
        }
        let mut fleet = Fleet::new(&config);
        assert!(fleet.may_retry(0, 0, at(0)));
        let mut moved = fleet.adopted(&config, &config);
        assert!(!moved.may_retry(0, 0, at(1)), "of the route: {of_route}");
        assert!(moved.may_retry(0, 0, at(10)), "it fills as before: {of_route}");
    }
}

/// The same for hedges.
#[test]
fn a_reload_gives_no_hedge_back() {
    let mut config = config(&[1], &[("a", &[0])], policy(Scope::Model));
    let budget = Budget { share: 0.0, per_second: 0.1 };
    config.routes[0].hedge = Some(Hedge { after: HedgeAfter::Fixed(s(1)), budget, most: 1 });
    let mut fleet = Fleet::new(&config);
    assert!(fleet.may_hedge(0, at(0)));
    assert!(!fleet.adopted(&config, &config).may_hedge(0, at(1)));
}
