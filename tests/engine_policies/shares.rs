//! I27: who comes first, over many requests, by the declared balance.

use brownout::router::config::{Balance, BreakerPolicy, Config, Deployment, Model, Route};
use brownout::router::fleet::{Admission, Fleet, Pass};
use brownout::router::plan::{Facts, Inputs, Wish, plan};
use brownout::world::Dice;

use super::kit::{at, config, model};

/// Requests asked: the standard error of a share is at most 0.5 / sqrt(20,000) = 0.35 %, so 2 % is nearly six of them.
const REQUESTS: u64 = 20_000;
const TOLERANCE: f64 = 0.02;

/// How often each target of `config` comes first, as shares.
fn firsts(config: &Config, fleet: &Fleet) -> Vec<f64> {
    let mut counts = vec![0_u32; config.targets().len()];
    for request in 0..REQUESTS {
        let plan = plan(&Inputs {
            config,
            route: &config.routes[0],
            facts: &Facts::default(),
            wish: &Wish::default(),
            fleet,
            dice: Dice::new(7).key("request").u64(request),
            now: at(1),
        });
        assert_eq!(plan.candidates.len(), counts.len(), "everybody stays, for when the first one fails");
        counts[plan.candidates[0]] += 1;
    }
    counts.into_iter().map(|count| f64::from(count) / REQUESTS as f64).collect()
}

fn close(got: &[f64], expected: &[f64]) {
    let near = got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() <= TOLERANCE);
    assert!(near, "{got:?}, expected {expected:?}");
}

fn balanced(balance: Balance, weights: &[u32]) -> Config {
    let models = (0..weights.len()).map(|index| model(&format!("m{index}"))).collect();
    let chain = (0..weights.len()).collect();
    config(models, Route { balance, weights: weights.to_vec(), ..Route::new("r", chain) })
}

fn busy(fleet: &mut Fleet, target: usize, calls: usize) -> Vec<Pass> {
    let pass = |fleet: &mut Fleet| match fleet.admit(target, at(0), 0.0) {
        Admission::Yes(pass) => pass,
        Admission::No(reason) => panic!("{reason:?}"),
    };
    (0..calls).map(|_| pass(fleet)).collect()
}

#[test]
fn priority_always_begins_with_the_first() {
    let config = balanced(Balance::Priority, &[1, 9]);
    close(&firsts(&config, &Fleet::new(&config)), &[1.0, 0.0]);
}

/// Nothing is known of either: who weighs more is drawn first more often, and is not passed over for a tie.
#[test]
fn balance_by_latency_leaves_ties_to_the_weights() {
    let config = balanced(Balance::Latency, &[9, 1]);
    close(&firsts(&config, &Fleet::new(&config)), &[0.9, 0.1]);
}

#[test]
fn weights_are_shares_and_zero_is_for_bad_days_only() {
    let config = balanced(Balance::Weighted, &[6, 3, 1, 0]);
    close(&firsts(&config, &Fleet::new(&config)), &[0.6, 0.3, 0.1, 0.0]);
}

#[test]
fn weights_of_deployments_are_shares_too() {
    let place = |upstream: &str, weight| Deployment { provider: 0, upstream: upstream.to_owned(), weight };
    let model = Model {
        deployments: vec![place("x", 3), place("y", 1)],
        balance: Balance::Weighted,
        breaker: BreakerPolicy::off(),
        ..Model::new("m", 0, "x")
    };
    let config = config(vec![model], Route::new("r", vec![0]));
    close(&firsts(&config, &Fleet::new(&config)), &[0.75, 0.25]);
}

/// Idle targets share by weight; of busy ones the one with the fewest calls for its weight is first.
#[test]
fn the_least_busy_for_its_weight_comes_first() {
    let config = balanced(Balance::LeastInFlight, &[2, 1]);
    let mut fleet = Fleet::new(&config);
    close(&firsts(&config, &fleet), &[2.0 / 3.0, 1.0 / 3.0]);
    busy(&mut fleet, 0, 3);
    busy(&mut fleet, 1, 1);
    // 3 / 2 against 1 / 1.
    close(&firsts(&config, &fleet), &[0.0, 1.0]);
    busy(&mut fleet, 1, 1);
    // 3 / 2 against 2 / 1.
    close(&firsts(&config, &fleet), &[1.0, 0.0]);
}
