//! TLS: certificates by the provider's clock, and the protocol by ALPN.

use std::sync::Arc;

use mock_providers::clock::Clock;
use mock_providers::dialect::Dialect;
use mock_providers::ledger::Ending;
use mock_providers::tls::{Authority, Tls, Wall};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bench::{Bench, ask, spec};

/// A client that trusts `authority` and looks at `clock`.
pub(crate) fn connector(authority: &Authority, clock: Clock, alpn: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_details(crypto, Arc::new(Wall(clock)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// A handshake with the provider as `host`.
async fn shake(bench: &Bench, host: &'static str, alpn: &str) -> std::io::Result<TlsStream<DuplexStream>> {
    let authority = Authority::new(bench.clock).unwrap();
    let tls = Tls::new(&authority, "p").unwrap();
    let caller = bench.connect_tls(tls);
    let name = ServerName::try_from(host).unwrap();
    connector(&authority, bench.clock, alpn).connect(name, caller.wire).await
}

#[tokio::test(start_paused = true)]
async fn a_call_over_tls_is_answered_as_one_without() {
    let bench = Bench::new(spec(Dialect::Openai));
    let mut stream = shake(&bench, "p", "http/1.1").await.unwrap();
    stream.write_all(ask(Dialect::Openai, false, 3).as_bytes()).await.unwrap();
    let mut heard = vec![0; 15];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, b"HTTP/1.1 200 OK");
    // The third word is due at 100 + 2 * 10 ms, with TLS and without.
    assert_eq!((bench.call().ending, bench.call().ended.as_us()), (Ending::Complete, 120_000));
}

#[tokio::test(start_paused = true)]
async fn certificates_are_good_for_the_host_and_loopback_and_nobody_else() {
    for host in ["p", "localhost", "127.0.0.1"] {
        let bench = Bench::new(spec(Dialect::Openai));
        assert!(shake(&bench, host, "http/1.1").await.is_ok(), "{host}");
    }
    let bench = Bench::new(spec(Dialect::Openai));
    let error = shake(&bench, "api.openai.com", "http/1.1").await.unwrap_err();
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn somebody_who_speaks_no_tls_is_hung_up_on() {
    let bench = Bench::new(spec(Dialect::Openai));
    let tls = Tls::new(&Authority::new(bench.clock).unwrap(), "p").unwrap();
    let mut caller = bench.connect_tls(tls);
    caller.send(&ask(Dialect::Openai, false, 3)).await;
    let mut heard = Vec::new();
    caller.wire.read_to_end(&mut heard).await.unwrap();
    // An alert (content type 21, TLS 1.2 on the record), fatal (2).
    assert_eq!((heard[0], heard[5]), (21, 2), "{heard:?}");
    assert!(bench.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_authority_is_told_as_pem() {
    let pem = Authority::new(Clock::start(0)).unwrap().pem();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
}
