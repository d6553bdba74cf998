//! Every sequence of choices of a small space, one after the other.

use std::sync::Arc;
use std::time::Duration;

use brownout::chat::FailureClass;
use brownout::router::config::{ClassPolicy, Config};
use brownout::router::engine::{Engine, Final, Step};
use brownout::router::fleet::Fleet;
use brownout::router::plan::Facts;
use brownout::world::{Dice, Moment};

use super::drawn::{config, off, route};
use super::world::{Outcome, Script, Turn, World, failure};
/// Every sequence of choices of a small space, one after the other.
struct Odometer {
    digits: Vec<usize>,
    base: usize,
}

impl Odometer {
    fn next(&mut self, used: usize) -> bool {
        self.digits.truncate(used);
        while let Some(digit) = self.digits.pop() {
            if digit + 1 < self.base {
                self.digits.push(digit + 1);
                return true;
            }
        }
        false
    }
}

/// I02, I06, I07, I08, I10, I12, I18 by enumeration: three models, up to two repeats, and every sequence of
/// {served, overloaded, rate limited with a wait, bad key, empty, bad request, broken after output, caller left}.
#[test]
fn all_sequences_of_outcomes_on_three_models_with_repeats() {
    let wait = Some(Duration::from_secs(1));
    let outcomes = [
        Outcome::Served,
        Outcome::Fails(FailureClass::Overloaded, None),
        Outcome::Fails(FailureClass::RateLimited, wait),
        Outcome::Fails(FailureClass::Unauthorized, None),
        Outcome::Fails(FailureClass::InvalidRequest, None),
        Outcome::Breaks(FailureClass::Truncated, None),
        Outcome::Left { committed: false },
    ];
    let mut lives = 0_u32;
    for repeats in 0..=2 {
        let mut route = route(3);
        for (class, times) in
            [(FailureClass::Overloaded, repeats), (FailureClass::RateLimited, repeats.min(1))]
        {
            let known = *route.retry.of(class);
            route.retry.set(class, ClassPolicy { times, ..known });
        }
        let config = config(&[off(); 3], &[None; 3], route);
        let mut odometer = Odometer { digits: Vec::new(), base: outcomes.len() };
        loop {
            // One more turn than the digits so far, until the life ends within them.
            let turn = |digit: &usize| Turn {
                outcome: outcomes[*digit],
                takes: Duration::from_millis(10),
                leaves_waiting: false,
                cached: false,
            };
            let attempts = loop {
                let mut digits = odometer.digits.clone();
                digits.resize(12, 0);
                let script = Script {
                    begins: Duration::ZERO,
                    facts: Facts::default(),
                    turns: digits.iter().map(turn).collect(),
                };
                let attempts = lived(&config, script);
                if attempts <= odometer.digits.len() {
                    break attempts;
                }
                odometer.digits.resize(attempts, 0);
            };
            lives += 1;
            if !odometer.next(attempts) {
                break;
            }
        }
    }
    assert!(lives > 10_000, "{lives} lives");
}

/// Plays one life, and returns how many it made.
fn lived(config: &Config, script: Script) -> usize {
    let mut world = World::new(config.clone(), &[script]);
    if let Err(broken) = world.play() {
        panic!("{broken}\n{:?}", world.lives[0].script);
    }
    world.lives[0].asked.len()
}

/// I07, I08, I09 by enumeration: every class on each of three models, with none to two repeats: the number of
/// attempts is exactly what was configured, and every class leads where its policy says.
#[test]
fn every_class_on_every_model_makes_exactly_the_configured_attempts() {
    for times in 0..=2_u32 {
        for first in FailureClass::ALL {
            for second in FailureClass::ALL {
                for third in FailureClass::ALL {
                    let classes = [first, second, third];
                    let (attempts, last) = chain_of(classes, times);
                    let mut expected = Vec::new();
                    let mut ended = None;
                    for (model, class) in classes.into_iter().enumerate() {
                        let repeats = if class.is_deterministic() { 0 } else { times };
                        expected.extend((0..=repeats).map(|_| model));
                        // A complaint about the request ends nothing once a model failed by its own fault.
                        let excused = blames_request(class)
                            && classes[..model].iter().any(|before| !blames_request(*before));
                        if surfaces(class) && !excused {
                            ended = Some(class);
                            break;
                        }
                    }
                    assert_eq!(attempts, expected, "{classes:?} with {times} repeats");
                    // The primary cause: the first model's failure, unless it blames the request and another
                    // asked model's does not.
                    let asked = &classes[..=expected[expected.len() - 1]];
                    let primary = asked.iter().find(|class| !blames_request(**class)).unwrap_or(&asked[0]);
                    // A failure that is the answer by policy is the answer, whatever came before.
                    assert_eq!(last.failure.class, ended.unwrap_or(*primary), "{classes:?}");
                }
            }
        }
    }
}

/// The classes that are the answer by default.
const fn surfaces(class: FailureClass) -> bool {
    matches!(class, FailureClass::InvalidRequest | FailureClass::Cancelled)
}

/// Classes that say that the request, or what it was sent with, is wrong.
const fn blames_request(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::InvalidRequest
            | FailureClass::ContextExceeded
            | FailureClass::Refused
            | FailureClass::Unauthorized
            | FailureClass::NotFound
    )
}

/// A life in which model `n` always fails with `classes[n]`: who was asked, and the error.
fn chain_of(classes: [FailureClass; 3], times: u32) -> (Vec<usize>, Box<Final>) {
    let mut route = route(3);
    for class in FailureClass::ALL {
        let known = *route.retry.of(class);
        route.retry.set(class, ClassPolicy { times, ..known });
    }
    let config = Arc::new(config(&[off(); 3], &[None; 3], route));
    let mut fleet = Fleet::new(&config);
    let mut engine =
        Engine::new(Arc::clone(&config), 0, Facts::default(), Dice::new(1).key("x"), Moment::ZERO);
    let mut now = Moment::ZERO;
    let mut asked = Vec::new();
    let mut step = engine.begin(now, &mut fleet);
    loop {
        step = match step {
            Step::Attempt(order) => {
                asked.push(order.target);
                engine.failed(failure(classes[order.target], None), now, &mut fleet)
            }
            Step::Wait(until) => {
                now = until;
                engine.waited(now, &mut fleet)
            }
            Step::Fail(last) => return (asked, last),
            other => panic!("no rescue is declared: {other:?}"),
        }
    }
}
