//! Lives of hand-made requests, row by row.

use super::life::{End, Kind, Life, Part, State};
use crate::history::Skip;
use crate::history::{Wait, WaitCause};
use crate::judge::testkit::{at, continued, failed_over, header, hedged, served};

fn kinds(life: &Life) -> Vec<Kind> {
    life.rows.iter().map(|row| row.kind).collect()
}

#[test]
fn a_failover_has_a_row_an_attempt_and_what_its_provider_did_below() {
    // claude is asked at 1 ms and fails after 60 ms; flash is asked at 61 ms, speaks at 561 ms, ends at 1.061 s.
    let life = Life::of(&failed_over(12), &header());
    assert_eq!(kinds(&life), [Kind::Caller, Kind::Attempt, Kind::Provider, Kind::Attempt, Kind::Provider]);
    let (first, second) = (&life.rows[1], &life.rows[3]);
    assert_eq!(first.parts, [Part { state: State::Waiting, from: 0.001, to: 0.061 }]);
    assert_eq!((first.end, second.end), (Some((0.061, End::Bad)), Some((1.061, End::Good))));
    assert_eq!(second.parts[1], Part { state: State::Output, from: 0.561, to: 1.061 });
    assert_eq!(life.rows[0].parts[0], Part { state: State::Waiting, from: 0.0, to: 0.561 });
    assert!(first.says.contains("first choice; failed") && second.says.contains("server_error at claude"));
    assert!((life.span - 1.061).abs() < 1e-9);
}

#[test]
fn a_hedge_that_lost_was_given_up_when_the_other_spoke() {
    // claude is asked at 1 ms, flash beside it at 1.001 s; flash speaks first, at 1.501 s.
    let life = Life::of(&hedged(0), &header());
    assert_eq!(life.rows[1].end, Some((1.501, End::Left)));
    assert_eq!(life.rows[1].parts.last().map(|part| (part.state, part.to)), Some((State::Waiting, 1.501)));
    let limit =
        life.rows[1].limits.iter().find(|limit| limit.what.contains("first output")).expect("a limit");
    assert_eq!((limit.at, limit.hit), (2.001, false));
}

#[test]
fn waits_and_passed_over_models_stand_before_what_they_led_to() {
    let mut record = failed_over(0);
    let trail = record.trail.as_mut().expect("a trail");
    let cause = WaitCause::Backoff;
    trail.waits.push(Wait { from: at(0.061), until: at(0.061), cause });
    let reason = crate::history::SkipReason::Probing;
    let skip = |model: &str| Skip { model: model.to_owned(), at: at(0.061), reason };
    trail.skips.extend([skip("opus"), skip("haiku")]);
    let life = Life::of(&record, &header());
    assert_eq!(kinds(&life)[3..6], [Kind::Wait, Kind::Skip, Kind::Attempt]);
    assert!(life.rows[4].says.starts_with("opus: another request is probing it; haiku: "));
}

#[test]
fn a_call_that_outlasts_its_request_does_not_stretch_the_axis() {
    // The request is over after 1.001 s; a call that is held for a minute shows for 15 % of that.
    let mut record = served(0, "claude");
    record.calls[0].ended = at(60.0);
    let life = Life::of(&record, &header());
    assert!((life.span - 1.001 * 1.15).abs() < 1e-9, "{}", life.span);
}

#[test]
fn where_one_attempt_goes_on_for_another_is_marked() {
    let life = Life::of(&continued(0), &header());
    assert!(life.marks.iter().any(|mark| mark.what == "attempt 2 goes on where attempt 1 broke"));
    assert!(life.marks.iter().all(|mark| mark.at <= life.span));
}

#[test]
fn a_request_that_reached_nobody_has_a_row_all_the_same() {
    let mut record = served(0, "claude");
    (record.trail, record.caller.sent) = (None, None);
    record.calls.clear();
    record.caller.ended = record.caller.intended;
    let life = Life::of(&record, &header());
    assert_eq!(kinds(&life), [Kind::Caller]);
    assert!(life.span > 0.0);
}
