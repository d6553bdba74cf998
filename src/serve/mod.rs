//! The router for real traffic: real sockets, real time, real providers.
//!
//! [`Server::bind`] takes a checked configuration ([`scenario::serve`](crate::scenario::serve)) and its ports,
//! [`Server::run`] answers callers until it is told to stop, and then lets go of them one by one. In the order in which
//! a request passes:
//!
//! - `door`: a port, and the connections that come in by it.
//! - `connection`: HTTP on one of them, and how it ends.
//! - `face`: what is answered here (`/health`), and what the router answers.
//! - `phase`: serving, draining, closing, over; and how many requests are under way.
//!
//! What never happens here: deciding anything about a request. That is the router's, and it is the same router that a
//! scenario tests.

mod connection;
mod door;
mod face;
mod phase;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::door::{Door, Kind};
use self::face::Face;
use self::phase::Phases;
use crate::router::Router;
use crate::router::trail::Trail;
use crate::scenario::serve::Serve;
use crate::world::{Clock, Connector, Dice, Network};

/// For the last bytes of answers to reach their callers, after the last request is over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a running server is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To finish what is under way and end; the second time, to end at once.
    Stop,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Requests that were cut off, because their time was up or somebody insisted.
    pub cut_off: u64,
}

/// A router bound to its ports.
#[must_use = "nothing is answered before `run`"]
pub struct Server {
    doors: Vec<Door>,
    face: Arc<Face>,
    phases: Phases,
    drain: Duration,
}

impl Server {
    /// Binds every address of `plan`.
    ///
    /// # Errors
    ///
    /// When one cannot be bound; the message names it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn bind(plan: Serve) -> io::Result<Server> {
        let clock = Clock::start(jiff::Timestamp::now().as_microsecond());
        let mut doors = Vec::new();
        for address in &plan.listen {
            doors.push(Door::bind(*address, Kind::Callers, plan.tls.clone()).await?);
        }
        if let Some(address) = plan.admin {
            doors.push(Door::bind(address, Kind::Admin, None).await?);
        }
        let sink = Arc::new(|_: Trail| {});
        let router = Router::new(plan.router, Connector::new(Network::Tcp), clock, dice(clock), sink);
        let phases = Phases::new();
        let face = Arc::new(Face::new(router, clock, phases.watch(), plan.admin.is_some()));
        Ok(Server { doors, face, phases, drain: plan.drain })
    }

    /// Where callers are answered: URLs without a slash at the end.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        self.doors.iter().filter(|door| door.kind() == Kind::Callers).map(Door::origin)
    }

    /// Where `/health` and `/metrics` are, when not beside the callers.
    #[must_use]
    pub fn admin(&self) -> Option<String> {
        self.doors.iter().find(|door| door.kind() == Kind::Admin).map(Door::origin)
    }

    /// The names that callers may put into `model`.
    #[must_use]
    pub fn routes(&self) -> Vec<String> {
        self.face.router().config().routes.keys().cloned().collect()
    }

    /// How it is reached: `{"listen": [URL], "admin": URL or null, "routes": [NAME], "env": {…}}`.
    #[must_use]
    pub fn describe(&self) -> Value {
        let listen: Vec<String> = self.origins().collect();
        let first = listen.first().cloned().unwrap_or_default();
        json!({
            "listen": listen,
            "admin": self.admin(),
            "routes": self.routes(),
            "env": { "OPENAI_BASE_URL": format!("{first}/v1"), "ANTHROPIC_BASE_URL": first },
        })
    }

    /// Answers callers until it is told to stop; then takes no new ones, and ends when the running requests have, when
    /// their time is up, or when it is told again.
    pub async fn run(self, mut signals: mpsc::Receiver<Signal>) -> Ended {
        let (open, mut gone) = mpsc::channel(1);
        let serving: Vec<_> = self
            .doors
            .into_iter()
            .map(|door| tokio::spawn(door.run(Arc::clone(&self.face), self.phases.watch(), open.clone())))
            .collect();
        drop(open);
        signals.recv().await;
        self.phases.drain();
        tokio::select! {
            biased;
            _ = signals.recv() => {}
            () = self.phases.idle() => {}
            () = tokio::time::sleep(self.drain) => {}
        }
        let cut_off = self.phases.under_way();
        if cut_off == 0 {
            self.phases.close();
            tokio::select! {
                biased;
                // Nobody holds the other end any more.
                _ = gone.recv() => {}
                _ = signals.recv() => {}
                () = tokio::time::sleep(LAST_WORDS) => {}
            }
        }
        self.phases.end();
        for door in serving {
            // A door that broke has nobody left to tell.
            drop(door.await);
        }
        Ended { cut_off }
    }
}

/// Dice of its own for every process: two routers that fail together must not return together.
fn dice(clock: Clock) -> Dice {
    let started = clock.wall_us(clock.now()).unsigned_abs();
    Dice::new(started ^ u64::from(std::process::id()).rotate_left(32))
}

/// What a URL begins with. Whoever listens everywhere is reached at home.
fn origin(scheme: &str, mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let home = match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(home);
    }
    format!("{scheme}://{address}")
}
