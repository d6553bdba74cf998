//! How providers were treated.

use super::super::testkit::{at, failed_over, failing, footer, header, hedged, served};
use super::{Duration, Judgement, Record};
use super::{judge, number};
use crate::chat::{Failure, FailureClass};
use crate::history::{AttemptResult, CallerEnding, Cause, Ending, RouterOutcome};
use mock_providers::fault::ErrorKind;

const MS: Duration = Duration::from_millis(1);

fn whole(records: &[Record]) -> Judgement {
    judge(header(), footer(records.len() as u64), records)
}

#[test]
fn amplification_is_told_overall_by_provider_and_in_the_worst_second() {
    // Twelve requests in second 0 with one attempt each, ten in second 1 with two each: 32 attempts of 22 requests, 22 at
    // anthropic and 10 at google, and 20 / 10 in second 1. Second 2 has three attempts and one arrival: too few to tell.
    let mut records = Vec::new();
    for index in 0..22_u64 {
        let mut record = if index < 12 { served(0, "claude") } else { failed_over(1) };
        record.caller.number = index;
        records.push(record);
    }
    let mut odd = failing(2, &["claude", "claude", "flash"]);
    odd.caller.number = 22;
    let judgement = whole(&records);
    assert_eq!(number(&judgement, "amplification"), Some(1.454_545_455));
    assert_eq!(judgement.whole.amplification_by_provider["anthropic"], 1.0);
    assert_eq!(judgement.whole.amplification_by_provider["google"], 0.454_545_455);
    records.push(odd);
    assert_eq!(number(&whole(&records), "amplification.worst"), Some(2.0));
}

#[test]
fn useless_repeats_are_counted_once_for_each_failure_that_is_repeated() {
    // claude's key is bad, and it is asked twice more: two failures that were repeated.
    let mut record = failing(0, &["claude", "claude", "claude"]);
    for call in &mut record.calls {
        call.failure = Some(ErrorKind::Unauthorized);
    }
    assert_eq!(number(&whole(&[record]), "repeat_violations"), Some(2.0));
    assert_eq!(number(&whole(&[failing(0, &["claude", "claude"])]), "repeat_violations"), Some(0.0));
}

#[test]
fn synchrony_is_the_peak_of_retries_over_their_mean() {
    // Retries at 61 ms (three requests, in the tenth 0) and at 361 ms (one, in the tenth 3): four in four tenths, mean 1,
    // peak 3.
    let retried = |number: u64, at_ms: u64| {
        let mut record = failing(0, &["claude", "claude"]);
        record.caller.number = number;
        record.trail.as_mut().expect("a trail").attempts[1].started = at(at_ms as f64 / 1e3);
        record
    };
    let records = [retried(0, 61), retried(1, 61), retried(2, 61), retried(3, 361)];
    assert_eq!(number(&whole(&records), "synchrony"), Some(3.0));
}

#[test]
fn overruns_of_the_deadline_tell_attempts_from_replies() {
    // The deadline is at 20 s, and a timer may be 2 ms late. One request begins an attempt 3 ms after it and ends 100 ms
    // after it; one begins nothing and ends 3 ms after it; one ends in time.
    let late = |number: u64, attempt: u64, end: u64| {
        let mut record = served(0, "claude");
        record.caller.number = number;
        record.trail.as_mut().expect("a trail").attempts[0].started =
            at(0.001) + u32::try_from(attempt).expect("few") * MS;
        record.caller.ended = at(1.0) + u32::try_from(end).expect("few") * MS;
        record
    };
    let records = [late(0, 20_002, 19_100), late(1, 0, 19_003), late(2, 0, 0)];
    let judgement = whole(&records);
    assert_eq!(number(&judgement, "deadline_overruns.attempts"), Some(1.0));
    assert_eq!(number(&judgement, "deadline_overruns.replies"), Some(2.0));
    assert_eq!(number(&judgement, "deadline_overruns"), Some(3.0));
}

#[test]
fn an_attempt_after_the_answer_is_an_orphan() {
    // The caller has its answer at 1,061 ms; a third attempt begins 3 ms later, one more than the slack of a timer.
    let mut record = failed_over(0);
    let trail = record.trail.as_mut().expect("a trail");
    let mut late = trail.attempts[1].clone();
    (late.started, late.number) = (at(1.064), 2);
    trail.attempts.push(late);
    assert_eq!(number(&whole(&[record.clone()]), "orphans"), Some(1.0));
    record.trail.as_mut().expect("a trail").attempts[2].started = at(1.063);
    assert_eq!(number(&whole(&[record]), "orphans"), Some(0.0));
}

