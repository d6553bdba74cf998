//! Whom a client that speaks `https://` believes.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use mock_providers::tls::Wall;
use rustls::client::{Resumption, WantsClientCert};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use tokio_rustls::TlsConnector;

use super::{Clock, Stream};

/// Authorities that are trusted. Clones share them: what is [replaced](Trust::replace) in one is replaced in all.
#[derive(Clone)]
pub struct Trust(Arc<RwLock<Believed>>);

/// The version of HTTP that is offered in a handshake (ALPN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    Http1,
    Http2,
    /// HTTP/2, or else HTTP/1.1.
    Either,
}

#[derive(Clone)]
struct Believed {
    /// About everybody.
    usual: Configs,
    /// About single hosts and their ports.
    hosts: BTreeMap<(String, u16), Configs>,
}

/// A configuration for each [`Offer`].
#[derive(Clone)]
struct Configs([Arc<ClientConfig>; 3]);

impl Trust {
    /// Trusts `authorities`, by `clock`: not what the machine trusts, and no session of before, as a resumed one would
    /// hide a certificate that went bad.
    ///
    /// # Errors
    ///
    /// When one of them is no certificate.
    pub fn new<'a>(
        authorities: impl IntoIterator<Item = CertificateDer<'a>>,
        clock: Clock,
    ) -> Result<Trust, rustls::Error> {
        let builder = ClientConfig::builder_with_details(crypto(), Arc::new(Wall(clock)))
            .with_safe_default_protocol_versions()?;
        let mut config = with_roots(builder, authorities)?.with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Trust::of(Configs::new(&config)))
    }

    /// Trusts `authorities` by the machine's clock, about everybody, and remembers sessions; without any, those that
    /// Mozilla trusts. What among them is no certificate is left out: an old bundle with one bad entry is still worth
    /// the others.
    ///
    /// # Errors
    ///
    /// When the cryptography has no protocol version in common with itself, which would be a mistake of this program.
    pub fn public<'a>(
        authorities: impl IntoIterator<Item = CertificateDer<'a>>,
    ) -> Result<Trust, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let config = by_the_machine()?.with_root_certificates(roots).with_no_client_auth();
        Ok(Trust::of(Configs::new(&config)))
    }

    /// The same, which about `host` and `port` believes `authorities` and nobody else.
    ///
    /// # Errors
    ///
    /// When one of them is no certificate.
    pub fn about<'a>(
        self,
        host: &str,
        port: u16,
        authorities: impl IntoIterator<Item = CertificateDer<'a>>,
    ) -> Result<Trust, rustls::Error> {
        let config = with_roots(by_the_machine()?, authorities)?.with_no_client_auth();
        let mut believed = self.believed();
        believed.hosts.insert((host.to_ascii_lowercase(), port), Configs::new(&config));
        Ok(Trust(Arc::new(RwLock::new(believed))))
    }

    /// Believes what `other` believes from now on. Connections that are open stay.
    pub fn replace(&self, other: &Trust) {
        let believed = other.believed();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = believed;
    }

    fn of(usual: Configs) -> Trust {
        Trust(Arc::new(RwLock::new(Believed { usual, hosts: BTreeMap::new() })))
    }

    fn believed(&self) -> Believed {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn config(&self, host: &str, port: u16, offer: Offer) -> Arc<ClientConfig> {
        let believed = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let own = believed.hosts.get(&(host.to_ascii_lowercase(), port));
        own.unwrap_or(&believed.usual).of(offer)
    }

    /// Speaks TLS with `host` on `stream`.
    pub(super) async fn shake(
        &self,
        host: &str,
        port: u16,
        offer: Offer,
        stream: Stream,
    ) -> io::Result<Stream> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(self.config(host, port, offer)).connect(name, stream).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

impl Configs {
    fn new(config: &ClientConfig) -> Self {
        let offering = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Arc::new(config)
        };
        Configs([offering(&[b"http/1.1"]), offering(&[b"h2"]), offering(&[b"h2", b"http/1.1"])])
    }

    fn of(&self, offer: Offer) -> Arc<ClientConfig> {
        Arc::clone(&self.0[offer as usize])
    }
}

/// The cryptography, given by hand: no process-wide default is installed or needed.
fn crypto() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

type Builder = ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn by_the_machine() -> Result<Builder, rustls::Error> {
    ClientConfig::builder_with_provider(crypto()).with_safe_default_protocol_versions()
}

fn with_roots<'a>(
    builder: Builder,
    authorities: impl IntoIterator<Item = CertificateDer<'a>>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority)?;
    }
    Ok(builder.with_root_certificates(roots))
}
