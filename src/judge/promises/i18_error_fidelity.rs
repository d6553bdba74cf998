//! I18 error-fidelity: the final error has a status some attempt produced, not one the recovery caused.
//!
//! Check: the caller's status is one that a provider sent, one that stands for a failure without a status, 504
//! when the time was up, or 503 (429 with a pending wait) when models were passed over; a wait it is told was
//! asked for by somebody, and the reported failure's own wait is not lost.

use super::{Breach, Found, Memory, Promise};
use crate::history::CallerEnding;
use crate::judge::{Case, Outcome, truth};

pub(super) const PROMISE: Promise = Promise { id: "I18", name: "error-fidelity", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let CallerEnding::Error { retry_after, .. } = &case.record.caller.ending else {
        return Found::NotApplicable;
    };
    if case.outcome != Outcome::Error || case.record.trail.is_none() {
        return Found::NotApplicable;
    }
    let broken = truth::wrong_status(case).or_else(|| truth::wrong_wait(case, *retry_after));
    broken.map(|what| Breach::new(what).of(0..case.attempts().len())).into()
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use std::time::Duration;

    use super::*;
    use crate::chat::{Failure, FailureClass, Limit};
    use crate::history::{AttemptResult, Skip, SkipReason};
    use crate::judge::testkit::{failing, header};

    #[test]
    fn a_status_that_was_seen_is_kept_and_an_invented_one_is_broken() {
        // Both attempts got 500.
        let mut record = failing(0, &["claude", "flash"]);
        assert_eq!(verify("I18", &record, header()), Found::Kept);
        record.caller.status = Some(404);
        assert!(
            matches!(verify("I18", &record, header()), Found::Broken(what) if what.contains("got 404; what happened allows 500"))
        );
    }

    #[test]
    fn whom_nobody_may_serve_is_told_so_and_what_no_caller_can_mend_is_not_passed_on() {
        let mut barred = failing(0, &[]);
        barred.caller.status = Some(403);
        let trail = barred.trail.as_mut().expect("a trail");
        let skip = |reason| Skip { model: "claude".to_owned(), at: trail.received, reason };
        trail.skips = vec![skip(SkipReason::Busy)];
        assert!(matches!(verify("I18", &barred, header()), Found::Broken(_)));
        let trail = barred.trail.as_mut().expect("a trail");
        trail.skips[0].reason = SkipReason::Region;
        assert_eq!(verify("I18", &barred, header()), Found::Kept);
        // A 400 that means an unknown model is passed on as a 404.
        let mut unknown = failing(0, &["claude"]);
        unknown.calls[0].status = Some(400);
        let trail = unknown.trail.as_mut().expect("a trail");
        let failure = Failure { status: Some(400), ..Failure::new(FailureClass::NotFound, "no") };
        trail.attempts[0].result = AttemptResult::Failed(failure);
        unknown.caller.status = Some(404);
        assert_eq!(verify("I18", &unknown, header()), Found::Kept);
        unknown.caller.status = Some(401);
        assert!(matches!(verify("I18", &unknown, header()), Found::Broken(_)));
    }

    #[test]
    fn a_limit_that_ends_with_the_answer_may_have_been_first() {
        // A 500 was sent, and the attempt ran into its limit.
        let mut record = failing(0, &["claude"]);
        let trail = record.trail.as_mut().expect("a trail");
        let late = Failure::new(FailureClass::Timeout(Limit::FirstToken), "no output in time");
        trail.attempts[0].result = AttemptResult::Failed(late);
        let ended = trail.attempts[0].ended;
        record.caller.status = Some(504);
        record.calls[0].ended = ended;
        assert_eq!(verify("I18", &record, header()), Found::Kept, "in the same moment");
        // The whole answer had been there for 20 ms.
        let trail = record.trail.as_mut().expect("a trail");
        trail.attempts[0].ended = ended + Duration::from_millis(20);
        assert!(matches!(verify("I18", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn a_bench_or_a_provider_may_ask_for_a_wait_and_the_requests_own_failure_may_not() {
        let told = |class| {
            let mut record = failing(0, &["claude", "flash"]);
            for attempt in &mut record.trail.as_mut().expect("a trail").attempts {
                attempt.result = AttemptResult::Failed(Failure::new(class, "no"));
            }
            record.caller.ending = CallerEnding::Error {
                code: None,
                message: "later".to_owned(),
                retry_after: Some(Duration::from_secs(5)),
            };
            verify("I18", &record, header())
        };
        assert_eq!(told(FailureClass::ServerError), Found::Kept);
        assert!(
            matches!(told(FailureClass::InvalidRequest), Found::Broken(what) if what.contains("asked to wait"))
        );
    }

    #[test]
    fn the_callers_own_mistake_and_a_request_without_a_trail_are_left_out() {
        // Its request was refused with a 400, by no fault of anybody else's.
        let mut own = failing(0, &["claude"]);
        (own.calls[0].status, own.caller.status) = (Some(400), Some(400));
        own.calls[0].faults.clear();
        let failure = Failure { status: Some(400), ..Failure::new(FailureClass::InvalidRequest, "no") };
        let trail = own.trail.as_mut().expect("a trail");
        trail.attempts[0].result = AttemptResult::Failed(failure.clone());
        trail.outcome = crate::history::RouterOutcome::Failed { status: 400, failure };
        assert_eq!(verify("I18", &own, header()), Found::NotApplicable);
        let mut untold = failing(0, &["claude"]);
        untold.trail = None;
        assert_eq!(verify("I18", &untold, header()), Found::NotApplicable);
    }
}
