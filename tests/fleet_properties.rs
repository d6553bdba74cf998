//! The fleet alone, driven through generated sequences of calls with random times, and through whole outages.
//!
//! What is generated: who shares a breaker, every one of its settings, how many calls a provider takes, and then any
//! sequence of calls that begin, bring output and end in every way. After each the promises are checked that hold
//! whatever happens.

use std::time::Duration;

use brownout::chat::{Allowance, Failure, FailureClass, RateLimits};
use brownout::dialect::Dialect;
use brownout::router::config::{
    BreakerPolicy, Budget, Concurrency, Config, Deployment, Eager, Model, Probe, Provider, RateTrip, Route,
    Scope, Secret, SlowTrip,
};
use brownout::router::fleet::{Admission, Blame, Fleet, Pass};
use brownout::router::trail::SkipReason;
use brownout::world::{Dice, Moment};
use indexmap::IndexMap;
use proptest::prelude::*;

// === Configurations ===

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Two providers with one and two keys, the first model on both, the others on one each.
fn config(breakers: &[BreakerPolicy], concurrency: Option<Concurrency>) -> Config {
    let provider = |name: &str, keys: usize| {
        let bare = Provider {
            concurrency,
            region: Some("eu".to_owned()),
            ..Provider::new(Dialect::Openai, "http://p")
        };
        let keyed =
            (0..keys).fold(bare, |provider, key| provider.with_key(Secret::new(format!("secret-{key}"))));
        (name.to_owned(), keyed)
    };
    let model = |(index, breaker): (usize, &BreakerPolicy)| {
        let name = format!("m{index}");
        let on: &[usize] = if index == 0 {
            &[0, 1]
        } else if index % 2 == 0 {
            &[0]
        } else {
            &[1]
        };
        let deployment =
            |provider: &usize| Deployment { provider: *provider, upstream: name.clone(), weight: 1 };
        let deployments = on.iter().map(deployment).collect();
        (name.clone(), Model { deployments, breaker: *breaker, ..Model::new(name.clone(), 0, name) })
    };
    let route = Route {
        retry_budget: Some(Budget { share: 0.2, per_second: 1.0 }),
        ..Route::new("r", (0..breakers.len()).collect())
    };
    Config::new(
        IndexMap::from([provider("one", 1), provider("two", 2)]),
        breakers.iter().enumerate().map(model).collect(),
        IndexMap::from([("r".to_owned(), route)]),
    )
}

fn any_breaker() -> impl Strategy<Value = BreakerPolicy> {
    let scope = prop_oneof![Just(Scope::Model), Just(Scope::Key), Just(Scope::Provider), Just(Scope::Region)];
    let share = || (1..10_u32).prop_map(|tenths| f64::from(tenths) / 10.0);
    let window = || (1..60_u64).prop_map(s);
    let rate = (share(), window(), 0..10_u32).prop_map(|(share, window, min_calls)| RateTrip {
        share,
        window,
        min_calls,
    });
    let slow = (any_time(), share(), window(), 0..10_u32)
        .prop_map(|(over, share, window, min_calls)| SlowTrip { over, share, window, min_calls });
    let eager = (0..5_u32, any_time()).prop_map(|(turned_away, at_least)| Eager { turned_away, at_least });
    let probe = prop_oneof![
        3 => Just(Probe::Live),
        1 => (1..5_000_u64).prop_map(|every| Probe::Synthetic { every: ms(every) }),
    ];
    let of = proptest::option::weighted::<BoxedStrategy<RateTrip>>;
    let trips = (0..4_u32, of(0.3, rate.boxed()), proptest::option::weighted(0.3, slow));
    let lengths = (0..20_u64, 1.0..3.0_f64, 0..100_u64, 0.0..0.5_f64);
    let ways = (proptest::option::of(eager), probe, proptest::option::weighted(0.3, (1..30_u64).prop_map(s)));
    (scope, trips, lengths, ways).prop_map(
        |(scope, (failures, rate, slow), (open, factor, more, jitter), (eager, probe, ramp))| BreakerPolicy {
            scope,
            failures,
            rate,
            slow,
            open: s(open),
            factor,
            open_max: s(open + more),
            jitter,
            eager,
            probe,
            ramp,
        },
    )
}

