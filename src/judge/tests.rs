//! Figures and verdicts of hand-made histories; each answer is worked out in a comment.

mod health;
mod joined;
mod manners;
mod merging;
mod money;
mod service;
mod several;
mod steps;
mod views;
mod windows;

use std::time::Duration;

use super::testkit::{at, failed_over, failing, footer, header, served};
use super::*;
use crate::chat::Finish;
use crate::history::expect::Expectation;
use crate::history::{
    CallerEnding, Footer, Gauges, Header, Record, RouterOutcome, ScriptedExpectation, WaitCause,
};
use crate::world::Moment;

fn judge(header: Header, footer: Footer, records: &[Record]) -> Judgement {
    let mut judge = Judge::new(header);
    records.iter().for_each(|record| judge.record(record));
    judge.finish(footer)
}

fn number(judgement: &Judgement, figure: &str) -> Option<f64> {
    judgement.whole.number(figure)
}

/// Ten seconds of baseline, ten of outage with failover, ten after: one request a second.
fn thirty() -> Vec<Record> {
    (0..30)
        .map(|second| if (10..20).contains(&second) { failed_over(second) } else { served(second, "claude") })
        .collect()
}

#[test]
fn a_good_run_passes_and_its_outcomes_are_split() {
    let judgement = judge(header(), footer(30), &thirty());
    assert_eq!(judgement.verdict, Verdict::Pass, "{:?}", judgement.reasons);
    // 20 by the first model, 10 by the second of quality 0.86, above the floor of 0.8.
    assert_eq!(judgement.whole.outcome(Outcome::Primary), 20);
    assert_eq!(judgement.whole.outcome(Outcome::Fallback), 10);
    assert_eq!(number(&judgement, "availability"), Some(1.0));
    // 30 attained in the 30 seconds of the run.
    assert_eq!(number(&judgement, "goodput"), Some(1.0));
    // 20 requests of one attempt, 10 of two: 40 / 30.
    assert_eq!(number(&judgement, "amplification"), Some(1.333_333_333));
    assert_eq!(judgement.phases.iter().map(|phase| phase.requests).collect::<Vec<_>>(), vec![10, 10, 10]);
}

#[test]
fn a_fallback_below_the_floor_is_degraded_and_does_not_attain() {
    let mut header = header();
    header.routes[0].quality_floor = 0.9;
    let judgement = judge(header, footer(30), &thirty());
    // 10 of 30 are degraded: still available, 20/30 attained.
    assert_eq!(judgement.whole.outcome(Outcome::Degraded), 10);
    assert_eq!(number(&judgement, "availability"), Some(1.0));
    assert_eq!(number(&judgement, "attainment"), Some(0.666_666_667));
}

#[test]
fn availability_leaves_out_what_callers_cancelled() {
    let mut records = vec![served(0, "claude"), served(1, "claude"), failing(2, &["claude", "flash"])];
    records[1].caller.ending = CallerEnding::Left;
    let judgement = judge(header(), footer(3), &records);
    // One answered, one failed, one left by itself: 1 / (3 - 1).
    assert_eq!(number(&judgement, "availability"), Some(0.5));
    assert_eq!(number(&judgement, "requests.cancelled"), Some(1.0));
}

#[test]
fn latency_counts_from_the_intended_arrival() {
    let mut record = served(3, "claude");
    record.caller.intended = at(2.5);
    let judgement = judge(header(), footer(1), &[record]);
    // Meant at 2.5 s, sent at 3 s, first output at 3.501 s, over at 4.001 s.
    let at = |figure| judgement.whole.measure(figure, Some("mean")).expect("a sample");
    assert_eq!(at("latency.first_token"), 1.001);
    assert_eq!(at("latency.first_token_sent"), 0.501);
    assert_eq!(at("latency.total"), 1.501);
    assert_eq!(at("harness.lag"), 0.5);
    // Ten words: nine gaps in the 500 ms from the first output to the last.
    assert_eq!(at("latency.per_token"), 0.055_555);
    // The caller waited 1.001 s from the send, of which the provider took 1 s.
    assert_eq!(at("overhead"), 0.001);
}

