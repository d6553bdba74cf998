//! Outages that are remembered, and one that everybody pays for.

use super::super::{run, run_to_its_end};
use super::*;
use crate::history::{Record, Skip};
use crate::judge::testkit::{at, failed_over, footer, header, served};
use crate::router::config::Eager;

/// anthropic is broken from 10 to 20 s; three failures bench claude for 5 s.
fn declared(eager: Option<Eager>) -> Header {
    let mut header = header();
    header.models["claude"].breaker = Some(BreakerPolicy { eager, ..BreakerPolicy::default() });
    header
}

/// Requests of which claude fails those at these seconds, and flash serves the others without it.
fn outage(failing: &[u64]) -> Vec<Record> {
    let record = |number: u64| {
        if failing.contains(&number) {
            return failed_over(number);
        }
        let mut record = served(number, "flash");
        let trail = record.trail.as_mut().expect("a trail");
        let reason = SkipReason::Benched { until: trail.received };
        trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason });
        record
    };
    (10..20).map(record).collect()
}

#[test]
fn a_dead_target_is_only_probed() {
    // Open at 12.061 s: (20 - 12.061) / 5 leaves one bench, so two probes.
    let probed = outage(&[10, 11, 12, 17, 19]);
    assert_eq!(run("I15", declared(None), &probed).violations, 0);
    let hammered = outage(&[10, 11, 12, 13, 17, 19]);
    let result = run("I15", declared(None), &hammered);
    assert_eq!(result.violations, 1);
    assert!(
        result.witnesses[0].what.contains("3 more attempts asked it all the same; 2 could be"),
        "{result:?}"
    );
    assert_eq!(result.witnesses[0].others, [19]);
    // With a probe for every two turned away: four were, so three more are allowed.
    let eager = Eager { turned_away: 2, at_least: Duration::from_millis(500) };
    assert_eq!(run("I15", declared(Some(eager)), &hammered).violations, 0);
}

#[test]
fn what_is_not_dead_or_never_benched_is_left_out() {
    let all: Vec<u64> = (10..20).collect();
    assert_eq!(run("I15", declared(None), &outage(&all)).violations, 1);
    assert_eq!(run("I15", header(), &outage(&all)).checked, 0, "its breaker is off");
    assert_eq!(run("I15", declared(None), &outage(&[10, 11])).checked, 0, "two do not bench it");
    let mut alive = outage(&all);
    alive[5] = served(15, "claude");
    assert_eq!(run("I15", declared(None), &alive).checked, 0, "it answered");
}

