//! The life of one request: event in, step out.
//!
//! An [`Engine`] knows where in its chain a request stands, and says what to do next: attempt a target, wait,
//! fall back on a last resort, or give up with this error. It never does any of it: no I/O, no clock, no dice
//! of its own. Time, health and chance are arguments, so millions of lives can be played in a minute, and the
//! async shell that lives them for real (`relay`) decides nothing.
//!
//! - `decide`: what a failure before commit leads to.
//! - `turn`: whose turn it is, and what follows when all had theirs.
//! - `hedge`: a second attempt beside a slow one.
//! - `resume`: what a failure after commit leads to.
//! - `last`: the error of a request that nobody could serve.
//! - `limits`: the limits of one attempt.
//!
//! Every life ends: attempts are bounded by the route's `max_attempts`, waits by its deadline.

mod decide;
mod hedge;
mod last;
mod limits;
mod resume;
mod turn;

use std::sync::Arc;

use crate::chat::{Failure, FailureClass};
use crate::world::{Key, Moment};

use super::config::{ClassPolicy, Config, Route, TargetIx};
use super::fleet::{Blame, Fleet, Pass};
use super::plan::{Facts, Inputs, Plan, Wish, plan};
use super::trail::{Cause, Skip, SkipReason, Wait, WaitCause};
use crate::router::seam::seam;

pub use limits::Granted;

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask a target; the answer comes back by [`Engine::failed`], [`Engine::committed`] and [`Engine::served`].
    Attempt(Order),
    /// Another attempt is still under way: wait for it.
    Pending,
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// From 0, over all targets of the request.
    pub number: u32,
    /// Whom to ask.
    pub target: TargetIx,
    /// Its limits.
    pub limits: Granted,
    /// Why.
    pub cause: Cause,
    /// The right to ask it.
    pub pass: Pass,
    /// Whether it must not use a connection that was used before.
    pub fresh: bool,
    /// When to ask [`Engine::hedge`] for a second attempt, should no output have come by then.
    pub hedge_at: Option<Moment>,
}

/// How an attempt failed, and what the shell knows of it beside.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// What it means.
    pub failure: Failure,
    /// Whether the request may have been carried out all the same: it was sent, and no answer says no.
    pub sent: bool,
    /// Whether it was sent on a connection that had been idle for so long that it may have been dead already.
    pub stale: bool,
    /// Whether another attempt could go on from what the caller has: text, and nothing else.
    pub resumable: bool,
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
    wish: Wish,
    plan: Plan,
    deadline: Moment,
    dice: Key,
    /// Everybody who may be asked for this request, in the planned order, whoever had a turn since.
    everybody: Vec<TargetIx>,
    /// The candidate whose turn it is.
    cursor: usize,
    /// Repeats made, by target and class.
    repeats: Vec<(TargetIx, FailureClass, u32)>,
    /// Repeats to be made when all others had their turn, and when they may be made.
    deferred: Vec<(TargetIx, Moment, WaitCause)>,
    /// Targets that were benched when a repeat was due: should they get another turn, it is taken out of the budgets then.
    unpaid: Vec<TargetIx>,
    /// Targets whose old connection let them down once.
    replayed: Vec<TargetIx>,
    attempts: u32,
    hedges: u32,
    running: Vec<Order>,
    committed: bool,
    /// What broke the stream that the caller has seen a part of.
    broken: Option<(TargetIx, Failure)>,
    /// Targets that were asked to go on with it.
    resumed: Vec<TargetIx>,
    /// Candidates whose turn came while they were benched, and when to come back.
    passed_over: Vec<(TargetIx, SkipReason)>,
    forced: bool,
    /// Whether everybody had a turn already.
    again: bool,
    rescue: usize,
    failures: Vec<(TargetIx, Failure)>,
    skips: Vec<Skip>,
    waits: Vec<Wait>,
}

impl From<Failure> for Loss {
    fn from(failure: Failure) -> Self {
        Loss { failure, sent: false, stale: false, resumable: false }
    }
}

impl Engine {
    /// A request on the route with index `route`, received at `now`. `dice` are keyed by the request.
    #[must_use]
    pub fn new(config: Arc<Config>, route: usize, facts: Facts, dice: Key, now: Moment) -> Self {
        Engine {
            deadline: now + config.routes[route].deadline,
            config,
            route,
            facts,
            wish: Wish::default(),
            plan: Plan::default(),
            dice,
            everybody: Vec::new(),
            cursor: 0,
            repeats: Vec::new(),
            deferred: Vec::new(),
            unpaid: Vec::new(),
            replayed: Vec::new(),
            attempts: 0,
            hedges: 0,
            running: Vec::new(),
            committed: false,
            broken: None,
            resumed: Vec::new(),
            passed_over: Vec::new(),
            forced: false,
            again: false,
            rescue: 0,
            failures: Vec::new(),
            skips: Vec::new(),
            waits: Vec::new(),
        }
    }

