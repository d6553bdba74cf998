//! Whom a client that speaks `https://` believes.

use std::fmt;
use std::io;
use std::sync::Arc;

use mock_providers::tls::Wall;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::{Clock, Stream};

/// Authorities that are trusted, and the clock that certificates are held against. Nothing else is trusted: not
/// what the machine trusts, and no session of before, as a resumed one would hide a certificate that went bad.
#[derive(Clone)]
pub struct Trust {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl Trust {
    /// Trusts `authorities`, by `clock`.
    ///
    /// # Errors
    ///
    /// When one of them is no certificate.
    pub fn new<'a>(
        authorities: impl IntoIterator<Item = CertificateDer<'a>>,
        clock: Clock,
    ) -> Result<Trust, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority)?;
        }
        let crypto = Arc::new(ring::default_provider());
        let mut http1 = ClientConfig::builder_with_details(crypto, Arc::new(Wall(clock)))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        http1.resumption = Resumption::disabled();
        let mut http2 = http1.clone();
        http1.alpn_protocols = vec![b"http/1.1".to_vec()];
        http2.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Trust { http1: Arc::new(http1), http2: Arc::new(http2) })
    }

    /// Speaks TLS with `host` on `stream`.
    pub(super) async fn shake(&self, host: &str, http2: bool, stream: Stream) -> io::Result<Stream> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        let config = if http2 { &self.http2 } else { &self.http1 };
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}