#[test]
fn overhead_leaves_out_intended_waits() {
    let mut record = failed_over(0);
    let trail = record.trail.as_mut().expect("a trail");
    // 1 ms on the way in, 60 ms claude, a wait of 40 ms, flash 1 s; all in all 1.111 s: 11 ms are its own.
    let shift = Duration::from_millis(50);
    trail.waits.push(crate::history::Wait { from: at(0.061), until: at(0.101), cause: WaitCause::Backoff });
    let attempt = &mut trail.attempts[1];
    attempt.started += shift;
    attempt.ended += shift;
    trail.ended += shift;
    record.calls[1].received += shift;
    record.calls[1].ended += shift;
    record.caller.ended += shift;
    let judgement = judge(header(), footer(1), &[record]);
    assert_eq!(judgement.whole.measure("overhead", Some("mean")), Some(0.011));
}

#[test]
fn failover_is_measured_in_steps() {
    let judgement = judge(header(), footer(30), &thirty());
    let at = |figure| judgement.phases[1].measure(figure, Some("mean")).expect("a sample");
    // claude's status is on the wire at +61 ms, and the attempt ends at +61 ms; flash is asked at +61 ms and its
    // first output is there 500 ms later, at +561 ms. The baseline's median is 501 ms: 60 ms were added.
    assert_eq!(at("failover.detect"), 0.0);
    assert_eq!(at("failover.decide"), 0.0);
    assert_eq!(at("failover.answer"), 0.5);
    assert!((at("failover.added") - 0.06).abs() < 0.001, "{}", at("failover.added"));
}

/// A hundred requests a second from 0 to 30 s; in the outage those before `until` (seconds) try claude first.
fn busy(until: f64) -> Vec<Record> {
    let request = |index: u64| {
        let start = index as f64 / 100.0;
        let mut record = match start {
            10.0..20.0 if start < until => failed_over(0),
            10.0..20.0 => served(0, "flash"),
            _ => served(0, "claude"),
        };
        shift(&mut record, index, at(start));
        record
    };
    (0..3000).map(request).collect()
}

/// The same request so much later, under another number.
pub(crate) fn shift(record: &mut Record, number: u64, by: Moment) {
    let by = by - Moment::ZERO;
    record.caller.number = number;
    record.caller.intended += by;
    record.caller.sent = Some(record.caller.intended);
    record.caller.ended += by;
    for moment in [&mut record.caller.first_output, &mut record.caller.last_output] {
        *moment = moment.map(|moment| moment + by);
    }
    let trail = record.trail.as_mut().expect("a trail");
    trail.received += by;
    trail.deadline += by;
    trail.ended += by;
    for attempt in &mut trail.attempts {
        attempt.started += by;
        attempt.ended += by;
        attempt.connected = Some(attempt.started);
        attempt.first_output = attempt.first_output.map(|first| first + by);
    }
    for call in &mut record.calls {
        call.received += by;
        call.ended += by;
        call.headers_sent = call.headers_sent.map(|sent| sent + by);
    }
}

#[test]
fn time_to_failover_and_failback_are_read_from_first_attempts() {
    let judgement = judge(header(), footer(3000), &busy(12.0));
    let window = &judgement.windows[0];
    // 200 first attempts go wrong in [10, 12); a span of 1 s holds 100 and may hold 5 of them: from 1.95 s on.
    // The attempts begin 1 ms after the arrival, which moves nothing across a bucket of 10 ms.
    assert_eq!(window.time_to_failover, Interval::After(1.95));
    // After the window every first attempt is on claude again.
    assert_eq!(window.recover_failback, Interval::After(0.0));
    assert_eq!((window.wanted, window.attempts, window.wasted_attempts), (1000, 200, 200));
    assert_eq!(window.outage_amplification, Some(0.2));
    assert_eq!(window.flaps, 0);
}

#[test]
fn a_failover_that_never_happens_fails_its_expectation() {
    let mut header = header();
    header.expect = vec![Expectation::parse("time_to_failover <= 2s").expect("legal")];
    let judgement = judge(header, footer(3000), &busy(20.0));
    assert_eq!(judgement.windows[0].time_to_failover, Interval::Never(10.0));
    assert_eq!(judgement.expectations[0].verdict, Verdict::Fail);
    assert_eq!(judgement.verdict, Verdict::Fail);
}

