//! A network in memory.
//!
//! Hosts have names; connecting to one asks its gate, as a SYN asks a machine, and gets a pipe, a refusal, or
//! nothing. Pipes carry bytes with FIN, RST, back-pressure and an optional delay, so the HTTP stacks on both
//! ends run unchanged. All of it is deterministic on a current-thread runtime: no map is iterated, and nobody
//! waits for anything but tokio's clock and wakers.

mod pipe;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use pipe::{Pipe, pipe};
use tokio::sync::mpsc;

use super::{Clock, Moment};

/// What a host answers to a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A connection; the number is the host's own.
    Accept(u64),
    /// Refused.
    Refuse,
    /// Its name does not resolve.
    NoSuchHost,
    /// Nothing, until then at least.
    Silence {
        /// When asking again may give another answer.
        until: Moment,
    },
}

/// Decides on each connect to a host.
pub type Gate = Arc<dyn Fn() -> Answer + Send + Sync>;

struct Host {
    gate: Gate,
    accepted: mpsc::UnboundedSender<(Pipe, u64)>,
}

/// A network in memory.
pub struct SimNet {
    clock: Clock,
    one_way: Duration,
    hosts: Mutex<BTreeMap<String, Host>>,
}

/// Where a host's accepted connections arrive, with their numbers.
pub type Accepted = mpsc::UnboundedReceiver<(Pipe, u64)>;

impl SimNet {
    /// An empty network in which a round trip takes `round_trip`.
    #[must_use]
    pub fn new(clock: Clock, round_trip: Duration) -> Arc<Self> {
        Arc::new(SimNet { clock, one_way: round_trip / 2, hosts: Mutex::default() })
    }

    /// Adds a host. A host of the same name is replaced: its connections live on.
    pub fn listen(&self, name: &str, gate: Gate) -> Accepted {
        let (accepted, incoming) = mpsc::unbounded_channel();
        self.hosts().insert(name.to_owned(), Host { gate, accepted });
        incoming
    }

    /// Connects to `name`.
    ///
    /// # Errors
    ///
    /// `NotFound` for a host that does not exist, `ConnectionRefused` for one that refuses.
    pub async fn connect(&self, name: &str) -> io::Result<Pipe> {
        self.travel(self.one_way).await;
        loop {
            let until = match self.knock(name)? {
                Ok(pipe) => {
                    self.travel(self.one_way).await;
                    return Ok(pipe);
                }
                Err(until) => until,
            };
            // At least a millisecond on, so that a gate that keeps naming the past cannot spin.
            self.clock.sleep_until(until.max(self.clock.now() + Duration::from_millis(1))).await;
        }
    }

    fn knock(&self, name: &str) -> io::Result<Result<Pipe, Moment>> {
        let hosts = self.hosts();
        let Some(host) = hosts.get(name) else {
            return Err(unknown(name));
        };
        let refused = || io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
        match (host.gate)() {
            Answer::Refuse => Err(refused()),
            Answer::NoSuchHost => Err(unknown(name)),
            Answer::Silence { until } => Ok(Err(until)),
            Answer::Accept(number) => {
                let (near, far) = pipe(self.clock, self.one_way);
                host.accepted.send((far, number)).map_err(|_| refused())?;
                Ok(Ok(near))
            }
        }
    }

    async fn travel(&self, span: Duration) {
        if !span.is_zero() {
            self.clock.sleep_until(self.clock.now() + span).await;
        }
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("no such host `{name}`"))
}

impl fmt::Debug for SimNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimNet").field("one_way", &self.one_way).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(answer: Answer) -> (Arc<SimNet>, Accepted, Clock) {
        let clock = Clock::start(0);
        let net = SimNet::new(clock, Duration::from_millis(10));
        let accepted = net.listen("host", Arc::new(move || answer));
        (net, accepted, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn connecting_takes_a_round_trip_and_reaches_the_host() {
        let (net, mut accepted, clock) = net(Answer::Accept(4));
        net.connect("host").await.unwrap();
        assert_eq!(clock.now(), Moment::from_us(10_000));
        assert_eq!(accepted.recv().await.unwrap().1, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_refused_and_a_stranger_is_not_found() {
        let (net, _accepted, _) = net(Answer::Refuse);
        assert_eq!(net.connect("host").await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(net.connect("tsoh").await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_lasts() {
        let (net, _accepted, _) = net(Answer::Silence { until: Moment::from_us(1) });
        let waited = tokio::time::timeout(Duration::from_secs(60), net.connect("host")).await;
        assert!(waited.is_err(), "a black hole never answers");
    }
}
