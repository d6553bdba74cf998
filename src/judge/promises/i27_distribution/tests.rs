//! Orders and shares, kept and broken.

use std::time::Duration;

use super::super::run;
use super::*;
use crate::history::{Header, Moment, Record, Skip};
use crate::judge::testkit::{at, failed_over, failing, header, served};

#[test]
fn nobody_is_asked_before_who_comes_first() {
    assert_eq!(run("I27", header(), &[failed_over(0)]).violations, 0);
    let mut record = served(0, "flash");
    let result = run("I27", header(), std::slice::from_ref(&record));
    assert!(result.witnesses[0].what.contains("asked flash before claude"), "{result:?}");
    let trail = record.trail.as_mut().expect("a trail");
    trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason: SkipReason::Busy });
    assert_eq!(run("I27", header(), &[record]).violations, 0);
}

/// Four of five are claude's.
fn weighted() -> Header {
    let mut header = header();
    (header.routes[0].balance, header.routes[0].weights) = (Balance::Weighted, vec![4, 1]);
    header
}

/// Requests of which every `nth` is served by claude, the others by flash.
fn shared(requests: u64, nth: u64) -> Vec<Record> {
    (0..requests).map(|n| served(n, if n % nth == 0 { "claude" } else { "flash" })).collect()
}

#[test]
fn shares_are_what_weights_say_as_far_as_chance_allows() {
    let four_of_five: Vec<Record> =
        (0..100).map(|n| served(n, if n % 5 == 0 { "flash" } else { "claude" })).collect();
    assert_eq!(run("I27", weighted(), &four_of_five).violations, 0);
    // Half of 100, where 0.8 are due: 100 x (0.5 ln(0.5 / 0.8) + 0.5 ln(0.5 / 0.2)) = 22.3 > 20.7. Both shares are wrong.
    assert_eq!(run("I27", weighted(), &shared(100, 2)).violations, 2);
    // Half of 80: 17.9.
    assert_eq!(run("I27", weighted(), &shared(80, 2)).violations, 0);
}

#[test]
fn who_was_passed_over_first_headed_the_request() {
    // Twenty requests in a hundred wanted claude and found it benched: with sixty that got it, that is four of five.
    let mut records: Vec<Record> =
        (0..100).map(|n| served(n, if n % 5 < 3 { "claude" } else { "flash" })).collect();
    for record in records.iter_mut().filter(|record| record.caller.number % 5 == 3) {
        let trail = record.trail.as_mut().expect("a trail");
        let reason = SkipReason::Benched { until: Moment::NEVER };
        trail.skips.push(Skip { model: "claude".to_owned(), at: trail.received, reason });
    }
    assert_eq!(run("I27", weighted(), &records).violations, 0);
}

#[test]
fn who_fails_at_once_leaves_open_who_was_passed_over_before_it() {
    // All are claude's, and flash, which is benched, is passed over in the moment in which claude refuses.
    let mut header = weighted();
    header.routes[0].weights = vec![1, 0];
    let mut record = failing(0, &["claude"]);
    let trail = record.trail.as_mut().expect("a trail");
    let at = trail.attempts[0].started;
    trail.skips.push(Skip {
        model: "flash".to_owned(),
        at,
        reason: SkipReason::Benched { until: Moment::NEVER },
    });
    trail.attempts[0].ended = at;
    assert_eq!(run("I27", header.clone(), std::slice::from_ref(&record)).violations, 0);
    // Whoever takes a while was asked after it.
    let trail = record.trail.as_mut().expect("a trail");
    trail.attempts[0].ended = at + Duration::from_millis(1);
    assert_eq!(run("I27", header, &[record]).violations, 2);
}

