//! The engine depth over drawn configurations: wild seeds, every promise after every event.

use std::time::Duration;

use brownout::chat::FailureClass;
use brownout::dialect::Dialect;
use brownout::fuzz::play::engine::one;
use brownout::router::config::{
    AfterCommit, AllBenched, Ambiguous, Backoff, Balance, BreakerPolicy, Budget, ClassPolicy, Concurrency, Config,
    Deployment, Eager, Hedge, HedgeAfter, Jitter, Key, Limits, LimitsOverride, Model, Price, Probe, Provider, RateTrip,
    RefusalPolicy, Rescue, RetryAfterPolicy, RetryOrder, Route, Scope, Secret, SlowTrip, Spend, StreamPolicy, Tenant,
    Then,
};
use brownout::scenario::{Arrivals, Scenario, Source};
use brownout::world::{Dice, Key as Draws, Moment};
use indexmap::IndexMap;
use mock_providers::latency::Dist;

/// Worlds a test plays, each with four seeds.
const WORLDS: u64 = 1_500;

struct Draw(Draws, u64);

impl Draw {
    fn below(&mut self, count: u64) -> u64 {
        self.1 += 1;
        self.0.u64(self.1).hash() % count.max(1)
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }

    fn some<T>(&mut self, share: u64, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.percent(share).then(|| make(self))
    }
}

fn breaker(draw: &mut Draw) -> BreakerPolicy {
    let open = draw.ms(100, 5_000);
    BreakerPolicy {
        scope: draw.of(&[Scope::Model, Scope::Model, Scope::Model, Scope::Key, Scope::Provider, Scope::Region]),
        failures: draw.below(4) as u32,
        rate: draw.some(20, |draw| RateTrip {
            share: draw.of(&[0.2, 0.5, 1.0]),
            window: draw.ms(500, 20_000),
            min_calls: 1 + draw.below(5) as u32,
        }),
        slow: draw.some(20, |draw| SlowTrip {
            over: draw.ms(50, 1_000),
            share: draw.of(&[0.2, 0.5, 1.0]),
            window: draw.ms(500, 20_000),
            min_calls: 1 + draw.below(5) as u32,
        }),
        open,
        factor: draw.of(&[1.0, 1.5, 2.0, 4.0]),
        open_max: open * draw.of(&[1, 2, 8]),
        jitter: draw.of(&[0.0, 0.1, 0.5]),
        eager: draw.some(50, |draw| Eager { turned_away: 1 + draw.below(5) as u32, at_least: draw.ms(1, 800) }),
        probe: if draw.percent(25) { Probe::Synthetic { every: draw.ms(200, 2_000) } } else { Probe::Live },
        ramp: draw.some(20, |draw| draw.ms(100, 5_000)),
    }
}

fn class_policy(draw: &mut Draw) -> ClassPolicy {
    let backoff = Backoff {
        base: draw.ms(0, 500),
        factor: draw.of(&[1.0, 2.0]),
        cap: draw.ms(0, 2_000),
        jitter: draw.of(&[Jitter::Full, Jitter::Equal, Jitter::None]),
    };
    let then = if draw.percent(15) { Then::Surface } else { Then::Next };
    ClassPolicy { times: draw.below(4) as u32, backoff, then }
}

fn limits(draw: &mut Draw) -> Limits {
    Limits {
        connect: draw.ms(100, 3_000),
        headers: draw.some(20, |draw| draw.ms(100, 3_000)),
        first_token: draw.some(50, |draw| draw.ms(100, 5_000)),
        idle: draw.ms(100, 5_000),
        attempt: draw.some(40, |draw| draw.ms(500, 9_000)),
        min_rate: None,
    }
}

fn route(draw: &mut Draw, name: &str, models: usize) -> Route {
    let mut chain: Vec<usize> = (0..models).filter(|_| draw.percent(75)).collect();
    if chain.is_empty() {
        chain.push(draw.below(models as u64) as usize);
    }
    if draw.percent(50) {
        chain.reverse();
    }
    let weights = (0..chain.len()).map(|_| draw.below(4) as u32).collect();
    let mut route = Route {
        balance: draw.of(&[Balance::Priority, Balance::Priority, Balance::Weighted, Balance::LeastInFlight, Balance::Latency]),
        weights,
        deadline: draw.ms(500, 20_000),
        limits: limits(draw),
        stream: StreamPolicy {
            after_commit: draw.of(&[AfterCommit::End, AfterCommit::Continue, AfterCommit::Regenerate]),
            ..StreamPolicy::default()
        },
        retry_order: draw.of(&[RetryOrder::ModelFirst, RetryOrder::ChainFirst]),
        retry_budget: draw.some(30, |draw| Budget { share: draw.of(&[0.0, 0.2, 1.0]), per_second: draw.of(&[0.1, 1.0]) }),
        hedge: draw.some(40, |draw| Hedge {
            after: HedgeAfter::Fixed(draw.ms(1, 2_000)),
            budget: Budget { share: draw.of(&[0.1, 1.0]), per_second: draw.of(&[0.1, 10.0]) },
            most: draw.below(4) as u32,
        }),
        retry_after: match draw.below(3) {
            0 => RetryAfterPolicy::MoveOn,
            _ => RetryAfterPolicy::Wait { cap: draw.ms(0, 30_000) },
        },
        advance_on: draw.some(10, |_| vec![429, 503, 529]),
        ambiguous: if draw.percent(20) { Ambiguous::Surface } else { Ambiguous::Replay },
        refusal: draw.of(&[RefusalPolicy::Pass, RefusalPolicy::Next]),
        regions: draw.some(15, |_| vec!["eu".to_owned()]),
        all_benched: draw.of(&[AllBenched::FailFast, AllBenched::AskOne, AllBenched::Wait]),
        max_attempts: 1 + draw.below(12) as u32,
        rescue: (0..draw.below(3))
            .map(|_| match draw.below(3) {
                0 => Rescue::Cache,
                1 => Rescue::Fixed("sorry".to_owned()),
                _ => Rescue::Model(draw.below(models as u64) as usize),
            })
            .collect(),
        ..Route::new(name, chain)
    };
    for _ in 0..draw.below(5) {
        let class = draw.of(&FailureClass::ALL);
        route.retry.set(class, class_policy(draw));
    }
    route
}

