//! Generated lives with attempts side by side, dead connections, breaks after commit and callers with wishes.
//!
//! [`World`] does with attempts what the async shell does, no more: it starts what it is told, gives up what has lost,
//! and waits when the engine says that something is pending. The promises are checked after every event.

use std::sync::Arc;
use std::time::Duration;

use brownout::chat::{Failure, FailureClass};
use brownout::dialect::Dialect;
use brownout::router::config::{
    AfterCommit, Ambiguous, Backoff, Balance, BreakerPolicy, Budget, ClassPolicy, Config, Deployment, Hedge,
    HedgeAfter, Key, Model, Price, Provider, RefusalPolicy, Rescue, RetryOrder, Route, Secret, StreamPolicy,
    Then,
};
use brownout::router::engine::{Engine, Final, Loss, Order, Step};
use brownout::router::fleet::Fleet;
use brownout::router::plan::{Facts, Wish};
use brownout::router::trail::Cause;
use brownout::world::{Dice, Moment};
use indexmap::IndexMap;
use proptest::prelude::*;

/// More events than any life within its bounds can have.
const ENDLESS: usize = 2_000;

type Check = Result<(), TestCaseError>;

macro_rules! promise {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(TestCaseError::fail(format!($($words)+)));
        }
    };
}

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// Whether it brings output.
    opens: bool,
    /// Whether it serves, once it has brought output.
    serves: bool,
    class: FailureClass,
    asks: Option<Duration>,
    sent: bool,
    reused: bool,
    resumable: bool,
    /// To its output or its failure.
    takes: Duration,
    /// From its output to its end.
    rest: Duration,
}

/// An attempt under way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    order: Order,
    fate: Fate,
    opened: bool,
    at: Moment,
}

struct World {
    config: Arc<Config>,
    wish: Wish,
    fates: Vec<Fate>,
    engine: Engine,
    fleet: Fleet,
    flights: Vec<Flight>,
    hedge_at: Option<Moment>,
    now: Moment,
    asked: Vec<Order>,
    /// Targets that had a dead connection.
    dead: Vec<usize>,
    /// Failures before commit, by target.
    failed: Vec<(usize, FailureClass)>,
    /// What broke the stream that was committed, first.
    broken: Option<(usize, Failure)>,
}

impl World {
    fn new(config: Config, wish: Wish, fates: Vec<Fate>) -> Self {
        let config = Arc::new(config);
        let fleet = Fleet::new(&config);
        let dice = Dice::new(1).key("life");
        let engine = Engine::new(Arc::clone(&config), 0, Facts::default(), dice, Moment::ZERO);
        World {
            engine: engine.with_wish(wish.clone(), Moment::ZERO),
            config,
            wish,
            fates,
            fleet,
            flights: Vec::new(),
            hedge_at: None,
            now: Moment::ZERO,
            asked: Vec::new(),
            dead: Vec::new(),
            failed: Vec::new(),
            broken: None,
        }
    }

    fn route(&self) -> &Route {
        &self.config.routes[0]
    }

    fn play(&mut self) -> Check {
        let mut step = self.engine.begin(self.now, &mut self.fleet);
        for _ in 0..ENDLESS {
            step = match step {
                Step::Attempt(order) => {
                    self.hedge_at = order.hedge_at;
                    self.starts(order)?;
                    match self.race()? {
                        Some(step) => step,
                        None => return self.over(),
                    }
                }
                Step::Wait(until) => {
                    promise!(
                        until > self.now && until < self.engine.deadline(),
                        "I12: a wait until {until:?}"
                    );
                    self.now = until;
                    self.engine.waited(self.now, &mut self.fleet)
                }
                Step::Cached => self.engine.rescue_missed(self.now, &mut self.fleet),
                Step::Fixed(_) => return self.over(),
                Step::Fail(last) => {
                    self.gave_up(&last)?;
                    return self.over();
                }
                Step::Pending => {
                    return Err(TestCaseError::fail("something is pending and nothing is under way"));
                }
            };
        }
        Err(TestCaseError::fail("I06: the life does not end"))
    }

