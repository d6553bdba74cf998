//! What comes after a failure.

use super::*;
use crate::history::{ClassFacts, Record};
use crate::judge::facts::Facts;
use crate::judge::testkit::{at, failing, header};

/// The turns of claude, claude and flash, which fail at 61, 121 and 181 ms, changed.
fn turned(change: impl Fn(&mut Trail)) -> Vec<(usize, Next)> {
    let mut record = failing(0, &["claude", "claude", "flash"]);
    change(record.trail.as_mut().expect("a trail"));
    let facts = Facts::new(header());
    turns(&Case::new(&record, &facts)).map(|turn| (turn.index, turn.next)).collect()
}

#[test]
fn a_failure_leads_to_a_repeat_to_another_model_to_a_last_resort_or_to_an_error() {
    let [again, other] = [(0, Next::Repeat(1)), (1, Next::Other(2))];
    assert_eq!(turned(|_| {}), [again, other, (2, Next::Answer)]);
    let rescued = |trail: &mut Trail| trail.outcome = RouterOutcome::Rescued { by: "fixed".to_owned() };
    assert_eq!(turned(rescued), [again, other, (2, Next::Rescue)]);
    // A caller who left decided nothing.
    assert_eq!(turned(|trail| trail.outcome = RouterOutcome::Cancelled), [again, other, (2, Next::Open)]);
    // Nor did the route where attempts ran side by side.
    assert_eq!(turned(|trail| trail.attempts[1].cause = Cause::Hedge), []);
}

#[test]
fn a_last_resorts_own_failure_is_no_turn() {
    let resort = |trail: &mut Trail| trail.attempts[2].cause = Cause::Rescue;
    assert_eq!(turned(resort), [(0, Next::Repeat(1)), (1, Next::Rescue)]);
}

#[test]
fn what_fails_once_output_was_forwarded_is_no_turn() {
    let committed = |seconds| turned(move |trail| trail.committed = Some(at(seconds)));
    assert_eq!(committed(0.001), []);
    assert_eq!(committed(0.061), []);
    assert_eq!(committed(0.1), [(0, Next::Repeat(1))]);
}

#[test]
fn going_on_with_what_was_said_is_no_choice_of_the_next_model() {
    for cause in [Cause::Continue, Cause::Regenerate] {
        // Nothing had been forwarded when claude broke off; what it had said was, before the next one went on.
        let went_on = |trail: &mut Trail| {
            (trail.committed, trail.attempts[1].cause) = (Some(at(0.07)), cause);
        };
        assert_eq!(turned(went_on), [(0, Next::Open)], "{cause:?}");
    }
}

#[test]
fn a_connection_dies_idle_once_for_each_target() {
    use FailureClass::{ServerError, Unreachable};
    for (earlier, earlier_class, class, stale) in [
        ("claude", Unreachable, Unreachable, false),
        ("claude", ServerError, Unreachable, true),
        ("flash", Unreachable, Unreachable, true),
        ("claude", ServerError, ServerError, false),
    ] {
        let mut record: Record = failing(0, &[earlier, "claude"]);
        let attempts = &mut record.trail.as_mut().expect("a trail").attempts;
        for (attempt, class) in attempts.iter_mut().zip([earlier_class, class]) {
            attempt.result = AttemptResult::Failed(Failure::new(class, "reset"));
        }
        assert_eq!(may_be_stale(attempts, 1), stale, "{earlier} {earlier_class}, then claude {class}");
        attempts[1].connected = None;
        assert!(!may_be_stale(attempts, 1), "it never was connected");
    }
}

#[test]
fn by_default_only_what_is_the_callers_own_is_the_answer() {
    let mut header = header();
    header.routes[0].retry = ClassFacts::default();
    let facts = Facts::new(header);
    let record = failing(0, &["claude"]);
    let case = Case::new(&record, &facts);
    for class in FailureClass::ALL {
        let found = declared(&case, &facts.header.routes[0], "claude", class);
        let own = matches!(class, FailureClass::InvalidRequest | FailureClass::Cancelled);
        assert_eq!((found.times, found.then == Then::Surface), (0, own), "{class}");
    }
}

#[test]
fn only_an_end_without_a_word_leaves_open_what_became_of_the_request() {
    use crate::history::Limit;
    for (class, status, unclear) in [
        (FailureClass::Unreachable, None, true),
        (FailureClass::Truncated, None, true),
        (FailureClass::Timeout(Limit::Idle), None, true),
        (FailureClass::Protocol, None, true),
        (FailureClass::Protocol, Some(502), false),
        (FailureClass::Overloaded, None, false),
        (FailureClass::Overloaded, Some(503), false),
    ] {
        let failure = Failure { status, ..Failure::new(class, "no") };
        assert_eq!(is_unclear(&failure), unclear, "{class} {status:?}");
    }
}
