//! A provider: what it is ([`Spec`]) and what it lives through ([`Provider`]).

mod act;
mod aside;
mod asked;
mod came;
mod endings;
mod entry;
mod error;
mod greet;
mod live;
mod manner;
mod measure;
mod namespace;
mod open;
mod plan;
mod schedule;
mod settings;
mod space;
mod timing;
mod way_in;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub(crate) use act::{Act, PORTAL};
pub(crate) use aside::{ASIDE, Aside};
pub use asked::{ASKED_RULE, ASKING_HEADER};
pub(crate) use came::{Came, Via};
pub(crate) use error::{Error, request_id};
pub use live::{ADDED_RULES_MAX, Standing};
pub(crate) use manner::{ByHand, Manner, Shape};
pub use namespace::is_namespace;
pub(crate) use plan::{Answer, Plan};
pub(crate) use schedule::{Pace, Schedule};
pub use settings::{Resolver, Settings};

use crate::capacity::{Capacity, Gate};
use crate::clock::{Clock, Moment};
use crate::dialect::Dialect;
use crate::dice::Dice;
use crate::fault::{self, Incident, Rule, Strike, Tally};
use crate::latency::{Dist, InvalidDist, Latency, Tabled};
use crate::ledger::Sink;
use crate::limit::Limit;
use crate::serve::BODIES_BYTES_MAX;
use greet::Queues;
use space::{Space, State};

/// What a provider is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name: also its host name in a simulated network.
    pub name: String,
    /// The wire format it speaks.
    pub dialect: Dialect,
    /// How long it takes when healthy.
    pub latency: Latency,
    /// Tokens in a reply when neither the caller's limit nor the prompt's `[words=N]` hint says.
    pub output: Dist,
    /// Tokens a streamed chunk carries, at most; by default the dialect's habit (`wire.md` section 15).
    pub chunk: Option<Dist>,
    /// Accepted credentials; empty accepts any, and none at all.
    pub keys: Vec<String>,
    /// Model ids it serves; empty serves any.
    pub models: Vec<String>,
    /// How long an idle keep-alive connection is kept open.
    pub keep_alive: Duration,
    /// What it grants.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// How many calls it serves at once; none serves any number.
    #[serde(default)]
    pub capacity: Option<Capacity>,
    /// Whether it speaks TLS; who serves it gives it its certificates.
    pub tls: bool,
    /// Whether clients that can choose are to speak HTTP/2 to it; it understands both.
    pub http2: bool,
    /// Its faults.
    pub faults: Vec<Rule>,
}

/// A specification no provider can live by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSpec {
    /// A distribution has impossible parameters.
    #[error("{place}: {cause}")]
    Dist {
        /// Which one.
        place: &'static str,
        /// What is wrong with it.
        cause: InvalidDist,
    },
    /// A capacity that lets nobody through.
    #[error("serve at least one call at once, and none faster than alone ({0})")]
    Capacity(String),
    /// Two rules share a name, or one has none.
    #[error("name rule `{0}`: every rule needs a name of its own")]
    RuleName(String),
    /// A rule answers with a status that is none.
    #[error("answer with status {status} in rule `{rule}`: a final status lies between 200 and 599")]
    Status {
        /// The rule.
        rule: String,
        /// The status.
        status: u16,
    },
    /// A number of a rule has impossible parameters.
    #[error("draw `{place}` of rule `{rule}`: {cause}")]
    Number {
        /// The rule.
        rule: String,
        /// Which number.
        place: &'static str,
        /// What is wrong with it.
        cause: InvalidDist,
    },
    /// A rule of the connection layer was added for a namespace, which only a request has.
    #[error("rule `{0}` acts on connections, before any request says its namespace: add it for all")]
    Namespace(String),
    /// A rule was added for one namespace more than the provider tells apart.
    #[error("reset a namespace first: {0} are in use, and there may be no more")]
    TooManyNamespaces(usize),
    /// More rules were added than any test needs.
    #[error("remove a rule first: {0} were added already")]
    TooManyRules(usize),
}

/// What happens to somebody who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "whoever connects has to be told"]
pub enum Admission {
    /// The connection is accepted; this is its number, for [`serve_connection`](crate::serve::serve_connection).
    Accept(u64),
    /// The connection is refused.
    Refuse,
    /// The connect hangs, until then at least.
    BlackHole {
        /// End of the window.
        until: Moment,
    },
    /// Its name is not known; where names are not ours to answer for, the nearest thing is a refusal.
    NoSuchHost,
}

/// A provider at work. Cheap to share; several may run side by side from the same specification.
pub struct Provider {
    spec: Spec,
    dice: Dice,
    clock: Clock,
    sink: Arc<dyn Sink>,
    /// The gap between tokens, ready for many draws.
    gap: Tabled,
    /// Its places, if it has only so many.
    gate: Option<Arc<Gate>>,
    /// Connections so far, and those open now.
    connections: AtomicU64,
    open: AtomicU64,
    /// Calls that are being answered.
    in_flight: AtomicU64,
    queues: Queues,
    settings: Settings,
    /// The specification's rules, as every namespace begins with them.
    planned: Arc<Vec<Rule>>,
    /// Grows with every rule that comes or goes.
    revision: watch::Sender<u64>,
    state: Mutex<State>,
    /// Bytes there is room for in bodies that arrive in pieces.
    bodies: Semaphore,
}

// === impl Spec ===