    /// Until an attempt has served (none), or all have failed.
    fn race(&mut self) -> Result<Option<Step>, TestCaseError> {
        for _ in 0..ENDLESS {
            let next = self.flights.iter().enumerate().min_by_key(|(at, flight)| (flight.at, *at));
            let Some((at, flight)) = next.map(|(at, flight)| (at, *flight)) else {
                return Err(TestCaseError::fail("something is pending and nothing is under way"));
            };
            let hedge_at = self.hedge_at.filter(|_| !self.engine.is_committed());
            if let Some(hedge_at) = hedge_at.filter(|hedge_at| *hedge_at < flight.at) {
                self.now = self.now.max(hedge_at);
                self.hedges()?;
            } else if flight.fate.opens && !flight.opened {
                self.now = flight.at;
                self.opens(at)?;
            } else if flight.opened && flight.fate.serves {
                self.now = flight.at;
                self.engine.served(self.now, &mut self.fleet);
                self.flights.clear();
                return Ok(None);
            } else {
                self.now = flight.at;
                let step = self.fails(at)?;
                if step != Step::Pending {
                    // As the shell does: whoever else is under way is given up.
                    self.flights.clear();
                    // The next attempt counts from the moment in which it is ordered: that is looked at when it starts.
                    if !matches!(step, Step::Attempt(_)) {
                        self.counted()?;
                    }
                    return Ok(Some(step));
                }
                promise!(!self.flights.is_empty(), "something is pending and nothing is under way");
            }
            self.counted()?;
        }
        Err(TestCaseError::fail("I06: the race does not end"))
    }

    fn hedges(&mut self) -> Check {
        let second = self.engine.hedge(self.now, &mut self.fleet);
        self.hedge_at = second.and_then(|order| order.hedge_at);
        let Some(second) = second else { return Ok(()) };
        promise!(second.cause == Cause::Hedge, "a hedge is called {:?}", second.cause);
        let beside = self.flights.iter().any(|flight| flight.order.target == second.target);
        promise!(!beside, "target {} is asked twice at once", second.target);
        self.starts(second)
    }

    fn opens(&mut self, at: usize) -> Check {
        let number = self.flights[at].order.number;
        let mut others: Vec<u32> =
            self.flights.iter().map(|flight| flight.order.number).filter(|other| *other != number).collect();
        let mut lost = self.engine.won(number, self.now, &mut self.fleet);
        others.sort_unstable();
        lost.sort_unstable();
        promise!(lost == others, "one wins, and {others:?} lose, not {lost:?}");
        self.flights.retain(|flight| flight.order.number == number);
        let flight = &mut self.flights[0];
        flight.opened = true;
        flight.at = (self.now + flight.fate.rest).min(flight.order.limits.total).max(self.now);
        if !self.engine.is_committed() {
            self.engine.committed(self.now, &mut self.fleet);
        }
        Ok(())
    }

    fn fails(&mut self, at: usize) -> Result<Step, TestCaseError> {
        let Flight { order, fate, .. } = self.flights.remove(at);
        let failure = Failure { retry_after: fate.asks, ..Failure::new(fate.class, "scripted") };
        if self.engine.is_committed() {
            self.broken.get_or_insert((order.target, failure.clone()));
        } else {
            self.failed.push((order.target, fate.class));
            if fate.reused && fate.class == FailureClass::Unreachable {
                self.dead.push(order.target);
            }
        }
        let loss = Loss { failure, sent: fate.sent, stale: fate.reused, resumable: fate.resumable };
        let alone = self.flights.is_empty();
        let step = self.engine.failed_of(order.number, loss, self.now, &mut self.fleet);
        let unclear = fate.sent
            && matches!(
                fate.class,
                FailureClass::Unreachable
                    | FailureClass::Timeout(_)
                    | FailureClass::Truncated
                    | FailureClass::Protocol
            );
        if unclear && alone && self.broken.is_none() && order.cause != Cause::Rescue {
            let surfaces = self.route().ambiguous == Ambiguous::Surface;
            promise!(!surfaces || matches!(step, Step::Fail(_)), "a replay that was forbidden: {step:?}");
        }
        Ok(step)
    }

