//! Whom a request addresses: a route, a model of its caller's choice, a chain of them.

use super::read::{refused, wrong};
use super::{Ask, AskPolicy, ChainPolicy};
use crate::chat::{Failure, FailureClass};
use crate::router::config::{Config, ModelIx, Route};

/// How much a name must resemble another for it to be a likely slip of the pen, 0..=1.
const RESEMBLES: f64 = 0.7;

/// Names that a complaint lists, at most.
const LISTED: usize = 20;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Index in [`Config::routes`]: whose policy it follows.
    pub route: usize,
    /// The caller's own chain, instead of the route's; never empty.
    pub chain: Option<Vec<ModelIx>>,
}

/// Finds whom a request for `model` addresses.
///
/// `model` names a route. Where it names a model instead, that model heads a chain of the caller's own, which follows
/// the policy of the first route that has the model in its chain, or else of the first route. A chain replaces the
/// route's, in the caller's order.
///
/// # Errors
///
/// `not_found` (404) for a name that is neither, with the name it was probably meant to be; `invalid_request` for a
/// chain that is empty (400) or has a model callers may not name (403).
pub fn address(config: &Config, model: &str, ask: &Ask, policy: &AskPolicy) -> Result<Addressed, Failure> {
    let mut names: Vec<&str> = ask.chain.iter().flatten().map(String::as_str).collect();
    if ask.chain.is_some() && names.is_empty() {
        return Err(wrong("x-brownout-chain", "is empty; name the models to ask, in order, or leave it out"));
    }
    let named = config.routes.get_index_of(model);
    if named.is_none() && !model.is_empty() {
        if policy.chain != ChainPolicy::Any || !config.models.contains_key(model) {
            return Err(unknown(config, model, policy));
        }
        names.insert(0, model);
    }
    if named.is_none() && names.is_empty() {
        let message = format!("`model` is missing; it names one of {}", listed(config.routes.keys()));
        return Err(refused(400, message));
    }
    let chain = chain(config, &names)?;
    let home = |route: &Route| chain.first().is_some_and(|first| route.chain.contains(first));
    let route = named.or_else(|| config.routes.values().position(home)).unwrap_or(0);
    let Some((name, declared)) = config.routes.get_index(route) else {
        return Err(unknown(config, model, policy));
    };
    let outside = chain.iter().find(|model| !declared.chain.contains(*model));
    if let (ChainPolicy::OfRoute, Some(model)) = (policy.chain, outside) {
        let model = &config.models[*model].name;
        let message = format!("callers may not ask route `{name}` for `{model}`, which is not in its chain");
        return Err(refused(403, message));
    }
    Ok(Addressed { route, chain: (!chain.is_empty()).then_some(chain) })
}

/// The models of these names, each once.
fn chain(config: &Config, names: &[&str]) -> Result<Vec<ModelIx>, Failure> {
    let mut chain = Vec::with_capacity(names.len());
    for name in names {
        let model = config.models.get_index_of(*name).ok_or_else(|| no_model(config, name))?;
        if !chain.contains(&model) {
            chain.push(model);
        }
    }
    Ok(chain)
}

fn no_model(config: &Config, name: &str) -> Failure {
    let meant = meant(name, config.models.keys());
    let message =
        format!("no model `{}` for a chain{meant}; there are {}", shown(name), listed(config.models.keys()));
    Failure { status: Some(404), ..Failure::new(FailureClass::NotFound, message) }
}

fn unknown(config: &Config, name: &str, policy: &AskPolicy) -> Failure {
    let models = config.models.keys().filter(|_| policy.chain == ChainPolicy::Any);
    let meant = meant(name, config.routes.keys().chain(models));
    let routes = listed(config.routes.keys());
    let message = format!("no route `{}`{meant}; `model` names one of {routes}", shown(name));
    Failure { status: Some(404), ..Failure::new(FailureClass::NotFound, message) }
}

/// The name that was probably meant.
fn meant<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let name = shown(name);
    let scored = known.map(|known| (strsim::jaro_winkler(&name, known), known));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(score, _)| *score >= RESEMBLES);
    best.map(|(_, known)| format!(" (did you mean `{known}`?)")).unwrap_or_default()
}

fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let count = names.len();
    let mut names: Vec<String> = names.take(LISTED).map(|name| format!("`{name}`")).collect();
    if count > LISTED {
        names.push(format!("{} more", count - LISTED));
    }
    names.join(", ")
}

/// As much of a caller's name as a complaint repeats.
fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}
