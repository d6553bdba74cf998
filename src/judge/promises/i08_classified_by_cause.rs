//! I08 classified-by-cause (the part a run shows): status and code decide what a failure means, and one that would repeat itself
//! is not repeated on the same model.
//!
//! Check: an attempt that was answered with an error status has a failure of a class that the provider's ledger allows; and after an answer that means a used-up quota, a bad key, a missing model, a filter, a context window or
//! a bad request (by the provider's ledger, else by the trail), the request does not ask that model again. A
//! model kept as last resort may be asked once more.

use super::{Breach, Found, Memory, Promise};
use crate::history::AttemptResult;
use crate::judge::{Case, kinds, politeness};

pub(super) const PROMISE: Promise = Promise { id: "I08", name: "classified-by-cause", check };

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    if case.attempts().is_empty() {
        return Found::NotApplicable;
    }
    let Some((first, repeat)) = politeness::useless_repeats(case).next() else {
        return misread(case).into();
    };
    let model = &case.attempts()[first].model;
    let what =
        format!("attempt {} asked {model} again after attempt {} had failed for good", repeat + 1, first + 1);
    Found::Broken(Breach::new(what).of([first, repeat]))
}

/// An error status that was taken for something else.
fn misread(case: &Case<'_>) -> Option<Breach> {
    case.pairs().enumerate().find_map(|(index, (attempt, call))| {
        let (AttemptResult::Failed(failure), Some(call)) = (&attempt.result, call) else { return None };
        let status = call.status.filter(|status| *status >= 400)?;
        (!kinds::means(call, failure.class)).then(|| {
            let (kind, class) = (kinds::name(call.failure), failure.class);
            let what =
                format!("{} answered {status} for {kind}, and the router took it for {class}", call.provider);
            Breach::new(what).of([index])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::chat::{Failure, FailureClass};
    use crate::history::AttemptResult;
    use crate::judge::testkit::{failing, header};
    use mock_providers::fault::ErrorKind;

    #[test]
    fn repeating_a_server_error_is_kept_and_repeating_a_used_up_quota_is_broken() {
        let mut record = failing(0, &["claude", "claude", "flash"]);
        assert_eq!(verify("I08", &record, header()), Found::Kept);
        record.calls[0].failure = Some(ErrorKind::QuotaExhausted);
        assert!(
            matches!(verify("I08", &record, header()), Found::Broken(what) if what.contains("attempt 2"))
        );
    }

    #[test]
    fn a_hedge_beside_an_attempt_is_no_repeat_of_it() {
        // The second attempt begins at 60 ms, when the first has ended; as a hedge it may have begun before that was known.
        let mut record = failing(0, &["claude", "claude"]);
        record.calls[0].failure = Some(ErrorKind::QuotaExhausted);
        let failure = Failure::new(FailureClass::QuotaExhausted, "used up");
        record.trail.as_mut().expect("a trail").attempts[0].result = AttemptResult::Failed(failure);
        assert!(matches!(verify("I08", &record, header()), Found::Broken(_)));
        let attempts = &mut record.trail.as_mut().expect("a trail").attempts;
        attempts[1].cause = crate::history::Cause::Hedge;
        attempts[1].started = attempts[0].ended;
        assert_eq!(verify("I08", &record, header()), Found::Kept);
        let attempts = &mut record.trail.as_mut().expect("a trail").attempts;
        attempts[1].started = attempts[0].ended + std::time::Duration::from_millis(1);
        assert!(matches!(verify("I08", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn what_came_in_the_moment_in_which_a_limit_ended_the_attempt_was_not_heard() {
        let mut record = failing(0, &["claude", "claude"]);
        record.calls[0].failure = Some(ErrorKind::ContextExceeded);
        record.calls[0].status = Some(200);
        let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
        first.result =
            AttemptResult::Failed(Failure::new(FailureClass::Timeout(crate::chat::Limit::Total), "over"));
        let ended = first.ended;
        record.calls[0].ended = ended;
        assert_eq!(verify("I08", &record, header()), Found::Kept);
        // A second before, it was heard.
        let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
        first.ended = ended + std::time::Duration::from_secs(1);
        assert!(matches!(verify("I08", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn what_nobody_can_read_is_taken_for_what_its_status_says() {
        let mut record = failing(0, &["claude", "claude", "flash"]);
        record.calls[0].failure = Some(ErrorKind::QuotaExhausted);
        record.calls[0].faults = vec!["outage".to_owned(), "another".to_owned()];
        let mut header = header();
        assert!(matches!(verify("I08", &record, header.clone()), Found::Broken(_)));
        header.faults[0].kind = "gzip_corrupt".to_owned();
        assert_eq!(verify("I08", &record, header.clone()), Found::Kept);
        // Headers beyond any bound, say: nothing of the answer was read.
        header.faults[0].kind = "huge_headers".to_owned();
        assert!(matches!(verify("I08", &record, header.clone()), Found::Broken(_)));
        let garbled = Failure::new(FailureClass::Protocol, "too large");
        record.trail.as_mut().expect("a trail").attempts[0].result = AttemptResult::Failed(garbled);
        assert_eq!(verify("I08", &record, header), Found::Kept);
    }

    #[test]
    fn a_filter_that_leaves_nothing_is_an_empty_answer_where_none_is_ever_given() {
        let mut record = failing(0, &["claude", "claude"]);
        let (call, trail) = (&mut record.calls[0], record.trail.as_mut().expect("a trail"));
        (call.status, call.failure, call.words_sent) = (Some(200), Some(ErrorKind::ContentFilter), 0);
        trail.attempts[0].result = AttemptResult::Failed(Failure::new(FailureClass::Empty, "nothing"));
        assert!(matches!(verify("I08", &record, header()), Found::Broken(_)));
        let mut never = header();
        never.routes[0].never_empty = true;
        assert_eq!(verify("I08", &record, never.clone()), Found::Kept);
        // One that leaves words is a refusal; one that leaves half a call is not.
        record.calls[0].words_sent = 3;
        assert!(matches!(verify("I08", &record, never.clone()), Found::Broken(_)));
        let half = Failure::new(FailureClass::InvalidOutput, "no JSON");
        record.trail.as_mut().expect("a trail").attempts[0].result = AttemptResult::Failed(half);
        assert_eq!(verify("I08", &record, never), Found::Kept);
    }

    #[test]
    fn what_a_provider_meant_to_say_and_never_sent_is_no_reason() {
        let mut record = failing(0, &["claude", "claude", "flash"]);
        record.calls[0].failure = Some(ErrorKind::QuotaExhausted);
        record.calls[0].status = None;
        assert_eq!(verify("I08", &record, header()), Found::Kept);
    }

    #[test]
    fn a_status_means_what_its_provider_meant() {
        let mut record = failing(0, &["claude", "flash"]);
        record.calls[1].failure = Some(ErrorKind::NotFound);
        assert!(
            matches!(verify("I08", &record, header()), Found::Broken(what) if what.contains("500 for not_found"))
        );
        // Two faults at once: nobody knows whose word it was.
        record.calls[1].faults.push("another".to_owned());
        assert_eq!(verify("I08", &record, header()), Found::Kept);
    }

    #[test]
    fn another_key_may_be_tried_after_a_bad_one_and_not_after_a_bad_request() {
        let twice = |class| {
            let mut record = failing(0, &["claude", "claude"]);
            record.calls.clear();
            let trail = record.trail.as_mut().expect("a trail");
            for (attempt, key) in trail.attempts.iter_mut().zip(["key-1", "key-2"]) {
                attempt.result = AttemptResult::Failed(Failure::new(class, "no"));
                attempt.key = Some(key.to_owned());
            }
            verify("I08", &record, header())
        };
        assert_eq!(twice(FailureClass::Unauthorized), Found::Kept);
        assert!(matches!(twice(FailureClass::ContextExceeded), Found::Broken(_)));
    }
}
