//! Mock providers as servers of their own: real ports, real time, any client in any language.
//!
//! [`Server::bind`] takes a checked plan ([`scenario::mock`](crate::scenario::mock)) and real ports, and
//! [`Server::run`] serves until it is told to stop. Beside the providers, never on their ports, there is a control
//! API: faults come and go while they work, and every call can be looked at. Nothing here judges, and nothing here
//! knows a router.

mod api;
pub mod env;
mod events;
mod files;
mod http;
mod ledger;
mod metrics;
pub mod openapi;
mod route;
mod view;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use indexmap::IndexMap;
use mock_providers::dialect::Dialect;
use mock_providers::latency::Latency;
use mock_providers::ledger::Sink;
use mock_providers::listen::Listener;
use mock_providers::provider::{Provider, Resolver, Settings};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::files::raise_file_limit;
pub use self::ledger::CALLS_MAX;
use self::ledger::Ledger;
use self::metrics::Metrics;
use crate::scenario::mock::{Mock, asked};
use crate::world::{Clock, Dice};

/// Namespaces at a provider: more than any test runner has workers.
pub const NAMESPACES_MAX: usize = 1_024;

/// Where and how the providers are served.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The address all ports are on.
    pub host: IpAddr,
    /// The first provider's port, the next one being the second's; 0 takes free ones.
    pub port: u16,
    /// The control API's port; 0 takes a free one.
    pub control_port: u16,
    /// Whether providers answer at once, whatever latency they were given.
    pub fast: bool,
    /// Whether a request may ask for a fault itself.
    pub request_faults: bool,
}

/// Providers and control API bound to their ports.
#[must_use = "nothing is served before `run`"]
pub struct Server {
    listeners: Vec<Listener>,
    control: TcpListener,
    desk: Arc<Desk>,
}

/// What the control API works with.
struct Desk {
    providers: IndexMap<String, (Arc<Provider>, SocketAddr)>,
    control: SocketAddr,
    clock: Clock,
    ledger: Arc<Ledger>,
    metrics: Arc<Metrics>,
    /// Set when somebody asks for the end.
    stop: watch::Sender<bool>,
}

impl Server {
    /// Binds every provider of `plan`, and the control API.
    ///
    /// # Errors
    ///
    /// When a port cannot be bound; the message names it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn bind(plan: &Mock, options: &Options) -> io::Result<Server> {
        let starts_us = plan.starts_us.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond());
        let (clock, dice) = (Clock::start(starts_us), Dice::new(plan.seed));
        let metrics = Arc::new(Metrics::default());
        let ledger = Ledger::new(Arc::clone(&metrics));
        let settings = settings(options);
        let (mut listeners, mut providers) = (Vec::new(), IndexMap::new());
        for (nth, spec) in plan.providers.values().enumerate() {
            let mut spec = spec.clone();
            if options.fast {
                spec.latency = Latency::none();
            }
            let sink: Arc<dyn Sink> = Arc::<Ledger>::clone(&ledger);
            let provider = Provider::with(spec, dice, clock, sink, settings.clone());
            let listener = bind(&provider, options.host, port(options.port, nth)?)?;
            providers.insert(provider.spec().name.clone(), (provider, listener.local_addr()));
            listeners.push(listener);
        }
        let control = TcpListener::bind((options.host, options.control_port)).await.map_err(|error| {
            let (host, port) = (options.host, options.control_port);
            io::Error::new(error.kind(), format!("the control API cannot listen on {host}:{port}: {error}"))
        })?;
        let address = control.local_addr()?;
        let stop = watch::Sender::new(false);
        let desk = Arc::new(Desk { providers, control: address, clock, ledger, metrics, stop });
        Ok(Server { listeners, control, desk })
    }

    /// The providers with their addresses, in the order of the plan.
    pub fn providers(&self) -> impl Iterator<Item = (&Provider, SocketAddr)> {
        self.desk.providers.values().map(|(provider, address)| (&**provider, *address))
    }

    /// Where the control API listens.
    #[must_use]
    pub fn control(&self) -> SocketAddr {
        self.desk.control
    }

    /// How everything is reached: `{"control": URL, "ca": null, "providers": {NAME: {…}}}`.
    #[must_use]
    pub fn describe(&self) -> Value {
        let access = |(provider, address): (&Provider, SocketAddr)| {
            (provider.spec().name.clone(), view::access(provider, &origin(address)))
        };
        let providers: Map<String, Value> = self.providers().map(access).collect();
        json!({ "control": origin(self.control()), "ca": null, "providers": providers })
    }

    /// Serves until `stop` completes or somebody asks for the end; calls that are open then are recorded as shut
    /// down, and whoever listens to calls is told of them.
    ///
    /// # Errors
    ///
    /// When a port cannot be listened on again after a window of refused connects.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let (over, ended) = watch::channel(false);
        let mut asked = self.desk.stop.subscribe();
        let controlling = tokio::spawn(http::serve(self.control, Arc::clone(&self.desk), ended));
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            let mut stopped = self.desk.stop.subscribe();
            serving.spawn(listener.run(async move { raised(&mut stopped).await }));
        }
        let first = tokio::select! {
            biased;
            () = stop => Ok(()),
            () = raised(&mut asked) => Ok(()),
            Some(ended) = serving.join_next() => ended.unwrap_or(Ok(())),
        };
        self.desk.stop.send_replace(true);
        let mut result = first;
        while let Some(ended) = serving.join_next().await {
            result = result.and(ended.unwrap_or(Ok(())));
        }
        over.send_replace(true);
        drop(controlling.await);
        result
    }
}

impl Desk {
    fn list(&self) -> Vec<Arc<Provider>> {
        self.providers.values().map(|(provider, _)| Arc::clone(provider)).collect()
    }

    fn describe_at_work(&self) -> Value {
        let view = |(provider, address): &(Arc<Provider>, SocketAddr)| {
            view::provider(provider, &origin(*address), *address)
        };
        json!({ "providers": self.providers.values().map(view).collect::<Vec<_>>() })
    }
}

/// Completes when the flag is set, or nobody is left to set it.
async fn raised(flag: &mut watch::Receiver<bool>) {
    drop(flag.wait_for(|raised| *raised).await);
}

/// What a base URL begins with.
#[must_use]
pub fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn settings(options: &Options) -> Settings {
    let read: Resolver = Arc::new(|text: &str, dialect: Dialect| {
        asked(text, dialect).map_err(|problems| {
            let said = |problem: &crate::scenario::Diagnostic| match &problem.help {
                Some(help) => format!("{} ({help})", problem.message),
                None => problem.message.clone(),
            };
            problems.iter().map(said).collect::<Vec<_>>().join("; ")
        })
    });
    Settings { namespaces: NAMESPACES_MAX, asked: options.request_faults.then_some(read) }
}

/// The port of the `nth` provider.
fn port(first: u16, nth: usize) -> io::Result<u16> {
    if first == 0 {
        return Ok(0);
    }
    let port = u16::try_from(nth).ok().and_then(|nth| first.checked_add(nth));
    port.ok_or_else(|| io::Error::other("there are no ports beyond 65535"))
}

fn bind(provider: &Arc<Provider>, host: IpAddr, port: u16) -> io::Result<Listener> {
    Listener::bind(Arc::clone(provider), (host, port).into()).map_err(|error| {
        let message = format!("`{}` cannot listen on {host}:{port}: {error}", provider.spec().name);
        io::Error::new(error.kind(), message)
    })
}
