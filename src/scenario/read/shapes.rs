//! Every map with known keys, for the JSON schema and the tests that keep both in step.

use super::super::cx::Shape;
use super::{
    NETWORK, SCENARIO, attempt_limits, breaker, budget, callers, can, dist, expect, fault, limit, load,
    model, policy, provider, replay, request, retry, route, router, rule, shape, stream, tenant, upstream,
};

/// Those that do not come with a fault's word.
const FIXED: &[&Shape] = &[
    &SCENARIO,
    &NETWORK,
    &dist::DIST,
    &dist::LATENCY,
    &provider::PROVIDER,
    &limit::LIMIT,
    &limit::CAPACITY,
    &dist::TAIL,
    &shape::FATE,
    &shape::SHAPE,
    &shape::DIURNAL,
    &replay::INCIDENT,
    &replay::EVENT,
    &router::ROUTER,
    &model::MODEL,
    &model::DEPLOYMENT,
    &model::PRICE,
    &model::EMBEDDING,
    &can::CAN,
    &attempt_limits::LIMITS,
    &attempt_limits::MIN_RATE,
    &breaker::BREAKER,
    &breaker::RATE,
    &breaker::SLOW,
    &breaker::EAGER,
    &breaker::PROBE,
    &budget::BUDGET,
    &budget::HEDGE,
    &budget::PERCENTILE,
    &budget::CONCURRENCY,
    &upstream::UPSTREAM,
    &callers::CALLERS,
    &callers::INTAKE,
    &tenant::TENANT,
    &tenant::SPEND,
    &router::CACHE,
    &policy::ROUTE,
    &policy::DEFAULTS,
    &policy::RESCUE,
    &policy::RETRY_AFTER,
    &route::LINK,
    &route::OBJECTIVE,
    &stream::STREAM,
    &stream::HOLD,
    &retry::CLASS,
    &retry::BACKOFF,
    &load::SOURCE,
    &load::RAMP,
    &load::BURST,
    &load::CLOSED,
    &request::REQUEST,
    &request::SEND,
    &rule::FAULT,
    &shape::FLAPPING,
    &rule::REPLAY,
    &rule::WHEN,
    &expect::STOP,
];

/// All of them.
pub(in crate::scenario) fn all() -> impl Iterator<Item = &'static Shape> {
    FIXED.iter().copied().chain(fault::shapes())
}
