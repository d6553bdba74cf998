//! Pages of hand-made judgements, to be looked at.

use std::time::Duration;

use super::*;
use crate::history::expect::Expectation;
use crate::history::{Header, Record};
use crate::judge::testkit::{failed_over, failing, footer, header, served};
use crate::judge::{Judge, Judgement};

fn judge(header: Header, records: &[Record]) -> Judgement {
    let mut judge = Judge::new(header);
    records.iter().for_each(|record| judge.record(record));
    judge.finish(footer(records.len() as u64))
}

fn thirty() -> Vec<Record> {
    (0..30).map(|n| if (10..20).contains(&n) { failed_over(n) } else { served(n, "claude") }).collect()
}

fn good() -> Judgement {
    let mut header = header();
    header.expect =
        ["availability >= 99.9%", "latency.first_token.p99 < 3s during outage", "amplification <= 1.4"]
            .map(|text| Expectation::parse(text).expect("legal"))
            .to_vec();
    judge(header, &thirty())
}

fn bad() -> Judgement {
    let mut records = thirty();
    records[12] = failing(12, &["claude", "claude"]);
    records[12].calls[0].retry_after = Some(Duration::from_secs(2));
    let mut header = header();
    header.expect = vec![Expectation::parse("availability >= 99.9%").expect("legal")];
    judge(header, &records)
}

#[test]
fn status_lines_are_aligned() {
    let lines =
        [status_header(120, false), status_line(&good(), 120, false), status_line(&bad(), 120, false)];
    insta::assert_snapshot!(lines.join("\n"), @r"
                                                                         first  output
    verdict         scenario                        requests available     p50     p99  not by the first choice
    ✓ PASS          regional-outage                       30      100%   501ms   561ms  10 fallback
    ✗ FAIL          regional-outage                       30     96.7%   501ms   561ms  9 fallback, 1 error
    ");
}

#[test]
fn a_page_tells_the_run() {
    insta::assert_snapshot!(summary(&good(), 80, false), @r"
    ✓ PASS  regional-outage  seed 7
      Claude's region goes dark.

    Phases
                                                     first output    whole answer
      phase             when  requests  available     p50     p99     p50     p99
      baseline       0s..10s        10       100%   501ms   501ms      1s      1s
      outage        10s..20s        10       100%   561ms   561ms   1.06s   1.06s
      after         20s..30s        10       100%   501ms   501ms      1s      1s
      run            0s..30s        30       100%   501ms   561ms      1s   1.06s

    Outcomes
      primary           20   66.7%  ██████████████████████████▋
      fallback          10   33.3%  █████████████▍

    Latency
      first output: p50 501ms, p90 561ms, p99 561ms, max 561ms
      up to 630ms │█████████████████████████████████████████████████████ 30
      whole answer: p50 1s, p90 1.06s, p99 1.06s, max 1.06s
      up to 1.25s │█████████████████████████████████████████████████████ 30

    Failover
      anthropic 10s..20s (outage)
      time to failover unknown (too few requests) · harmed before 0
      wasted attempts 10 · flaps 0
      detect p50 0s · decide p50 0s · answer p50 500ms · added p50 60ms

    Politeness and cost
      amplification 1.333x · in outage 1x · early retries 0 · useless repeats 0
      orphans 0 · cost $0.00955 · per success $0.000318 · inflation 0.707x
      quality 0.972x

    Expectations
      ✓ availability >= 99.9%: measured 100%
      ✓ latency.first_token.p99 < 3s during outage: measured 561ms
      ✓ amplification <= 1.4: measured 1.333x

    Promises
      ✓ kept: I01 I03 I05 I06 I07 I08 I09 I12 I16 I19 I20 I21 I22 I26 I27 I29

    Faults
      ✓ outage on anthropic (status): fired 1 time
    ");
}

#[test]
fn a_failure_is_told_as_a_story() {
    insta::assert_snapshot!(failure(&bad()), @r"
    ✗ I02 pre-commit-recovery
      it failed with server_error and `flash` was never asked, with time left
         +0.000s  request 12 (req-12) asks `support` [claude, flash], deadline 20s for a stream
         +0.001s  ┌ attempt 1: claude (first choice)
         +0.061s  │ anthropic answered 500, asked to wait 2s [fault: outage]
         +0.061s  └ failed: 500 server_error: boom
         +0.061s  ┌ attempt 2: claude (the same model again)
         +0.121s  │ anthropic answered 500 [fault: outage]
         +0.121s  └ failed: 500 server_error: boom
         +0.121s  the caller has 500: boom

    ✗ I10 server-directed-wait
      claude asked for 2s and was asked again 2s too early, by attempt 2
      by request 12, told above

    ✗ expected availability >= 99.9%
      measured 96.667%

    look closer: brownout explain scenarios/outages/regional-outage.yaml req-12 --seed 7
    ");
    assert_eq!(failure(&good()), "");
}

#[test]
fn the_closing_says_what_to_do_next() {
    insta::assert_snapshot!(closing(&[good(), bad()], 3, 60, false), @r"
    ────────────────────────────────────────────────────────────
    1 passed, 1 failed, 1 not run  (60 requests judged)

    regional-outage
      I02 pre-commit-recovery broken by 1 request
      I10 server-directed-wait broken by 1 request
      expected availability >= 99.9%
      brownout run scenarios/outages/regional-outage.yaml --seed 7
    ");
}

#[test]
fn narrow_pages_stay_narrow() {
    for judgement in [good(), bad()] {
        let text =
            [summary(&judgement, 60, false), status_line(&judgement, 60, false), status_header(60, false)]
                .join("\n");
        let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 60).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
}

#[test]
fn colour_is_only_there_when_asked_for() {
    assert!(!summary(&bad(), 80, false).contains('\u{1b}'));
    assert!(summary(&bad(), 80, true).contains("\u{1b}[1m"));
}

#[test]
fn a_request_is_explained_on_one_time_axis() {
    insta::assert_snapshot!(explain(&failed_over(11), &header()), @r"
    +0.000s  request 11 (req-11) asks `support` [claude, flash], deadline 20s for a stream
    +0.001s  ┌ attempt 1: claude (first choice)
    +0.061s  │ anthropic answered 500 [fault: outage]
    +0.061s  └ failed: 500 server_error: boom
    +0.061s  ┌ attempt 2: flash (the next model)
    +0.561s  the caller sees the first output
    +1.061s  │ google answered 200, 10 of 10 words
    +1.061s  └ served, $0.000055
    +1.061s  the caller has 200, complete: 10 words from flash
    ");
}

#[test]
fn the_speed_is_told_for_simulations_only() {
    let mut real = good();
    real.header.mode = crate::history::Mode::RealTime;
    let took = Duration::from_millis(1500);

    assert_eq!(speed(&[good(), good()], took), "simulated 60s in 1.5s, 40 times faster than real time");
    assert_eq!(speed(&[real], took), "ran 1.5s in real time");
}

#[test]
fn only_runs_that_took_long_are_called_slow() {
    let run = |ms, name: &str| (Duration::from_millis(ms), name.to_owned());
    let runs = [run(3_100, "poisson-100k"), run(1_000, "hour"), run(999, "quick")];

    assert_eq!(slowest(&runs), Some("slowest: poisson-100k 3.1s, hour 1s".to_owned()));
    assert_eq!(slowest(&runs[2..]), None);
}
