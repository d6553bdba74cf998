//! Who may be asked for a request at all, and who comes first.

use super::{Check, promise};
use crate::fuzz::play::engine::shell::Life;
use crate::fuzz::play::engine::world::World;
use crate::router::config::{Balance, Config, Model, ModelIx, Rescue, TargetIx};
use crate::router::engine::{Order, Step};
use crate::router::trail::Cause;

/// Who must be asked first: the model, and which of its targets, where that is not left to chance.
pub(in super::super) type First = (ModelIx, Option<TargetIx>);

impl World<'_> {
    /// A request comes: budgets grow with it.
    pub(in super::super) fn arrived(&mut self, life: &Life) {
        use crate::fuzz::play::engine::known::Whose;
        let route = life.caller.route;
        let chain = &self.config.routes[route].chain;
        for purse in &mut self.purses {
            let concerned = match purse.whose {
                Whose::Repeats(of) | Whose::Hedges(of) => of == route,
                Whose::Provider(of) => {
                    let at = |model: &ModelIx| {
                        self.config.models[*model].deployments.iter().any(|place| place.provider == of)
                    };
                    chain.iter().any(at)
                }
            };
            if concerned {
                purse.arrived();
            }
        }
    }

    /// Notes whether the tenant of a request has spent what it may: whoever is passed over for that is not asked later.
    pub(in super::super) fn counts_money(&self, life: &mut Life) {
        life.story.was_spent |= self.is_spent(life);
    }

    /// Whether the tenant of a request has spent what it may, by our own count.
    fn is_spent(&self, life: &Life) -> bool {
        let Some(tenant) = life.caller.tenant else { return false };
        let Some(limit) = self.config.tenants[tenant].spend else { return false };
        let period = self.now.as_us() / (limit.per.as_micros() as u64).max(1);
        let (counted, spent) = self.spent[tenant];
        (if counted == period { spent } else { 0 }) >= limit.most
    }

    /// Why a model may not serve a request at all, whatever the length of its prompt.
    fn barred(&self, life: &Life, index: ModelIx, spent: bool) -> Option<&'static str> {
        let (model, wish, needs) = (&self.config.models[index], &life.caller.wish, &life.caller.facts.needs);
        let free = model.price.is_some_and(|price| (price.input, price.output) == (0, 0));
        let no = Some(false);
        if wish.models.as_ref().is_some_and(|models| !models.contains(&index)) {
            return Some("its tenant may not use it");
        }
        if spent && !free {
            return Some("its tenant has nothing left to spend");
        }
        let unable = needs.tools && model.can.tools == no || needs.json_object && model.can.json_object == no;
        unable.then_some("it cannot do what the request needs")
    }

    /// Whether a target is where a request may be served.
    fn at_home(&self, life: &Life, target: TargetIx) -> bool {
        let region = self.config.provider_of(target).region.as_deref();
        let lists = [&self.config.routes[life.caller.route].regions, &life.caller.wish.regions];
        lists.into_iter().flatten().all(|list| list.iter().any(|allowed| Some(allowed.as_str()) == region))
    }

    fn fits(&self, life: &Life, model: &Model) -> bool {
        model.context.is_none_or(|window| life.caller.facts.prompt_tokens <= window)
    }

    /// The models a request may ask, in the declared order.
    fn chain_of(&self, life: &Life) -> Vec<ModelIx> {
        let route = &self.config.routes[life.caller.route];
        let mut chain = life.caller.wish.chain.clone().unwrap_or_else(|| route.chain.clone());
        if life.caller.wish.alone && self.is_ordered(life) {
            chain.truncate(1);
        }
        chain
    }

    /// Whether the order of the models is declared, not drawn.
    pub(super) fn is_ordered(&self, life: &Life) -> bool {
        let route = &self.config.routes[life.caller.route];
        life.caller.wish.chain.is_some() || route.balance == Balance::Priority || route.chain.len() < 2
    }

    /// The targets a request may be sent to, in the declared order. When only the estimate of the prompt's length excludes
    /// everybody, it excludes nobody.
    pub(super) fn permitted(&self, life: &Life) -> Vec<TargetIx> {
        let chain = self.chain_of(life);
        let among = |spent: bool| {
            let allowed = chain.iter().filter(move |model| self.barred(life, **model, spent).is_none());
            let targets = allowed.flat_map(|model| self.config.targets_of(*model));
            targets.filter(|target| self.at_home(life, *target))
        };
        let fits = |target: &TargetIx| self.fits(life, self.config.model_of(*target));
        // That is decided when the request comes, whatever money is left later.
        let estimated = among(life.story.came_spent).any(|target| fits(&target));
        among(life.story.was_spent || self.is_spent(life))
            .filter(|target| !estimated || fits(target))
            .collect()
    }

    /// I23, I17: access, money, residency, ability and room, on every hop and for every reason to ask.
    pub(super) fn may_be_asked(&self, life: &Life, order: &Order) -> Check {
        let (index, name) =
            (self.config.targets()[order.target].model, &self.config.targets()[order.target].name);
        let route = &self.config.routes[life.caller.route];
        let why = self.barred(life, index, self.is_spent(life));
        let id = if why.is_some_and(|why| why.starts_with("it ")) { "I17" } else { "I23" };
        promise!(
            why.is_none(),
            id,
            life.request(),
            "`{name}` is asked ({:?}), and {}",
            order.cause,
            why.unwrap_or_default()
        );
        promise!(
            self.at_home(life, order.target),
            "I23",
            life.request(),
            "`{name}` is asked, in a region that is not allowed"
        );
        if order.cause == Cause::Rescue {
            let declared = route.rescue.contains(&Rescue::Model(index));
            promise!(
                declared && !life.caller.wish.alone,
                "I23",
                life.request(),
                "`{name}` is no last resort of this request"
            );
            return Ok(());
        }
        // A last resort whose stream broke may go on with it.
        let own =
            matches!(order.cause, Cause::Continue | Cause::Regenerate) && life.story.has_asked(order.target);
        promise!(
            own || self.chain_of(life).contains(&index),
            "I23",
            life.request(),
            "`{name}` is not in the chain"
        );
        let asked_another =
            life.story.asked.iter().any(|asked| self.config.targets()[asked.target].model != index);
        promise!(
            !(life.caller.wish.alone && asked_another),
            "I23",
            life.request(),
            "`{name}` is a fallback, and none was wanted"
        );
        let fits = self.fits(life, &self.config.models[index]);
        // Of a chain whose order is drawn nobody knows which model is the only one that is wanted.
        let drawn = life.caller.wish.alone && !self.is_ordered(life);
        let may = fits || drawn || own || self.permitted(life).contains(&order.target);
        promise!(
            may,
            "I17",
            life.request(),
            "`{name}` is asked for a prompt that does not fit, and another model has room"
        );
        Ok(())
    }

    /// I27: who must be asked first, before the engine is asked.
    pub(in super::super) fn expected_first(&self, life: &Life) -> Option<First> {
        if !self.is_ordered(life) {
            return None;
        }
        let fleet = &self.eras[life.era].fleet;
        let first = self.permitted(life).into_iter().find(|target| fleet.would_admit(*target, self.now))?;
        let model = self.config.model_of(first);
        let drawn = model.breaker.ramp.is_some();
        let index = self.config.targets()[first].model;
        (!drawn && !self.ramps(life))
            .then_some((index, (model.balance == Balance::Priority).then_some(first)))
    }

    /// Whether chance may pass over one of those who may be asked.
    fn ramps(&self, life: &Life) -> bool {
        self.chain_of(life).iter().any(|model| self.config.models[*model].breaker.ramp.is_some())
    }

    pub(in super::super) fn first_is_right(
        &mut self,
        life: &Life,
        step: &Step,
        expected: Option<First>,
    ) -> Check {
        let asked = match step {
            Step::Attempt(order) => Some(order),
            _ => None,
        };
        self.note_first(life, asked);
        let Some((model, target)) = expected else { return Ok(()) };
        let attempts = self.config.routes[life.caller.route].max_attempts > 0;
        let late = self.now >= life.engine.deadline();
        let Some(order) = asked.filter(|order| order.cause != Cause::Rescue) else {
            let name = &self.config.models[model].name;
            promise!(
                late || !attempts,
                "I02",
                life.request(),
                "`{name}` may be asked, and nobody is: {step:?}"
            );
            return Ok(());
        };
        let named = &self.config.targets()[order.target];
        // Those who are turned away bring an early probe nearer, also by this very request.
        let right = order.pass.probe || target.map_or(named.model == model, |target| order.target == target);
        let first =
            target.map_or(&self.config.models[model].name, |target| &self.config.targets()[target].name);
        promise!(right, "I27", life.request(), "`{}` is asked first, before `{first}`", named.name);
        Ok(())
    }

    /// Counts who came first where that is drawn by weights, and nobody was away.
    fn note_first(&mut self, life: &Life, asked: Option<&Order>) {
        let route = &self.config.routes[life.caller.route];
        let wish = &life.caller.wish;
        let free =
            wish.models.is_none() && wish.regions.is_none() && wish.chain.is_none() && !life.story.was_spent;
        let Some(order) = asked.filter(|_| route.balance == Balance::Weighted && free) else { return };
        let fleet = &self.eras[life.era].fleet;
        let there = |model: &ModelIx| {
            let mut targets = self.config.targets_of(*model);
            self.barred(life, *model, false).is_none()
                && targets.all(|target| fleet.bench(target).is_none())
                && self.fits(life, &self.config.models[*model])
        };
        let ready = |target: TargetIx| self.at_home(life, target) && !fleet.is_cooling(target, self.now);
        let all = route.chain.iter().all(|model| there(model) && self.config.targets_of(*model).all(ready));
        let busy = self.config.providers.values().any(|provider| provider.concurrency.is_some());
        let place = route.chain.iter().position(|model| *model == self.config.targets()[order.target].model);
        if let (Some(place), true, false) = (place, all && !self.ramps(life), busy) {
            self.firsts[life.caller.route][place] += 1;
        }
    }
}

