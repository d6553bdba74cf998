//! Requests that share one fleet, played event by event in the order of time. What a model does comes from a script, so that a
//! failure shrinks to a few lines.

use std::sync::Arc;
use std::time::Duration;

use brownout::chat::{Failure, FailureClass};
use brownout::router::config::{Config, Route};
use brownout::router::engine::{Engine, Order, Step};
use brownout::router::fleet::{Admission, Fleet};
use brownout::router::plan::Facts;
use brownout::router::trail::{Cause, SkipReason};
use brownout::world::{Dice, Moment};
use proptest::prelude::*;

/// More events than any life within its deadline can have: a life that reaches it would not end.
const ENDLESS: usize = 20_000;
/// What a model makes of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Served,
    Fails(FailureClass, Option<Duration>),
    /// Output was forwarded first.
    Breaks(FailureClass, Option<Duration>),
    /// The caller leaves, before or after output was forwarded.
    Left {
        committed: bool,
    },
}

/// One attempt of a life as scripted, and the wait before or after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) outcome: Outcome,
    /// How long the attempt takes; its limit cuts it.
    pub(crate) takes: Duration,
    /// Whether the caller leaves instead, should this turn be a wait.
    pub(crate) leaves_waiting: bool,
    /// Whether the cache has an answer, should it be asked.
    pub(crate) cached: bool,
}

/// One request as scripted.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) begins: Duration,
    pub(crate) facts: Facts,
    /// Played over and over.
    pub(crate) turns: Vec<Turn>,
}

/// What is known of a model, as far as it can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) cooling: Option<Moment>,
    pub(crate) bench: Option<Moment>,
}

pub(crate) struct World {
    pub(crate) config: Arc<Config>,
    pub(crate) fleet: Fleet,
    pub(crate) health: Vec<Health>,
    pub(crate) lives: Vec<Life>,
}

pub(crate) struct Life {
    pub(crate) engine: Engine,
    pub(crate) script: Script,
    pub(crate) turn: usize,
    pub(crate) doing: Doing,
    pub(crate) at: Moment,
    pub(crate) events: usize,
    /// Attempts that ended: on which model, when, how, and why they were made.
    pub(crate) ended: Vec<(usize, Moment, Failure, Cause)>,
    pub(crate) asked: Vec<usize>,
    /// Repeats by model and the class that led to them.
    pub(crate) repeats: Vec<(usize, FailureClass, u32)>,
    pub(crate) against_advice: u32,
}

#[expect(clippy::large_enum_variant, reason = "there are ten at most")]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doing {
    Begins,
    Waits { leaves: bool },
    Asks { order: Order, outcome: Outcome, commits_first: bool, committed: bool },
    Over,
}

/// What an event said about the model it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Nothing,
    Fault,
    Alive,
}

pub(crate) type Check = Result<(), TestCaseError>;

macro_rules! promise {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(TestCaseError::fail(format!($($words)+)));
        }
    };
}

pub(crate) use promise;

impl World {
    pub(crate) fn new(config: Config, scripts: &[Script]) -> Self {
        let config = Arc::new(config);
        let mut fleet = Fleet::new(&config);
        let health = (0..config.models.len()).map(|model| peek(&mut fleet, model, Moment::ZERO)).collect();
        let life = |(number, script): (usize, &Script)| {
            let begins = Moment::ZERO + script.begins;
            let dice = Dice::new(1).key("life").u64(number as u64);
            Life {
                engine: Engine::new(Arc::clone(&config), 0, script.facts, dice, begins),
                script: script.clone(),
                turn: 0,
                doing: Doing::Begins,
                at: begins,
                events: 0,
                ended: Vec::new(),
                asked: Vec::new(),
                repeats: Vec::new(),
                against_advice: 0,
            }
        };
        let lives = scripts.iter().enumerate().map(life).collect();
        World { fleet, health, lives, config }
    }

    pub(crate) fn route(&self) -> &Route {
        &self.config.routes[0]
    }

    /// Plays all lives to their ends.
    pub(crate) fn play(&mut self) -> Check {
        let mut now = Moment::ZERO;
        while let Some(next) = self.next() {
            let mut life = self.lives.swap_remove(next);
            now = life.at;
            let done = self.event(&mut life);
            self.lives.push(life);
            let last = self.lives.len() - 1;
            self.lives.swap(next, last);
            done?;
        }
        self.over(now)
    }

    pub(crate) fn next(&self) -> Option<usize> {
        let alive = self.lives.iter().enumerate().filter(|(_, life)| !matches!(life.doing, Doing::Over));
        alive.min_by_key(|(index, life)| (life.at, *index)).map(|(index, _)| index)
    }

