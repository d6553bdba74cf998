//! Each way in which a run proves nothing, on a run that is otherwise fine.

use std::time::Duration;

use super::super::testkit::{at, failed_over, failing, footer, header, served};
use super::super::{Judge, Judgement, Verdict};
use crate::history::expect::Expectation;
use crate::history::{Aborted, CallerEnding, Footer, Header, Record, ScriptedExpectation, Transcript};

fn judge(header: Header, footer: Footer, records: &[Record]) -> Judgement {
    let mut judge = Judge::new(header);
    records.iter().for_each(|record| judge.record(record));
    judge.finish(footer)
}

/// Ten seconds of baseline, ten of outage with failover, ten after: one request a second.
fn thirty() -> Vec<Record> {
    (0..30)
        .map(|second| if (10..20).contains(&second) { failed_over(second) } else { served(second, "claude") })
        .collect()
}

fn expecting(text: &str) -> Header {
    Header { expect: vec![Expectation::parse(text).expect("legal")], ..header() }
}

/// The only reason is a doubt that says `what`, and what to change: `help`.
#[track_caller]
fn doubts(judgement: &Judgement, what: &str, help: &str) {
    assert_eq!(judgement.verdict, Verdict::Inconclusive, "{:?}", judgement.reasons);
    let [reason] = &judgement.reasons[..] else { panic!("{:?}", judgement.reasons) };
    assert!(reason.what.contains(what) && reason.help.contains(help), "{reason:?}");
}

#[test]
fn a_fault_that_never_fired_is_named() {
    let unfired = Footer { fired: vec![], ..footer(30) };
    let what = "fault `outage` (status) on anthropic never fired";
    doubts(&judge(header(), unfired, &thirty()), what, "send requests its way");
    let mut zero = footer(30);
    zero.fired[0].count = 0;
    doubts(&judge(header(), zero, &thirty()), what, "send requests its way");
}

#[test]
fn a_fault_has_not_fired_because_another_one_did() {
    for (provider, name) in [("google", "outage"), ("anthropic", "slowness")] {
        let mut other = footer(30);
        (other.fired[0].provider, other.fired[0].name) = (provider.to_owned(), name.to_owned());
        let what = "fault `outage` (status) on anthropic never fired";
        doubts(&judge(header(), other, &thirty()), what, "send requests its way");
    }
}

#[test]
fn a_fault_that_fired_far_from_its_window_broke_something_else() {
    // Planned for 10..20 s. 1 s early is in bounds, 1.5 s is not; nor is 22 s, two seconds late.
    let fired_at = |seconds| {
        let mut footer = footer(30);
        footer.fired[0].first = Some(at(seconds));
        judge(header(), footer, &thirty())
    };
    assert_eq!(fired_at(9.0).verdict, Verdict::Pass);
    let what = "fault `outage` on anthropic first fired 1.5s outside its windows";
    doubts(&fired_at(8.5), what, "simulate");
    doubts(&fired_at(22.0), "first fired 2s outside", "simulate");
}

#[test]
fn faults_that_mostly_fire_beside_their_windows_are_no_test_of_them() {
    // The call of second 10 is said to have been made and over 20 ms before the window begins. The limit is 5 ms at the
    // p99, which of ten samples is the worst one.
    let mut records = thirty();
    let call = &mut records[10].calls[0];
    (call.received, call.ended) = (at(9.9), at(9.98));
    call.headers_sent = Some(at(9.98));
    let judgement = judge(header(), footer(30), &records);
    let found = judgement.reasons.iter().find(|reason| reason.what.contains("outside their windows: p99"));
    let found = found.unwrap_or_else(|| panic!("{:?}", judgement.reasons));
    assert!(found.what.contains("20ms away, and 5ms is the limit"), "{found:?}");
    assert_eq!(found.verdict, Verdict::Inconclusive);
}

#[test]
fn an_outage_that_comes_back_by_its_own_rule_is_where_it_was_planned() {
    let mut relapsing = header();
    relapsing.faults[0].kind = "relapse".to_owned();
    let mut footer = footer(30);
    footer.fired[0].first = Some(at(22.0));
    let mut records = thirty();
    records[22] = failed_over(22);
    let judgement = judge(relapsing, footer, &records);
    assert_eq!(judgement.verdict, Verdict::Pass, "{:?}", judgement.reasons);
}

#[test]
fn a_baseline_that_does_not_answer_is_sick() {
    // 9 of 10 answered.
    let mut records = thirty();
    records[3] = failing(3, &["claude", "flash"]);
    records[3].calls.iter_mut().for_each(|call| call.faults.clear());
    doubts(&judge(header(), footer(30), &records), "not healthy: availability 90%", "without faults first");
}

#[test]
fn a_baseline_that_answers_too_late_is_sick_too() {
    // 501 ms to the first output: within an objective of 600 ms; of 500 ms nobody attains, but all are answered.
    let mut header = header();
    header.routes[0].objective_first_token = Some(Duration::from_millis(600));
    assert_eq!(judge(header.clone(), footer(30), &thirty()).verdict, Verdict::Pass);
    header.routes[0].objective_first_token = Some(Duration::from_millis(500));
    doubts(&judge(header, footer(30), &thirty()), "not healthy: attainment 0%", "`objective`");
}

