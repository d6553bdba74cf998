//! A provider: what it is ([`Spec`]) and what it lives through ([`Provider`]).

mod error;
mod plan;
mod schedule;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use error::{Error, request_id};
pub(crate) use plan::{Act, Answer, PORTAL, Plan};
pub(crate) use schedule::{Pace, Schedule};

use crate::clock::{Clock, Moment};
use crate::dialect::Dialect;
use crate::dice::Dice;
use crate::fault::{self, Ids, Incident, Rule, Strike, Tally};
use crate::latency::{Dist, InvalidDist, Latency, Tabled};
use crate::ledger::Sink;

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
}

/// A provider at work. Cheap to share; several may run side by side from the same specification.
pub struct Provider {
    spec: Spec,
    dice: Dice,
    clock: Clock,
    sink: Arc<dyn Sink>,
    /// The gap between tokens, ready for many draws.
    gap: Tabled,
    connections: AtomicU64,
    state: Mutex<State>,
}

struct State {
    tallies: Vec<Tally>,
    seen: Ids,
    calls: u64,
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
        let state =
            State { tallies: vec![Tally::default(); spec.faults.len()], seen: Ids::default(), calls: 0 };
        let (gap, connections) = (Tabled::new(spec.latency.per_token), AtomicU64::new(0));
        Arc::new(Provider { spec, dice, clock, sink, gap, connections, state: Mutex::new(state) })
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
        let incident =
            fault::connect(&self.spec.faults, &mut self.lock().tallies, self.identity(), number, now);
        match incident {
            None => Admission::Accept(number),
            Some(Incident::Refuse) => Admission::Refuse,
            Some(Incident::BlackHole(until)) => Admission::BlackHole { until },
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
        let names = self.spec.faults.iter().map(|rule| rule.name.clone());
        names.zip(self.lock().tallies.iter().cloned()).collect()
    }

    pub(crate) fn record(&self, call: crate::ledger::Call) {
        self.sink.record(call);
    }

    /// What will befall a connection accepted now.
    pub(crate) fn timeline(&self, number: u64) -> Vec<Strike> {
        fault::timeline(&self.spec.faults, self.identity(), number, self.clock.now())
    }

    /// Counts a rule that struck an open connection, and names it.
    pub(crate) fn struck(&self, rule: usize) -> &str {
        let now = self.clock.now();
        self.lock().tallies[rule].fire(now);
        &self.spec.faults[rule].name
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