fn any_time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (1..50_u64).prop_map(Duration::from_micros),
        (1..900_u64).prop_map(ms),
        (1..90_u64).prop_map(s),
    ]
}

// === Sequences ===

#[derive(Clone, Debug)]
enum Act {
    Admit {
        target: prop::sample::Index,
        chance: f64,
    },
    Force {
        target: prop::sample::Index,
    },
    Progressed(prop::sample::Index),
    Served(prop::sample::Index),
    Failed {
        which: prop::sample::Index,
        class: FailureClass,
        asks: Option<Duration>,
        neutral: bool,
        chance: f64,
    },
    Lost(prop::sample::Index),
    Released(prop::sample::Index),
    Learned {
        target: prop::sample::Index,
        remaining: u64,
        reset: Duration,
    },
    Probes,
    Reload,
    Passes(Duration),
}

fn any_act() -> impl Strategy<Value = Act> {
    let index = any::<prop::sample::Index>;
    let class = (0..FailureClass::ALL.len()).prop_map(|index| FailureClass::ALL[index]);
    let failed =
        (index(), class, proptest::option::weighted(0.1, any_time()), prop::bool::weighted(0.2), 0.0..1.0)
            .prop_map(|(which, class, asks, neutral, chance)| Act::Failed {
                which,
                class,
                asks,
                neutral,
                chance,
            });
    prop_oneof![
        8 => (index(), 0.0..1.0).prop_map(|(target, chance)| Act::Admit { target, chance }),
        1 => index().prop_map(|target| Act::Force { target }),
        2 => index().prop_map(Act::Progressed),
        2 => index().prop_map(Act::Served),
        6 => failed,
        1 => index().prop_map(Act::Lost),
        1 => index().prop_map(Act::Released),
        1 => (index(), 0..2_u64, any_time()).prop_map(|(target, remaining, reset)| Act::Learned { target, remaining, reset }),
        1 => Just(Act::Probes),
        1 => Just(Act::Reload),
        5 => any_time().prop_map(Act::Passes),
    ]
}

/// A fleet, the passes that are out, and what was seen of it.
struct World {
    config: Config,
    fleet: Fleet,
    out: Vec<Pass>,
    now: Moment,
    benches: Vec<Option<Moment>>,
    cooling: Vec<Option<Moment>>,
}

type Check = Result<(), TestCaseError>;

impl World {
    fn new(config: Config) -> Self {
        let targets = config.targets().len();
        let fleet = Fleet::new(&config);
        World {
            config,
            fleet,
            out: Vec::new(),
            now: Moment::ZERO,
            benches: vec![None; targets],
            cooling: vec![None; targets],
        }
    }

    fn targets(&self) -> usize {
        self.config.targets().len()
    }

    /// Takes one of the passes that are out.
    fn take(&mut self, which: &prop::sample::Index) -> Option<Pass> {
        if self.out.is_empty() {
            return None;
        }
        let which = which.index(self.out.len());
        Some(self.out.swap_remove(which))
    }

