//! I27 distribution: order, weights and load signals are honoured; failing fast never attracts traffic.
//!
//! Check, in a request: where a chain is walked as listed, nobody but a hedge is asked before everybody in front of it was asked
//! or passed over.
//!
//! Check, over the run: where models of a route, or targets of a model, are drawn by weight, the share of requests each heads is
//! what its weight says. Who heads a request is who was asked or, as benched, busy or the like, passed over first: that was
//! drawn before anything was known of it. By Chernoff's bound a share of q or more, where p is due, has a chance of at most
//! exp(-n KL(q, p)) in n independent draws; only what is less likely than one in a billion is a violation, so that a run with
//! a hundred shares has a false alarm below 1e-6.
//!
//! Check, over each fault window: where load decides, targets of which nine in ten attempts failed are not asked first, together,
//! more often than their weights' share and a quarter more, among [`ENOUGH`] requests or more, while another one that works could be
//! asked all the time. The quarter is margin, not
//! statistics: draws that follow load are not independent.

use std::collections::BTreeMap;

use super::breach::Tally;
use super::policy::is_neutral;
use super::{Breach, Found};
use crate::history::{Attempt, AttemptResult, Cause, RouteFacts, Skip, SkipReason, Trail};
use crate::judge::facts::Facts;
use crate::judge::{Case, plural};
use crate::router::config::Balance;

/// One in a billion, as the logarithm of its inverse.
const SURE: f64 = 20.72;

/// Requests that say something of load. Were the first of two equals drawn by chance, one of them would head more than three
/// quarters of a hundred in 2 of ten million runs; and who fails heads far fewer.
const ENOUGH: u64 = 100;

/// How far above its share a failing target may be.
const MARGIN: f64 = 0.25;

/// What became of the requests of which somebody was drawn first, while a fault was armed.
#[derive(Clone, Copy, Debug, Default)]
struct Drawn {
    asked: u64,
    failed: u64,
    /// It was passed over, and another one was asked.
    passed: u64,
}

/// What is drawn among.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Draw {
    /// Models of a route.
    Route(usize),
    /// Targets of a model.
    Model(usize),
}

/// What is remembered of who was first.
#[derive(Debug, Default)]
pub(super) struct Shares {
    tally: Tally,
    /// By draw: how often each item headed a request, by its index in the header.
    heads: BTreeMap<Draw, BTreeMap<usize, u64>>,
    /// By draw, and by fault of the header: who was drawn first, and what came of it.
    faults: BTreeMap<(Draw, usize), BTreeMap<usize, Drawn>>,
}

impl Shares {
    /// Looks at one request; true when it became a witness.
    pub(super) fn add(&mut self, case: &Case<'_>) -> bool {
        let (Some(trail), Some(route)) = (&case.record.trail, case.route) else { return false };
        if trail.attempts.is_empty() && trail.skips.is_empty() {
            return false;
        }
        self.count(case, trail, route);
        let chain =
            trail.chain.as_deref().or((route.balance == Balance::Priority).then_some(&route.chain[..]));
        let Some(chain) = chain.filter(|_| !trail.attempts.is_empty()) else { return false };
        let broken = trail
            .attempts
            .iter()
            .enumerate()
            .find_map(|(at, attempt)| overtook(case, trail, chain, at, attempt));
        self.tally.add(Found::from(broken), case.record)
    }

    /// Counts who headed a request, where chance or load decides.
    fn count(&mut self, case: &Case<'_>, trail: &Trail, route: &RouteFacts) {
        let header = &case.facts.header;
        let listed = header.models.values().all(|model| model.balance == Balance::Priority);
        if listed && route.balance == Balance::Priority {
            return;
        }
        let barred = trail.skips.iter().any(|skip| is_planned(skip.reason));
        let Some(target) = head(case, trail).filter(|_| !barred) else { return };
        let Some(model) = header.models.get_index_of(&header.targets[target].model) else { return };
        if route.balance != Balance::Priority && trail.chain.is_none() && route.chain.len() > 1 {
            let at = header.routes.get_index_of(&case.record.caller.route).unwrap_or(usize::MAX);
            self.head(case, trail, Draw::Route(at), route.balance, model);
        }
        let balance = header.models[model].balance;
        if balance != Balance::Priority {
            self.head(case, trail, Draw::Model(model), balance, target);
        }
    }