#[test]
fn failing_attracts_nobody() {
    let mut header = header();
    header.routes[0].balance = Balance::LeastInFlight;
    header.faults[0].during.clear();
    // Of 100 requests claude fails nine in ten: 0.9 > 0.5 + 0.25. At three in four it is not more.
    let attracted = |of: u64, from: u64| -> u64 {
        let record = |n| if n % of >= from { failed_over(n) } else { served(n, "flash") };
        let records: Vec<Record> = (0..100).map(record).collect();
        run("I27", header.clone(), &records).violations
    };
    assert_eq!((attracted(10, 1), attracted(4, 1)), (1, 0));
}

#[test]
fn what_is_the_requests_own_fault_is_no_failing() {
    use crate::chat::{Failure, FailureClass};
    let mut header = header();
    header.routes[0].balance = Balance::LeastInFlight;
    header.faults[0].during.clear();
    let attracted = |class| {
        let record = |n| {
            let mut record = if n % 10 > 0 { failed_over(n) } else { served(n, "flash") };
            let trail = record.trail.as_mut().expect("a trail");
            if n % 10 > 0 {
                trail.attempts[0].result = AttemptResult::Failed(Failure::new(class, "no"));
            }
            record
        };
        let records: Vec<Record> = (0..100).map(record).collect();
        run("I27", header.clone(), &records).violations
    };
    assert_eq!((attracted(FailureClass::ServerError), attracted(FailureClass::ContextExceeded)), (1, 0));
}

#[test]
fn nobody_else_has_to_be_asked_who_rests() {
    // Of a hundred requests claude fails 90 and flash serves ten: too many, unless flash was resting at times.
    let mut header = header();
    header.routes[0].balance = Balance::LeastInFlight;
    header.faults[0].during.clear();
    let mut records: Vec<Record> =
        (0..100).map(|n| if n < 90 { failed_over(n) } else { served(n, "flash") }).collect();
    assert_eq!(run("I27", header.clone(), &records).violations, 1);
    let mut rested = failed_over(100);
    let trail = rested.trail.as_mut().expect("a trail");
    let reason = SkipReason::Cooling { until: Moment::NEVER };
    trail.skips.push(Skip { model: "flash".to_owned(), at: trail.received, reason });
    records.push(rested);
    assert_eq!(run("I27", header, &records).violations, 0);
}

#[test]
fn who_is_passed_over_after_a_failure_was_not_drawn() {
    // claude refuses at once in each of a hundred requests of which half are its own. It has no budget for a repeat, or its second
    // key is not asked for the reason the first one failed: that it is passed over comes after the draw, if in the same moment.
    let mut header = header();
    (header.routes[0].balance, header.routes[0].weights) = (Balance::Weighted, vec![1, 1]);
    for reason in [SkipReason::RetryBudget, SkipReason::SameCause] {
        let record = |n: u64| {
            let mut record = if n.is_multiple_of(2) { failed_over(n) } else { served(n, "flash") };
            let trail = record.trail.as_mut().expect("a trail");
            if n.is_multiple_of(2) {
                let first = &mut trail.attempts[0];
                first.ended = first.started;
                trail.skips.push(Skip { model: "claude".to_owned(), at: first.ended, reason });
            }
            record
        };
        let records: Vec<Record> = (0..100).map(record).collect();
        assert_eq!(run("I27", header.clone(), &records).violations, 0, "{reason:?}");
    }
}

#[test]
fn among_targets_that_fail_one_has_to_be_taken() {
    // Three models, of which two fail: in a hundred requests each of those heads forty, and flash twenty.
    let mut header = header();
    header.routes[0].balance = Balance::Latency;
    header.faults[0].during.clear();
    let twin = header.models["claude"].clone();
    header.models.insert("opus".to_owned(), twin);
    header.routes[0].chain.push("opus".to_owned());
    let record = |n: u64| {
        let mut record = if n % 5 < 4 { failed_over(n) } else { served(n, "flash") };
        if n % 5 < 2 {
            record.trail.as_mut().expect("a trail").attempts[0].model = "opus".to_owned();
        }
        record
    };
    let mut target = header.targets[0].clone();
    (target.model, target.name) = ("opus".to_owned(), "opus".to_owned());
    header.targets.push(target);
    let records: Vec<Record> = (0..100).map(record).collect();
    // 80 of 100, where two thirds are due and a quarter is margin; by weights of one in four 50 % are due.
    assert_eq!(run("I27", header.clone(), &records).violations, 0);
    header.routes[0].weights = vec![1, 2, 1];
    assert_eq!(run("I27", header, &records).violations, 1);
}

