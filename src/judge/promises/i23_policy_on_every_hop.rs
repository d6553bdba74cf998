//! I23 policy-on-every-hop: what a tenant may use, where it may be served and what it may spend holds on each hop and each
//! path.
//!
//! Check: no attempt, last resorts included, is on a model its tenant may not use, at a provider outside the regions of its
//! tenant or route, or on a model outside the chain its caller limited it to (a last resort is another matter there); no model that is not
//! known to be free is asked once the tenant's attempts that had ended by then, by the trails' own costs, had cost what it may
//! spend in that period, those of this request included. A model of the chain that is barred is named by a skip with that reason.
//! And where a route asks the next model after a refusal, no refusal is given as an answer, but in a stream of which something
//! had been said.

use std::collections::BTreeMap;

use super::{Breach, Found, Memory, Promise};
use crate::chat::Finish;
use crate::history::{Attempt, Cause, Moment, RouteFacts, SkipReason, TenantFacts, Trail};
use crate::judge::Case;
use crate::router::config::{RefusalPolicy, Spend};

pub(super) const PROMISE: Promise = Promise { id: "I23", name: "policy-on-every-hop", check };

/// What tenants have spent, as far as requests are over.
pub(super) type Spending = BTreeMap<String, Spent>;

/// What one tenant has spent in its current period.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    period: u64,
    pico: u64,
    /// When the latest of the attempts added up had ended.
    by: Moment,
    /// By when it had spent all it may.
    all: Option<Moment>,
}

fn check(case: &Case<'_>, memory: &mut Memory) -> Found {
    let (Some(trail), Some(route)) = (&case.record.trail, case.route) else { return Found::NotApplicable };
    let tenant = trail.tenant.as_ref().and_then(|name| case.facts.header.tenants.get(name));
    let spend = tenant.and_then(|tenant| tenant.spend);
    let gated = tenant.is_some_and(|tenant| tenant.models.is_some() || tenant.regions.is_some());
    let refuses = route.refusal == RefusalPolicy::Next;
    if !gated && !refuses && spend.is_none() && route.regions.is_none() && trail.chain.is_none() {
        return Found::NotApplicable;
    }
    let attempts = || trail.attempts.iter().enumerate();
    let barred =
        attempts().find_map(|(at, attempt)| barred(case, trail, route, tenant, attempt).map(|why| (at, why)));
    let broken = barred.map(|(at, why)| {
        let what = format!(
            "attempt {} asked {} at {}, {why}",
            at + 1,
            trail.attempts[at].model,
            trail.attempts[at].provider
        );
        Breach::new(what).of([at])
    });
    let broken = broken.or_else(|| unnamed(trail, route, tenant?));
    let broken = broken.or_else(|| refused(case).filter(|_| refuses));
    let overspent = spend.and_then(|spend| overspent(case, trail, spend, memory));
    if let Some(spend) = spend {
        add(trail, spend, memory);
    }
    broken.or(overspent).into()
}

/// Why an attempt should not have been made.
fn barred(
    case: &Case<'_>,
    trail: &Trail,
    route: &RouteFacts,
    tenant: Option<&TenantFacts>,
    attempt: &Attempt,
) -> Option<&'static str> {
    let outside = |models: &Vec<String>| !models.contains(&attempt.model);
    if tenant.and_then(|tenant| tenant.models.as_ref()).is_some_and(outside) {
        return Some("which its tenant may not use");
    }
    let region = case.facts.header.providers.get(&attempt.provider).and_then(|at| at.region.as_ref());
    let abroad = |regions: &Vec<String>| region.is_none_or(|region| !regions.contains(region));
    if route.regions.as_ref().is_some_and(abroad) {
        return Some("outside the route's regions");
    }
    if tenant.and_then(|tenant| tenant.regions.as_ref()).is_some_and(abroad) {
        return Some("outside its tenant's regions");
    }
    let in_chain = attempt.cause != Cause::Rescue;
    (in_chain && trail.chain.as_ref().is_some_and(outside)).then_some("which is not in its caller's chain")
}

