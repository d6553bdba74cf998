//! The fleet as it looks from outside: for metrics, health checks and people.

use std::time::Duration;

use serde::Serialize;

use super::Fleet;
use crate::chat::FailureClass;
use crate::router::config::{Config, TargetIx};
use crate::world::Moment;

/// Where a target's breaker stands, from well to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// Everybody may ask it.
    Closed,
    /// It is back from a bench, and gets a growing share of its traffic.
    Ramping,
    /// It is tested by one call at a time.
    HalfOpen,
    /// Nobody may ask it.
    Open,
}

/// What is known of a target right now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetView {
    /// Its name.
    pub target: String,
    /// The name of its provider.
    pub provider: String,
    /// Where its breaker stands; the worse one, where it has one of its own and shares another.
    pub state: TargetState,
    /// When its bench ends or ended, unless it is closed: when the next probe is due, where the router probes by
    /// itself.
    pub benched_until: Option<Moment>,
    /// Until when it asked to be left alone.
    pub cooling_until: Option<Moment>,
    /// Calls in flight.
    pub in_flight: u32,
    /// Decaying peak of its time to first output, as [`super::Load::latency`].
    pub latency: Option<Duration>,
    /// Why it was last in trouble: class, and status if there was one.
    pub trouble: Option<(FailureClass, Option<u16>)>,
}

impl TargetState {
    /// Its name in metrics and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TargetState::Closed => "closed",
            TargetState::Ramping => "ramping",
            TargetState::HalfOpen => "half_open",
            TargetState::Open => "open",
        }
    }
}

impl Fleet {
    /// What is known of every target of `config`, which this fleet must have been made for.
    #[must_use]
    pub fn view(&self, config: &Config, now: Moment) -> Vec<TargetView> {
        (0..config.targets().len()).map(|target| self.view_of(config, target, now)).collect()
    }

    fn view_of(&self, config: &Config, target: TargetIx, now: Moment) -> TargetView {
        let load = self.load(target, now);
        let stands = self.cells_of(target).map(|cell| cell.breaker.stand(now));
        TargetView {
            target: config.targets()[target].name.clone(),
            provider: config.provider_name(target).to_owned(),
            state: stands.max().unwrap_or(TargetState::Closed),
            benched_until: self.bench(target),
            cooling_until: self.targets[target].cooling.until(now),
            in_flight: load.in_flight,
            latency: load.latency,
            trouble: self.trouble(target),
        }
    }
}
