//! TLS: a throw-away authority, and its certificate in a file for clients that shall trust it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mock_providers::tls::{Authority, Tls};

use crate::world::Clock;

/// Variables in which clients look for authorities to trust: OpenSSL and Python's httpx, requests, Node.
pub(super) const CA_VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

/// Where the authority's certificate is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaFile {
    /// To this file, which stays.
    Kept(PathBuf),
    /// To a file of the system's folder for such, which goes with the server.
    Passing,
}

/// An authority whose certificate is in a file.
pub(super) struct Trust {
    pub(super) tls: Arc<Tls>,
    pub(super) path: PathBuf,
    passing: bool,
}

impl Trust {
    /// A new authority for servers at `host`. Certificates are dated by the machine's clock, whenever a file says
    /// that its day begins: clients look at theirs.
    pub(super) fn new(host: IpAddr, file: &CaFile) -> io::Result<Trust> {
        let authority = Authority::new(Clock::start(jiff::Timestamp::now().as_microsecond()));
        let authority = authority.map_err(io::Error::other)?;
        let tls = Tls::new(&authority, &host.to_string()).map_err(io::Error::other)?;
        let (path, passing) = match file {
            CaFile::Kept(path) => (std::path::absolute(path)?, false),
            CaFile::Passing => (std::env::temp_dir().join(name()), true),
        };
        let written =
            if passing { fresh(&path, &authority.pem()) } else { std::fs::write(&path, authority.pem()) };
        written.map_err(|error| {
            let message =
                format!("the authority's certificate cannot be written to `{}`: {error}", path.display());
            io::Error::new(error.kind(), message)
        })?;
        Ok(Trust { tls, path, passing })
    }
}

impl Drop for Trust {
    fn drop(&mut self) {
        if self.passing {
            // Whoever took it away already did what was to be done.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn name() -> String {
    format!("brownout-ca-{}.pem", std::process::id())
}

/// Writes a file that was not there: in a folder that others can write to, a file or link of theirs is not used.
fn fresh(path: &Path, text: &str) -> io::Result<()> {
    // Left behind by a process that had the same number and was killed.
    drop(std::fs::remove_file(path));
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