/// I27: those who came first did so in proportion to their weights, over all seeds of a world. By Chernoff's bound a share
/// that is so far off has a chance below e^-30.
pub(in super::super) fn weights_are_kept(config: &Config, firsts: &[Vec<u64>]) -> Check {
    for (route, firsts) in config.routes.values().zip(firsts) {
        let all: u64 = firsts.iter().sum();
        let weights: u64 = route.weights.iter().map(|weight| u64::from(*weight)).sum();
        if all == 0 || weights == 0 || route.balance != Balance::Weighted {
            continue;
        }
        for (place, count) in firsts.iter().enumerate() {
            let declared = f64::from(route.weights[place]) / weights as f64;
            let kept = all as f64 * divergence(*count as f64 / all as f64, declared) <= 30.0;
            let name = &config.models[route.chain[place]].name;
            promise!(
                kept,
                "I27",
                None,
                "`{name}` came first {count} times of {all}, and its share is {declared:.3}"
            );
        }
    }
    Ok(())
}

/// Kullback and Leibler's, of two coins.
fn divergence(share: f64, declared: f64) -> f64 {
    let part = |share: f64, declared: f64| match (share, declared) {
        (0.0, _) => 0.0,
        (_, 0.0) => f64::INFINITY,
        (share, declared) => share * libm::log(share / declared),
    };
    part(share, declared) + part(1.0 - share, 1.0 - declared)
}