#[test]
fn one_slow_answer_in_ten_is_as_much_as_a_baseline_may_have() {
    // Ten requests in the baseline: 9 of 10 attained is 90 % and enough, 8 are not.
    let mut header = header();
    header.routes[0].objective_total = Some(Duration::from_millis(1_500));
    let slow = |count: usize| {
        let mut records = thirty();
        records[..count].iter_mut().for_each(|record| record.caller.ended += Duration::from_secs(1));
        judge(header.clone(), footer(30), &records)
    };
    let sick =
        |judgement: &Judgement| judgement.reasons.iter().any(|reason| reason.what.contains("attainment"));
    assert!(!sick(&slow(1)) && sick(&slow(2)));
}

#[test]
fn a_harness_that_sends_late_is_told_from_a_slow_service() {
    // One of 30 was sent 100 ms late: the p99 is the worst of them.
    let mut records = thirty();
    records[3].caller.intended = at(2.9);
    doubts(&judge(header(), footer(30), &records), "sent late: p99 100ms", "lower the load");
}

#[test]
fn requests_never_sent_or_without_a_record_leave_a_gap() {
    let mut records = thirty();
    (records[3].trail, records[3].calls) = (None, vec![]);
    let caller = &mut records[3].caller;
    (caller.ending, caller.sent, caller.status) = (CallerEnding::Unsent, None, None);
    (caller.first_output, caller.last_output, caller.served_by) = (None, None, None);
    (caller.transcript, caller.text_bytes) = (Transcript::default(), 0);
    let judgement = judge(header(), footer(30), &records);
    assert!(judgement.reasons.iter().any(|reason| reason.what == "1 request never sent"), "{judgement:?}");
    assert_eq!(judgement.verdict, Verdict::Inconclusive, "{:?}", judgement.reasons);
    doubts(&judge(header(), footer(32), &thirty()), "2 requests left no record", "report this as a bug");
}

#[test]
fn an_expectation_without_samples_says_what_is_missing() {
    let header = expecting("latency.error.p99 < 1s during outage");
    let what = "`latency.error.p99 < 1s during outage` could not be measured";
    doubts(&judge(header, footer(30), &thirty()), what, "10 requests: none of them failed");
}

#[test]
fn times_until_something_settles_need_enough_requests() {
    // One request a second: ten in the window, and fifty are needed to tell.
    let header = expecting("time_to_failover <= 2s");
    doubts(&judge(header, footer(30), &thirty()), "`time_to_failover <= 2s`", "fewer than 50 requests");
}

#[test]
fn a_run_that_was_interrupted_proves_nothing_and_fails_nothing() {
    // Stopped after 15 s: 30 requests did not come, and one that was scripted was never sent.
    let mut header = expecting("requests >= 30");
    header.scripted =
        vec![ScriptedExpectation { number: 29, status: Some(200), ..ScriptedExpectation::default() }];
    let stopped = Footer { ended: at(15.0), aborted: Some(Aborted::Interrupted), ..footer(17) };
    let judgement = judge(header.clone(), stopped, &thirty()[..15]);
    assert_eq!(judgement.verdict, Verdict::Inconclusive, "{:?}", judgement.reasons);
    assert_eq!(judgement.reasons[0].what, "the run was stopped early: interrupted");
    assert_eq!(judgement.expectations[0].verdict, Verdict::Inconclusive);
    assert_eq!(judgement.expectations[0].explanation, "measured 15 by the time the run was stopped");
    assert_eq!(judgement.scripted[0].verdict, Verdict::Inconclusive);
    // The two under way are not lost: the run says itself that it left them behind.
    assert!(!judgement.reasons.iter().any(|reason| reason.what.contains("no record")));
    // The same records in a run that was not stopped: everything that is missing counts.
    let ended = Footer { ended: at(15.0), ..footer(15) };
    let judgement = judge(header, ended, &thirty()[..15]);
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert_eq!(judgement.scripted[0].verdict, Verdict::Fail);
}

#[test]
fn a_hopeless_run_fails_for_that_reason_and_for_nothing_it_did_not_get_to() {
    let why = "measured 40%".to_owned();
    let aborted = Aborted::Hopeless { when: "availability < 50%".to_owned(), why, at: at(5.0) };
    let stopped = Footer { ended: at(5.0), fired: vec![], aborted: Some(aborted), ..footer(9) };
    let judgement = judge(header(), stopped, &thirty()[..5]);
    assert_eq!(judgement.verdict, Verdict::Fail);
    // Neither the fault that did not come to fire nor the four requests that were dropped.
    let [reason] = &judgement.reasons[..] else { panic!("{:?}", judgement.reasons) };
    assert_eq!(reason.what, "hopeless, and stopped at 5s: availability < 50%");
    assert!(reason.help.starts_with("measured 40%"), "{reason:?}");
}
