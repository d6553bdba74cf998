//! From a request and a route to the order of candidates.
//!
//! Who could serve the request at all is decided here, once: what its caller may use, what it needs, what fits. Who
//! comes first among them is decided by the declared balance, from load and dice that are passed in. Health is not
//! asked here but at the moment a candidate's turn comes, because it may have changed by then.
//!
//! Pure: no I/O, no clock, no dice of its own.

use super::config::{Balance, Config, Model, ModelIx, Need, Route, TargetIx};
use super::fleet::{Fleet, Load};
use super::trail::SkipReason;
use crate::router::seam::seam;
use crate::world::{Key, Moment};

/// What a plan needs to know of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Prompt tokens, estimated.
    pub prompt_tokens: u64,
    /// Tokens it may generate, if it says.
    pub max_tokens: Option<u64>,
    /// Whether the caller wants a stream.
    pub stream: bool,
    /// What not every model can do.
    pub needs: Needs,
}

/// What a request needs that not every model can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// It declares tools or answers their calls.
    pub tools: bool,
    /// It wants JSON that follows a schema.
    pub json_schema: bool,
    /// It wants JSON.
    pub json_object: bool,
    /// It shows images.
    pub images: bool,
    /// Its last turn is the beginning of the answer.
    pub prefill: bool,
    /// It wants vectors.
    pub embedding: bool,
}

/// What holds for one request beside its route: what its caller asked for, and what its tenant may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Models to ask instead of the route's.
    pub chain: Option<Vec<ModelIx>>,
    /// Time for the whole request, instead of the route's.
    pub deadline: Option<std::time::Duration>,
    /// Only the first model, and no last resort: the caller wants this one's answer or its error.
    pub alone: bool,
    /// Models its tenant may use; none means all.
    pub models: Option<Vec<ModelIx>>,
    /// Regions its tenant's requests may be served in; none means all.
    pub regions: Option<Vec<String>>,
    /// Whether its tenant has spent what it may: only what is known to be free is left.
    pub spent: bool,
    /// Targets that would take the request only changed, on a route that forbids changes.
    pub unadapted: Vec<TargetIx>,
}

/// The order in which targets are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Who is asked, in order.
    pub candidates: Vec<TargetIx>,
    /// Which models or targets are not, by name, and why.
    pub excluded: Vec<(String, SkipReason)>,
    /// The one model whose answer or error the caller wants, where it wants no other.
    pub only: Option<ModelIx>,
    /// Why nobody is left, if nobody is.
    pub nobody: Option<SkipReason>,
}

/// Everything that decides an order.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What the operator decided.
    pub config: &'a Config,
    /// The route.
    pub route: &'a Route,
    /// The request.
    pub facts: &'a Facts,
    /// What holds for it alone.
    pub wish: &'a Wish,
    /// The load of targets.
    pub fleet: &'a Fleet,
    /// The request's dice.
    pub dice: Key,
    /// Now.
    pub now: Moment,
}

/// Plans a request: the chain in its declared order, without the models that cannot or may not serve it. When only
/// the estimate of the prompt's length excludes everybody, it is ignored: it may be wrong, and a provider's own word is the
/// better error.
#[must_use]
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    let mut plan = Plan::default();
    let (mut too_small, mut barred) = (Vec::new(), None);
    let mut chain = ordered_models(inputs);
    if inputs.wish.alone {
        plan.only = chain.first().copied();
        seam!(FallsBackUnasked, chain.truncate(1), ());
    }
    let mut lead = None;
    for model in chain {
        let named = &inputs.config.models[model];
        let strange = || inputs.facts.needs.embedding && lead.is_some_and(|lead| !alike(lead, named));
        let why = why_not(inputs, model, named);
        let why = why.or_else(|| strange().then_some(SkipReason::Incapable { need: Need::Embedding }));
        lead = lead.or(why.is_none().then_some(named));
        match why {
            None => {
                let (targets, excluded) = targets(inputs, model, named);
                plan.candidates.extend(targets);
                barred = barred.or(excluded.first().map(|(_, reason)| *reason));
                plan.excluded.extend(excluded);
            }
            Some(reason) => {
                plan.excluded.push((named.name.clone(), reason));
                if reason == SkipReason::ContextWindow {
                    too_small.push(model);
                } else {
                    barred = barred.or(Some(reason));
                }
            }
        }
    }
    if plan.candidates.is_empty() && !too_small.is_empty() {
        plan.excluded.retain(|(_, reason)| *reason != SkipReason::ContextWindow);
        for model in too_small {
            let (targets, excluded) = targets(inputs, model, &inputs.config.models[model]);
            barred = barred.or(excluded.first().map(|(_, reason)| *reason));
            plan.candidates.extend(targets);
            plan.excluded.extend(excluded);
        }
    }
    if plan.candidates.is_empty() {
        plan.nobody = barred;
    }
    plan
}

