//! Histories in which retries are paced, bunched or too many.

use super::super::{run, run_to_its_end};
use super::*;
use crate::history::{AttemptResult, Header, Moment, Record, Skip};
use crate::judge::testkit::{at, failing, footer, header, served, without_trail};
use crate::router::config::{Backoff, Budget, ClassPolicy, Hedge, HedgeAfter, Jitter, RetryOrder};

/// Server errors are repeated three times, after `base`, twice that, four times that.
fn backing_off(base: u64, jitter: Jitter) -> Header {
    let mut header = header();
    let known = *header.routes[0].retry.of(FailureClass::ServerError).expect("declared");
    let backoff = Backoff { base: Duration::from_millis(base), factor: 2.0, jitter, ..Backoff::default() };
    header.routes[0].retry.set(FailureClass::ServerError, ClassPolicy { times: 3, backoff, ..known });
    header
}

/// claude fails again and again, with these pauses in milliseconds.
fn paused(number: u64, pauses: &[u64]) -> Record {
    paused_between(number, &vec!["claude"; pauses.len() + 1], pauses)
}

/// The same of these models.
fn paused_between(number: u64, models: &[&str], pauses: &[u64]) -> Record {
    let mut record = failing(number, models);
    let trail = record.trail.as_mut().expect("a trail");
    for (before, pause) in pauses.iter().enumerate() {
        let pause = Duration::from_millis(*pause);
        for attempt in &mut trail.attempts[before + 1..] {
            attempt.started += pause;
            attempt.connected = Some(attempt.started);
            attempt.ended += pause;
        }
        for call in &mut record.calls[before + 1..] {
            call.received += pause;
            call.ended += pause;
            call.headers_sent = Some(call.ended);
        }
        trail.ended += pause;
        record.caller.ended += pause;
    }
    record
}

#[test]
fn a_repeat_before_its_wait_is_broken() {
    // Without jitter 100 and 200 ms; with `equal` half of that at least; with `full` nothing.
    let plain =
        |pauses: &[u64], jitter| run("I11", backing_off(100, jitter), &[paused(0, pauses)]).violations;
    assert_eq!(plain(&[100, 200], Jitter::None), 0);
    assert_eq!(plain(&[100, 199], Jitter::None), 1);
    assert_eq!(plain(&[50, 100], Jitter::Equal), 0);
    assert_eq!(plain(&[50, 99], Jitter::Equal), 1);
    assert_eq!(plain(&[0, 0], Jitter::Full), 0);
    assert_eq!(run("I11", header(), &[served(0, "claude")]).checked, 0);
}

#[test]
fn twenty_waits_that_lie_close_together_are_broken() {
    // Of 0..1000 ms: 500..519 ms are 1.9 % of the range, 0..950 ms are 95 %.
    let run = |pause: fn(u64) -> u64, waits: u64| {
        let records: Vec<Record> = (0..waits).map(|n| paused(n, &[pause(n)])).collect();
        run("I11", backing_off(1_000, Jitter::Full), &records)
    };
    let close = run(|n| 500 + n, 20);
    assert_eq!(close.violations, 1, "{close:?}");
    assert_eq!(close.witnesses[0].others, [0, 19]);
    assert_eq!(run(|n| n * 50, 20).violations, 0);
    assert_eq!(run(|n| 500 + n, 19).violations, 0, "too few to tell");
}

#[test]
fn repeats_stay_within_their_budget() {
    // Ten requests, each repeated once: a share of 0.1 allows one repeat; one a second allows 30 s and ten seconds more.
    let records: Vec<Record> = (0..10).map(|n| paused(n, &[0])).collect();
    let run = |share, per_second| {
        let mut header = backing_off(0, Jitter::Full);
        header.routes[0].retry_budget = Some(Budget { share, per_second });
        run("I11", header, &records).violations
    };
    assert_eq!((run(0.1, 0.0), run(1.0, 0.0), run(0.0, 1.0)), (1, 0, 0));
}

