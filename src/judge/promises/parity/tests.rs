use std::time::Duration;

use super::super::run;
use super::*;
use crate::chat::{Failure, Limit};
use crate::history::{Header, Record, Skip, SkipReason};
use crate::judge::PromiseResult;
use crate::judge::testkit::{failed_over, failing, header};
use crate::router::config::{Backoff, BreakerPolicy, ClassPolicy};

fn plain(mut record: Record) -> Record {
    record.caller.stream = false;
    record.trail.as_mut().expect("a trail").stream = false;
    record
}

/// What is found of a stream that went on to flash and a plain request that ended, both after a failure of claude, when both
/// are changed alike.
fn two(header: Header, change: impl Fn(&mut Record)) -> PromiseResult {
    let mut records = [failed_over(0), plain(failing(1, &["claude"]))];
    records.iter_mut().for_each(change);
    run("I24", header, &records)
}

/// How many were compared, and how many were found to differ.
fn counts(result: &PromiseResult) -> (u64, u64) {
    (result.checked, result.violations)
}

/// Claude's failure is this one.
fn first_is(failure: &Failure) -> impl Fn(&mut Record) + use<> {
    let failure = failure.clone();
    move |record| {
        record.trail.as_mut().expect("a trail").attempts[0].result = AttemptResult::Failed(failure.clone());
    }
}

#[test]
fn a_failure_that_says_more_than_its_class_is_compared_with_nothing() {
    let error = Failure { status: Some(500), ..Failure::new(FailureClass::ServerError, "boom") };
    let late = Failure::new(FailureClass::Timeout(Limit::FirstToken), "late");
    let died = Failure::new(FailureClass::Unreachable, "it had died idle");
    let wrong = Failure { status: Some(400), ..Failure::new(FailureClass::InvalidRequest, "no") };
    let waits = Failure { retry_after: Some(Duration::from_secs(1)), ..error.clone() };
    let mut unclear = header();
    unclear.routes[0].surfaces_unclear = true;
    for (failure, header, compared) in [
        (&error, header(), 1),
        (&late, header(), 1),
        (&died, header(), 0),
        (&wrong, header(), 0),
        (&waits, header(), 0),
        // Where what became of a request may not be asked again, it matters what became of it.
        (&error, unclear.clone(), 1),
        (&late, unclear, 0),
    ] {
        let result = two(header, first_is(failure));
        assert_eq!(counts(&result), (compared, compared), "{failure:?}");
    }
}

#[test]
fn whose_model_has_two_targets_may_be_asked_again_elsewhere() {
    for (model, compared) in [("claude", 0), ("flash", 1)] {
        let mut header = header();
        let at = header.models.get_index_of(model).expect("it is there");
        let mut other = header.targets[at].clone();
        other.name = "another".to_owned();
        header.targets.push(other);
        assert_eq!(counts(&two(header, |_| {})), (compared, compared), "two of {model}, and claude failed");
    }
}

#[test]
fn whoever_passed_a_model_over_is_in_another_situation() {
    let passed = |record: &mut Record| {
        let trail = record.trail.as_mut().expect("a trail");
        let skip = Skip { model: "flash".to_owned(), at: trail.received, reason: SkipReason::Busy };
        trail.skips.push(skip);
    };
    assert_eq!(counts(&two(header(), passed)), (0, 0));
    let mut weighted = header();
    weighted.routes[0].balance = Balance::Weighted;
    assert_eq!(counts(&two(weighted, |_| {})), (0, 0));
}

#[test]
fn three_failures_are_told_apart_and_the_fourth_is_compared_with_nothing() {
    // After three failures of claude flash is asked, after four nobody is: both paths do the same.
    let four = || failing(0, &["claude", "claude", "claude", "flash"]);
    let alike = run("I24", header(), &[four(), plain(four())]);
    assert_eq!(counts(&alike), (1, 0));
    // What differs after the third is seen.
    let three = plain(failing(1, &["claude", "claude", "claude"]));
    assert_eq!(counts(&run("I24", header(), &[four(), three])), (1, 1));
}

#[test]
fn a_model_that_is_new_is_told_from_another_where_repeats_come_last() {
    // After claude the stream asked flash, and the plain request a third model.
    let mut header = header();
    header.routes[0].retry_order = RetryOrder::ChainFirst;
    let (model, mut target) = (header.models["flash"].clone(), header.targets[1].clone());
    header.models.insert("third".to_owned(), model);
    (target.name, target.model) = ("third".to_owned(), "third".to_owned());
    header.targets.push(target);
    let mut other = plain(failing(1, &["claude", "flash"]));
    other.trail.as_mut().expect("a trail").attempts[1].model = "third".to_owned();
    assert_eq!(run("I24", header, &[failing(0, &["claude", "flash"]), other]).violations, 1);
}

#[test]
fn only_a_due_repeat_before_an_answer_may_be_stopped_by_a_bench() {
    let bench = || {
        let mut header = header();
        header.models["claude"].breaker = Some(BreakerPolicy::default());
        header
    };
    let with = |times, then| {
        let mut header = bench();
        let own = ClassPolicy { times, backoff: at_once(), then };
        header.models["claude"].retry.set(FailureClass::ServerError, own);
        counts(&two(header, |_| {}))
    };
    assert_eq!(with(1, Then::Surface), (0, 0));
    assert_eq!(with(0, Then::Surface), (1, 1), "no repeat is due");
    assert_eq!(with(1, Then::Next), (1, 1), "whoever is benched is skipped on the way on, and that is told");
    assert_eq!(with(0, Then::Next), (1, 1));
}

fn at_once() -> Backoff {
    Backoff { base: Duration::ZERO, ..Backoff::default() }
}

#[test]
fn a_difference_is_told_in_words() {
    let what = |first: Record, second: Record| {
        let result = run("I24", header(), &[first, plain(second)]);
        result.witnesses.first().map(|witness| witness.what.clone()).unwrap_or_default()
    };
    let ended = || failing(1, &["claude"]);
    assert_eq!(
        what(failed_over(0), ended()),
        "after server_error at claude nobody was asked any more when plain, and flash was asked in request 0, which was streamed"
    );
    assert_eq!(
        what(failing(0, &["claude", "claude"]), failed_over(1)),
        "after server_error at claude flash was asked when plain, and one was asked again in request 0, which was streamed"
    );
}

#[test]
fn what_is_new_when_there_is_no_room_is_not_remembered_and_what_is_known_is_compared() {
    let situation = |variant| Situation { route: 0, steps: [(0, None); DEEP], variant };
    let seen = |number| Seen { decision: Decision::Enough, number };
    let mut parity = Parity::default();
    let most = u32::try_from(SITUATIONS_MAX).expect("few");
    for variant in 0..most {
        assert!(parity.compare(situation(variant), false, seen(1)).is_none());
    }
    assert!(parity.compare(situation(most), false, seen(2)).is_none());
    assert!(parity.compare(situation(most), true, seen(3)).is_none(), "there was no room for it");
    let other = parity.compare(situation(0), true, seen(4)).expect("it is known");
    assert_eq!(other.number, 1);
}
