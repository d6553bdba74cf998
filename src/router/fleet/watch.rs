//! Changes of standing, for whoever listens: when each target was benched, tested and let back in.
//!
//! Part of the router's word, beside its trails: a bench may begin or end without any request that saw it (a timer, a
//! probe of the router's own). Benches, ramps and wishes for rest end by themselves; their ends are told at their exact
//! moments, in order of time, with the next call of the fleet.
//!
//! Nothing is decided here. While nobody listens it costs one comparison a call.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Fleet;
use super::view::TargetState;
use crate::chat::FailureClass;
use crate::router::config::{Config, TargetIx};
use crate::world::Moment;

/// Changes kept for a listener that does not come; of more, the oldest are forgotten.
const KEPT_MAX: usize = 16_384;

/// A target's standing from a moment on, until the next change of the same target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthChange {
    /// When.
    pub at: Moment,
    /// The target, as the router names it: `claude`, or `claude@anthropic` with a key or a deployment of its own.
    pub target: String,
    /// The model it serves.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// What it is now.
    pub state: HealthState,
    /// The failure class behind it, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<FailureClass>,
}

/// How much of its traffic a target gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// All of it.
    Open,
    /// None.
    Benched {
        /// End of the bench, as planned then: when the next probe is due, where the router probes by itself.
        until: Moment,
    },
    /// None but probes: the bench is over, or one was allowed before its end, and nobody knows yet.
    Probing,
    /// A growing share.
    Ramping,
    /// None: it asked to be left alone.
    Cooling {
        /// Until when, as asked then.
        until: Moment,
    },
}

/// What was told, and what is still to be.
#[derive(Debug)]
pub(super) struct Watch {
    targets: Vec<Watched>,
    /// When the first of them changes by itself.
    due: Moment,
    /// When the latest change was: none is told to have been before it.
    latest: Moment,
    changes: VecDeque<HealthChange>,
}

#[derive(Debug)]
struct Watched {
    target: String,
    model: String,
    provider: String,
    /// Its standing, as told.
    state: HealthState,
    /// When it changes by itself, if nothing happens.
    due: Moment,
}

impl HealthState {
    /// Whether it is the same standing, whatever end was planned for it.
    fn is_as(self, other: HealthState) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl Watch {
    fn new(config: &Config) -> Watch {
        let watched = |target: TargetIx| Watched {
            target: config.targets()[target].name.clone(),
            model: config.model_of(target).name.clone(),
            provider: config.provider_name(target).to_owned(),
            state: HealthState::Open,
            due: Moment::NEVER,
        };
        Watch {
            targets: (0..config.targets().len()).map(watched).collect(),
            due: Moment::NEVER,
            latest: Moment::ZERO,
            changes: VecDeque::new(),
        }
    }

    /// Takes down where `target` stands at `at`, and until when.
    fn see(
        &mut self,
        target: TargetIx,
        at: Moment,
        state: HealthState,
        due: Moment,
        why: Option<FailureClass>,
    ) {
        let watched = &mut self.targets[target];
        watched.due = due;
        if watched.state.is_as(state) {
            return;
        }
        watched.state = state;
        self.latest = self.latest.max(at);
        if self.changes.len() >= KEPT_MAX {
            self.changes.pop_front();
        }
        let refused = matches!(state, HealthState::Benched { .. } | HealthState::Cooling { .. });
        self.changes.push_back(HealthChange {
            at: self.latest,
            target: watched.target.clone(),
            model: watched.model.clone(),
            provider: watched.provider.clone(),
            state,
            why: why.filter(|_| refused),
        });
    }

    /// The target that changes by itself next, and when.
    fn next(&self) -> Option<(Moment, TargetIx)> {
        self.targets.iter().enumerate().map(|(target, watched)| (watched.due, target)).min()
    }
}

impl Fleet {
    /// From now on keeps every change of a target's standing for [`Fleet::changes`]. `config` is what this fleet was
    /// made for.
    pub fn listen(&mut self, config: &Config, now: Moment) {
        self.watch = Some(Box::new(Watch::new(config)));
        self.note(now, None);
    }

    /// Goes on where `before` listened, if it did: with what it has not told yet, and from where targets of the same
    /// names stood.
    pub fn listen_after(&mut self, before: &mut Fleet, config: &Config, now: Moment) {
        before.catch_up(now);
        let Some(before) = before.watch.take() else { return };
        let mut watch = Watch::new(config);
        (watch.changes, watch.latest) = (before.changes, before.latest);
        for watched in &mut watch.targets {
            if let Some(known) = before.targets.iter().find(|known| known.target == watched.target) {
                watched.state = known.state;
            }
        }
        self.watch = Some(Box::new(watch));
        self.note(now, None);
    }

    /// The changes since the last time, in order; none when nobody listens.
    pub fn changes(&mut self, now: Moment) -> Vec<HealthChange> {
        self.catch_up(now);
        self.watch.as_mut().map_or_else(Vec::new, |watch| watch.changes.drain(..).collect())
    }

    /// Tells what came to its end by itself until now. To be called before anything changes.
    pub(super) fn catch_up(&mut self, now: Moment) {
        let Some(watch) = self.watch.as_deref() else { return };
        if watch.due > now {
            return;
        }
        while let Some((at, target)) =
            self.watch.as_deref().and_then(Watch::next).filter(|(at, _)| *at <= now)
        {
            self.look(target, at, None);
        }
        self.expect_next();
    }

    /// Tells what has just changed. To be called after anything may have; `why` is the failure behind it.
    pub(super) fn note(&mut self, now: Moment, why: Option<FailureClass>) {
        if self.watch.is_none() {
            return;
        }
        for target in 0..self.targets.len() {
            self.look(target, now, why);
        }
        self.expect_next();
    }

    fn look(&mut self, target: TargetIx, at: Moment, why: Option<FailureClass>) {
        let (state, due) = (self.standing(target, at), self.turns(target, at));
        if let Some(watch) = &mut self.watch {
            watch.see(target, at, state, due, why);
        }
    }

    fn expect_next(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.due = watch.next().map_or(Moment::NEVER, |(due, _)| due);
        }
    }

    /// Where a target stands: the worse of its breakers, and of a bench and a wish for rest the bench.
    fn standing(&self, target: TargetIx, now: Moment) -> HealthState {
        let stand = self.cells_of(target).map(|cell| cell.breaker.stand(now)).max();
        let cooling = self.targets[target].cooling.until(now);
        match (stand.unwrap_or(TargetState::Closed), cooling) {
            (TargetState::Open, _) => HealthState::Benched { until: self.bench(target).unwrap_or(now) },
            (_, Some(until)) => HealthState::Cooling { until },
            (TargetState::HalfOpen, None) => HealthState::Probing,
            (TargetState::Ramping, None) => HealthState::Ramping,
            (TargetState::Closed, None) => HealthState::Open,
        }
    }

    /// When that may change by itself.
    fn turns(&self, target: TargetIx, now: Moment) -> Moment {
        let breakers = self.cells_of(target).filter_map(|cell| cell.breaker.turns(now));
        breakers.chain(self.targets[target].cooling.until(now)).min().unwrap_or(Moment::NEVER)
    }
}

#[cfg(test)]
mod tests;
