//! Scopes and comparisons on hand-made histories; each answer is worked out in a comment.

use super::super::testkit::{at, failed_over, failing, footer, header, served};
use super::super::{ExpectationResult, Judge, Verdict};
use crate::history::expect::Expectation;
use crate::history::{Header, Record};

/// One request a second, ten in each of baseline, outage and after. Even ones are sent for `free`, odd ones for `paid`.
/// In the outage those of `free` fail on both models and those of `paid` are served by the second one.
fn thirty() -> Vec<Record> {
    let request = |second: u64| {
        let (outage, free) = ((10..20).contains(&second), second.is_multiple_of(2));
        let mut record = match (outage, free) {
            (true, true) => failing(second, &["claude", "flash"]),
            (true, false) => failed_over(second),
            (false, _) => served(second, "claude"),
        };
        record.caller.tenant = Some(if free { "free" } else { "paid" }.to_owned());
        record
    };
    (0..30).map(request).collect()
}

fn judge_with(header: Header, text: &str) -> ExpectationResult {
    let expect = vec![Expectation::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))];
    let mut judge = Judge::new(Header { expect, ..header });
    thirty().iter().for_each(|record| judge.record(record));
    judge.finish(footer(30)).expectations.remove(0)
}

fn judge(text: &str) -> ExpectationResult {
    judge_with(header(), text)
}

/// What is measured, over how many samples.
#[track_caller]
fn measures(text: &str, value: f64, samples: u64) {
    let result = judge(text);
    assert_eq!((result.measured, result.samples), (Some(value), samples), "{text}: {}", result.explanation);
}

/// The verdict, the threshold and what it rests on, and the comparison in words.
#[track_caller]
fn compares(text: &str, verdict: Verdict, threshold: (f64, u64), words: &str) {
    let result = judge(text);
    let found = (result.threshold, result.threshold_samples);
    assert_eq!(found, (Some(threshold.0), Some(threshold.1)), "{text}: {}", result.explanation);
    assert_eq!((result.verdict, result.explanation.as_str()), (verdict, words), "{text}");
}

#[track_caller]
fn cannot_tell(text: &str, why: &str) {
    let result = judge(text);
    assert_eq!(result.verdict, Verdict::Inconclusive, "{text}");
    assert!(result.explanation.contains(why), "{text}: {}", result.explanation);
}

#[test]
fn requests_are_told_apart_by_tenant_route_and_phase() {
    // All of the 5 of free in the outage failed; of its 15 in the whole run 10 were answered.
    measures("availability >= 0 during outage for tenant=free", 0.0, 5);
    measures("availability >= 0 for tenant=free", 0.666_666_667, 15);
    measures("availability >= 0 during outage for tenant=paid", 1.0, 5);
    measures("availability >= 0 during outage for tenant=free|paid", 0.5, 10);
    measures("availability >= 0 during outage for route=support", 0.5, 10);
    measures("requests >= 0 during baseline|outage for tenant=paid", 10.0, 10);
    // 5 attained in the ten seconds of the outage.
    measures("goodput >= 0 during outage for tenant=paid", 0.5, 5);
}

#[test]
fn requests_are_told_apart_by_who_served_and_how_they_ended() {
    // flash served 5; and was asked last, in vain, by the 5 that failed on both.
    measures("requests >= 0 for provider=google", 10.0, 10);
    measures("requests >= 0 for model=flash, outcome=fallback", 5.0, 5);
    measures("requests >= 0 for model=claude", 20.0, 20);
    measures("availability >= 0 for provider=google", 0.5, 10);
    // Asked at +1 ms, failed at +61 ms, served from there: the first output is there at +561 ms.
    measures("latency.first_token.mean < 1s for outcome=fallback", 0.561, 5);
    // claude's 450 microdollars a request, flash's 55 and nothing for the failures: 20 x 450 / 20, 5 x 55 / 5.
    measures("cost.per_success < $1 for provider=anthropic", 0.000_45, 20);
    measures("cost.per_success < $1 for provider=google", 0.000_055, 10);
}

#[test]
fn amplification_of_a_provider_counts_the_attempts_on_it() {
    // Every one of the 30 requests asked claude, and the 10 of the outage asked flash too.
    measures("amplification <= 2 for provider=google", 0.333_333_333, 30);
    measures("amplification <= 2 for provider=google during outage", 1.0, 10);
    measures("amplification <= 2 during outage for tenant=free", 2.0, 5);
}

