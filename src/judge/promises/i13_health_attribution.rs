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
            if place < ROW_MAX {
                blamed.failed.insert(place, attempt.ended);
                blamed.failed.truncate(ROW_MAX);
            }
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
mod tests {
    use super::super::{run, run_to_its_end};
    use super::*;
    use crate::chat::FailureClass;
    use crate::history::{Record, Skip};
    use crate::judge::testkit::{at, failed_over, footer, header, served};

    fn change(seconds: f64, state: HealthState, why: Option<FailureClass>) -> HealthChange {
        HealthChange {
            at: at(seconds),
            target: "claude".to_owned(),
            model: "claude".to_owned(),
            provider: "anthropic".to_owned(),
            state,
            why,
        }
    }

    fn benched(seconds: f64, until: f64, why: FailureClass) -> HealthChange {
        change(seconds, HealthState::Benched { until: at(until) }, Some(why))
    }

    fn told(changes: &[HealthChange]) -> (u64, u64) {
        let result = run_to_its_end("I13", header(), &[], changes, &footer(0));
        (result.checked, result.violations)
    }

    #[test]
    fn a_bench_is_for_what_the_target_did_and_its_end_never_moves_back() {
        let error = FailureClass::ServerError;
        let first = benched(1.0, 6.0, error);
        assert_eq!(told(&[]), (0, 0));
        assert_eq!(told(&[first.clone(), benched(2.0, 12.0, error)]), (2, 0));
        assert_eq!(told(&[benched(1.0, 6.0, FailureClass::Refused)]), (1, 1));
        assert_eq!(
            told(&[change(1.0, HealthState::Benched { until: at(6.0) }, None)]),
            (1, 1),
            "for nothing"
        );
        assert_eq!(told(&[first.clone(), benched(2.0, 5.0, error)]), (2, 1));
        // A probe that was refused says nothing: the bench goes on.
        let probed = change(3.0, HealthState::Probing, None);
        assert_eq!(told(&[first.clone(), probed, benched(4.0, 6.0, FailureClass::Refused)]), (2, 0));
        // Behind a wish for rest it may have been open.
        let resting = change(3.0, HealthState::Cooling { until: at(5.0) }, None);
        assert_eq!(told(&[first.clone(), resting, benched(4.0, 5.0, error)]), (2, 0));
        // Once it was open again, the next bench is another one.
        let open = change(7.0, HealthState::Open, None);
        assert_eq!(told(&[benched(1.0, 60.0, error), open, benched(8.0, 13.0, error)]), (2, 0));
    }

    /// Served by flash, because claude was benched.
    fn turned_away(number: u64) -> Record {
        let mut record = served(number, "flash");
        let trail = record.trail.as_mut().expect("a trail");
        let reason = SkipReason::Benched { until: at(99.0) };
        trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason });
        record
    }

    #[test]
    fn slowness_needs_no_failure_and_a_rate_needs_one() {
        use crate::router::config::{RateTrip, SlowTrip};
        let window = std::time::Duration::from_secs(60);
        let slow = Some(SlowTrip { over: window, share: 1.0, window, min_calls: 1 });
        let rate = Some(RateTrip { share: 1.0, window, min_calls: 1 });
        for (slow, rate, failures, violations) in [(slow, None, 0, 0), (None, rate, 0, 1), (None, rate, 1, 0)]
        {
            let mut header = header();
            let breaker = BreakerPolicy { failures: 0, slow, rate, ..BreakerPolicy::default() };
            header.models["claude"].breaker = Some(breaker);
            let records: Vec<_> = (0..failures).map(failed_over).chain([turned_away(failures)]).collect();
            let found = run("I13", header, &records).violations;
            assert_eq!(found, violations, "slow {}, {failures} failures", slow.is_some());
        }
    }

    #[test]
    fn a_bench_comes_after_the_failures_it_takes() {
        // Three in a row are declared.
        let failures =
            |count: u64| -> Vec<Record> { (0..count).map(failed_over).chain([turned_away(count)]).collect() };
        let header = || {
            let mut header = header();
            header.models["claude"].breaker = Some(BreakerPolicy::default());
            header
        };
        assert_eq!(run("I13", header(), &failures(3)).violations, 0);
        let result = run("I13", header(), &failures(2));
        assert_eq!(result.violations, 1);
        assert_eq!(result.witnesses[0].others, [2]);
        // A refusal is none of them; a used-up quota is enough alone.
        let two = |class| {
            let mut records = failures(1);
            let first = &mut records[0].trail.as_mut().expect("a trail").attempts[0];
            first.result = AttemptResult::Failed(crate::chat::Failure::new(class, "no"));
            run("I13", header(), &records).violations
        };
        assert_eq!((two(FailureClass::Refused), two(FailureClass::QuotaExhausted)), (1, 0));
        // Nor is a limit that was cut: the one to the first output is 2 s, and 1 s is half of that.
        let timed_out = |ms| {
            let mut records = failures(3);
            for record in &mut records[..3] {
                let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
                let class = FailureClass::Timeout(Limit::FirstToken);
                first.result = AttemptResult::Failed(crate::chat::Failure::new(class, "late"));
                first.ended = first.started + std::time::Duration::from_millis(ms);
            }
            run("I13", header(), &records).violations
        };
        assert_eq!((timed_out(100), timed_out(1_000)), (1, 0));
        // Where a record is missing, it could be the failure.
        let missing = run_to_its_end("I13", header(), &failures(2), &[], &footer(9));
        assert_eq!(missing.checked, 0);
    }
}
