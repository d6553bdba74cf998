//! I19 attribution: the serving model and the attempts are what the router says they are.
//!
//! Check: every call a provider saw belongs to an attempt of the trail; an attempt that served or got a status
//! left a call (one that failed to connect, timed out or was cancelled need not, nor one on a slow wire); the caller's
//! headers name the model and the number of attempts of the trail.

use super::{Breach, Found, Memory, Promise};
use crate::history::{Attempt, Call, Cause, RouterOutcome, Trail};
use crate::judge::{Case, case};

pub(super) const PROMISE: Promise = Promise { id: "I19", name: "attribution", check };

/// Faults that slow a whole connection down: an answer that shares it with others is over at its provider when they are, maybe
/// long after it was read, and is not in the record.
const SLOW_WIRES: [&str; 2] = ["bandwidth", "tiny_segments"];

fn check(case: &Case<'_>, _: &mut Memory) -> Found {
    let Some(trail) = &case.record.trail else { return Found::NotApplicable };
    let broken = unclaimed(case).or_else(|| invented(case)).or_else(|| told(case, trail));
    broken.into()
}

fn unclaimed(case: &Case<'_>) -> Option<Breach> {
    let claimed = |index: usize| case.links.contains(&Some(index));
    let index = (0..case.record.calls.len()).find(|index| !claimed(*index))?;
    let call = &case.record.calls[index];
    let what = format!("{} saw a call that the router's trail does not name", call.provider);
    Some(Breach::new(what).between(call.received, call.ended))
}

fn invented(case: &Case<'_>) -> Option<Breach> {
    let slow = |attempt: &Attempt| {
        case.facts.is_armed(&attempt.provider, &SLOW_WIRES, attempt.started, attempt.ended)
    };
    let invented =
        |pair: &(&Attempt, Option<&Call>)| pair.1.is_none() && case::was_answered(pair.0) && !slow(pair.0);
    let (attempt, _) = case.pairs().find(invented)?;
    let what =
        format!("attempt {} claims an answer of {}, which saw no call", attempt.number + 1, attempt.provider);
    Some(Breach::new(what).of([attempt.number as usize]))
}

fn told(case: &Case<'_>, trail: &Trail) -> Option<Breach> {
    let served = match &trail.outcome {
        RouterOutcome::Answered { model } => Some(model),
        RouterOutcome::Rescued { by } => Some(by),
        _ => None,
    };
    if let (Some(told), Some(served)) = (&case.record.caller.served_by, served)
        && told != served
        && !began(trail, told)
    {
        let what = format!("the caller was told that {told} served, and it was {served}");
        return Some(Breach::new(what).of(case.serving_attempt()));
    }
    // The head of a stream was written when the first of it was forwarded: what came to go on with it was not known then.
    let goes_on = |attempt: &&Attempt| matches!(attempt.cause, Cause::Continue | Cause::Regenerate);
    let made = trail.attempts.len() - trail.attempts.iter().filter(goes_on).count();
    let told = case.record.caller.attempts.filter(|told| *told as usize != made && !case.left())?;
    let what = format!("the caller was told of {told} attempts, and {made} were made");
    Some(Breach::new(what).of(0..trail.attempts.len()))
}

/// Whether a model said the beginning of an answer that another one went on with, as the trail marks it.
fn began(trail: &Trail, model: &str) -> bool {
    let from = trail.seams.iter().filter_map(|seam| trail.attempts.get(seam.from as usize));
    from.into_iter().any(|attempt| attempt.model == model)
}

#[cfg(test)]
mod tests {
    use super::super::check as verify;
    use super::*;
    use crate::judge::testkit::{failed_over, header, unreachable_then};

    #[test]
    fn a_true_trail_is_kept_and_a_hidden_attempt_is_broken() {
        let mut record = failed_over(0);
        assert_eq!(verify("I19", &record, header()), Found::Kept);
        record.trail.as_mut().expect("a trail").attempts.remove(0);
        assert!(
            matches!(verify("I19", &record, header()), Found::Broken(what) if what.contains("anthropic"))
        );
    }

    #[test]
    fn an_answer_without_a_call_is_broken_but_on_a_slow_wire() {
        let mut record = failed_over(0);
        record.calls.remove(0);
        assert!(
            matches!(verify("I19", &record, header()), Found::Broken(what) if what.contains("saw no call"))
        );
        let mut slow = header();
        (slow.faults[0].kind, slow.faults[0].during) = ("tiny_segments".to_owned(), Vec::new());
        assert_eq!(verify("I19", &record, slow), Found::Kept);
    }

    #[test]
    fn a_refused_connection_leaves_no_call_and_is_kept() {
        assert_eq!(verify("I19", &unreachable_then("flash"), header()), Found::Kept);
    }

    #[test]
    fn wrong_headers_are_broken() {
        let mut record = failed_over(0);
        record.caller.served_by = Some("claude".to_owned());
        assert!(
            matches!(verify("I19", &record, header()), Found::Broken(what) if what.contains("told that claude"))
        );
        let mut record = failed_over(0);
        record.caller.attempts = Some(1);
        assert!(
            matches!(verify("I19", &record, header()), Found::Broken(what) if what.contains("told of 1"))
        );
    }

    #[test]
    fn who_began_an_answer_may_be_told_where_another_one_went_on_with_it() {
        // The head names claude and one attempt; flash went on.
        let record = crate::judge::testkit::continued(0);
        assert_eq!(verify("I19", &record, header()), Found::Kept);
        let mut unmarked = record;
        unmarked.trail.as_mut().expect("a trail").seams.clear();
        assert!(
            matches!(verify("I19", &unmarked, header()), Found::Broken(what) if what.contains("told that claude"))
        );
    }

    #[test]
    fn a_loser_needs_no_call_and_counts_as_an_attempt() {
        let mut record = crate::judge::testkit::hedged(0);
        assert_eq!(verify("I19", &record, header()), Found::Kept);
        record.calls.remove(0);
        assert_eq!(verify("I19", &record, header()), Found::Kept);
        record.caller.attempts = Some(1);
        assert!(matches!(verify("I19", &record, header()), Found::Broken(_)));
    }

    #[test]
    fn a_last_resort_is_told_as_what_it_is() {
        for (told, kept) in [("fixed", true), ("flash", false)] {
            let mut record = failed_over(0);
            record.trail.as_mut().expect("a trail").outcome =
                RouterOutcome::Rescued { by: "fixed".to_owned() };
            record.caller.served_by = Some(told.to_owned());
            let found = verify("I19", &record, header());
            assert_eq!(found == Found::Kept, kept, "{told}: {found:?}");
        }
    }
}
