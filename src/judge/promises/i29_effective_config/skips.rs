//! Whether what a model was passed over for is declared.

use crate::history::{RouteFacts, Skip, SkipReason};
use crate::judge::Case;
use crate::judge::promises::Breach;
use crate::router::config::{Adapt, BreakerPolicy, Probe};

/// What is wrong with a skip.
pub(super) fn undeclared(case: &Case<'_>, route: &RouteFacts, skip: &Skip) -> Option<Breach> {
    let header = &case.facts.header;
    let model = case.facts.model(case.facts.model_named(&skip.model))?;
    let tenants = || header.tenants.values();
    let here = |provider: &String| header.providers.get(provider);
    let providers =
        || std::iter::once(&model.provider).chain(model.elsewhere.iter().map(|(at, _)| at)).filter_map(here);
    let breaker = |declares: fn(&BreakerPolicy) -> bool| model.breaker.is_none_or(|policy| declares(&policy));
    let why = match skip.reason {
        SkipReason::Benched { until } => {
            let length = until - skip.at;
            let longest = model.breaker.map(|policy| match policy.probe {
                Probe::Live => policy.open_max,
                Probe::Synthetic { every } => policy.open_max.max(every),
            });
            let too_long = longest.is_some_and(|longest| length > longest + case.facts.slack.timer);
            match (breaker(BreakerPolicy::is_on), too_long) {
                (false, _) => "benched, and its breaker is off",
                (true, true) => "benched for longer than is declared",
                (true, false) => return None,
            }
        }
        SkipReason::Probing if !breaker(BreakerPolicy::is_on) => "probed, and its breaker is off",
        SkipReason::Ramping if !breaker(|policy| policy.ramp.is_some()) => {
            "coming back, and no ramp is declared"
        }
        SkipReason::Busy if providers().all(|at| at.concurrency.is_none()) => {
            "busy, and no limit is declared"
        }
        SkipReason::RetryBudget if route.retry_budget.is_none() && providers().all(|at| !at.retry_budget) => {
            "out of budget, and none is declared"
        }
        SkipReason::ContextWindow if model.context.is_none() => "too small, and its window is not declared",
        SkipReason::Unadapted if route.adapt != Adapt::Forbid => {
            "unfit as it is, and the route allows changes"
        }
        SkipReason::NotAllowed if tenants().all(|tenant| tenant.models.is_none()) => {
            "not allowed, and no tenant is limited"
        }
        SkipReason::Spent if tenants().all(|tenant| tenant.spend.is_none()) => {
            "too dear, and nobody has a limit"
        }
        SkipReason::Region if route.regions.is_none() && tenants().all(|tenant| tenant.regions.is_none()) => {
            "in another region, and none is declared"
        }
        _ => return None,
    };
    Some(Breach::new(format!("{} was passed over as {why}", skip.model)).between(skip.at, skip.at))
}
