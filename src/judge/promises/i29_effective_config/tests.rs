//! Settings, kept and broken.

mod hedges;

use std::time::Duration;

use super::*;
use crate::chat::{Failure, FailureClass, Limit};
use crate::history::{AttemptResult, Header, Moment, Record, Skip, SkipReason, Wait, WaitCause};
use crate::judge::promises::run;
use crate::judge::testkit::{at, continued, failed_over, failing, header, hedged, served};
use crate::router::config::{
    AllBenched, Backoff, Budget, ClassPolicy, Hedge, HedgeAfter, Jitter, RetryOrder,
};

const SECOND: Duration = Duration::from_secs(1);

fn verify(record: &Record, header: Header) -> Option<String> {
    run("I29", header, std::slice::from_ref(record)).witnesses.first().map(|witness| witness.what.clone())
}

#[track_caller]
fn broken(record: &Record, header: Header, words: &str) {
    let what = verify(record, header).expect("broken");
    assert!(what.contains(words), "{what}");
}

#[test]
fn a_request_has_no_more_time_than_is_declared() {
    let mut record = served(0, "claude");
    assert_eq!(verify(&record, header()), None);
    let trail = record.trail.as_mut().expect("a trail");
    trail.deadline = trail.received + Duration::from_secs(30);
    broken(&record, header(), "30s, and 20s is declared");
    // A timer may be two slots of a millisecond late.
    for (ms, kept) in [(20_002, true), (20_003, false)] {
        let mut record = served(0, "claude");
        let trail = record.trail.as_mut().expect("a trail");
        trail.deadline = trail.received + Duration::from_millis(ms);
        assert_eq!(verify(&record, header()).is_none(), kept, "{ms} ms");
    }
    let mut generous = header();
    generous.routes[0].deadline_max = Some(Duration::from_secs(30));
    assert_eq!(verify(&record, generous), None);
}

#[test]
fn what_nobody_declared_is_broken() {
    broken(&continued(0), header(), "to go on with an answer");
    let mut again = continued(0);
    again.trail.as_mut().expect("a trail").attempts[1].cause = Cause::Regenerate;
    for (declared, kept) in
        [(AfterCommit::End, false), (AfterCommit::Continue, false), (AfterCommit::Regenerate, true)]
    {
        let mut header = header();
        header.routes[0].after_commit = declared;
        assert_eq!(verify(&again, header).is_none(), kept, "{declared:?}");
    }
    let mut record = served(0, "flash");
    record.trail.as_mut().expect("a trail").attempts[0].cause = Cause::Rescue;
    broken(&record, header(), "a last resort");
    record.trail.as_mut().expect("a trail").outcome = RouterOutcome::Rescued { by: "cache".to_owned() };
    broken(&record, header(), "`cache` answered");
    let mut rescued = failed_over(0);
    let trail = rescued.trail.as_mut().expect("a trail");
    trail.attempts[1].cause = Cause::Rescue;
    trail.outcome = RouterOutcome::Rescued { by: "flash".to_owned() };
    let mut declared = header();
    declared.routes[0].rescue = vec!["flash".to_owned()];
    assert_eq!(verify(&rescued, declared), None);
}

#[test]
fn a_reason_to_pass_over_that_nobody_declared_is_broken() {
    let over = |reason| {
        let mut record = failed_over(0);
        let skip = Skip { model: "claude".to_owned(), at: at(0.001), reason };
        record.trail.as_mut().expect("a trail").skips.push(skip);
        record
    };
    let until = |seconds| over(SkipReason::Benched { until: at(seconds) });
    broken(&until(5.0), header(), "its breaker is off");
    let mut declared = header();
    declared.models["claude"].breaker = Some(crate::router::config::BreakerPolicy::default());
    // A minute is the longest bench; it began at 1 ms, and a timer may be 2 ms late.
    assert_eq!(verify(&until(60.003), declared.clone()), None);
    broken(&until(60.004), declared, "longer than is declared");
    for reason in [
        SkipReason::Ramping,
        SkipReason::Busy,
        SkipReason::ContextWindow,
        SkipReason::NotAllowed,
        SkipReason::Spent,
        SkipReason::Region,
        SkipReason::Unadapted,
    ] {
        broken(&over(reason), header(), "was passed over as");
    }
    // A region is declared by the route, or by any tenant.
    let (mut by_route, mut by_tenant) = (header(), header());
    by_route.routes[0].regions = Some(vec!["eu".to_owned()]);
    let limited =
        crate::history::TenantFacts { models: None, regions: Some(vec!["eu".to_owned()]), spend: None };
    by_tenant.tenants.insert("acme".to_owned(), limited);
    for declared in [by_route, by_tenant] {
        assert_eq!(verify(&over(SkipReason::Region), declared), None);
    }
}

