//! The life of one request: event in, step out.
//!
//! An [`Engine`] knows where in its chain a request stands, and says what to do next: attempt a model, wait,
//! fall back on a last resort, or give up with this error. It never does any of it: no I/O, no clock, no dice
//! of its own. Time, health and chance are arguments, so millions of lives can be played in a minute, and the
//! async shell that lives them for real (`relay`) decides nothing.
//!
//! Every life ends: attempts are bounded by the route's `max_attempts`, waits by its deadline.

mod decide;
mod limits;

use std::sync::Arc;

use crate::chat::{Failure, FailureClass};
use crate::world::{Key, Moment};

use super::config::{Config, Rescue, Route, TargetIx};
use super::fleet::{Admission, Blame, Fleet, Pass};
use super::plan::{Facts, Plan};
use super::trail::{Cause, Skip, SkipReason, Wait, WaitCause};

pub use limits::Granted;

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask a model; the answer comes back by [`Engine::failed`], [`Engine::committed`] and [`Engine::served`].
    Attempt(Order),
    /// Do nothing until then; come back by [`Engine::waited`].
    Wait(Moment),
    /// Look into the cache; come back by [`Engine::rescue_missed`] when nothing is there.
    Cached,
    /// Give this fixed answer.
    Fixed(String),
    /// Give the caller this error.
    Fail(Box<Final>),
}

/// An attempt to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// From 0, over all models of the request.
    pub number: u32,
    /// Whom to ask.
    pub target: TargetIx,
    /// Its limits.
    pub limits: Granted,
    /// Why.
    pub cause: Cause,
    /// The right to ask it.
    pub pass: Pass,
}

/// The error a caller gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Final {
    /// Its status.
    pub status: u16,
    /// What is reported.
    pub failure: Failure,
    /// The target it is about, if one was asked.
    pub target: Option<TargetIx>,
}

/// Where in its chain a request stands.
#[derive(Debug)]
pub struct Engine {
    config: Arc<Config>,
    route: usize,
    facts: Facts,
    plan: Plan,
    deadline: Moment,
    dice: Key,
    /// The candidate whose turn it is.
    cursor: usize,
    /// Repeats made, by target and class.
    repeats: Vec<(TargetIx, FailureClass, u32)>,
    attempts: u32,
    current: Option<Order>,
    committed: bool,
    /// Candidates whose turn came while they were benched, and when to come back.
    passed_over: Vec<(TargetIx, SkipReason)>,
    forced: bool,
    rescue: usize,
    last: Option<(TargetIx, Failure)>,
    skips: Vec<Skip>,
    waits: Vec<Wait>,
}

impl Engine {
    /// A request on the route with index `route`, received at `now`. `dice` are keyed by the request.
    #[must_use]
    pub fn new(config: Arc<Config>, route: usize, facts: Facts, dice: Key, now: Moment) -> Self {
        let declared = &config.routes[route];
        let plan = super::plan::plan(&config, declared, &facts);
        let skips = plan.too_small.iter().map(|model| Skip {
            model: config.models[*model].name.clone(),
            at: now,
            reason: SkipReason::ContextWindow,
        });
        Engine {
            deadline: now + declared.deadline,
            skips: skips.collect(),
            plan,
            config,
            route,
            facts,
            dice,
            cursor: 0,
            repeats: Vec::new(),
            attempts: 0,
            current: None,
            committed: false,
            passed_over: Vec::new(),
            forced: false,
            rescue: 0,
            last: None,
            waits: Vec::new(),
        }
    }

    /// The first step.
    pub fn begin(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        self.advance(now, fleet)
    }

    /// The wait is over.
    pub fn waited(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        self.advance(now, fleet)
    }

    /// Caller-visible output is about to be forwarded.
    pub fn committed(&mut self, now: Moment, fleet: &mut Fleet) {
        self.committed = true;
        if let Some(order) = &mut self.current {
            // Its test is passed and its slot is free: from here on it speaks for no probe, and another may be
            // under way before it ends.
            fleet.progressed(&mut order.pass, now);
        }
    }

    /// The attempt served the request, whole.
    pub fn served(&mut self, now: Moment, fleet: &mut Fleet) {
        if let Some(order) = self.current.take() {
            fleet.served(order.pass, now);
        }
    }

