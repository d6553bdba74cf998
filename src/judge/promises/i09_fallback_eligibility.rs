//! I09 fallback-eligibility: every class either leads to the next model or ends the request, as the policy says, and no class
//! does so by accident.
//!
//! Check: after each failure before commit, of requests whose attempts went one after the other. One that is the answer by
//! declared policy is followed by nobody but its own declared repeats: not by another model, not by a last resort (but where
//! its target was passed over when a declared repeat was due: then the chain goes on). One that
//! leads on is not the last while a model of the chain was neither asked nor passed over, with attempts and time left (where
//! the error is of its own class, that is I02's to say). What
//! another model is asked for after a bad request is left out: whether it could serve it is in the provider's words. A failure
//! that leaves open whether a request was carried out is followed by nobody, its repeats included, where the route surfaces it.

use super::i02_pre_commit_recovery::untried;
use super::policy::{self, Next, Turn};
use super::{Breach, Found, Memory, Promise};
use crate::history::{AttemptResult, RouteFacts, RouterOutcome, Skip, SkipReason};
use crate::judge::Case;
use crate::router::config::Then;

pub(super) const PROMISE: Promise = Promise { id: "I09", name: "fallback-eligibility", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let failed = |result: &AttemptResult| matches!(result, AttemptResult::Failed(_));
    let (Some(route), true) = (case.route, case.attempts().iter().any(|at| failed(&at.result))) else {
        return Found::NotApplicable;
    };
    let mut found = Found::NotApplicable;
    for turn in policy::turns(case) {
        if policy::is_unclear(turn.failure) && route.surfaces_unclear {
            if turn.attempt.connected.is_some() {
                found = replayed(case, &turn).into();
            }
            if matches!(found, Found::Broken(_)) {
                return found;
            }
            continue;
        }
        let Some(then) = policy::then(case, route, &turn) else { continue };
        found = Found::Kept;
        let broken = match then {
            Then::Surface => led_on(case, route, &turn),
            Then::Next => ended(case, route, &turn),
        };
        if let Some(breach) = broken {
            return Found::Broken(breach);
        }
    }
    found
}

/// What was asked although the request may have been carried out.
fn replayed(case: &Case<'_>, turn: &Turn<'_>) -> Option<Breach> {
    let (asked, by) = match turn.next {
        Next::Repeat(next) | Next::Other(next) => (case.attempts()[next].model.as_str(), Some(next)),
        Next::Rescue => ("a last resort", None),
        Next::Answer | Next::Open => return None,
    };
    let Turn { failure, attempt, .. } = turn;
    let what = format!(
        "{} of {} may have been carried out, which is the answer by policy, and {asked} was asked",
        failure.class, attempt.model
    );
    Some(Breach::new(what).of(std::iter::once(turn.index).chain(by)))
}

/// What was asked although the failure is the answer.
fn led_on(case: &Case<'_>, route: &RouteFacts, turn: &Turn<'_>) -> Option<Breach> {
    let class = turn.failure.class;
    // Where repeats come after the rest of the chain, the rest of the chain comes first.
    if !policy::model_first(route) && policy::times(case, route, &turn.attempt.model, class) > 0 {
        return None;
    }
    // A repeat whose target was benched while it waited, or could not be had at once where no wait is due, was not made: it is
    // not used up, and the chain goes on. One that its budget forbade leaves the failure the answer.
    let trail = case.record.trail.as_ref()?;
    let here = |name: &str| name == turn.attempt.model || case.facts.target_name(turn.attempt) == Some(name);
    let ended = turn.attempt.ended;
    let unpaid = |skip: &Skip| skip.at == ended && skip.reason == SkipReason::RetryBudget;
    let over = |skip: &Skip| skip.at >= ended && here(&skip.model) && !unpaid(skip);
    let due = repeats_made(case, turn) < policy::times(case, route, &turn.attempt.model, class);
    if due && trail.skips.iter().any(over) {
        return None;
    }
    let (asked, by) = match turn.next {
        Next::Other(next) => (case.attempts()[next].model.as_str(), Some(next)),
        Next::Rescue => ("a last resort", Some(turn.index + 1).filter(|next| *next < case.attempts().len())),
        Next::Repeat(_) | Next::Answer | Next::Open => return None,
    };
    let what = format!("{class} of {} is the answer by policy, and {asked} was asked", turn.attempt.model);
    Some(Breach::new(what).of(std::iter::once(turn.index).chain(by)))
}

