//! What an expectation looks at, and what it says when there is nothing to look at.

use super::super::testkit::{at, failed_over, failing, footer, header, served};
use super::{Footer, Header, Judgement, Record, busy, judge, number, thirty};
use crate::history::PlannedFault;
use crate::history::expect::Expectation;
use crate::judge::ExpectationResult;
use mock_providers::fault::Window;

fn expecting(header: Header, records: &[Record], text: &str) -> ExpectationResult {
    let expect = vec![Expectation::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))];
    let header = Header { expect, ..header };
    judge(header, footer(records.len() as u64), records).expectations.remove(0)
}

#[track_caller]
fn says(header: Header, records: &[Record], text: &str, why: &str) {
    let told = expecting(header, records, text).explanation;
    assert!(told.contains(why), "{text}: {told}");
}

fn broken_from(provider: &str, from: f64, to: f64) -> PlannedFault {
    let during = vec![Window { from: at(from), to: at(to) }];
    PlannedFault {
        provider: provider.to_owned(),
        name: "other".to_owned(),
        kind: "status".to_owned(),
        during,
    }
}

#[test]
fn a_window_belongs_to_the_phases_it_overlaps() {
    // It lasts from 10 to 20 s, and so does the outage: neither the baseline nor what comes after has a moment of it.
    let of = |phase: &str| {
        let result = expecting(header(), &thirty(), &format!("wasted_attempts <= 10 during {phase}"));
        (result.measured, result.samples)
    };
    assert_eq!(of("outage"), (Some(10.0), 10));
    assert_eq!((of("baseline"), of("after")), ((None, 0), (None, 0)));
    let mut longer = header();
    longer.faults[0].during[0] = Window { from: at(9.0), to: at(21.0) };
    for phase in ["baseline", "outage", "after"] {
        let text = format!("wasted_attempts <= 10 during {phase}");
        assert_eq!(expecting(longer.clone(), &thirty(), &text).measured, Some(10.0), "{phase}");
    }
}

#[test]
fn a_window_of_a_provider_that_nobody_wants_first_is_left_out() {
    // google is second in the only chain. Its window has ten requests that wanted claude.
    let mut two = header();
    two.faults.push(broken_from("google", 20.0, 30.0));
    says(two, &thirty(), "flaps == 0 for provider=google", "no fault has a window on a provider");
}

#[test]
fn of_two_windows_the_worse_counts_and_one_that_is_too_short_is_no_worse() {
    // claude is tried for half a second of its window: 50 first attempts go wrong, and a span of 1 s may hold five, so it is
    // over from 0.45 s on. Its second window lasts 200 ms, with twenty requests: too few to tell.
    let mut two = header();
    two.faults.push(broken_from("anthropic", 25.0, 25.2));
    assert_eq!(expecting(two, &busy(10.5), "time_to_failover <= 2s").measured, Some(0.45));
}

#[test]
fn a_time_that_never_came_is_told_with_the_time_it_was_watched() {
    // After the outage, which lasts to 20 s, everything goes on failing over to the end of the run at 30 s.
    let mut never_back = busy(20.0);
    let mut never_well = busy(20.0);
    for index in 2_000..3_000_u64 {
        let (mut away, mut failed) = (served(0, "flash"), failing(0, &["claude", "flash"]));
        super::shift(&mut away, index, at(index as f64 / 100.0));
        super::shift(&mut failed, index, at(index as f64 / 100.0));
        (never_back[index as usize], never_well[index as usize]) = (away, failed);
    }
    for index in 1_000..2_000_u64 {
        let mut failed = failing(0, &["claude", "flash"]);
        super::shift(&mut failed, index, at(index as f64 / 100.0));
        never_well[index as usize] = failed;
    }
    says(header(), &never_back, "time_to_recover.failback <= 1s", "it never came in the 10s it was watched");
    says(header(), &never_well, "time_to_recover.service <= 1s", "it never came in the 20s it was watched");
    let back = expecting(header(), &busy(12.0), "time_to_recover.failback <= 1s");
    assert_eq!((back.measured, back.samples), (Some(0.0), 1_000));
}

