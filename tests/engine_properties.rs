//! The pure core, driven through generated and enumerated lives: engine and fleet, without sockets or clocks.
//!
//! A [`World`] plays several requests that share one fleet, event by event in the order of time, and checks the
//! promises after every single event. What a model does comes from a script, so a failure shrinks to a few
//! lines.

use std::sync::Arc;
use std::time::Duration;

use brownout::chat::{Failure, FailureClass, Limit};
use brownout::dialect::Dialect;
use brownout::router::config::{
    AllBenched, Backoff, BreakerPolicy, ClassPolicy, Config, Jitter, Limits, Model, Provider, RefusalPolicy,
    Rescue, RetryAfterPolicy, RetryPolicy, Route, Then,
};
use brownout::router::engine::{Engine, Final, Order, Step};
use brownout::router::fleet::{Admission, Fleet};
use brownout::router::plan::Facts;
use brownout::router::trail::{Cause, SkipReason};
use brownout::world::{Dice, Moment};
use indexmap::IndexMap;
use proptest::prelude::*;

/// More events than any life within its deadline can have: a life that reaches it would not end.
const ENDLESS: usize = 20_000;

// === Scripts ===

/// What a model makes of an attempt.
#[derive(Clone, Copy, Debug)]
enum Outcome {
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
struct Turn {
    outcome: Outcome,
    /// How long the attempt takes; its limit cuts it.
    takes: Duration,
    /// Whether the caller leaves instead, should this turn be a wait.
    leaves_waiting: bool,
    /// Whether the cache has an answer, should it be asked.
    cached: bool,
}

/// One request as scripted.
#[derive(Clone, Debug)]
struct Script {
    begins: Duration,
    facts: Facts,
    /// Played over and over.
    turns: Vec<Turn>,
}

// === The world ===

/// What is known of a model, as far as it can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Health {
    cooling: Option<Moment>,
    bench: Option<Moment>,
}

struct World {
    config: Arc<Config>,
    fleet: Fleet,
    health: Vec<Health>,
    lives: Vec<Life>,
}

struct Life {
    engine: Engine,
    script: Script,
    turn: usize,
    doing: Doing,
    at: Moment,
    events: usize,
    /// Attempts that ended: on which model, when, how, and why they were made.
    ended: Vec<(usize, Moment, Failure, Cause)>,
    asked: Vec<usize>,
    /// Repeats by model and the class that led to them.
    repeats: Vec<(usize, FailureClass, u32)>,
    against_advice: u32,
}

#[derive(Clone, Copy, Debug)]
enum Doing {
    Begins,
    Waits { leaves: bool },
    Asks { order: Order, outcome: Outcome, commits_first: bool, committed: bool },
    Over,
}

/// What an event said about the model it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Nothing,
    Fault,
    Alive,
}

type Check = Result<(), TestCaseError>;

macro_rules! promise {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(TestCaseError::fail(format!($($words)+)));
        }
    };
}