#[test]
fn hedges_stay_within_their_budget() {
    // Ten requests, each hedged once, within ten seconds: a share of 0.1 allows one hedge; one a second allows 30 s and ten more.
    let hedges: Vec<Record> = (0..10).map(crate::judge::testkit::hedged).collect();
    let run = |records: &[Record], share, per_second| {
        let mut header = header();
        let budget = Budget { share, per_second };
        header.routes[0].hedge =
            Some(Hedge { after: HedgeAfter::Fixed(Duration::from_secs(1)), budget, most: 1 });
        run("I11", header, records).violations
    };
    assert_eq!((run(&hedges, 0.1, 0.0), run(&hedges, 1.0, 0.0), run(&hedges, 0.0, 1.0)), (1, 0, 0));
    // What is asked after a failure is no hedge.
    let others: Vec<Record> = (0..10).map(crate::judge::testkit::failed_over).collect();
    assert_eq!(run(&others, 0.1, 0.0), 0);
}

#[test]
fn a_request_is_counted_once_however_often_it_repeats() {
    let told = |pauses: &[u64]| {
        let mut header = backing_off(100, Jitter::None);
        header.routes[0].retry_budget = None;
        let result = run("I11", header, &[paused(0, pauses)]);
        (result.checked, result.violations)
    };
    assert_eq!((told(&[]), told(&[100]), told(&[100, 200])), ((0, 0), (1, 0), (1, 0)));
    assert_eq!(told(&[99, 200]), (1, 1), "the second was in time");
}

#[test]
fn repeats_of_one_target_make_nobody_elses_wait_grow() {
    // Each of them has failed once: 100 ms, not 200.
    let record = paused_between(0, &["claude", "flash", "flash"], &[0, 100]);
    assert_eq!(run("I11", backing_off(100, Jitter::None), &[record]).violations, 0);
}

#[test]
fn a_target_that_was_passed_over_may_be_asked_when_its_turn_comes() {
    let benched = SkipReason::Benched { until: at(0.07) };
    for (name, reason, violations) in [
        ("claude", benched, 0),
        ("claude-eu", benched, 0),
        ("flash", benched, 1),
        ("claude", SkipReason::RetryBudget, 1),
        ("claude", SkipReason::SameCause, 1),
        ("claude", SkipReason::Spent, 1),
    ] {
        let mut header = backing_off(100, Jitter::None);
        header.targets[0].name = "claude-eu".to_owned();
        let mut record = paused(0, &[10]);
        let trail = record.trail.as_mut().expect("a trail");
        let at = trail.attempts[0].ended;
        trail.skips.push(Skip { model: name.to_owned(), at, reason });
        assert_eq!(run("I11", header, &[record]).violations, violations, "{name} {reason:?}");
    }
}

#[test]
fn a_wait_is_counted_from_the_status_line_too_where_moments_are_exact() {
    // 100 ms after the attempt had ended, and 90 ms after its status was sent; only that of an error says that it failed.
    for (mode, status, violations) in
        [(Mode::Simulated, 500, 1), (Mode::Simulated, 200, 0), (Mode::RealTime, 500, 0)]
    {
        let mut header = backing_off(100, Jitter::None);
        header.mode = mode;
        let mut record = paused(0, &[100]);
        let call = &mut record.calls[0];
        call.headers_sent = Some(call.ended + Duration::from_millis(10));
        call.status = Some(status);
        assert_eq!(run("I11", header, &[record]).violations, violations, "{mode:?} {status}");
    }
}

#[test]
fn ten_microseconds_of_a_wait_may_be_lost_in_rounding() {
    for (lost, violations) in [(10, 0), (11, 1)] {
        let mut record = paused(0, &[100]);
        let again = &mut record.trail.as_mut().expect("a trail").attempts[1];
        again.started = Moment::from_us(again.started.as_us() - lost);
        (again.connected, record.calls[1].received) = (Some(again.started), again.started);
        assert_eq!(run("I11", backing_off(100, Jitter::None), &[record]).violations, violations, "{lost} us");
    }
}

/// Complaints about twenty waits of 50 ms, drawn from up to `base` milliseconds. The failed attempts end 61 ms after the
/// arrival.
fn alike(base: u64, declare: impl Fn(&mut Header), tell: impl Fn(&mut Record)) -> u64 {
    let mut header = backing_off(base, Jitter::Full);
    declare(&mut header);
    let mut records: Vec<Record> = (0..20).map(|n| paused(n, &[50])).collect();
    records.iter_mut().for_each(tell);
    run("I11", header, &records).violations
}

