//! Single cases that generation found, or that words explain better.

use std::sync::Arc;
use std::time::Duration;

use brownout::chat::{Failure, FailureClass, Limit};
use brownout::router::config::{
    AllBenched, Backoff, BreakerPolicy, ClassPolicy, Config, Jitter, Rescue, Route, Then,
};
use brownout::router::engine::{Engine, Order, Step};
use brownout::router::fleet::{Admission, Fleet};
use brownout::router::plan::Facts;
use brownout::world::{Dice, Moment};

use super::drawn::{config, off, route, strict};
use super::world::failure;
/// A request alone with its fleet, driven by hand.
struct Hand {
    engine: Engine,
    fleet: Fleet,
}

impl Hand {
    fn new(config: Config) -> Self {
        let config = Arc::new(config);
        let fleet = Fleet::new(&config);
        Hand { engine: engine(&config), fleet }
    }
}

fn engine(config: &Arc<Config>) -> Engine {
    Engine::new(Arc::clone(config), 0, Facts::default(), Dice::new(1).key("x"), Moment::ZERO)
}

fn order(step: &Step) -> Order {
    match step {
        Step::Attempt(order) => *order,
        other => panic!("an attempt was expected, not {other:?}"),
    }
}

const fn at(seconds: u64) -> Moment {
    Moment::from_us(seconds * 1_000_000)
}

fn trigger_happy(open: u64) -> BreakerPolicy {
    BreakerPolicy {
        failures: 1,
        open: Duration::from_secs(open),
        factor: 1.0,
        open_max: Duration::from_secs(60),
        ..strict(1)
    }
}

/// A failure that benches its model makes a repeat on it pointless: the next model is asked at once, not after the
/// backoff.
#[test]
fn no_backoff_is_waited_out_for_a_model_that_is_benched_meanwhile() {
    let mut route = route(2);
    let backoff = Backoff { base: Duration::from_secs(1), jitter: Jitter::None, ..Backoff::default() };
    route.retry.set(FailureClass::Overloaded, ClassPolicy { times: 2, backoff, then: Then::Next });
    let mut hand = Hand::new(config(&[trigger_happy(5); 2], &[None; 2], route));
    assert_eq!(order(&hand.engine.begin(at(0), &mut hand.fleet)).target, 0);
    let step = hand.engine.failed(failure(FailureClass::Overloaded, None), at(0), &mut hand.fleet);
    assert_eq!(order(&step).target, 1);
}

/// Another request's attempt on `target` fails at once.
fn fail_once(fleet: &mut Fleet, target: usize, failure: &Failure) {
    let Admission::Yes(pass) = fleet.admit(target, at(0), 0.0) else { panic!("it is benched") };
    fleet.failed(pass, failure, brownout::router::fleet::Blame::Target, at(0), 0.0);
}

/// `all_benched: wait` waits for each bench in turn: when the first model's probe fails, the second one's bench may
/// end in time.
#[test]
fn waiting_for_one_bench_does_not_forget_the_other() {
    let route = Route { all_benched: AllBenched::Wait, ..route(2) };
    let mut hand = Hand::new(config(&[trigger_happy(5), trigger_happy(6)], &[None; 2], route));
    let shared = failure(FailureClass::ServerError, None);
    for model in 0..2 {
        fail_once(&mut hand.fleet, model, &shared);
    }
    assert_eq!(hand.engine.begin(at(0), &mut hand.fleet), Step::Wait(at(5)));
    assert_eq!(order(&hand.engine.waited(at(5), &mut hand.fleet)).target, 0);
    assert_eq!(hand.engine.failed(shared, at(5), &mut hand.fleet), Step::Wait(at(6)));
    assert_eq!(order(&hand.engine.waited(at(6), &mut hand.fleet)).target, 1);
}

/// `all_benched: ask_one` asks a benched model, but never one that asked to be left alone.
#[test]
fn asking_one_all_the_same_respects_a_retry_after() {
    let route = Route { all_benched: AllBenched::AskOne, ..route(1) };
    let config = Arc::new(config(&[off()], &[None], route));
    let mut fleet = Fleet::new(&config);
    let asks = Some(Duration::from_secs(50));
    let mut first = engine(&config);
    order(&first.begin(at(0), &mut fleet));
    assert!(matches!(
        first.failed(failure(FailureClass::RateLimited, asks), at(0), &mut fleet),
        Step::Fail(_)
    ));
    let step = engine(&config).begin(at(1), &mut fleet);
    assert!(matches!(step, Step::Fail(last) if last.failure.retry_after == Some(Duration::from_secs(49))));
}