#[test]
fn a_reason_to_pass_over_that_is_declared_is_none_to_complain() {
    use crate::history::TenantFacts;
    use crate::router::config::{Adapt, BreakerPolicy, Concurrency, Spend};
    let limited = |tenant: TenantFacts| {
        move |header: &mut Header| drop(header.tenants.insert("acme".to_owned(), tenant))
    };
    let nobody = || TenantFacts { models: None, regions: None, spend: None };
    let spend = Some(Spend { most: 1, per: Duration::from_secs(60) });
    let breaker = |ramp| {
        move |header: &mut Header| {
            header.models["claude"].breaker = Some(BreakerPolicy { ramp, ..BreakerPolicy::default() });
        }
    };
    type Declare = Box<dyn Fn(&mut Header)>;
    let cases: Vec<(SkipReason, Declare)> = vec![
        (SkipReason::Probing, Box::new(breaker(None))),
        (SkipReason::Ramping, Box::new(breaker(Some(Duration::from_secs(5))))),
        (
            SkipReason::Busy,
            Box::new(|header| {
                header.providers["anthropic"].concurrency = Some(Concurrency { most: 1, adaptive: false });
            }),
        ),
        (SkipReason::RetryBudget, Box::new(|header| header.providers["anthropic"].retry_budget = true)),
        (SkipReason::ContextWindow, Box::new(|header| header.models["claude"].context = Some(100))),
        (SkipReason::Unadapted, Box::new(|header| header.routes[0].adapt = Adapt::Forbid)),
        (
            SkipReason::NotAllowed,
            Box::new(move |header| {
                limited(TenantFacts { models: Some(vec!["flash".to_owned()]), ..nobody() })(header);
            }),
        ),
        (SkipReason::Spent, Box::new(move |header| limited(TenantFacts { spend, ..nobody() })(header))),
    ];
    for (reason, declare) in cases {
        let mut record = failed_over(0);
        let skip = Skip { model: "claude".to_owned(), at: at(0.001), reason };
        record.trail.as_mut().expect("a trail").skips.push(skip);
        let mut undeclared = header();
        undeclared.routes[0].retry_budget = None;
        let mut declared = undeclared.clone();
        declare(&mut declared);
        broken(&record, undeclared, "was passed over as");
        let found = verify(&record, declared);
        assert!(found.as_ref().is_none_or(|what| !what.contains("passed over")), "{reason:?}: {found:?}");
    }
}

/// claude misses a limit after `ms` milliseconds, and flash serves.
fn late(limit: Limit, ms: u64) -> Record {
    let mut record = failed_over(0);
    let trail = record.trail.as_mut().expect("a trail");
    let first = &mut trail.attempts[0];
    first.ended = first.started + Duration::from_millis(ms);
    first.result = AttemptResult::Failed(Failure::new(FailureClass::Timeout(limit), "late"));
    record
}

#[test]
fn a_limit_is_not_cut_short() {
    // 2 s to a connection and to the first output, 10 s between outputs, each less two timer slots of a millisecond.
    for (limit, ms) in [(Limit::Connect, 2_000), (Limit::FirstToken, 2_000), (Limit::Idle, 10_000)] {
        assert_eq!(verify(&late(limit, ms - 2), header()), None, "{limit:?}");
        broken(&late(limit, ms - 3), header(), "are declared");
    }
    // Where a stream has to keep a rate, its silences end by that.
    let mut rated = header();
    rated.routes[0].min_rate = true;
    assert_eq!(verify(&late(Limit::Idle, 3_000), rated), None);
    // Where nothing is declared, a share of what is left for each of two models: of 19.999 s.
    let mut shared = header();
    shared.routes[0].first_token = None;
    assert_eq!(verify(&late(Limit::FirstToken, 9_998), shared.clone()), None);
    broken(&late(Limit::FirstToken, 9_996), shared, "are declared");
}

#[test]
fn a_last_resort_has_its_share_of_what_is_left() {
    let mut shared = header();
    shared.routes[0].first_token = None;
    shared.routes[0].rescue = vec!["flash".to_owned()];
    // Two models and a last resort share 19.999 s: 6.666 s each, less two timer slots of a millisecond.
    assert_eq!(verify(&late(Limit::FirstToken, 6_665), shared.clone()), None);
    broken(&late(Limit::FirstToken, 6_663), shared, "are declared");
}

/// A server error is repeated `times` times after 100 ms, without a budget.
fn repeating(times: u32) -> Header {
    let mut header = header();
    header.routes[0].retry_budget = None;
    let known = *header.routes[0].retry.of(FailureClass::ServerError).expect("declared");
    let backoff = Backoff { base: Duration::from_millis(100), jitter: Jitter::Full, ..Backoff::default() };
    header.routes[0].retry.set(FailureClass::ServerError, ClassPolicy { times, backoff, ..known });
    for name in ["anthropic", "google"] {
        header.providers[name].retry_budget = false;
    }
    header
}

