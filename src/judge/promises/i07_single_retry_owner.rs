//! I07 single-retry-owner: attempts are what was configured; layers never multiply.
//!
//! Check: a provider saw no more calls than the trail has attempts at it; and a target is asked again at most as often as its
//! failures so far allow: the repeats declared for each class among them (none for what is deterministic), once more for a
//! connection that had died idle, and once for every time it was passed over in between.

use super::policy;
use super::{Breach, Found, Memory, Promise};
use crate::history::{Attempt, AttemptResult, Cause, RouteFacts, SkipReason};
use crate::judge::Case;
use crate::judge::case::same_target;
use crate::judge::plural;

pub(super) const PROMISE: Promise = Promise { id: "I07", name: "single-retry-owner", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let attempts = case.attempts();
    if case.record.trail.is_none() || (attempts.is_empty() && case.record.calls.is_empty()) {
        return Found::NotApplicable;
    }
    let again = || (1..attempts.len()).find_map(|at| unasked_for(case, case.route?, at));
    multiplied(case).or_else(again).into()
}

/// A provider that saw more calls than there are attempts.
fn multiplied(case: &Case<'_>) -> Option<Breach> {
    let calls = &case.record.calls;
    let made = |provider: &str| case.attempts().iter().filter(|at| at.provider == provider).count();
    let more = calls.iter().find_map(|call| {
        let seen = calls.iter().filter(|other| other.provider == call.provider).count();
        let made = made(&call.provider);
        (seen > made).then_some((&call.provider, seen, made))
    });
    let (provider, seen, made) = more?;
    let named = (0..case.attempts().len()).filter(|at| case.attempts()[*at].provider == *provider);
    let (seen, made) = (plural(seen as u64, "call"), plural(made as u64, "attempt"));
    Some(Breach::new(format!("{provider} saw {seen}, and the router made {made} there")).of(named))
}

/// The attempt at `at`, if nothing declared explains that its target was asked again.
fn unasked_for(case: &Case<'_>, route: &RouteFacts, at: usize) -> Option<Breach> {
    let attempts = case.attempts();
    let asked = |attempt: &Attempt| {
        same_target(attempt, &attempts[at])
            && !matches!(attempt.cause, Cause::Rescue | Cause::Continue | Cause::Regenerate)
    };
    if !asked(&attempts[at]) {
        return None;
    }
    let before = attempts[..at].iter().filter(|attempt| asked(attempt)).count();
    let allowed = if before == 0 { 0 } else { allowed(case, route, at) };
    (before > allowed).then(|| {
        let model = &attempts[at].model;
        let declared = plural(allowed as u64, "repeat");
        let what = format!("attempt {} asked {model} again, and {declared} had been declared", at + 1);
        let same = (0..=at).filter(|other| asked(&attempts[*other]));
        Breach::new(what).of(same)
    })
}

fn allowed(case: &Case<'_>, route: &RouteFacts, at: usize) -> usize {
    let attempts = case.attempts();
    let target = &attempts[at];
    let mut classes = Vec::new();
    let mut allowed = 0;
    for (index, attempt) in attempts[..at].iter().enumerate() {
        let AttemptResult::Failed(failure) = &attempt.result else { continue };
        if !same_target(attempt, target) {
            continue;
        }
        allowed += usize::from(policy::may_be_stale(attempts, index));
        if !classes.contains(&failure.class) {
            classes.push(failure.class);
            allowed += policy::times(case, route, &target.model, failure.class) as usize;
        }
    }
    allowed + turns(case, target)
}