impl Spec {
    /// A healthy provider of the middle class: any key, any model, some 200 words a reply, no faults.
    #[must_use]
    pub fn new(name: impl Into<String>, dialect: Dialect) -> Self {
        Spec {
            name: name.into(),
            dialect,
            latency: Latency::default(),
            output: Dist::LogNormal { mu: libm::log(200.0), sigma: 0.6 },
            chunk: None,
            keys: Vec::new(),
            models: Vec::new(),
            keep_alive: Duration::from_secs(75),
            limits: Vec::new(),
            capacity: None,
            tls: false,
            http2: false,
            faults: Vec::new(),
        }
    }

    /// Checks what the types leave open. A provider that is built from an unsound specification does not panic;
    /// it cuts what it is told to the nearest sensible thing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), InvalidSpec> {
        let latency = &self.latency;
        let dists = [
            ("latency.first_token", Some(latency.first_token)),
            ("latency.per_token", Some(latency.per_token)),
            ("latency.error", Some(latency.error)),
            ("output", Some(self.output)),
            ("chunk", self.chunk),
        ];
        for (place, dist) in dists {
            dist.map_or(Ok(()), |dist| dist.checked().map(drop))
                .map_err(|cause| InvalidSpec::Dist { place, cause })?;
        }
        if self.capacity.as_ref().is_some_and(|capacity| !capacity.is_sound()) {
            return Err(InvalidSpec::Capacity("capacity".to_owned()));
        }
        for (index, rule) in self.faults.iter().enumerate() {
            let taken = self.faults[..index].iter().any(|other| other.name == rule.name);
            if rule.name.is_empty() || taken {
                return Err(InvalidSpec::RuleName(rule.name.clone()));
            }
            check_fault(rule)?;
        }
        Ok(())
    }
}

fn check_fault(rule: &Rule) -> Result<(), InvalidSpec> {
    use fault::Fault;
    let name = || rule.name.clone();
    match &rule.fault {
        Fault::Status(answer) if !(200..=599).contains(&answer.status) => {
            Err(InvalidSpec::Status { rule: name(), status: answer.status })
        }
        Fault::Fate(fault::FateFault::Brownout(capacity)) if !capacity.is_sound() => {
            Err(InvalidSpec::Capacity(name()))
        }
        fault => fault.numbers().into_iter().try_for_each(|(place, dist)| {
            dist.checked().map(drop).map_err(|cause| InvalidSpec::Number { rule: name(), place, cause })
        }),
    }
}

// === impl Provider ===

impl Provider {
    /// A provider that follows `clock`, draws from `dice` and reports its calls to `sink`.
    #[must_use]
    pub fn new(spec: Spec, dice: Dice, clock: Clock, sink: Arc<dyn Sink>) -> Arc<Provider> {
        Provider::with(spec, dice, clock, sink, Settings::default())
    }

    /// The same, with more than its specification says.
    #[must_use]
    pub fn with(
        spec: Spec,
        dice: Dice,
        clock: Clock,
        sink: Arc<dyn Sink>,
        settings: Settings,
    ) -> Arc<Provider> {
        let planned = Arc::new(spec.faults.clone());
        let state = State { common: Space::new(&planned), named: std::collections::BTreeMap::new() };
        Arc::new(Provider {
            gap: Tabled::new(spec.latency.per_token),
            gate: way_in::gate(spec.capacity.as_ref()),
            spec,
            dice,
            clock,
            sink,
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            queues: Queues::default(),
            settings,
            planned,
            revision: watch::Sender::new(0),
            state: Mutex::new(state),
            bodies: Semaphore::new(BODIES_BYTES_MAX),
        })
    }

    /// What it is.
    #[must_use]
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The clock it follows.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Decides about somebody who connects now. Connections are numbered from 0 in the order of the asking, those
    /// that are turned away included.
    pub fn admit_connection(&self) -> Admission {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let incident = {
            let Space { rules, tallies, .. } = &mut self.lock().common;
            fault::connect(rules, tallies, self.identity(), number, now)
        };
        match incident {
            None => Admission::Accept(number),
            Some(Incident::Refuse) => Admission::Refuse,
            Some(Incident::BlackHole(until)) => Admission::BlackHole { until },
            Some(Incident::NoSuchHost) => Admission::NoSuchHost,
        }
    }

    /// How often each rule fired, in the order of the rules: once a call, and for faults of the connection layer
    /// once a connect or open connection.
    #[must_use]
    pub fn fired(&self) -> Vec<(String, u64)> {
        self.tallies().into_iter().map(|(name, tally)| (name, tally.fired())).collect()
    }

    /// The counters of each rule, in the order of the rules.
    #[must_use]
    pub fn tallies(&self) -> Vec<(String, Tally)> {
        let common = &self.lock().common;
        common.rules.iter().map(|rule| rule.name.clone()).zip(common.tallies.iter().cloned()).collect()
    }

    /// Calls that are being answered now.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Room for so many more bytes of a body, until it is dropped; none when there is too much already.
    pub(crate) fn room_for(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        self.bodies.try_acquire_many(u32::try_from(bytes).ok()?).ok()
    }

    pub(crate) fn record(&self, call: crate::ledger::Call) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.sink.record(call);
    }

    /// What will befall connection `number` after `since`, by these rules.
    pub(crate) fn timeline(&self, rules: &[Rule], number: u64, since: Moment) -> Vec<Strike> {
        fault::timeline(rules, self.identity(), number, since)
    }

    /// Counts a rule that struck an open connection, or the port.
    pub(crate) fn struck(&self, rule: &str) {
        let now = self.clock.now();
        let common = &mut self.lock().common;
        if let Some(index) = common.position(rule) {
            common.tallies[index].fire(now);
        }
    }

    const fn identity(&self) -> (&str, &Dice) {
        (self.spec.name.as_str(), &self.dice)
    }

    /// A panic elsewhere leaves the counters usable: every update is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("spec", &self.spec).finish_non_exhaustive()
    }
}
