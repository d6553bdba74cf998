//! The fleet as a whole: who is charged, who is turned away, what a reload keeps.

mod limits;
mod load;
mod reload;
mod scopes;
mod slow;
mod views;

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
