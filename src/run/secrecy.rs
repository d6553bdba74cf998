//! TLS between the router and the providers that want it: one throw-away authority a run.

use std::io;
use std::sync::Arc;

use mock_providers::provider::Provider;
use mock_providers::tls::{Authority, Tls};

use crate::world::{Clock, Connector, Network, Trust};

/// The authority of a run; none when nobody speaks TLS.
pub(super) struct Secrecy {
    authority: Option<Authority>,
    clock: Clock,
}

impl Secrecy {
    pub(super) fn new(providers: &[Arc<Provider>], clock: Clock) -> io::Result<Secrecy> {
        let wanted = providers.iter().any(|provider| provider.spec().tls);
        let authority = wanted.then(|| Authority::new(clock)).transpose().map_err(io::Error::other)?;
        Ok(Secrecy { authority, clock })
    }

    /// What `provider` shows its callers, when it speaks TLS.
    pub(super) fn of(&self, provider: &Provider) -> io::Result<Option<Arc<Tls>>> {
        let authority = self.authority.as_ref().filter(|_| provider.spec().tls);
        let tls = authority.map(|authority| Tls::new(authority, &provider.spec().name));
        tls.transpose().map_err(io::Error::other)
    }

    /// How the router connects: it trusts this run's authority alone.
    pub(super) fn connector(&self, network: &Network) -> io::Result<Connector> {
        let connector = Connector::new(network.clone());
        let Some(authority) = &self.authority else { return Ok(connector) };
        let trust = Trust::new([authority.der()], self.clock).map_err(io::Error::other)?;
        Ok(connector.trusting(trust))
    }
}
