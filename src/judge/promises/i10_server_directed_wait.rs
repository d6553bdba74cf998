//! I10 server-directed-wait: a provider's request to wait is honoured.
//!
//! Check: within a request, a model that asked for a wait is not asked again before it is over (asking another
//! model is always right, and a last resort may be asked), counted from when its status line was sent. Nor by another request
//! that begins an attempt once the router has heard of the wait, as far as requests are over by then; of a wait of more than
//! ten minutes so much is asked for.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Breach, Found, Memory, Promise};
use crate::history::{AttemptResult, Cause, Moment};
use crate::judge::expectations::show_seconds;
use crate::judge::{Case, politeness};

pub(super) const PROMISE: Promise = Promise { id: "I10", name: "server-directed-wait", check };

/// Waits remembered of a target: the latest ones.
const WAITS_MAX: usize = 64;

/// The longest wait that is held against other requests: a provider whose clock is wrong would else be gone for good.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// By target of the header: waits, from when the router knew of each until it was over.
pub(super) type Waits = BTreeMap<usize, VecDeque<(Moment, Moment)>>;

fn check(case: &Case<'_>, memory: &mut Memory) -> Found {
    let others = early_after_others(case, &memory.waits);
    let asked = remember(case, &mut memory.waits);
    match early_repeat(case).or(others) {
        Some(breach) => Found::Broken(breach),
        None if asked => Found::Kept,
        None => Found::NotApplicable,
    }
}

/// Remembers the waits that were asked of a request; whether any was.
fn remember(case: &Case<'_>, waits: &mut Waits) -> bool {
    for (attempt, call) in case.pairs() {
        let Some(call) = call else { continue };
        let (Some(wait), AttemptResult::Failed(failure)) =
            (politeness::wait_asked(attempt, call), &attempt.result)
        else {
            continue;
        };
        let heard = call.status.is_some() && failure.status == call.status;
        let (Some(target), Some(told), true) = (case.facts.target_of(attempt), call.headers_sent, heard)
        else {
            continue;
        };
        let known = waits.entry(target).or_default();
        known.push_back((attempt.ended, told + wait.min(LONGEST)));
        if known.len() > WAITS_MAX {
            known.pop_front();
        }
    }
    case.record.calls.iter().any(|call| call.retry_after.is_some())
}

/// An attempt at a target that had asked another request to wait.
fn early_after_others(case: &Case<'_>, waits: &Waits) -> Option<Breach> {
    let slack = case.facts.slack.timer;
    case.attempts().iter().enumerate().filter(|(_, attempt)| attempt.cause != Cause::Rescue).find_map(
        |(at, attempt)| {
            let known = waits.get(&case.facts.target_of(attempt)?)?;
            let during = |(heard, until): &&(Moment, Moment)| {
                *heard + slack < attempt.started && attempt.started + slack < *until
            };
            let (_, until) = known.iter().find(during)?;
            let what = format!(
                "{} had asked another request for a wait, and was asked {} before its end, by attempt {}",
                attempt.model,
                show_seconds((*until - attempt.started).as_secs_f64()),
                at + 1
            );
            Some(Breach::new(what).of([at]).between(attempt.started, *until))
        },
    )
}

