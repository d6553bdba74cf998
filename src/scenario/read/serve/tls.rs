//! Certificates and keys in files.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::super::super::code::Code;
use super::super::super::cx::Shape;
use super::super::super::diagnostic::Diagnostic;
use super::super::super::serve::Identity;
use super::super::super::yaml::Node;
use super::Site;

pub(in crate::scenario) const TLS: Shape =
    Shape { what: "`tls`", name: "server_tls", keys: &["cert", "key"] };

/// Largest file of certificates or keys: the whole of the web's authorities is a quarter of it.
const LARGEST: u64 = 1024 * 1024;

/// The certificate that callers are shown, with its key.
pub(super) fn identity(site: &Site<'_>, node: &Node) -> Option<Identity> {
    let cx = site.cx;
    let fields = cx.fields(node, &TLS);
    let cert = fields.require(cx, "cert", "cert.pem").and_then(|node| certificates(site, node));
    let key = fields.require(cx, "key", "key.pem").and_then(|node| private_key(site, node));
    let (chain, key) = (cert?, key?);
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain.clone(), key));
    match config {
        Ok(mut config) => {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Some(Identity::new(config, chain))
        }
        Err(error) => {
            let message = format!("this certificate and this key cannot be used together: {error}");
            cx.report(Diagnostic::new(Code::BAD_FILE, message).at(&node.span));
            None
        }
    }
}

/// The certificates in a PEM file; at least one.
pub(super) fn certificates(site: &Site<'_>, node: &Node) -> Option<Vec<CertificateDer<'static>>> {
    let (shown, bytes) = site.file(node)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let complaint = match read {
        Ok(found) if !found.is_empty() => return Some(found),
        Ok(_) => "holds no certificate".to_owned(),
        Err(error) => format!("cannot be read as PEM: {error}"),
    };
    let problem = Diagnostic::new(Code::BAD_FILE, format!("{shown} {complaint}"));
    let help = "a PEM file has parts that begin with `-----BEGIN CERTIFICATE-----`";
    site.cx.report(problem.at(&node.span).help(help));
    None
}

fn private_key(site: &Site<'_>, node: &Node) -> Option<PrivateKeyDer<'static>> {
    let (shown, bytes) = site.file(node)?;
    // The error is not shown: nobody knows what it quotes.
    let key = PrivateKeyDer::from_pem_slice(&bytes).ok();
    if key.is_none() {
        let message = format!("{shown} holds no private key");
        let help = "a PEM file has a part that begins with `-----BEGIN PRIVATE KEY-----`";
        site.cx.report(Diagnostic::new(Code::BAD_FILE, message).at(&node.span).help(help));
    }
    key
}

impl Site<'_> {
    /// What is in a file that is named beside the configuration, and how it may be called in a message.
    pub(super) fn file(&self, node: &Node) -> Option<(String, Vec<u8>)> {
        let name = self.text(node, "a file name")?;
        let path = self.folder.join(&name.value);
        let shown = if name.is_reference() { name.shown() } else { format!("`{}`", path.display()) };
        self.files.borrow_mut().push(path.clone());
        match read(&path) {
            Ok(bytes) => Some((shown, bytes)),
            Err(error) => {
                let message = format!("cannot read {shown}: {error}");
                self.cx.report(Diagnostic::new(Code::BAD_FILE, message).at(&node.span));
                None
            }
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than 1 MB"));
    }
    Ok(bytes)
}