    pub(crate) fn event(&mut self, life: &mut Life) -> Check {
        let now = life.at;
        life.events += 1;
        promise!(life.events < ENDLESS, "I06: a life does not end");
        let (step, about, says) = match life.doing {
            Doing::Begins => (Some(life.engine.begin(now, &mut self.fleet)), None, Says::Nothing),
            Doing::Waits { leaves: true } => {
                life.engine.caller_left(now, &mut self.fleet);
                (None, None, Says::Nothing)
            }
            Doing::Waits { leaves: false } => {
                (Some(life.engine.waited(now, &mut self.fleet)), None, Says::Nothing)
            }
            Doing::Asks { order, outcome, commits_first: true, .. } => {
                life.engine.committed(now, &mut self.fleet);
                let says = if order.pass.probe { Says::Alive } else { Says::Nothing };
                self.settle(Some(order.target), says, now)?;
                let rest = life.script.turns[life.turn % life.script.turns.len()].takes;
                life.doing = Doing::Asks { order, outcome, commits_first: false, committed: true };
                life.at = (now + rest).min(order.limits.total).max(now);
                return self.count_probes(Some(life));
            }
            Doing::Asks { order, outcome, committed, .. } => {
                self.attempt_ends(life, &order, outcome, committed, now)
            }
            Doing::Over => return Ok(()),
        };
        // What the attempt's end did to the fleet, and what the step after it did: the step only takes probes.
        self.settle(about, says, now)?;
        match step {
            Some(step) => self.step(life, step, now)?,
            None => life.doing = Doing::Over,
        }
        self.count_probes(Some(life))
    }

    pub(crate) fn attempt_ends(
        &mut self,
        life: &mut Life,
        order: &Order,
        outcome: Outcome,
        committed: bool,
        now: Moment,
    ) -> (Option<Step>, Option<usize>, Says) {
        let model = Some(order.target);
        match outcome {
            Outcome::Served => {
                life.engine.served(now, &mut self.fleet);
                (None, model, if order.pass.probe { Says::Alive } else { Says::Nothing })
            }
            Outcome::Left { .. } => {
                life.engine.caller_left(now, &mut self.fleet);
                (None, model, Says::Nothing)
            }
            Outcome::Fails(class, asks) | Outcome::Breaks(class, asks) => {
                let failure = failure(class, asks);
                life.ended.push((order.target, now, failure.clone(), order.cause));
                let step = life.engine.failed(failure, now, &mut self.fleet);
                let neutral = is_neutral(class) || !order.limits.blames(class, now);
                let says = if neutral { Says::Nothing } else { Says::Fault };
                if committed {
                    assert!(matches!(step, Step::Fail(_)), "after commit there is nothing but the error");
                }
                (Some(step), model, says)
            }
        }
    }

    pub(crate) fn step(&mut self, life: &mut Life, step: Step, now: Moment) -> Check {
        let mut step = step;
        loop {
            let turn = life.script.turns[life.turn % life.script.turns.len()];
            match step {
                Step::Pending => {
                    promise!(false, "nothing is pending when one attempt is under way at a time");
                }
                Step::Attempt(order) => {
                    if order.cause == Cause::Rescue {
                        self.resorted(life, now)?;
                    }
                    self.ordered(life, &order, now)?;
                    life.turn += 1;
                    let commits_first = matches!(
                        turn.outcome,
                        Outcome::Served | Outcome::Breaks(..) | Outcome::Left { committed: true }
                    );
                    let outcome = turn.outcome;
                    life.doing = Doing::Asks { order, outcome, commits_first, committed: false };
                    life.at = (now + turn.takes).min(order.limits.total).max(now);
                    return Ok(());
                }
                Step::Wait(until) => {
                    let deadline = life.engine.deadline();
                    promise!(until > now, "I06: a wait until {until:?} at {now:?} makes no progress");
                    promise!(until < deadline, "I12: a wait until {until:?}, past the deadline {deadline:?}");
                    let leaves = turn.leaves_waiting;
                    life.doing = Doing::Waits { leaves };
                    life.at = if leaves { now + (until - now) / 2 } else { until };
                    return Ok(());
                }
                Step::Cached => {
                    self.resorted(life, now)?;
                    if turn.cached {
                        life.doing = Doing::Over;
                        return Ok(());
                    }
                    step = life.engine.rescue_missed(now, &mut self.fleet);
                }
                Step::Fixed(_) => {
                    self.resorted(life, now)?;
                    life.doing = Doing::Over;
                    return Ok(());
                }
                Step::Fail(last) => {
                    life.doing = Doing::Over;
                    self.failed(life, &last)?;
                    if life.engine.is_committed() || self.surfaces(last.failure.class) {
                        return Ok(());
                    }
                    return self.resorted(life, now);
                }
            }
        }
    }
}

/// Looks at a model without leaving a trace: a probe slot that is taken is given back.
pub(crate) fn peek(fleet: &mut Fleet, model: usize, now: Moment) -> Health {
    let cooling = match fleet.admit(model, now, 0.0) {
        Admission::Yes(pass) => {
            fleet.released(pass, now);
            None
        }
        Admission::No(SkipReason::Cooling { until }) => Some(until),
        _ => None,
    };
    Health { cooling, bench: fleet.bench(model) }
}

/// A failure with the status its class usually comes with; our own limits and broken connections have none.
pub(crate) fn failure(class: FailureClass, asks: Option<Duration>) -> Failure {
    let status = match class {
        FailureClass::RateLimited => Some(429),
        FailureClass::Overloaded => Some(529),
        FailureClass::ServerError => Some(502),
        FailureClass::Unauthorized => Some(403),
        FailureClass::InvalidRequest => Some(422),
        _ => None,
    };
    Failure { status, retry_after: asks, ..Failure::new(class, "scripted") }
}

/// The classes that `design.md` calls the request's own, not the model's.
pub(crate) const fn is_neutral(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Refused
            | FailureClass::ContextExceeded
            | FailureClass::InvalidRequest
            | FailureClass::InvalidOutput
            | FailureClass::Empty
            | FailureClass::Cancelled
    )
}
