//! The fleet as a whole: who is charged, who is turned away, what a reload keeps.

use indexmap::IndexMap;

use super::*;
use crate::chat::{Allowance, Failure};
use crate::dialect::Dialect;
use crate::router::config::{
    BreakerPolicy, Budget, Concurrency, Deployment, Hedge, HedgeAfter, Model, Probe, Provider, RateTrip,
    Route, Secret, SlowTrip,
};

pub(super) const fn at(seconds: u64) -> Moment {
    Moment::from_us(seconds * 1_000_000)
}

pub(super) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One failure benches for 5 s, without chance or shortcuts.
pub(super) fn policy(scope: Scope) -> BreakerPolicy {
    BreakerPolicy { scope, failures: 1, open: s(5), jitter: 0.0, eager: None, ..BreakerPolicy::default() }
}

/// Providers with as many keys as given; every model on every provider listed for it.
pub(super) fn config(keys: &[usize], models: &[(&str, &[usize])], breaker: BreakerPolicy) -> Config {
    let provider = |(index, keys): (usize, &usize)| {
        let bare = Provider::new(Dialect::Openai, "http://p");
        let keyed =
            (0..*keys).fold(bare, |provider, key| provider.with_key(Secret::new(format!("secret-{key}"))));
        (format!("p{index}"), keyed)
    };
    let model = |(name, on): &(&str, &[usize])| {
        let deployments = on.iter().map(|provider| Deployment {
            provider: *provider,
            upstream: (*name).to_owned(),
            weight: 1,
        });
        let deployments = deployments.collect();
        ((*name).to_owned(), Model { deployments, breaker, ..Model::new(*name, 0, *name) })
    };
    let chain = (0..models.len()).collect();
    Config::new(
        keys.iter().enumerate().map(provider).collect(),
        models.iter().map(model).collect(),
        IndexMap::from([("r".to_owned(), Route::new("r", chain))]),
    )
}

pub(super) fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "it failed")
}

pub(super) fn pass(fleet: &mut Fleet, target: TargetIx, now: Moment) -> Pass {
    match fleet.admit(target, now, 0.0) {
        Admission::Yes(pass) => pass,
        Admission::No(reason) => panic!("target {target} is not to be asked: {reason:?}"),
    }
}

pub(super) fn fails(fleet: &mut Fleet, target: TargetIx, class: FailureClass, now: Moment) {
    let pass = pass(fleet, target, now);
    fleet.failed(pass, &failure(class), Blame::Target, now, 0.0);
}

fn open(fleet: &Fleet, now: Moment) -> Vec<TargetIx> {
    (0..fleet.targets.len()).filter(|target| fleet.would_admit(*target, now)).collect()
}

// === Scopes ===

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

// === What the provider says ===

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

// === Concurrency ===

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

// === Load ===

/// I27: a target that fails at once has the fewest calls in flight and the shortest calls, and gets no more for it.
#[test]
fn failing_fast_attracts_nobody() {
    let unbenched = BreakerPolicy { failures: 0, ..policy(Scope::Model) };
    let config = config(&[1, 1], &[("a", &[0, 1])], unbenched);
    for by_cost in [false, true] {
        let mut fleet = Fleet::new(&config);
        let mut out: Vec<(Moment, Pass)> = Vec::new();
        let mut asked = [0_u32; 2];
        for tick in 0..3_000_u64 {
            let now = Moment::from_us(tick * 20_000);
            let (ended, rest) = out.into_iter().partition(|(end, _)| *end <= now);
            out = rest;
            let ended: Vec<(Moment, Pass)> = ended;
            for (_, pass) in ended {
                fleet.served(pass, now);
            }
            let measure = |target| {
                let load = fleet.load(target, now);
                if by_cost { load.cost() } else { load.outstanding() }
            };
            let target = usize::from(measure(1) < measure(0));
            asked[target] += 1;
            let pass = pass(&mut fleet, target, now);
            if target == 0 {
                fleet.failed(pass, &failure(FailureClass::ServerError), Blame::Target, now, 0.0);
            } else {
                out.push((now + s(2), pass));
            }
        }
        assert!(asked[0] * 10 < asked[1], "{asked:?} by cost: {by_cost}");
    }
}

