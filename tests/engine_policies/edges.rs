//! Who is waited for and who is not, and what is said when nobody may be asked, at the edges.

use std::time::Duration;

use brownout::chat::{Failure, FailureClass, Limit};
use brownout::router::config::{
    AfterCommit, Backoff, BreakerPolicy, ClassPolicy, Jitter, Limits, Model, RetryAfterPolicy, Route,
    StreamPolicy, Then,
};
use brownout::router::engine::{Loss, Step};
use brownout::router::fleet::{Admission, Blame};
use brownout::router::plan::Facts;
use brownout::router::trail::Cause;
use brownout::world::Moment;

use super::kit::{Hand, at, config, model, ms, order, overloaded, route, status};

/// Target 0 failed another request and asked for five seconds of rest.
fn wants_rest(hand: &mut Hand, class: FailureClass) {
    let Admission::Yes(pass) = hand.fleet.admit(0, at(0), 0.0) else { panic!("it is well") };
    let failure = Failure { retry_after: Some(Duration::from_secs(5)), ..Failure::new(class, "later") };
    hand.fleet.failed(pass, &failure, Blame::Target, at(0), 0.0);
}

/// A repeat after 100 ms, without chance.
fn once() -> ClassPolicy {
    let backoff = Backoff { base: ms(100), jitter: Jitter::None, ..Backoff::default() };
    ClassPolicy { times: 1, backoff, then: Then::Next }
}

/// Too many requests is said when that is what the one who rests complained of; a provider that is short of capacity and wants
/// rest is not the callers' fault.
#[test]
fn nobody_there_is_a_limit_only_where_a_limit_was_the_complaint() {
    for class in [FailureClass::RateLimited, FailureClass::Overloaded] {
        let mut hand =
            Hand::new(config(vec![model("a")], Route { retry_after: RetryAfterPolicy::MoveOn, ..route(1) }));
        wants_rest(&mut hand, class);
        let Step::Fail(last) = hand.begin(at(1)) else { panic!("it wants rest until 5 s") };
        assert_eq!((last.failure.class, last.target), (class, None));
        assert_eq!(last.failure.retry_after, Some(Duration::from_secs(4)));
    }
}

/// Where waits are granted, the first attempt waits for a wish to rest, up to the longest wait declared; after a failure
/// elsewhere nobody waits for it any more.
#[test]
fn a_wish_to_rest_is_a_queue_for_the_first_attempt_alone() {
    let patient =
        |cap| Route { retry_after: RetryAfterPolicy::Wait { cap: Duration::from_secs(cap) }, ..route(1) };
    for (cap, waits) in [(4, true), (3, false)] {
        let mut hand = Hand::new(config(vec![model("a")], patient(cap)));
        wants_rest(&mut hand, FailureClass::RateLimited);
        // Four of the five seconds are left.
        let step = hand.begin(at(1));
        assert_eq!(matches!(step, Step::Wait(until) if until == at(5)), waits, "{cap} s: {step:?}");
    }
    let two = Route { chain: vec![0, 1], ..patient(10) };
    let mut hand = Hand::new(config(vec![model("a"), model("b")], two));
    wants_rest(&mut hand, FailureClass::RateLimited);
    assert_eq!(order(&hand.begin(at(1))).target, 1);
    assert!(matches!(hand.engine.failed(overloaded(), at(1), &mut hand.fleet), Step::Fail(_)));
}

/// A bench that is over when the repeat is due forbids nothing; one that lasts a millisecond longer does.
#[test]
fn a_repeat_that_is_due_when_the_bench_ends_is_made() {
    for (open, made) in [(100, true), (101, false)] {
        let breaker = BreakerPolicy { failures: 1, open: ms(open), jitter: 0.0, ..BreakerPolicy::default() };
        let mut route = route(1);
        route.retry.set(FailureClass::Overloaded, once());
        let mut hand = Hand::new(config(vec![Model { breaker, ..model("a") }], route));
        hand.begin(at(0));
        let step = hand.engine.failed(overloaded(), at(0), &mut hand.fleet);
        assert_eq!(
            matches!(step, Step::Wait(until) if until == at(0) + ms(100)),
            made,
            "{open} ms: {step:?}"
        );
    }
}