#[test]
fn only_waits_that_were_drawn_from_their_whole_range_are_compared() {
    assert_eq!(alike(1_000, |_| {}, |_| {}), 1);
    // A range of 100 ms is wide enough, one of 99 is not.
    assert_eq!((alike(100, |_| {}, |_| {}), alike(99, |_| {}, |_| {})), (1, 0));
    // The provider asked for so long; repeats come after the rest of the chain.
    let asked = |record: &mut Record| {
        let first = &mut record.trail.as_mut().expect("a trail").attempts[0];
        let AttemptResult::Failed(failure) = &mut first.result else { unreachable!("it failed") };
        failure.retry_after = Some(Duration::from_millis(50));
    };
    assert_eq!(alike(1_000, |_| {}, asked), 0);
    assert_eq!(alike(1_000, |header| header.routes[0].retry_order = RetryOrder::ChainFirst, |_| {}), 0);
    // After the longest wait, at 1,061 ms, no time would be left; or 1 ms, which is worth asking, and some.
    let until = |ms| {
        alike(
            1_000,
            |_| {},
            move |record| {
                let trail = record.trail.as_mut().expect("a trail");
                trail.deadline = trail.received + Duration::from_millis(ms);
            },
        )
    };
    assert_eq!((until(1_061), until(1_063)), (0, 1));
}

#[test]
fn what_waits_cover_is_a_share_of_their_range() {
    // Of 2 s: up to 475 ms are 24 %, up to 760 ms 38 %.
    let up_to = |step: u64| {
        let records: Vec<Record> = (0..20).map(|n| paused(n, &[n * step])).collect();
        run("I11", backing_off(2_000, Jitter::Full), &records).violations
    };
    assert_eq!((up_to(25), up_to(40)), (1, 0));
    // With `equal` jitter that is half of the wait: of 500 to 1,000 ms, 500 to 595 are 19 %, 500 to 690 are 38 %.
    let above_half = |step: u64| {
        let records: Vec<Record> = (0..20).map(|n| paused(n, &[500 + n * step])).collect();
        run("I11", backing_off(1_000, Jitter::Equal), &records).violations
    };
    assert_eq!((above_half(5), above_half(10)), (1, 0));
}

#[test]
fn waits_are_not_compared_where_a_bench_takes_the_short_ones_away() {
    // Once claude is benched when its attempt ends, at 20.061 s: whoever draws less than the bench passes it over. A bench seen
    // before that, or long after it, is another one.
    for (benched, violations) in [(20.0605, 1), (20.061, 0), (20.0625, 0), (20.064, 1)] {
        let mut records: Vec<Record> = (0..20).map(|n| paused(n, &[50])).collect();
        let mut over = failing(20, &["claude", "flash"]);
        let reason = SkipReason::Benched { until: at(21.0) };
        let skip = Skip { model: "claude".to_owned(), at: at(benched), reason };
        over.trail.as_mut().expect("a trail").skips.push(skip);
        records.push(over);
        let found = run("I11", backing_off(1_000, Jitter::Full), &records);
        assert_eq!(found.violations, violations, "{benched} s");
    }
}

#[test]
fn a_request_that_the_router_tells_nothing_of_adds_nothing_to_its_budget() {
    // Two of four are told of, and both are repeated: half of two is one.
    let untold = |n| without_trail(served(n, "claude"));
    let records = [paused(0, &[0]), paused(1, &[0]), untold(2), untold(3)];
    let mut header = backing_off(0, Jitter::Full);
    header.routes[0].retry_budget = Some(Budget { share: 0.5, per_second: 0.0 });
    assert_eq!(run("I11", header, &records).violations, 1);
}

#[test]
fn a_budget_by_the_second_grows_with_the_run_and_keeps_ten_seconds() {
    // Two a second for 31 s are 62, and twenty are kept: 82. 27 requests are repeated 81 times, 28 of them 84 times.
    for (requests, violations) in [(27, 0), (28, 1)] {
        let mut header = backing_off(0, Jitter::Full);
        header.routes[0].retry_budget = Some(Budget { share: 0.0, per_second: 2.0 });
        let records: Vec<Record> = (0..requests).map(|n| paused(n, &[0, 0, 0])).collect();
        let footer = Footer { ended: at(31.0), ..footer(requests) };
        let found = run_to_its_end("I11", header, &records, &[], &footer);
        assert_eq!(found.violations, violations, "{requests}: {found:?}");
    }
}