#[test]
fn a_breaker_that_may_decide_by_something_else_is_left_out() {
    use crate::router::config::{Concurrency, SlowTrip};
    fn breaker(header: &mut Header) -> &mut BreakerPolicy {
        header.models["claude"].breaker.as_mut().expect("declared")
    }
    let all: Vec<u64> = (10..20).collect();
    let checked = |declare: fn(&mut Header)| {
        let mut header = declared(None);
        declare(&mut header);
        run("I15", header, &outage(&all)).checked
    };
    assert_eq!(checked(|_| {}), 1);
    type Other = (&'static str, fn(&mut Header));
    let others: [Other; 6] = [
        ("it takes no row", |header| breaker(header).failures = 0),
        ("the router probes", |header| {
            breaker(header).probe = Probe::Synthetic { every: Duration::from_secs(1) };
        }),
        ("it is shared", |header| breaker(header).scope = Scope::Provider),
        ("slowness counts", |header| {
            let window = Duration::from_secs(60);
            breaker(header).slow = Some(SlowTrip { over: window, share: 1.0, window, min_calls: 1 });
        }),
        ("a crowd is no failure", |header| {
            header.providers["anthropic"].concurrency = Some(Concurrency { most: 9, adaptive: true });
        }),
        ("one is asked all the same", |header| header.routes[0].all_benched = AllBenched::AskOne),
    ];
    for (why, declare) in others {
        assert_eq!(checked(declare), 0, "{why}");
    }
}

#[test]
fn a_limit_that_the_deadline_cut_is_no_failure_for_sure() {
    use crate::chat::Failure;
    let all: Vec<u64> = (10..20).collect();
    let mut late = outage(&all);
    for record in &mut late {
        let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
        let failure = Failure::new(FailureClass::Timeout(Limit::Total), "late");
        (attempt.result, attempt.ended) =
            (AttemptResult::Failed(failure), attempt.started + Duration::from_millis(60));
    }
    // Which of two limits ended it is unknown where both are declared.
    let mut first = late.clone();
    for record in &mut first {
        let attempt = &mut record.trail.as_mut().expect("a trail").attempts[0];
        let failure = Failure::new(FailureClass::Timeout(Limit::FirstToken), "late");
        attempt.result = AttemptResult::Failed(failure);
    }
    let mut both = declared(None);
    both.routes[0].first_token = Some(Duration::from_millis(50));
    assert_eq!(run("I15", both.clone(), &first).checked, 1);
    both.routes[0].headers = Some(Duration::from_millis(50));
    assert_eq!(run("I15", both, &first).checked, 0);
    // 50 ms are declared for an attempt, then 100 ms, of which it did not get all.
    for (ms, checked) in [(50, 1), (100, 0)] {
        let mut header = declared(None);
        header.routes[0].attempt = Some(Duration::from_millis(ms));
        assert_eq!(run("I15", header, &late).checked, checked, "{ms} ms");
    }
}

/// claude fails at these moments, each time within 60 ms.
fn failures(seconds: &[f64]) -> Vec<Record> {
    let moved = |seconds: f64| {
        changed(failed_over(0), |attempt| {
            (attempt.started, attempt.ended) = (at(seconds), at(seconds + 0.06));
        })
    };
    seconds.iter().map(|seconds| moved(*seconds)).collect()
}

/// The request with its first attempt changed.
fn changed(mut record: Record, change: impl Fn(&mut Attempt)) -> Record {
    change(&mut record.trail.as_mut().expect("a trail").attempts[0]);
    record
}

/// claude was asked from then to then and given up without output.
fn given_up(from: f64, to: f64) -> Record {
    changed(served(0, "claude"), |attempt| {
        (attempt.started, attempt.ended) = (at(from), at(to));
        (attempt.result, attempt.first_output) = (AttemptResult::Lost, None);
    })
}

/// A row that is over at 12.060 s and twelve more attempts.
fn hammered() -> Vec<Record> {
    let more = (0..12).map(|nth| 13.0 + f64::from(nth) / 2.0);
    failures(&[10.0, 11.0, 12.0].into_iter().chain(more).collect::<Vec<f64>>())
}

fn turned_away(seconds: &[f64]) -> Vec<Record> {
    let skip = |seconds: &f64| {
        let mut record = served(0, "flash");
        let reason = SkipReason::Benched { until: at(99.0) };
        let skip = Skip { model: "claude".to_owned(), at: at(*seconds), reason };
        record.trail.as_mut().expect("a trail").skips.push(skip);
        record
    };
    seconds.iter().map(skip).collect()
}

/// How many of the twelve could be probes.
fn probes(header: Header, away: &[f64]) -> u32 {
    let result = run("I15", header, &[hammered(), turned_away(away)].concat());
    let what = result.witnesses.first().map_or("", |witness| witness.what.as_str());
    let (made, allowed) = what.split_once("12 more attempts asked it all the same; ").expect("broken");
    assert!(made.starts_with("claude "), "{what}");
    allowed.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn probes_are_allowed_by_time_and_by_those_turned_away_in_the_window() {
    let eager = |turned_away, ms| Some(Eager { turned_away, at_least: Duration::from_millis(ms) });
    // 7.94 s are left: one bench of 5 s, and one more.
    assert_eq!(probes(declared(None), &[]), 2);
    // One for each turned away from the beginning of the window up to its end, which is no part of it, and one more.
    assert_eq!(probes(declared(eager(1, 1)), &[9.0, 10.0, 15.0, 20.0, 21.0]), 2 + 3);
    // One for every two: 4 / 2, and one more.
    assert_eq!(probes(declared(eager(2, 1)), &[14.0, 15.0, 16.0, 17.0]), 2 + 3);
    // One each 2 s is fewer: 7.94 / 2, and one more.
    assert_eq!(probes(declared(eager(1, 2_000)), &[14.0, 14.1, 14.2, 14.3, 14.4]), 2 + 4);
}

#[test]
fn where_not_all_who_are_turned_away_are_seen_time_alone_bounds_probes() {
    // By time: 7.94 / 1, and one more, beside the two of the bench. By number: only the one more.
    let eager = Eager { turned_away: 1, at_least: Duration::from_secs(1) };
    let with = |after_commit, chain: &[&str]| {
        let mut header = declared(Some(eager));
        let mut route = header.routes[0].clone();
        (route.after_commit, route.chain) = (after_commit, chain.iter().map(|&name| name.into()).collect());
        header.routes.insert("other".to_owned(), route);
        probes(header, &[])
    };
    assert_eq!(with(AfterCommit::End, &["claude", "flash"]), 2 + 1);
    assert_eq!(with(AfterCommit::Continue, &["claude"]), 2 + 8);
    assert_eq!(with(AfterCommit::Continue, &["flash"]), 2 + 1, "it goes on without claude");
}

#[test]
fn only_what_begins_in_the_window_counts() {
    let result = |seconds: &[f64]| {
        let result = run("I15", declared(None), &failures(seconds));
        (result.checked, result.violations)
    };
    assert_eq!(result(&[10.0, 11.0, 12.0]), (1, 0), "its first moment is in it");
    assert_eq!(result(&[8.0, 9.0, 10.0]), (0, 0), "no row in it");
    assert_eq!(result(&[10.0, 11.0, 12.0, 20.0, 21.0, 22.0]), (1, 0), "well again, as far as that goes");
    // Its last moment, which the even parts of 39 ms do not reach; two probes are allowed.
    assert_eq!(result(&[10.0, 11.0, 12.0, 19.9999, 19.9999, 19.9999]), (1, 1));
    // Open at 19.96 s, in the last part: nothing is left to look at.
    assert_eq!(result(&[17.0, 18.0, 19.9]), (0, 0));
}

#[test]
fn a_row_that_is_known_only_after_the_run_opens_nothing() {
    let checked = |ended: f64| {
        let footer = Footer { ended: at(ended), ..footer(3) };
        run_to_its_end("I15", declared(None), &failures(&[10.0, 11.0, 12.0]), &[], &footer).checked
    };
    // The last of the row ends at 12.06 s.
    assert_eq!([12.05, 12.06, 12.07].map(checked), [0, 0, 1]);
}

#[test]
fn what_began_before_the_last_of_the_row_must_be_over() {
    let with = |beside: Record| {
        let asked = failures(&[10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 17.0]);
        run("I15", declared(None), &[asked, vec![beside]].concat()).violations
    };
    // Known at 16 s: in the 4 s that are left one may ask, and one does. Known at 12.06 s: two may, and four do.
    assert_eq!(with(given_up(11.5, 16.0)), 0);
    assert_eq!(with(given_up(12.0, 16.0)), 0);
    assert_eq!(with(given_up(12.5, 16.0)), 1);
}

#[test]
fn a_crowd_beside_the_row_hides_who_is_still_under_way() {
    let checked = |crowd: usize, last: f64| {
        let mut beside = vec![given_up(10.5, 10.6); crowd];
        beside.push(given_up(last, last + 0.1));
        run("I15", declared(None), &[hammered(), beside].concat()).checked
    };
    // 64 are remembered. If the last of them began no later than the row did, there may be more.
    assert_eq!(checked(62, 11.0), 1);
    assert_eq!(checked(63, 11.0), 0);
    assert_eq!(checked(63, 12.0), 0, "another may have begun at the same moment");
    assert_eq!(checked(63, 13.0), 1);
}

#[test]
fn whoever_answers_is_alive_and_whoever_was_not_waited_for_is_unknown() {
    let checked = |result: AttemptResult, output: Option<f64>| {
        let other = changed(given_up(15.0, 16.0), |attempt| {
            (attempt.result, attempt.first_output) = (result.clone(), output.map(at));
        });
        run("I15", declared(None), &[hammered(), vec![other]].concat()).checked
    };
    assert_eq!(checked(AttemptResult::Lost, None), 1);
    assert_eq!(checked(AttemptResult::Cancelled, None), 1);
    assert_eq!(checked(AttemptResult::Lost, Some(15.5)), 0);
    assert_eq!(checked(AttemptResult::Served, None), 0, "an empty answer is one");
}

#[test]
fn what_may_not_count_makes_no_row() {
    use crate::chat::Failure;
    let checked = |change: &dyn Fn(&mut Attempt)| {
        let records = failures(&[10.0, 11.0, 12.0]).into_iter().map(|record| changed(record, change));
        run("I15", declared(None), &records.collect::<Vec<Record>>()).checked
    };
    let fails = |attempt: &mut Attempt, class| {
        attempt.result = AttemptResult::Failed(Failure::new(class, "no"));
    };
    assert_eq!(checked(&|_| {}), 1);
    assert_eq!(checked(&|attempt| attempt.cause = Cause::Rescue), 0, "a last resort");
    assert_eq!(checked(&|attempt| fails(attempt, FailureClass::Refused)), 0, "the request's own");
    assert_eq!(checked(&|attempt| fails(attempt, FailureClass::Unreachable)), 0, "it had died idle");
    let refused = |attempt: &mut Attempt| {
        fails(attempt, FailureClass::Unreachable);
        attempt.connected = None;
    };
    assert_eq!(checked(&refused), 1);
}

#[test]
fn a_limit_counts_only_of_an_attempt_that_had_all_its_time() {
    use crate::chat::Failure;
    let checked = |ms: u64, declare: fn(&mut Header), change: fn(&mut Trail)| {
        let mut header = declared(None);
        header.routes[0].attempt = Some(Duration::from_millis(ms));
        declare(&mut header);
        let mut records = failures(&[10.0, 11.0, 12.0]);
        for record in &mut records {
            let trail = record.trail.as_mut().expect("a trail");
            let failure = Failure::new(FailureClass::Timeout(Limit::Total), "late");
            trail.attempts[0].result = AttemptResult::Failed(failure);
            change(trail);
        }
        run("I15", header, &records).checked
    };
    // It took 60 ms, and a timer may be 2 ms off.
    assert_eq!([60, 62, 63].map(|ms| checked(ms, |_| {}, |_| {})), [1, 1, 0]);
    let earlier = |trail: &mut Trail| trail.deadline = trail.received + Duration::from_secs(19);
    assert_eq!(checked(60, |_| {}, earlier), 0, "its request had less time than declared");
    assert_eq!(checked(60, |_| {}, |trail| trail.attempts[0].number = 1), 0, "another had some of it");
    let twice = |header: &mut Header| {
        let mut other = header.targets[0].clone();
        (other.name, other.key) = ("claude#b".to_owned(), Some("b".to_owned()));
        header.targets.push(other);
    };
    assert_eq!(checked(60, twice, |_| {}), 0, "two targets share what is left");
    let spare = |header: &mut Header| {
        let mut other = header.targets[1].clone();
        (other.name, other.model) = ("spare".to_owned(), "spare".to_owned());
        header.targets.push(other);
    };
    assert_eq!(checked(60, spare, |_| {}), 1, "that one is asked by nobody");
}

#[test]
fn asking_one_all_the_same_is_the_business_of_the_routes_that_declare_it() {
    let checked = |chain: &str| {
        let mut header = declared(None);
        let mut route = header.routes[0].clone();
        (route.all_benched, route.chain) = (AllBenched::AskOne, vec![chain.to_owned()]);
        header.routes.insert("other".to_owned(), route);
        run("I15", header, &hammered()).checked
    };
    assert_eq!(checked("claude"), 0);
    assert_eq!(checked("flash"), 1);
}

#[test]
fn targets_that_are_left_out_take_no_windows_from_those_looked_at() {
    use mock_providers::fault::Window;
    let checked = |failures: u32| {
        let mut header = declared(None);
        header.models["flash"].breaker = header.models["claude"].breaker;
        header.models["claude"].breaker.as_mut().expect("declared").failures = failures;
        header.faults.push(header.faults[0].clone());
        header.faults[1].provider = "google".to_owned();
        // anthropic flaps as often as windows are looked at.
        let second = |nth: usize| Moment::from_us(1_000_000 * nth as u64);
        let flaps = (0..OUTAGES_MAX).map(|nth| Window { from: second(2 * nth), to: second(2 * nth + 1) });
        header.faults[0].during = flaps.collect();
        let asks_flash = |record| {
            changed(record, |attempt| {
                (attempt.model, attempt.provider) = ("flash".to_owned(), "google".to_owned());
            })
        };
        let records: Vec<Record> = hammered().into_iter().map(asks_flash).collect();
        run("I15", header, &records).checked
    };
    // A breaker without a row has none, nor one whose row is longer than the 64 that are remembered.
    assert_eq!([0, 65].map(checked), [1, 1]);
    assert_eq!(checked(3), 0, "claude's come first, and are all that are looked at");
}

#[test]
fn of_what_began_together_all_must_be_over() {
    // The third to fail began with a fourth: which of them began first nobody knows, so the row is whole when both are over. Six more
    // are asked from 13 s on, one of which is over at 20 s at the latest; two of them could be probes.
    for (fourth_ends, broken) in [(12.06, true), (12.5, true), (19.9, false)] {
        let mut records = failures(&[10.0, 11.0, 12.0, 13.0, 13.5, 14.0, 14.5, 15.0, 15.5]);
        records.push(changed(failed_over(0), |attempt| {
            (attempt.started, attempt.ended) = (at(12.0), at(fourth_ends));
        }));
        let result = run("I15", declared(None), &records);
        assert_eq!(result.violations > 0, broken, "{fourth_ends}");
    }
}
