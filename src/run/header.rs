//! From a scenario to the header of its history: what a judge must know before the first request.

use indexmap::IndexMap;

use crate::chat::FailureClass;
use crate::history::{
    ClassFacts, Header, Mode, ModelFacts, ModelLimits, ProviderFacts, RouteFacts, TargetFacts, TenantFacts,
    VERSION,
};
use crate::router::config::{
    Ambiguous, Capabilities, Config, Model, Need, Provider, RefusalPolicy, Rescue, Route, Target, Tenant,
    Then,
};
use crate::scenario::{Objectives, Scenario};
use mock_providers::fault::{FateFault, Fault};
use mock_providers::limit::{Allowance, Measure, Scope};
use mock_providers::provider::Spec;

/// The header of a run of `scenario`.
#[must_use]
pub fn header(scenario: &Scenario, mode: Mode) -> Header {
    let config = &scenario.router;
    let routes = config.routes.values().map(|route| {
        let objectives = scenario.objectives.get(&route.name).copied().unwrap_or_default();
        (route.name.clone(), route_facts(config, route, objectives))
    });
    Header {
        version: VERSION,
        scenario: scenario.name.clone(),
        about: scenario.about.clone(),
        path: scenario.path.display().to_string(),
        seed: scenario.seed,
        mode,
        starts_us: scenario.starts_us,
        round_trip: scenario.round_trip,
        phases: scenario.phases.clone(),
        models: config
            .models
            .values()
            .map(|model| (model.name.clone(), model_facts(config, model)))
            .collect(),
        routes: routes.collect::<IndexMap<_, _>>(),
        providers: config
            .providers
            .iter()
            .map(|(name, provider)| (name.clone(), provider_facts(provider, scenario.providers.get(name))))
            .collect(),
        targets: config.targets().iter().map(|target| target_facts(config, target)).collect(),
        tenants: config
            .tenants
            .values()
            .map(|tenant| (tenant.name.clone(), tenant_facts(config, tenant)))
            .collect(),
        faults: scenario.faults.clone(),
        expect: scenario.expect.clone(),
        abort_on: scenario.abort_on.clone(),
        scripted: scenario.scripted.clone(),
        foreign: None,
    }
}

fn model_facts(config: &Config, model: &Model) -> ModelFacts {
    let mut places = model.deployments.iter().map(|deployment| {
        let provider = config.providers.get_index(deployment.provider).map(|(name, _)| name.clone());
        (provider.unwrap_or_default(), deployment.upstream.clone())
    });
    let (provider, upstream) = places.next().unwrap_or_default();
    let limits = ModelLimits {
        connect: model.limits.connect,
        first_token: model.limits.first_token,
        idle: model.limits.idle,
        attempt: model.limits.attempt,
        headers: model.limits.headers,
    };
    ModelFacts {
        provider,
        upstream,
        elsewhere: places.collect(),
        limits,
        price: model.price,
        quality: model.quality,
        context: model.context,
        cannot: cannot(&model.can),
        breaker: Some(model.breaker),
        retry: own_retry(model),
        balance: model.balance,
    }
}

fn own_retry(model: &Model) -> ClassFacts {
    let mut facts = ClassFacts::default();
    for class in FailureClass::ALL {
        if let Some(policy) = model.retry.of(class) {
            facts.set(class, *policy);
        }
    }
    facts
}

fn cannot(can: &Capabilities) -> Vec<Need> {
    let declared = [
        (can.tools, Need::Tools),
        (can.json_schema, Need::JsonSchema),
        (can.json_object, Need::JsonObject),
        (can.images, Need::Images),
        (can.prefill, Need::Prefill),
    ];
    declared.into_iter().filter(|(can, _)| *can == Some(false)).map(|(_, need)| need).collect()
}

fn provider_facts(provider: &Provider, mock: Option<&Spec>) -> ProviderFacts {
    ProviderFacts {
        region: provider.region.clone(),
        concurrency: provider.concurrency,
        retry_budget: provider.retry_budget.is_some(),
        calls_per_s: mock.and_then(calls_per_s),
    }
}

