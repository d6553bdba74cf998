//! I02 pre-commit-recovery: until caller-visible output was forwarded, a retryable failure is recovered by
//! retry or fallback.
//!
//! Check: an error before any output is only right when the failure surfaces by declared policy (its class, its
//! status, or that it leaves open what became of the request), the bound on attempts is reached, the time is up,
//! or every other model of the chain, the caller's own where it gave one, was asked or passed over for a reason the
//! trail names. A declared fixed reply never fails, so with one there is no such error at all.

use super::{Breach, Found, Memory, Promise, policy};
use crate::chat::Failure;
use crate::chat::FailureClass;
use crate::history::{AttemptResult, RouteFacts, RouterOutcome, Trail};
use crate::judge::{Case, Outcome};
use crate::router::config::{RefusalPolicy, Then};

pub(super) const PROMISE: Promise = Promise { id: "I02", name: "pre-commit-recovery", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let (Some(trail), Some(route)) = (&case.record.trail, case.route) else { return Found::NotApplicable };
    let (RouterOutcome::Failed { failure, .. } | RouterOutcome::Interrupted { failure, .. }) = &trail.outcome
    else {
        return Found::NotApplicable;
    };
    let callers_own = case.left() || case.outcome == Outcome::Invalid;
    if callers_own || case.saw_output() || surfaces(case, route, failure) {
        return Found::NotApplicable;
    }
    let bounded = trail.attempts.len() >= route.max_attempts as usize;
    let late = trail.ended + case.facts.slack.timer >= trail.deadline;
    if late || (bounded && route.fixed.is_none()) {
        return Found::Kept;
    }
    let missed = untried(case, trail, route, bounded).map(|model| {
        let what = format!("it failed with {} and `{model}` was never asked, with time left", failure.class);
        Breach::new(what).of(trail.attempts.len().checked_sub(1)).between(trail.ended, trail.deadline)
    });
    missed.into()
}

/// Whether the failure is the answer by policy: the route's, that of the model which failed so, or the default one for the
/// caller's own mistakes.
fn surfaces(case: &Case<'_>, route: &RouteFacts, failure: &Failure) -> bool {
    let unclear = matches!(
        failure.class,
        FailureClass::Unreachable
            | FailureClass::Timeout(_)
            | FailureClass::Truncated
            | FailureClass::Protocol
    );
    if route.surfaces_unclear && unclear && failure.status.is_none() {
        return true;
    }
    // A refusal that is passed on is an answer, whatever its status.
    if failure.class == FailureClass::Refused && route.refusal == RefusalPolicy::Pass {
        return true;
    }
    if let (Some(statuses), Some(status)) = (&route.advance_on, policy::status_of(failure)) {
        return !statuses.contains(&status);
    }
    matches!(failure.class, FailureClass::InvalidRequest | FailureClass::Cancelled)
        || route.surfaces.contains(&failure.class)
        || case.attempts().iter().any(|attempt| {
            let same = matches!(&attempt.result, AttemptResult::Failed(own) if own.class == failure.class);
            same && policy::declared(case, route, &attempt.model, failure.class).then == Then::Surface
        })
}

