//! How bytes leave: late, slowly, or in tiny segments. Done where HTTP's bytes pass (above TLS, whose record sizes are
//! chance), so the same bytes leave at the same times in every run.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use tokio::time::Sleep;

use crate::clock::{Clock, Moment};
use crate::provider::Shape;

/// Slices of a second in which a limited bandwidth is given out.
const SLICES: u64 = 50;

/// Shapes the writes of a connection.
pub(super) struct Shaper {
    shape: Shape,
    draws: ChaCha8Rng,
    clock: Clock,
    /// When the next write may leave; none before it is offered.
    due: Option<Moment>,
    /// When the wire is free again.
    free: Moment,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Shaper {
    pub(super) fn new(shape: Shape, clock: Clock) -> Self {
        let draws = shape.key.stream();
        Shaper { shape, draws, clock, due: None, free: Moment::ZERO, sleep: None }
    }

    /// How many of `offered` bytes may leave now.
    pub(super) fn poll(&mut self, offered: usize, cx: &mut Context<'_>) -> Poll<usize> {
        let due = match self.due {
            Some(due) => due,
            None => self.offer(),
        };
        let instant = self.clock.instant(due);
        if self.clock.now() < due {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(instant)));
            if sleep.deadline() != instant {
                sleep.as_mut().reset(instant);
            }
            ready!(sleep.as_mut().poll(cx));
        }
        let segment = self.shape.segments.map(|(size, _)| size.sample_us(&mut self.draws).max(1));
        let slice = self.shape.per_second.map(|bytes| (bytes / SLICES).max(1));
        let most = segment.into_iter().chain(slice).min().unwrap_or(u64::MAX);
        Poll::Ready(offered.min(usize::try_from(most).unwrap_or(usize::MAX)))
    }

    /// A write is offered: when it may leave.
    fn offer(&mut self) -> Moment {
        let late = self.shape.late.map_or(0, |late| late.sample_us(&mut self.draws));
        let due = (self.clock.now() + Duration::from_micros(late)).max(self.free);
        self.due = Some(due);
        due
    }

    /// So many bytes left.
    pub(super) fn left(&mut self, bytes: usize) {
        let gap = self.shape.segments.map_or(0, |(_, gap)| gap.sample_us(&mut self.draws));
        let took = self.shape.per_second.map_or(0, |speed| (bytes as u64).saturating_mul(1_000_000) / speed);
        self.free = self.clock.now() + Duration::from_micros(gap.max(took));
        self.due = None;
    }
}