    fn act(&mut self, act: &Act) -> Check {
        let now = self.now;
        // Whether this act may end a bench.
        let mut heals = false;
        match act {
            Act::Admit { target, chance } => self.admit(target.index(self.targets()), *chance)?,
            Act::Force { target } => {
                let target = target.index(self.targets());
                let pass = self.fleet.force(target, now);
                let live = self.config.model_of(target).breaker.probe == Probe::Live;
                prop_assert!(live || !pass.probe, "a caller's request probes where the router does that");
                self.out.push(pass);
            }
            Act::Progressed(which) if !self.out.is_empty() => {
                let which = which.index(self.out.len());
                heals = self.out[which].probe;
                self.fleet.progressed(&mut self.out[which], now);
                prop_assert!(!self.out[which].probe, "I14: a probe that brought output holds its slot");
            }
            Act::Progressed(_) => {}
            Act::Served(which) => {
                if let Some(pass) = self.take(which) {
                    heals = pass.probe;
                    self.fleet.served(pass, now);
                }
            }
            Act::Failed { which, class, asks, neutral, chance } => {
                if let Some(pass) = self.take(which) {
                    let blame = if *neutral { Blame::Neutral } else { Blame::Target };
                    let failure = Failure { retry_after: *asks, ..Failure::new(*class, "it failed") };
                    self.fleet.failed(pass, &failure, blame, now, *chance);
                }
            }
            Act::Lost(which) => {
                if let Some(pass) = self.take(which) {
                    self.fleet.lost(pass, now);
                }
            }
            Act::Released(which) => {
                if let Some(pass) = self.take(which) {
                    self.fleet.released(pass, self.now);
                }
            }
            Act::Learned { target, remaining, reset } => {
                let spent = Allowance { limit: Some(9), remaining: Some(*remaining), reset: Some(*reset) };
                let limits = RateLimits { tokens: Some(spent), ..RateLimits::default() };
                self.fleet.learned(target.index(self.targets()), &limits, now);
            }
            Act::Probes => {
                for pass in self.fleet.probes_due(now) {
                    prop_assert!(pass.probe && !self.fleet.is_cooling(pass.target, now));
                    self.out.push(pass);
                }
                prop_assert!(
                    self.fleet.next_probe().is_none_or(|due| due > now),
                    "a probe is due and not made"
                );
            }
            Act::Reload => {
                // Calls under way end at the fleet they began with: here they are just forgotten.
                self.fleet = self.fleet.adopted(&self.config, &self.config);
                self.out.clear();
            }
            Act::Passes(time) => self.now = now + *time,
        }
        self.check(heals)
    }

    fn admit(&mut self, target: usize, chance: f64) -> Check {
        let now = self.now;
        let would = self.fleet.would_admit(target, now);
        let view = self.fleet.view(&self.config, now).swap_remove(target);
        let admission = self.fleet.admit(target, now, chance);
        match admission {
            Admission::Yes(pass) => {
                prop_assert!(would, "it admits what it would not");
                prop_assert!(view.cooling_until.is_none(), "I10: {view:?} is asked");
                prop_assert!(pass.probe == view.benched_until.is_some(), "I15: {view:?} gives {pass:?}");
                self.out.push(pass);
                let provider = self.config.targets()[target].provider;
                if let Some(limit) = self.config.providers[provider].concurrency {
                    let at = |pass: &&Pass| self.config.targets()[pass.target].provider == provider;
                    let under_way = self.out.iter().filter(at).count();
                    prop_assert!(under_way <= limit.most as usize, "{under_way} calls at once");
                }
                // I13: as if never made, when it says nothing.
                let before = format!("{:?}", self.fleet);
                if let Admission::Yes(second) = self.fleet.admit(target, now, chance) {
                    self.fleet.released(second, self.now);
                    prop_assert_eq!(before, format!("{:?}", self.fleet));
                }
            }
            Admission::No(SkipReason::Ramping) => {
                prop_assert!(would, "chance is told where something stronger is in the way: {view:?}");
                prop_assert!(chance > 0.0, "zero is always within the share");
            }
            Admission::No(reason) => {
                prop_assert!(!would, "it would, but does not: {reason:?}");
                match reason {
                    SkipReason::Benched { until } => {
                        prop_assert!(until > now && view.benched_until >= Some(until));
                    }
                    SkipReason::Cooling { until } => prop_assert_eq!(view.cooling_until, Some(until)),
                    SkipReason::Busy | SkipReason::Probing => {}
                    other => prop_assert!(false, "{other:?} is no reason of the fleet's"),
                }
            }
        }
        Ok(())
    }