#[test]
fn another_phase_is_a_threshold() {
    // 5 of 10 a second attained in the outage, all of 10 in the baseline: 0.5/s and 1/s.
    compares(
        "goodput during outage >= 95% of baseline",
        Verdict::Fail,
        (0.95, 10),
        "measured 0.5/s, and 95% of baseline is 0.95/s (10 and 10 samples)",
    );
    compares(
        "goodput during outage >= 50% of baseline",
        Verdict::Pass,
        (0.5, 10),
        "measured 0.5/s, and 50% of baseline is 0.5/s (10 and 10 samples)",
    );
    // Both sides are of the paying ones: 0.5/s, and 5 in the ten seconds of the baseline.
    compares(
        "goodput during outage >= baseline for tenant=paid",
        Verdict::Pass,
        (0.5, 5),
        "measured 0.5/s, and baseline is 0.5/s (5 and 5 samples)",
    );
    // The first output comes after 501 ms in the baseline and after 561 ms in the outage.
    compares(
        "latency.first_token.mean during outage <= baseline + 60ms",
        Verdict::Pass,
        (0.561, 10),
        "measured 561ms, and baseline + 60ms is 561ms (5 and 10 samples)",
    );
    compares(
        "availability during outage >= baseline - 49%",
        Verdict::Fail,
        (0.51, 10),
        "measured 50%, and baseline - 49% is 51% (10 and 10 samples)",
    );
}

#[test]
fn another_figure_is_a_threshold() {
    // free: 10 x 450 microdollars / 10 answered. paid: (10 x 450 + 5 x 55) / 15 = 318.333 microdollars, and 1.2 times that.
    compares(
        "cost.per_success for tenant=free <= 1.2x of cost.per_success for tenant=paid",
        Verdict::Fail,
        (0.000_382, 15),
        "measured $0.00045, and 120% of cost.per_success for tenant=paid is $0.000382 (15 and 15 samples)",
    );
}

#[test]
fn nobody_is_not_the_same_as_everything_fine() {
    let of_nobody = "availability >= 99% during outage for tenant=trial";
    cannot_tell(
        of_nobody,
        "no request of tenant `trial` arrived during `outage`: send some, or drop the condition",
    );
    cannot_tell(
        "goodput >= 1 for provider=elsewhere",
        "no request that ended at provider `elsewhere` arrived",
    );
    cannot_tell(
        "goodput >= 90% of goodput for tenant=trial",
        "of 90% of goodput for tenant=trial: no request of",
    );
    cannot_tell("failover.added.p99 < 1s during baseline", "none of them failed over");
    cannot_tell("flaps == 0 for provider=google", "no fault has a window on a provider");
    cannot_tell("availability >= 1 during lunch", "no phase `lunch`");
    // That there is none of something can be expected.
    measures("requests == 0 for outcome=broken", 0.0, 0);
}

#[test]
fn windows_are_told_apart_by_their_provider() {
    let mut two = header();
    two.faults.push(crate::history::PlannedFault {
        provider: "google".to_owned(),
        name: "other".to_owned(),
        kind: "status".to_owned(),
        during: vec![mock_providers::fault::Window { from: at(25.0), to: at(26.0) }],
    });
    // The first attempts of the 10 requests of the window went to claude and failed.
    let result = judge_with(two, "wasted_attempts <= 10 for provider=anthropic");
    assert_eq!((result.measured, result.samples), (Some(10.0), 10));
}

#[test]
fn nothing_is_kept_without_a_scope() {
    let slices = |text: &str| {
        let expect = vec![Expectation::parse(text).expect("legal")];
        format!("{:?}", super::super::slices::Slices::new(&Header { expect, ..header() }))
    };
    assert_eq!(slices("goodput during outage >= 95% of baseline"), "Slices([])");
    assert!(slices("goodput >= 1 for tenant=free").contains("free"));
}

#[test]
fn another_part_for_others_is_named_in_full() {
    // The paying ones in the outage: 55 microdollars; free ones before it: 450, and 1.2 times that are 540.
    compares(
        "cost.per_success during outage for tenant=paid <= 1.2x of cost.per_success during baseline for tenant=free",
        Verdict::Pass,
        (0.000_54, 5),
        "measured $0.000055, and 120% of cost.per_success during baseline for tenant=free is $0.00054 (5 and 5 samples)",
    );
    compares(
        "amplification during outage <= 2x of amplification during baseline",
        Verdict::Pass,
        (2.0, 10),
        "measured 2x, and 200% of baseline is 2x (10 and 10 samples)",
    );
}

#[test]
fn a_time_is_told_in_the_unit_in_which_people_read_it() {
    use super::show_seconds;
    for (seconds, told) in [
        (0.0, "0s"),
        (0.000_25, "250us"),
        (0.001, "1ms"),
        (0.009_96, "10ms"),
        (0.009_54, "9.5ms"),
        (0.010, "10ms"),
        (0.056_2, "56ms"),
        (0.561, "561ms"),
        (1.0, "1s"),
        (1.234, "1.23s"),
        (10.0, "10s"),
        (12.34, "12.3s"),
        (119.4, "119.4s"),
        (120.0, "2m"),
        (125.0, "2m05s"),
        (3_599.6, "60m"),
        (3_661.0, "61m01s"),
        (-0.06, "-60ms"),
        (-185.0, "-3m05s"),
    ] {
        assert_eq!(show_seconds(seconds), told, "{seconds}");
    }
}