/// I27: what a failing target hands on makes its neighbour look busy, and still it gets no more than its share, from the first call on.
#[test]
fn a_failure_handed_on_attracts_nobody() {
    let unbenched = BreakerPolicy { failures: 0, ..policy(Scope::Model) };
    let config = config(&[1, 1], &[("a", &[0, 1])], unbenched);
    let mut fleet = Fleet::new(&config);
    let mut asked = [0_u32; 2];
    // Four seconds at ten a second: nothing that the slow one was asked has ended yet.
    for tick in 0..40_u64 {
        let now = Moment::from_us(tick * 100_000);
        let measure = |target| fleet.load(target, now).outstanding();
        let first = usize::from(measure(1) < measure(0));
        asked[first] += 1;
        if first == 0 {
            let failed = pass(&mut fleet, 0, now);
            fleet.failed(failed, &failure(FailureClass::ServerError), Blame::Target, now, 0.0);
        }
        pass(&mut fleet, 1, now);
    }
    // All forty are in flight at the slow one, and two for each failure must not be fewer: at most 20, and one for what fades.
    assert!(asked[0] <= 21, "{asked:?}");
}

/// I27: a target that has never said anything gets one call to say something, and no more until the other ones are worse.
#[test]
fn silence_attracts_nobody() {
    let config = config(&[1, 1], &[("a", &[0, 1])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    let mut asked = [0_u32; 2];
    // Target 0 hangs; target 1 answers within 100 ms, before the next call comes.
    for tick in 0..100_u64 {
        let now = Moment::from_us(tick * 200_000);
        let cost = |target| fleet.load(target, now).cost();
        let target = usize::from(cost(1) < cost(0));
        asked[target] += 1;
        let mut pass = pass(&mut fleet, target, now);
        if target == 1 {
            fleet.progressed(&mut pass, now + Duration::from_millis(100));
            fleet.served(pass, now + Duration::from_millis(100));
        }
    }
    assert_eq!(asked, [1, 99]);
}

// === Budgets ===

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

// === Probes of the router's own ===

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

// === Views and reloads ===

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

/// 5 s with all of the jitter at a draw of 0.5 are 7.5 s, whatever was drawn when the call began.
#[test]
fn the_draw_of_a_failure_lengthens_its_bench() {
    let config = config(&[0], &[("a", &[0])], BreakerPolicy { jitter: 1.0, ..policy(Scope::Model) });
    let mut fleet = Fleet::new(&config);
    let pass = pass(&mut fleet, 0, at(0));
    fleet.failed(pass, &failure(FailureClass::Overloaded), Blame::Target, at(1), 0.5);
    assert_eq!(fleet.bench(0), Some(at(1) + Duration::from_millis(7_500)));
}

#[test]
fn a_call_that_lost_is_as_slow_as_its_silence_and_no_slower_once_it_spoke() {
    let config = config(&[0], &[("a", &[0])], policy(Scope::Model));
    for (speaks, latency) in [(false, s(3)), (true, s(1))] {
        let mut fleet = Fleet::new(&config);
        let mut pass = pass(&mut fleet, 0, at(0));
        if speaks {
            fleet.progressed(&mut pass, at(1));
        }
        fleet.lost(pass, at(3));
        let known = fleet.load(0, at(3)).latency.expect("something is known");
        // What is known fades: after two seconds of ten, e^-0.2 of it is left.
        let faded = if speaks { latency.mul_f64(libm::exp(-0.2)) } else { latency };
        assert!(known.abs_diff(faded) < Duration::from_millis(1), "{speaks}: {known:?}, not {faded:?}");
    }
}

#[test]
fn calls_under_way_are_counted_over_all_targets() {
    let config = config(&[1, 1], &[("a", &[0, 1])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    let passes = [0, 1, 1].map(|target| pass(&mut fleet, target, at(0)));
    assert_eq!(fleet.in_flight(), 3);
    for pass in passes {
        fleet.served(pass, at(1));
    }
    assert_eq!(fleet.in_flight(), 0);
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