#[test]
fn a_cancel_is_followed_from_the_caller_or_the_race_to_the_end_of_the_call() {
    // A caller leaves at 601 ms with two of the words of a stream, which ends 20 ms later, after five. A race is lost at
    // 1,501 ms by a plain call that is closed 15 ms later; it had been answered from 1 ms on, 101 tokens in 1,515 ms: one of
    // them is in the last 15 ms.
    let mut left = served(0, "claude");
    (left.caller.ending, left.caller.ended) = (CallerEnding::Left, at(0.601));
    left.caller.transcript.segments[0].to = 2;
    (left.calls[0].ended, left.calls[0].ending, left.calls[0].words_sent) = (at(0.621), Ending::Abandoned, 5);
    let mut raced = hedged(1);
    let call = &mut raced.calls[0];
    (call.stream, call.billed_output) = (false, 101);
    call.ended += 15 * MS;
    let judgement = whole(&[left, raced]);
    let stat = |stat| judgement.whole.measure("cancel_propagation", Some(stat));
    assert_eq!((stat("count"), stat("mean")), (Some(2.0), Some(0.017_5)));
    assert_eq!(number(&judgement, "cancel_propagation.tokens"), Some(3.0 + 1.0));
}

#[test]
fn a_loser_that_had_begun_to_answer_is_charged_for_the_time_after_the_race() {
    // 100 tokens from 1,000 ms to 1,600 ms; the race is lost at 1,501 ms: 99 of 600 ms, 16.5 tokens, and half a one up.
    let mut raced = hedged(0);
    let call = &mut raced.calls[0];
    (call.first_output, call.billed_output, call.ended) = (Some(at(1.0)), 100, at(1.6));
    assert_eq!(number(&whole(&[raced]), "cancel_propagation.tokens"), Some(17.0));
}

#[test]
fn hedges_are_counted_with_their_wins_and_their_waste() {
    // Four requests, two of them hedged: flash wins one; in the other claude answers first, and flash is given up. The losers
    // were billed 100 + 10 tokens each.
    let mut lost = hedged(1);
    let trail = lost.trail.as_mut().expect("a trail");
    (trail.attempts[0].result, trail.attempts[1].result) = (AttemptResult::Served, AttemptResult::Lost);
    trail.outcome = RouterOutcome::Answered { model: "claude".to_owned() };
    let records = [hedged(0), lost, served(2, "claude"), failed_over(3)];
    let judgement = whole(&records);
    assert_eq!(number(&judgement, "hedges.rate"), Some(0.5));
    assert_eq!(number(&judgement, "hedges.wins"), Some(0.5));
    assert_eq!(number(&judgement, "hedges.wasted_tokens"), Some(220.0));
}

#[test]
fn a_hedge_that_broke_after_its_output_has_won_and_one_that_failed_before_it_has_not() {
    let broke = |seen: bool| {
        let mut record = hedged(0);
        let hedge = &mut record.trail.as_mut().expect("a trail").attempts[1];
        hedge.result = AttemptResult::Failed(Failure::new(FailureClass::Truncated, "cut"));
        hedge.first_output = hedge.first_output.filter(|_| seen);
        number(&whole(&[record]), "hedges.wins")
    };
    assert_eq!((broke(true), broke(false)), (Some(1.0), Some(0.0)));
    // Without a hedge there is nothing to win.
    assert_eq!(number(&whole(&[served(0, "claude")]), "hedges.wins"), None);
}

#[test]
fn probes_are_the_attempts_that_tested_a_target() {
    let mut record = failed_over(0);
    record.trail.as_mut().expect("a trail").attempts[0].probe = true;
    assert_eq!(number(&whole(&[record, served(1, "claude")]), "probes"), Some(1.0));
}

