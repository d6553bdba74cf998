//! I13 health-attribution: only failures a target caused count against it; a bench never ends sooner than it was said to.
//!
//! Check, of the changes of standing the router tells: no bench begins for a reason that is the request's (a refusal, a prompt too
//! long, a bad request, an empty or broken answer, a caller who left) or for none where slow calls do not count, and while a target is benched the end of its bench
//! never moves backwards.
//!
//! Check, of the trails: the first request that was turned away because a target is benched came after the failures it takes
//! to bench it: as many as declared in a row, one where a rate is declared, or one that does not heal by itself (no credit, a
//! bad key, also at another model of the provider). Failures are counted generously: those at its whole provider where its
//! breaker is shared, everywhere where it is shared by a region, and any of them where slow calls bench, too; but
//! not limits that a short deadline had cut below half of what is declared. Not seen: which of
//! several failures benched a target later on, and probes of the router's own.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Breach;
use super::breach::Tally;
use super::policy;
use crate::history::{
    Attempt, AttemptResult, FailureClass, HealthChange, HealthState, Limit, Moment, SkipReason,
};
use crate::judge::facts::Facts;
use crate::judge::{Case, plural};
use crate::router::config::{BreakerPolicy, Scope};

/// Failures whose times are remembered of a target: a declared row is rarely longer.
const ROW_MAX: usize = 64;

/// What is remembered of benches and failures.
#[derive(Debug, Default)]
pub(super) struct Attribution {
    tally: Tally,
    /// By target name: the end of the bench it has.
    until: BTreeMap<String, Moment>,
    /// By target, as the header counts them.
    targets: BTreeMap<usize, Blamed>,
}

/// What was seen of one target.
#[derive(Debug, Default)]
struct Blamed {
    /// The first request that was turned away from it as benched: when, and its number.
    benched: Option<(Moment, u64)>,
    /// When its first failures ended that count against it, in order.
    failed: Vec<Moment>,
    /// When the first one ended that does not heal by itself.
    lasting: Option<Moment>,
}

impl Attribution {
    /// Looks at one request.
    pub(super) fn add(&mut self, case: &Case<'_>) {
        let Some(trail) = &case.record.trail else { return };
        for attempt in &trail.attempts {
            let AttemptResult::Failed(failure) = &attempt.result else { continue };
            if was_hurried(case, attempt, failure.class) {
                continue;
            }
            let Some(target) = case.facts.target_of(attempt).filter(|_| !policy::is_neutral(failure.class))
            else {
                continue;
            };
            let blamed = self.targets.entry(target).or_default();
            let place = blamed.failed.partition_point(|at| *at <= attempt.ended);
            blamed.failed.insert(place, attempt.ended);
            blamed.failed.truncate(ROW_MAX);
            if policy::is_lasting(failure.class) {
                blamed.lasting = Some(blamed.lasting.map_or(attempt.ended, |at| at.min(attempt.ended)));
            }
        }
        for skip in trail.skips.iter().filter(|skip| matches!(skip.reason, SkipReason::Benched { .. })) {
            let Some(target) = case.facts.target_named(&skip.model) else { continue };
            let seen = (skip.at, case.record.caller.number);
            let benched = &mut self.targets.entry(target).or_default().benched;
            *benched = Some(benched.map_or(seen, |known| known.min(seen)));
        }
    }

    /// Takes a change of a target's standing.
    pub(super) fn health(&mut self, facts: &Facts, change: &HealthChange) {
        let until = match change.state {
            HealthState::Benched { until } => until,
            HealthState::Open | HealthState::Ramping => {
                self.until.remove(&change.target);
                return;
            }
            HealthState::Probing => return,
            // Behind a wish for rest nobody sees whether the bench went on: the next one may end sooner.
            HealthState::Cooling { .. } => {
                if let Some(until) = self.until.get_mut(&change.target) {
                    *until = Moment::ZERO;
                }
                return;
            }
        };
        let before = self.until.insert(change.target.clone(), until);
        // A probe that says nothing gives its slot back, and the bench goes on: then the last word is no reason.
        let neutral = change.why.filter(|class| policy::is_neutral(*class) && before.is_none());
        // Slow calls bench without failing; whoever does not count them benches for a failure only.
        let counts_slow =
            facts.model(&change.model).and_then(|model| model.breaker).is_none_or(|at| at.slow.is_some());
        let causeless = before.is_none() && change.why.is_none() && !counts_slow;
        let what = if causeless {
            format!("{} was benched when nothing had failed", change.target)
        } else if let Some(class) = neutral {
            format!("{} was benched for {class}, which is not its own", change.target)
        } else if let Some(before) = before.filter(|before| until < *before) {
            format!("the bench of {} was to end at {before:?}, and now at {until:?}", change.target)
        } else {
            self.tally.kept();
            return;
        };
        self.tally.broken(|| Breach::new(what).between(change.at, until).of_the_run());
    }

