//! The router for real traffic: real sockets, real time, real providers.
//!
//! [`Server::bind`] takes a checked configuration ([`scenario::serve`](crate::scenario::serve)) and its ports,
//! [`Server::run`] answers callers until it is told to stop, and then lets go of them one by one. In the order in which
//! a request passes:
//!
//! - `door`: a port, and the connections that come in by it.
//! - `connection`: HTTP on one of them, and how it ends.
//! - `face`: what is answered here (`/health`, `/metrics`), and what the router answers.
//! - `phase`: serving, draining, closing, over; and how many requests are under way.
//! - `witness`: hears of every request: `metrics` counts it, `log` tells it.
//! - `source`: where the configuration comes from, and whether it has changed; `reload` takes it up.
//! - `trust`: whom to believe about providers.
//!
//! What never happens here: deciding anything about a request. That is the router's, and it is the same router that a
//! scenario tests.

mod connection;
mod door;
mod face;
mod log;
mod metrics;
mod phase;
mod reload;
mod source;
mod standing;
mod trust;
mod witness;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use self::door::{Door, Kind};
use self::face::Face;
use self::phase::Phases;
use self::reload::Running;
pub use self::source::{Environment, Source};
use self::source::{Files, LOOK_EVERY};
use self::witness::Witness;
use crate::router::Router;
use crate::router::trail::TrailSink;
use crate::scenario::serve::{Identity, Serve};
use crate::world::{Clock, Connector, Dice, Network, Trust};

/// For the last bytes of answers to reach their callers, after the last request is over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// For what was cut off to be counted and told.
const LAST_RITES: Duration = Duration::from_millis(500);

/// What a running server is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To read its configuration again.
    Reload,
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
    source: Source,
    files: Files,
    doors: Vec<Door>,
    face: Arc<Face>,
    phases: Phases,
    tls: watch::Sender<Option<Identity>>,
    trust: Trust,
    drain: Duration,
}

impl Server {
    /// Binds every address of `plan`, which came from `source`.
    ///
    /// # Errors
    ///
    /// When one cannot be bound, or the authorities that are to be believed cannot be read; the message names it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn bind(plan: Serve, source: Source) -> io::Result<Server> {
        let files = Files::of(&source, &plan);
        let clock = Clock::start(jiff::Timestamp::now().as_microsecond());
        let tls = watch::Sender::new(plan.tls.clone());
        let mut doors = Vec::new();
        for (address, kind) in addresses(&plan) {
            doors.push(Door::bind(address, kind, tls.subscribe()).await?);
        }
        let trust = trust::of(&plan)?;
        let witness = Witness::new(plan.log)?;
        let connector = Connector::new(Network::Tcp).trusting(trust.clone());
        let sink = Arc::clone(&witness) as Arc<dyn TrailSink>;
        let router = Router::new(plan.router, connector, clock, dice(clock), sink);
        witness.watch(&router);
        let phases = Phases::new();
        let face = Arc::new(Face::new(router, witness, clock, phases.watch()));
        face.set_apart(plan.admin.is_some());
        Ok(Server { source, files, doors, face, phases, tls, trust, drain: plan.drain })
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
    /// their time is up, or when it is told again. Until then a changed configuration is taken up.
    pub async fn run(mut self, mut signals: mpsc::Receiver<Signal>) -> Ended {
        let (open, gone) = mpsc::channel(1);
        let mut running: Vec<_> = std::mem::take(&mut self.doors)
            .into_iter()
            .map(|door| Running::open(door, &self.face, &self.phases, &open))
            .collect();
        loop {
            let reload = tokio::select! {
                biased;
                signal = signals.recv() => match signal {
                    Some(Signal::Reload) => true,
                    Some(Signal::Stop) | None => break,
                },
                () = tokio::time::sleep(LOOK_EVERY) => self.files.changed(),
            };
            if reload {
                self.reload(&mut running, &open).await;
            }
        }
        drop(open);
        self.end(signals, gone).await
    }

    /// Lets go of everything, one by one.
    async fn end(self, mut signals: mpsc::Receiver<Signal>, mut gone: mpsc::Receiver<Infallible>) -> Ended {
        let witness = self.face.witness();
        let waiting = vec![("requests_in_flight", json!(self.phases.under_way()))];
        witness.event("draining", waiting);
        self.phases.drain();
        tokio::select! {
            biased;
            () = insisted(&mut signals) => {}
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
                () = insisted(&mut signals) => {}
                () = tokio::time::sleep(LAST_WORDS) => {}
            }
        }
        self.phases.end();
        let told = async {
            gone.recv().await;
            while self.face.router().gauges().0 > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // What does not end in time is dropped with the process.
        drop(tokio::time::timeout(LAST_RITES, told).await);
        witness.event("ended", vec![("cut_off", json!(cut_off))]);
        witness.flush();
        Ended { cut_off }
    }
}

/// Completes when somebody asks for the end again.
async fn insisted(signals: &mut mpsc::Receiver<Signal>) {
    loop {
        match signals.recv().await {
            Some(Signal::Stop) => return,
            // There is nothing left to reload for.
            Some(Signal::Reload) => {}
            None => std::future::pending().await,
        }
    }
}

/// What a configuration listens on.
fn addresses(plan: &Serve) -> impl Iterator<Item = (SocketAddr, Kind)> {
    let callers = plan.listen.iter().map(|address| (*address, Kind::Callers));
    callers.chain(plan.admin.map(|address| (address, Kind::Admin)))
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
