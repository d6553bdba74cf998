//! Starts what a scenario describes: providers, the network between, the router.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mock_providers::limit::Pools;
use mock_providers::listen::Listener;
use mock_providers::provider::{Admission, Provider, Settings};
use mock_providers::serve::{serve_connection, serve_tls_connection};
use mock_providers::tls::Tls;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::join::Joiner;
use super::middle::{Around, Middle, Seated};
use super::secrecy::Secrecy;
use crate::history::{FaultFired, Mode};
use crate::load::Callers;
use crate::router::Router;
use crate::router::config::Config;
use crate::router::trail::Trail;
use crate::scenario::Scenario;
use crate::world::sim::{Answer, SimNet};
use crate::world::{Clock, Connector, Dice, Network};

/// The router's host name in a simulated network; no provider can have it, as names hold no dot.
const ROUTER_HOST: &str = "router.brownout";

/// Turns that everything else gets to end in, once it was told to.
const CLOSING_TURNS: u32 = 100;

/// Everything a run has started.
pub(super) struct World {
    network: Network,
    providers: Vec<Arc<Provider>>,
    seated: Arc<Seated>,
    base: String,
    /// Ends every simulated connection of a provider; only where the router is not ours.
    closing: watch::Sender<bool>,
}

impl World {
    /// Starts providers, network and router.
    pub(super) async fn start(
        scenario: &Scenario,
        mode: Mode,
        clock: Clock,
        dice: Dice,
        joiner: &Arc<Joiner>,
        middle: &Middle,
    ) -> io::Result<World> {
        let settings = Settings { pools: Pools::default(), ..Settings::default() };
        let providers: Vec<_> = scenario
            .providers
            .values()
            .map(|spec| {
                let joiner = Arc::clone(joiner);
                let sink = move |call| joiner.call(call);
                Provider::with(spec.clone(), dice, clock, Arc::new(sink), settings.clone())
            })
            .collect();
        let seat = |connector: Connector, config: Config| {
            Arc::new(match middle {
                Middle::Ours => {
                    let trails = Arc::clone(joiner);
                    let sink = Arc::new(move |trail: Trail| trails.trail(trail));
                    let router = Router::new(config, connector, clock, dice, sink);
                    router.listen();
                    Seated::Ours(router)
                }
                Middle::Foreign(foreign) => {
                    Seated::Foreign(foreign.enter(Around { connector, config, clock }))
                }
            })
        };
        let closing = watch::Sender::new(false);
        let mut config = scenario.router.clone();
        let secrecy = Secrecy::new(&providers, clock)?;
        match mode {
            Mode::Simulated => {
                let net = SimNet::new(clock, scenario.round_trip);
                for (name, provider) in scenario.providers.keys().zip(&providers) {
                    let closed = matches!(middle, Middle::Foreign(_)).then(|| closing.subscribe());
                    serve_simulated(&net, name, Arc::clone(provider), secrecy.of(provider)?, closed);
                }
                let network = Network::Sim(Arc::clone(&net));
                let seated = seat(secrecy.connector(&network)?, config);
                route_simulated(&net, &seated);
                Ok(World { network, providers, seated, base: format!("http://{ROUTER_HOST}"), closing })
            }
            Mode::RealTime => {
                for (name, provider) in scenario.providers.keys().zip(&providers) {
                    let address = serve_real(Arc::clone(provider), secrecy.of(provider)?)?;
                    if let Some(endpoint) = config.providers.get_mut(name) {
                        endpoint.base_url =
                            endpoint.base_url.replacen(name.as_str(), &address.to_string(), 1);
                    }
                }
                let seated = seat(secrecy.connector(&Network::Tcp)?, config);
                let base = route_real(&seated).await?;
                Ok(World { network: Network::Tcp, providers, seated, base, closing })
            }
        }
    }

    /// The callers of this world's router.
    pub(super) fn callers(&self, clock: Clock) -> Callers {
        let callers = Callers::new(self.network.clone(), &self.base, clock);
        match *self.seated {
            Seated::Ours(_) => callers,
            // A router that is not ours need not pass on a header it does not know.
            Seated::Foreign(_) => callers.naming(),
        }
    }

