//! What a route may declare beside its chain, at the pure core: hedges, several keys and deployments, gates, the order of
//! repeats, what follows a break after commit. First single lives by hand, one declared behaviour each, then
//! generated ones in a [`race::World`] that does with attempts what the async shell does.

#[path = "engine_policies/bars.rs"]
mod bars;
#[path = "engine_policies/edges.rs"]
mod edges;
#[path = "engine_policies/kit.rs"]
mod kit;
#[path = "engine_policies/race.rs"]
mod race;
#[path = "engine_policies/shares.rs"]
mod shares;

use std::time::Duration;

use brownout::chat::{Failure, FailureClass, Limit};
use brownout::router::config::{
    AfterCommit, AllBenched, Ambiguous, Backoff, BreakerPolicy, Budget, ClassPolicy, Concurrency, Config,
    Hedge, HedgeAfter, Jitter, Model, Need, Price, Rescue, RetryAfterPolicy, RetryOrder, Route, StreamPolicy,
    Then,
};
use brownout::router::engine::{Loss, Step};
use brownout::router::fleet::{Admission, Blame};
use brownout::router::plan::{Facts, Needs, Wish};
use brownout::router::trail::{Cause, SkipReason};

use kit::{Hand, at, config, model, ms, order, overloaded, route, status};

fn hedged(most: u32) -> Option<Hedge> {
    let budget = Budget { share: 1.0, per_second: 100.0 };
    Some(Hedge { after: HedgeAfter::Fixed(Duration::from_secs(1)), budget, most })
}

fn dead_connection() -> Loss {
    Loss { stale: true, sent: true, ..Loss::from(Failure::new(FailureClass::Unreachable, "reset")) }
}

// === Hedges ===

/// A second attempt starts when the first has been silent for as long as declared, on the next model; there are never more
/// than declared. The one that brings output first serves, and the other one gives back what it holds.
#[test]
fn a_hedge_asks_the_next_model_and_the_loser_holds_nothing() {
    let mut hand =
        Hand::new(config(vec![model("a"), model("b"), model("c")], Route { hedge: hedged(1), ..route(3) }));
    let first = order(&hand.begin(at(0)));
    assert_eq!(first.hedge_at, Some(at(1)));
    let second = hand.engine.hedge(at(1), &mut hand.fleet).expect("a hedge");
    assert_eq!((second.target, second.cause, second.number), (1, Cause::Hedge, 1));
    assert_eq!(second.hedge_at, None, "one was declared");
    assert_eq!(hand.engine.hedge(at(2), &mut hand.fleet), None);
    assert_eq!(hand.engine.won(1, at(2), &mut hand.fleet), [0]);
    assert_eq!((hand.in_flight(0), hand.in_flight(1)), (0, 1));
    hand.engine.committed(at(2), &mut hand.fleet);
    assert_eq!(hand.engine.hedge(at(3), &mut hand.fleet), None, "nothing is hedged once it is committed");
    hand.engine.served(at(3), &mut hand.fleet);
    assert_eq!((hand.in_flight(0), hand.in_flight(1)), (0, 0));
}

/// A percentile is that of the target's own recent answers, and never less than declared; until twenty are known nothing is
/// hedged.
#[test]
fn a_hedge_waits_as_long_as_is_usual() {
    let budget = Budget { share: 1.0, per_second: 100.0 };
    let hedge = |at_least| {
        let after = HedgeAfter::Percentile { share: 0.95, at_least };
        Some(Hedge { after, budget, most: 1 })
    };
    // Answers after 10, 20 … 200 ms: the nineteenth of twenty is 190 ms.
    for (answers, at_least, expected) in
        [(19, ms(0), None), (20, ms(0), Some(ms(190))), (20, ms(500), Some(ms(500)))]
    {
        let mut hand =
            Hand::new(config(vec![model("a"), model("b")], Route { hedge: hedge(at_least), ..route(2) }));
        for nth in 1..=answers {
            let Admission::Yes(pass) = hand.fleet.admit(0, at(0), 0.0) else { panic!("nothing benches it") };
            hand.fleet.served(pass, at(0) + ms(nth * 10));
        }
        let first = order(&hand.begin(at(1)));
        assert_eq!(first.hedge_at, expected.map(|after| at(1) + after), "{answers} answers");
    }
}

