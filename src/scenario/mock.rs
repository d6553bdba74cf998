//! The language without a router: what `brownout mock` reads.
//!
//! Files, arguments, posted bodies and requests all go through the readers of scenarios, so a fault means the same
//! and a mistake gets the same answer wherever it is written. Nobody knows the callers here: models and tenants
//! that a condition names may be any.

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use mock_providers::dialect::Dialect;
use mock_providers::fault::{Fault, Rule};
use mock_providers::provider::Spec;

use super::code::Code;
use super::diagnostic::{Diagnostic, Problems};
use super::file::{check_with, read_file};
use super::read::mock as read;
use super::read::words;

/// Providers with their faults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mock {
    /// Seed of all chance.
    pub seed: u64,
    /// Wall clock at the start, microseconds since the Unix epoch; none is the machine's.
    pub starts_us: Option<i64>,
    /// By name, faults included.
    pub providers: IndexMap<String, Spec>,
}

/// A fault for providers at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// The rules, each with its provider's name. They have no windows.
    pub rules: Vec<(String, Rule)>,
    /// After which the fault heals itself.
    pub ttl: Option<Duration>,
    /// The only namespace it is for.
    pub namespace: Option<String>,
}

/// Reads providers and faults from a file: a scenario, of which the rest is left alone, or one with nothing else.
///
/// # Errors
///
/// All problems of the file at once.
pub fn load(path: &Path) -> Result<Mock, Problems> {
    let (mock, problems) = check_with(&read_file(path)?, path, nothing("providers"), read::file);
    mock.ok_or(problems)
}

/// A healthy provider: `anthropic`, or `anthropic=NAME`. Without a name it is called after its dialect, with a
/// number if that is `taken`.
///
/// # Errors
///
/// An unknown dialect, or a name that cannot be one.
pub fn provider(text: &str, taken: impl Fn(&str) -> bool) -> Result<Spec, Problems> {
    let (dialect, name) = text.split_once('=').unwrap_or((text, ""));
    let numbered = (2..).map(|number| format!("{dialect}-{number}"));
    let free = std::iter::once(dialect.to_owned()).chain(numbered).find(|name| !taken(name));
    let name = if name.is_empty() { free.unwrap_or_default() } else { name.to_owned() };
    // JSON quotes whatever was typed, and is YAML.
    let tree = serde_json::json!({ name: { "dialect": dialect } }).to_string();
    let (specs, problems) = check_with(&tree, Path::new("--provider"), nothing("provider"), read::providers);
    specs.and_then(|specs| specs.into_values().next()).ok_or(problems)
}

/// Every dialect's word.
#[must_use]
pub fn dialects() -> Vec<&'static str> {
    words::dialects().collect()
}

/// Adds a fault: what may stand after `inject:`, or a whole entry of `faults`; on every provider unless it says
/// otherwise.
///
/// # Errors
///
/// All problems of the text at once.
pub fn inject(text: &str, mock: &mut Mock) -> Result<(), Problems> {
    let mut providers = mock.providers.clone();
    let add = |cx: &_, root: &_| read::inject(cx, root, &mut providers);
    let (done, problems) = check_with(text, Path::new("--inject"), nothing("fault"), add);
    done.ok_or(problems).map(|()| mock.providers = providers)
}

/// What a request asks for itself: what may stand after `inject:`, for a provider of this dialect.
///
/// # Errors
///
/// All problems of the text at once.
pub fn asked(text: &str, dialect: Dialect) -> Result<Fault, Problems> {
    let (fault, problems) =
        check_with(text, Path::new("request"), nothing("fault"), |cx, root| read::asked(cx, root, dialect));
    fault.flatten().ok_or(problems)
}

/// Reads a fault for `providers` at work, given with the rules they have now.
///
/// # Errors
///
/// All problems of the text at once.
pub fn posted(text: &str, providers: IndexMap<String, Spec>) -> Result<Posted, Problems> {
    let (posted, problems) =
        check_with(text, Path::new("body"), nothing("fault"), |cx, root| read::posted(cx, root, providers));
    posted.ok_or(problems)
}

fn nothing(what: &str) -> Diagnostic {
    Diagnostic::new(Code::EMPTY_FILE, format!("no {what} here: there is no text"))
}
