//! The configuration of `brownout serve`: the router of a scenario, with real providers around it.
//!
//! The same readers, the same diagnostics. What is different: secrets, which may come from the environment or from
//! files, and which no message and no shown line ever holds. What never happens here: opening a socket.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::code::Code;
use super::diagnostic::{Diagnostic, Problems};
use super::file::{check_with, read_file};
use super::read::serve as read;
use super::yaml::{self, Node, Value};
use crate::router::config::Config;

/// What the environment says of a name.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A checked configuration: everything a server needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Serve {
    /// Where callers are answered; never empty.
    pub listen: Vec<SocketAddr>,
    /// Where `/health` and `/metrics` are, when not beside the callers.
    pub admin: Option<SocketAddr>,
    /// The certificate that callers are shown; without it they are answered in the clear.
    pub tls: Option<Identity>,
    /// The router.
    pub router: Config,
    /// Authorities that alone are believed about single hosts.
    pub authorities: Vec<Authority>,
    /// Time that running requests have after the first signal to stop.
    pub drain: Duration,
    /// How requests are told on stderr.
    pub log: Log,
    /// The files that were read beside the configuration: certificates and keys.
    pub files: Vec<PathBuf>,
}

/// A certificate with its key, ready to be shown.
#[derive(Clone)]
pub struct Identity {
    /// Of a server that speaks HTTP/2 and HTTP/1.1.
    pub config: Arc<rustls::ServerConfig>,
    chain: Vec<CertificateDer<'static>>,
}

/// Certificates that are believed about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The host of a provider's `base_url`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The authorities' certificates.
    pub certificates: Vec<CertificateDer<'static>>,
}

/// How requests are told on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Log {
    /// A JSON object a request.
    #[default]
    Json,
    /// A line of `key=value` a request.
    Text,
    /// Not at all.
    Off,
}

/// Reads the configuration in `path`.
///
/// # Errors
///
/// All problems of the file at once.
pub fn load(path: &Path, environment: Environment<'_>) -> Result<Serve, Problems> {
    let (serve, problems) = check(path, environment);
    serve.ok_or(problems)
}

/// Like [`load`], with the warnings of a configuration that can be served.
#[must_use]
pub fn check(path: &Path, environment: Environment<'_>) -> (Option<Serve>, Problems) {
    match read_file(path) {
        Ok(text) => parse(&text, path, environment),
        Err(problems) => (None, problems),
    }
}

/// Checks a configuration that was read already; files that it names are looked for beside `path`.
#[must_use]
pub fn parse(text: &str, path: &Path, environment: Environment<'_>) -> (Option<Serve>, Problems) {
    let empty = Diagnostic::new(Code::EMPTY_FILE, "the file holds no configuration")
        .help("a configuration has at least `listen`, `providers` and `router`");
    let (serve, problems) = check_with(text, path, empty, |cx, root| read::file(cx, root, path, environment));
    let problems = problems.advising(quote).hiding(read::secrets, read::random_words);
    (serve, problems)
}

/// Inside braces and brackets YAML takes the braces of a reference for its own.
fn quote(problem: &Diagnostic, text: &str) -> Option<String> {
    let span = problem.span.as_ref().filter(|_| problem.code == Code::SYNTAX)?;
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next()?;
    let bare = line.match_indices("${").any(|(at, _)| !line[..at].ends_with(['"', '\'']));
    bare.then(|| "quote a reference: `\"${NAME}\"`".to_owned())
}

/// Whether a file is a configuration of this kind and no scenario: it listens, and has no load of its own.
#[must_use]
pub fn is_serve(path: &Path) -> bool {
    let Ok(text) = read_file(path) else { return false };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match yaml::read(text) {
        Ok(Node { value: Value::Map(entries), .. }) => {
            let has = |name: &str| {
                entries
                    .iter()
                    .any(|(key, _)| matches!(&key.value, Value::Scalar { text, .. } if text == name))
            };
            has("listen") && !has("load") && !has("requests")
        }
        Ok(_) => false,
        // What cannot be read as a tree is told by its lines.
        Err(_) => {
            let has = |name: &str| text.lines().any(|line| line.starts_with(name));
            has("listen:") && !has("load:") && !has("requests:")
        }
    }
}

// === impl Identity ===

impl Identity {
    pub(in crate::scenario) fn new(
        config: rustls::ServerConfig,
        chain: Vec<CertificateDer<'static>>,
    ) -> Self {
        Identity { config: Arc::new(config), chain }
    }
}

impl PartialEq for Identity {
    /// By what is shown: a certificate has one key.
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}
