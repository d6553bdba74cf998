//! The names a scenario has, so that an expectation of something that does not exist is refused before a run.

use super::lex::Token;
use super::scope::{Key, OUTCOMES};
use super::{ExpectError, list};
use crate::history::figure;

/// Most names listed where none comes near the one that was written.
const LISTED: usize = 12;

/// Names that expectations may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Phases, and the kinds of those there are.
    pub phases: Vec<String>,
    /// Tenants that send requests.
    pub tenants: Vec<String>,
    /// Routes.
    pub routes: Vec<String>,
    /// Providers.
    pub providers: Vec<String>,
    /// Models.
    pub models: Vec<String>,
}

impl Known {
    /// Refuses a phase that the run does not have.
    pub(super) fn phase(&self, token: &Token<'_>) -> Result<(), ExpectError> {
        check("phase", token, self.phases.iter().map(String::as_str))
    }

    pub(super) fn has_phase(&self, name: &str) -> bool {
        self.phases.iter().any(|phase| phase == name)
    }

    /// Refuses a name that nothing has.
    pub(super) fn name(&self, key: Key, token: &Token<'_>) -> Result<(), ExpectError> {
        let names = match key {
            Key::Tenant => &self.tenants,
            Key::Route => &self.routes,
            Key::Provider => &self.providers,
            Key::Model => &self.models,
            Key::Outcome => return outcome(token),
        };
        check(key.name(), token, names.iter().map(String::as_str))
    }
}

/// Outcomes are the same in every scenario.
pub(super) fn outcome(token: &Token<'_>) -> Result<(), ExpectError> {
    check(Key::Outcome.name(), token, OUTCOMES.into_iter())
}

fn check<'a>(
    what: &str,
    token: &Token<'_>,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), ExpectError> {
    if names.clone().any(|name| name == token.text) {
        return Ok(());
    }
    let help = match near(token.text, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.clone().next().is_none() => nowhere(what),
        None => format!("known: {}", list(names.take(LISTED))),
    };
    let message = format!("there is no {what} `{}`", token.text);
    Err(ExpectError { message, help: Some(help), span: token.span.clone(), unknown_name: true })
}

/// The name that sounds alike, or that a slip of the fingers away would be.
fn near<'a>(word: &str, names: &(impl Iterator<Item = &'a str> + Clone)) -> Option<&'a str> {
    let slips = |name: &&str| strsim::osa_distance(word, name) <= word.len().div_ceil(4);
    figure::nearest(word, names.clone()).or_else(|| names.clone().find(slips))
}

/// What to do where there is no such thing at all.
fn nowhere(what: &str) -> String {
    match what {
        "tenant" => "nobody sends requests on behalf of a tenant: name them in `load`, `tenants: { free: 3, paid: 1 }`".to_owned(),
        _ => format!("the scenario has no {what}"),
    }
}