/// An attempt at a target that had asked this very request to wait.
fn early_repeat(case: &Case<'_>) -> Option<Breach> {
    let early = politeness::early_repeats(case).next()?;
    let (model, began) = (&case.attempts()[early.asked].model, case.attempts()[early.repeat].started);
    let what = format!(
        "{model} asked for {} and was asked again {} too early, by attempt {}",
        show_seconds(early.wait.as_secs_f64()),
        show_seconds(early.by.as_secs_f64()),
        early.repeat + 1
    );
    Some(Breach::new(what).of([early.asked, early.repeat]).between(began, began + early.by))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{check as verify, run};
    use super::*;
    use crate::judge::testkit::{failed_over, failing, header, served};

    #[test]
    fn another_model_may_be_asked_at_once_and_the_same_one_only_after_the_wait() {
        // Attempts of `failing` begin 60 ms apart; the wait is 2 s.
        let mut moved_on = failing(0, &["claude", "flash"]);
        moved_on.calls[0].retry_after = Some(Duration::from_secs(2));
        assert_eq!(verify("I10", &moved_on, header()), Found::Kept);
        let mut hammered = failing(0, &["claude", "claude"]);
        hammered.calls[0].retry_after = Some(Duration::from_secs(2));
        assert!(
            matches!(verify("I10", &hammered, header()), Found::Broken(what) if what.contains("asked for 2s"))
        );
    }

    #[test]
    fn a_wait_that_came_in_the_moment_in_which_a_limit_ended_the_attempt_was_not_heard() {
        let mut record = failing(0, &["claude", "claude"]);
        record.calls[0].retry_after = Some(Duration::from_secs(2));
        assert!(matches!(verify("I10", &record, header()), Found::Broken(_)));
        let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
        let AttemptResult::Failed(failure) = &mut first.result else { unreachable!("it failed") };
        failure.status = None;
        record.calls[0].headers_sent = Some(first.ended);
        assert_eq!(verify("I10", &record, header()), Found::Kept);
    }

    #[test]
    fn of_two_waits_in_one_answer_the_shorter_may_be_obeyed() {
        // `retry-after: 5`, and in a header of the vendor's own 1 ms, which the router has understood.
        let mut twice = failing(0, &["claude", "claude"]);
        twice.calls[0].retry_after = Some(Duration::from_secs(5));
        assert!(matches!(verify("I10", &twice, header()), Found::Broken(_)));
        let first = &mut twice.trail.as_mut().expect("a trail").attempts[0];
        let AttemptResult::Failed(failure) = &mut first.result else { unreachable!("it failed") };
        failure.retry_after = Some(Duration::from_millis(1));
        assert_eq!(verify("I10", &twice, header()), Found::Kept);
    }

    #[test]
    fn a_wait_is_also_one_for_other_requests() {
        // Request 0 is told at about 0 s to wait for 5 s; the request number n begins n seconds later.
        let waited = |later: crate::history::Record| {
            let mut first = failed_over(0);
            first.calls[0].retry_after = Some(Duration::from_secs(5));
            run("I10", header(), &[first, later]).violations
        };
        assert_eq!(waited(served(2, "claude")), 1);
        assert_eq!((waited(served(2, "flash")), waited(served(6, "claude"))), (0, 0));
        let mut rescued = served(2, "claude");
        rescued.trail.as_mut().expect("a trail").attempts[0].cause = Cause::Rescue;
        assert_eq!(waited(rescued), 0);
    }

    #[test]
    fn a_request_that_nobody_asked_to_wait_is_not_counted() {
        assert_eq!(verify("I10", &served(0, "claude"), header()), Found::NotApplicable);
        assert_eq!(verify("I10", &failed_over(0), header()), Found::NotApplicable);
    }

    #[test]
    fn of_a_target_the_latest_waits_are_remembered() {
        // The first is for 300 s, the others are over long before somebody comes at 200 s: the 64th leaves the first one
        // known, the 65th does not. Last resorts may ask at any time, and are told to wait like others.
        for (waits, violations) in [(64, 1), (65, 0)] {
            let told = |number: u64| {
                let mut record = failed_over(number);
                record.calls[0].retry_after = Some(Duration::from_secs(if number == 0 { 300 } else { 1 }));
                record.trail.as_mut().expect("a trail").attempts[0].cause = Cause::Rescue;
                record
            };
            let records: Vec<_> = (0..waits).map(told).chain([served(200, "claude")]).collect();
            assert_eq!(run("I10", header(), &records).violations, violations, "{waits} waits");
        }
    }

    #[test]
    fn a_wait_is_one_for_others_from_when_it_was_heard_until_it_is_over() {
        // claude's 500 is there at 61 ms and asks for 5 s; timers of 2 ms may run over, on either side.
        let asked_at = |us: u64, heard: bool| {
            let mut first = failed_over(0);
            first.calls[0].retry_after = Some(Duration::from_secs(5));
            let attempt = &mut first.trail.as_mut().expect("a trail").attempts[0];
            if let (AttemptResult::Failed(failure), false) = (&mut attempt.result, heard) {
                failure.status = None;
            }
            let mut later = served(1, "claude");
            later.trail.as_mut().expect("a trail").attempts[0].started = Moment::from_us(us);
            run("I10", header(), &[first, later]).violations
        };
        assert_eq!([63_000, 63_001, 5_058_999, 5_059_000].map(|us| asked_at(us, true)), [0, 1, 1, 0]);
        // It had been given up when that came: nobody read it.
        assert_eq!(asked_at(2_000_000, false), 0);
    }
}