/// Why a model is not asked at all.
fn why_not(inputs: &Inputs<'_>, index: ModelIx, model: &Model) -> Option<SkipReason> {
    let Inputs { facts, wish, .. } = inputs;
    let barred = wish.models.as_ref().is_some_and(|allowed| !allowed.contains(&index));
    if seam!(ChecksAccessOnTheFirstHop, barred, barred && inputs.route.chain.first() == Some(&index)) {
        return Some(SkipReason::NotAllowed);
    }
    if wish.spent && !is_free(model) {
        return Some(SkipReason::Spent);
    }
    let lacks = seam!(
        ChecksAbilityOnTheFirstHop,
        lacking(facts, model),
        lacking(facts, model).filter(|_| inputs.route.chain.first() == Some(&index))
    );
    if let Some(need) = lacks {
        return Some(SkipReason::Incapable { need });
    }
    let fits = model.context.is_none_or(|window| facts.prompt_tokens <= window);
    (!fits).then_some(SkipReason::ContextWindow)
}

/// Whether a model is known to cost nothing.
pub(super) fn is_free(model: &Model) -> bool {
    model.price.is_some_and(|price| price.input == 0 && price.output == 0)
}

/// Whether the vectors of one model may stand in for those of another: only where both are declared to live in the same
/// space, with the same length.
fn alike(one: &Model, other: &Model) -> bool {
    one.embedding.is_some() && one.embedding == other.embedding
}

/// The first thing a request needs that a model is declared not to do. What can be adapted (a limit on output, a
/// temperature) is not lacking.
fn lacking(facts: &Facts, model: &Model) -> Option<Need> {
    let needs = &facts.needs;
    let no = Some(false);
    [
        (needs.tools && model.can.tools == no, Need::Tools),
        (needs.json_schema && model.can.json_schema == no, Need::JsonSchema),
        (needs.json_object && model.can.json_object == no, Need::JsonObject),
        (needs.images && model.can.images == no, Need::Images),
        (needs.prefill && model.can.prefill == no, Need::Prefill),
    ]
    .into_iter()
    .find_map(|(lacks, need)| lacks.then_some(need))
}

/// The targets of one model that may be asked for a request, in their order, and what may not, with the reason. A prompt
/// that seems too long excludes nobody here: that is an estimate.
pub(super) fn targets_for(inputs: &Inputs<'_>, index: ModelIx) -> (Vec<TargetIx>, Vec<(String, SkipReason)>) {
    let model = &inputs.config.models[index];
    match why_not(inputs, index, model) {
        None | Some(SkipReason::ContextWindow) => targets(inputs, index, model),
        Some(reason) => (Vec::new(), vec![(model.name.clone(), reason)]),
    }
}

/// The targets of one model in their declared order, and those that may not be asked.
fn targets(inputs: &Inputs<'_>, index: ModelIx, model: &Model) -> (Vec<TargetIx>, Vec<(String, SkipReason)>) {
    let mut excluded = Vec::new();
    let mut allowed: Vec<TargetIx> = Vec::new();
    for target in inputs.config.targets_of(index) {
        match why_not_there(inputs, target) {
            None => allowed.push(target),
            Some(reason) => excluded.push((inputs.config.targets()[target].name.clone(), reason)),
        }
    }
    if allowed.len() > 1 {
        let weight = |target: &TargetIx| inputs.config.targets()[*target].weight;
        let load = |target: &TargetIx| inputs.fleet.load(*target, inputs.now);
        let dice = inputs.dice.str("targets").u64(index as u64);
        allowed = balanced(model.balance, allowed, &weight, &load, dice);
    }
    (allowed, excluded)
}

