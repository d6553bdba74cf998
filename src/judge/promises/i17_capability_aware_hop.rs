//! I17 capability-aware-hop: a model that cannot serve a request is passed over, or the request adapted and that told; its
//! refusal never ends the chain.
//!
//! Check: a final error never says that the request was wrong (a bad request, too long a prompt, a missing model, a bad key)
//! where another attempt of it had failed for a reason of its provider's, unless the route goes by statuses. Where the trail
//! passed a model over for what the request needs, that model does declare that it cannot do it, and no other model was asked
//! that declares the same; where it did for the length of the prompt, no model with as small a window was asked, but as a last
//! resort. And a request is only changed for a model where the route allows that. What a request needs is not in a history: a
//! model that was asked without any skip is left out.

use super::policy;
use super::{Breach, Found, Memory, Promise};
use crate::chat::FailureClass;
use crate::history::{Attempt, AttemptResult, Cause, RouteFacts, RouterOutcome, Skip, SkipReason, Trail};
use crate::judge::Case;
use crate::router::config::{Adapt, Need};

pub(super) const PROMISE: Promise = Promise { id: "I17", name: "capability-aware-hop", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let (Some(trail), Some(route)) = (&case.record.trail, case.route) else { return Found::NotApplicable };
    let capable =
        |skip: &Skip| matches!(skip.reason, SkipReason::Incapable { .. } | SkipReason::ContextWindow);
    let adapted = trail.attempts.iter().any(|attempt| !attempt.adapted.is_empty());
    let failed = matches!(&trail.outcome, RouterOutcome::Failed { failure, .. } if complains(failure.class));
    if !(adapted || failed || trail.skips.iter().any(capable)) {
        return Found::NotApplicable;
    }
    let broken = last_word(trail, route)
        .or_else(|| trail.skips.iter().find_map(|skip| passed_over(case, trail, skip)))
        .or_else(|| changed(trail, route));
    broken.into()
}

/// Whether a failure complains of the request.
const fn complains(class: FailureClass) -> bool {
    policy::blames_request(class) && !matches!(class, FailureClass::Refused)
}

/// A complaint that ended a request whose trouble was another one.
fn last_word(trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    let RouterOutcome::Failed { failure, .. } = &trail.outcome else { return None };
    if !complains(failure.class) || route.advance_on.is_some() {
        return None;
    }
    let trouble = |attempt: &Attempt| matches!(&attempt.result, AttemptResult::Failed(own) if !policy::blames_request(own.class) && own.caller_status() >= 500);
    let first = trail.attempts.iter().position(trouble)?;
    // One that came before the trouble may have been the answer at once, beside an attempt that was still under way.
    let says = |attempt: &Attempt| matches!(&attempt.result, AttemptResult::Failed(own) if own.class == failure.class);
    let complaint = trail.attempts.iter().position(says)?;
    let hedged = !policy::is_sequential(&trail.attempts);
    (!hedged || complaint > first).then(|| {
        let what = format!(
            "{} failed, and the error was {} of {}",
            trail.attempts[first].model, failure.class, trail.attempts[complaint].model
        );
        Breach::new(what).of([first, complaint])
    })
}

/// What is wrong with passing a model over for what it cannot do.
fn passed_over(case: &Case<'_>, trail: &Trail, skip: &Skip) -> Option<Breach> {
    let named = case.facts.model_named(&skip.model);
    match skip.reason {
        SkipReason::Incapable { need } if need != Need::Embedding => {
            let cannot =
                |model: &str| case.facts.model(model).is_some_and(|model| model.cannot.contains(&need));
            if !cannot(named) {
                let what =
                    format!("{named} was passed over for {}, which it is not said to lack", need.words());
                return Some(Breach::new(what).between(skip.at, skip.at));
            }
            let asked = trail.attempts.iter().position(|attempt| cannot(&attempt.model))?;
            let model = &trail.attempts[asked].model;
            let what = format!(
                "{named} was passed over for {}, and {model}, which lacks it too, was asked",
                need.words()
            );
            Some(Breach::new(what).of([asked]))
        }
        SkipReason::ContextWindow => {
            let window = |model: &str| case.facts.model(model).and_then(|model| model.context);
            let own = window(named)?;
            let small = |attempt: &Attempt| {
                attempt.cause != Cause::Rescue && window(&attempt.model).is_some_and(|window| window <= own)
            };
            let asked = trail.attempts.iter().position(small)?;
            let model = &trail.attempts[asked].model;
            let what = format!(
                "the prompt is too long for {named}, and {model}, whose window is no larger, was asked"
            );
            Some(Breach::new(what).of([asked]))
        }
        _ => None,
    }
}

