//! Budgets of extra calls: how far failures may amplify the traffic.
//!
//! Every request earns a share of a call and every second a part of one; an extra call spends a whole one. What was not spent is kept, but no more than ten seconds' worth: the share of the requests of the last
//! ten seconds and the floor of ten seconds, and one call at the least, or a small budget could never be spent at
//! all. So over any stretch of time
//!
//! > extra calls <= share * requests + per_second * seconds + capacity,
//!
//! where the capacity is what is full at the beginning: ten seconds of the floor, or one call where that is less.

use std::time::Duration;

use super::window::Window;
use crate::router::config::{Budget, Config, Hedge, Route};
use crate::world::Moment;

/// How long what was earned may be kept.
const KEPT: Duration = Duration::from_secs(10);

/// Sums of shares are not exact: 0.1 ten times is a little less than 1.
const ROUNDING: f64 = 1e-6;

/// The budgets of every route and provider.
#[derive(Clone, Debug)]
pub(super) struct Budgets {
    routes: Vec<RoutePurses>,
    providers: Vec<Option<Purse>>,
}

#[derive(Clone, Debug)]
struct RoutePurses {
    retry: Option<Purse>,
    hedge: Option<Purse>,
    /// Providers with a budget that the route's chain may ask: its requests are theirs too.
    providers: Vec<usize>,
}

impl Budgets {
    /// All full.
    pub(super) fn new(config: &Config) -> Self {
        let purses = |route: &Route| RoutePurses {
            retry: route.retry_budget.map(Purse::new),
            hedge: route.hedge.map(|Hedge { budget, .. }| Purse::new(budget)),
            providers: asked_by(config, route),
        };
        let providers = config.providers.values().map(|provider| provider.retry_budget.map(Purse::new));
        Budgets { routes: config.routes.values().map(purses).collect(), providers: providers.collect() }
    }

    /// These budgets with what those of `known` under the same names have.
    pub(super) fn adopt(&mut self, new: &Config, known: &Budgets, old: &Config) {
        let adopted = |purse: &mut Option<Purse>, known: Option<&Purse>| {
            if let (Some(purse), Some(known)) = (purse, known) {
                *purse = purse.adopted(known);
            }
        };
        for (purses, name) in self.routes.iter_mut().zip(new.routes.keys()) {
            let known = old.routes.get_index_of(name).and_then(|route| known.routes.get(route));
            adopted(&mut purses.retry, known.and_then(|known| known.retry.as_ref()));
            adopted(&mut purses.hedge, known.and_then(|known| known.hedge.as_ref()));
        }
        for (purse, name) in self.providers.iter_mut().zip(new.providers.keys()) {
            let known = old.providers.get_index_of(name).and_then(|provider| known.providers.get(provider));
            adopted(purse, known.and_then(Option::as_ref));
        }
    }

    /// A request came on `route`.
    pub(super) fn arrived(&mut self, route: usize, now: Moment) {
        let purses = &mut self.routes[route];
        for purse in [&mut purses.retry, &mut purses.hedge].into_iter().flatten() {
            purse.arrived(now);
        }
        for provider in &purses.providers {
            if let Some(purse) = &mut self.providers[*provider] {
                purse.arrived(now);
            }
        }
    }

    /// Takes a repeat out of the budgets of `route` and `provider`, or out of neither.
    pub(super) fn retry(&mut self, route: usize, provider: usize, now: Moment) -> bool {
        take([&mut self.routes[route].retry, &mut self.providers[provider]], now)
    }

    /// Takes a hedge out of the budget of `route`.
    pub(super) fn hedge(&mut self, route: usize, now: Moment) -> bool {
        take([&mut self.routes[route].hedge], now)
    }
}

/// Takes a call out of every purse, or out of none. Where no budget is declared, everything is affordable.
fn take<const N: usize>(mut purses: [&mut Option<Purse>; N], now: Moment) -> bool {
    let mut affordable = true;
    for purse in purses.iter_mut().filter_map(|purse| purse.as_mut()) {
        affordable &= purse.affords(now);
    }
    if affordable {
        purses.into_iter().flatten().for_each(Purse::spend);
    }
    affordable
}

/// The providers with a budget that `route` may ask, each once.
fn asked_by(config: &Config, route: &Route) -> Vec<usize> {
    let deployments = route.chain.iter().flat_map(|model| &config.models[*model].deployments);
    let mut providers: Vec<_> = deployments.map(|deployment| deployment.provider).collect();
    providers.sort_unstable();
    providers.dedup();
    providers.retain(|provider| {
        config.providers.get_index(*provider).is_some_and(|(_, p)| p.retry_budget.is_some())
    });
    providers
}

/// What is left of one budget.
#[derive(Clone, Debug)]
pub(super) struct Purse {
    budget: Budget,
    balance: f64,
    at: Moment,
    requests: Window,
}

impl Purse {
    /// A full one.
    pub(super) fn new(budget: Budget) -> Self {
        Purse { budget, balance: floor(&budget), at: Moment::ZERO, requests: Window::new(KEPT) }
    }

    /// A purse of this one's budget with what `known` has.
    pub(super) fn adopted(&self, known: &Purse) -> Self {
        Purse { budget: self.budget, ..known.clone() }
    }

    /// A request came.
    pub(super) fn arrived(&mut self, now: Moment) {
        self.requests.add(false, now);
        self.balance += self.budget.share;
        self.settle(now);
    }

    /// Whether an extra call can be paid.
    pub(super) fn affords(&mut self, now: Moment) -> bool {
        self.settle(now);
        self.balance + ROUNDING >= 1.0
    }