    /// What must hold of every attempt that begins.
    fn starts(&mut self, order: Order) -> Check {
        let config = Arc::clone(&self.config);
        let target = &config.targets()[order.target];
        let model = &config.models[target.model];
        promise!(self.now < self.engine.deadline(), "I12: an attempt begins at the deadline");
        promise!(order.limits.total <= self.engine.deadline(), "I12: a limit past the deadline");
        promise!(order.number as usize == self.asked.len(), "attempts are numbered without gaps");
        let resorts = self.asked.iter().filter(|asked| asked.cause == Cause::Rescue).count();
        let bound = self.route().max_attempts as usize + resorts + usize::from(order.cause == Cause::Rescue);
        promise!(self.asked.len() < bound, "I06: more than {bound} attempts");
        let hedges = self.asked.iter().chain([&order]).filter(|asked| asked.cause == Cause::Hedge).count();
        let most = self.route().hedge.map_or(0, |hedge| hedge.most) as usize;
        promise!(hedges <= most, "{hedges} hedges, {most} declared");
        self.gates(model, target.model, target.provider)?;
        self.alone(target.model, order.cause)?;
        self.repeats(&order)?;
        self.alike(&order)?;
        self.goes_on(&order, model)?;
        let fate = self.fates[self.asked.len() % self.fates.len()];
        self.asked.push(order);
        let at = (self.now + fate.takes).min(order.limits.total).max(self.now);
        self.flights.push(Flight { order, fate, opened: false, at });
        self.counted()
    }

    /// I23: access, residency and money, on every hop and for every reason to ask.
    fn gates(&self, model: &Model, index: usize, provider: usize) -> Check {
        let wish = &self.wish;
        let allowed = wish.models.as_ref().is_none_or(|models| models.contains(&index));
        promise!(allowed, "I23: `{}` is not this caller's to use", model.name);
        let region = self.config.providers[provider].region.as_ref();
        for list in [&self.route().regions, &wish.regions].into_iter().flatten() {
            promise!(
                region.is_some_and(|region| list.contains(region)),
                "I23: region {region:?}, not {list:?}"
            );
        }
        let free = model.price == Some(Price { input: 0, output: 0 });
        promise!(free || !wish.spent, "I23: `{}` costs, and nothing is left to spend", model.name);
        Ok(())
    }

    fn alone(&self, model: usize, cause: Cause) -> Check {
        if !self.wish.alone {
            return Ok(());
        }
        promise!(cause != Cause::Rescue, "a last resort for a caller who wants none");
        let other = self.asked.iter().find(|asked| self.config.targets()[asked.target].model != model);
        promise!(other.is_none(), "a second model for a caller who wants one");
        Ok(())
    }

    /// I07: repeats of one target are at most those configured for what failed there, and one for a dead connection.
    fn repeats(&self, order: &Order) -> Check {
        if order.cause != Cause::Retry {
            return Ok(());
        }
        let model = self.config.model_of(order.target);
        let mut classes: Vec<_> =
            self.failed.iter().filter(|(of, _)| *of == order.target).map(|(_, class)| *class).collect();
        classes.sort_by_key(|class| class.name());
        classes.dedup();
        let times = |class: &FailureClass| {
            model.retry.of(*class).unwrap_or_else(|| self.route().retry.of(*class)).times as usize
        };
        let allowed: usize = classes.iter().filter(|class| !class.is_deterministic()).map(times).sum();
        let same = |asked: &&Order| asked.cause == Cause::Retry && asked.target == order.target;
        let used = self.asked.iter().filter(same).count() + 1;
        promise!(used <= allowed + 1, "I07: {used} repeats of target {}, {allowed} configured", order.target);
        if used > allowed {
            promise!(order.fresh, "I07: a repeat that is neither configured nor on a new connection");
            promise!(self.dead.contains(&order.target), "I07: a repeat that nothing explains");
        }
        Ok(())
    }

    /// What failed by the request's or the model's own fault is not asked of another target of the model.
    fn alike(&self, order: &Order) -> Check {
        if !matches!(order.cause, Cause::Fallback | Cause::Hedge) {
            return Ok(());
        }
        let targets = self.config.targets();
        let known = self.failed.iter().find(|(of, class)| {
            *of != order.target
                && targets[*of].model == targets[order.target].model
                && matches!(class, FailureClass::Refused | FailureClass::ContextExceeded)
        });
        promise!(known.is_none(), "{known:?} would fail alike at target {}", order.target);
        Ok(())
    }

