//! Every map with known keys, for the JSON schema and the tests that keep both in step.

use super::super::cx::Shape;
use super::{
    NETWORK, SCENARIO, dist, fault, limit, load, provider, replay, request, retry, route, router, rule, shape,
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
    &router::MODEL,
    &router::PRICE,
    &router::BREAKER,
    &route::ROUTE,
    &route::DEFAULTS,
    &route::OBJECTIVE,
    &route::RESCUE,
    &route::RETRY_AFTER,
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
];

/// All of them.
pub(in crate::scenario) fn all() -> impl Iterator<Item = &'static Shape> {
    FIXED.iter().copied().chain(fault::shapes())
}