#[test]
fn lost_attainment_adds_up_to_requests() {
    let mut records = busy(10.0);
    for record in &mut records[1000..1100] {
        record.caller.ending = CallerEnding::Cut;
    }
    let judgement = judge(header(), footer(3000), &records);
    // The baseline attains everything; in the first second of the window 100 of 100 requests do not. Spans of 1 s
    // are back within 5 % from 0.95 s on, by which 95 requests are lost.
    assert_eq!(judgement.windows[0].recover_service, Interval::After(0.95));
    assert_eq!(judgement.windows[0].loss_area, Some(95.0));
}

#[test]
fn money_is_counted_against_one_clean_attempt_each() {
    let judgement = judge(header(), footer(2), &[served(0, "claude"), failed_over(1)]);
    // claude: 100 x 3 + 10 x 15 = 450 microdollars; flash: 100 x 0.3 + 10 x 2.5 = 55. Both wanted claude.
    assert_eq!(number(&judgement, "cost.total"), Some(0.000_505));
    assert_eq!(number(&judgement, "cost.per_success"), Some(0.000_252_5));
    assert_eq!(number(&judgement, "cost.inflation"), Some(0.561_111_111));
    assert_eq!(number(&judgement, "cost.ledger_error"), Some(0.0));
    // (0.94 + 0.86) / (2 x 0.94)
    assert_eq!(number(&judgement, "quality"), Some(0.957_446_809));
}

#[test]
fn early_retries_are_counted_with_the_worst_earliness() {
    let mut record = failing(0, &["claude", "claude"]);
    record.calls[0].retry_after = Some(Duration::from_secs(2));
    let judgement = judge(header(), footer(1), &[record]);
    // Told at 61 ms, repeated at 61 ms: 2 s too early.
    assert_eq!(number(&judgement, "retry_after_violations"), Some(1.0));
    assert_eq!(number(&judgement, "retry_after_earliness"), Some(2.0));
    assert_eq!(judgement.verdict, Verdict::Fail);
}

#[test]
fn a_fault_that_never_fired_makes_a_run_inconclusive_and_a_broken_promise_outweighs_it() {
    let unfired = Footer { fired: vec![], ..footer(30) };
    let judgement = judge(header(), unfired.clone(), &thirty());
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(judgement.reasons[0].what.contains("never fired"));
    let leaky = Footer { gauges: Gauges { requests: 1, ..Gauges::default() }, ..unfired };
    assert_eq!(judge(header(), leaky, &thirty()).verdict, Verdict::Fail);
}

#[test]
fn a_sick_baseline_and_a_late_harness_make_a_run_inconclusive() {
    let mut records = thirty();
    records[3] = failing(3, &["claude", "flash"]);
    assert_eq!(judge(header(), footer(30), &records).verdict, Verdict::Inconclusive);
    let mut records = thirty();
    records[3].caller.intended = at(2.9);
    assert_eq!(judge(header(), footer(30), &records).verdict, Verdict::Inconclusive);
    assert_eq!(judge(header(), footer(31), &thirty()).verdict, Verdict::Inconclusive);
}

#[test]
fn an_expectation_without_samples_is_inconclusive() {
    let mut header = header();
    header.expect = vec![Expectation::parse("latency.error.p99 < 1s during outage").expect("legal")];
    let judgement = judge(header, footer(30), &thirty());
    assert_eq!(judgement.expectations[0].verdict, Verdict::Inconclusive);
}

#[test]
fn expectations_look_at_the_phase_they_name_or_its_kind() {
    let mut header = header();
    let expect = [
        "amplification == 2 during outage",
        "amplification == 2 during fault",
        "amplification == 1 during baseline",
    ];
    header.expect = expect.map(|text| Expectation::parse(text).expect("legal")).to_vec();
    let judgement = judge(header, footer(30), &thirty());
    assert!(
        judgement.expectations.iter().all(|result| result.verdict == Verdict::Pass),
        "{:?}",
        judgement.expectations
    );
}