#[test]
fn a_repeat_is_neither_missing_nor_later_than_declared() {
    assert_eq!(verify(&failed_over(0), repeating(0)), None);
    broken(&failed_over(0), repeating(1), "was not asked again");
    // A failure that is the answer, by its status too, leaves no trace of the bench that kept it from its repeat.
    let mut surfacing = repeating(1);
    surfacing.routes[0].advance_on = Some(vec![]);
    let alone = failing(0, &["claude"]);
    broken(&alone, surfacing.clone(), "was not asked again");
    surfacing.models["claude"].breaker = Some(crate::router::config::BreakerPolicy::default());
    assert_eq!(verify(&alone, surfacing), None);
    // claude is repeated once and flash serves.
    let mut record = failed_over(0);
    let twice = failing(0, &["claude", "claude"]);
    let trail = record.trail.as_mut().expect("a trail");
    trail.attempts.insert(1, twice.trail.expect("a trail").attempts[1].clone());
    assert_eq!(verify(&record, repeating(1)), None);
    let trail = record.trail.as_mut().expect("a trail");
    // 100 ms at most, and two timer slots.
    trail.attempts[1].started += Duration::from_millis(103);
    trail.attempts[1].ended += Duration::from_millis(103);
    broken(&record, repeating(1), "100ms is the longest wait declared");
}

#[test]
fn a_wait_that_the_route_does_not_make_is_broken() {
    let waiting = |cause, seconds| {
        let mut record = served(0, "claude");
        let wait = Wait { from: Moment::ZERO, until: at(seconds), cause };
        record.trail.as_mut().expect("a trail").waits.push(wait);
        record
    };
    broken(&waiting(WaitCause::Bench, 1.0), header(), "for a bench to end");
    let mut patient = header();
    patient.routes[0].all_benched = AllBenched::Wait;
    assert_eq!(verify(&waiting(WaitCause::Bench, 1.0), patient), None);
    broken(&waiting(WaitCause::Busy, 1.0), header(), "for a place");
    let mut limited = header();
    limited.providers["google"].concurrency =
        Some(crate::router::config::Concurrency { most: 1, adaptive: false });
    assert_eq!(verify(&waiting(WaitCause::Busy, 1.0), limited), None);
    // Up to 30 s are waited out, and a tenth of the 26 s above four more: 32.6 s, and two timer slots.
    assert_eq!(verify(&waiting(WaitCause::RetryAfter, 32.602), header()), None);
    broken(&waiting(WaitCause::RetryAfter, 32.603), header(), "longer than is declared");
    broken(&waiting(WaitCause::RetryAfter, 32.7), header(), "longer than is declared");
    assert_eq!(verify(&waiting(WaitCause::Backoff, 1.0), header()), None);
}

#[test]
fn a_repeat_comes_soon_after_the_wait_that_was_asked_for() {
    // A tenth more up to 100 ms, of what exceeds four seconds a tenth up to 5 s; and two timer slots of a millisecond.
    for (asked, longest) in [(500, 552), (5_000, 5_102), (14_000, 15_002)] {
        for (gap, kept) in [(longest, true), (longest + 1, false)] {
            let mut record = failing(0, &["claude", "claude", "flash"]);
            let trail = record.trail.as_mut().expect("a trail");
            let AttemptResult::Failed(failure) = &mut trail.attempts[0].result else { panic!("it failed") };
            failure.retry_after = Some(Duration::from_millis(asked));
            for attempt in &mut trail.attempts[1..] {
                attempt.started += Duration::from_millis(gap);
                attempt.ended += Duration::from_millis(gap);
            }
            assert_eq!(verify(&record, header()).is_none(), kept, "{gap} ms after one of {asked}");
        }
    }
}

#[test]
fn what_may_have_been_heard_is_not_repeated_where_the_route_surfaces_that() {
    // Whether claude heard the request is open where the connection broke, and not where it answered.
    for (surfaces, status, kept) in
        [(true, None, true), (true, Some(500), false), (false, None, false), (false, Some(500), false)]
    {
        let mut header = repeating(1);
        let known = *header.routes[0].retry.of(FailureClass::ServerError).expect("declared");
        header.routes[0].retry.set(FailureClass::Protocol, known);
        header.routes[0].surfaces_unclear = surfaces;
        let mut record = failing(0, &["claude"]);
        let failure = Failure { status, ..Failure::new(FailureClass::Protocol, "no answer") };
        record.trail.as_mut().expect("a trail").attempts[0].result = AttemptResult::Failed(failure);
        assert_eq!(verify(&record, header).is_none(), kept, "{surfaces} {status:?}");
    }
}

#[test]
fn a_late_repeat_is_late_though_it_is_all_there_was_unless_others_come_first() {
    // The route repeats at once; the second attempt began a second after the first had failed.
    let mut record = failing(0, &["claude", "claude"]);
    let again = &mut record.trail.as_mut().expect("a trail").attempts[1];
    (again.started, again.ended) = (again.started + SECOND, again.ended + SECOND);
    broken(&record, header(), "asked claude again after 1");
    let mut others_first = header();
    others_first.routes[0].retry_order = RetryOrder::ChainFirst;
    assert_eq!(verify(&record, others_first), None);
}
