//! Who asks, when, for whom, and for how long he waits.

use std::time::Duration;

use super::chance::Chance;
use crate::router::config::{Config, ModelIx};
use crate::router::plan::{Facts, Needs, Wish};
use crate::scenario::{Arrivals, Scenario, Scripted, Source};
use crate::world::{Key, Moment};

/// Requests of one case at most: of a longer load a stretch is played.
pub(super) const LIVES: usize = 40;

/// Longest stretch: who comes later meets the same.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);

/// How long before the edge of a window a stretch begins.
const BEFORE: Duration = Duration::from_secs(2);

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) at: Moment,
    pub(super) route: usize,
    pub(super) facts: Facts,
    pub(super) wish: Wish,
    pub(super) tenant: Option<usize>,
    pub(super) prompt: String,
    pub(super) leaves: Option<Moment>,
}

/// The callers of a case, in the order in which they come. `wild` ones want more than the scenario says.
pub(super) fn callers(scenario: &Scenario, wild: bool, dice: Key) -> Vec<Caller> {
    let mut chance = Chance::new(dice.str("stretch"));
    let start = begins(scenario, &mut chance);
    let mut callers = Vec::new();
    for (index, source) in scenario.load.iter().enumerate() {
        let key = dice.str("source").u64(index as u64);
        match &source.arrivals {
            Arrivals::List(list) => callers.extend(listed(scenario, list)),
            arrivals => {
                let times = times(arrivals, start, &mut Chance::new(key.str("times")));
                let asks = |(nth, at): (usize, Moment)| drawn(scenario, source, at, key.u64(nth as u64));
                callers.extend(times.into_iter().enumerate().filter_map(asks));
            }
        }
    }
    if wild {
        crowd(&mut callers, &mut Chance::new(dice.str("crowd")));
    }
    callers.sort_by_key(|caller| caller.at);
    callers.truncate(LIVES);
    let first = callers.first().map_or(Moment::ZERO, |caller| caller.at);
    callers.retain(|caller| caller.at - first <= LONGEST);
    if wild {
        let config = &scenario.router;
        for (nth, caller) in callers.iter_mut().enumerate() {
            wants_more(config, caller, &mut Chance::new(dice.str("wants").u64(nth as u64)));
        }
    }
    callers
}

/// More callers than the scenario sends, most of them together: what a breaker knows is of many.
fn crowd(callers: &mut Vec<Caller>, chance: &mut Chance) {
    let (from, to) =
        (callers.iter().map(|caller| caller.at).min(), callers.iter().map(|caller| caller.at).max());
    let (Some(from), Some(to), false) = (from, to, callers.len() >= LIVES) else { return };
    let spans = [
        Duration::ZERO,
        Duration::from_millis(50),
        Duration::from_secs(2),
        Duration::from_secs(20),
        to - from,
    ];
    for _ in 0..chance.below(20) {
        let like = chance.below(callers.len() as u64) as usize;
        let mut caller = callers[like].clone();
        let span = chance.one_of(&spans);
        let stays = caller.leaves.map(|leaves| leaves - caller.at);
        caller.at = from + chance.between(Duration::ZERO, span);
        caller.leaves = stays.map(|stays| caller.at + stays);
        callers.push(caller);
    }
}

/// Where the stretch begins that is played: with the load, or at the edge of a window.
fn begins(scenario: &Scenario, chance: &mut Chance) -> Moment {
    if scenario.intended().is_some_and(|intended| intended <= LIVES as f64) {
        return Moment::ZERO;
    }
    let windows = scenario.faults.iter().flat_map(|fault| &fault.during);
    let edges: Vec<_> =
        windows.flat_map(|window| [window.from, window.to]).filter(|edge| *edge < Moment::NEVER).collect();
    if edges.is_empty() || chance.percent(30) {
        return Moment::ZERO;
    }
    let edge = chance.one_of(&edges);
    Moment::ZERO + (edge - Moment::ZERO).saturating_sub(BEFORE)
}

fn listed(scenario: &Scenario, list: &[Scripted]) -> Vec<Caller> {
    let mut last = Moment::ZERO;
    let caller = |scripted: &Scripted| {
        last = scripted.at.unwrap_or(last + Duration::from_secs(1));
        let route = scenario.router.routes.get_index_of(&scripted.route)?;
        let needs = Needs { tools: scripted.tool.is_some(), json_object: scripted.json, ..Needs::default() };
        let prompt_tokens = scripted.prompt.len() as u64 / 4;
        let facts = Facts { prompt_tokens, max_tokens: scripted.max_tokens, stream: scripted.stream, needs };
        let tenant = scripted.tenant.as_deref().and_then(|name| scenario.router.tenants.get_index_of(name));
        Some(Caller {
            at: last,
            route,
            facts,
            wish: wish(&scenario.router, tenant),
            tenant,
            prompt: scripted.prompt.clone(),
            leaves: scripted.leave_after.map(|after| last + after),
        })
    };
    list.iter().filter_map(caller).collect()
}

