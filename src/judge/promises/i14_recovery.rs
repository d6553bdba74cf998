//! I14 recovery: a healed target is let back in within a bound; probes are capped and always give their slot back.
//!
//! Check, for every target and every time in which its provider is well again by the scenario's plan, up to the next fault. The
//! bound begins with the end of the fault or, where that is later, of the last failure that counts against the target (against
//! any of its provider, where its breaker is shared): no request may be turned away from it as benched later than the longest
//! bench its breaker declares (with probes of the router's own, whose failures are known by the changes of health: two of their
//! pauses, and twice their patience, more). Where no
//! failure came, nobody may be turned away as benched or probed after an attempt that began when it was well was served. And
//! nobody may be turned away because of a probe where no attempt began since: that slot is lost. When everything is over no probe
//! slot is held.
//!
//! Left out: breakers that slow calls open or that a region shares, where a history cannot tell what a target answers for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::breach::Tally;
use super::spells::{self, Spell};
use super::{Breach, policy};
use crate::history::{Attempt, AttemptResult, Cause, Footer, HealthChange, HealthState, Moment, SkipReason};
use crate::judge::facts::Facts;
use crate::judge::{Case, plural};
use crate::router::config::{AllBenched, BreakerPolicy, Probe, Scope};

/// How long a probe of the router's own waits for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is remembered of targets that were well again.
#[derive(Debug)]
pub(super) struct Recovery {
    tally: Tally,
    /// By target of the header: when its provider was well again.
    well: Vec<Vec<Spell>>,
    /// By target and spell.
    seen: BTreeMap<(usize, usize), Return>,
}

/// How one target came back.
#[derive(Debug, Default)]
struct Return {
    /// The last failure that counts.
    failed: Option<Moment>,
    /// The first attempt that was well: when it began, and when it ended.
    first: Option<(Moment, Moment)>,
    /// Whether any attempt began.
    asked: bool,
    /// The last request that was turned away as benched, and as probed: when, and which.
    benched: Option<(Moment, u64)>,
    probing: Option<(Moment, u64)>,
}

impl Recovery {
    pub(super) fn new(facts: &Facts) -> Recovery {
        let targets = facts.header.targets.iter();
        let well = targets.map(|target| spells::healed(&facts.header, &target.provider)).collect();
        Recovery { tally: Tally::default(), well, seen: BTreeMap::new() }
    }

    /// Looks at one request.
    pub(super) fn add(&mut self, case: &Case<'_>) {
        let Some(trail) = &case.record.trail else { return };
        // Where nothing ever heals nobody is looked up.
        if self.well.iter().all(Vec::is_empty) {
            return;
        }
        let forces = case.route.is_some_and(|route| route.all_benched == AllBenched::AskOne);
        for attempt in &trail.attempts {
            let Some(target) = case.facts.target_of(attempt) else { continue };
            self.attempt(target, attempt, forces);
        }
        for skip in &trail.skips {
            let benched = matches!(skip.reason, SkipReason::Benched { .. });
            if !benched && skip.reason != SkipReason::Probing {
                continue;
            }
            let Some(seen) = case.facts.target_named(&skip.model).and_then(|target| self.at(target, skip.at))
            else {
                continue;
            };
            let last = if benched { &mut seen.benched } else { &mut seen.probing };
            *last = (*last).max(Some((skip.at, case.record.caller.number)));
        }
    }

    /// Takes a change of a target's standing: a probe of the router's own that failed is in no trail.
    pub(super) fn health(&mut self, facts: &Facts, change: &HealthChange) {
        let policy = facts.model(&change.model).and_then(|model| model.breaker);
        let own = policy.is_some_and(|policy| policy.probe != Probe::Live);
        if own
            && matches!(change.state, HealthState::Benched { .. })
            && let Some(target) = facts.target_named(&change.target)
            && let Some(seen) = self.at(target, change.at)
        {
            seen.failed = seen.failed.max(Some(change.at));
        }
    }