    fn check(&mut self, heals: bool) -> Check {
        let now = self.now;
        let view = self.fleet.view(&self.config, now);
        for (target, seen) in view.iter().enumerate() {
            // I22: the gauge is what is out.
            let out = self.out.iter().filter(|pass| pass.target == target).count();
            prop_assert_eq!(seen.in_flight as usize, out, "in flight at {}", &seen.target);
            // I13: neither a bench nor a wish for rest moves backwards while it lasts.
            if let Some(before) = self.benches[target].filter(|end| *end > now && !heals) {
                prop_assert!(seen.benched_until >= Some(before), "{:?} after {before:?}", seen.benched_until);
            }
            if let Some(before) = self.cooling[target].filter(|end| *end > now) {
                prop_assert!(seen.cooling_until >= Some(before), "{:?} after {before:?}", seen.cooling_until);
            }
            // I14: and both have a bound.
            let policy = self.config.model_of(target).breaker;
            let most = match policy.probe {
                Probe::Live => policy.open_max,
                Probe::Synthetic { every } => policy.open_max.max(every),
            };
            if let Some(end) = seen.benched_until {
                prop_assert!(policy.is_on(), "a breaker that is off benches");
                prop_assert!(end - now <= most, "benched for {:?}", end - now);
            }
            prop_assert!(seen.cooling_until.is_none_or(|end| end - now <= s(600).max(policy.open_max)));
            (self.benches[target], self.cooling[target]) = (seen.benched_until, seen.cooling_until);
        }
        // I14: slots are held by probes that are out, at most one for each cell a probe stands for.
        let probes = self.out.iter().filter(|pass| pass.probe).count() as u64;
        let taken = self.fleet.probes();
        prop_assert!(probes <= taken && taken <= 2 * probes, "{taken} slots taken, {probes} probes out");
        Ok(())
    }

    /// I14, I22: when everything ends nothing is held, and everybody who answers is let back in.
    fn over(mut self) -> Check {
        while let Some(pass) = self.out.pop() {
            self.fleet.released(pass, self.now);
        }
        prop_assert_eq!(self.fleet.probes(), 0);
        for target in 0..self.targets() {
            prop_assert_eq!(self.fleet.load(target, self.now).in_flight, 0);
            self.recovers(target)?;
        }
        Ok(())
    }

