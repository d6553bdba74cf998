//! Whom to believe about providers: the system's authorities, or Mozilla's where it has none, and the operator's own
//! about the hosts they are for.

use std::io;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::scenario::serve::Serve;
use crate::world::Trust;

/// Names another list, for OpenSSL and everybody who does as it does.
const VARIABLE: &str = "SSL_CERT_FILE";

/// Where systems keep their list.
const BUNDLES: [&str; 5] = [
    // Debian, Ubuntu, Alpine, Arch.
    "/etc/ssl/certs/ca-certificates.crt",
    // Fedora, Red Hat.
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    // SUSE.
    "/etc/ssl/ca-bundle.pem",
    // macOS, the BSDs.
    "/etc/ssl/cert.pem",
];

/// Whom a configuration believes.
///
/// # Errors
///
/// When the list that `SSL_CERT_FILE` names cannot be read, or an authority of the operator's own is none.
pub(super) fn of(plan: &Serve) -> io::Result<Trust> {
    let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
    let usual = match named {
        Some(path) => bundle(Path::new(&path)).map_err(|error| {
            let path = Path::new(&path).display();
            io::Error::new(
                error.kind(),
                format!("`{VARIABLE}` names `{path}`, which cannot be used: {error}"),
            )
        })?,
        // A list that cannot be read is as good as none: the next one, or the one built in, takes its place.
        None => BUNDLES.iter().find_map(|path| bundle(Path::new(path)).ok()).unwrap_or_default(),
    };
    let mut trust = Trust::public(usual).map_err(io::Error::other)?;
    for authority in &plan.authorities {
        let about = trust.about(&authority.host, authority.port, authority.certificates.iter().cloned());
        trust = about.map_err(|error| {
            io::Error::other(format!("the `ca` of `{}` cannot be used: {error}", authority.host))
        })?;
    }
    Ok(trust)
}

/// The certificates of a list; at least one.
fn bundle(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    if found.is_empty() { Err(io::Error::other("it holds no certificate")) } else { Ok(found) }
}
