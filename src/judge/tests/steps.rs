//! The steps of one request's failover.

use super::super::testkit::{at, failed_over, failing, footer, header};
use super::{Record, judge};
use crate::chat::{Failure, FailureClass};
use crate::history::{AttemptResult, CallerEnding, Cause, Ending, RouterOutcome};
use mock_providers::fault::ErrorKind;

fn mean(records: &[Record], figure: &str) -> Option<f64> {
    let judgement = judge(header(), footer(records.len() as u64), records);
    judgement.whole.measure(figure, Some("mean"))
}

#[test]
fn what_can_be_told_on_the_wire_depends_on_how_it_failed() {
    let detect = |change: &dyn Fn(&mut Record)| {
        let mut record = failing(0, &["claude", "flash"]);
        record.trail.as_mut().expect("a trail").attempts.truncate(1);
        record.calls.truncate(1);
        record.trail.as_mut().expect("a trail").attempts[0].ended = at(2.001);
        record.calls[0].ended = at(1.901);
        change(&mut record);
        mean(&[record], "failover.detect")
    };
    // The status is on the wire at 61 ms; a break comes at 1,901 ms; an error inside a 200 is told by its end; silence could
    // be told from the request at 1 ms on. The attempt is left at 2,001 ms.
    assert_eq!(detect(&|_| {}), Some(1.94));
    assert_eq!(
        detect(&|record| (record.calls[0].status, record.calls[0].ending) = (Some(200), Ending::Broken)),
        Some(0.1)
    );
    let inside = |record: &mut Record| {
        (record.calls[0].status, record.calls[0].failure) = (Some(200), Some(ErrorKind::Overloaded));
    };
    assert_eq!(detect(&inside), Some(0.1));
    let silent = |record: &mut Record| {
        let call = &mut record.calls[0];
        (call.status, call.headers_sent, call.failure, call.ending) = (None, None, None, Ending::Abandoned);
    };
    assert_eq!(detect(&silent), Some(2.0));
    // A stall in the middle, an error that was not waited for, and an answer in which the provider sees nothing wrong have no
    // such moment.
    for (failure, ending) in [
        (None, Ending::Abandoned),
        (Some(ErrorKind::Overloaded), Ending::Abandoned),
        (None, Ending::Complete),
    ] {
        let told = |record: &mut Record| {
            let call = &mut record.calls[0];
            (call.status, call.failure, call.ending) = (Some(200), failure, ending);
        };
        assert_eq!(detect(&told), None, "{failure:?} {ending:?}");
    }
}

#[test]
fn the_next_model_is_counted_from_the_attempt_that_was_left_last() {
    // claude fails from 1 to 500 ms, a hedge beside it from 200 to 300 ms; the next model is asked at 510 ms: 10 ms after
    // claude was left, not 210 after the hedge.
    let mut record = failing(0, &["claude", "flash", "flash"]);
    let attempts = &mut record.trail.as_mut().expect("a trail").attempts;
    (attempts[0].ended, attempts[1].started, attempts[1].ended) = (at(0.5), at(0.2), at(0.3));
    (attempts[1].cause, attempts[2].cause, attempts[2].started) = (Cause::Hedge, Cause::Fallback, at(0.51));
    assert_eq!(mean(&[record], "failover.decide"), Some(0.01));
}

#[test]
fn a_model_of_last_resort_is_a_failover_too() {
    let mut record = failed_over(0);
    let trail = record.trail.as_mut().expect("a trail");
    trail.attempts[1].cause = Cause::Rescue;
    trail.outcome = RouterOutcome::Rescued { by: "flash".to_owned() };
    // Asked at 61 ms, first output at 561 ms.
    assert_eq!(mean(&[record.clone()], "failover.answer"), Some(0.5));
    // One that failed before its end answers nothing.
    let failure = Failure::new(FailureClass::Truncated, "cut");
    record.trail.as_mut().expect("a trail").attempts[1].result = AttemptResult::Failed(failure);
    record.caller.ending = CallerEnding::Cut;
    assert_eq!(mean(&[record], "failover.answer"), None);
}
