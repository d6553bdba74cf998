//! The real fallback router: what is tested here is what ships.
//!
//! A map, in the order in which a request passes:
//!
//! - [`http`]: the faces callers see.
//! - [`ask`]: what a caller may say beside its request.
//! - [`plan`]: request and route -> the order of candidates. Pure.
//! - [`engine`]: the life of one request: event in, step out. Pure; start here.
//! - [`fleet`]: what is known of each model's health. Pure; time is passed in.
//! - `relay`: drives the engine, with the caller's stream in hand.
//! - `attempt`: one upstream call: send, watch the clock, classify.
//! - [`rescue`], [`price`]: the cache of last resort; what an attempt cost.
//! - [`trail`]: what the router says it did; [`told`]: what of it a caller is told.
//! - [`config`]: what an operator decides.
//!
//! What never happens here: knowing that it is being tested. Nothing of scenarios, mocks or judges is imported.

pub mod ask;
mod attempt;
pub mod config;
pub mod engine;
pub mod fleet;
pub mod http;
pub mod plan;
pub mod price;
mod relay;
pub mod rescue;
pub mod seam;
pub mod soft_refusal;
pub mod spend;
mod tenant;
pub mod told;
pub mod trail;
mod upstreams;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::config::Config;
use self::fleet::{Fleet, HealthChange};
use self::http::Gate;
use self::rescue::Cache;
use self::spend::Spending;
use self::trail::{Trail, TrailSink};
use self::upstreams::Upstreams;
use crate::world::{Clock, Connector, Dice};

/// A router at work.
pub struct Router {
    live: Mutex<Arc<Live>>,
    cache: Mutex<Cache>,
    spending: Mutex<Spending>,
    upstreams: Upstreams,
    clock: Clock,
    dice: Dice,
    sink: Arc<dyn TrailSink>,
    gauges: Gauges,
    ids: AtomicU64,
}

/// What a reload replaces. A request keeps the one it began with.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) config: Arc<Config>,
    gate: Arc<Gate>,
    fleet: Mutex<Fleet>,
    prober: relay::Prober,
}

impl Live {
    fn new(config: Config, fleet: Fleet, gate: Arc<Gate>) -> Self {
        Live { config: Arc::new(config), gate, fleet: Mutex::new(fleet), prober: relay::Prober::default() }
    }

    /// The fleet's health. Never held across an await: every use is one call of the pure core.
    pub(crate) fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a router holds right now.
#[derive(Debug, Default)]
struct Gauges {
    requests: Arc<AtomicU64>,
    attempts: Arc<AtomicU64>,
}

impl Router {
    /// A router for `config`, with connections from `connector`. Every finished request's trail goes to `sink`.
    #[must_use]
    pub fn new(
        config: Config,
        connector: impl Into<Connector>,
        clock: Clock,
        dice: Dice,
        sink: Arc<dyn TrailSink>,
    ) -> Arc<Self> {
        let upstreams = Upstreams::new(connector.into());
        let (fleet, gate) = (Fleet::new(&config), Arc::new(Gate::new(config.intake)));
        let cache = Mutex::new(Cache::new(config.cache));
        let live = Live::new(config, fleet, gate);
        Arc::new(Router {
            cache,
            spending: Mutex::default(),
            live: Mutex::new(Arc::new(live)),
            upstreams,
            clock,
            dice,
            sink,
            gauges: Gauges::default(),
            ids: AtomicU64::new(0),
        })
    }

    /// What its operator decided.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.live().config)
    }

    /// Replaces what its operator decided. Requests under way end as they began; what is known of targets that stay
    /// is kept.
    pub fn reload(self: &Arc<Self>, config: Config) {
        let live = self.replace(config);
        relay::wake(self, &live);
    }

    fn replace(&self, config: Config) -> Arc<Live> {
        let mut slot = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let fleet = {
            let mut old = slot.fleet();
            let mut fleet = old.adopted(&slot.config, &config);
            fleet.listen_after(&mut old, &config, self.clock.now());
            fleet
        };
        // The same gate, unless it changes: who is inside counts on.
        let same = slot.config.intake == config.intake;
        let gate = if same { Arc::clone(&slot.gate) } else { Arc::new(Gate::new(config.intake)) };
        *slot = Arc::new(Live::new(config, fleet, gate));
        Arc::clone(&slot)
    }

    /// What holds for a request that begins now.
    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests in flight, attempts in flight, probe slots taken.
    #[must_use]
    pub fn gauges(&self) -> (u64, u64, u64) {
        let (probes, places) = {
            let live = self.live();
            let fleet = live.fleet();
            (fleet.probes(), fleet.in_flight())
        };
        // Counted twice, by who makes attempts and by who allows them: what only one of them holds is held.
        let attempts = self.gauges.attempts.load(Ordering::Relaxed).max(places);
        (self.gauges.requests.load(Ordering::Relaxed), attempts, probes)
    }

    /// From now on keeps every change of a target's standing for [`Router::changes`]. Who listens should come for them
    /// now and then: of very many, the oldest are forgotten.
    pub fn listen(&self) {
        let live = self.live();
        live.fleet().listen(&live.config, self.clock.now());
    }

    /// The changes of targets' standings since the last time, in order of time; none when nobody listens.
    #[must_use]
    pub fn changes(&self) -> Vec<HealthChange> {
        self.live().fleet().changes(self.clock.now())
    }

    /// Makes no more probes of its own: whoever waits until nothing is held would else wait for the next one, too.
    pub fn rest(&self) {
        self.live().prober.rest();
    }

    /// Requests that were let in, and that wait to be.
    #[must_use]
    pub fn intake_gauges(&self) -> (usize, usize) {
        self.gate().gauges()
    }

    fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.live().gate)
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn dice(&self) -> &Dice {
        &self.dice
    }

    fn upstreams(&self) -> &Upstreams {
        &self.upstreams
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spending(&self) -> MutexGuard<'_, Spending> {
        self.spending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, trail: Trail) {
        self.sink.record(trail);
    }

    /// A correlation id for a caller that sent none.
    fn next_id(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        let salt = self.dice.key("request-id").u64(number).hash() >> 32;
        format!("bo-{number}-{salt:08x}")
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("gauges", &self.gauges).finish_non_exhaustive()
    }
}

/// Counts something in flight, for as long as it lives.
struct Gauge(Arc<AtomicU64>);

impl Gauge {
    fn new(counter: &Arc<AtomicU64>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Gauge(Arc::clone(counter))
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
