//! The limits of one attempt, cut from what is left of its request's deadline.

use std::time::Duration;

use crate::chat::{FailureClass, Limit};
use crate::router::config::{Limits, MinRate, Route};
use crate::router::plan::Facts;
use crate::world::Moment;

/// A limit cut below this share of what the operator meant says nothing about the model.
const FAIR: f64 = 0.5;

/// The limits granted to one attempt, as moments; each lies at or before the request's deadline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Granted {
    /// To a connection.
    pub connect: Moment,
    /// To the first useful output; none for a plain call, whose first output is its whole reply.
    pub first_token: Option<Moment>,
    /// To the status line and headers.
    pub headers: Moment,
    /// Longest gap between outputs.
    pub idle: Duration,
    /// The slowest it may be before it commits.
    pub min_rate: Option<MinRate>,
    /// To the end.
    pub total: Moment,
    /// Limits that were cut so far below what the operator meant that missing them is not the model's fault.
    unfair: [bool; 3],
}

impl Granted {
    /// The limits of an attempt that starts at `now`, under `limits` of its route and model, with `waiting` models, itself included, still to ask.
    #[must_use]
    pub fn new(
        route: &Route,
        limits: &Limits,
        facts: &Facts,
        deadline: Moment,
        waiting: usize,
        now: Moment,
    ) -> Self {
        let left = deadline - now;
        let share = left / u32::try_from(waiting).unwrap_or(u32::MAX).max(1);
        let models = route.chain.len() + route.rescue_models(0);
        let meant = route.deadline / u32::try_from(models).unwrap_or(u32::MAX).max(1);
        let (connect, hasty) = cut(limits.connect, left);
        let (first, scanty) = match limits.first_token {
            Some(first) => cut(first, left),
            None => (share, is_unfair(share, meant)),
        };
        let (total, short) = match (limits.attempt, facts.stream) {
            (Some(attempt), _) => cut(attempt, left),
            // A stream's share is spent on its first output; once it talks it may go on to the deadline.
            (None, true) => (left, is_unfair(left, meant)),
            (None, false) => (share, is_unfair(share, meant)),
        };
        Granted {
            connect: now + connect,
            headers: limits.headers.map_or(Moment::NEVER, |headers| now + headers),
            min_rate: limits.min_rate,
            first_token: facts.stream.then_some(now + first.min(total)),
            idle: limits.idle,
            total: now + total,
            unfair: [hasty, scanty, short],
        }
    }

    /// Whether a failure of `class` that came at `at` under these limits is the model's own. The limit of the headers is never cut: a
    /// first output that is late before its own limit has missed that one.
    #[must_use]
    pub fn blames(&self, class: FailureClass, at: Moment) -> bool {
        match class {
            FailureClass::Timeout(Limit::Connect) => !self.unfair[0],
            FailureClass::Timeout(Limit::FirstToken) => {
                !self.unfair[1] || at < self.first_token.unwrap_or(self.total).min(self.total)
            }
            FailureClass::Timeout(Limit::Total) => !self.unfair[2],
            _ => true,
        }
    }
}

fn cut(meant: Duration, left: Duration) -> (Duration, bool) {
    let granted = meant.min(left);
    (granted, is_unfair(granted, meant))
}

fn is_unfair(granted: Duration, meant: Duration) -> bool {
    granted.as_secs_f64() < meant.as_secs_f64() * FAIR
}