/// How often the target of an attempt was passed over before it: each time it may have had another turn.
fn turns(case: &Case<'_>, target: &Attempt) -> usize {
    let Some(trail) = &case.record.trail else { return 0 };
    let is_it = |name: &str| name == target.model || case.facts.target_name(target) == Some(name);
    let over = trail.skips.iter().filter(|skip| {
        let final_word = matches!(skip.reason, SkipReason::RetryBudget | SkipReason::SameCause);
        !final_word && skip.at <= target.started && is_it(&skip.model)
    });
    over.count()
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::history::Skip;
    use crate::judge::testkit::{at, failing, header, served};

    #[test]
    fn declared_repeats_are_kept_and_one_more_is_broken() {
        // A server error is repeated twice.
        let three = failing(0, &["claude", "claude", "claude"]);
        assert_eq!(verify("I07", &three, header()), Found::Kept);
        let four = failing(0, &["claude", "claude", "claude", "claude"]);
        assert!(
            matches!(verify("I07", &four, header()), Found::Broken(what) if what.contains("2 repeats had been declared"))
        );
        // Unless it was passed over in between: then it had another turn.
        let mut turned = four;
        let reason = SkipReason::Benched { until: at(0.1) };
        turned.trail.as_mut().expect("a trail").skips.push(Skip {
            model: "claude".to_owned(),
            at: at(0.1),
            reason,
        });
        assert_eq!(verify("I07", &turned, header()), Found::Kept);
    }

    #[test]
    fn only_another_turn_of_its_own_explains_one_more() {
        let benched = SkipReason::Benched { until: at(0.1) };
        // The fourth attempt begins at 0.181 s; the trail names a target, or its whole model.
        for (model, reason, seconds, kept) in [
            ("claude", benched, 0.1, true),
            ("claude-eu", benched, 0.1, true),
            ("claude", benched, 0.2, false),
            ("flash", benched, 0.1, false),
            ("claude", SkipReason::RetryBudget, 0.1, false),
            ("claude", SkipReason::SameCause, 0.1, false),
        ] {
            let mut record = failing(0, &["claude", "claude", "claude", "claude"]);
            let skip = Skip { model: model.to_owned(), at: at(seconds), reason };
            record.trail.as_mut().expect("a trail").skips.push(skip);
            let mut header = header();
            header.targets[0].name = "claude-eu".to_owned();
            let found = verify("I07", &record, header);
            assert_eq!(found == Found::Kept, kept, "{model} {reason:?} at {seconds}: {found:?}");
        }
    }

    #[test]
    fn a_connection_that_died_idle_is_replaced_once_beside_its_repeats() {
        use crate::chat::{Failure, FailureClass};
        // Nothing is declared for one that cannot be reached; the first is replaced, the second is the provider's.
        for (models, kept) in [(&["claude", "claude"][..], true), (&["claude", "claude", "claude"], false)] {
            let mut record = failing(0, models);
            for attempt in &mut record.trail.as_mut().expect("a trail").attempts {
                attempt.result =
                    AttemptResult::Failed(Failure::new(FailureClass::Unreachable, "connection reset"));
            }
            let found = verify("I07", &record, header());
            assert_eq!(found == Found::Kept, kept, "{}: {found:?}", models.len());
        }
    }

    #[test]
    fn attempts_without_calls_are_judged_and_so_are_calls_without_attempts() {
        let mut unheard = failing(0, &["claude"]);
        unheard.calls.clear();
        assert_eq!(verify("I07", &unheard, header()), Found::Kept);
        let mut unmade = failing(0, &["claude"]);
        unmade.trail.as_mut().expect("a trail").attempts.clear();
        assert!(
            matches!(verify("I07", &unmade, header()), Found::Broken(what) if what.contains("the router made 0 attempts"))
        );
        unmade.calls.clear();
        assert_eq!(verify("I07", &unmade, header()), Found::NotApplicable);
    }

    #[test]
    fn a_call_that_no_attempt_made_is_broken() {
        let mut record = served(0, "claude");
        assert_eq!(verify("I07", &record, header()), Found::Kept);
        let again = record.calls[0].clone();
        record.calls.push(again);
        assert!(
            matches!(verify("I07", &record, header()), Found::Broken(what) if what.contains("anthropic saw 2 calls"))
        );
        record.trail = None;
        assert_eq!(verify("I07", &record, header()), Found::NotApplicable);
    }

    #[test]
    fn the_attempts_at_the_provider_that_saw_more_are_named() {
        let mut record = failing(0, &["flash", "claude", "flash"]);
        let again = record.calls[1].clone();
        record.calls.push(again);
        let Found::Broken(breach) = verify("I07", &record, header()) else {
            unreachable!("two calls, one attempt")
        };
        assert_eq!(breach.witness(&record).attempts, [1]);
    }
}
