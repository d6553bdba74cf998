//! What a provider says of its limits, how many calls it gets at once, and what repeats may cost.

use super::*;

#[test]
fn a_target_that_has_nothing_left_is_not_asked_until_its_reset() {
    let config = config(&[2], &[("a", &[0])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    let requests = Allowance { limit: Some(5), remaining: Some(0), reset: Some(s(30)) };
    fleet.learned(0, &RateLimits { requests: Some(requests), ..RateLimits::default() }, at(1));
    let until = at(31);
    assert_eq!(fleet.admit(0, at(30), 0.0), Admission::No(SkipReason::Cooling { until }));
    assert_eq!((open(&fleet, at(30)), open(&fleet, at(31))), (vec![1], vec![0, 1]));
    assert_eq!((fleet.back_at(0, at(30)), fleet.back_at(1, at(30))), (until, at(30)));
}

#[test]
fn a_wait_that_was_asked_for_stands_although_nobody_is_to_blame() {
    let config = config(&[1], &[("a", &[0])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    let pass = pass(&mut fleet, 0, at(0));
    let asks = Failure { retry_after: Some(s(7)), ..failure(FailureClass::InvalidRequest) };
    fleet.failed(pass, &asks, Blame::Target, at(0), 0.0);
    assert_eq!((fleet.is_cooling(0, at(6)), fleet.is_cooling(0, at(7)), fleet.bench(0)), (true, false, None));
}

fn crowded(most: u32, adaptive: bool) -> Config {
    let mut config = config(&[1], &[("a", &[0]), ("b", &[0])], policy(Scope::Model));
    config.providers[0].concurrency = Some(Concurrency { most, adaptive });
    config
}

#[test]
fn a_provider_gets_no_more_calls_at_once_than_declared_over_all_its_targets() {
    let mut fleet = Fleet::new(&crowded(2, false));
    let passes = [pass(&mut fleet, 0, at(0)), pass(&mut fleet, 1, at(0))];
    assert_eq!(fleet.admit(0, at(0), 0.0), Admission::No(SkipReason::Busy));
    fleet.released(passes[1], at(0));
    assert!(fleet.would_admit(0, at(0)));
}

/// B175: eight callers at once against a provider that takes five: fewer at once, and nobody benched.
#[test]
fn complaints_of_too_many_at_once_lower_the_number_and_bench_nobody() {
    let mut fleet = Fleet::new(&crowded(8, true));
    let (mut refused, mut most_at_once, mut out) = (0, 0, Vec::new());
    for tick in 0..600_u64 {
        let now = Moment::from_us(tick * 100_000);
        // Every call takes 100 ms; the provider refuses those beyond five.
        for (nth, pass) in std::mem::take(&mut out).into_iter().enumerate() {
            if nth < 5 {
                fleet.served(pass, now);
            } else {
                refused += 1;
                let full = Failure::new(FailureClass::RateLimited, "too many concurrent requests");
                fleet.failed(pass, &full, Blame::Target, now, 0.0);
            }
        }
        while let Admission::Yes(pass) = fleet.admit(0, now, 0.0) {
            out.push(pass);
        }
        assert!(!out.is_empty(), "nobody is asked at {now:?}");
        if tick > 10 {
            most_at_once = most_at_once.max(out.len());
        }
    }
    // Without the ceiling it would have been 3 of 8 calls, 1,800 of them.
    assert!(refused < 200 && most_at_once <= 6, "{refused} refused, {most_at_once} at once");
}

#[test]
fn a_repeat_is_taken_out_of_both_budgets_or_out_of_neither() {
    let mut config = config(&[1], &[("a", &[0])], policy(Scope::Model));
    config.routes[0].retry_budget = Some(Budget { share: 1.0, per_second: 0.0 });
    config.providers[0].retry_budget = Some(Budget { share: 0.5, per_second: 0.0 });
    let mut fleet = Fleet::new(&config);
    fleet.arrived(0, at(0));
    // The route could pay, the provider has half a call: nothing is taken.
    assert!(!fleet.may_retry(0, 0, at(0)));
    fleet.arrived(0, at(0));
    assert!(fleet.may_retry(0, 0, at(0)));
    // Now the route has one left, and the provider none.
    assert!(!fleet.may_retry(0, 0, at(0)));
    fleet.arrived(0, at(0));
    fleet.arrived(0, at(0));
    assert!(fleet.may_retry(0, 0, at(0)));
    assert!(fleet.may_hedge(0, at(0)), "where no budget is declared, none is needed");
}

/// Requests of a route fill the budget of every provider that its chain may ask, and of no other.
#[test]
fn a_request_earns_for_the_providers_of_its_chain() {
    let mut config = config(&[1, 1, 1], &[("a", &[0, 2]), ("b", &[1])], policy(Scope::Model));
    let budget = Budget { share: 1.0, per_second: 0.0 };
    for provider in 0..3 {
        config.providers[provider].retry_budget = Some(budget);
    }
    config.routes[0].chain = vec![0];
    let mut fleet = Fleet::new(&config);
    fleet.arrived(0, at(0));
    // Targets: a at p0, a at p2, b at p1.
    assert_eq!([0, 1, 2].map(|target| fleet.may_retry(0, target, at(0))), [true, true, false]);
}
