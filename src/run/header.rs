//! From a scenario to the header of its history: what a judge must know before the first request.

use indexmap::IndexMap;

use crate::chat::FailureClass;
use crate::history::{Header, Mode, ModelFacts, ModelLimits, RouteFacts, VERSION};
use crate::router::config::{Ambiguous, Config, Model, RefusalPolicy, Rescue, Route, Then};
use crate::scenario::{Objectives, Scenario};

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
        faults: scenario.faults.clone(),
        expect: scenario.expect.clone(),
        scripted: scenario.scripted.clone(),
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
    };
    ModelFacts {
        provider,
        upstream,
        elsewhere: places.collect(),
        limits,
        price: model.price,
        quality: model.quality,
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
        after_commit: route.stream.after_commit,
        never_empty: route.never_empty,
    }
}
