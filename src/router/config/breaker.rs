//! When a target is benched, for how long, and how it is let back in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When a target is benched, for how long, and how it is let back in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakerPolicy {
    /// Who shares one breaker.
    pub scope: Scope,
    /// Consecutive failures that bench it; 0 never does. An answer to a call that began before them does not break the
    /// row.
    pub failures: u32,
    /// The share of failed calls that benches it.
    pub rate: Option<RateTrip>,
    /// The share of slow calls that benches it.
    pub slow: Option<SlowTrip>,
    /// First bench.
    pub open: Duration,
    /// Growth of the bench with every failed probe.
    pub factor: f64,
    /// Longest bench, chance included.
    pub open_max: Duration,
    /// Chance lengthens a bench by up to this share, so that routers which failed together do not return together.
    pub jitter: f64,
    /// A benched target that many requests would have gone to is probed before its bench ends.
    pub eager: Option<Eager>,
    /// What tests a benched target.
    pub probe: Probe,
    /// After recovery traffic comes back gradually over this time, from a tenth to all of it; none lets all of it back
    /// at once.
    pub ramp: Option<Duration>,
}

/// Who shares one breaker: what is broken together is benched together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every deployment of a model with every key has its own.
    #[default]
    Model,
    /// All models asked with one key of one provider.
    Key,
    /// All models of one provider.
    Provider,
    /// All models of all providers of one region.
    Region,
}

/// Benches when, of the calls of a sliding window, too many failed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateTrip {
    /// The share of failed calls, 0..=1, from which on it is benched.
    pub share: f64,
    /// Length of the window.
    pub window: Duration,
    /// Fewer calls than these prove nothing.
    pub min_calls: u32,
}

/// Benches when, of the calls of a sliding window, too many took too long to their first output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlowTrip {
    /// A call that takes longer to its first output is slow.
    pub over: Duration,
    /// The share of slow calls, 0..=1, from which on it is benched.
    pub share: f64,
    /// Length of the window.
    pub window: Duration,
    /// Fewer calls than these prove nothing.
    pub min_calls: u32,
}

/// A probe before the bench ends, where waiting would keep many requests from a target that may be well again. A
/// wait that the target itself asked for is never cut short, nor is the bench of a bad key or an empty account.
///
/// By default at most one request in eighteen asks a dead target, and at ten requests a second one does every two
/// seconds: so traffic is back within two seconds of recovery, and fewer than one request in five of an outage ask in
/// vain, those that find it out included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eager {
    /// Requests turned away since the bench or the last probe began, for one probe: one request in so many asks a dead
    /// target at most.
    pub turned_away: u32,
    /// Time since then, at the least.
    pub at_least: Duration,
}

/// What tests a benched target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// A caller's request, one at a time, when the bench ends.
    Live,
    /// A tiny request of the router's own, so that no caller's request is spent on a dead target. It is sent at this
    /// pace however long the bench has grown.
    Synthetic {
        /// Time between two of them.
        every: Duration,
    },
}

impl BreakerPolicy {
    /// Benches nothing.
    #[must_use]
    pub fn off() -> Self {
        BreakerPolicy { failures: 0, rate: None, slow: None, ..BreakerPolicy::default() }
    }

    /// Whether anything benches it.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.failures > 0 || self.rate.is_some() || self.slow.is_some()
    }
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy {
            scope: Scope::Model,
            failures: 3,
            rate: None,
            slow: None,
            open: Duration::from_secs(5),
            factor: 2.0,
            open_max: Duration::from_secs(60),
            jitter: 0.1,
            eager: Some(Eager { turned_away: 17, at_least: Duration::from_millis(500) }),
            probe: Probe::Live,
            ramp: None,
        }
    }
}