    fn recovers(&mut self, target: usize) -> Check {
        // Its own bench, and the one it shares, and the wish for rest of whoever probes for it.
        for _ in 0..2 * self.targets() + 2 {
            self.now = self.fleet.back_at(target, self.now);
            for pass in self.fleet.probes_due(self.now) {
                self.fleet.served(pass, self.now);
            }
            match self.fleet.admit(target, self.now, 0.0) {
                Admission::Yes(pass) => {
                    self.fleet.served(pass, self.now);
                    let again = self.fleet.admit(target, self.now, 0.0);
                    prop_assert!(
                        matches!(again, Admission::Yes(pass) if !pass.probe),
                        "it answered: {again:?}"
                    );
                    let Admission::Yes(pass) = again else { return Ok(()) };
                    self.fleet.released(pass, self.now);
                    return Ok(());
                }
                Admission::No(_) => {}
            }
        }
        let view = self.fleet.view(&self.config, self.now).swap_remove(target);
        prop_assert!(false, "I14: it never comes back: {view:?} at {:?}", self.now);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// I13, I14, I15, I22, in the words beside each check: whatever is declared, and in whatever order calls begin,
    /// bring output and end.
    #[test]
    fn every_promise_holds_after_every_act(
        breakers in prop::collection::vec(any_breaker(), 1..4),
        concurrency in proptest::option::weighted(0.3, (1..5_u32, any::<bool>())),
        acts in prop::collection::vec(any_act(), 1..80),
    ) {
        let concurrency = concurrency.map(|(most, adaptive)| Concurrency { most, adaptive });
        // Whoever is taken although the provider is busy breaks its ceiling: that is tested without one.
        let acts = acts.iter().filter(|act| concurrency.is_none() || !matches!(act, Act::Force { .. } | Act::Reload));
        let mut world = World::new(config(&breakers, concurrency));
        for act in acts {
            world.act(act)?;
        }
        world.over()?;
    }
}

// === Outages ===

/// One target with a fallback that is always well, under a steady stream of requests.
struct Outage {
    breaker: BreakerPolicy,
    /// Time between two requests.
    every: Duration,
    /// How much of it chance adds or takes, 0..1.
    spread: f64,
    from: Moment,
    until: Moment,
    /// How long a failure takes, and an answer.
    fails_after: Duration,
    answers_after: Duration,
    seed: u64,
}

/// What came of it.
#[derive(Debug)]
struct Seen {
    /// Requests that came during the outage.
    during: u32,
    /// Of these, those that asked the dead target.
    in_vain: u32,
    /// When the first request after the outage began that the target served.
    first_back: Option<Moment>,
    /// When the last request after the outage came that was turned away.
    last_away: Option<Moment>,
}

impl Outage {
    fn play(&self) -> Seen {
        let config = config(&[self.breaker], None);
        let mut fleet = Fleet::new(&config);
        let dice = Dice::new(self.seed).key("outage");
        let mut out: Vec<(Moment, Pass)> = Vec::new();
        let mut seen = Seen { during: 0, in_vain: 0, first_back: None, last_away: None };
        let (mut arrival, mut number) = (Moment::ZERO, 0_u64);
        while arrival < self.until + s(20) {
            let probe = fleet.next_probe().unwrap_or(Moment::NEVER);
            let end = out.iter().map(|(end, _)| *end).min().unwrap_or(Moment::NEVER);
            if end <= arrival.min(probe) {
                self.end(&mut fleet, &mut out, end, dice.str("bench").u64(number).unit());
            } else if probe < arrival {
                for pass in fleet.probes_due(probe) {
                    out.push((probe + self.takes(probe), pass));
                }
            } else {
                let dead = self.is_dead(arrival);
                seen.during += u32::from(dead);
                match fleet.admit(0, arrival, dice.str("admit").u64(number).unit()) {
                    Admission::Yes(pass) => {
                        seen.in_vain += u32::from(dead);
                        if arrival >= self.until && seen.first_back.is_none() {
                            seen.first_back = Some(arrival);
                        }
                        out.push((arrival + self.takes(arrival), pass));
                    }
                    Admission::No(_) if arrival >= self.until => seen.last_away = Some(arrival),
                    Admission::No(_) => {}
                }
                number += 1;
                let unit = dice.str("gap").u64(number).unit();
                arrival += self.every.mul_f64(1.0 + self.spread * (2.0 * unit - 1.0));
            }
        }
        seen
    }

    fn is_dead(&self, at: Moment) -> bool {
        (self.from..self.until).contains(&at)
    }

    fn takes(&self, began: Moment) -> Duration {
        if self.is_dead(began) { self.fails_after } else { self.answers_after }
    }

