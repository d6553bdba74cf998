//! Pages about one request.

use super::*;

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
fn a_request_behind_a_router_that_tells_nothing_is_told_by_its_providers() {
    let mut record = failed_over(11);
    record.trail = None;
    insta::assert_snapshot!(story(&record, &header(), 100), @r"
    +0.000s  request 11 (req-11) asks `support` [claude, flash], deadline 20s for a stream
    +0.001s  ┌ anthropic is called
    +0.061s  └ anthropic answered 500 [fault: outage]
    +0.061s  ┌ google is called
    +0.561s  the caller sees the first output
    +1.061s  └ google answered 200, 10 of 10 words
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
