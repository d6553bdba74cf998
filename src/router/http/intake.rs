//! What is let in: how large, how slow, how much at once.
//!
//! A request gets a slot before its body is read and gives it back when its life is over, on every way out. Without a
//! free slot it queues; where the queue is full, or the wait too long, it is turned away at once and told when to come
//! back, which is better than to be answered too late. Asking for health or models needs no slot.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::chat::{Failure, FailureClass};
use crate::world::Clock;

/// When whoever is turned away may come back.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// What a router lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intake {
    /// The largest body that is read, in bytes.
    pub max_body: usize,
    /// How long a caller may take to send its body.
    pub read_timeout: Duration,
    /// Requests at once.
    pub max_in_flight: usize,
    /// Requests that may wait for others to end.
    pub queue: usize,
    /// How long they may.
    pub queue_wait: Duration,
}

impl Default for Intake {
    /// Bodies as large as OpenAI and Anthropic read them; as many requests as common limits on open files allow.
    fn default() -> Self {
        Intake {
            max_body: 32 * 1024 * 1024,
            read_timeout: Duration::from_secs(60),
            max_in_flight: 10_000,
            queue: 1_000,
            queue_wait: Duration::from_secs(1),
        }
    }
}

/// The door that an [`Intake`] describes.
#[derive(Debug)]
pub(crate) struct Gate {
    intake: Intake,
    slots: Arc<Semaphore>,
    queued: Arc<AtomicUsize>,
}

/// A slot, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// A place in the queue, for as long as it lives.
struct Queued(Arc<AtomicUsize>);

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

// === impl Gate ===

impl Gate {
    pub(crate) fn new(intake: Intake) -> Self {
        let slots = intake.max_in_flight.min(Semaphore::MAX_PERMITS);
        Gate { intake, slots: Arc::new(Semaphore::new(slots)), queued: Arc::default() }
    }

    /// What it lets in.
    pub(crate) const fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Requests that hold a slot, and that wait for one.
    pub(crate) fn gauges(&self) -> (usize, usize) {
        let slots = self.intake.max_in_flight.min(Semaphore::MAX_PERMITS);
        (slots - self.slots.available_permits(), self.queued.load(Ordering::Relaxed))
    }

    /// A slot: at once, or after a wait.
    ///
    /// # Errors
    ///
    /// `overloaded`, with a wait: when the queue is full, or the wait in it too long.
    pub(crate) async fn admit(&self, clock: &Clock) -> Result<Slot, Failure> {
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(Slot { _permit: permit });
        }
        let Some(_queued) = self.queue() else {
            return Err(full(&format!(
                "{} requests are under way and {} wait",
                self.intake.max_in_flight, self.intake.queue
            )));
        };
        let until = clock.instant(clock.now() + self.intake.queue_wait);
        match tokio::time::timeout_at(until, Arc::clone(&self.slots).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Slot { _permit: permit }),
            _ => Err(full(&format!("no request ended within {:?}", self.intake.queue_wait))),
        }
    }

    /// A place in the queue, unless it is full.
    fn queue(&self) -> Option<Queued> {
        let most = self.intake.queue;
        let grown = self.queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |queued| {
            (queued < most).then_some(queued + 1)
        });
        grown.is_ok().then(|| Queued(Arc::clone(&self.queued)))
    }
}

fn full(why: &str) -> Failure {
    let message = format!("the router is full: {why}; come back later");
    Failure {
        retry_after: Some(COME_AGAIN),
        status: Some(503),
        ..Failure::new(FailureClass::Overloaded, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(max_in_flight: usize, queue: usize) -> Gate {
        Gate::new(Intake {
            max_in_flight,
            queue,
            queue_wait: Duration::from_millis(100),
            ..Intake::default()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn one_more_than_fits_is_turned_away_at_once() {
        let (clock, gate) = (Clock::start(0), gate(2, 0));
        let held = (gate.admit(&clock).await.unwrap(), gate.admit(&clock).await.unwrap());
        let failure = gate.admit(&clock).await.unwrap_err();
        assert_eq!((failure.status, failure.retry_after), (Some(503), Some(COME_AGAIN)));
        assert_eq!((clock.now().as_us(), gate.gauges()), (0, (2, 0)));
        drop(held);
        assert_eq!(gate.gauges(), (0, 0));
        assert!(gate.admit(&clock).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_queues_gets_the_next_slot_or_is_turned_away_in_time() {
        let (clock, gate) = (Clock::start(0), gate(1, 1));
        let held = gate.admit(&clock).await.unwrap();
        assert!(gate.admit(&clock).await.is_err());
        // A wait of 100 ms, to the tick of a timer.
        assert!((100_000..=101_000).contains(&clock.now().as_us()), "{:?}", clock.now());
        let (admitted, refused, ()) = tokio::join!(biased; gate.admit(&clock), gate.admit(&clock), async {
            assert_eq!(gate.gauges(), (1, 1));
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(held);
        });
        assert!(admitted.is_ok() && refused.is_err());
        drop(admitted);
        assert_eq!(gate.gauges(), (0, 0));
    }

    /// A caller who leaves while it queues leaves nothing behind.
    #[tokio::test(start_paused = true)]
    async fn who_leaves_the_queue_frees_its_place() {
        let (clock, gate) = (Clock::start(0), gate(1, 1));
        let _held = gate.admit(&clock).await.unwrap();
        let left = tokio::time::timeout(Duration::from_millis(10), gate.admit(&clock)).await;
        assert!(left.is_err());
        assert_eq!(gate.gauges(), (1, 0));
    }
}
