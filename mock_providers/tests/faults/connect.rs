//! Faults of name, connect and TLS.

use std::sync::Arc;

use mock_providers::dialect::Dialect;
use mock_providers::fault::{ConnectFault, Fault, TlsFault};
use mock_providers::latency::Dist;
use mock_providers::provider::Admission;
use mock_providers::tls::{Authority, Tls, Wall};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;

use crate::bench::{Bench, End, ask, faulty};

fn with(fault: ConnectFault) -> Bench {
    Bench::new(faulty(Dialect::Openai, Fault::Connect(fault)))
}

#[tokio::test(start_paused = true)]
async fn a_name_is_not_found() {
    let bench = with(ConnectFault::NoSuchHost);
    assert!(matches!(bench.provider.admit_connection(), Admission::NoSuchHost));
    assert_eq!(bench.provider.fired()[0].1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_taken_up_late() {
    let bench = with(ConnectFault::SlowAccept { delay: Dist::Constant(3_000_000.0) });
    let heard = bench.exchange(&ask(Dialect::Openai, false, 1)).await;
    // Three seconds unread, then 100 ms to the only word.
    assert_eq!((heard.status(), heard.ended_ms), (200, 3_100));
    assert_eq!((bench.call().received.as_us(), bench.provider.fired()[0].1), (3_000_000, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_as_soon_as_it_is_made() {
    for (reset, end) in [(false, End::Fin), (true, End::Reset)] {
        let bench = with(ConnectFault::AcceptThenClose { reset });
        let mut caller = bench.connect();
        let heard = caller.listen().await;
        assert_eq!((heard.text().as_str(), heard.end, heard.ended_ms), ("", end, 0));
        assert!(bench.calls.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_limit_wait_and_those_beyond_the_queue_are_reset() {
    let bench = with(ConnectFault::ConnectionLimit { at_most: 1, queue: Some(1) });
    let (mut first, mut second, mut third) = (bench.connect(), bench.connect(), bench.connect());
    for caller in [&mut first, &mut second] {
        caller.send(&ask(Dialect::Openai, false, 1)).await;
    }
    assert_eq!(third.listen().await.end, End::Reset);
    assert_eq!(first.listen().await.status(), 200);
    // The second is unread as long as the first is open: closed here after ten seconds of silence.
    let closed_ms = bench.clock.now().as_us() / 1_000;
    drop(first);
    let heard = second.listen().await;
    assert_eq!((heard.status(), heard.ended_ms), (200, closed_ms + 100));
    assert_eq!(bench.provider.fired()[0].1, 2);
}

/// What a client that trusts the right authority makes of a handshake under `fault`.
async fn shake(fault: TlsFault) -> (Bench, String) {
    let bench = with(ConnectFault::Tls(fault));
    let authority = Authority::new(bench.clock).unwrap();
    let caller = bench.connect_tls(Tls::new(&authority, "p").unwrap());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(crypto, Arc::new(Wall(bench.clock)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let shaking =
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("p").unwrap(), caller.wire);
    let shaken = tokio::time::timeout(std::time::Duration::from_secs(60), shaking).await;
    assert_eq!(bench.provider.fired()[0].1, 1);
    let heard = match shaken {
        Ok(Ok(_)) => "shaken".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "silence".to_owned(),
    };
    (bench, heard)
}

#[tokio::test(start_paused = true)]
async fn an_expired_certificate_is_shown() {
    let (_, heard) = shake(TlsFault::Expired).await;
    assert!(heard.contains("certificate expired"), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_for_somebody_else_is_shown() {
    let (_, heard) = shake(TlsFault::WrongName).await;
    assert!(heard.contains("not valid for name"), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_an_unknown_authority_is_shown() {
    let (_, heard) = shake(TlsFault::UnknownAuthority).await;
    assert!(heard.contains("UnknownIssuer"), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_stalls() {
    let (bench, heard) = shake(TlsFault::Stall).await;
    assert_eq!((heard.as_str(), bench.clock.now().as_us()), ("silence", 60_000_000));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_answered_with_an_alert() {
    let (bench, heard) = shake(TlsFault::Abort).await;
    assert!(heard.contains("HandshakeFailure"), "{heard}");
    let authority = Authority::new(bench.clock).unwrap();
    let mut caller = bench.connect_tls(Tls::new(&authority, "p").unwrap());
    caller.send("hello").await;
    let mut raw = Vec::new();
    caller.wire.read_to_end(&mut raw).await.unwrap();
    // An alert (21) of TLS 1.2 (3, 3), two bytes: fatal (2), handshake_failure (40).
    assert_eq!(raw, [21, 3, 3, 0, 2, 2, 40]);
}

#[tokio::test(start_paused = true)]
async fn faults_of_tls_do_not_fire_without_tls() {
    let bench = with(ConnectFault::Tls(TlsFault::Expired));
    assert_eq!(bench.exchange(&ask(Dialect::Openai, false, 1)).await.status(), 200);
    assert_eq!(bench.provider.fired()[0].1, 0);
}
