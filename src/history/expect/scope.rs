//! Which phases, and which requests in them.

use serde::{Deserialize, Serialize};

/// How a request can end, as the judge tells it: the words of `outcome=`.
pub const OUTCOMES: [&str; 10] = [
    "primary",
    "fallback",
    "degraded",
    "rescued",
    "partial",
    "error",
    "broken",
    "cancelled",
    "invalid",
    "unsent",
];

/// A part of a run. Of each list one must fit; an empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Phases (names, or kinds: `baseline`, `fault`, `recovery`); none means the judged run as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub during: Vec<String>,
    /// On whose behalf a request was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenant: Vec<String>,
    /// The route it addressed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<String>,
    /// The provider that served it, or that was asked last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provider: Vec<String>,
    /// The model that served it, or that was asked last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model: Vec<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outcome: Vec<String>,
}

/// What `for` can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Tenant,
    Route,
    Provider,
    Model,
    Outcome,
}

impl Key {
    pub(super) const ALL: [Key; 5] = [Key::Tenant, Key::Route, Key::Provider, Key::Model, Key::Outcome];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Key::Tenant => "tenant",
            Key::Route => "route",
            Key::Provider => "provider",
            Key::Model => "model",
            Key::Outcome => "outcome",
        }
    }
}

impl Scope {
    /// Whether it is the whole judged run.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Scope::default()
    }

    /// Which requests, in whatever phase.
    #[must_use]
    pub fn requests(&self) -> Scope {
        Scope { during: Vec::new(), ..self.clone() }
    }

    /// The same requests in other phases.
    #[must_use]
    pub fn moved(&self, during: Vec<String>) -> Scope {
        Scope { during, ..self.clone() }
    }

    pub(super) fn of(&self, key: Key) -> &[String] {
        match key {
            Key::Tenant => &self.tenant,
            Key::Route => &self.route,
            Key::Provider => &self.provider,
            Key::Model => &self.model,
            Key::Outcome => &self.outcome,
        }
    }

    pub(super) fn set(&mut self, key: Key, names: Vec<String>) {
        *match key {
            Key::Tenant => &mut self.tenant,
            Key::Route => &mut self.route,
            Key::Provider => &mut self.provider,
            Key::Model => &mut self.model,
            Key::Outcome => &mut self.outcome,
        } = names;
    }
}