    /// After commit there are only attempts to go on, and only where and how the route says.
    fn goes_on(&self, order: &Order, model: &Model) -> Check {
        let declared = match self.route().stream.after_commit {
            AfterCommit::End => None,
            AfterCommit::Continue => Some(Cause::Continue),
            AfterCommit::Regenerate => Some(Cause::Regenerate),
        };
        let on = matches!(order.cause, Cause::Continue | Cause::Regenerate);
        promise!(
            on == self.engine.is_committed(),
            "{:?}, committed {}",
            order.cause,
            self.engine.is_committed()
        );
        if !on {
            return Ok(());
        }
        promise!(Some(order.cause) == declared, "{:?}, declared {declared:?}", order.cause);
        let able = order.cause != Cause::Continue || model.can.prefill == Some(true);
        promise!(able, "`{}` does not take a beginning", model.name);
        let again = |asked: &&Order| asked.cause == order.cause && asked.target == order.target;
        promise!(!self.asked.iter().any(|asked| again(&asked)), "target {} goes on twice", order.target);
        Ok(())
    }

    /// I22: what counts as in flight is what is under way, after every event.
    fn counted(&self) -> Check {
        for target in 0..self.config.targets().len() {
            let held = self.fleet.load(target, self.now).in_flight as usize;
            let flying = self.flights.iter().filter(|flight| flight.order.target == target).count();
            promise!(held == flying, "I22: target {target} counts {held} in flight, {flying} are under way");
        }
        Ok(())
    }

    /// I18: after commit the error is what broke the stream; I02: before it, everybody who may be asked was.
    fn gave_up(&mut self, last: &Final) -> Check {
        if let Some((target, failure)) = &self.broken {
            let told = last.target == Some(*target) && last.failure.class == failure.class;
            promise!(told, "I18: {last:?} instead of {failure:?} of target {target}");
            return Ok(());
        }
        let surfaces = matches!(last.failure.class, FailureClass::InvalidRequest | FailureClass::Cancelled)
            || self.route().ambiguous == Ambiguous::Surface;
        let spent = self.asked.len() >= self.route().max_attempts as usize;
        let late = self.now + Duration::from_millis(1) >= self.engine.deadline();
        if surfaces || spent || late || self.wish.alone {
            return Ok(());
        }
        let (skips, _) = self.engine.take_notes();
        let chain = self.wish.chain.as_ref().unwrap_or(&self.route().chain);
        for (index, target) in
            self.config.targets().iter().enumerate().filter(|(_, t)| chain.contains(&t.model))
        {
            let known = self.asked.iter().any(|order| order.target == index)
                || skips.iter().any(|skip| {
                    skip.model == target.name || skip.model == self.config.models[target.model].name
                });
            promise!(known, "I02: target {} was neither asked nor passed over: {last:?}", target.name);
        }
        Ok(())
    }

    fn over(&mut self) -> Check {
        self.flights.clear();
        self.counted()
    }
}

// === Generation ===

fn any_class() -> impl Strategy<Value = FailureClass> {
    (0..FailureClass::ALL.len()).prop_map(|index| FailureClass::ALL[index])
}

fn any_span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (1..900_u64).prop_map(Duration::from_millis),
        (1..9_u64).prop_map(Duration::from_secs)
    ]
}

fn any_fate() -> impl Strategy<Value = Fate> {
    let flags =
        (prop::bool::weighted(0.3), any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.8));
    let class = prop_oneof![2 => Just(FailureClass::Unreachable), 8 => any_class()];
    (flags, class, proptest::option::weighted(0.2, any_span()), any_span(), any_span()).prop_map(
        |((opens, serves, sent, reused, resumable), class, asks, takes, rest)| Fate {
            opens,
            serves,
            class,
            asks,
            sent,
            reused,
            resumable,
            takes,
            rest,
        },
    )
}

fn any_region() -> impl Strategy<Value = String> {
    prop_oneof![Just("eu".to_owned()), Just("us".to_owned())]
}

fn any_providers() -> impl Strategy<Value = Vec<Provider>> {
    let one = (0..3_usize, proptest::option::of(any_region())).prop_map(|(keys, region)| Provider {
        keys: (0..keys).map(|key| Key { name: format!("k{key}"), secret: Secret::new("s") }).collect(),
        region,
        ..Provider::new(Dialect::Openai, "http://x")
    });
    prop::collection::vec(one, 3)
}

fn any_policy() -> impl Strategy<Value = ClassPolicy> {
    (0..3_u32, any_span()).prop_map(|(times, base)| ClassPolicy {
        times,
        backoff: Backoff { base, ..Backoff::default() },
        then: Then::Next,
    })
}