    fn end(&self, fleet: &mut Fleet, out: &mut Vec<(Moment, Pass)>, end: Moment, chance: f64) {
        let at = out.iter().position(|(other, _)| *other == end).unwrap_or(0);
        let (now, pass) = out.remove(at);
        if self.is_dead(pass.began) {
            fleet.failed(pass, &Failure::new(FailureClass::Overloaded, "down"), Blame::Target, now, chance);
        } else {
            fleet.served(pass, now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// I15: with the default breaker fewer than one request in five of an outage asks the dead target, at any rate from
    /// 2 to 50 a second, those included that are under way before the first failure is known.
    #[test]
    fn a_dead_target_is_asked_by_less_than_one_request_in_five(
        rate in 2.0..50.0_f64,
        spread in 0.0..1.0_f64,
        length in 20..200_u64,
        from in 5..20_u64,
        fails_after in 1..300_u64,
        answers_after in 50..700_u64,
        seed in any::<u64>(),
    ) {
        let (from, until) = (Moment::ZERO + s(from), Moment::ZERO + s(from + length));
        let (fails_after, answers_after) = (ms(fails_after), ms(answers_after));
        let every = Duration::from_secs_f64(1.0 / rate);
        let breaker = BreakerPolicy::default();
        let seen = Outage { breaker, every, spread, from, until, fails_after, answers_after, seed }.play();
        prop_assert!(seen.in_vain * 5 < seen.during, "{seen:?}");
    }

    /// I14: and at ten requests a second or more, requests are served by it again within two seconds of its recovery,
    /// and all of them as soon as the first was answered. Even when its failures take long: a probe that hangs when it
    /// recovers is followed by the next one at once.
    #[test]
    fn traffic_is_back_within_two_seconds_of_recovery(
        rate in 10.0..50.0_f64,
        spread in 0.0..0.5_f64,
        length in 1..200_u64,
        from in 5..20_u64,
        fails_after in 1..1_700_u64,
        answers_after in 50..700_u64,
        seed in any::<u64>(),
    ) {
        let (from, until) = (Moment::ZERO + s(from), Moment::ZERO + s(from + length));
        let (fails_after, answers_after) = (ms(fails_after), ms(answers_after));
        let every = Duration::from_secs_f64(1.0 / rate);
        let breaker = BreakerPolicy::default();
        let seen = Outage { breaker, every, spread, from, until, fails_after, answers_after, seed }.play();
        let first = seen.first_back.map_or(Duration::MAX, |first| first - until);
        prop_assert!(first <= s(2), "{seen:?}");
        let last = seen.last_away.map_or(Duration::ZERO, |last| last - until);
        prop_assert!(last <= s(2) + answers_after, "{seen:?}");
    }

    /// In a sixty-second outage with a request every four seconds, with probes of the router's own each second: at most
    /// four of the fifteen requests ask the dead target, and the first one that comes two seconds after its recovery
    /// is served by it.
    #[test]
    fn a_quiet_route_with_probes_of_its_own_finds_out_by_itself(
        begins in 0..4_000_u64,
        fails_after in 1..800_u64,
        answers_after in 50..900_u64,
        seed in any::<u64>(),
    ) {
        let from = Moment::ZERO + s(20) + ms(begins);
        let until = from + s(60);
        let (fails_after, answers_after) = (ms(fails_after), ms(answers_after));
        let breaker = BreakerPolicy { probe: Probe::Synthetic { every: s(1) }, ..BreakerPolicy::default() };
        let outage = Outage { breaker, every: s(4), spread: 0.0, from, until, fails_after, answers_after, seed };
        let seen = outage.play();
        prop_assert_eq!(seen.during, 15);
        prop_assert!(seen.in_vain <= 4, "{seen:?}");
        // At most a probe that began before the recovery, a second's pause, and one that works.
        let bound = (fails_after + s(1) + answers_after).max(s(2));
        prop_assert!(seen.last_away.is_none_or(|last| last < until + bound), "{seen:?}");
    }
}

/// B116: under five per cent of random errors and a hundred requests a second, targets stay in rotation: at least 95 % of
/// the requests are let through, with fast failures and slow answers.
#[test]
fn random_errors_do_not_take_a_target_out_of_rotation() {
    let config = config(&[BreakerPolicy::default()], None);
    for seed in 0..5 {
        let mut fleet = Fleet::new(&config);
        let dice = Dice::new(seed).key("random");
        let mut out: Vec<(Moment, Pass, bool)> = Vec::new();
        let mut admitted = 0;
        for request in 0..12_000_u64 {
            let now = Moment::ZERO + ms(request * 10);
            let (mut ended, rest): (Vec<_>, Vec<_>) = out.into_iter().partition(|(end, ..)| *end <= now);
            out = rest;
            ended.sort_by_key(|(end, ..)| *end);
            for (end, pass, fails) in ended {
                if fails {
                    let failure = Failure::new(FailureClass::ServerError, "oops");
                    fleet.failed(pass, &failure, Blame::Target, end, 0.5);
                } else {
                    fleet.served(pass, end);
                }
            }
            if let Admission::Yes(pass) = fleet.admit(0, now, 0.5) {
                admitted += 1;
                let fails = dice.str("fails").u64(request).happens(50_000);
                let takes = if fails { 60.0 } else { 600.0 + 800.0 * dice.str("takes").u64(request).unit() };
                out.push((now + Duration::from_secs_f64(takes / 1e3), pass, fails));
            }
        }
        assert!(admitted >= 11_400, "{admitted} of 12,000 requests were let through");
    }
}