    /// The results, once every failure is known.
    pub(super) fn finish(mut self, facts: &Facts, complete: bool) -> Tally {
        // A failure whose record is missing could be the one that benched.
        let targets = if complete { std::mem::take(&mut self.targets) } else { BTreeMap::new() };
        for (target, blamed) in &targets {
            let Some((at, number)) = blamed.benched else { continue };
            let declared = &facts.header.targets[*target];
            let Some(policy) = facts.model(&declared.model).and_then(|model| model.breaker) else { continue };
            if explains(facts, &targets, *target, &policy, at + facts.slack.timer) {
                self.tally.kept();
                continue;
            }
            let known = failures(facts, &targets, *target, policy.scope, at + facts.slack.timer);
            let what = format!(
                "request {number} was turned away from {}, benched after {} that {} its own",
                declared.name,
                plural(known as u64, "failure"),
                if known == 1 { "was" } else { "were" },
            );
            self.tally.broken(|| Breach::new(what).with([number]).between(at, at).of_the_run());
        }
        self.tally
    }
}

/// Whether an attempt ran into a limit that had been cut, for want of time, to less than half of what is meant.
fn was_hurried(case: &Case<'_>, attempt: &Attempt, class: FailureClass) -> bool {
    let took = attempt.ended - attempt.started + case.facts.slack.timer;
    meant(case, attempt, class).is_some_and(|meant| took * 2 < meant)
}

/// The limit that is meant where an attempt ran into one: what is declared or, where nothing is, an equal share of the route's
/// time for every model. None for what is not cut, and for what did not run into a limit.
pub(super) fn meant(case: &Case<'_>, attempt: &Attempt, class: FailureClass) -> Option<Duration> {
    let (FailureClass::Timeout(limit), Some(route)) = (class, case.route) else { return None };
    let own = case.facts.model(&attempt.model).map(|model| model.limits).unwrap_or_default();
    let resorts = route.rescue.iter().filter(|by| !matches!(by.as_str(), "cache" | "fixed")).count();
    let share = route.deadline / u32::try_from(route.chain.len() + resorts).unwrap_or(u32::MAX).max(1);
    let meant = match limit {
        Limit::Connect => own.connect.unwrap_or(route.connect),
        // Headers that are late are told as a late first output.
        Limit::FirstToken if own.headers.or(route.headers).is_some() => return None,
        Limit::FirstToken => own.first_token.or(route.first_token).unwrap_or(share),
        Limit::Total => own.attempt.or(route.attempt).unwrap_or(share),
        Limit::Idle => return None,
    };
    Some(meant)
}

/// Whether what had failed by `at` is enough to bench a target.
fn explains(
    facts: &Facts,
    targets: &BTreeMap<usize, Blamed>,
    target: usize,
    policy: &BreakerPolicy,
    at: Moment,
) -> bool {
    let provider = &facts.header.targets[target].provider;
    let same =
        |other: &usize| facts.header.targets[*other].provider == *provider || policy.scope == Scope::Region;
    let lasting = targets
        .iter()
        .filter(|(other, _)| same(other))
        .any(|(_, seen)| seen.lasting.is_some_and(|t| t <= at));
    let failed = failures(facts, targets, target, policy.scope, at);
    let row = policy.failures > 0 && failed >= (policy.failures as usize).min(ROW_MAX);
    lasting || row || policy.slow.is_some() || (policy.rate.is_some() && failed > 0)
}

/// Failures known by `at` that the breaker of a target may have counted.
fn failures(
    facts: &Facts,
    targets: &BTreeMap<usize, Blamed>,
    target: usize,
    scope: Scope,
    at: Moment,
) -> usize {
    let own = &facts.header.targets[target];
    let counted = |other: &usize| match scope {
        Scope::Model => *other == target,
        Scope::Key | Scope::Provider => facts.header.targets[*other].provider == own.provider,
        Scope::Region => true,
    };
    let seen = targets.iter().filter(|(other, _)| counted(other));
    seen.map(|(_, seen)| seen.failed.partition_point(|failed| *failed <= at)).sum()
}

#[cfg(test)]
mod tests;