fn any_model(index: usize) -> impl Strategy<Value = Model> {
    let places = prop::collection::btree_set(0..3_usize, 1..3);
    (
        places,
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec((any_class(), any_policy()), 0..2),
        any_balance(),
    )
        .prop_map(move |(places, free, prefill, own, balance)| {
            let place = |provider| Deployment { provider, upstream: "up".to_owned(), weight: 1 };
            let mut model = Model {
                deployments: places.into_iter().map(place).collect(),
                balance,
                price: free.then_some(Price { input: 0, output: 0 }),
                breaker: BreakerPolicy::off(),
                ..Model::new(format!("m{index}"), 0, "up")
            };
            model.can.prefill = prefill.then_some(true);
            own.into_iter().for_each(|(class, policy)| model.retry.set(class, policy));
            model
        })
}

fn any_balance() -> impl Strategy<Value = Balance> {
    prop_oneof![
        3 => Just(Balance::Priority),
        1 => Just(Balance::Weighted),
        1 => Just(Balance::LeastInFlight),
        1 => Just(Balance::Latency)
    ]
}

fn any_route(models: usize) -> impl Strategy<Value = Route> {
    let hedge = (any_span(), 0..3_u32).prop_map(|(after, most)| Hedge {
        after: HedgeAfter::Fixed(after),
        budget: Budget { share: 1.0, per_second: 1000.0 },
        most,
    });
    let rescue = prop_oneof![Just(Rescue::Cache), (0..models).prop_map(Rescue::Model)];
    let declared = (
        proptest::option::weighted(0.7, hedge),
        any::<bool>(),
        any::<bool>(),
        0..3_usize,
        prop::collection::vec(rescue, 0..3),
    );
    let more = (
        prop::collection::vec((any_class(), any_policy()), 0..3),
        1..9_u32,
        proptest::option::weighted(0.2, prop::collection::vec(any_region(), 1..2)),
        any_balance(),
        (1..40_u64).prop_map(Duration::from_secs),
    );
    (declared, more).prop_map(move |((hedge, last, surface, after, rescue), rest)| {
        let (classes, max_attempts, regions, balance, deadline) = rest;
        let after_commit = [AfterCommit::End, AfterCommit::Continue, AfterCommit::Regenerate][after];
        let mut route = Route {
            hedge,
            retry_order: if last { RetryOrder::ChainFirst } else { RetryOrder::ModelFirst },
            ambiguous: if surface { Ambiguous::Surface } else { Ambiguous::Replay },
            stream: StreamPolicy { after_commit, ..StreamPolicy::default() },
            refusal: RefusalPolicy::Next,
            max_attempts,
            regions,
            balance,
            deadline,
            rescue,
            ..Route::new("r", (0..models).collect())
        };
        classes.into_iter().for_each(|(class, policy)| route.retry.set(class, policy));
        route
    })
}

fn any_config() -> impl Strategy<Value = Config> {
    (1..4_usize).prop_flat_map(|count| {
        let models: Vec<_> = (0..count).map(any_model).collect();
        (any_providers(), models, any_route(count)).prop_map(|(providers, models, route)| {
            let name = |(index, provider)| (format!("p{index}"), provider);
            let providers: IndexMap<_, _> = providers.into_iter().enumerate().map(name).collect();
            super::kit::build(providers, models, route)
        })
    })
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let models = proptest::option::weighted(0.2, prop::collection::vec(0..3_usize, 1..3));
    let regions = proptest::option::weighted(0.2, prop::collection::vec(any_region(), 1..2));
    let deadline = proptest::option::weighted(0.3, any_span());
    (models, regions, deadline, prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |(models, regions, deadline, alone, spent)| Wish {
            models,
            regions,
            deadline,
            alone,
            spent,
            ..Wish::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    /// I02, I06, I07, I12, I18, I22 and I23 for attempts side by side and for attempts after commit, in the words beside
    /// each check: whatever is declared, however attempts end, and whatever the caller wishes.
    #[test]
    fn every_promise_holds_with_attempts_side_by_side(
        config in any_config(),
        wish in any_wish(),
        fates in prop::collection::vec(any_fate(), 1..9),
    ) {
        World::new(config, wish, fates).play()?;
    }
}