/// Calls a second that a provider allows by its limits on all of its calls, and by how many bring it down again.
fn calls_per_s(mock: &Spec) -> Option<f64> {
    let limits = mock.limits.iter().filter(|limit| {
        limit.measure == Measure::Requests && limit.scope == Scope::Provider && limit.models.is_empty()
    });
    let limits = limits.filter_map(|limit| match limit.allowance {
        Allowance::Bucket { amount, per, .. } => Some((amount, per)),
        _ => None,
    });
    let relapses = mock.faults.iter().filter_map(|rule| match &rule.fault {
        Fault::Fate(FateFault::Relapse(relapse)) => Some((relapse.calls, relapse.within)),
        _ => None,
    });
    let rates = limits.chain(relapses).map(|(calls, time)| calls as f64 / time.as_secs_f64());
    rates.min_by(f64::total_cmp)
}

fn target_facts(config: &Config, target: &Target) -> TargetFacts {
    let (provider, keys) = config
        .providers
        .get_index(target.provider)
        .map_or_else(Default::default, |(name, provider)| (name.clone(), provider.keys.as_slice()));
    let key = target.key.filter(|_| keys.len() > 1).map(|key| keys[key].name.clone());
    TargetFacts {
        name: target.name.clone(),
        model: config.models[target.model].name.clone(),
        provider,
        upstream: target.upstream.clone(),
        key,
        weight: target.weight,
    }
}

fn tenant_facts(config: &Config, tenant: &Tenant) -> TenantFacts {
    let names = |models: &Vec<usize>| models.iter().map(|model| config.models[*model].name.clone()).collect();
    TenantFacts {
        models: tenant.models.as_ref().map(names),
        regions: tenant.regions.clone(),
        spend: tenant.spend,
    }
}

fn route_facts(config: &Config, route: &Route, objectives: Objectives) -> RouteFacts {
    let name = |model: &usize| config.models[*model].name.clone();
    let rescue = |rescue: &Rescue| match rescue {
        Rescue::Cache => "cache".to_owned(),
        Rescue::Fixed(_) => "fixed".to_owned(),
        Rescue::Model(model) => name(model),
    };
    let fixed = route.rescue.iter().find_map(|rescue| match rescue {
        Rescue::Fixed(text) => Some(text.clone()),
        _ => None,
    });
    let passed =
        |class: &FailureClass| *class == FailureClass::Refused && route.refusal == RefusalPolicy::Pass;
    let surfaces = |class: &FailureClass| route.retry.of(*class).then == Then::Surface || passed(class);
    RouteFacts {
        chain: route.chain.iter().map(name).collect(),
        rescue: route.rescue.iter().map(rescue).collect(),
        fixed,
        deadline: route.deadline,
        first_token: route.limits.first_token,
        connect: route.limits.connect,
        idle: route.limits.idle,
        attempt: route.limits.attempt,
        max_attempts: route.max_attempts,
        quality_floor: route.quality_floor,
        advance_on: route.advance_on.clone(),
        surfaces_unclear: route.ambiguous == Ambiguous::Surface,
        refusal: route.refusal,
        empty: route.empty,
        surfaces: FailureClass::ALL.into_iter().filter(surfaces).collect(),
        objective_first_token: objectives.first_token,
        objective_total: objectives.total,
        objective_availability: objectives.availability,
        after_commit: route.stream.after_commit,
        never_empty: route.never_empty,
        retry: ClassFacts::of_route(&route.retry),
        retry_order: route.retry_order,
        retry_budget: route.retry_budget,
        retry_after: route.retry_after,
        hedge: route.hedge,
        balance: route.balance,
        weights: route.weights.clone(),
        adapt: route.adapt,
        regions: route.regions.clone(),
        all_benched: route.all_benched,
        headers: route.limits.headers,
        min_rate: route.limits.min_rate.is_some()
            || config.models.values().any(|model| model.limits.min_rate.is_some()),
        deadline_max: config.callers.max_deadline,
        cache: route.cache,
        leniency: route.stream.leniency,
    }
}
