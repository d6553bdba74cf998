//! Whether hedges are those that are declared.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Attempt, AttemptResult, Cause, RouteFacts, Trail};
use crate::judge::Case;
use crate::judge::facts::Facts;
use crate::judge::promises::breach::Tally;
use crate::judge::promises::{Breach, policy};
use crate::router::config::HedgeAfter;

/// Hedges due, beside those that a budget takes to fill, before their absence is no accident.
const DUE: u64 = 5;

/// What is remembered of hedges and of who was in trouble.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    tally: Tally,
    routes: BTreeMap<usize, Hedges>,
    /// Models that failed or were passed over.
    troubled: BTreeSet<String>,
}

/// Hedges of one route.
#[derive(Clone, Copy, Debug, Default)]
struct Hedges {
    made: u64,
    due: u64,
    /// The first request that should have had one.
    first: u64,
}

impl Settings {
    /// Looks at one request; true when it became a witness.
    pub(crate) fn add(&mut self, case: &Case<'_>) -> bool {
        if let (Some(trail), Some(route)) =
            (&case.record.trail, case.route.filter(|route| route.hedge.is_some()))
        {
            self.count(case, trail, route);
        }
        self.tally.add(super::check(case), case.record)
    }

    fn count(&mut self, case: &Case<'_>, trail: &Trail, route: &RouteFacts) {
        let Some(at) = case.facts.header.routes.get_index_of(&case.record.caller.route) else { return };
        for attempt in &trail.attempts {
            let failed = matches!(&attempt.result, AttemptResult::Failed(failure) if !policy::is_neutral(failure.class));
            if failed && !self.troubled.contains(&attempt.model) {
                self.troubled.insert(attempt.model.clone());
            }
        }
        for skip in &trail.skips {
            self.troubled.insert(case.facts.model_named(&skip.model).to_owned());
        }
        let hedges = self.routes.entry(at).or_default();
        hedges.made += trail.attempts.iter().filter(|attempt| attempt.cause == Cause::Hedge).count() as u64;
        if is_due(case, trail, route) {
            if hedges.due == 0 {
                hedges.first = case.record.caller.number;
            }
            hedges.due += 1;
        }
    }

    /// The results over the run.
    pub(crate) fn finish(mut self, facts: &Facts) -> Tally {
        for (route, hedges) in std::mem::take(&mut self.routes) {
            let Some((name, route)) = facts.header.routes.get_index(route) else { continue };
            let Some(budget) = route.hedge.map(|hedge| hedge.budget) else { continue };
            // A floor a second is full when it begins; a share fills with every request.
            let fills = if budget.per_second > 0.0 { 0.0 } else { 1.0 / budget.share };
            let calm = route.chain.iter().skip(1).all(|model| !self.troubled.contains(model));
            let enough = hedges.due as f64 > fills + DUE as f64;
            if !(calm && enough) {
                continue;
            }
            if hedges.made > 0 {
                self.tally.kept();
                continue;
            }
            let what = format!(
                "{} requests of route `{name}` were slow enough for a hedge, and none had one",
                hedges.due
            );
            self.tally.broken(|| Breach::new(what).with([hedges.first]).of_the_run());
        }
        self.tally
    }
}

/// Whether the first attempt of a request was silent for long enough, with somebody else to be asked, and was not hedged.
fn is_due(case: &Case<'_>, trail: &Trail, route: &RouteFacts) -> bool {
    let Some(HedgeAfter::Fixed(after)) = route.hedge.map(|hedge| hedge.after) else { return false };
    let Some(first) = trail.attempts.first().filter(|first| first.cause == Cause::First) else {
        return false;
    };
    let silent = first.first_output.unwrap_or(first.ended) - first.started;
    let may = route.hedge.is_some_and(|hedge| hedge.most > 0)
        && route.max_attempts > 1
        && route.chain.len() > 1
        && trail.chain.is_none()
        && trail.skips.is_empty()
        && trail.tenant.is_none();
    may && policy::is_sequential(&trail.attempts)
        && silent > after + case.facts.slack.timer * 2
        && first.started + after + case.facts.slack.timer < trail.deadline
}

/// What is wrong with the hedges of a request.
pub(super) fn wrong(case: &Case<'_>, trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    let policy = route.hedge?;
    let hedges = || trail.attempts.iter().enumerate().filter(|(_, attempt)| attempt.cause == Cause::Hedge);
    if hedges().count() > policy.most as usize {
        let what = format!("{} hedges, and {} are declared at most", hedges().count(), policy.most);
        return Some(Breach::new(what).of(hedges().map(|(at, _)| at)));
    }
    let after = match policy.after {
        HedgeAfter::Fixed(after) => after,
        HedgeAfter::Percentile { at_least, .. } => at_least,
    };
    let waited = |at: usize, hedge: &Attempt| {
        let running = trail.attempts[..at].iter().filter(|other| other.ended >= hedge.started);
        running.map(|other| hedge.started - other.started).max()
    };
    hedges().find_map(|(at, hedge)| {
        let waited = waited(at, hedge)?;
        (waited + case.facts.slack.timer < after).then(|| {
            let what = format!("attempt {} was a hedge after {waited:?}, and {after:?} are declared", at + 1);
            Breach::new(what).of([at])
        })
    })
}
