//! TLS on both sides, and HTTP/2.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::kit::{Config, Serve, body, brownout, log, refused};
use crate::mocks::{Mock, exchange, hear};

/// Mocks behind TLS, and a configuration that trusts their authority for `openai` only.
fn over_tls(http: &str) -> (Mock, Config) {
    let folder = Config::new("");
    let ca = folder.beside("ca.pem", "");
    let pace = "{ first_token: 300ms, per_token: 1ms }";
    let file = format!(
        "providers:\n  openai: {{ dialect: openai, latency: {pace} }}\n  anthropic: {{ dialect: anthropic }}\n"
    );
    let file = folder.beside("mocks.yaml", &file);
    let mock = Mock::start_slow(&[file.to_str().unwrap(), "--tls", "--ca-out", ca.to_str().unwrap()]);
    let config = Config::over(&mock, "", "");
    config.beside("own.pem", &std::fs::read_to_string(ca).unwrap());
    let text =
        config.read().replacen("key: \"${KEY}\"", &format!("key: \"${{KEY}}\", ca: own.pem, {http}"), 1);
    config.write(&text);
    (mock, config)
}

#[test]
fn providers_behind_an_authority_of_ones_own_are_reached_over_either_version() {
    for (http, connections) in [("http: 1", 4), ("http: 2", 1), ("http: auto", 1)] {
        let (mock, config) = over_tls(http);
        let serve = Serve::start(&config);
        let answer = serve.complete("chat");
        assert_eq!(answer.status, 200, "{http}: {answer:?}");
        assert!(answer.head.contains("served-by: gpt"), "{http}: {}", answer.head);

        // Four at once: HTTP/2 has room for all of them on the connection that is there, HTTP/1.1 for one.
        let mut streams: Vec<_> = (0..4).map(|_| serve.stream(3)).collect();
        for stream in &mut streams {
            hear(stream, "[DONE]");
        }

        let page = mock.ask("GET /metrics", "").body;
        let open = format!("brownout_mock_open_connections{{provider=\"openai\"}} {connections}\n");
        assert!(page.contains(&open), "{http}: {page}");
    }
}

#[test]
fn an_authority_is_believed_about_its_own_provider_only() {
    let (mock, config) = over_tls("http: auto");
    let mut serve = Serve::start(&config);
    mock.json("POST /faults", r#"{ "on": "openai", "inject": "server_error" }"#);

    let answer = serve.complete("chat");

    assert!(answer.status >= 500, "{answer:?}");
    let line = log(&serve.says("\"event\":\"request\"")).pop().unwrap();
    let trail = line["trail"].to_string();
    assert!(trail.contains("claude@anthropic fallback unreachable"), "{trail}");
    assert!(mock.calls("?provider=anthropic").is_empty());
}

#[test]
fn the_list_of_the_system_may_be_another_one() {
    let (mock, config) = over_tls("http: auto");
    let ca = config.path().with_file_name("own.pem");
    config.write(&config.read().replace("ca: own.pem, ", ""));
    let start = |path: &Path| {
        let mut command = brownout(&["serve", config.path().to_str().unwrap(), "--json"]);
        command.env("SSL_CERT_FILE", path);
        command
    };

    let serve = Serve::of(start(&ca));

    assert!(serve.complete("chat").head.contains("served-by: gpt"));
    let output = start("/no/such.pem".as_ref()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("`SSL_CERT_FILE` names `/no/such.pem`"), "{said}");
    drop(mock);
}

/// A certificate for 127.0.0.1 that signed itself, and its key, both as PEM.
fn certificate() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn with_certificate(mock: &Mock) -> (Config, String) {
    let config = Config::over(mock, "tls: { cert: cert.pem, key: key.pem }", "");
    let (cert, key) = certificate();
    config.beside("cert.pem", &cert);
    config.beside("key.pem", &key);
    (config, cert)
}

/// What a caller who believes `cert`, and offers `protocol`, is shown: the protocol that was agreed on, and an answer.
fn ask(address: &str, cert: &str, protocol: &str) -> (Option<Vec<u8>>, String) {
    use rustls::pki_types::pem::PemObject;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()).unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    let request = match protocol {
        "h2" => &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"[..],
        _ => b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    };
    stream.write_all(request).unwrap();
    let mut heard = vec![0; 9];
    stream.read_exact(&mut heard).unwrap();
    let protocol = stream.conn.alpn_protocol().map(<[u8]>::to_vec);
    (protocol, String::from_utf8_lossy(&heard).into_owned())
}

#[test]
fn callers_are_shown_a_certificate_and_may_speak_either_version() {
    let mock = crate::kit::mocks();
    let (config, cert) = with_certificate(&mock);
    let serve = Serve::start(&config);
    assert!(serve.told["listen"][0].as_str().unwrap().starts_with("https://127.0.0.1:"));
    assert!(serve.told["env"]["OPENAI_BASE_URL"].as_str().unwrap().starts_with("https://"));

    let (one, heard) = ask(&serve.address(), &cert, "http/1.1");
    assert_eq!((one.as_deref(), &*heard), (Some(&b"http/1.1"[..]), "HTTP/1.1 "));
    let (two, heard) = ask(&serve.address(), &cert, "h2");
    // The head of a SETTINGS frame: its type stands in the fourth byte.
    assert_eq!((two.as_deref(), heard.as_bytes()[3]), (Some(&b"h2"[..]), 4));
    // In the clear nobody is answered.
    assert_eq!(exchange(&serve.address(), "GET /health", "", "").status, 0);
}

#[cfg(unix)]
#[test]
fn a_certificate_that_is_renewed_is_shown_from_then_on() {
    let mock = crate::kit::mocks();
    let (config, old) = with_certificate(&mock);
    let mut serve = Serve::start(&config);
    ask(&serve.address(), &old, "http/1.1");

    let (cert, key) = certificate();
    config.beside("cert.pem", &cert);
    config.beside("key.pem", &key);
    serve.signal("-HUP");
    serve.says("\"event\":\"reloaded\"");

    ask(&serve.address(), &cert, "http/1.1");
}

#[test]
fn certificates_and_keys_that_do_not_fit_are_refused() {
    let mock = crate::kit::mocks();
    let (config, cert) = with_certificate(&mock);
    let (_, other_key) = certificate();
    for (name, text, words) in [
        ("key.pem", other_key.as_str(), "cannot be used together"),
        ("key.pem", cert.as_str(), "holds no private key"),
        ("key.pem", "", "holds no private key"),
        ("cert.pem", "nothing", "holds no certificate"),
        (
            "cert.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "cannot be used together",
        ),
    ] {
        let good = std::fs::read_to_string(config.path().with_file_name(name)).unwrap();
        config.beside(name, text);
        let said = refused(&config.path());
        assert!(said.contains("E0805") && said.contains(words), "{words}: {said}");
        config.beside(name, &good);
    }
}

#[test]
fn http_2_is_spoken_in_the_clear_to_whoever_begins_with_it() {
    let mock = crate::kit::mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let (version, text) = runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(serve.address()).await.unwrap();
        let (executor, io) = (TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let url = format!("http://{}/v1/chat/completions", serve.address());
        let asked = Full::new(Bytes::from(body("chat", true, 3)));
        let answer = sender.send_request(http::Request::post(url).body(asked).unwrap()).await.unwrap();
        let version = answer.version();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (version, String::from_utf8(bytes.to_vec()).unwrap())
    });

    assert_eq!(version, http::Version::HTTP_2);
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}