#[test]
fn scripted_requests_are_compared_attempt_by_attempt() {
    let script = |pairs: &[(&str, &str)]| ScriptedExpectation {
        number: 12,
        attempts: Some(
            pairs.iter().map(|(model, result)| ((*model).to_owned(), (*result).to_owned())).collect(),
        ),
        served_by: Some("flash".to_owned()),
        ..ScriptedExpectation::default()
    };
    let mut header = header();
    header.scripted = vec![
        script(&[("claude", "500"), ("flash", "200")]),
        script(&[("claude", "server_error"), ("flash", "ok")]),
        script(&[("claude", "429"), ("flash", "ok")]),
    ];
    let judgement = judge(header, footer(30), &thirty());
    let verdicts: Vec<_> = judgement.scripted.iter().map(|result| result.verdict).collect();
    assert_eq!(verdicts, vec![Verdict::Pass, Verdict::Pass, Verdict::Fail]);
    assert_eq!(judgement.scripted[2].mismatches[0].actual, "[claude 500 server_error, flash ok]");
}

#[test]
fn each_scripted_expectation_is_asked_of_its_request() {
    // Both models fail with 500, 60 ms each: the caller has its error after 121 ms.
    let record = failing(0, &["claude", "flash"]);
    type Script = fn(&mut ScriptedExpectation, bool);
    let ms = Duration::from_millis;
    let scripts: [(&str, Script); 5] = [
        ("status", |script, right| script.status = Some(if right { 500 } else { 503 })),
        ("error", |script, right| {
            script.error = Some(if right { "server_error" } else { "overloaded" }.to_owned());
        }),
        ("outcome", |script, right| {
            script.outcome = Some(if right { "error" } else { "partial" }.to_owned());
        }),
        ("within", |script, right| {
            script.within = Some(Duration::from_millis(if right { 121 } else { 120 }));
        }),
        ("not_before", |script, right| {
            script.not_before = Some(Duration::from_millis(if right { 121 } else { 122 }));
        }),
    ];
    assert_eq!(record.caller.ended - record.caller.intended, ms(121));
    for (what, script) in scripts {
        for right in [true, false] {
            let mut header = header();
            let mut expected = ScriptedExpectation { number: 0, ..ScriptedExpectation::default() };
            script(&mut expected, right);
            header.scripted = vec![expected];
            let judgement = judge(header, footer(1), std::slice::from_ref(&record));
            let result = &judgement.scripted[0];
            assert_eq!(result.verdict == Verdict::Pass, right, "{what}: {:?}", result.mismatches);
            assert!(result.mismatches.iter().all(|mismatch| mismatch.what == what), "{what}");
        }
    }
}

/// A bench for nothing (I13), a request that is asked too often (I07) and a script that does not fit.
#[test]
fn a_checker_finds_to_the_letter_what_a_judge_finds() {
    use crate::history::{HealthChange, HealthState};
    let change = HealthChange {
        at: at(0.5),
        target: "claude".to_owned(),
        model: "claude".to_owned(),
        provider: "anthropic".to_owned(),
        state: HealthState::Benched { until: at(6.0) },
        why: None,
    };
    let mut header = header();
    header.scripted = vec![ScriptedExpectation { status: Some(503), ..ScriptedExpectation::default() }];
    let records = [failing(0, &["claude", "claude", "claude", "claude"]), served(1, "claude")];
    let (mut judge, mut checker) = (Judge::new(header.clone()), Checker::new(header));
    judge.health(&change);
    checker.health(&change);
    for record in &records {
        judge.record(record);
        checker.record(record);
    }
    let (judgement, checked) = (judge.finish(footer(2)), checker.finish(&footer(2)));
    assert_eq!((&checked.promises, &checked.scripted), (&judgement.promises, &judgement.scripted));
    let broken = |id: &str| checked.promises.iter().any(|found| found.id == id && found.violations == 1);
    assert!(broken("I13") && broken("I07"), "{:?}", checked.promises);
    assert_eq!(checked.scripted[0].verdict, Verdict::Fail);
}

#[test]
fn a_mistake_is_the_callers_where_no_fault_was_behind_it() {
    use crate::chat::{Failure, FailureClass};
    let (own, other) = (FailureClass::InvalidRequest, FailureClass::ServerError);
    for (status, class, is_faulty, invalid) in [
        (400, own, false, 1),
        (422, own, false, 1),
        (401, own, false, 0),
        (429, own, false, 0),
        (500, own, false, 0),
        (400, other, false, 0),
        (400, own, true, 0),
    ] {
        let mut record = failing(0, &["claude"]);
        record.caller.status = Some(status);
        if !is_faulty {
            record.calls[0].faults.clear();
        }
        let failure = Failure::new(class, "no");
        record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Failed { status, failure };
        let judgement = judge(header(), footer(1), &[record]);
        assert_eq!(judgement.whole.outcome(Outcome::Invalid), invalid, "{status} {class} {is_faulty}");
    }
}

