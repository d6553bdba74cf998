//! Limits, and calls behind a caller who is gone.

use super::*;

#[test]
fn an_answer_after_the_deadline_and_a_call_beyond_a_declared_limit_are_seen() {
    let mut record = served(0, "claude");
    record.caller.last_output = None;
    record.caller.ended = at(20.010);
    assert_eq!(broken("I12", &record, foreign_header()), None);
    record.caller.ended = at(20.011);
    assert_broken("I12", &record, foreign_header(), "the answer reached its caller 11ms after the deadline");
    // A new connection, a request and its answer are three times on the way, 5 ms each; 10 ms and two round trips are granted.
    let far = |header: &mut Header| header.round_trip = Duration::from_millis(10);
    record.caller.ended = at(20.045);
    assert_eq!(broken("I12", &record, declaring(far)), None);
    record.caller.ended = at(20.046);
    assert_broken("I12", &record, declaring(far), "46ms after the deadline");
    record.caller.ending = CallerEnding::Overdue;
    assert_broken("I12", &record, declaring(far), "the answer had not ended 46ms after the deadline");
    record.caller.ending = CallerEnding::Left;
    assert_eq!(broken("I12", &record, foreign_header()), None, "its caller had left");
    // The first output came after 500 ms; 100 ms are granted until a provider sees that it is given up.
    let first =
        |ms| move |header: &mut Header| header.routes[0].first_token = Some(Duration::from_millis(ms));
    assert_eq!(broken("I12", &served(0, "claude"), declaring(first(400))), None);
    assert_broken("I12", &served(0, "claude"), declaring(first(399)), "first output");
    let mut silent = served(0, "claude");
    silent.caller.gaps = vec![(10_005_000, 1)];
    assert_eq!(broken("I12", &silent, foreign_header()), None, "no limit on gaps is declared");
    let idle = |header: &mut Header| header.routes[0].idle = Duration::from_secs(10);
    assert_broken("I12", &silent, declaring(idle), "without output");
}

#[test]
fn what_begins_or_goes_on_behind_a_caller_who_is_gone_is_seen() {
    // The caller has its answer at 1.061 s; 100 ms later nothing may arrive any more.
    let mut record = failed_over(0);
    record.calls[1].received = record.caller.ended + Duration::from_millis(100);
    assert_eq!(broken("I21", &record, foreign_header()), None);
    record.calls[1].received = record.caller.ended + Duration::from_millis(101);
    assert_broken("I21", &record, foreign_header(), "google was asked 101ms after the caller was gone");
    let slow = PlannedFault {
        provider: "google".to_owned(),
        name: "slow".to_owned(),
        kind: "slow_accept".to_owned(),
        during: vec![],
    };
    assert_eq!(
        broken("I21", &record, declaring(|header| header.faults.push(slow.clone()))),
        None,
        "it was on its way"
    );
    // Another provider's wire, or another fault of this one, holds nothing up here.
    for (provider, kind) in [("anthropic", "slow_accept"), ("google", "status")] {
        let other = PlannedFault { provider: provider.to_owned(), kind: kind.to_owned(), ..slow.clone() };
        assert_broken("I21", &record, declaring(|header| header.faults.push(other)), "google was asked");
    }
    let mut record = served(0, "claude");
    (record.caller.ending, record.caller.ended) = (CallerEnding::Left, at(0.2));
    assert_broken("I21", &record, foreign_header(), "after the caller had left");
    record.calls[0].ended = at(0.3);
    assert_eq!(broken("I21", &record, foreign_header()), None);
    record.calls[0].ending = Ending::Shutdown;
    record.calls[0].ended = at(60.0);
    assert_broken("I21", &record, foreign_header(), "after the caller had left");
    let mut more = served(0, "claude");
    more.calls[0].ended = at(5.0);
    assert_eq!(broken("I21", &more, foreign_header()), None, "it has more to say than was asked for");
    let mut race = hedged(0);
    assert_eq!(broken("I21", &race, foreign_header()), None);
    race.calls[0].ended = race.caller.ended + Duration::from_millis(100);
    assert_eq!(broken("I21", &race, foreign_header()), None);
    race.calls[0].ended = race.caller.ended + Duration::from_millis(101);
    assert_broken("I21", &race, foreign_header(), "after another one had answered");
    // Behind a black hole nobody sees a close.
    let hole = PlannedFault {
        provider: "anthropic".to_owned(),
        name: "hole".to_owned(),
        kind: "black_hole".to_owned(),
        during: vec![],
    };
    assert_eq!(broken("I21", &race, declaring(|header| header.faults.push(hole))), None);
    // Nobody was asked, or nobody asked: that is nothing to judge.
    race.calls.clear();
    assert_eq!(verify("I21", &without_trail(race), foreign_header()), Found::NotApplicable);
    let mut unsent = served(0, "claude");
    unsent.caller.ending = CallerEnding::Unsent;
    assert_eq!(verify("I21", &without_trail(unsent), foreign_header()), Found::NotApplicable);
}
