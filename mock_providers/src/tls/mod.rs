//! TLS for providers: a throw-away authority, and certificates that are right or wrong in a chosen way.
//!
//! Nothing is written to disk and nothing outlives the run: a client trusts the [`Authority`] of this run (its
//! certificate as PEM, for `SSL_CERT_FILE` and the like) and no other. Certificates are dated by the provider's
//! clock, so a simulated handshake in 2026 succeeds whenever it is simulated; clients that verify them have to
//! ask the same clock ([`Wall`]).
//!
//! Keys and nonces are ambient chance, the only one in this crate. They stay below the application: no byte of
//! a request or reply and no time depends on them.

mod authority;

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::time_provider::TimeProvider;

pub use authority::Authority;
use authority::Identity;

use crate::clock::Clock;

/// Why a server cannot be given TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No certificate can be made, most likely because the host's name cannot stand in one.
    #[error("make a certificate for `{host}`: {cause}")]
    Certificate {
        /// The host.
        host: String,
        /// What is wrong.
        cause: rcgen::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("serve TLS as `{host}`: {cause}")]
    Config {
        /// The host.
        host: String,
        /// What is wrong.
        cause: rustls::Error,
    },
}

/// Which certificate a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// One that a client of the authority accepts.
    Valid,
    /// One that expired a day ago.
    Expired,
    /// One for another host.
    WrongName,
    /// One of an authority nobody knows.
    UnknownAuthority,
}

impl Certificate {
    /// All of them.
    pub const ALL: [Certificate; 4] =
        [Certificate::Valid, Certificate::Expired, Certificate::WrongName, Certificate::UnknownAuthority];
}

/// TLS as one host speaks it: HTTP/2 or HTTP/1.1 by ALPN, TLS 1.2 and 1.3, no session is ever resumed (a resumed
/// one would not show its certificate).
#[derive(Clone, Debug)]
pub struct Tls {
    configs: [Arc<ServerConfig>; 4],
}

impl Tls {
    /// TLS for `host`, and for `localhost` and the loopback addresses.
    ///
    /// # Errors
    /// When `host` cannot stand in a certificate.
    pub fn new(authority: &Authority, host: &str) -> Result<Arc<Tls>, Error> {
        let config = |certificate| {
            let identity = authority.identify(host, certificate)?;
            let cause = |cause| Error::Config { host: host.to_owned(), cause };
            server(identity, authority.clock()).map(Arc::new).map_err(cause)
        };
        let [valid, expired, wrong_name, unknown] = Certificate::ALL;
        let configs = [config(valid)?, config(expired)?, config(wrong_name)?, config(unknown)?];
        Ok(Arc::new(Tls { configs }))
    }

    pub(crate) fn config(&self, certificate: Certificate) -> Arc<ServerConfig> {
        Arc::clone(&self.configs[certificate as usize])
    }
}

fn server(identity: Identity, clock: Clock) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_details(crypto(), Arc::new(Wall(clock)));
    let mut config = builder
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The cryptography, given by hand: no process-wide default is installed or needed.
fn crypto() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A clock's wall time, as `rustls` asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Wall(pub Clock);

impl TimeProvider for Wall {
    fn current_time(&self) -> Option<UnixTime> {
        let us = u64::try_from(self.0.wall_us(self.0.now())).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_micros(us)))
    }
}