    fn head(&mut self, case: &Case<'_>, trail: &Trail, draw: Draw, balance: Balance, item: usize) {
        if balance == Balance::Weighted {
            *self.heads.entry(draw).or_default().entry(item).or_default() += 1;
            return;
        }
        // Load is known of those who may be asked: who was asked first where nobody was passed over, and what came of it.
        let Some(first) = trail.attempts.first().filter(|first| first.cause == Cause::First) else { return };
        // Who was passed over has its share of the draws, and got none of the traffic.
        let passed = trail.skips.iter().find(|skip| skip.at <= first.started);
        let header = &case.facts.header;
        let asked = match (draw, passed) {
            (Draw::Route(_), None) => header.models.get_index_of(&first.model),
            (Draw::Route(_), Some(skip)) => header.models.get_index_of(case.facts.model_named(&skip.model)),
            (Draw::Model(_), None) => case.facts.target_of(first),
            (Draw::Model(_), Some(skip)) => case.facts.target_named(&skip.model),
        };
        let Some(asked) = asked else { return };
        // What is the request's own fault says nothing of who was asked.
        let failed = matches!(&first.result, AttemptResult::Failed(failure) if !is_neutral(failure.class));
        let failed = u64::from(failed);
        let armed = header.faults.iter().enumerate().filter(|(_, fault)| {
            fault.during.is_empty()
                || fault.during.iter().any(|w| w.from <= first.started && first.started < w.to)
        });
        for (fault, _) in armed {
            let seen = self.faults.entry((draw, fault)).or_default().entry(asked).or_default();
            match passed {
                Some(_) => seen.passed += 1,
                None => (seen.asked, seen.failed) = (seen.asked + 1, seen.failed + failed),
            }
        }
    }

    /// The results over the run.
    pub(super) fn finish(mut self, facts: &Facts) -> Tally {
        for (draw, heads) in std::mem::take(&mut self.heads) {
            let all: u64 = heads.values().sum();
            let items = weights(facts, draw);
            let sum: f64 = items.iter().map(|(_, weight)| weight).sum();
            for (item, weight) in &items {
                let seen = heads.get(item).copied().unwrap_or_default();
                self.share(facts, draw, *item, seen, all, if sum > 0.0 { weight / sum } else { 0.0 });
            }
        }
        for ((draw, fault), seen) in std::mem::take(&mut self.faults) {
            self.attracted(facts, draw, fault, &seen);
        }
        self.tally
    }

    fn share(&mut self, facts: &Facts, draw: Draw, item: usize, seen: u64, all: u64, due: f64) {
        if all == 0 {
            return;
        }
        let share = seen as f64 / all as f64;
        if all as f64 * divergence(share, due) <= SURE {
            self.tally.kept();
            return;
        }
        let what = format!(
            "{} headed {seen} of {}, {:.1} %, and {:.1} % are declared",
            name(facts, draw, item),
            plural(all, "request"),
            share * 100.0,
            due * 100.0
        );
        self.tally.broken(|| Breach::new(what).of_the_run());
    }

    /// Whether failing attracted traffic in one fault's windows.
    fn attracted(&mut self, facts: &Facts, draw: Draw, fault: usize, seen: &BTreeMap<usize, Drawn>) {
        let all: u64 = seen.values().map(|drawn| drawn.asked + drawn.passed).sum();
        let items = weights(facts, draw);
        let sum: f64 = items.iter().map(|(_, weight)| weight).sum();
        // Somebody was well, and could be asked all the time.
        let well = seen.values().any(|drawn| drawn.failed * 2 < drawn.asked && drawn.passed == 0);
        if all < ENOUGH || !well || sum <= 0.0 {
            return;
        }
        let drawn = |item: &usize| seen.get(item).copied().unwrap_or_default();
        let fails = |drawn: Drawn| drawn.asked > 0 && drawn.failed * 10 >= drawn.asked * 9;
        // Among two that fail the draw has to take one: what they get is looked at together.
        let failing: Vec<(usize, f64)> = items.into_iter().filter(|(item, _)| fails(drawn(item))).collect();
        let (asked, failed) = failing.iter().fold((0, 0), |(asked, failed), (item, _)| {
            (asked + drawn(item).asked, failed + drawn(item).failed)
        });
        let due: f64 = failing.iter().map(|(_, weight)| weight / sum).sum();
        let share = asked as f64 / all as f64;
        if failing.is_empty() {
            return;
        }
        if share <= due + MARGIN {
            self.tally.kept();
            return;
        }
        let names: Vec<String> = failing.iter().map(|(item, _)| name(facts, draw, *item)).collect();
        let what = format!(
            "{} failed {failed} of {asked} first attempts while `{}` was armed, and got {:.0} % of them; {:.0} % are due",
            names.join(" and "),
            facts.header.faults[fault].name,
            share * 100.0,
            due * 100.0
        );
        self.tally.broken(|| Breach::new(what).of_the_run());
    }
}