/// When one of two fails, the other one is waited for, whatever would follow the failure alone.
#[test]
fn a_failure_beside_another_attempt_waits_for_that() {
    for class in [FailureClass::ServerError, FailureClass::RateLimited, FailureClass::Unauthorized] {
        let mut hand =
            Hand::new(config(vec![model("a"), model("b")], Route { hedge: hedged(1), ..route(2) }));
        hand.begin(at(0));
        hand.engine.hedge(at(1), &mut hand.fleet).expect("a hedge");
        let loss = Loss::from(Failure::new(class, "boom"));
        assert_eq!(hand.engine.failed_of(0, loss, at(2), &mut hand.fleet), Step::Pending, "{class}");
        assert_eq!((hand.in_flight(0), hand.in_flight(1)), (0, 1), "{class}");
    }
}

/// What a hedge's model thinks of the request (a 400) ends nothing while the first model may still answer, and is not the
/// error when that one fails by its own fault.
#[test]
fn the_complaint_of_a_hedge_does_not_end_the_request() {
    let mut hand = Hand::new(config(vec![model("a"), model("b")], Route { hedge: hedged(1), ..route(2) }));
    hand.begin(at(0));
    hand.engine.hedge(at(1), &mut hand.fleet).expect("a hedge");
    let complaint = Loss::from(status(400, FailureClass::InvalidRequest));
    assert_eq!(hand.engine.failed_of(1, complaint, at(2), &mut hand.fleet), Step::Pending);
    assert_eq!(hand.in_flight(0), 1);
    let Step::Fail(last) = hand.engine.failed_of(0, overloaded().into(), at(3), &mut hand.fleet) else {
        panic!("both were asked")
    };
    assert_eq!((last.target, last.status), (Some(0), 529));
}

/// A dead pooled connection beside a hedge: the hedge goes on, and should it fail, the first target has its turn on a new
/// connection. (An attempt that is replaced while another is under way would be waited for for ever.)
#[test]
fn a_dead_connection_beside_a_hedge_is_replayed_when_the_hedge_has_failed() {
    let mut hand = Hand::new(config(vec![model("a"), model("b")], Route { hedge: hedged(1), ..route(2) }));
    hand.begin(at(0));
    hand.engine.hedge(at(1), &mut hand.fleet).expect("a hedge");
    assert_eq!(hand.engine.failed_of(0, dead_connection(), at(2), &mut hand.fleet), Step::Pending);
    let again = order(&hand.engine.failed_of(1, overloaded().into(), at(3), &mut hand.fleet));
    assert_eq!((again.target, again.cause, again.fresh), (0, Cause::Retry, true));
    assert_eq!((hand.in_flight(0), hand.in_flight(1)), (1, 0));
}

/// A model whose turn has come since is the next hedge, not the one behind it.
#[test]
fn a_hedge_takes_the_next_in_turn() {
    let models = vec![model("a"), model("b"), model("c"), model("d")];
    let mut hand = Hand::new(config(models, Route { hedge: hedged(2), ..route(4) }));
    hand.begin(at(0));
    assert_eq!(hand.engine.hedge(at(1), &mut hand.fleet).map(|order| order.target), Some(1));
    assert_eq!(hand.engine.failed_of(0, overloaded().into(), at(2), &mut hand.fleet), Step::Pending);
    assert_eq!(hand.engine.hedge(at(3), &mut hand.fleet).map(|order| order.target), Some(2));
}

/// Hedges count as attempts, and nothing is hedged at the deadline.
#[test]
fn hedges_stay_within_the_bound_and_the_deadline() {
    let bounded = Route { hedge: hedged(3), max_attempts: 2, ..route(3) };
    let mut hand = Hand::new(config(vec![model("a"), model("b"), model("c")], bounded));
    hand.begin(at(0));
    assert!(hand.engine.hedge(at(1), &mut hand.fleet).is_some());
    assert_eq!(hand.engine.hedge(at(2), &mut hand.fleet), None, "two attempts are the bound");
    let late = Route { hedge: hedged(3), ..route(3) };
    let mut hand = Hand::new(config(vec![model("a"), model("b"), model("c")], late));
    hand.begin(at(0));
    assert_eq!(hand.engine.hedge(at(60), &mut hand.fleet), None, "the deadline is 60 s");
}