    /// The attempt failed.
    pub fn failed(&mut self, failure: Failure, now: Moment, fleet: &mut Fleet) -> Step {
        let Some(order) = self.current.take() else {
            return self.give_up(now, fleet);
        };
        let blame = if order.limits.blames(failure.class) { Blame::Target } else { Blame::Neutral };
        let chance = self.dice.str("bench").u64(u64::from(order.number)).unit();
        fleet.failed(order.pass, &failure, blame, now, chance);
        self.last = Some((order.target, failure.clone()));
        if self.committed {
            return self.surface(order.target, failure);
        }
        if order.cause == Cause::Rescue {
            return self.next_rescue(now, fleet);
        }
        self.decide(&order, failure, now, fleet)
    }

    /// The caller left. Gives back what the attempt held; no step follows.
    pub fn caller_left(&mut self, fleet: &mut Fleet) {
        if let Some(order) = self.current.take() {
            fleet.released(order.pass);
        }
    }

    /// The cache had nothing.
    pub fn rescue_missed(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        self.next_rescue(now, fleet)
    }

    /// When the request's time is up.
    #[must_use]
    pub fn deadline(&self) -> Moment {
        self.deadline
    }

    /// Whether caller-visible output was forwarded.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.committed
    }

    /// Attempts begun.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Models passed over and waits made, for the trail.
    pub fn take_notes(&mut self) -> (Vec<Skip>, Vec<Wait>) {
        (std::mem::take(&mut self.skips), std::mem::take(&mut self.waits))
    }

    fn route(&self) -> &Route {
        &self.config.routes[self.route]
    }

    /// Asks the candidate whose turn it is, or the next one that may be asked.
    fn advance(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        if now >= self.deadline {
            return self.out_of_time(now, fleet);
        }
        while let Some(&target) = self.plan.candidates.get(self.cursor) {
            if self.attempts >= self.route().max_attempts {
                break;
            }
            let chance = self.dice.str("admit").u64(self.skips.len() as u64).unit();
            match fleet.admit(target, now, chance) {
                Admission::Yes(pass) => return self.order(self.cause(target), pass, now),
                Admission::No(reason) => self.pass_over(target, reason, now),
            }
        }
        self.exhausted(now, fleet)
    }

    /// Why `target` is asked next, as one of the chain.
    fn cause(&self, target: TargetIx) -> Cause {
        match &self.last {
            None => Cause::First,
            Some((last, _)) if *last == target => Cause::Retry,
            Some(_) => Cause::Fallback,
        }
    }

    fn pass_over(&mut self, target: TargetIx, reason: SkipReason, now: Moment) {
        self.skips.push(Skip { model: self.config.targets()[target].name.clone(), at: now, reason });
        self.passed_over.push((target, reason));
        self.next_candidate();
    }

    fn next_candidate(&mut self) {
        self.cursor += 1;
    }

    fn order(&mut self, cause: Cause, pass: Pass, now: Moment) -> Step {
        // The models of last resort need their share too: a silent chain must not leave them without time.
        let waiting = self.plan.candidates.len().saturating_sub(self.cursor).max(1);
        let waiting = waiting + self.route().rescue_models(self.rescue);
        let limits = Granted::new(self.route(), &self.facts, self.deadline, waiting, now);
        let order = Order { number: self.attempts, target: pass.target, limits, cause, pass };
        self.attempts += 1;
        self.current = Some(order);
        Step::Attempt(order)
    }

    fn wait(&mut self, until: Moment, cause: WaitCause, now: Moment) -> Step {
        self.waits.push(Wait { from: now, until, cause });
        Step::Wait(until)
    }

    /// The next last resort, or the error.
    fn next_rescue(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        while let Some(rescue) = self.route().rescue.get(self.rescue).cloned() {
            self.rescue += 1;
            match rescue {
                Rescue::Cache => return Step::Cached,
                Rescue::Fixed(text) => return Step::Fixed(text),
                Rescue::Model(model) if now < self.deadline => {
                    let Some(target) = self.config.targets_of(model).next() else { continue };
                    let pass = fleet.force(target, now);
                    self.cursor = self.plan.candidates.len();
                    return self.order(Cause::Rescue, pass, now);
                }
                Rescue::Model(_) => {}
            }
        }
        self.give_up(now, fleet)
    }

    fn surface(&self, target: TargetIx, failure: Failure) -> Step {
        Step::Fail(Box::new(Final { status: failure.caller_status(), failure, target: Some(target) }))
    }
}
