//! Histories in which retries are paced, bunched or too many.

use super::super::run;
use super::*;
use crate::history::{Header, Record};
use crate::judge::testkit::{failing, header, served};
use crate::router::config::{Backoff, Budget, ClassPolicy, Hedge, HedgeAfter, Jitter};

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
    let mut record = failing(number, &vec!["claude"; pauses.len() + 1]);
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
    let records: Vec<Record> = (0..10).map(crate::judge::testkit::hedged).collect();
    let run = |share, per_second| {
        let mut header = header();
        let budget = Budget { share, per_second };
        header.routes[0].hedge =
            Some(Hedge { after: HedgeAfter::Fixed(Duration::from_secs(1)), budget, most: 1 });
        run("I11", header, &records).violations
    };
    assert_eq!((run(0.1, 0.0), run(1.0, 0.0), run(0.0, 1.0)), (1, 0, 0));
}