/// A model of the chain that the tenant may not use and that no skip names, in a request that was planned.
fn unnamed(trail: &Trail, route: &RouteFacts, tenant: &TenantFacts) -> Option<Breach> {
    let models = tenant.models.as_ref().filter(|_| trail.chain.is_none() && !trail.attempts.is_empty())?;
    let named = |model: &str| {
        trail.skips.iter().any(|skip| skip.model == model && skip.reason == SkipReason::NotAllowed)
    };
    let barred = route.chain.iter().find(|model| !models.contains(*model) && !named(model))?;
    Some(Breach::new(format!(
        "{barred} was passed over, and the trail does not say that its tenant may not use it"
    )))
}

/// A refusal that was given as an answer. What was said before a refusal came cannot be taken back.
fn refused(case: &Case<'_>) -> Option<Breach> {
    let caller = &case.record.caller;
    let refusal = caller.refused || caller.finish == Some(Finish::ContentFilter);
    let unsaid = !caller.stream || caller.first_output.is_none();
    let model = !matches!(case.rescued_by(), Some("cache" | "fixed"));
    let given = case.complete() && refusal && unsaid && model;
    given.then(|| {
        Breach::new("a refusal was the answer, and another model is asked for one").of(case.serving_attempt())
    })
}

/// An attempt that cost something after everything had been spent: by requests that were over, or by this one.
fn overspent(case: &Case<'_>, trail: &Trail, spend: Spend, memory: &Memory) -> Option<Breach> {
    let spent = memory.spending.get(trail.tenant.as_ref()?).copied().unwrap_or_default();
    let free = |model: &str| {
        let price = case.facts.model(model).and_then(|model| model.price);
        price.is_some_and(|price| price.input == 0 && price.output == 0)
    };
    let slack = case.facts.slack.timer;
    let all = |attempt: &Attempt| {
        let now = period(spend, attempt.started);
        let others = spent.all.filter(|_| now == spent.period);
        let known = if now == spent.period && spent.by + slack < attempt.started { spent.pico } else { 0 };
        let own = trail
            .attempts
            .iter()
            .filter(|own| own.ended < attempt.started && period(spend, own.ended) == now);
        let cost = own.clone().filter_map(|own| own.cost).fold(known, u64::saturating_add);
        let by = own.map(|own| own.ended).max().filter(|_| cost >= spend.most);
        others.filter(|all| attempt.started > *all + slack).or(by)
    };
    let late = |(at, attempt): (usize, &Attempt)| Some((at, all(attempt).filter(|_| !free(&attempt.model))?));
    let (at, all) = trail.attempts.iter().enumerate().find_map(late)?;
    let attempt = &trail.attempts[at];
    let what = format!("attempt {} asked {}, and its tenant had spent what it may", at + 1, attempt.model);
    Some(Breach::new(what).of([at]).between(all, attempt.started))
}

/// Adds what the attempts of a request cost.
fn add(trail: &Trail, spend: Spend, memory: &mut Memory) {
    let Some(name) = &trail.tenant else { return };
    for attempt in &trail.attempts {
        let Some(cost) = attempt.cost else { continue };
        let spent = memory.spending.entry(name.clone()).or_default();
        let period = period(spend, attempt.ended);
        if period < spent.period {
            continue;
        }
        if period > spent.period {
            *spent = Spent { period, ..Spent::default() };
        }
        spent.pico = spent.pico.saturating_add(cost);
        spent.by = spent.by.max(attempt.ended);
        if spent.pico >= spend.most {
            spent.all.get_or_insert(spent.by);
        }
    }
}

/// Which period a moment is in, counted from the start of the run.
fn period(spend: Spend, at: Moment) -> u64 {
    let micros = u64::try_from(spend.per.as_micros()).unwrap_or(u64::MAX).max(1);
    at.as_us() / micros
}

#[cfg(test)]
mod tests;