    /// Our router, if it is ours that is in the middle.
    pub(super) fn router(&self) -> Option<&Router> {
        self.seated.router()
    }

    /// Calls that are being answered, at all providers.
    pub(super) fn in_flight(&self) -> u64 {
        self.providers.iter().map(|provider| provider.in_flight()).sum()
    }

    /// Ends what is still open at simulated providers, so that their ledgers tell of it too.
    pub(super) async fn close(&self) {
        self.closing.send_replace(true);
        for _ in 0..CLOSING_TURNS {
            if self.in_flight() == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// How often each planned fault fired, in the order of the scenario.
    pub(super) fn fired(&self, scenario: &Scenario) -> Vec<FaultFired> {
        let tallies: Vec<_> =
            scenario.providers.keys().zip(self.providers.iter().map(|p| p.tallies())).collect();
        let fired = |planned: &crate::history::PlannedFault| {
            let tally = tallies
                .iter()
                .filter(|(provider, _)| **provider == planned.provider)
                .flat_map(|(_, tallies)| tallies)
                .find(|(name, _)| *name == planned.name)
                .map(|(_, tally)| tally);
            FaultFired {
                provider: planned.provider.clone(),
                name: planned.name.clone(),
                count: tally.map_or(0, mock_providers::fault::Tally::fired),
                first: tally.and_then(mock_providers::fault::Tally::first_fired),
            }
        };
        scenario.faults.iter().map(fired).collect()
    }
}

fn serve_simulated(
    net: &SimNet,
    name: &str,
    provider: Arc<Provider>,
    tls: Option<Arc<Tls>>,
    closed: Option<watch::Receiver<bool>>,
) {
    let gate = Arc::clone(&provider);
    let mut accepted = net.listen(
        name,
        Arc::new(move || match gate.admit_connection() {
            Admission::Accept(number) => Answer::Accept(number),
            Admission::Refuse => Answer::Refuse,
            Admission::NoSuchHost => Answer::NoSuchHost,
            Admission::BlackHole { until } => Answer::Silence { until },
        }),
    );
    tokio::spawn(async move {
        while let Some((pipe, number)) = accepted.recv().await {
            let provider = Arc::clone(&provider);
            match tls.clone() {
                Some(tls) => serve_until(closed.clone(), serve_tls_connection(provider, tls, pipe, number)),
                None => serve_until(closed.clone(), serve_connection(provider, pipe, number)),
            };
        }
    });
}

/// Serves a connection beside everything else, until it is over or the world is.
fn serve_until(closed: Option<watch::Receiver<bool>>, serving: impl Future<Output = ()> + Send + 'static) {
    let Some(mut closed) = closed else { return drop(tokio::spawn(serving)) };
    tokio::spawn(async move {
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => {}
            () = serving => {}
        }
    });
}

fn route_simulated(net: &SimNet, seated: &Arc<Seated>) {
    let mut accepted = net.listen(ROUTER_HOST, Arc::new(|| Answer::Accept(0)));
    let seated = Arc::clone(seated);
    tokio::spawn(async move {
        while let Some((pipe, _)) = accepted.recv().await {
            seated.serve(pipe);
        }
    });
}

fn serve_real(provider: Arc<Provider>, tls: Option<Arc<Tls>>) -> io::Result<SocketAddr> {
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let listener = match tls {
        Some(tls) => Listener::bind_tls(provider, address, tls)?,
        None => Listener::bind(provider, address)?,
    };
    let address = listener.local_addr();
    tokio::spawn(listener.run(std::future::pending()));
    Ok(address)
}

async fn route_real(seated: &Arc<Seated>) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let seated = Arc::clone(seated);
    tokio::spawn(async move {
        // An accept that fails (out of descriptors) is the load's to notice; there is nobody else to tell.
        while let Ok((stream, _)) = listener.accept().await {
            if stream.set_nodelay(true).is_ok() {
                seated.serve(stream);
            }
        }
    });
    Ok(base)
}
