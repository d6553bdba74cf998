//! Capacity: so many calls at once, a queue behind them, and what happens to those who find it full.
//!
//! Nothing is drawn here. Overload follows from arrivals and service times alone, so whoever retries an overloaded
//! provider takes the place of somebody else and makes it worse, and whoever leaves the queue makes it shorter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a provider can do at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Calls in progress, at most.
    pub concurrency: u32,
    /// Calls that wait for a place, at most.
    pub queue: u32,
    /// What those get who find the queue full.
    pub overload: Overload,
    /// How many times slower a call is when all places are taken; 1 is as fast as ever.
    pub slowdown: f64,
}

/// What happens to a call that finds the queue full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overload {
    /// The vendor's own answer to overload.
    #[default]
    Vendor,
    /// The same with this status.
    Status(u16),
    /// There is no end of the queue.
    Wait,
}

/// The places of one capacity, at work.
#[derive(Debug)]
pub(crate) struct Gate {
    capacity: Capacity,
    places: Arc<Semaphore>,
    waiting: AtomicU32,
}

/// What somebody finds who arrives.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A place.
    Seat(Seat),
    /// A place in the queue.
    Queue(Queued),
    /// No place at all.
    Full,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    _permit: Option<OwnedSemaphorePermit>,
    /// How many times slower the call is.
    pub(crate) slowdown: f64,
}

/// A place in the queue, free again when dropped.
#[derive(Debug)]
pub(crate) struct Queued(Arc<Gate>);

impl Capacity {
    /// Whether calls get anywhere, and numbers are numbers.
    pub(crate) fn is_sound(&self) -> bool {
        self.concurrency > 0 && self.slowdown.is_finite() && self.slowdown >= 1.0
    }
}

impl Gate {
    pub(crate) fn new(capacity: Capacity) -> Arc<Gate> {
        let places = (capacity.concurrency.max(1) as usize).min(Semaphore::MAX_PERMITS);
        Arc::new(Gate { capacity, places: Arc::new(Semaphore::new(places)), waiting: AtomicU32::new(0) })
    }

    pub(crate) const fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// Somebody arrives. A place is never given past those who wait.
    pub(crate) fn enter(self: &Arc<Self>) -> Entry {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Entry::Seat(self.seat(Some(permit)));
        }
        let endless = self.capacity.overload == Overload::Wait;
        if !endless && self.waiting.load(Ordering::Relaxed) >= self.capacity.queue {
            return Entry::Full;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Entry::Queue(Queued(Arc::clone(self)))
    }

    /// The more places are taken, the slower.
    fn seat(&self, permit: Option<OwnedSemaphorePermit>) -> Seat {
        let all = f64::from(self.capacity.concurrency.max(1));
        let taken = all - self.places.available_permits() as f64;
        let slowdown = 1.0 + (self.capacity.slowdown - 1.0).max(0.0) * (taken / all).clamp(0.0, 1.0);
        Seat { _permit: permit, slowdown }
    }
}

impl Queued {
    /// Waits for a place; first come, first served.
    pub(crate) async fn seat(self) -> Seat {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.0.places).acquire_owned().await.ok();
        self.0.seat(permit)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: Capacity =
        Capacity { concurrency: 2, queue: 1, overload: Overload::Vendor, slowdown: 3.0 };

    #[tokio::test]
    async fn two_are_served_one_waits_and_the_next_is_turned_away() {
        let gate = Gate::new(CAPACITY);
        let Entry::Seat(first) = gate.enter() else { panic!() };
        let Entry::Seat(second) = gate.enter() else { panic!() };
        // One of two places taken: 1 + (3 - 1) / 2 = 2 times slower; two of two: 3 times.
        assert_eq!((first.slowdown, second.slowdown), (2.0, 3.0));
        let Entry::Queue(queued) = gate.enter() else { panic!() };
        assert!(matches!(gate.enter(), Entry::Full));
        drop(first);
        assert_eq!(queued.seat().await.slowdown, 3.0);
    }

    #[tokio::test]
    async fn whoever_leaves_the_queue_frees_a_place_in_it() {
        let gate = Gate::new(CAPACITY);
        let _seats = [gate.enter(), gate.enter()];
        let waiting = gate.enter();
        assert!(matches!(gate.enter(), Entry::Full));
        drop(waiting);
        assert!(matches!(gate.enter(), Entry::Queue(_)));
    }

    #[tokio::test]
    async fn a_queue_without_end_turns_nobody_away() {
        let gate = Gate::new(Capacity { overload: Overload::Wait, queue: 0, ..CAPACITY });
        let entries: Vec<Entry> = (0..100).map(|_| gate.enter()).collect();
        assert!(entries[2..].iter().all(|entry| matches!(entry, Entry::Queue(_))));
    }
}