/// A model that was neither asked nor passed over, or the fixed reply.
pub(super) fn untried<'a>(
    case: &Case<'a>,
    trail: &'a Trail,
    route: &'a RouteFacts,
    bounded: bool,
) -> Option<&'a str> {
    let known = |model: &str| {
        trail.attempts.iter().any(|attempt| attempt.model == model)
            || trail.skips.iter().any(|skip| case.facts.model_named(&skip.model) == model)
    };
    if let Some(own) = &trail.chain {
        return own.iter().filter(|_| !bounded).find(|model| !known(model)).map(String::as_str);
    }
    let chain = route.chain.iter().filter(|_| !bounded).find(|model| !known(model));
    let fixed = route.rescue.iter().find(|rescue| *rescue == "fixed");
    chain.or(fixed).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::judge::testkit::{failed_over, failing, header};
    use crate::router::config::{Backoff, ClassPolicy};

    #[test]
    fn a_recovered_request_is_not_asked_and_an_untried_model_is_broken() {
        assert_eq!(verify("I02", &failed_over(0), header()), Found::NotApplicable);
        // claude fails at 60 ms of 20 s; flash is in the chain and was not asked.
        let record = failing(0, &["claude"]);
        assert!(matches!(verify("I02", &record, header()), Found::Broken(what) if what.contains("`flash`")));
        assert_eq!(verify("I02", &failing(0, &["claude", "flash"]), header()), Found::Kept);
    }

    #[test]
    fn a_status_out_of_the_list_and_an_unclear_end_are_the_answer_where_the_route_says_so() {
        // claude failed with 500.
        let mut header = header();
        header.routes[0].advance_on = Some(vec![429]);
        assert_eq!(verify("I02", &failing(0, &["claude"]), header.clone()), Found::NotApplicable);
        header.routes[0].advance_on = Some(vec![429, 500]);
        assert!(matches!(verify("I02", &failing(0, &["claude"]), header.clone()), Found::Broken(_)));
        // By the status that was sent, whatever the caller is given for it: a 400 for an empty account is its 429.
        let mut unpaid = failing(0, &["claude"]);
        let trail = unpaid.trail.as_mut().expect("a trail");
        let quota = Failure { status: Some(400), ..Failure::new(FailureClass::QuotaExhausted, "unpaid") };
        trail.outcome = RouterOutcome::Failed { status: 429, failure: quota };
        header.routes[0].advance_on = Some(vec![429]);
        assert_eq!(verify("I02", &unpaid, header.clone()), Found::NotApplicable);
        header.routes[0].advance_on = None;
        header.routes[0].surfaces_unclear = true;
        assert!(matches!(verify("I02", &failing(0, &["claude"]), header), Found::Broken(_)));
    }

    #[test]
    fn a_refusal_that_is_passed_on_is_the_answer_whatever_its_status() {
        let mut header = header();
        header.routes[0].advance_on = Some(vec![400]);
        let mut record = failing(0, &["claude"]);
        let refused = Failure { status: Some(400), ..Failure::new(FailureClass::Refused, "filtered") };
        record.trail.as_mut().expect("a trail").outcome =
            RouterOutcome::Failed { status: 400, failure: refused };
        assert_eq!(verify("I02", &record, header.clone()), Found::NotApplicable);
        header.routes[0].refusal = RefusalPolicy::Next;
        assert!(matches!(verify("I02", &record, header), Found::Broken(what) if what.contains("`flash`")));
    }

    #[test]
    fn a_caller_who_wants_one_model_only_misses_no_other() {
        let mut record = failing(0, &["claude"]);
        record.trail.as_mut().expect("a trail").chain = Some(vec!["claude".to_owned()]);
        assert_eq!(verify("I02", &record, header()), Found::Kept);
        record.trail.as_mut().expect("a trail").chain = Some(vec!["claude".to_owned(), "other".to_owned()]);
        assert!(matches!(verify("I02", &record, header()), Found::Broken(what) if what.contains("`other`")));
    }

    #[test]
    fn a_models_own_word_on_what_surfaces_stands_over_its_routes() {
        let mut header = header();
        let own = ClassPolicy { times: 0, backoff: Backoff::default(), then: Then::Surface };
        let model = header.models.get_mut("claude").expect("it is there");
        model.retry.set(FailureClass::ServerError, own);
        assert_eq!(verify("I02", &failing(0, &["claude"]), header.clone()), Found::NotApplicable);
        // flash says nothing of it: its failure leads to claude.
        assert!(matches!(verify("I02", &failing(0, &["flash"]), header), Found::Broken(_)));
    }

    #[test]
    fn a_class_that_surfaces_by_policy_and_a_used_up_deadline_are_no_violation() {
        let mut header = header();
        header.routes[0].surfaces = vec![FailureClass::ServerError];
        assert_eq!(verify("I02", &failing(0, &["claude"]), header.clone()), Found::NotApplicable);
        header.routes[0].surfaces.clear();
        let mut record = failing(0, &["claude"]);
        let trail = record.trail.as_mut().expect("a trail");
        trail.deadline = trail.ended;
        assert_eq!(verify("I02", &record, header), Found::Kept);
    }

    #[test]
    fn who_left_or_erred_itself_is_owed_no_other_model() {
        let mut left = failing(0, &["claude"]);
        left.caller.ending = crate::history::CallerEnding::Left;
        assert_eq!(verify("I02", &left, header()), Found::NotApplicable);
        // A prompt that is too long is the caller's own, but where a fault said so.
        for (faults, owed) in [(vec![], false), (vec!["outage".to_owned()], true)] {
            let mut record = failing(0, &["claude"]);
            let long = Failure { status: Some(400), ..Failure::new(FailureClass::ContextExceeded, "long") };
            record.trail.as_mut().expect("a trail").outcome =
                RouterOutcome::Failed { status: 400, failure: long };
            record.caller.status = Some(400);
            record.calls[0].faults = faults;
            assert_eq!(matches!(verify("I02", &record, header()), Found::Broken(_)), owed);
        }
    }

    #[test]
    fn only_what_may_have_been_carried_out_surfaces_as_such() {
        for (surfaces, class, status, surfaced) in [
            (true, FailureClass::Unreachable, None, true),
            (false, FailureClass::Unreachable, None, false),
            // A status says what became of it, and so does an error inside a success.
            (true, FailureClass::Protocol, Some(500), false),
            (true, FailureClass::Overloaded, None, false),
        ] {
            let mut header = header();
            header.routes[0].surfaces_unclear = surfaces;
            let mut record = failing(0, &["claude"]);
            let failure = Failure { status, ..Failure::new(class, "no") };
            record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Failed { status: 502, failure };
            let found = verify("I02", &record, header);
            assert_eq!(found == Found::NotApplicable, surfaced, "{class} {status:?}: {found:?}");
        }
    }
}
