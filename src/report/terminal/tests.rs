//! Pages of hand-made judgements, to be looked at.

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
fn a_request_is_told_line_by_line() {
    insta::assert_snapshot!(story(&failed_over(11), &header(), 100), @r"
    +0.000s  request 11 (req-11) asks `support` [claude, flash], deadline 20s for a stream
    +0.001s  ┌ attempt 1: claude (first choice)
    +0.061s  │ anthropic answered 500 [fault: outage]
    +0.061s  └ failed: 500 server_error: boom
    +0.061s  ┌ attempt 2: flash (the next model, after server_error at claude)
    +0.561s  the caller sees the first output
    +1.061s  │ google answered 200, 10 of 10 words
    +1.061s  └ served, $0.000055
    +1.061s  the caller has 200, complete: 10 words from flash
    ");
}

#[test]
fn a_request_is_drawn_on_one_time_axis() {
    insta::assert_snapshot!(explain(&failed_over(11), &header(), 100, false), @r"
    request 11 (req-11) asks `support` [claude, flash], deadline 20s for a stream
    the caller has 200, complete: 10 words from flash

                 0           200ms       400ms        600ms       800ms        1s
                 ├───────────┬───────────┬────────────┬───────────┬────────────┬───
    caller       ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░███████████████████████████████   1.06s ✓ 200
    1 claude     ░░░                                                                 60ms ✗ server_error
      anthropic  ░░░                                                                 500 [outage]
    2 flash         ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░███████████████████████████████   1s ✓
      google        ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░███████████████████████████████   200 10/10 words
    ░ nothing yet · █ output
    limits: connection 2s, first output 2s, gap between outputs 10s, request 20s

    Exact times
                    began connected   headers    output     ended
    caller        +0.000s         -   +0.561s   +0.561s   +1.061s
    1 claude      +0.001s   +0.001s         -         -   +0.061s
      anthropic   +0.001s         -   +0.061s         -   +0.061s
    2 flash       +0.061s   +0.061s         -   +0.561s   +1.061s
      google      +0.061s         -   +0.561s   +0.561s   +1.061s

    What happened
       +0.000s  request 11 (req-11) asks `support` [claude, flash], deadline 20s for a stream
       +0.001s  ┌ attempt 1: claude (first choice)
       +0.061s  │ anthropic answered 500 [fault: outage]
       +0.061s  └ failed: 500 server_error: boom
       +0.061s  ┌ attempt 2: flash (the next model, after server_error at claude)
       +0.561s  the caller sees the first output
       +1.061s  │ google answered 200, 10 of 10 words
       +1.061s  └ served, $0.000055
       +1.061s  the caller has 200, complete: 10 words from flash
    ");
}

/// One that waited for a bench and for its caller's patience: pauses, models passed over, a limit that ran out.
fn eventful() -> Record {
    let mut record = failed_over(11);
    let trail = record.trail.as_mut().expect("a trail");
    let start = record.caller.intended;
    let ms = |ms| start + Duration::from_millis(ms);
    let class = FailureClass::Timeout(Limit::FirstToken);
    trail.attempts[0].ended = ms(2_001);
    trail.attempts[0].result = AttemptResult::Failed(Failure::new(class, "no output in time"));
    record.calls[0].ended = ms(2_001);
    record.calls[0].ending = Ending::Abandoned;
    record.calls[0].headers_sent = Some(ms(900));
    record.calls[0].status = Some(200);
    trail.skips.push(Skip {
        model: "flash".to_owned(),
        at: ms(2_001),
        reason: SkipReason::Benched { until: ms(2_500) },
    });
    trail.waits.push(Wait { from: ms(2_001), until: ms(2_500), cause: WaitCause::Bench });
    let second = &mut trail.attempts[1];
    (second.started, second.connected) = (ms(2_500), Some(ms(2_500)));
    (second.first_output, second.ended) = (Some(ms(3_000)), ms(3_500));
    let call = &mut record.calls[1];
    (call.received, call.first_output, call.ended) = (ms(2_500), Some(ms(3_000)), ms(3_500));
    (record.caller.first_output, record.caller.ended) = (Some(ms(3_000)), ms(3_500));
    (record.caller.headers, record.calls[1].headers_sent) = (Some(ms(3_000)), Some(ms(2_900)));
    record.caller.last_output = Some(ms(3_500));
    trail.ended = ms(3_500);
    record
}

#[test]
fn pauses_and_limits_and_models_passed_over_are_on_the_axis() {
    insta::assert_snapshot!(explain(&eventful(), &header(), 72, false), @r"
    request 11 (req-11) asks `support` [claude, flash], deadline 20s for a
    stream
    the caller has 200, complete: 10 words from flash

                 0       1s      2s      3s
                 ├───────┬───────┬───────┬────
    caller       ░░░░░░░░░░░░░░░░░░░░░░░░████   3.5s ✓ 200
    1 claude     ░░░░░░░░░░░░░░░░◆              2s ✗ timeout_first_token
      anthropic  ░░░░░░░▒▒▒▒▒▒▒▒▒               200 left [outage]
    passed over                  ⊘              flash
    pause                        ╌╌╌╌           499ms every model is benched
    2 flash                          ░░░░████   1s ✓
      google                         ░░░░████   200 10/10 words
    ░ nothing yet · ▒ status, no output yet · █ output · ╌ pause · ◆ limit
    that ran out · ⊘ passed over
    limits: connection 2s, first output 2s, gap between outputs 10s, request
    20s

    Exact times
                    began connected   headers    output     ended
    caller        +0.000s         -   +3.000s   +3.000s   +3.500s
    1 claude      +0.001s   +0.001s         -         -   +2.001s
      anthropic   +0.001s         -   +0.900s         -   +2.001s
    2 flash       +2.500s   +2.500s         -   +3.000s   +3.500s
      google      +2.500s         -   +2.900s   +3.000s   +3.500s

    What happened
       +0.000s  request 11 (req-11) asks `support` [claude, flash], deadline
                20s for a stream
       +0.001s  ┌ attempt 1: claude (first choice)
       +2.001s  │ anthropic was left in the middle of 200 [fault: outage]
       +2.001s  └ failed: timeout_first_token: no output in time (limit on
                  the first output: 2s)
       +2.001s  passed over flash: benched until +2.500s
       +2.001s  waits 499ms: every model is benched
       +2.500s  ┌ attempt 2: flash (the next model, after
                │ timeout_first_token at claude)
       +3.000s  the caller sees the first output
       +3.500s  │ google answered 200, 10 of 10 words
       +3.500s  └ served, $0.000055
       +3.500s  the caller has 200, complete: 10 words from flash
    ");
}

#[test]
fn models_asked_side_by_side_are_seen_side_by_side() {
    let page = explain(&hedged(3), &header(), 100, false);
    let picture: Vec<&str> = page.lines().skip(3).take(7).collect();
    insta::assert_snapshot!(picture.join("\n"), @r"
                 0             500ms          1s             1.5s
                 ├─────────────┬──────────────┬──────────────┬──────────────┬
    caller       ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░██████████████   2s ✓ 200
    1 claude     ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░              ┊  1.5s ○ another was faster
      anthropic  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░                 no answer 0/10 words left
    2 flash                                    ░░░░░░░░░░░░░░░██████████████   1s ✓
      google                                   ░░░░░░░░░░░░░░░██████████████   200 10/10 words
    ");
}

#[test]
fn a_page_about_a_request_fits_every_terminal() {
    let mut records =
        [failed_over(11), hedged(3), continued(4), failing(5, &["claude", "flash"]), eventful()];
    records[0].trail = None;
    for record in &records {
        for width in [60, 80, 120, 160] {
            let page = explain(record, &header(), width, false);
            let wide: Vec<_> = page.lines().filter(|line| paint::width(line) > width).collect();
            assert!(wide.is_empty(), "{width}: {wide:#?}");
        }
    }
}

#[test]
fn the_requests_worth_a_look_come_with_their_commands() {
    let mut search = Search::new(header());
    for record in [served(0, "claude"), failed_over(11), failing(12, &["claude", "claude"])] {
        search.record(&record);
    }
    let found = search.finish(footer(3));
    let look = |id: &str| format!("brownout explain out {id}");
    insta::assert_snapshot!(instructive(&found, &look, 80, false), @r"
    ✗ FAIL  regional-outage  seed 7, 3 requests

    Broken promises
      • I02 pre-commit-recovery: it failed with server_error and `flash` was never
        asked, with time left
        brownout explain out req-12

    The slowest
      • fallback after 1.06s, 2 attempts: claude 500 server_error; flash ok
        brownout explain out req-11
      • primary after 1s, 1 attempt: claude ok
        brownout explain out req-0
      • error after 121ms, 2 attempts: claude 500 server_error; claude 500
        server_error
        brownout explain out req-12

    The most attempts
      • fallback after 1.06s, 2 attempts: claude 500 server_error; flash ok
        brownout explain out req-11
      • error after 121ms, 2 attempts: claude 500 server_error; claude 500
        server_error
        brownout explain out req-12

    Failures, one of each kind
      • error: claude 500 server_error; claude 500 server_error
        brownout explain out req-12
      • fallback: claude 500 server_error; flash ok
        brownout explain out req-11
    ");
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