#[test]
fn an_error_is_true_by_its_class_its_status_and_its_wait() {
    // Both attempts failed with 500, and that is what is reported.
    let told = |change: &dyn Fn(&mut Record)| {
        let mut record = failing(0, &["claude", "flash"]);
        change(&mut record);
        number(&whole(&[record]), "error_fidelity")
    };
    let class = |record: &mut Record, class| {
        let trail = record.trail.as_mut().expect("a trail");
        trail.outcome = RouterOutcome::Failed { status: 500, failure: Failure::new(class, "no") };
    };
    assert_eq!(told(&|_| {}), Some(1.0));
    assert_eq!(told(&|record| record.caller.status = Some(404)), Some(0.0));
    assert_eq!(told(&|record| class(record, FailureClass::RateLimited)), Some(0.0));
    // The router says what its attempts say, and the provider meant something else.
    let misread = |record: &mut Record| {
        record.calls.iter_mut().for_each(|call| call.failure = Some(ErrorKind::Unauthorized));
    };
    assert_eq!(told(&misread), Some(0.0));
    let wait = |record: &mut Record| {
        let retry_after = Some(Duration::from_secs(5));
        record.caller.ending = CallerEnding::Error { code: None, message: "no".to_owned(), retry_after };
        class(record, FailureClass::InvalidRequest);
        for attempt in &mut record.trail.as_mut().expect("a trail").attempts {
            attempt.result = AttemptResult::Failed(Failure::new(FailureClass::InvalidRequest, "no"));
        }
        record.calls.iter_mut().for_each(|call| call.failure = Some(ErrorKind::InvalidRequest));
    };
    assert_eq!(told(&wait), Some(0.0), "nobody asked for a wait");
}

#[test]
fn integrity_counts_answers_that_are_not_the_text_of_one_reply() {
    // One whole; one of which half arrived as if it were all; one that is declared to be cut.
    let mut truncated = served(1, "claude");
    truncated.caller.transcript.words = 5;
    let mut partial = served(2, "claude");
    partial.caller.ending = CallerEnding::InBandError { code: None, message: "cut".to_owned() };
    partial.caller.transcript.words = 5;
    assert_eq!(number(&whole(&[served(0, "claude"), truncated, partial]), "integrity"), Some(1.0));
}

#[test]
fn a_retry_is_no_hedge_and_no_fallback() {
    let record = failing(0, &["claude", "claude"]);
    assert_eq!(record.trail.as_ref().expect("a trail").attempts[1].cause, Cause::Retry);
    let judgement = whole(&[record]);
    assert_eq!(number(&judgement, "hedges.rate"), Some(0.0));
    assert_eq!(judgement.whole.measure("failover.decide", Some("count")), None);
}

#[test]
fn attempts_that_reached_nobody_and_calls_that_nobody_tells_of_count_at_their_providers() {
    // claude refused the connection: two attempts, one call. In the other one google saw two calls of one attempt.
    let unreachable = super::super::testkit::unreachable_then("flash");
    let mut untold = served(1, "flash");
    untold.calls.push(untold.calls[0].clone());
    let by_provider = |records: &[Record]| whole(records).whole.amplification_by_provider;
    let told = by_provider(&[unreachable]);
    assert_eq!((told["anthropic"], told["google"]), (1.0, 1.0));
    assert_eq!(by_provider(&[untold])["google"], 2.0);
}

/// How often a repeat came before the wait was over that claude had asked for after 61 ms.
fn early(round_trip: u64, change: &dyn Fn(&mut Record)) -> Option<f64> {
    let mut header = header();
    header.round_trip = u32::try_from(round_trip).expect("few") * MS;
    let mut record = failing(0, &["claude", "claude"]);
    record.calls[0].retry_after = Some(2 * MS * 1_000);
    change(&mut record);
    number(&judge(header, footer(1), &[record]), "retry_after_violations")
}

#[test]
fn a_wait_is_heard_that_came_before_the_attempt_was_over() {
    // The status is 5 ms on its way; the attempt ended at 61 ms.
    let sent = |ms: f64| early(10, &|record| record.calls[0].headers_sent = Some(at(ms / 1e3)));
    assert_eq!((sent(56.0), sent(57.0)), (Some(1.0), Some(0.0)));
    // A timer may be 2 ms early.
    let wait = |ms: u32| early(0, &|record| record.calls[0].retry_after = Some(ms * MS));
    assert_eq!((wait(2), wait(3)), (Some(0.0), Some(1.0)));
}

#[test]
fn what_nobody_could_hear_is_no_useless_repeat() {
    // claude's key is bad, and it is asked once more.
    let repeats = |change: &dyn Fn(&mut Record)| {
        let mut record = failing(0, &["claude", "claude"]);
        record.calls[0].failure = Some(ErrorKind::Unauthorized);
        change(&mut record);
        number(&whole(&[record]), "repeat_violations")
    };
    let result = |record: &mut Record, class| {
        record.trail.as_mut().expect("a trail").attempts[0].result =
            AttemptResult::Failed(Failure::new(class, "no"));
    };
    // An attempt that ran into its limit at 61 ms had 2 ms to read what was there.
    let late = |ms: f64| {
        repeats(&|record| {
            result(record, FailureClass::Timeout(crate::chat::Limit::FirstToken));
            record.calls[0].ended = at(ms / 1e3);
        })
    };
    assert_eq!((late(58.0), late(59.0)), (Some(1.0), Some(0.0)));
    // One fault says what it says, even where the router made nothing of it; of two nobody knows what came through.
    let faults = |names: &[&str]| {
        repeats(&|record| {
            result(record, FailureClass::Protocol);
            record.calls[0].faults = names.iter().map(|name| (*name).to_owned()).collect();
        })
    };
    assert_eq!((faults(&["outage"]), faults(&["outage", "other"])), (Some(1.0), Some(0.0)));
}