#[test]
fn a_figure_that_nothing_gave_says_what_was_missing() {
    let failed: Vec<Record> = (0..5).map(|second| failing(second, &["claude", "flash"])).collect();
    let well: Vec<Record> = (0..5).map(|second| served(second, "claude")).collect();
    let mut plain = well.clone();
    for record in &mut plain {
        record.caller.stream = false;
        record.caller.first_output = record.caller.last_output;
    }
    for (text, why) in [
        ("latency.first_token.p50 < 1s", "none of them was answered"),
        ("latency.first_token_sent.p50 < 1s", "none of them was answered"),
        ("latency.total.p50 < 1s", "none of them was answered"),
        ("latency.total_sent.p50 < 1s", "none of them was answered"),
        ("cost.per_success < $1", "none of them was answered"),
        ("cost.inflation < 2", "answered by a model with a `price`"),
        ("cost.inflation.fallback < 2", "answered by a model with a `price`"),
        ("cost.inflation.waste < 2", "answered by a model with a `price`"),
        ("burn_rate < 1", "no `objective`"),
        ("budget_spent < 1", "no `objective`"),
        ("quality > 0.5", "answered by a model with a `quality`"),
        ("latency.per_token.p50 < 1s", "more than one output"),
        ("latency.gap.p50 < 1s", "more than one output"),
    ] {
        says(header(), &failed, text, why);
    }
    for (text, why) in [
        ("error_fidelity == 1", "none of them ended with an error"),
        ("cancel_propagation.p99 < 1s", "no caller left while a provider was at work"),
        ("failover.detect.p50 < 1s", "no attempt failed"),
        ("synchrony < 3", "nothing was repeated"),
        ("retry_after_earliness < 1s", "nobody came too early"),
        ("amplification.worst < 3", "no second had ten arrivals"),
        ("harness.injection_error.p99 < 1s", "no fault with a window fired"),
    ] {
        says(header(), &well, text, why);
    }
    says(header(), &plain, "latency.per_token.p50 < 1s", "more than one output");
}

#[test]
fn a_fault_that_fired_at_no_time_did_not_fire() {
    let fired = |count| {
        let mut footer = footer(30);
        footer.fired[0].count = count;
        number(&judge(header(), footer, &thirty()), "faults.fired")
    };
    assert_eq!((fired(0), fired(1), fired(7)), (Some(0.0), Some(1.0), Some(1.0)));
}

/// Ten slow answers, and the eleventh at once at its first attempt.
fn slow_and_quick(header: Header) -> Judgement {
    let mut records: Vec<Record> = (0..10).map(|second| served(second, "claude")).collect();
    records.iter_mut().for_each(|record| record.caller.ended += std::time::Duration::from_secs(90));
    records.extend([failed_over(10), served(11, "claude")]);
    judge(header, footer(12), &records)
}

#[test]
fn a_request_that_did_not_do_what_was_scripted_is_kept_and_can_be_looked_up() {
    let script = |status| {
        let script = crate::history::ScriptedExpectation {
            number: 11,
            status: Some(status),
            ..crate::history::ScriptedExpectation::default()
        };
        slow_and_quick(Header { scripted: vec![script], ..header() })
    };
    let kept = |judgement: &Judgement| judgement.record(11).map(|record| record.caller.number);
    assert_eq!((kept(&script(200)), kept(&script(503))), (None, Some(11)));
}

#[test]
fn a_run_was_given_up_where_a_condition_held_and_not_where_somebody_had_enough() {
    use crate::history::Aborted;
    let told = |aborted| {
        let judgement = judge(header(), Footer { aborted, ..footer(30) }, &thirty());
        judgement.given_up().map(|reason| reason.what.clone())
    };
    let when = "availability < 50%".to_owned();
    let hopeless = Aborted::Hopeless { when, why: "measured 0%".to_owned(), at: at(5.0) };
    assert!(told(Some(hopeless)).is_some_and(|what| what.contains("availability < 50%")));
    assert_eq!((told(Some(Aborted::Interrupted)), told(None)), (None, None));
}