    /// Pays an extra call.
    pub(super) fn spend(&mut self) {
        self.balance -= 1.0;
    }

    /// Earns what time brings, and gives up what is more than may be kept.
    fn settle(&mut self, now: Moment) {
        self.balance += self.budget.per_second * (now - self.at).as_secs_f64();
        self.at = self.at.max(now);
        let recent = self.budget.share * f64::from(self.requests.calls(now));
        let earned = recent + self.budget.per_second * KEPT.as_secs_f64();
        self.balance = self.balance.min(earned.max(least(&self.budget)));
    }
}

/// What a purse holds before the first request.
fn floor(budget: &Budget) -> f64 {
    if budget.per_second > 0.0 { (budget.per_second * KEPT.as_secs_f64()).max(1.0) } else { 0.0 }
}

/// What may always be kept: one call, unless nothing is ever earned.
fn least(budget: &Budget) -> f64 {
    if budget.share > 0.0 || budget.per_second > 0.0 { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(ms: u64) -> Moment {
        Moment::from_us(ms * 1_000)
    }

    fn spends(purse: &mut Purse, now: Moment) -> bool {
        let affords = purse.affords(now);
        if affords {
            purse.spend();
        }
        affords
    }

    fn purse(share: f64, per_second: f64) -> Purse {
        Purse::new(Budget { share, per_second })
    }

    #[test]
    fn ten_requests_earn_one_call_at_a_tenth() {
        let mut purse = purse(0.1, 0.0);
        for n in 0..10 {
            assert!(!spends(&mut purse, ms(n)), "{n}");
            purse.arrived(ms(n));
        }
        assert!(spends(&mut purse, ms(10)));
        assert!(!spends(&mut purse, ms(10)));
    }

    #[test]
    fn the_floor_pays_the_few_repeats_of_a_quiet_time() {
        let mut purse = purse(0.0, 0.5);
        // Ten seconds of half a call a second are kept: five.
        let spent = (0..20).filter(|_| spends(&mut purse, ms(60_000))).count();
        assert_eq!(spent, 5);
        assert!(!spends(&mut purse, ms(61_000)));
        assert!(spends(&mut purse, ms(62_000)));
    }

    #[test]
    fn a_purse_begins_with_ten_seconds_of_its_floor() {
        let mut purse = purse(0.0, 3.0);
        let spent = (0..100).filter(|_| spends(&mut purse, ms(0))).count();
        assert_eq!(spent, 30);
    }

    #[test]
    fn after_a_reload_to_nothing_nothing_is_left() {
        let mut purse = purse(0.0, 0.0).adopted(&purse(0.0, 3.0));
        assert!(!spends(&mut purse, ms(0)));
    }

    #[test]
    fn a_floor_below_one_call_in_ten_seconds_is_still_paid() {
        let mut purse = purse(0.0, 0.01);
        assert!(spends(&mut purse, ms(0)));
        assert!(!spends(&mut purse, ms(99_000)));
        assert!(spends(&mut purse, ms(100_000)));
    }

    #[test]
    fn a_share_is_earned_however_rarely_requests_come() {
        let mut purse = purse(0.2, 0.0);
        for n in 0..5 {
            assert!(!spends(&mut purse, ms(n * 60_000)));
            purse.arrived(ms(n * 60_000));
        }
        assert!(spends(&mut purse, ms(240_000)));
    }

    #[test]
    fn what_busy_times_earned_is_not_kept_for_long() {
        let mut purse = purse(0.5, 0.0);
        for n in 0..100 {
            purse.arrived(ms(n));
        }
        // Fifty calls were earned; eleven seconds later one is left.
        let spent = (0..100).filter(|_| spends(&mut purse, ms(11_100))).count();
        assert_eq!(spent, 1);
    }

    #[test]
    fn no_more_is_kept_than_the_requests_of_ten_seconds_earned() {
        let mut purse = purse(0.5, 0.0);
        for _ in 0..100 {
            purse.arrived(ms(0));
        }
        for _ in 0..4 {
            purse.arrived(ms(11_100));
        }
        // Fifty calls were earned eleven seconds ago, and four requests have come since: 4 * 0.5.
        assert_eq!((0..100).filter(|_| spends(&mut purse, ms(11_100))).count(), 2);
    }

    #[test]
    fn zero_means_none() {
        let mut purse = purse(0.0, 0.0);
        purse.arrived(ms(0));
        assert!(!spends(&mut purse, ms(1_000_000)));
    }

    proptest! {
        /// I06: over any sequence of requests and wishes, extra calls stay within the share of the requests, the floor
        /// and the capacity; and over any stretch of it, within what could have been kept at its beginning besides.
        #[test]
        fn extra_calls_are_bounded_over_any_sequence(
            share in 0.0..2.0_f64,
            per_second in 0.0..20.0_f64,
            steps in prop::collection::vec((0..2_000_u64, any::<bool>()), 1..400),
        ) {
            let mut purse = purse(share, per_second);
            let capacity = if per_second > 0.0 { (10.0 * per_second).max(1.0) } else { 0.0 };
            let (mut now, mut requests, mut extra) = (0, 0.0, 0.0);
            for (step, request) in steps {
                now += step * step / 2_000;
                if request {
                    purse.arrived(ms(now));
                    requests += 1.0;
                } else if spends(&mut purse, ms(now)) {
                    extra += 1.0;
                }
                let bound = share * requests + per_second * now as f64 / 1e3 + capacity + 1e-3;
                prop_assert!(extra <= bound, "{extra} extra calls, {bound} allowed at {now} ms");
            }
        }
    }
}