/// By load, with the fault of claude's provider armed all the time.
fn by_load() -> Header {
    let mut header = header();
    header.routes[0].balance = Balance::LeastInFlight;
    header.faults[0].during.clear();
    header
}

/// By load among three: opus beside them, which nobody has asked yet.
fn with_opus() -> Header {
    let mut header = by_load();
    let twin = header.models["claude"].clone();
    header.models.insert("opus".to_owned(), twin);
    header.routes[0].chain.push("opus".to_owned());
    let mut target = header.targets[0].clone();
    (target.model, target.name) = ("opus".to_owned(), "opus".to_owned());
    header.targets.push(target);
    header
}

/// So many requests that claude fails, and so many that flash serves.
fn failed_and_served(failed: u64, served_by_flash: u64) -> Vec<Record> {
    (0..failed + served_by_flash)
        .map(|n| if n < failed { failed_over(n) } else { served(n, "flash") })
        .collect()
}

#[test]
fn only_who_is_asked_while_a_fault_is_armed_is_looked_at() {
    // One request a second, asked 1 ms after it came: claude fails 90 of the first hundred, and a hundred are enough to tell.
    let attracted = |from: f64, to: f64| {
        let mut header = by_load();
        header.faults[0].during = vec![mock_providers::fault::Window { from: at(from), to: at(to) }];
        run("I27", header, &failed_and_served(90, 10)).violations
    };
    assert_eq!(attracted(0.001, 100.0), 1, "a window has its first moment");
    assert_eq!(attracted(0.002, 100.0), 0, "the first request came before it");
    assert_eq!(attracted(0.0, 99.002), 1);
    assert_eq!(attracted(0.0, 99.001), 0, "a window has not the moment of its end");
}

#[test]
fn somebody_works_who_serves_more_than_half() {
    // claude fails ninety, too many if flash works; of the ten that flash was asked it fails some as well.
    let attracted = |by_flash: u64| {
        let mut records = failed_and_served(90, 10);
        for number in 90..90 + by_flash {
            records[number as usize] = failing(number, &["flash"]);
        }
        run("I27", by_load(), &records).violations
    };
    assert_eq!((attracted(4), attracted(5)), (1, 0));
}

#[test]
fn a_target_fails_that_fails_nine_in_ten() {
    // claude heads ninety of a hundred. It fails 81 of them, or one less.
    let attracted = |failed: u64| {
        let mut records = failed_and_served(90, 10);
        for number in failed..90 {
            records[number as usize] = served(number, "claude");
        }
        run("I27", by_load(), &records).violations
    };
    assert_eq!((attracted(81), attracted(80)), (1, 0));
}

#[test]
fn who_was_never_asked_is_not_among_those_that_fail() {
    // A third is claude's due, and it got 90 of 100. Were opus's third added to that, it would be 67 % and a quarter.
    assert_eq!(run("I27", with_opus(), &failed_and_served(90, 10)).violations, 1);
}

#[test]
fn who_is_passed_over_has_its_share_of_the_draws() {
    // claude fails 65 of a hundred, and a third and a quarter are 58; with twenty for which opus was drawn, it is 65 of 120.
    let mut records = failed_and_served(65, 35);
    assert_eq!(run("I27", with_opus(), &records).violations, 1);
    for number in 100..120 {
        let mut record = served(number, "flash");
        let trail = record.trail.as_mut().expect("a trail");
        let reason = SkipReason::Cooling { until: Moment::NEVER };
        trail.skips.push(Skip { model: "opus".to_owned(), at: trail.received, reason });
        records.push(record);
    }
    assert_eq!(run("I27", with_opus(), &records).violations, 0);
}