    /// With what holds for this request alone. Before [`Engine::begin`].
    #[must_use]
    pub fn with_wish(mut self, wish: Wish, received: Moment) -> Self {
        if let Some(deadline) = wish.deadline {
            self.deadline = received + deadline;
        }
        self.wish = wish;
        self
    }

    /// The first step.
    pub fn begin(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        fleet.arrived(self.route, now);
        self.plan = plan(&Inputs {
            config: &self.config,
            route: self.route(),
            facts: &self.facts,
            wish: &self.wish,
            fleet,
            dice: self.dice.str("plan"),
            now,
        });
        self.everybody.clone_from(&self.plan.candidates);
        for (model, reason) in std::mem::take(&mut self.plan.excluded) {
            self.skips.push(Skip { model, at: now, reason });
        }
        if self.wish.alone {
            // Who wants this model's answer or its error wants no last resort either.
            self.rescue = self.route().rescue.len();
        }
        self.advance(now, fleet)
    }

    /// The one model that may serve it, where its caller wants no other: known once it has begun.
    #[must_use]
    pub const fn only(&self) -> Option<super::config::ModelIx> {
        self.plan.only
    }

    /// The wait is over.
    pub fn waited(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        self.advance(now, fleet)
    }

    /// The attempt with this number is the one whose output will be forwarded: the others are given up. Returns their
    /// numbers.
    pub fn won(&mut self, number: u32, now: Moment, fleet: &mut Fleet) -> Vec<u32> {
        let (won, lost): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.running).into_iter().partition(|order| order.number == number);
        self.running = won;
        for order in &lost {
            fleet.lost(order.pass, now);
        }
        lost.iter().map(|order| order.number).collect()
    }

    /// Caller-visible output is about to be forwarded.
    pub fn committed(&mut self, now: Moment, fleet: &mut Fleet) {
        self.committed = true;
        for order in &mut self.running {
            // Its test is passed and its slot is free: from here on it speaks for no probe, and another may be
            // under way before it ends.
            fleet.progressed(&mut order.pass, now);
        }
    }

    /// The attempt served the request, whole.
    pub fn served(&mut self, now: Moment, fleet: &mut Fleet) {
        for order in self.running.drain(..) {
            fleet.served(order.pass, now);
        }
    }

    /// The attempt under way failed.
    pub fn failed(&mut self, loss: impl Into<Loss>, now: Moment, fleet: &mut Fleet) -> Step {
        let number = self.running.last().map_or(0, |order| order.number);
        self.failed_of(number, loss.into(), now, fleet)
    }

    /// The attempt with this number failed.
    pub fn failed_of(&mut self, number: u32, loss: Loss, now: Moment, fleet: &mut Fleet) -> Step {
        let Some(at) = self.running.iter().position(|order| order.number == number) else {
            return self.give_up(now, fleet);
        };
        let order = self.running.remove(at);
        let blame = self.blame(&order, &loss, now);
        let chance = self.dice.str("bench").u64(u64::from(order.number)).unit();
        fleet.failed(order.pass, &loss.failure, blame, now, chance);
        self.failures.push((order.target, loss.failure.clone()));
        if self.committed {
            return self.broke(&order, loss, now, fleet);
        }
        if order.cause == Cause::Rescue {
            return self.next_rescue(now, fleet);
        }
        self.decide(&order, loss, now, fleet)
    }

    /// The caller left. Gives back what the attempts held; no step follows.
    pub fn caller_left(&mut self, now: Moment, fleet: &mut Fleet) {
        for order in self.running.drain(..) {
            seam!(
                BlamesWhoWasLeft,
                fleet.released(order.pass, now),
                fleet.failed(
                    order.pass,
                    &Failure::new(FailureClass::Unreachable, "gone"),
                    Blame::Target,
                    now,
                    0.5
                )
            );
        }
    }

    /// The cache had nothing.
    pub fn rescue_missed(&mut self, now: Moment, fleet: &mut Fleet) -> Step {
        self.next_rescue(now, fleet)
    }

    /// The tenant has spent what it may, or has something left again: holds from the next candidate on.
    pub fn set_spent(&mut self, spent: bool) {
        self.wish.spent = spent;
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

    /// What a failure of `class` leads to at `target`: the model's own word, else the route's.
    fn policy(&self, target: TargetIx, class: FailureClass) -> ClassPolicy {
        let own = self.config.model_of(target).retry.of(class);
        *seam!(IgnoresAModelsRepeats, own, None).unwrap_or_else(|| self.route().retry.of(class))
    }

    /// Whose fault a failure is. A connection that was dead before the request was sent says nothing of its target, nor
    /// does a limit that was cut too short.
    fn blame(&self, order: &Order, loss: &Loss, now: Moment) -> Blame {
        let stale = self.is_stale(order, loss);
        let blames = seam!(BlamesShortDeadlines, order.limits.blames(loss.failure.class, now), true);
        if stale || !blames { Blame::Neutral } else { Blame::Target }
    }
}