#[test]
fn an_overrun_is_more_than_a_timer_and_the_callers_network_take() {
    // The deadline is at 20 s. The request was 4 ms on its way in, and its answer may take as long to come back.
    let overruns = |attempt: f64, end: f64| {
        let mut record = served(0, "claude");
        let trail = record.trail.as_mut().expect("a trail");
        (trail.received, trail.attempts[0].started) = (at(0.004), at(attempt));
        record.caller.ended = at(end);
        number(&whole(&[record]), "deadline_overruns")
    };
    assert_eq!((overruns(20.002, 1.0), overruns(20.003, 1.0)), (Some(0.0), Some(1.0)));
    assert_eq!((overruns(0.0, 20.010), overruns(0.0, 20.011)), (Some(0.0), Some(1.0)));
}

/// How many calls lived on after nobody wanted them any more.
fn cancelled(fault: Option<&str>, record: Record) -> Option<f64> {
    let mut header = header();
    if let Some(kind) = fault {
        (header.faults[0].kind, header.faults[0].during) = (kind.to_owned(), vec![]);
    }
    let judgement = judge(header, footer(1), &[record]);
    judgement.whole.measure("cancel_propagation", Some("count"))
}

#[test]
fn only_calls_that_were_open_when_their_caller_left_are_followed() {
    // claude fails from 1 to 61 ms, flash answers from then on; the caller leaves in between.
    let left = |seconds: f64| {
        let mut record = failed_over(0);
        (record.caller.ending, record.caller.ended) = (CallerEnding::Left, at(seconds));
        record
    };
    assert_eq!(cancelled(None, left(0.601)), Some(1.0), "flash's");
    assert_eq!(cancelled(None, left(0.060)), Some(1.0), "claude's, and flash was asked later");
    assert_eq!(cancelled(None, left(1.061)), None, "all was over in that moment");
    // What nobody can see is not followed: behind a black hole, or when everything was over.
    let of_claude = || {
        let mut record = served(0, "claude");
        (record.caller.ending, record.caller.ended) = (CallerEnding::Left, at(0.601));
        record
    };
    assert_eq!((cancelled(None, of_claude()), cancelled(Some("black_hole"), of_claude())), (Some(1.0), None));
    let mut open = of_claude();
    open.calls[0].ending = Ending::Shutdown;
    assert_eq!(cancelled(None, open), None);
}

#[test]
fn a_loser_that_ended_with_the_race_did_not_live_on() {
    let longer = || {
        let mut record = hedged(0);
        record.calls[0].ended += 15 * MS;
        record
    };
    assert_eq!((cancelled(None, hedged(0)), cancelled(None, longer())), (None, Some(1.0)));
    assert_eq!(cancelled(Some("black_hole"), longer()), None);
    let mut open = longer();
    open.calls[0].ending = Ending::Shutdown;
    assert_eq!(cancelled(None, open), None);
}

#[test]
fn synchrony_is_that_of_its_phase_from_its_first_to_its_last_retry() {
    // In the baseline three retries in the tenth from 300 ms on and one in that from 600 ms on: four tenths, mean 1, peak 3.
    // Two in the outage, one of them in its first tenth: 21 tenths from 10.0 to 12.0 s, mean 2 / 21, peak 1.
    let retried = |number: u64, seconds: f64| {
        let mut record = failing(0, &["claude", "claude"]);
        record.caller.number = number;
        record.trail.as_mut().expect("a trail").attempts[1].started = at(seconds);
        record
    };
    let times = [0.361, 0.362, 0.363, 0.661, 10.05, 12.05];
    let records: Vec<Record> = (0..).zip(times).map(|(number, seconds)| retried(number, seconds)).collect();
    let judgement = whole(&records);
    let of = |phase: usize| judgement.phases[phase].number("synchrony");
    assert_eq!((of(0), of(1), of(2)), (Some(3.0), Some(10.5), None));
}