/// Who asks for no wait at all is asked again after the usual pause, when nobody else is left.
#[test]
fn a_wait_of_nothing_sends_nobody_away() {
    let mut route = Route { retry_after: RetryAfterPolicy::MoveOn, ..route(1) };
    route.retry.set(FailureClass::RateLimited, once());
    let mut hand = Hand::new(config(vec![model("a")], route));
    hand.begin(at(0));
    let at_once = Failure { retry_after: Some(Duration::ZERO), ..status(429, FailureClass::RateLimited) };
    assert_eq!(hand.engine.failed(at_once, at(0), &mut hand.fleet), Step::Wait(at(0) + ms(100)));
}

/// Whoever found the request too long cannot go on with it either: who broke off says it again.
#[test]
fn who_cannot_serve_a_request_does_not_go_on_with_it() {
    let stream = StreamPolicy { after_commit: AfterCommit::Regenerate, ..StreamPolicy::default() };
    let mut hand = Hand::new(config(vec![model("a"), model("b")], Route { stream, ..route(2) }));
    hand.begin(at(0));
    let long = status(400, FailureClass::ContextExceeded);
    assert_eq!(order(&hand.engine.failed(long, at(1), &mut hand.fleet)).target, 1);
    hand.engine.committed(at(2), &mut hand.fleet);
    let cut =
        Loss { sent: true, resumable: true, ..Loss::from(Failure::new(FailureClass::Truncated, "cut")) };
    let again = order(&hand.engine.failed(cut, at(3), &mut hand.fleet));
    assert_eq!((again.target, again.cause), (1, Cause::Regenerate));
}

/// With a millisecond left nobody is asked a second time: not on a new connection, and not for the rest of a stream.
#[test]
fn nothing_is_begun_again_with_a_millisecond_left() {
    let stream = StreamPolicy { after_commit: AfterCommit::Regenerate, ..StreamPolicy::default() };
    let lost =
        |class, stale| Loss { stale, sent: true, resumable: true, ..Loss::from(Failure::new(class, "gone")) };
    for (left, begins) in [(1_000, false), (1_001, true)] {
        // The deadline is 60 s.
        let now = Moment::from_us(60_000_000 - left);
        for committed in [false, true] {
            let mut hand = Hand::new(config(vec![model("a")], Route { stream, ..route(1) }));
            hand.begin(at(0));
            if committed {
                hand.engine.committed(at(1), &mut hand.fleet);
            }
            let loss = if committed {
                lost(FailureClass::Truncated, false)
            } else {
                lost(FailureClass::Unreachable, true)
            };
            let step = hand.engine.failed(loss, now, &mut hand.fleet);
            assert_eq!(
                matches!(step, Step::Attempt(_)),
                begins,
                "{left} us, committed {committed}: {step:?}"
            );
        }
    }
}

/// A first output that is late is not held against a target whose limit the deadline cut below half; headers that are late are,
/// for nothing cuts their limit.
#[test]
fn late_headers_count_where_a_cut_first_output_does_not() {
    let benched_at_once = BreakerPolicy { failures: 1, ..BreakerPolicy::default() };
    let hasty = Route {
        deadline: Duration::from_secs(4),
        limits: Limits {
            headers: Some(ms(1_500)),
            first_token: Some(Duration::from_secs(10)),
            ..route(1).limits
        },
        ..route(1)
    };
    let late = || Failure::new(FailureClass::Timeout(Limit::FirstToken), "late");
    for (ms_passed, counts) in [(1_500, true), (4_000, false)] {
        let asked = Model { breaker: benched_at_once, ..model("a") };
        let mut hand = Hand::new(config(vec![asked], hasty.clone()));
        hand.facts(Facts { stream: true, ..Facts::default() });
        let limits = order(&hand.begin(at(0))).limits;
        // Ten seconds are cut to the four of the deadline, less than half.
        assert_eq!((limits.headers, limits.first_token), (Moment::ZERO + ms(1_500), Some(at(4))));
        let now = Moment::ZERO + ms(ms_passed);
        hand.engine.failed(late(), now, &mut hand.fleet);
        assert_eq!(hand.fleet.bench(0).is_some(), counts, "after {ms_passed} ms");
    }
}
