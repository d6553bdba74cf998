//! Pages of hand-made judgements, to be looked at. Those about one request are in `request`.

mod request;

use std::time::Duration;

use super::*;
use crate::history::expect::Expectation;
use crate::history::{
    AttemptResult, Ending, Failure, FailureClass, Header, Limit, Record, Skip, SkipReason, Wait, WaitCause,
};
use crate::judge::testkit::{continued, failed_over, failing, footer, header, hedged, served};
use crate::report::account::Collector;
use crate::report::instructive::Search;
use crate::report::suite::{Chapter, Suite};
use crate::report::{Account, paint, testkit};

fn account(header: Header, records: &[Record]) -> Account {
    let mut collector = Collector::new(header);
    records.iter().for_each(|record| collector.record(record));
    collector.finish(footer(records.len() as u64))
}

fn good() -> Account {
    testkit::good()
}

fn bad() -> Account {
    let mut records = testkit::thirty();
    records[12] = failing(12, &["claude", "claude"]);
    records[12].calls[0].retry_after = Some(Duration::from_secs(2));
    let mut header = header();
    header.expect = vec![Expectation::parse("availability >= 99.9%").expect("legal")];
    account(header, &records)
}

/// A good one and a bad one of three.
fn suite() -> Suite {
    Suite { chapters: vec![Chapter::once(good()), Chapter::once(bad())], planned: 3 }
}

fn lines_at(width: usize) -> String {
    let [good, bad] = [good(), bad()].map(|account| status_line(&Chapter::once(account), width, false));
    [status_header(width, false), good, bad].join("\n")
}

