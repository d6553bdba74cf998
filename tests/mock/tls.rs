//! TLS with a throw-away authority.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::kit::{Mock, exchange};

/// What a client that trusts the authority in `ca` (or nobody) gets for `GET /v1/models`.
fn listing(address: &str, ca: Option<&Path>) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = ca {
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    }
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.write_all(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).map(|_| heard)
}

#[test]
fn a_client_that_trusts_the_written_authority_is_served_and_others_are_not() {
    // The day of the file is long past; certificates are of today all the same.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("past.yaml");
    std::fs::write(&file, "starts: 2001-01-01T00:00:00Z\nproviders: { openai: { dialect: openai } }\n")
        .unwrap();
    let mock = Mock::start(&[file.to_str().unwrap(), "--tls"]);
    let ca = mock.told["ca"].as_str().unwrap().to_owned();
    let one = &mock.told["providers"]["openai"];
    assert!(one["base_url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        assert_eq!(one["env"][variable], *ca);
    }

    let heard = listing(&mock.provider("openai"), Some(ca.as_ref())).unwrap();
    assert!(heard.starts_with("HTTP/1.1 200 OK"), "{heard}");
    let error = listing(&mock.provider("openai"), None).unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    assert!(!exchange(&mock.provider("openai"), "GET /v1/models", "", "").head.contains("200 OK"));

    // The file goes with the process.
    mock.json("POST /shutdown", "");
    assert!(mock.ended().success());
    assert!(!Path::new(&ca).exists());
}

#[test]
fn an_authority_that_is_asked_for_stays_where_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let mock = Mock::start(&["--provider", "openai", "--tls", "--ca-out", file.to_str().unwrap()]);
    assert_eq!(mock.told["ca"].as_str(), file.to_str());
    assert!(listing(&mock.provider("openai"), Some(&file)).is_ok());
    mock.json("POST /shutdown", "");
    mock.ended();

    assert!(std::fs::read_to_string(&file).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}
