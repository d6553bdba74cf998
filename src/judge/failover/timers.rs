//! How long a router may take to come to rest: the longest of its timers.

use std::time::Duration;

use crate::chat::FailureClass;
use crate::history::{Header, ModelFacts, RouteFacts};
use crate::router::config::{BreakerPolicy, HedgeAfter, RetryAfterPolicy};

/// The longest timer that a header declares: of deadlines, limits, hedges, backoffs, waits, benches and ramps.
pub(crate) fn longest(header: &Header) -> Duration {
    let used = header.models.iter().filter(|(name, _)| is_used(header, name));
    let routes = header.routes.values().map(of_route);
    routes.chain(used.map(|(_, model)| of_model(model))).max().unwrap_or_default()
}

fn is_used(header: &Header, model: &str) -> bool {
    header.routes.values().any(|route| route.chain.iter().chain(&route.rescue).any(|name| name == model))
}

fn of_route(route: &RouteFacts) -> Duration {
    let waits = match route.retry_after {
        RetryAfterPolicy::Wait { cap } => Some(cap.min(route.deadline)),
        RetryAfterPolicy::MoveOn => None,
    };
    let hedge = route.hedge.and_then(|hedge| match hedge.after {
        HedgeAfter::Fixed(after) => Some(after),
        HedgeAfter::Percentile { .. } => None,
    });
    let backoffs = FailureClass::ALL.into_iter().filter_map(|class| route.retry.of(class));
    let backoffs = backoffs.filter(|policy| policy.times > 0).map(|policy| policy.backoff.cap);
    let limits = [route.first_token, route.attempt, route.headers, waits, hedge];
    let limits = limits.into_iter().flatten().chain([route.deadline, route.connect, route.idle]);
    limits.chain(backoffs).max().unwrap_or_default()
}

fn of_model(model: &ModelFacts) -> Duration {
    let limits = &model.limits;
    let breaker = model.breaker.filter(BreakerPolicy::is_on);
    let ramp = breaker.and_then(|breaker| breaker.ramp);
    let own = [limits.connect, limits.first_token, limits.idle, limits.attempt, limits.headers, ramp];
    own.into_iter().flatten().chain(breaker.map(|breaker| breaker.open_max)).max().unwrap_or_default()
}
