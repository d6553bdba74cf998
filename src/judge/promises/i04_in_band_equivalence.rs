//! I04 in-band-equivalence: a failure inside a success (an error event, an error object, an error finish reason) is treated
//! like its HTTP equivalent.
//!
//! Check: an attempt whose provider failed inside a success has a failure of a class that the provider's ledger allows; and
//! what followed it is what followed the same failures in the same order, streamed or not as well, when the last of them came
//! with an error status. Only situations are compared in which nothing else decides (see `parity`), and only up to commit.

use super::parity::{self, words};
use super::policy::{self, Turn};
use super::{Breach, Found, Memory, Promise};
use crate::chat::FailureClass;
use crate::history::{AttemptResult, Call, Cause};
use crate::judge::{Case, kinds};

pub(super) const PROMISE: Promise = Promise { id: "I04", name: "in-band-equivalence", check };

fn check(case: &Case<'_>, memory: &mut Memory) -> Found {
    // Whoever failed at nothing is not looked at any closer: that is nearly everybody.
    if case.record.calls.iter().all(|call| call.failure.is_none()) {
        return Found::NotApplicable;
    }
    let mut found = Found::NotApplicable;
    for (index, (attempt, call)) in case.pairs().enumerate() {
        let (AttemptResult::Failed(failure), Some(call)) =
            (&attempt.result, call.filter(|call| in_band(call)))
        else {
            continue;
        };
        // Whoever repeats an answer is given up where its text differs, before it fails.
        if attempt.cause == Cause::Regenerate && failure.class == FailureClass::InvalidOutput {
            continue;
        }
        found = Found::Kept;
        if !kinds::means(call, failure.class) {
            let kind = kinds::name(call.failure);
            let what = format!(
                "{} failed inside a success with {kind}, and the router took it for {}",
                call.provider, failure.class
            );
            return Found::Broken(Breach::new(what).of([index]));
        }
    }
    compared(case, memory).map_or(found, Found::Broken)
}

/// Whether a provider failed inside a success.
fn in_band(call: &Call) -> bool {
    call.failure.is_some() && call.status.is_some_and(|status| status < 400)
}

fn compared(case: &Case<'_>, memory: &mut Memory) -> Option<Breach> {
    let route = case.route.filter(|route| route.advance_on.is_none())?;
    let turns: Vec<Turn<'_>> = policy::turns(case).collect();
    turns.into_iter().find_map(|turn| {
        let call = case.call_of(turn.index).filter(|call| call.failure.is_some())?;
        let (mut situation, seen) = parity::situation(case, route, &turn)?;
        situation.variant = u32::from(case.record.caller.stream);
        let other = memory.in_band.compare(situation, in_band(call), seen)?;
        (other.decision != seen.decision).then(|| {
            let form = |inside: bool| if inside { "inside a success" } else { "with an error status" };
            let what = format!(
                "after {} {} at {} {}, and {} in request {}, where it came {}",
                turn.failure.class,
                form(in_band(call)),
                turn.attempt.model,
                words(case, seen.decision),
                words(case, other.decision),
                other.number,
                form(!in_band(call)),
            );
            Breach::new(what).of([turn.index]).with([other.number])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::{check as verify, run};
    use super::*;
    use crate::chat::FailureClass;
    use crate::history::Record;
    use crate::judge::testkit::{failed_over, failing, header, served};
    use crate::router::config::RetryOrder;

    /// The first failure of a request, inside a success.
    fn inside(mut record: Record, class: FailureClass) -> Record {
        record.calls[0].status = Some(200);
        let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
        first.result = AttemptResult::Failed(crate::chat::Failure::new(class, "inside"));
        record
    }

    #[test]
    fn an_error_event_means_what_its_provider_meant() {
        assert_eq!(verify("I04", &served(0, "claude"), header()), Found::NotApplicable);
        let record = inside(failed_over(0), FailureClass::ServerError);
        assert_eq!(verify("I04", &record, header()), Found::Kept);
        let misread = inside(failed_over(0), FailureClass::Truncated);
        assert!(
            matches!(verify("I04", &misread, header()), Found::Broken(what) if what.contains("inside a success with server_error"))
        );
    }

    #[test]
    fn a_repetition_is_given_up_where_it_differs_and_not_for_what_comes_after() {
        let mut record = inside(failed_over(0), FailureClass::InvalidOutput);
        assert!(matches!(verify("I04", &record, header()), Found::Broken(_)));
        record.trail.as_mut().expect("a trail").attempts[0].cause = Cause::Regenerate;
        assert_eq!(verify("I04", &record, header()), Found::NotApplicable);
    }

    #[test]
    fn the_same_failure_leads_the_same_way_inside_and_outside() {
        let outside = failed_over(0);
        let alike = inside(failed_over(1), FailureClass::ServerError);
        assert_eq!(run("I04", header(), &[outside.clone(), alike]).violations, 0);
        // Outside, flash was asked; inside, nobody was.
        let ended = inside(failing(1, &["claude"]), FailureClass::ServerError);
        let result = run("I04", header(), &[outside.clone(), ended.clone()]);
        assert_eq!(result.violations, 1);
        let witness = &result.witnesses[0];
        assert_eq!(
            (witness.number, &witness.attempts[..], &witness.others[..]),
            (Some(1), &[0][..], &[0][..])
        );
        // Where repeats come after the rest of the chain several are due, and which is first is drawn.
        let mut chain_first = header();
        chain_first.routes[0].retry_order = RetryOrder::ChainFirst;
        let claude = failing(0, &["claude", "flash", "claude"]);
        let mut flash = failing(1, &["claude", "flash", "flash"]);
        flash.calls[1].status = Some(200);
        assert_eq!(run("I04", header(), &[claude.clone(), flash.clone()]).violations, 1);
        assert_eq!(run("I04", chain_first, &[claude, flash]).violations, 0);
        // A route that goes by statuses may well tell them apart.
        let mut by_status = header();
        by_status.routes[0].advance_on = Some(vec![500]);
        assert_eq!(run("I04", by_status, &[outside, ended]).violations, 0);
    }

    #[test]
    fn a_status_from_400_on_is_an_error_of_its_own() {
        // anthropic failed, and the router took it for a truncation: with an error status that is another promise's matter.
        for (status, broken) in [(200, true), (399, true), (400, false), (500, false)] {
            let mut record = inside(failed_over(0), FailureClass::Truncated);
            record.calls[0].status = Some(status);
            let found = verify("I04", &record, header());
            assert_eq!(matches!(found, Found::Broken(_)), broken, "{status}: {found:?}");
        }
    }
}