fn world(number: u64) -> Scenario {
    let mut draw = Draw(Dice::new(11).key("world").u64(number), 0);
    let draw = &mut draw;
    let provider = |draw: &mut Draw| Provider {
        keys: (0..draw.below(3)).map(|key| Key { name: format!("k{key}"), secret: Secret::new(format!("s{key}")) }).collect(),
        region: draw.some(60, |draw| draw.of(&["eu".to_owned(), "us".to_owned()])),
        concurrency: draw.some(20, |draw| Concurrency { most: 1 + draw.below(4) as u32, adaptive: draw.percent(50) }),
        retry_budget: draw.some(20, |_| Budget { share: 0.2, per_second: 0.1 }),
        ..Provider::new(Dialect::Openai, "http://x")
    };
    let providers: IndexMap<_, _> = (0..1 + draw.below(3)).map(|nth| (format!("p{nth}"), provider(draw))).collect();
    let whole = breaker(draw);
    let count = 1 + draw.below(4) as usize;
    let models: IndexMap<_, _> = (0..count)
        .map(|nth| {
            let places = 1 + draw.below(2);
            let place = |draw: &mut Draw, nth| Deployment {
                provider: draw.below(providers.len() as u64) as usize,
                upstream: format!("up{nth}"),
                weight: draw.below(3) as u32,
            };
            let mut model = Model {
                deployments: (0..places).map(|nth| place(draw, nth)).collect(),
                balance: draw.of(&[Balance::Priority, Balance::Priority, Balance::Weighted, Balance::LeastInFlight]),
                price: draw.of(&[None, Some(Price { input: 0, output: 0 }), Some(Price { input: 1_000_000, output: 5_000_000 })]),
                context: draw.some(20, |draw| draw.below(200)),
                breaker: if draw.percent(20) { breaker(draw) } else { whole },
                limits: LimitsOverride { first_token: draw.some(20, |draw| draw.ms(100, 3_000)), ..LimitsOverride::default() },
                ..Model::new(format!("m{nth}"), 0, "up")
            };
            model.can.prefill = draw.some(50, |draw| draw.percent(70));
            model.can.tools = draw.some(30, |draw| draw.percent(50));
            if draw.percent(20) {
                let class = draw.of(&FailureClass::ALL);
                model.retry.set(class, class_policy(draw));
            }
            (model.name.clone(), model)
        })
        .collect();
    let routes: IndexMap<_, _> = (0..1 + draw.below(2))
        .map(|nth| (format!("r{nth}"), route(draw, &format!("r{nth}"), count)))
        .collect();
    let names: Vec<_> = routes.keys().cloned().collect();
    let mut router = Config::new(providers, models, routes);
    let tenant = Tenant {
        name: "t".to_owned(),
        key: None,
        models: None,
        regions: None,
        spend: draw.some(50, |draw| Spend { most: draw.below(3) * 600_000_000, per: draw.ms(1_000, 20_000) }),
    };
    router.tenants.insert("t".to_owned(), tenant);
    let load = names
        .into_iter()
        .map(|route| Source {
            route,
            tenants: if draw.percent(30) { vec![("t".to_owned(), 1.0)] } else { Vec::new() },
            stream_ppm: 500_000,
            prompt: Dist::Constant(100.0),
            output: None,
            distinct_prompts: None,
            patience: draw.some(15, |draw| draw.ms(1, 9_000)),
            arrivals: Arrivals::Poisson {
                rate: draw.of(&[0.5, 2.0, 10.0]),
                span: (Moment::ZERO, Moment::from_us(15_000_000)),
            },
        })
        .collect();
    Scenario { seed: 0, providers: IndexMap::new(), router, load, faults: Vec::new() }
}

#[test]
fn every_promise_holds_in_drawn_worlds() {
    for number in 0..WORLDS {
        let scenario = world(number);
        for seed in [1, 3, 5, 7] {
            if let Some(broken) = one(&scenario, number * 8 + seed) {
                panic!("world {number}, seed {seed}: {broken:?}");
            }
        }
    }
}