#[test]
fn only_who_was_passed_over_before_may_be_overtaken() {
    // flash is asked first, though claude comes before it.
    let passing = |model: &str, after: u64| {
        let mut record = served(0, "flash");
        let trail = record.trail.as_mut().expect("a trail");
        let at = trail.attempts[0].started + Duration::from_millis(after);
        trail.skips.push(Skip { model: model.to_owned(), at, reason: SkipReason::Busy });
        run("I27", header(), &[record]).violations
    };
    assert_eq!(passing("claude", 0), 0);
    assert_eq!(passing("claude", 1), 1, "it was passed over later");
    assert_eq!(passing("flash", 0), 1, "another one was passed over");
}

#[test]
fn a_share_is_told_by_its_route_or_by_its_target() {
    let result = run("I27", weighted(), &shared(100, 2));
    let told: Vec<&str> = result.witnesses.iter().map(|witness| witness.what.as_str()).collect();
    let expected = [
        "on route `support` claude headed 50 of 100 requests, 50.0 %, and 80.0 % are declared",
        "on route `support` flash headed 50 of 100 requests, 50.0 %, and 20.0 % are declared",
    ];
    assert_eq!(told, expected);
    // claude has a second target of the same weight, and all requests go to the first one.
    let mut header = header();
    for model in header.models.values_mut() {
        model.balance = Balance::Weighted;
    }
    let mut second = header.targets[0].clone();
    (second.name, second.key) = ("claude#2".to_owned(), Some("second".to_owned()));
    header.targets.push(second);
    let records: Vec<Record> = (0..100).map(|n| served(n, "claude")).collect();
    let result = run("I27", header, &records);
    assert_eq!(
        result.witnesses[0].what,
        "claude headed 100 of 100 requests, 100.0 %, and 50.0 % are declared"
    );
}

#[test]
fn nothing_is_drawn_where_the_caller_named_the_models_or_there_is_one() {
    let mut named = shared(100, 2);
    for record in &mut named {
        let trail = record.trail.as_mut().expect("a trail");
        trail.chain = Some(trail.attempts.iter().map(|attempt| attempt.model.clone()).collect());
    }
    assert_eq!(run("I27", weighted(), &named).violations, 0);
    let mut alone = weighted();
    alone.routes[0].chain.truncate(1);
    let records: Vec<Record> = (0..100).map(|n| served(n, "claude")).collect();
    assert_eq!(run("I27", alone, &records).checked, 0);
    // Where the route goes by priority the first model is asked first, whatever fails: no draw took it. Ten times flash was
    // asked before it, which is all that is wrong here.
    let mut listed = by_load();
    listed.routes[0].balance = Balance::Priority;
    listed.models["claude"].balance = Balance::Weighted;
    assert_eq!(run("I27", listed, &failed_and_served(90, 10)).violations, 10);
}

#[test]
fn a_hundred_requests_are_enough_to_tell_who_attracts() {
    let attracted = |failed, by_flash| run("I27", by_load(), &failed_and_served(failed, by_flash));
    let violations = [(89, 10), (90, 10), (180, 20)].map(|(failed, by)| attracted(failed, by).violations);
    assert_eq!(violations, [0, 1, 1]);
    let told = attracted(90, 10).witnesses.remove(0).what;
    let expected = "on route `support` claude failed 90 of 90 first attempts while `outage` was armed, and got 90 % of them; \
                    50 % are due";
    assert_eq!(told, expected);
}

#[test]
fn a_rare_one_may_never_have_its_turn() {
    // 100 x ln(1 / 0.99) = 1.0, where flash should have had one in a hundred.
    let mut header = weighted();
    header.routes[0].weights = vec![99, 1];
    let records: Vec<Record> = (0..100).map(|n| served(n, "claude")).collect();
    assert_eq!(run("I27", header, &records).violations, 0);
}