impl World {
    fn new(config: Config, scripts: &[Script]) -> Self {
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

    fn route(&self) -> &Route {
        &self.config.routes[0]
    }

    /// Plays all lives to their ends.
    fn play(&mut self) -> Check {
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

    fn next(&self) -> Option<usize> {
        let alive = self.lives.iter().enumerate().filter(|(_, life)| !matches!(life.doing, Doing::Over));
        alive.min_by_key(|(index, life)| (life.at, *index)).map(|(index, _)| index)
    }

    fn event(&mut self, life: &mut Life) -> Check {
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

    fn attempt_ends(
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

    /// I13: a bench deadline never moves backwards, and what says nothing about a model changes nothing.
    fn settle(&mut self, about: Option<usize>, says: Says, now: Moment) -> Check {
        for model in 0..self.health.len() {
            let before = self.health[model];
            let after = peek(&mut self.fleet, model, now);
            let says = if about == Some(model) { says } else { Says::Nothing };
            promise!(
                after.cooling.unwrap_or(now) >= before.cooling.unwrap_or(now),
                "I13: the wait model {model} asked for moved backwards: {before:?} -> {after:?}"
            );
            if let Some(bench) = before.bench.filter(|bench| *bench > now && says != Says::Alive) {
                promise!(
                    after.bench.is_some_and(|after| after >= bench),
                    "I13: the bench of model {model} moved backwards at {now:?}: {before:?} -> {after:?}"
                );
            }
            if says == Says::Nothing {
                let changed = after.bench.filter(|bench| *bench > now);
                promise!(
                    changed == before.bench.filter(|bench| *bench > now),
                    "I13: nobody blamed model {model} at {now:?}: {before:?} -> {after:?}"
                );
            }
            if let Some(bench) = after.bench {
                let policy = self.config.models[model].breaker;
                promise!(policy.failures > 0, "a breaker that is off benched model {model}");
                let most = policy.open_max.max(policy.open);
                promise!(
                    bench - now <= most,
                    "I14: model {model} is benched for {:?}, at most {most:?}",
                    bench - now
                );
            }
            self.health[model] = after;
        }
        Ok(())
    }

    /// I14: a probe slot is taken by exactly one probe that has brought no output yet.
    fn count_probes(&self, moved: Option<&Life>) -> Check {
        let probing = |life: &&Life| matches!(life.doing, Doing::Asks { order, committed: false, .. } if order.pass.probe);
        let held = self.lives.iter().chain(moved).filter(probing).count() as u64;
        let taken = self.fleet.probes();
        promise!(taken == held, "I14: {taken} probe slots are taken, {held} probes are under way");
        Ok(())
    }

    fn step(&mut self, life: &mut Life, step: Step, now: Moment) -> Check {
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

    /// What must hold of every attempt that begins.
    fn ordered(&self, life: &mut Life, order: &Order, now: Moment) -> Check {
        let (deadline, model) = (life.engine.deadline(), order.target);
        let route = self.route();
        // I12: no attempt begins at or after the deadline, and every limit lies at or before it.
        promise!(now < deadline, "I12: attempt {} begins at {now:?}, deadline {deadline:?}", order.number);
        let limits = &order.limits;
        let granted = [Some(limits.connect), limits.first_token, Some(limits.total)];
        for limit in granted.into_iter().flatten() {
            promise!(limit <= deadline, "I12: a limit at {limit:?}, deadline {deadline:?}");
            promise!(limit >= now, "I12: a limit at {limit:?}, granted at {now:?}");
        }
        // I06: attempts stay within the declared bound.
        promise!(order.number as usize == life.asked.len(), "attempts are numbered without gaps");
        let rescues = route.rescue.iter().filter(|rescue| matches!(rescue, Rescue::Model(_))).count();
        let bound = route.max_attempts as usize + rescues;
        promise!(life.asked.len() < bound, "I06: more than {bound} attempts");
        promise!(life.engine.attempts() as usize == life.asked.len() + 1, "attempts are counted");
        let expected = match life.asked.last() {
            _ if order.cause == Cause::Rescue => Cause::Rescue,
            None => Cause::First,
            Some(_) if life.asked.contains(&model) => Cause::Retry,
            Some(_) => Cause::Fallback,
        };
        promise!(order.cause == expected, "I19: {:?} instead of {expected:?}", order.cause);
        if order.cause != Cause::Rescue {
            promise!(route.chain.contains(&model), "model {model} is not in the chain");
            self.repeated(life, model, now)?;
            self.advised(life, order, now)?;
        }
        life.asked.push(model);
        Ok(())
    }

    /// I07, I08: a model is asked again at most as often as configured, and never after a deterministic failure.
    /// I10: and not before the wait it asked for is over.
    fn repeated(&self, life: &mut Life, model: usize, now: Moment) -> Check {
        let last = life.ended.iter().rev().find(|(of, _, _, cause)| *of == model && *cause != Cause::Rescue);
        let Some((_, ended, failure, _)) = last else { return Ok(()) };
        let class = failure.class;
        promise!(!class.is_deterministic(), "I08: model {model} is asked again after {class}");
        let asked = failure.retry_after.unwrap_or_default();
        promise!(
            now >= *ended + asked,
            "I10: model {model} asked for {asked:?} and is asked {:?} later",
            now - *ended
        );
        let slot = life.repeats.iter().position(|(of, by, _)| (*of, *by) == (model, class));
        let slot = slot.unwrap_or_else(|| {
            life.repeats.push((model, class, 0));
            life.repeats.len() - 1
        });
        life.repeats[slot].2 += 1;
        let (used, times) = (life.repeats[slot].2, self.route().retry.of(class).times);
        promise!(used <= times, "I07: {used} repeats on model {model} after {class}, {times} configured");
        Ok(())
    }

    /// I15: a model that is benched or asked to be left alone is not asked, except as a probe, or once when the
    /// route says to ask somebody all the same.
    fn advised(&self, life: &mut Life, order: &Order, now: Moment) -> Check {
        let Health { cooling, bench } = self.health[order.target];
        promise!(
            cooling.is_none_or(|until| until <= now),
            "I10: model {} is asked although it asked to be left alone until {cooling:?}",
            order.target
        );
        let probing = self.lives.iter().any(|other| {
            matches!(other.doing, Doing::Asks { order: theirs, committed: false, .. }
                if theirs.pass.probe && theirs.target == order.target)
        });
        if bench.is_some_and(|until| until > now) || (bench.is_some() && probing) {
            life.against_advice += 1;
            promise!(
                self.route().all_benched == AllBenched::AskOne && life.against_advice == 1,
                "I15: model {} is asked at {now:?} although it is benched until {bench:?}",
                order.target
            );
        } else if bench.is_some() {
            promise!(order.pass.probe, "I15: model {} is asked by more than its probe", order.target);
        }
        Ok(())
    }

    fn surfaces(&self, class: FailureClass) -> bool {
        let passed = class == FailureClass::Refused && self.route().refusal == RefusalPolicy::Pass;
        passed || self.route().retry.of(class).then == Then::Surface
    }

    /// I02: before commit, with time and attempts left, nobody is sent to a last resort or gets an error while a
    /// model of the chain that was not asked may be.
    fn resorted(&self, life: &Life, now: Moment) -> Check {
        let route = self.route();
        let spent = life.asked.len() >= route.max_attempts as usize;
        if spent || now + Duration::from_millis(1) >= life.engine.deadline() {
            return Ok(());
        }
        let rescued = life.ended.iter().any(|(_, _, _, cause)| *cause == Cause::Rescue);
        if rescued {
            return Ok(());
        }
        let fits = |model: &usize| {
            self.config.models[*model].context.is_none_or(|window| life.script.facts.prompt_tokens <= window)
        };
        for model in route.chain.iter().filter(|model| fits(model)) {
            promise!(
                life.asked.contains(model) || !self.fleet.would_admit(*model, now),
                "I02: model {model} was not asked, may be, and the request is given up at {now:?}"
            );
        }
        Ok(())
    }

    /// I18: the final error is one that was observed, with its own status or its class's.
    fn failed(&self, life: &Life, last: &Final) -> Check {
        let Some(model) = last.target else {
            promise!(life.ended.is_empty(), "I18: {:?} hides what was observed", last.failure);
            // Too many requests where everybody who rests asked for it, short of capacity otherwise.
            let fits = match last.failure.class {
                FailureClass::RateLimited => last.status == 429,
                FailureClass::Overloaded => last.status == 503,
                _ => false,
            };
            promise!(fits, "I18: {:?} with status {} for nobody asked", last.failure, last.status);
            return Ok(());
        };
        // How long a caller is told to wait depends on who of the chain comes back first.
        let told = Failure { retry_after: None, ..last.failure.clone() };
        let is_told = |failure: &Failure| Failure { retry_after: None, ..failure.clone() } == told;
        let observed = life.ended.iter().any(|(of, _, failure, _)| *of == model && is_told(failure));
        promise!(observed, "I18: {last:?} was never observed");
        let status = last.failure.status.unwrap_or(last.failure.class.default_status());
        promise!(last.status == status, "I18: status {} for {:?}", last.status, last.failure);
        Ok(())
    }

    /// I14: when everything is over nothing is held, and every model is let back in when its bench ends.
    fn over(&mut self, now: Moment) -> Check {
        promise!(self.fleet.probes() == 0, "I14: {} probe slots were not given back", self.fleet.probes());
        for model in 0..self.health.len() {
            let Health { cooling, bench } = peek(&mut self.fleet, model, now);
            let back = now.max(cooling.unwrap_or(now)).max(bench.unwrap_or(now));
            promise!(self.fleet.would_admit(model, back), "I14: model {model} never comes back");
            if let Admission::Yes(mut pass) = self.fleet.admit(model, back, 0.0)
                && pass.probe
            {
                self.fleet.progressed(&mut pass, back);
                self.fleet.served(pass, back);
                promise!(
                    matches!(self.fleet.admit(model, back, 0.0), Admission::Yes(pass) if !pass.probe),
                    "I14: model {model} answered its probe and is not back"
                );
            }
        }
        Ok(())
    }
}

/// Looks at a model without leaving a trace: a probe slot that is taken is given back.
fn peek(fleet: &mut Fleet, model: usize, now: Moment) -> Health {
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
fn failure(class: FailureClass, asks: Option<Duration>) -> Failure {
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
const fn is_neutral(class: FailureClass) -> bool {
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

// === Configurations ===

fn config(breakers: &[BreakerPolicy], contexts: &[Option<u64>], route: Route) -> Config {
    let provider = Provider::new(Dialect::Openai, "http://p");
    let models = breakers.iter().zip(contexts).enumerate().map(|(index, (breaker, context))| {
        let name = format!("m{index}");
        let model =
            Model { context: *context, breaker: *breaker, ..Model::new(name.clone(), 0, name.clone()) };
        (name, model)
    });
    Config::new(
        IndexMap::from([("p".to_owned(), provider)]),
        models.collect(),
        IndexMap::from([("r".to_owned(), route)]),
    )
}

fn route(models: usize) -> Route {
    Route { refusal: RefusalPolicy::Next, ..Route::new("r", (0..models).collect()) }
}

/// Waits of a bench without chance or any of the shortcuts back: the arithmetic of these tests knows none.
fn strict(failures: u32) -> BreakerPolicy {
    BreakerPolicy { failures, eager: None, jitter: 0.0, ..BreakerPolicy::default() }
}

fn off() -> BreakerPolicy {
    strict(0)
}

fn any_class() -> impl Strategy<Value = FailureClass> {
    (0..FailureClass::ALL.len()).prop_map(|index| FailureClass::ALL[index])
}

fn any_time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (1..50_u64).prop_map(Duration::from_micros),
        (1..900_u64).prop_map(Duration::from_millis),
        (1..90_u64).prop_map(Duration::from_secs),
    ]
}

fn any_turn() -> impl Strategy<Value = Turn> {
    let asks = || proptest::option::weighted(0.3, any_time());
    let outcome = prop_oneof![
        2 => Just(Outcome::Served),
        8 => (any_class(), asks()).prop_map(|(class, asks)| Outcome::Fails(class, asks)),
        1 => (any_class(), asks()).prop_map(|(class, asks)| Outcome::Breaks(class, asks)),
        1 => any::<bool>().prop_map(|committed| Outcome::Left { committed }),
    ];
    (outcome, any_time(), prop::bool::weighted(0.05), any::<bool>())
        .prop_map(|(outcome, takes, leaves_waiting, cached)| Turn { outcome, takes, leaves_waiting, cached })
}

fn any_script() -> impl Strategy<Value = Script> {
    let facts = (0..3000_u64, any::<bool>()).prop_map(|(prompt_tokens, stream)| Facts {
        prompt_tokens,
        stream,
        ..Facts::default()
    });
    (any_time(), facts, prop::collection::vec(any_turn(), 1..8)).prop_map(|(begins, facts, turns)| Script {
        begins,
        facts,
        turns,
    })
}

fn any_breaker() -> impl Strategy<Value = BreakerPolicy> {
    (0..4_u32, 1..20_u64, 1.0..3.0_f64, 0..100_u64).prop_map(|(failures, open, factor, more)| BreakerPolicy {
        failures,
        open: Duration::from_secs(open),
        factor,
        open_max: Duration::from_secs(open + more),
        ..strict(failures)
    })
}

fn any_class_policy() -> impl Strategy<Value = ClassPolicy> {
    let jitter = prop_oneof![Just(Jitter::Full), Just(Jitter::Equal), Just(Jitter::None)];
    let backoff = (any_time(), 1.0..3.0_f64, any_time(), jitter)
        .prop_map(|(base, factor, cap, jitter)| Backoff { base, factor, cap, jitter });
    let then = prop_oneof![6 => Just(Then::Next), 1 => Just(Then::Surface)];
    (0..4_u32, backoff, then).prop_map(|(times, backoff, then)| ClassPolicy { times, backoff, then })
}

fn any_route(models: usize) -> impl Strategy<Value = Route> {
    let limits = (
        (1..5_u64).prop_map(Duration::from_secs),
        proptest::option::of((1..20_u64).prop_map(Duration::from_secs)),
        proptest::option::of((1..40_u64).prop_map(Duration::from_secs)),
    )
        .prop_map(|(connect, first_token, attempt)| Limits {
            connect,
            first_token,
            attempt,
            ..Limits::default()
        });
    let retry = prop::collection::vec((any_class(), any_class_policy()), 0..5);
    let retry_after = prop_oneof![
        any_time().prop_map(|cap| RetryAfterPolicy::Wait { cap }),
        Just(RetryAfterPolicy::MoveOn)
    ];
    let refusal = prop_oneof![Just(RefusalPolicy::Pass), Just(RefusalPolicy::Next)];
    let all_benched =
        prop_oneof![Just(AllBenched::FailFast), Just(AllBenched::AskOne), Just(AllBenched::Wait)];
    let rescue = prop_oneof![
        Just(Rescue::Cache),
        Just(Rescue::Fixed("sorry".to_owned())),
        (0..models).prop_map(Rescue::Model)
    ];
    let chain = Just((0..models).collect::<Vec<_>>()).prop_shuffle();
    let deadline =
        prop_oneof![(1..900_u64).prop_map(Duration::from_millis), (1..90_u64).prop_map(Duration::from_secs)];
    (
        (chain, 1..=models, deadline, limits, retry),
        (retry_after, refusal, all_benched, 1..14_u32, prop::collection::vec(rescue, 0..3)),
    )
        .prop_map(move |((mut chain, length, deadline, limits, classes), rest)| {
            let (retry_after, refusal, all_benched, max_attempts, rescue) = rest;
            chain.truncate(length);
            let mut retry = RetryPolicy::default();
            for (class, policy) in classes {
                retry.set(class, policy);
            }
            let usual = route(models);
            Route {
                chain,
                deadline,
                limits,
                retry,
                retry_after,
                refusal,
                all_benched,
                max_attempts,
                rescue,
                ..usual
            }
        })
}

fn any_config() -> impl Strategy<Value = Config> {
    (1..=5_usize).prop_flat_map(|models| {
        let breakers = prop::collection::vec(any_breaker(), models);
        let context = proptest::option::weighted(0.2, 500..2500_u64);
        (breakers, prop::collection::vec(context, models), any_route(models))
            .prop_map(|(breakers, contexts, route)| config(&breakers, &contexts, route))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// I02, I06, I07, I08, I10, I12, I13, I14, I15, I18 and the cause of I19, in the words beside each check:
    /// whatever the policies, however models fail and callers leave, for one request alone and for several that
    /// share what is known of their models.
    #[test]
    fn every_promise_holds_after_every_event(
        config in any_config(),
        scripts in prop::collection::vec(any_script(), 1..10),
    ) {
        World::new(config, &scripts).play()?;
    }

    /// I13 attribution: a failure that is the request's own, a limit cut by the caller's deadline, or a caller
    /// who left, leaves a closed breaker as it was, to the last count.
    #[test]
    fn what_is_not_the_models_fault_leaves_no_trace(
        breaker in any_breaker(),
        before in 0..3_u32,
        class in any_class(),
        left in any::<bool>(),
    ) {
        let config = Arc::new(config(&[breaker], &[None], route(1)));
        let mut fleet = Fleet::new(&config);
        for _ in 0..before {
            let mut engine = Engine::new(Arc::clone(&config), 0, Facts::default(), Dice::new(1).key("x"), Moment::ZERO);
            if let Step::Attempt(_) = engine.begin(Moment::ZERO, &mut fleet) {
                engine.failed(failure(FailureClass::ServerError, None), Moment::ZERO, &mut fleet);
            }
        }
        let untouched = format!("{fleet:?}");
        let mut engine = Engine::new(Arc::clone(&config), 0, Facts::default(), Dice::new(1).key("x"), Moment::ZERO);
        if let Step::Attempt(order) = engine.begin(Moment::ZERO, &mut fleet) {
            if left {
                engine.caller_left(Moment::ZERO, &mut fleet);
                prop_assert_eq!(format!("{:?}", fleet), untouched);
            } else if is_neutral(class) || !order.limits.blames(class, Moment::ZERO) {
                engine.failed(failure(class, None), Moment::ZERO, &mut fleet);
                prop_assert_eq!(format!("{:?}", fleet), untouched);
            }
        }
    }
}

// === Enumerated lives ===

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

// === Single cases that generation found, or that words explain better ===

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
