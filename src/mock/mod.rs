//! Mock providers as servers of their own: real ports, real time, any client in any language.
//!
//! [`Server::bind`] takes a checked plan ([`scenario::mock`](crate::scenario::mock)) and real ports, and
//! [`Server::run`] serves until it is told to stop. Beside the providers, never on their ports, there is a control
//! API: faults come and go while they work, and every call can be looked at. Nothing here judges, and nothing here
//! knows a router.

mod api;
mod env;
mod events;
mod http;
mod ledger;
mod metrics;
pub mod openapi;
mod route;
mod trust;
mod view;

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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

pub use self::env::Access;
pub use self::ledger::CALLS_MAX;
use self::ledger::Ledger;
use self::metrics::Metrics;
pub use self::trust::CaFile;
use self::trust::Trust;
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
    /// Whether providers speak TLS: where their authority's certificate goes, for clients.
    pub tls: Option<CaFile>,
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
    trust: Option<Trust>,
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
    /// When a port cannot be bound, or the authority's certificate cannot be written; the message names it.
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
        let trust = options.tls.as_ref().map(|file| Trust::new(options.host, file)).transpose()?;
        let (mut listeners, mut providers) = (Vec::new(), IndexMap::new());
        for (nth, spec) in plan.providers.values().enumerate() {
            let mut spec = spec.clone();
            if options.fast {
                spec.latency = Latency::none();
            }
            let sink: Arc<dyn Sink> = Arc::<Ledger>::clone(&ledger);
            let provider = Provider::with(spec, dice, clock, sink, settings.clone());
            let address = (options.host, port(options.port, nth)?).into();
            let listener = bind(&provider, address, trust.as_ref())?;
            providers.insert(provider.spec().name.clone(), (provider, listener.local_addr()));
            listeners.push(listener);
        }
        let control = TcpListener::bind((options.host, options.control_port)).await.map_err(|error| {
            let (host, port) = (options.host, options.control_port);
            io::Error::new(error.kind(), format!("the control API cannot listen on {host}:{port}: {error}"))
        })?;
        let address = control.local_addr()?;
        let stop = watch::Sender::new(false);
        let desk = Arc::new(Desk { providers, control: address, trust, clock, ledger, metrics, stop });
        Ok(Server { listeners, control, desk })
    }

    /// The providers and how they are reached, in the order of the plan.
    pub fn providers(&self) -> impl Iterator<Item = (&Provider, Access)> {
        self.desk
            .providers
            .values()
            .map(|(provider, address)| (&**provider, self.desk.access(provider, *address)))
    }

    /// The control API's URL.
    #[must_use]
    pub fn control(&self) -> String {
        origin("http", self.desk.control)
    }

    /// How everything is reached: `{"control": URL, "ca": PATH or null, "providers": {NAME: {…}}}`.
    #[must_use]
    pub fn describe(&self) -> Value {
        let access = |(provider, access): (&Provider, Access)| {
            (provider.spec().name.clone(), view::access(provider, &access))
        };
        let providers: Map<String, Value> = self.providers().map(access).collect();
        json!({ "control": self.control(), "ca": self.desk.ca(), "providers": providers })
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

    /// The file of the authority's certificate.
    fn ca(&self) -> Option<String> {
        self.trust.as_ref().map(|trust| trust.path.display().to_string())
    }

    fn access(&self, provider: &Provider, address: SocketAddr) -> Access {
        let scheme = if self.trust.is_some() { "https" } else { "http" };
        Access::new(provider.spec(), &origin(scheme, address), self.ca().as_deref())
    }

    fn describe_at_work(&self) -> Value {
        let view = |(provider, address): &(Arc<Provider>, SocketAddr)| {
            view::provider(provider, &self.access(provider, *address), *address)
        };
        json!({ "providers": self.providers.values().map(view).collect::<Vec<_>>() })
    }
}

/// Completes when the flag is set, or nobody is left to set it.
async fn raised(flag: &mut watch::Receiver<bool>) {
    drop(flag.wait_for(|raised| *raised).await);
}

/// What a base URL begins with. Whoever listens everywhere is reached at home.
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
    Settings {
        namespaces: NAMESPACES_MAX,
        asked: options.request_faults.then_some(read),
        ..Settings::default()
    }
}

/// The port of the `nth` provider.
fn port(first: u16, nth: usize) -> io::Result<u16> {
    if first == 0 {
        return Ok(0);
    }
    let port = u16::try_from(nth).ok().and_then(|nth| first.checked_add(nth));
    port.ok_or_else(|| io::Error::other("there are no ports beyond 65535"))
}

fn bind(provider: &Arc<Provider>, address: SocketAddr, trust: Option<&Trust>) -> io::Result<Listener> {
    let bound = match trust {
        Some(trust) => Listener::bind_tls(Arc::clone(provider), address, Arc::clone(&trust.tls)),
        None => Listener::bind(Arc::clone(provider), address),
    };
    bound.map_err(|error| {
        let message = format!("`{}` cannot listen on {address}: {error}", provider.spec().name);
        io::Error::new(error.kind(), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_listens_everywhere_is_reached_at_home() {
        let shown = |address: &str| origin("http", address.parse().unwrap());

        assert_eq!(shown("0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(shown("[::]:80"), "http://[::1]:80");
        assert_eq!(shown("10.0.0.7:80"), "http://10.0.0.7:80");
    }

    #[test]
    fn ports_follow_each_other_and_end() {
        assert_eq!((port(0, 7).unwrap(), port(4_000, 7).unwrap()), (0, 4_007));
        assert!(port(65_535, 1).is_err());
    }
}