/// Repeats that were surely made after failures like this one: what was sent once more because its connection had died idle is
/// none.
fn repeats_made(case: &Case<'_>, turn: &Turn<'_>) -> u32 {
    let attempts = case.attempts();
    let stale =
        |at: usize| policy::same_target(&attempts[at], turn.attempt) && policy::may_be_stale(attempts, at);
    let replayed = u32::from((0..turn.index).any(stale));
    policy::used(case, turn.index, turn.failure.class).saturating_sub(replayed)
}

/// The model that was not asked although the failure leads on to it.
fn ended(case: &Case<'_>, route: &RouteFacts, turn: &Turn<'_>) -> Option<Breach> {
    let trail = case.record.trail.as_ref()?;
    let late = trail.ended + case.facts.slack.timer >= trail.deadline;
    let bounded = trail.attempts.len() >= route.max_attempts as usize;
    let class = turn.failure.class;
    let same = matches!(&trail.outcome, RouterOutcome::Failed { failure, .. } if failure.class == class);
    if turn.next != Next::Answer || late || bounded || same || case.left() {
        return None;
    }
    let model = untried(case, trail, route, false)?;
    let what = format!(
        "{class} of {} leads to the next model by policy, and `{model}` was not asked",
        turn.attempt.model
    );
    Some(Breach::new(what).of([turn.index]).between(trail.ended, trail.deadline))
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::chat::FailureClass;
    use crate::judge::testkit::{at, failed_over, failing, header, served};
    use crate::router::config::{ClassPolicy, RetryOrder};

    /// A server error is the answer.
    fn surfacing() -> crate::history::Header {
        let mut header = header();
        let known = *header.routes[0].retry.of(FailureClass::ServerError).expect("declared");
        header.routes[0].retry.set(FailureClass::ServerError, ClassPolicy { then: Then::Surface, ..known });
        header
    }

    #[test]
    fn a_failure_that_is_the_answer_leads_nowhere() {
        assert_eq!(verify("I09", &served(0, "claude"), header()), Found::NotApplicable);
        assert_eq!(verify("I09", &failed_over(0), header()), Found::Kept);
        assert!(
            matches!(verify("I09", &failed_over(0), surfacing()), Found::Broken(what) if what.contains("flash was asked"))
        );
        assert_eq!(verify("I09", &failing(0, &["claude", "claude"]), surfacing()), Found::Kept);
        // Two repeats are declared, and claude was benched when the first was due.
        let mut benched = failed_over(0);
        let trail = benched.trail.as_mut().expect("a trail");
        let reason = SkipReason::Benched { until: at(9.0) };
        trail.skips.push(Skip { model: "claude".to_owned(), at: at(0.0611), reason });
        assert_eq!(verify("I09", &benched, surfacing()), Found::Kept);
        // One repeat is declared: what was sent again on a new connection was none.
        let mut once = surfacing();
        let known = *once.routes[0].retry.of(FailureClass::ServerError).expect("declared");
        let own = ClassPolicy { times: 1, then: Then::Surface, ..known };
        once.routes[0].retry.set(FailureClass::Unreachable, own);
        let mut replayed = benched.clone();
        let trail = replayed.trail.as_mut().expect("a trail");
        trail.attempts.insert(1, trail.attempts[0].clone());
        for attempt in &mut trail.attempts[..2] {
            let dead = crate::chat::Failure::new(FailureClass::Unreachable, "reset");
            (attempt.connected, attempt.result) = (Some(attempt.started), AttemptResult::Failed(dead));
        }
        assert_eq!(verify("I09", &replayed, once.clone()), Found::Kept);
        // A second attempt that was no repeat of a dead connection's uses it up.
        let trail = replayed.trail.as_mut().expect("a trail");
        trail.attempts[0].connected = None;
        assert!(matches!(verify("I09", &replayed, once), Found::Broken(_)));
        // Where the rest of the chain comes before repeats, it is asked for those.
        let mut chain_first = surfacing();
        chain_first.routes[0].retry_order = RetryOrder::ChainFirst;
        assert_eq!(verify("I09", &failed_over(0), chain_first), Found::Kept);
    }

    #[test]
    fn what_may_have_been_carried_out_is_not_asked_for_again_where_that_surfaces() {
        let surfacing = || {
            let mut header = header();
            header.routes[0].surfaces_unclear = true;
            header
        };
        let mut record = crate::judge::testkit::unreachable_then("flash");
        let connected = |record: &mut crate::history::Record, at| {
            record.trail.as_mut().expect("a trail").attempts[0].connected = at;
        };
        connected(&mut record, None);
        assert!(!matches!(verify("I09", &record, surfacing()), Found::Broken(_)), "nothing was sent");
        connected(&mut record, Some(at(0.001)));
        assert!(
            matches!(verify("I09", &record, surfacing()), Found::Broken(what) if what.contains("carried out"))
        );
        assert!(!matches!(verify("I09", &record, header()), Found::Broken(_)));
        // A status says what became of it.
        assert_eq!(verify("I09", &failed_over(0), surfacing()), Found::Kept);
    }

    #[test]
    fn a_last_resort_is_not_for_what_is_the_answer() {
        let mut record = failing(0, &["claude"]);
        record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: "fixed".to_owned() };
        assert!(
            matches!(verify("I09", &record, surfacing()), Found::Broken(what) if what.contains("a last resort"))
        );
    }

    #[test]
    fn a_failure_that_leads_on_is_not_the_last_while_somebody_is_left() {
        // The error is of another class than the last failure.
        let mut record = failing(0, &["claude"]);
        let overloaded = crate::chat::Failure::new(FailureClass::Overloaded, "busy");
        record.trail.as_mut().expect("a trail").outcome =
            RouterOutcome::Failed { status: 503, failure: overloaded };
        assert!(
            matches!(verify("I09", &record, header()), Found::Broken(what) if what.contains("`flash` was not asked"))
        );
        assert_eq!(verify("I09", &failing(0, &["claude"]), header()), Found::Kept, "I02 says it");
        assert_eq!(verify("I09", &failing(0, &["claude", "flash"]), header()), Found::Kept);
        // flash was asked after claude: that opus was not, which is left, is no fault of claude's failure.
        let mut three = header();
        three.models.insert("opus".to_owned(), three.models["claude"].clone());
        three.routes[0].chain.push("opus".to_owned());
        assert_eq!(verify("I09", &failed_over(0), three), Found::Kept);
    }

    /// What is found of claude's failure and flash's answer, where claude was to be asked again `times`.
    fn over_to_flash(
        times: u32,
        change: impl Fn(&mut crate::history::Header, &mut crate::history::Trail),
    ) -> Found {
        let mut header = surfacing();
        let known = *header.routes[0].retry.of(FailureClass::ServerError).expect("declared");
        header.routes[0].retry.set(FailureClass::ServerError, ClassPolicy { times, ..known });
        let mut record = failed_over(0);
        change(&mut header, record.trail.as_mut().expect("a trail"));
        verify("I09", &record, header)
    }

    #[test]
    fn only_repeats_that_are_due_let_the_chain_go_on() {
        // Where repeats come last the rest of the chain is asked before them, if any are declared.
        let chain_first =
            |times| over_to_flash(times, |header, _| header.routes[0].retry_order = RetryOrder::ChainFirst);
        assert_eq!(chain_first(1), Found::Kept);
        assert!(matches!(chain_first(0), Found::Broken(_)));
        // claude's target was passed over when its repeat was due, by the model's name or by its own; nobody else's was.
        // claude fails at 61 ms, and a repeat without a wait is due at once.
        let [busy, unpaid] = [SkipReason::Busy, SkipReason::RetryBudget];
        for (name, seconds, reason, times, kept) in [
            ("claude", 0.0611, busy, 1, true),
            ("claude-eu", 0.0611, busy, 1, true),
            ("third", 0.0611, busy, 1, false),
            ("claude", 0.0611, busy, 0, false),
            ("claude", 0.061, busy, 1, true),
            ("claude", 0.061, unpaid, 1, false),
            ("claude", 0.0609, busy, 1, false),
        ] {
            let found = over_to_flash(times, |header, trail| {
                header.targets[0].name = "claude-eu".to_owned();
                trail.skips.push(Skip { model: name.to_owned(), at: at(seconds), reason });
            });
            assert_eq!(found == Found::Kept, kept, "{name}, {reason:?} at {seconds} s, {times}: {found:?}");
        }
    }

    #[test]
    fn a_witness_of_a_last_resort_names_its_attempt_if_it_made_one() {
        let mut fixed = failing(0, &["claude"]);
        fixed.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: "fixed".to_owned() };
        let mut asked = failed_over(0);
        let trail = asked.trail.as_mut().expect("a trail");
        trail.outcome = RouterOutcome::Rescued { by: "flash".to_owned() };
        trail.attempts[1].cause = crate::history::Cause::Rescue;
        for (record, named) in [(fixed, &[0][..]), (asked, &[0, 1])] {
            let Found::Broken(breach) = verify("I09", &record, surfacing()) else {
                unreachable!("it is the answer")
            };
            assert_eq!(breach.witness(&record).attempts, named);
        }
    }
}