/// A model that was asked against advice is asked once: its failure leads to the last resort without a backoff.
#[test]
fn a_model_asked_all_the_same_is_asked_once() {
    let mut route = Route { all_benched: AllBenched::AskOne, ..route(1) };
    let known = *route.retry.of(FailureClass::ServerError);
    route.retry.set(FailureClass::ServerError, ClassPolicy { times: 2, ..known });
    route.rescue = vec![Rescue::Fixed("sorry".to_owned())];
    let mut hand = Hand::new(config(&[trigger_happy(30)], &[None], route));
    let shared = failure(FailureClass::ServerError, None);
    fail_once(&mut hand.fleet, 0, &shared);
    assert!(order(&hand.engine.begin(at(1), &mut hand.fleet)).pass.probe);
    assert_eq!(hand.engine.failed(shared, at(1), &mut hand.fleet), Step::Fixed("sorry".to_owned()));
}

/// A probe that has brought output holds no slot any more: when it ends, it neither frees the slot of a later probe
/// nor speaks in its name.
#[test]
fn an_old_probe_does_not_free_the_slot_of_a_new_one() {
    let config = Arc::new(config(&[trigger_happy(5)], &[None], route(1)));
    let mut fleet = Fleet::new(&config);
    let shared = failure(FailureClass::ServerError, None);
    let mut trips = engine(&config);
    order(&trips.begin(at(0), &mut fleet));
    trips.failed(shared.clone(), at(0), &mut fleet);
    // The first probe brings output: traffic is back. Then another request fails, and a second probe is sent.
    let mut old = engine(&config);
    assert!(order(&old.begin(at(5), &mut fleet)).pass.probe);
    old.committed(at(5), &mut fleet);
    let mut other = engine(&config);
    assert!(!order(&other.begin(at(6), &mut fleet)).pass.probe);
    other.failed(shared, at(6), &mut fleet);
    let mut new = engine(&config);
    assert!(order(&new.begin(at(11), &mut fleet)).pass.probe);
    // The caller of the first probe leaves now.
    old.caller_left(at(11), &mut fleet);
    assert_eq!(fleet.probes(), 1);
    assert!(!fleet.would_admit(0, at(11)));
}

/// The trail says why a wait was made: the provider's wish, when that is what made it so long.
#[test]
fn a_wait_that_was_asked_for_is_reported_as_such() {
    let mut route = route(1);
    let backoff = Backoff { base: Duration::from_millis(10), ..Backoff::default() };
    route.retry.set(FailureClass::RateLimited, ClassPolicy { times: 1, backoff, then: Then::Next });
    let mut hand = Hand::new(config(&[off()], &[None], route));
    order(&hand.engine.begin(at(0), &mut hand.fleet));
    let asked = failure(FailureClass::RateLimited, Some(Duration::from_secs(2)));
    assert!(matches!(hand.engine.failed(asked, at(0), &mut hand.fleet), Step::Wait(until) if until >= at(2)));
    let (_, waits) = hand.engine.take_notes();
    assert_eq!(waits[0].cause, brownout::router::trail::WaitCause::RetryAfter);
}

/// A silent model must leave time for every model that may still be asked, the last resort included.
#[test]
fn a_silent_chain_leaves_time_for_the_model_of_last_resort() {
    // 60 s for two models and a rescue: the first may take 20 s, the second 20 s, and 20 s are left.
    let mut route = route(2);
    route.rescue = vec![Rescue::Model(2)];
    let mut hand = Hand::new(config(&[off(); 3], &[None; 3], route));
    let silent = failure(FailureClass::Timeout(Limit::Total), None);
    let mut step = hand.engine.begin(at(0), &mut hand.fleet);
    for (model, until) in [(0, 20), (1, 40), (2, 60)] {
        let asked = order(&step);
        assert_eq!((asked.target, asked.limits.total), (model, at(until)));
        step = hand.engine.failed(silent.clone(), at(until), &mut hand.fleet);
    }
    assert!(matches!(step, Step::Fail(_)));
}