    fn attempt(&mut self, target: usize, attempt: &Attempt, forces: bool) {
        if let AttemptResult::Failed(failure) = &attempt.result
            && !policy::is_neutral(failure.class)
            && let Some(seen) = self.at(target, attempt.ended)
        {
            seen.failed = seen.failed.max(Some(attempt.ended));
        }
        let Some(seen) = self.at(target, attempt.started) else { return };
        seen.asked = true;
        // One that was sent against a bench proves nothing about it.
        let proves = !forces && attempt.cause != Cause::Rescue && attempt.result == AttemptResult::Served;
        // What is held back speaks for its target only once it is forwarded: the end is late enough in any case.
        if proves && seen.first.is_none_or(|known| attempt.ended < known.1) {
            seen.first = Some((attempt.started, attempt.ended));
        }
    }

    fn at(&mut self, target: usize, moment: Moment) -> Option<&mut Return> {
        let spell = spells::at(self.well.get(target)?, moment)?;
        Some(self.seen.entry((target, spell)).or_default())
    }

    /// The results, once every failure is known.
    pub(super) fn finish(mut self, facts: &Facts, footer: &Footer, complete: bool) -> Tally {
        if footer.gauges.probes > 0 {
            let what =
                format!("when everything was over {} held", plural(footer.gauges.probes, "probe slot"));
            self.tally.broken(|| Breach::new(what).between(footer.ended, footer.ended).of_the_run());
        }
        let seen = if complete { std::mem::take(&mut self.seen) } else { BTreeMap::new() };
        for ((target, spell), back) in &seen {
            let declared = &facts.header.targets[*target];
            let Some(policy) = facts.model(&declared.model).and_then(|model| model.breaker) else { continue };
            if !policy.is_on() || policy.slow.is_some() || policy.scope == Scope::Region {
                continue;
            }
            let well = self.well[*target][*spell];
            let failed = last_failure(facts, &seen, (*target, *spell), policy.scope);
            match wrong(facts, &policy, well, failed, back) {
                None => self.tally.kept(),
                Some((why, at, number)) => {
                    let what = format!("request {number} was turned away from {}: {why}", declared.name);
                    let since = failed.unwrap_or(well.from).max(well.from);
                    self.tally.broken(|| Breach::new(what).with([number]).between(since, at).of_the_run());
                }
            }
        }
        self.tally
    }
}

/// The last failure in a spell that the breaker of a target may have counted.
fn last_failure(
    facts: &Facts,
    seen: &BTreeMap<(usize, usize), Return>,
    (target, spell): (usize, usize),
    scope: Scope,
) -> Option<Moment> {
    let provider = &facts.header.targets[target].provider;
    let counts = |other: usize| match scope {
        Scope::Model => other == target,
        // One bad key at two models is every model's trouble.
        _ => facts.header.targets[other].provider == *provider,
    };
    let same = seen.iter().filter(|((other, at), _)| *at == spell && counts(*other));
    same.filter_map(|(_, seen)| seen.failed).max()
}

/// Who was turned away for no good reason, and why that is none.
fn wrong(
    facts: &Facts,
    policy: &BreakerPolicy,
    well: Spell,
    failed: Option<Moment>,
    back: &Return,
) -> Option<(String, Moment, u64)> {
    let slack = facts.slack.timer * 2;
    let since = failed.unwrap_or(well.from).max(well.from);
    let longest = match policy.probe {
        Probe::Live => policy.open_max,
        Probe::Synthetic { every } => policy.open_max + (every + PATIENCE) * 2,
    };
    if let Some((at, number)) = back.benched.filter(|(at, _)| *at > since + longest + slack) {
        let why = format!(
            "it was still benched {:?} after it was well, and {longest:?} is the longest",
            at - since
        );
        return Some((why, at, number));
    }
    let away = back.benched.max(back.probing);
    let proved = back.first.filter(|(began, _)| failed.is_none_or(|failed| failed < *began));
    if let (Some((_, ended)), Some((at, number))) = (proved, away)
        && at > ended + slack
    {
        return Some(("it had answered since".to_owned(), at, number));
    }
    let patience =
        facts.header.routes.values().map(|route| route.deadline_max.unwrap_or_default().max(route.deadline));
    let patience = patience.max().unwrap_or_default() + slack;
    let alone = policy.scope == Scope::Model && policy.probe == Probe::Live && !back.asked;
    let (at, number) = back.probing.filter(|(at, _)| alone && *at > well.from + patience)?;
    Some(("a probe was under way, and none had begun".to_owned(), at, number))
}

#[cfg(test)]
mod tests;