/// A model of `chain` that comes before the one asked, and was neither asked before nor passed over.
fn overtook(
    case: &Case<'_>,
    trail: &Trail,
    chain: &[String],
    at: usize,
    attempt: &Attempt,
) -> Option<Breach> {
    // A hedge is for whoever may be asked at once; who may not leaves no skip there.
    if matches!(attempt.cause, Cause::Rescue | Cause::Continue | Cause::Regenerate | Cause::Hedge) {
        return None;
    }
    let place = chain.iter().position(|model| *model == attempt.model)?;
    let overtaken = chain[..place].iter().find(|model| {
        let asked = trail.attempts[..at].iter().any(|earlier| earlier.model == **model);
        let passed = trail
            .skips
            .iter()
            .any(|skip| skip.at <= attempt.started && case.facts.model_named(&skip.model) == model.as_str());
        !asked && !passed
    })?;
    let what = format!("attempt {} asked {} before {overtaken}, which comes first", at + 1, attempt.model);
    Some(Breach::new(what).of([at]))
}

/// Who headed a request: the first that was passed over for something that may change from moment to moment, before anybody
/// was asked; else the first that was asked. None where that cannot be told, whoever it was.
fn head(case: &Case<'_>, trail: &Trail) -> Option<usize> {
    let first = trail.attempts.first();
    // A repeat without a budget, or without hope, comes after a failure, in the same moment maybe, and is no draw.
    let drawn = |skip: &&Skip| !matches!(skip.reason, SkipReason::RetryBudget | SkipReason::SameCause);
    let mut skips = trail.skips.iter().filter(drawn);
    let passed = skips.find(|skip| first.is_none_or(|first| skip.at <= first.started));
    match passed {
        // Who fails in the very moment in which it was asked may have been asked before that one was passed over, or after.
        Some(skip) if first.is_some_and(|first| first.ended <= skip.at) => None,
        Some(skip) => case.facts.target_named(&skip.model),
        None => {
            first.filter(|first| first.cause == Cause::First).and_then(|first| case.facts.target_of(first))
        }
    }
}

/// Whether a skip is the plan's own: then the draw was among fewer.
const fn is_planned(reason: SkipReason) -> bool {
    matches!(
        reason,
        SkipReason::ContextWindow
            | SkipReason::Incapable { .. }
            | SkipReason::Unadapted
            | SkipReason::NotAllowed
            | SkipReason::Region
            | SkipReason::Spent
    )
}

/// What is drawn among, with weights.
fn weights(facts: &Facts, draw: Draw) -> Vec<(usize, f64)> {
    let header = &facts.header;
    match draw {
        Draw::Route(route) => {
            let Some((_, route)) = header.routes.get_index(route) else { return Vec::new() };
            let weight = |nth: usize| f64::from(route.weights.get(nth).copied().unwrap_or(1));
            let models = route.chain.iter().enumerate();
            models.filter_map(|(nth, name)| Some((header.models.get_index_of(name)?, weight(nth)))).collect()
        }
        Draw::Model(model) => {
            let Some((name, _)) = header.models.get_index(model) else { return Vec::new() };
            let targets = header.targets.iter().enumerate().filter(|(_, target)| target.model == *name);
            targets.map(|(index, target)| (index, f64::from(target.weight))).collect()
        }
    }
}

fn name(facts: &Facts, draw: Draw, item: usize) -> String {
    let header = &facts.header;
    match draw {
        Draw::Route(route) => {
            let route = header.routes.get_index(route).map_or("?", |(name, _)| name);
            let model = header.models.get_index(item).map_or("?", |(name, _)| name);
            format!("on route `{route}` {model}")
        }
        Draw::Model(_) => header.targets[item].name.clone(),
    }
}

/// Kullback and Leibler's divergence of a share that was seen from the one that is due.
fn divergence(seen: f64, due: f64) -> f64 {
    let part = |seen: f64, due: f64| match (seen > 0.0, due > 0.0) {
        (false, _) => 0.0,
        (true, false) => f64::INFINITY,
        (true, true) => seen * libm::log(seen / due),
    };
    part(seen, due) + part(1.0 - seen, 1.0 - due)
}

#[cfg(test)]
mod tests;
