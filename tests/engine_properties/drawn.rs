//! Configurations and scripts, by hand and by chance.

use std::time::Duration;

use brownout::chat::FailureClass;
use brownout::dialect::Dialect;
use brownout::router::config::{
    AllBenched, Backoff, BreakerPolicy, ClassPolicy, Config, Jitter, Limits, Model, Provider, RefusalPolicy,
    Rescue, RetryAfterPolicy, RetryPolicy, Route, Then,
};
use brownout::router::plan::Facts;
use indexmap::IndexMap;
use proptest::prelude::*;

use super::world::{Outcome, Script, Turn};
pub(crate) fn config(breakers: &[BreakerPolicy], contexts: &[Option<u64>], route: Route) -> Config {
    let provider = Provider::new(Dialect::Openai, "http://p");
    let models = breakers.iter().zip(contexts).enumerate().map(|(index, (breaker, context))| {
        let name = format!("m{index}");
        let model =
            Model { context: *context, breaker: *breaker, ..Model::new(name.clone(), 0, name.clone()) };
        (name, model)
    });
    Config::new(
        IndexMap::from([("p".to_owned(), provider)]),
        models.collect(),
        IndexMap::from([("r".to_owned(), route)]),
    )
}

pub(crate) fn route(models: usize) -> Route {
    Route { refusal: RefusalPolicy::Next, ..Route::new("r", (0..models).collect()) }
}

/// Waits of a bench without chance or any of the shortcuts back: the arithmetic of these tests knows none.
pub(crate) fn strict(failures: u32) -> BreakerPolicy {
    BreakerPolicy { failures, eager: None, jitter: 0.0, ..BreakerPolicy::default() }
}

pub(crate) fn off() -> BreakerPolicy {
    strict(0)
}

pub(crate) fn any_class() -> impl Strategy<Value = FailureClass> {
    (0..FailureClass::ALL.len()).prop_map(|index| FailureClass::ALL[index])
}

pub(crate) fn any_time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (1..50_u64).prop_map(Duration::from_micros),
        (1..900_u64).prop_map(Duration::from_millis),
        (1..90_u64).prop_map(Duration::from_secs),
    ]
}

pub(crate) fn any_turn() -> impl Strategy<Value = Turn> {
    let asks = || proptest::option::weighted(0.3, any_time());
    let outcome = prop_oneof![
        2 => Just(Outcome::Served),
        8 => (any_class(), asks()).prop_map(|(class, asks)| Outcome::Fails(class, asks)),
        1 => (any_class(), asks()).prop_map(|(class, asks)| Outcome::Breaks(class, asks)),
        1 => any::<bool>().prop_map(|committed| Outcome::Left { committed }),
    ];
    (outcome, any_time(), prop::bool::weighted(0.05), any::<bool>())
        .prop_map(|(outcome, takes, leaves_waiting, cached)| Turn { outcome, takes, leaves_waiting, cached })
}

pub(crate) fn any_script() -> impl Strategy<Value = Script> {
    let facts = (0..3000_u64, any::<bool>()).prop_map(|(prompt_tokens, stream)| Facts {
        prompt_tokens,
        stream,
        ..Facts::default()
    });
    (any_time(), facts, prop::collection::vec(any_turn(), 1..8)).prop_map(|(begins, facts, turns)| Script {
        begins,
        facts,
        turns,
    })
}

pub(crate) fn any_breaker() -> impl Strategy<Value = BreakerPolicy> {
    (0..4_u32, 1..20_u64, 1.0..3.0_f64, 0..100_u64).prop_map(|(failures, open, factor, more)| BreakerPolicy {
        failures,
        open: Duration::from_secs(open),
        factor,
        open_max: Duration::from_secs(open + more),
        ..strict(failures)
    })
}

pub(crate) fn any_class_policy() -> impl Strategy<Value = ClassPolicy> {
    let jitter = prop_oneof![Just(Jitter::Full), Just(Jitter::Equal), Just(Jitter::None)];
    let backoff = (any_time(), 1.0..3.0_f64, any_time(), jitter)
        .prop_map(|(base, factor, cap, jitter)| Backoff { base, factor, cap, jitter });
    let then = prop_oneof![6 => Just(Then::Next), 1 => Just(Then::Surface)];
    (0..4_u32, backoff, then).prop_map(|(times, backoff, then)| ClassPolicy { times, backoff, then })
}

pub(crate) fn any_route(models: usize) -> impl Strategy<Value = Route> {
    let limits = (
        (1..5_u64).prop_map(Duration::from_secs),
        proptest::option::of((1..20_u64).prop_map(Duration::from_secs)),
        proptest::option::of((1..40_u64).prop_map(Duration::from_secs)),
    )
        .prop_map(|(connect, first_token, attempt)| Limits {
            connect,
            first_token,
            attempt,
            ..Limits::default()
        });
    let retry = prop::collection::vec((any_class(), any_class_policy()), 0..5);
    let retry_after = prop_oneof![
        any_time().prop_map(|cap| RetryAfterPolicy::Wait { cap }),
        Just(RetryAfterPolicy::MoveOn)
    ];
    let refusal = prop_oneof![Just(RefusalPolicy::Pass), Just(RefusalPolicy::Next)];
    let all_benched =
        prop_oneof![Just(AllBenched::FailFast), Just(AllBenched::AskOne), Just(AllBenched::Wait)];
    let rescue = prop_oneof![
        Just(Rescue::Cache),
        Just(Rescue::Fixed("sorry".to_owned())),
        (0..models).prop_map(Rescue::Model)
    ];
    let chain = Just((0..models).collect::<Vec<_>>()).prop_shuffle();
    let deadline =
        prop_oneof![(1..900_u64).prop_map(Duration::from_millis), (1..90_u64).prop_map(Duration::from_secs)];
    (
        (chain, 1..=models, deadline, limits, retry),
        (retry_after, refusal, all_benched, 1..14_u32, prop::collection::vec(rescue, 0..3)),
    )
        .prop_map(move |((mut chain, length, deadline, limits, classes), rest)| {
            let (retry_after, refusal, all_benched, max_attempts, rescue) = rest;
            chain.truncate(length);
            let mut retry = RetryPolicy::default();
            for (class, policy) in classes {
                retry.set(class, policy);
            }
            let usual = route(models);
            Route {
                chain,
                deadline,
                limits,
                retry,
                retry_after,
                refusal,
                all_benched,
                max_attempts,
                rescue,
                ..usual
            }
        })
}

pub(crate) fn any_config() -> impl Strategy<Value = Config> {
    (1..=5_usize).prop_flat_map(|models| {
        let breakers = prop::collection::vec(any_breaker(), models);
        let context = proptest::option::weighted(0.2, 500..2500_u64);
        (breakers, prop::collection::vec(context, models), any_route(models))
            .prop_map(|(breakers, contexts, route)| config(&breakers, &contexts, route))
    })
}