#[test]
fn status_lines_are_aligned() {
    insta::assert_snapshot!(lines_at(120), @r"
                                                                         first  output
    verdict         scenario                        requests available     p50     p99  not by the first choice
    ✓ PASS          regional-outage                       30      100%   501ms   561ms  10 fallback
    ✗ FAIL          regional-outage                       30     96.7%   501ms   561ms  9 fallback, 1 error
    ");
}

#[test]
fn status_lines_drop_columns_where_there_is_no_room() {
    insta::assert_snapshot!(lines_at(80), @r"
                                                               first  output
    verdict         scenario              requests available     p50     p99
    ✓ PASS          regional-outage             30      100%   501ms   561ms
    ✗ FAIL          regional-outage             30     96.7%   501ms   561ms
    ");
    insta::assert_snapshot!(lines_at(60), @r"
                                                           first
    verdict         scenario          requests available     p50
    ✓ PASS          regional-outage         30      100%   501ms
    ✗ FAIL          regional-outage         30     96.7%   501ms
    ");
    insta::assert_snapshot!(lines_at(40), @r"
       scenario          requests available
    ✓  regional-outage         30      100%
    ✗  regional-outage         30     96.7%
    ");
}

#[test]
fn a_page_tells_the_run() {
    insta::assert_snapshot!(summary(&good(), 80, false), @r"
    ✓ PASS  regional-outage  seed 7
      Claude's region goes dark.

    Over time
                0        5s       10s      15s      20s      25s
                ├────────┬────────┬────────┬────────┬────────┬────────┬
      offered   ▆·▄▆·▆·▄·▄·▆▄·▄·▆·▆·▆·▄·▄▆·▆·▄·▄·▆▄·▄·▆·▆·▆·▄·▄▆·▆·▄·█      peak 3/s
      attained  █ ██ █ █ █ ██ █ █ █ █ █ ██ █ █ █ ██ █ █ █ █ █ ██ █ █ █    least 100%
      fallback  · ·· · · · ·· · · █ █ █ ██ █ █ █ ██ · · · · · ·· · · ·            10
      anthropic █ ██ █ █ █ ██ █ █ ▄ ▄ ▄ ▄▄ ▄ ▄ ▄ ▄█·█ █ █ █ █ ██ █ █ █      30 asked
      google    · ·· · · · ·· · · ▄ ▄ ▄ ▄▄ ▄ ▄ ▄ ▄·█· · · · · ·· · · ·      10 asked
      outage                      ━━━━━━━━━━━━━━━━━━                          status

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

    every figure is defined in docs/metrics.md, and by `brownout figures NAME`
    ");
}

#[test]
fn a_failure_is_told_as_a_story() {
    insta::assert_snapshot!(failure(&bad().judgement, 100, false), @r"
    ✗ I02 pre-commit-recovery
      it failed with server_error and `flash` was never asked, with time left
         +0.000s  request 12 (req-12) asks `support` [claude, flash], deadline 20s for a stream
         +0.001s  ┌ attempt 1: claude (first choice)
         +0.061s  │ anthropic answered 500, asked to wait 2s [fault: outage]
         +0.061s  └ failed: 500 server_error: boom
         +0.061s  ┌ attempt 2: claude (the same model again, after server_error)
         +0.121s  │ anthropic answered 500 [fault: outage]
         +0.121s  └ failed: 500 server_error: boom
         +0.121s  the caller has 500: boom

    ✗ I10 server-directed-wait
      claude asked for 2s and was asked again 2s too early, by attempt 2
      by request 12, told above
      3 requests broke it; also requests 13, 14

    ✗ expected availability >= 99.9%
      measured 96.667%

    look closer: brownout explain scenarios/outages/regional-outage.yaml req-12 --seed 7
    ");
    assert_eq!(failure(&good().judgement, 100, false), "");
}

#[test]
fn the_closing_says_what_to_do_next() {
    insta::assert_snapshot!(closing(&suite(), 60, false), @r"
    ────────────────────────────────────────────────────────────
    1 passed, 1 failed, 1 not run  (60 requests judged)

    ✗ regional-outage
        I02 pre-commit-recovery broken by 1 request
        I10 server-directed-wait broken by 3 requests
        expected availability >= 99.9%
        first witness: request req-12: it failed with
        server_error and `flash` was never asked, with time left
        look closer  brownout explain scenarios/outages/regional-outage.yaml req-12 --seed 7
        run again    brownout run scenarios/outages/regional-outage.yaml --seed 7
    ");
}

#[test]
fn narrow_pages_stay_narrow() {
    for width in [40, 60, 80, 120] {
        for account in [good(), bad()] {
            let stories = failure(&account.judgement, width, false);
            let told = stories.lines().filter(|line| !is_command(line));
            let page = summary(&account, width, false);
            let lines = [status_line(&Chapter::once(account), width, false), status_header(width, false)];
            let text = [page, lines.join("\n"), told.collect::<Vec<_>>().join("\n")].join("\n");
            let wide: Vec<_> = text.lines().filter(|line| paint::width(line) > width).collect();
            assert!(wide.is_empty(), "{width}: {wide:#?}");
        }
        let last = closing(&suite(), width, false);
        let wide: Vec<_> =
            last.lines().filter(|line| !is_command(line) && paint::width(line) > width).collect();
        assert!(wide.is_empty(), "{width}: {wide:#?}");
    }
}

/// Commands are there to be pasted, and never cut.
fn is_command(line: &str) -> bool {
    line.contains("brownout run ") || line.contains("brownout explain ")
}

#[test]
fn a_narrow_page_tells_the_run_as_well() {
    insta::assert_snapshot!(summary(&bad(), 40, false), @r"
    ✗ FAIL  regional-outage  seed 7
      Claude's region goes dark.
      ✗ I02 pre-commit-recovery broken by 1
        request
        request 12: it failed with
        server_error and `flash` was never
        asked, with time left
      ✗ I10 server-directed-wait broken by 3
        requests
        request 12: claude asked for 2s and
        was asked again 2s too early, by
        attempt 2
      ✗ expected availability >= 99.9%
        measured 96.667%

    Over time
               0         20s
               ├─────────┬─────
      offered  ▆▅▅▆▅▅▅▃▅▅▆▅▅▅▃█     peak 2/s
      attained ██████▄█████████  least 50.0%
      fallback ·····█▄███▄·····            9
      error    ······▄·········            1
      anthrop… █████▄▆▄▄▄▆█████     31 asked
      google   ·····▄▂▄▄▄▃·····      9 asked
      retries  ······█·········            1
      outage        ━━━━━             status

    Phases
                             first output
      phase     available     p50     p99
      baseline       100%   501ms   501ms
      outage        90.0%   561ms   561ms
      after          100%   501ms   501ms
      run           96.7%   501ms   561ms

    Outcomes
      primary           20   66.7%  ██████▋
      fallback           9   30.0%  ███
      error              1    3.3%  ▍

    Latency
      first output: p50 501ms, p90 561ms,
      p99 561ms, max 561ms
      up to 630ms │█████████████ 29
      whole answer: p50 1s, p90 1.06s, p99
      1.06s, max 1.06s
      up to 1.25s │█████████████ 29

    Failover
      anthropic 10s..20s (outage)
      time to failover unknown (too few req…
      harmed before 1 · wasted attempts 11
      flaps 0 · lost 1.0 requests
      detect p50 0s · decide p50 0s
      answer p50 500ms · added p50 60ms

    Politeness and cost
      amplification 1.333x · in outage 1.1x
      early retries 1 · useless repeats 0
      orphans 0 · cost $0.009495
      per success $0.000327
      inflation 0.728x · quality 0.974x

    Expectations
      ✗ availability >= 99.9%: measured
        96.667%

    Promises
      ✓ kept: I01 I03 I05 I06 I07 I08 I09
        I11 I12 I16 I18 I19 I20 I21 I22 I26
        I27 I29
      ✗ I02 pre-commit-recovery: 1 of 1 req…
      ✗ I10 server-directed-wait: 3 of 3 re…

    Faults
      ✓ outage on anthropic (status): fired…

    every figure is defined in
    docs/metrics.md, and by `brownout
    figures NAME`
    ");
}

#[test]
fn names_in_wide_characters_keep_the_columns_aligned() {
    let mut wide = good();
    wide.judgement.header.scenario = "地域障害".to_owned();
    let line = status_line(&Chapter::once(wide), 80, false);
    let plain = status_line(&Chapter::once(good()), 80, false);
    let requests = |line: &str| paint::width(&line[..line.find(" 30 ").expect("30 requests")]);
    assert_eq!(requests(&line), requests(&plain));
}

#[test]
fn colour_is_only_there_when_asked_for() {
    assert!(!summary(&bad(), 80, false).contains('\u{1b}'));
    assert!(summary(&bad(), 80, true).contains("\u{1b}[1m"));
}

#[test]
fn the_speed_is_told_for_simulations_only() {
    let mut real = good().judgement;
    real.header.mode = crate::history::Mode::RealTime;
    let took = Duration::from_millis(1500);

    assert_eq!(
        speed([&good().judgement, &good().judgement], took),
        "simulated 60s in 1.5s, 40 times faster than real time"
    );
    assert_eq!(speed([&real], took), "ran 1.5s in real time");
}

#[test]
fn only_runs_that_took_long_are_called_slow() {
    let run = |ms, name: &str| (Duration::from_millis(ms), name.to_owned());
    let runs = [run(3_100, "poisson-100k"), run(1_000, "hour"), run(999, "quick")];

    assert_eq!(slowest(&runs), Some("slowest: poisson-100k 3.1s, hour 1s".to_owned()));
    assert_eq!(slowest(&runs[2..]), None);
}