#[test]
fn a_scripted_finish_and_wait_are_compared_with_what_the_caller_was_given() {
    let script = |number, finish, retry_after| ScriptedExpectation {
        number,
        finish,
        retry_after,
        ..ScriptedExpectation::default()
    };
    let seconds = |from, to| Some((Duration::from_secs(from), Duration::from_secs(to)));
    let mut answered = served(0, "claude");
    answered.caller.finish = Some(Finish::Length);
    let mut refused = failing(1, &["claude", "flash"]);
    refused.caller.ending = CallerEnding::Error {
        code: None,
        message: "later".to_owned(),
        retry_after: Some(Duration::from_secs(5)),
    };
    let mut header = header();
    header.scripted = vec![
        script(0, Some(Finish::Length), None),
        script(0, Some(Finish::Stop), None),
        script(0, None, seconds(0, 9)),
        script(1, None, seconds(5, 5)),
        script(1, None, seconds(4, 6)),
        script(1, None, seconds(6, 9)),
        script(1, Some(Finish::Stop), None),
    ];
    let judgement = judge(header, footer(2), &[answered, refused]);
    let verdicts: Vec<_> = judgement.scripted.iter().map(|result| result.verdict == Verdict::Pass).collect();
    assert_eq!(verdicts, [true, false, false, true, true, false, false]);
    assert_eq!(judgement.scripted[5].mismatches[0].actual, "5s");
}

#[test]
fn rescued_replies_need_no_canonical_words() {
    let mut header = header();
    header.routes[0].fixed = Some("sorry".to_owned());
    let mut record = failing(0, &["claude", "flash"]);
    record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: "fixed".to_owned() };
    record.caller.ending = CallerEnding::Complete;
    record.caller.text_bytes = 5;
    let judgement = judge(header, footer(1), &[record]);
    assert_eq!(judgement.whole.outcome(Outcome::Rescued), 1);
    assert_eq!(number(&judgement, "attainment"), Some(0.0));
}

#[test]
fn a_judgement_does_not_depend_on_the_order_of_completion_of_distinct_seconds() {
    let forwards = judge(header(), footer(30), &thirty());
    let backwards: Vec<Record> = thirty().into_iter().rev().collect();
    let backwards = judge(header(), footer(30), &backwards);
    assert_eq!((forwards.whole, forwards.windows), (backwards.whole, backwards.windows));
}

/// Memory and time do not grow with requests: run with `--nocapture` to see the cost of a request.
#[test]
fn a_long_run_keeps_a_bounded_number_of_requests() {
    let mut judge = Judge::new(header());
    for round in 0..2_000 {
        let mut record = if round % 2 == 0 { failing(0, &["claude"]) } else { served(0, "claude") };
        shift(&mut record, round, at(round as f64 / 100.0));
        judge.record(&record);
    }
    let judgement = judge.finish(footer(2_000));
    // Five witnesses of I02, five slowest, one of each distinct failure: a dozen at most.
    assert!(judgement.worst.len() <= 12, "{}", judgement.worst.len());
    assert_eq!(
        judgement.promises.iter().find(|promise| promise.id == "I02").map(|p| p.violations),
        Some(1_000)
    );
}

/// A failure is worth a look however fast it was; an answer at the first attempt only if it was slow.
#[test]
fn what_failed_is_kept_though_others_were_slower() {
    let mut records: Vec<Record> = (0..10).map(|second| served(second, "claude")).collect();
    records.iter_mut().for_each(|record| record.caller.ended += Duration::from_secs(90));
    // The eleventh answers at its second attempt, the twelfth at its first; both long before the others.
    records.extend([failed_over(10), served(11, "claude")]);
    let judgement = judge(header(), footer(12), &records);
    let kept: Vec<u64> = judgement.worst.iter().map(|record| record.caller.number).collect();
    assert!(kept.contains(&10) && !kept.contains(&11), "{kept:?}");
}