/// A target whose old connection was dead once gets a new one, also when its turn comes as a hedge.
#[test]
fn a_hedge_on_a_target_whose_connection_was_dead_gets_a_new_one() {
    let mut hand =
        Hand::new(config(vec![model("a"), model("b"), model("c")], Route { hedge: hedged(2), ..route(3) }));
    hand.begin(at(0));
    hand.engine.hedge(at(1), &mut hand.fleet).expect("a hedge");
    assert_eq!(hand.engine.failed_of(0, dead_connection(), at(2), &mut hand.fleet), Step::Pending);
    let second = hand.engine.hedge(at(3), &mut hand.fleet).expect("another one");
    assert_eq!((second.target, second.cause, second.fresh), (0, Cause::Hedge, true));
}

// === Repeats ===

fn repeats(times: u32) -> ClassPolicy {
    ClassPolicy {
        times,
        backoff: Backoff { base: ms(100), jitter: Jitter::None, ..Backoff::default() },
        then: Then::Next,
    }
}

/// Who is asked, in order, when everybody is overloaded.
fn asked(config: Config) -> Vec<usize> {
    let mut hand = Hand::new(config);
    let (mut now, mut asked) = (at(0), Vec::new());
    let mut step = hand.begin(now);
    loop {
        step = match step {
            Step::Attempt(order) => {
                asked.push(order.target);
                hand.engine.failed(overloaded(), now, &mut hand.fleet)
            }
            Step::Wait(until) => {
                now = until;
                hand.engine.waited(now, &mut hand.fleet)
            }
            Step::Fail(_) => return asked,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn repeats_come_before_or_after_the_rest_of_the_chain_as_declared() {
    for (retry_order, expected) in
        [(RetryOrder::ModelFirst, vec![0, 0, 1, 1, 2, 2]), (RetryOrder::ChainFirst, vec![0, 1, 2, 0, 1, 2])]
    {
        let mut route = Route { retry_order, ..route(3) };
        route.retry.set(FailureClass::Overloaded, repeats(1));
        assert_eq!(asked(config(vec![model("a"), model("b"), model("c")], route)), expected);
    }
}

/// A model's own word on repeats stands over its route's, zero included.
#[test]
fn a_models_own_repeats_stand_over_its_routes() {
    let (mut often, mut never) = (model("often"), model("never"));
    often.retry.set(FailureClass::Overloaded, repeats(3));
    never.retry.set(FailureClass::Overloaded, repeats(0));
    let mut route = route(3);
    route.retry.set(FailureClass::Overloaded, repeats(1));
    // Four, one, and the route's own two.
    assert_eq!(asked(config(vec![often, never, model("c")], route)), [0, 0, 0, 0, 1, 2, 2]);
}

/// Of statuses 400..599 those listed lead to the next model and every other one is the answer.
#[test]
fn only_listed_statuses_advance() {
    let listed = [404_u16, 429, 503];
    let classes = [FailureClass::InvalidRequest, FailureClass::ServerError, FailureClass::RateLimited];
    for (code, class) in (400..600).flat_map(|code| classes.map(|class| (code, class))) {
        let route = Route { advance_on: Some(listed.to_vec()), ..route(2) };
        let mut hand = Hand::new(config(vec![model("a"), model("b")], route));
        hand.begin(at(0));
        // A 400 or 422 that is not about the request is told as what it is.
        let blames_wrongly = matches!(code, 400 | 422) && class != FailureClass::InvalidRequest;
        let told = if blames_wrongly { class.default_status() } else { code };
        match hand.engine.failed(status(code, class), at(1), &mut hand.fleet) {
            Step::Attempt(order) => assert!(listed.contains(&code) && order.target == 1, "{code} {class}"),
            Step::Fail(last) => assert!(!listed.contains(&code) && last.status == told, "{code} {class}"),
            other => panic!("{code} {class}: {other:?}"),
        }
    }
}

/// A failure that leaves open whether the request was carried out ends it where the route says so; one that came before
/// anything was sent, or with a status, does not.
#[test]
fn an_unclear_failure_is_not_replayed_where_that_is_declared() {
    let classes = [
        (FailureClass::Unreachable, true),
        (FailureClass::Timeout(Limit::Total), true),
        (FailureClass::Truncated, true),
        (FailureClass::Protocol, true),
        (FailureClass::Overloaded, false),
    ];
    for (ambiguous, (class, unclear), sent) in [Ambiguous::Replay, Ambiguous::Surface]
        .into_iter()
        .flat_map(|ambiguous| classes.map(|class| (ambiguous, class)))
        .flat_map(|(ambiguous, class)| [(ambiguous, class, false), (ambiguous, class, true)])
    {
        let route = Route { ambiguous, ..route(2) };
        let mut hand = Hand::new(config(vec![model("a"), model("b")], route));
        hand.begin(at(0));
        let loss = Loss { sent, ..Loss::from(Failure::new(class, "boom")) };
        let ends = matches!(hand.engine.failed(loss, at(1), &mut hand.fleet), Step::Fail(_));
        assert_eq!(
            ends,
            ambiguous == Ambiguous::Surface && unclear && sent,
            "{ambiguous:?} {class} sent {sent}"
        );
    }
}

/// A connection that was dead before it was used is no failure of its target: the request goes out again, on a new one,
/// once.
#[test]
fn a_dead_connection_is_replaced_once() {
    let mut hand = Hand::new(config(vec![model("a"), model("b")], route(2)));
    assert!(!order(&hand.begin(at(0))).fresh);
    let again = order(&hand.engine.failed(dead_connection(), at(0), &mut hand.fleet));
    assert_eq!((again.target, again.cause, again.fresh), (0, Cause::Retry, true));
    assert_eq!(hand.fleet.trouble(0), None, "it says nothing about the target");
    let next = order(&hand.engine.failed(dead_connection(), at(0), &mut hand.fleet));
    assert_eq!((next.target, next.cause), (1, Cause::Fallback));
    assert!(hand.fleet.trouble(0).is_some(), "the second one does");
    let declared = Route { ambiguous: Ambiguous::Surface, ..route(2) };
    let mut hand = Hand::new(config(vec![model("a"), model("b")], declared));
    hand.begin(at(0));
    assert!(matches!(hand.engine.failed(dead_connection(), at(0), &mut hand.fleet), Step::Fail(_)));
}

/// A repeat whose target was benched when it was due is taken out of the budget when it is made, like any other: here the
/// budget holds one call, which another request took, and a quarter of one comes back in five seconds.
#[test]
fn a_repeat_that_waited_for_the_end_of_a_bench_is_paid_for() {
    for (spent, repeats_made) in [(false, true), (true, false)] {
        let breaker = BreakerPolicy {
            failures: 1,
            open: Duration::from_secs(5),
            jitter: 0.0,
            ..BreakerPolicy::default()
        };
        let mut route = Route {
            all_benched: AllBenched::Wait,
            retry_budget: Some(Budget { share: 0.0, per_second: 0.05 }),
            ..route(1)
        };
        route.retry.set(FailureClass::Overloaded, repeats(1));
        let mut hand = Hand::new(config(vec![Model { breaker, ..model("a") }], route));
        hand.begin(at(0));
        if spent {
            assert!(hand.fleet.may_retry(0, 0, at(0)));
        }
        assert_eq!(hand.engine.failed(overloaded(), at(0), &mut hand.fleet), Step::Wait(at(5)));
        let made = matches!(hand.engine.waited(at(5), &mut hand.fleet), Step::Attempt(_));
        assert_eq!(made, repeats_made, "spent {spent}");
        assert_eq!(hand.in_flight(0), u32::from(repeats_made), "what is not paid for holds nothing");
    }
}

/// Asking a benched model all the same is not asking what may not be asked: neither what has no money left, nor what would
/// fail as its sibling just did.
#[test]
fn asking_one_all_the_same_keeps_to_money_and_to_what_is_known() {
    let breaker = BreakerPolicy { failures: 1, ..BreakerPolicy::default() };
    let benched = |hand: &mut Hand, target: usize| {
        let Admission::Yes(pass) = hand.fleet.admit(target, at(0), 0.0) else { panic!("it is benched") };
        hand.fleet.failed(pass, &overloaded(), Blame::Target, at(0), 0.0);
    };
    let declared = || Route { all_benched: AllBenched::AskOne, ..route(1) };
    let mut hand = Hand::new(config(vec![Model { breaker, ..model("a") }], declared()));
    benched(&mut hand, 0);
    assert!(matches!(hand.begin(at(1)), Step::Attempt(_)), "it is asked all the same");
    // Its tenant spends the rest while it waits for its turn.
    let mut spends = kit::several(declared());
    spends.models[0].breaker = breaker;
    let mut hand = Hand::new(spends);
    benched(&mut hand, 1);
    benched(&mut hand, 2);
    hand.begin(at(1));
    hand.engine.set_spent(true);
    assert!(matches!(hand.engine.failed(overloaded(), at(1), &mut hand.fleet), Step::Fail(_)));
    // The prompt is too long for the model, whoever serves it.
    let mut alike = kit::several(declared());
    alike.models[0].breaker = breaker;
    let mut hand = Hand::new(alike);
    benched(&mut hand, 1);
    benched(&mut hand, 2);
    assert_eq!(order(&hand.begin(at(1))).target, 0);
    let long = status(400, FailureClass::ContextExceeded);
    assert!(matches!(hand.engine.failed(long, at(1), &mut hand.fleet), Step::Fail(_)));
}

/// A request whose tenant has spent its money meanwhile is not sent again on a new connection either.
#[test]
fn a_dead_connection_is_not_replaced_without_money() {
    let mut hand = Hand::new(config(vec![model("a")], route(1)));
    hand.begin(at(0));
    hand.engine.set_spent(true);
    assert!(matches!(hand.engine.failed(dead_connection(), at(0), &mut hand.fleet), Step::Fail(_)));
}

// === Keys and deployments ===

/// What failed with one key at one deployment is, by class, asked of another key, of another deployment, or of neither.
#[test]
fn what_would_fail_alike_elsewhere_is_not_asked_there() {
    // a@p/1, a@p/2, a@q: two keys of one deployment and another deployment; then model b.
    for class in FailureClass::ALL {
        let mut hand = Hand::new(kit::several(route(2)));
        let first = order(&hand.begin(at(0)));
        assert_eq!(first.target, 0);
        let step = hand.engine.failed(Failure::new(class, "boom"), at(1), &mut hand.fleet);
        let expected = match class {
            // The answer, by default policy.
            FailureClass::InvalidRequest | FailureClass::Cancelled => None,
            FailureClass::Refused | FailureClass::ContextExceeded => Some(3),
            FailureClass::RateLimited | FailureClass::QuotaExhausted | FailureClass::Unauthorized => Some(1),
            _ => Some(2),
        };
        match step {
            Step::Attempt(order) => assert_eq!(Some(order.target), expected, "{class}"),
            Step::Fail(_) => assert_eq!(None, expected, "{class}"),
            other => panic!("{class}: {other:?}"),
        }
        let (skips, _) = hand.engine.take_notes();
        let expected_skips = expected.map_or(0, |target| target - 1);
        assert_eq!(skips.len(), expected_skips, "{class}: every skip is noted: {skips:?}");
        assert!(skips.iter().all(|skip| skip.reason == SkipReason::SameCause), "{class}: {skips:?}");
    }
}

// === What a caller or its tenant may ===

/// Who wants one model's answer or its error gets neither another model nor a last resort.
#[test]
fn a_caller_who_wants_no_fallback_gets_the_first_models_error() {
    let declared = Route { rescue: vec![Rescue::Fixed("sorry".to_owned())], ..route(2) };
    let mut hand = Hand::new(config(vec![model("a"), model("b")], declared));
    hand.wish(Wish { alone: true, ..Wish::default() });
    hand.begin(at(0));
    let Step::Fail(last) = hand.engine.failed(overloaded(), at(1), &mut hand.fleet) else {
        panic!("no error")
    };
    assert_eq!((last.target, last.status), (Some(0), 529));
}

#[test]
fn a_callers_deadline_is_the_deadline() {
    let mut hand = Hand::new(config(vec![model("a"), model("b")], route(2)));
    hand.wish(Wish { deadline: Some(Duration::from_secs(2)), ..Wish::default() });
    let first = order(&hand.begin(at(0)));
    // Two models share 2 s.
    assert_eq!((hand.engine.deadline(), first.limits.total), (at(2), at(1)));
    let silent = Failure::new(FailureClass::Timeout(Limit::Total), "silent");
    assert!(
        matches!(hand.engine.failed(silent, at(2), &mut hand.fleet), Step::Fail(_)),
        "no attempt begins at the end"
    );
}

/// Access, residency, money and ability hold for a last resort as for the chain, and the trail says why it was not asked.
#[test]
fn what_holds_for_the_chain_holds_for_the_last_resort() {
    let free = || Model { price: Some(Price { input: 0, output: 0 }), ..model("a") };
    let eu = || Some(vec!["eu".to_owned()]);
    let tools = Needs { tools: true, ..Needs::default() };
    let mut unable = model("b");
    unable.can.tools = Some(false);
    let cases = [
        (model("b"), Wish { models: Some(vec![0]), ..Wish::default() }, None, SkipReason::NotAllowed),
        (model("b"), Wish { regions: eu(), ..Wish::default() }, None, SkipReason::Region),
        (model("b"), Wish::default(), eu(), SkipReason::Region),
        (model("b"), Wish { spent: true, ..Wish::default() }, None, SkipReason::Spent),
        (unable, Wish::default(), None, SkipReason::Incapable { need: Need::Tools }),
    ];
    for (resort, wish, regions, reason) in cases {
        let declared = Route {
            chain: vec![0],
            rescue: vec![Rescue::Model(1), Rescue::Fixed("sorry".to_owned())],
            regions,
            ..route(1)
        };
        let mut built = config(vec![free(), resort], declared);
        // Model a is at a provider in the EU, b at one that says nothing.
        built.providers[0].region = Some("eu".to_owned());
        let built = kit::apart(built, 1);
        let mut hand = Hand::new(built);
        hand.facts(Facts { needs: tools, ..Facts::default() });
        hand.wish(wish.clone());
        hand.begin(at(0));
        let step = hand.engine.failed(overloaded(), at(1), &mut hand.fleet);
        assert_eq!(step, Step::Fixed("sorry".to_owned()), "{reason:?} {wish:?}");
        let (skips, _) = hand.engine.take_notes();
        assert_eq!(skips.iter().map(|skip| skip.reason).collect::<Vec<_>>(), [reason]);
    }
}

// === After commit ===

fn after(after_commit: AfterCommit) -> Route {
    Route { stream: StreamPolicy { after_commit, ..StreamPolicy::default() }, ..route(3) }
}

fn cut(resumable: bool) -> Loss {
    Loss { sent: true, resumable, ..Loss::from(Failure::new(FailureClass::Truncated, "cut")) }
}

/// A life whose first stream breaks after output, and then every attempt to go on from it.
fn breaks(route: Route, resumable: bool) -> (Vec<(usize, Cause)>, FailureClass) {
    let mut able = model("c");
    able.can.prefill = Some(true);
    let mut hand = Hand::new(config(vec![model("a"), model("b"), able], route));
    let first = order(&hand.begin(at(0))).number;
    hand.engine.won(first, at(1), &mut hand.fleet);
    hand.engine.committed(at(1), &mut hand.fleet);
    let mut step = hand.engine.failed(cut(resumable), at(2), &mut hand.fleet);
    let mut went_on = Vec::new();
    loop {
        match step {
            Step::Attempt(order) => {
                went_on.push((order.target, order.cause));
                let next = Loss { resumable, ..Loss::from(status(500, FailureClass::ServerError)) };
                step = hand.engine.failed_of(order.number, next, at(3), &mut hand.fleet);
            }
            Step::Fail(last) => {
                assert_eq!(last.target, Some(0), "the error is what broke the stream");
                return (went_on, last.failure.class);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// After a break the route's word counts: an error; another model that accepts a beginning; or all of it again, from
/// another model first. It always ends, and the error is the one that broke the stream.
#[test]
fn a_break_after_commit_leads_where_the_route_says() {
    let truncated = FailureClass::Truncated;
    assert_eq!(breaks(after(AfterCommit::End), true), (vec![], truncated));
    assert_eq!(breaks(after(AfterCommit::Continue), true), (vec![(2, Cause::Continue)], truncated));
    let again = vec![(1, Cause::Regenerate), (2, Cause::Regenerate), (0, Cause::Regenerate)];
    assert_eq!(breaks(after(AfterCommit::Regenerate), true), (again, truncated));
}

/// After a tool call or a refusal there is nothing to go on from.
#[test]
fn what_is_more_than_text_is_not_gone_on_from() {
    for after_commit in [AfterCommit::End, AfterCommit::Continue, AfterCommit::Regenerate] {
        assert_eq!(breaks(after(after_commit), false), (vec![], FailureClass::Truncated));
    }
}

#[test]
fn attempts_to_go_on_count_as_attempts() {
    let bounded = Route { max_attempts: 2, ..after(AfterCommit::Regenerate) };
    assert_eq!(breaks(bounded, true).0, [(1, Cause::Regenerate)]);
}

/// A model that was a hedge and lost is asked to go on like any other.
#[test]
fn a_hedge_that_lost_can_still_go_on() {
    let declared = Route { hedge: hedged(1), ..after(AfterCommit::Regenerate) };
    let mut hand = Hand::new(config(vec![model("a"), model("b"), model("c")], declared));
    hand.begin(at(0));
    hand.engine.hedge(at(1), &mut hand.fleet).expect("a hedge");
    assert_eq!(hand.engine.won(0, at(2), &mut hand.fleet), [1]);
    hand.engine.committed(at(2), &mut hand.fleet);
    let on = order(&hand.engine.failed_of(0, cut(true), at(3), &mut hand.fleet));
    assert_eq!((on.target, on.cause), (1, Cause::Regenerate));
}

/// What a model meant to say is not mended by having it said again: only accidents are gone on from.
#[test]
fn only_accidents_are_gone_on_from() {
    let accidents = [
        FailureClass::Truncated,
        FailureClass::Timeout(Limit::Idle),
        FailureClass::ServerError,
        FailureClass::Overloaded,
        FailureClass::Unreachable,
        FailureClass::Protocol,
        FailureClass::RateLimited,
        FailureClass::QuotaExhausted,
    ];
    let meant = [
        FailureClass::Refused,
        FailureClass::InvalidOutput,
        FailureClass::Empty,
        FailureClass::InvalidRequest,
    ];
    for (class, goes_on) in
        accidents.map(|class| (class, true)).into_iter().chain(meant.map(|class| (class, false)))
    {
        let stream = StreamPolicy { after_commit: AfterCommit::Regenerate, ..StreamPolicy::default() };
        let mut hand = Hand::new(config(vec![model("a"), model("b")], Route { stream, ..route(2) }));
        hand.begin(at(0));
        hand.engine.committed(at(1), &mut hand.fleet);
        let loss = Loss { resumable: true, ..Loss::from(Failure::new(class, "boom")) };
        let step = hand.engine.failed(loss, at(2), &mut hand.fleet);
        assert_eq!(matches!(step, Step::Attempt(_)), goes_on, "{class}: {step:?}");
    }
}

/// The target whose stream broke is asked to say it again when nobody else is there, as far as the budget allows.
#[test]
fn who_broke_a_stream_says_it_again_while_the_budget_lasts() {
    let stream = StreamPolicy { after_commit: AfterCommit::Regenerate, ..StreamPolicy::default() };
    for (per_second, again) in [(1.0, true), (0.0, false)] {
        let retry_budget = Some(Budget { share: 0.0, per_second });
        let mut hand = Hand::new(config(vec![model("a")], Route { stream, retry_budget, ..route(1) }));
        hand.begin(at(0));
        if !again {
            // What a budget holds at the least is one call.
            hand.fleet.may_retry(0, 0, at(0));
        }
        hand.engine.committed(at(1), &mut hand.fleet);
        let loss = Loss { resumable: true, ..Loss::from(Failure::new(FailureClass::Truncated, "cut")) };
        let step = hand.engine.failed(loss, at(2), &mut hand.fleet);
        assert_eq!(
            matches!(step, Step::Attempt(order) if order.cause == Cause::Regenerate),
            again,
            "{per_second}"
        );
    }
}

/// A target that is only busy is waited for, whatever is declared for one that is benched: a place will be free soon.
#[test]
fn a_busy_target_is_waited_for() {
    let mut config = config(vec![model("a")], route(1));
    config.providers[0].concurrency = Some(Concurrency { most: 1, adaptive: false });
    let mut hand = Hand::new(config);
    let Admission::Yes(pass) = hand.fleet.admit(0, at(0), 0.0) else { panic!("there is a place") };
    let Step::Wait(until) = hand.begin(at(0)) else { panic!("a place will be free") };
    assert_eq!(until, at(0) + ms(50));
    hand.fleet.released(pass, until);
    assert!(matches!(hand.engine.waited(until, &mut hand.fleet), Step::Attempt(_)));
}

/// The error tells how long waiting would help: until the first of those who may be asked is back, or else what the provider
/// asked for; somebody who is there already is no reason to wait.
#[test]
fn an_error_tells_when_the_first_is_back() {
    let breaker = |open| BreakerPolicy {
        failures: 1,
        open: Duration::from_secs(open),
        jitter: 0.0,
        ..BreakerPolicy::default()
    };
    let models = |first, second| {
        vec![
            Model { breaker: breaker(first), ..model("a") },
            Model { breaker: breaker(second), ..model("b") },
        ]
    };
    // Both fail at once and are benched for 20 s and 7 s.
    let mut hand = Hand::new(config(models(20, 7), route(2)));
    hand.begin(at(0));
    hand.engine.failed(overloaded(), at(0), &mut hand.fleet);
    let Step::Fail(last) = hand.engine.failed(overloaded(), at(0), &mut hand.fleet) else {
        panic!("no error")
    };
    assert_eq!(last.failure.retry_after, Some(Duration::from_secs(7)));
    // Nobody is benched: nothing is told.
    let mut hand = Hand::new(config(vec![model("a")], route(1)));
    hand.begin(at(0));
    let Step::Fail(last) = hand.engine.failed(overloaded(), at(0), &mut hand.fleet) else {
        panic!("no error")
    };
    assert_eq!(last.failure.retry_after, None);
}

/// A wait that is as long as is waited at most is waited out; a longer one is not.
#[test]
fn a_wait_of_the_declared_length_is_waited_out() {
    for (asked, waits) in [(10, true), (11, false)] {
        let retry_after = RetryAfterPolicy::Wait { cap: Duration::from_secs(10) };
        let mut route = Route { retry_after, ..route(2) };
        route.retry.set(FailureClass::RateLimited, repeats(1));
        let mut hand = Hand::new(config(vec![model("a"), model("b")], route));
        hand.begin(at(0));
        let limited = Failure {
            retry_after: Some(Duration::from_secs(asked)),
            ..status(429, FailureClass::RateLimited)
        };
        match hand.engine.failed(limited, at(0), &mut hand.fleet) {
            Step::Wait(until) => assert!(waits && until >= at(asked), "{asked} s, until {until:?}"),
            Step::Attempt(order) => assert!(!waits && order.target == 1, "{asked} s"),
            other => panic!("{other:?}"),
        }
    }
}

/// A caller is not sent to sleep for longer than a day, whatever a provider said.
#[test]
fn no_caller_is_told_to_wait_for_longer_than_a_day() {
    let day = Duration::from_secs(86_400);
    for (asked, told) in [(day / 2, day / 2), (day * 10, day)] {
        let mut route = route(2);
        route.retry.set(FailureClass::RateLimited, ClassPolicy { then: Then::Surface, ..repeats(0) });
        let mut hand = Hand::new(config(vec![model("a"), model("b")], route));
        hand.begin(at(0));
        let limited = Failure { retry_after: Some(asked), ..status(429, FailureClass::RateLimited) };
        let Step::Fail(last) = hand.engine.failed(limited, at(0), &mut hand.fleet) else {
            panic!("no error")
        };
        // The other model is there, so nobody's return is waited for: the provider's own word is passed on.
        assert_eq!(last.failure.retry_after, Some(told));
    }
}

/// Who is turned away because everybody rests is told who rests, for how long, and after what.
#[test]
fn an_error_of_nobody_names_who_rests_and_why() {
    let breaker =
        BreakerPolicy { failures: 1, open: Duration::from_secs(20), jitter: 0.0, ..BreakerPolicy::default() };
    let models = || vec![Model { breaker, ..model("a") }, Model { breaker, ..model("b") }];
    let mut hand = Hand::new(config(models(), route(2)));
    for target in [0, 1] {
        let Admission::Yes(pass) = hand.fleet.admit(target, at(0), 0.0) else { panic!("it is benched") };
        hand.fleet.failed(pass, &overloaded(), Blame::Target, at(0), 0.0);
    }
    let Step::Fail(last) = hand.begin(at(1)) else { panic!("somebody was asked") };
    assert_eq!(
        last.failure.message,
        "no model of route `r` may be asked now: `a` rests for another 19.0 s after 529 overloaded; \
         `b` rests for another 19.0 s after 529 overloaded"
    );
    assert_eq!((last.status, last.failure.retry_after), (503, Some(Duration::from_secs(19))));
}
