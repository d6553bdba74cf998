//! The authority of a run, and what it signs.

use std::ops::{Add, Sub};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Certificate, Error};
use crate::clock::Clock;

const DAY: Duration = Duration::from_secs(86_400);
/// How long certificates are good for: longer than any run, shorter than what strict clients accept (398 days).
const LIFE: Duration = Duration::from_secs(397 * 86_400);
/// Whom the certificate for the wrong host is for.
const SOMEBODY_ELSE: &str = "somebody-else.invalid";

/// A certificate authority that lives as long as the run.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// One that no client is told of.
    stranger: CertifiedIssuer<'static, KeyPair>,
    clock: Clock,
}

/// What a server shows, and the key to it.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Authority {
    /// A new authority, whose certificates are dated by `clock`.
    ///
    /// # Errors
    /// When the system gives no random numbers for its key.
    pub fn new(clock: Clock) -> Result<Authority, Error> {
        let cause = |cause| Error::Certificate { host: "authority".to_owned(), cause };
        let issuer = |name| issuer(name, &clock).map_err(cause);
        Ok(Authority {
            issuer: issuer("Brownout throw-away CA")?,
            stranger: issuer("Brownout unknown CA")?,
            clock,
        })
    }

    /// Its certificate, for clients that read PEM files.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Its certificate, for clients that take DER.
    #[must_use]
    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) fn identify(&self, host: &str, certificate: Certificate) -> Result<Identity, Error> {
        let issuer = if certificate == Certificate::UnknownAuthority { &self.stranger } else { &self.issuer };
        let signed = || {
            let key = KeyPair::generate()?;
            let signed = leaf(host, certificate, &self.clock)?.signed_by(&key, issuer)?;
            let der = PrivatePkcs8KeyDer::from(key.serialize_der());
            Ok(Identity { chain: vec![signed.der().clone()], key: der.into() })
        };
        signed().map_err(|cause| Error::Certificate { host: host.to_owned(), cause })
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn issuer(name: &str, clock: &Clock) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = dated(CertificateParams::default(), clock, LIFE * 10);
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn leaf(host: &str, certificate: Certificate, clock: &Clock) -> Result<CertificateParams, rcgen::Error> {
    let names = match certificate {
        Certificate::WrongName => vec![SOMEBODY_ELSE.to_owned()],
        _ => [host, "localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec(),
    };
    let params = CertificateParams::new(names)?;
    let mut params = match certificate {
        Certificate::Expired => dated(params, clock, Duration::ZERO),
        _ => dated(params, clock, LIFE),
    };
    params.distinguished_name = named(host);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Good from a month before the clock's present to a day before it, and from there for `life`.
fn dated(mut params: CertificateParams, clock: &Clock, life: Duration) -> CertificateParams {
    let us = u64::try_from(clock.wall_us(clock.now())).unwrap_or(0);
    let yesterday = date_time_ymd(1970, 1, 1).add(Duration::from_micros(us)).sub(DAY);
    params.not_before = yesterday.sub(DAY * 29);
    params.not_after = yesterday.add(life);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::OrganizationName, "Brownout");
    names.push(DnType::CommonName, name);
    names
}