fn drawn(scenario: &Scenario, source: &Source, at: Moment, key: Key) -> Option<Caller> {
    let config = &scenario.router;
    let route = config.routes.get_index_of(&source.route)?;
    let words = source.prompt.sample(&mut key.str("prompt").stream()).clamp(0.0, 1e9);
    let facts = Facts {
        prompt_tokens: (words * 1.3) as u64,
        stream: key.str("stream").happens(source.stream_ppm),
        ..Facts::default()
    };
    let tenant = tenant(source, key).and_then(|name| config.tenants.get_index_of(name));
    let leaves = source.patience.map(|patience| at + patience);
    Some(Caller { at, route, facts, wish: wish(config, tenant), tenant, prompt: String::new(), leaves })
}

fn tenant(source: &Source, key: Key) -> Option<&str> {
    let all: f64 = source.tenants.iter().map(|(_, weight)| weight).sum();
    let mut drawn = key.str("tenant").unit() * all;
    let fits = |(_, weight): &&(String, f64)| {
        drawn -= weight;
        drawn < 0.0
    };
    source.tenants.iter().find(fits).map(|(name, _)| name.as_str())
}

/// What holds for a request of this tenant.
fn wish(config: &Config, tenant: Option<usize>) -> Wish {
    let tenant = tenant.map(|tenant| &config.tenants[tenant]);
    Wish {
        models: tenant.and_then(|tenant| tenant.models.clone()),
        regions: tenant.and_then(|tenant| tenant.regions.clone()),
        ..Wish::default()
    }
}

/// What callers may ask for beside, and hardly any scenario has them ask for.
fn wants_more(config: &Config, caller: &mut Caller, chance: &mut Chance) {
    let route = &config.routes[caller.route];
    if chance.percent(8) {
        let ms = 1 + chance.below(route.deadline.as_millis() as u64 + 1);
        caller.wish.deadline = Some(Duration::from_millis(ms).min(route.deadline));
    }
    caller.wish.alone = config.callers.no_fallback && chance.percent(5);
    if chance.percent(8) {
        let mut chain: Vec<ModelIx> = (0..config.models.len()).filter(|_| chance.percent(60)).collect();
        chain.sort_by_key(|model| (model * 7 + chance.below(64) as usize) % 64);
        caller.wish.chain = (!chain.is_empty()).then_some(chain);
    }
    if chance.percent(5) {
        caller.wish.models = Some((0..config.models.len()).filter(|_| chance.percent(60)).collect());
    }
    if chance.percent(8) {
        caller.facts.needs.tools = true;
    }
    if chance.percent(6) && caller.leaves.is_none() {
        caller.leaves = Some(caller.at + chance.between(Duration::ZERO, route.deadline));
    }
}

/// The arrivals of a process from `start` on.
fn times(arrivals: &Arrivals, start: Moment, chance: &mut Chance) -> Vec<Moment> {
    let mut times = Vec::new();
    match *arrivals {
        Arrivals::Poisson { rate, span } => {
            walk(&mut times, span, start, || gap(rate, -libm::log1p(-chance.unit())));
        }
        Arrivals::Ramp { from_rate, to_rate, span } => {
            let rate = (from_rate + to_rate) / 2.0;
            walk(&mut times, span, start, || gap(rate, -libm::log1p(-chance.unit())));
        }
        Arrivals::Constant { rate, span } => walk(&mut times, span, start, || gap(rate, 1.0)),
        Arrivals::Burst { size, every, span } => {
            let mut at = span.0;
            while at < span.1 && times.len() < LIVES {
                let size = (size as usize).min(LIVES - times.len());
                times.extend((0..size).map(|_| at).filter(|at| *at >= start));
                at += every.max(Duration::from_millis(1));
            }
        }
        Arrivals::Closed { clients, span, .. } => {
            let clients = clients.clamp(1, LIVES as u64) as f64;
            walk(&mut times, span, start, || gap(clients, -libm::log1p(-chance.unit())));
        }
        Arrivals::Trace { start: from, rows, lasts, .. } => {
            let rate = rows as f64 / lasts.as_secs_f64().max(1.0);
            walk(&mut times, (from, from + lasts), start, || gap(rate, -libm::log1p(-chance.unit())));
        }
        Arrivals::List(_) => {}
    }
    times
}

fn gap(rate: f64, mass: f64) -> Duration {
    Duration::from_secs_f64((mass / rate.max(1e-6)).clamp(0.0, 1e7))
}

fn walk(times: &mut Vec<Moment>, span: (Moment, Moment), start: Moment, mut gap: impl FnMut() -> Duration) {
    let mut at = span.0.max(start);
    while at < span.1 && times.len() < LIVES {
        times.push(at);
        at += gap();
    }
}