fn why_not_there(inputs: &Inputs<'_>, target: TargetIx) -> Option<SkipReason> {
    let region = inputs.config.provider_of(target).region.as_deref();
    let lists = [&inputs.route.regions, &inputs.wish.regions];
    // A provider of which no region is known may be anywhere: where residency is asked for, that is not good enough.
    let abroad = |list: &Vec<String>| !list.iter().any(|allowed| Some(allowed.as_str()) == region);
    let abroad = lists.into_iter().flatten().any(abroad);
    if seam!(
        ChecksTheRegionOnTheFirstHop,
        abroad,
        abroad && inputs.route.chain.first() == Some(&inputs.config.targets()[target].model)
    ) {
        return Some(SkipReason::Region);
    }
    inputs.wish.unadapted.contains(&target).then_some(SkipReason::Unadapted)
}

/// The chain in its declared order.
fn ordered_models(inputs: &Inputs<'_>) -> Vec<ModelIx> {
    let Inputs { config, route, wish, fleet, now, dice, .. } = inputs;
    if let Some(chain) = &wish.chain {
        return chain.clone();
    }
    let balance = seam!(IgnoresTheOrder, route.balance, Balance::Weighted);
    if balance == Balance::Priority || route.chain.len() < 2 {
        return route.chain.clone();
    }
    let weight = |model: &ModelIx| {
        let place = route.chain.iter().position(|known| known == model);
        place.and_then(|place| route.weights.get(place)).copied().unwrap_or(1)
    };
    // A model is as loaded as all its targets together, and as fast as its fastest one.
    let load = |model: &ModelIx| {
        let loads = config.targets_of(*model).map(|target| fleet.load(target, *now));
        loads.reduce(Load::with)
    };
    let load = |model: &ModelIx| load(model).unwrap_or_default();
    balanced(balance, route.chain.clone(), &weight, &load, dice.str("chain"))
}

/// `items` in the order of `balance`. Every item stays: who comes later is asked when who came first fails.
fn balanced<T: Copy + PartialEq>(
    balance: Balance,
    items: Vec<T>,
    weight: &dyn Fn(&T) -> u32,
    load: &dyn Fn(&T) -> Load,
    dice: Key,
) -> Vec<T> {
    match balance {
        Balance::Priority => items,
        Balance::Weighted => by_weight(items, weight, dice),
        Balance::LeastInFlight => {
            // Ties are broken by chance, so that an idle router does not always ask the first.
            let mut keyed: Vec<_> = by_weight(items, weight, dice)
                .into_iter()
                .map(|item| (busyness(&item, weight, load), item))
                .collect();
            keyed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            keyed.into_iter().map(|(_, item)| item).collect()
        }
        Balance::Latency => {
            let mut shuffled = by_weight(items, weight, dice);
            // The better one of two drawn by chance: always asking the very best would make everybody rush there.
            if let [first, second, ..] = &shuffled[..]
                && cost(&load(second)) < cost(&load(first))
            {
                shuffled.swap(0, 1);
            }
            shuffled
        }
    }
}

fn busyness<T>(item: &T, weight: &dyn Fn(&T) -> u32, load: &dyn Fn(&T) -> Load) -> f64 {
    match weight(item) {
        0 => f64::INFINITY,
        weight => load(item).outstanding() / f64::from(weight),
    }
}

/// Peak latency times the calls in flight, the new one included.
fn cost(load: &Load) -> f64 {
    load.cost()
}

/// Draws without replacement, in proportion to weights; those of weight zero come last, in their order.
fn by_weight<T: Copy>(items: Vec<T>, weight: &dyn Fn(&T) -> u32, dice: Key) -> Vec<T> {
    // Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): sort by u^(1/w), the largest first.
    let key = |(nth, item): (usize, T)| {
        let unit = dice.u64(nth as u64).unit();
        let key = match seam!(IgnoresWeights, weight(&item), 1) {
            0 => -(nth as f64),
            weight => libm::pow(unit, 1.0 / f64::from(weight)).max(f64::MIN_POSITIVE),
        };
        (key, item)
    };
    let mut keyed: Vec<_> = items.into_iter().enumerate().map(key).collect();
    keyed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    keyed.into_iter().map(|(_, item)| item).collect()
}
