//! Every map with known keys, for the JSON schema and the tests that keep both in step.

use super::super::cx::Shape;
use super::{NETWORK, SCENARIO, dist, fault, load, provider, request, retry, route, router, rule};

/// All shapes.
pub(in crate::scenario) const ALL: &[&Shape] = &[
    &SCENARIO,
    &NETWORK,
    &dist::DIST,
    &dist::LATENCY,
    &provider::PROVIDER,
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
    &rule::FLAPPING,
    &rule::WHEN,
    &fault::STATUS,
    &fault::HANDY,
    &fault::RETRY_AFTER,
    &fault::BODY,
    &fault::LATENCY_SPIKE,
    &fault::SLOW_TOKENS,
    &fault::STALL,
    &fault::CUT,
    &fault::STREAM_ERROR,
    &fault::REFUSAL,
];
