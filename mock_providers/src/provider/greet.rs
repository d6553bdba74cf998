//! What meets a client that is connected, before anything is said.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Provider;
use super::space::Space;
use crate::fault::{self, ConnectFault, Fault, TlsFault};

/// How a connection is greeted.
#[derive(Debug, Default)]
pub(crate) struct Greeting {
    /// It is closed, with an RST or without.
    pub(crate) closed: Option<bool>,
    /// TLS goes wrong.
    pub(crate) tls: Option<TlsFault>,
    /// Its place among those that are served, kept as long as it lives.
    pub(crate) _place: Option<OwnedSemaphorePermit>,
}

/// The queues of connection limits, by rule.
pub(super) type Queues = Mutex<BTreeMap<String, Arc<Queue>>>;

/// Connections that wait for their turn.
#[derive(Debug)]
pub(super) struct Queue {
    places: Arc<Semaphore>,
    waiting: AtomicU32,
}

impl Provider {
    /// Greets connection `number`; returns when it may speak.
    pub(crate) async fn greet(&self, number: u64, tls: bool) -> Greeting {
        let rule = {
            let Space { rules, tallies, .. } = &mut self.lock().common;
            fault::greet(rules, tallies, self.identity(), (number, tls), self.clock.now())
                .map(|rule| rules[rule].clone())
        };
        let Some(rule) = rule else { return Greeting::default() };
        let Fault::Connect(fault) = &rule.fault else { return Greeting::default() };
        match fault {
            ConnectFault::SlowAccept { delay } => {
                let key = self.dice.key("slow accept").str(&self.spec.name).str(&rule.name).u64(number);
                let delay = Duration::from_micros(delay.sample_us(&mut key.stream()));
                self.clock.sleep_until(self.clock.now() + delay).await;
                Greeting::default()
            }
            ConnectFault::AcceptThenClose { reset } => {
                Greeting { closed: Some(*reset), ..Greeting::default() }
            }
            ConnectFault::Tls(tls) => Greeting { tls: Some(*tls), ..Greeting::default() },
            ConnectFault::ConnectionLimit { at_most, queue } => {
                self.queue_up(&rule.name, *at_most, *queue).await
            }
            ConnectFault::NoSuchHost => Greeting::default(),
        }
    }

    async fn queue_up(&self, rule: &str, at_most: u32, most_waiting: Option<u32>) -> Greeting {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(rule.to_owned()).or_insert_with(|| Arc::new(Queue::new(at_most))))
        };
        if let Ok(place) = Arc::clone(&queue.places).try_acquire_owned() {
            return Greeting { _place: Some(place), ..Greeting::default() };
        }
        self.struck(rule);
        if most_waiting.is_some_and(|most| queue.waiting.load(Ordering::Relaxed) >= most) {
            return Greeting { closed: Some(true), ..Greeting::default() };
        }
        let _waiting = Waiting::new(&queue);
        let place = Arc::clone(&queue.places).acquire_owned().await.ok();
        Greeting { _place: place, ..Greeting::default() }
    }
}

impl Queue {
    fn new(at_most: u32) -> Self {
        Queue { places: Arc::new(Semaphore::new(at_most as usize)), waiting: AtomicU32::new(0) }
    }
}

/// Somebody in a queue, counted.
struct Waiting<'a>(&'a Queue);

impl<'a> Waiting<'a> {
    fn new(queue: &'a Queue) -> Self {
        queue.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