/// An attempt with a changed request, on a route that forbids that.
fn changed(trail: &Trail, route: &RouteFacts) -> Option<Breach> {
    let at = trail.attempts.iter().position(|attempt| !attempt.adapted.is_empty())?;
    (route.adapt == Adapt::Forbid).then(|| {
        let attempt = &trail.attempts[at];
        let what = format!(
            "{} was changed for {}, and the route forbids that",
            attempt.adapted.join(", "),
            attempt.model
        );
        Breach::new(what).of([at])
    })
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::chat::Failure;
    use crate::history::{Moment, Record};
    use crate::judge::testkit::{failing, header, served};

    #[test]
    fn a_fallbacks_complaint_is_never_the_error() {
        let mut record = failing(0, &["claude", "flash"]);
        assert_eq!(verify("I17", &record, header()), Found::NotApplicable, "the error is claude's own");
        let complaint =
            Failure { status: Some(400), ..Failure::new(FailureClass::ContextExceeded, "too long") };
        let trail = record.trail.as_mut().expect("a trail");
        trail.attempts[1].result = AttemptResult::Failed(complaint.clone());
        trail.outcome = RouterOutcome::Failed { status: 400, failure: complaint };
        assert!(
            matches!(verify("I17", &record, header()), Found::Broken(what) if what.contains("claude failed, and the error was context_exceeded of flash"))
        );
        let mut by_status = header();
        by_status.routes[0].advance_on = Some(vec![500]);
        assert_eq!(verify("I17", &record, by_status), Found::Kept, "statuses decide there");
    }

    #[test]
    fn a_complaint_from_before_the_trouble_may_be_the_error_only_beside_a_hedge() {
        let complaint =
            Failure { status: Some(400), ..Failure::new(FailureClass::ContextExceeded, "too long") };
        for (cause, kept) in [(Cause::Fallback, false), (Cause::Hedge, true)] {
            let mut record = failing(0, &["claude", "flash"]);
            let trail = record.trail.as_mut().expect("a trail");
            trail.attempts[0].result = AttemptResult::Failed(complaint.clone());
            trail.attempts[1].cause = cause;
            trail.outcome = RouterOutcome::Failed { status: 400, failure: complaint.clone() };
            let found = verify("I17", &record, header());
            let broken = matches!(&found, Found::Broken(what) if what.contains("flash failed, and the error was context_exceeded of claude"));
            assert_eq!(broken, !kept, "{cause:?}: {found:?}");
        }
    }

    fn passed_over(reason: SkipReason) -> Record {
        let mut record = served(0, "flash");
        let trail = record.trail.as_mut().expect("a trail");
        trail.skips.push(Skip { model: "claude".to_owned(), at: Moment::ZERO, reason });
        record
    }

    #[test]
    fn who_is_passed_over_for_an_ability_lacks_it_and_who_is_asked_does_not() {
        let record = passed_over(SkipReason::Incapable { need: Need::Tools });
        assert!(
            matches!(verify("I17", &record, header()), Found::Broken(what) if what.contains("not said to lack"))
        );
        let mut declared = header();
        declared.models["claude"].cannot = vec![Need::Tools];
        assert_eq!(verify("I17", &record, declared.clone()), Found::Kept);
        declared.models["flash"].cannot = vec![Need::Tools];
        assert!(
            matches!(verify("I17", &record, declared), Found::Broken(what) if what.contains("lacks it too"))
        );
    }

    #[test]
    fn a_model_with_no_larger_window_is_no_way_out() {
        let record = passed_over(SkipReason::ContextWindow);
        let windows = |claude, flash| {
            let mut header = header();
            header.models["claude"].context = Some(claude);
            header.models["flash"].context = Some(flash);
            verify("I17", &record, header)
        };
        assert_eq!(windows(8_000, 32_000), Found::Kept);
        assert!(matches!(windows(8_000, 8_000), Found::Broken(what) if what.contains("no larger")));
    }

    #[test]
    fn a_request_is_only_changed_where_that_is_allowed() {
        let mut record = served(0, "claude");
        record.trail.as_mut().expect("a trail").attempts[0].adapted = vec!["dropped `seed`".to_owned()];
        assert_eq!(verify("I17", &record, header()), Found::Kept);
        let mut forbidden = header();
        forbidden.routes[0].adapt = Adapt::Forbid;
        assert!(
            matches!(verify("I17", &record, forbidden), Found::Broken(what) if what.contains("dropped `seed`"))
        );
    }

    #[test]
    fn a_hedges_complaint_after_the_trouble_is_not_the_error_either() {
        let complaint =
            Failure { status: Some(400), ..Failure::new(FailureClass::ContextExceeded, "too long") };
        let mut record = failing(0, &["claude", "flash"]);
        let trail = record.trail.as_mut().expect("a trail");
        trail.attempts[1].result = AttemptResult::Failed(complaint.clone());
        trail.attempts[1].cause = Cause::Hedge;
        trail.outcome = RouterOutcome::Failed { status: 400, failure: complaint };
        assert!(
            matches!(verify("I17", &record, header()), Found::Broken(what) if what.contains("claude failed, and the error was context_exceeded of flash"))
        );
    }

    #[test]
    fn whose_vectors_are_of_which_space_is_in_no_list_of_what_models_lack() {
        let record = passed_over(SkipReason::Incapable { need: Need::Embedding });
        assert_eq!(verify("I17", &record, header()), Found::Kept);
    }
}
