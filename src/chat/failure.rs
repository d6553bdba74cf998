//! What a failed attempt's failure means.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which of an attempt's time limits ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// No connection.
    Connect,
    /// No useful output.
    FirstToken,
    /// A gap between outputs.
    Idle,
    /// The whole attempt.
    Total,
}

/// The meaning of a failure, on which every decision rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// Too many requests or tokens for now.
    RateLimited,
    /// Out of credit or past a limit that waiting does not heal.
    QuotaExhausted,
    /// The provider is short of capacity.
    Overloaded,
    /// The provider failed inside.
    ServerError,
    /// No connection, or it died before any answer.
    Unreachable,
    /// A limit ran out.
    Timeout(Limit),
    /// An answer that breaks its own protocol.
    Protocol,
    /// An answer that ended before its terminator.
    Truncated,
    /// The model or a content filter refused.
    Refused,
    /// The prompt does not fit the model's context window.
    ContextExceeded,
    /// The request is wrong in itself.
    InvalidRequest,
    /// A bad or missing credential.
    Unauthorized,
    /// No such model or endpoint.
    NotFound,
    /// A success without content.
    Empty,
    /// Content that is not what was asked for (broken JSON, broken tool arguments).
    InvalidOutput,
    /// The caller left.
    Cancelled,
}

impl FailureClass {
    /// Every class, in the order of `design.md`.
    pub const ALL: [FailureClass; 19] = [
        FailureClass::RateLimited,
        FailureClass::QuotaExhausted,
        FailureClass::Overloaded,
        FailureClass::ServerError,
        FailureClass::Unreachable,
        FailureClass::Timeout(Limit::Connect),
        FailureClass::Timeout(Limit::FirstToken),
        FailureClass::Timeout(Limit::Idle),
        FailureClass::Timeout(Limit::Total),
        FailureClass::Protocol,
        FailureClass::Truncated,
        FailureClass::Refused,
        FailureClass::ContextExceeded,
        FailureClass::InvalidRequest,
        FailureClass::Unauthorized,
        FailureClass::NotFound,
        FailureClass::Empty,
        FailureClass::InvalidOutput,
        FailureClass::Cancelled,
    ];

    /// The class's name in YAML, headers and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FailureClass::RateLimited => "rate_limited",
            FailureClass::QuotaExhausted => "quota_exhausted",
            FailureClass::Overloaded => "overloaded",
            FailureClass::ServerError => "server_error",
            FailureClass::Unreachable => "unreachable",
            FailureClass::Timeout(Limit::Connect) => "timeout_connect",
            FailureClass::Timeout(Limit::FirstToken) => "timeout_first_token",
            FailureClass::Timeout(Limit::Idle) => "timeout_idle",
            FailureClass::Timeout(Limit::Total) => "timeout_total",
            FailureClass::Protocol => "protocol",
            FailureClass::Truncated => "truncated",
            FailureClass::Refused => "refused",
            FailureClass::ContextExceeded => "context_exceeded",
            FailureClass::InvalidRequest => "invalid_request",
            FailureClass::Unauthorized => "unauthorized",
            FailureClass::NotFound => "not_found",
            FailureClass::Empty => "empty",
            FailureClass::InvalidOutput => "invalid_output",
            FailureClass::Cancelled => "cancelled",
        }
    }

    /// Whether the same request to the same model would fail the same way again, so that repeating it is waste.
    #[must_use]
    pub const fn is_deterministic(self) -> bool {
        matches!(
            self,
            FailureClass::QuotaExhausted
                | FailureClass::Refused
                | FailureClass::ContextExceeded
                | FailureClass::InvalidRequest
                | FailureClass::Unauthorized
                | FailureClass::NotFound
        )
    }

    /// The status a caller gets when no provider gave one.
    #[must_use]
    pub const fn default_status(self) -> u16 {
        match self {
            FailureClass::RateLimited | FailureClass::QuotaExhausted => 429,
            FailureClass::Overloaded => 503,
            FailureClass::ServerError => 500,
            FailureClass::Unreachable
            | FailureClass::Protocol
            | FailureClass::Truncated
            | FailureClass::Empty
            | FailureClass::InvalidOutput => 502,
            FailureClass::Timeout(_) => 504,
            FailureClass::Refused | FailureClass::ContextExceeded | FailureClass::InvalidRequest => 400,
            FailureClass::Unauthorized => 401,
            FailureClass::NotFound => 404,
            FailureClass::Cancelled => 499,
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FailureClass {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        FailureClass::ALL
            .into_iter()
            .find(|class| class.name() == name)
            .ok_or_else(|| format!("unknown failure class `{name}`"))
    }
}

impl Serialize for FailureClass {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for FailureClass {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What it means.
    pub class: FailureClass,
    /// The HTTP status, when there was one that was not a success.
    pub status: Option<u16>,
    /// The provider's own code or type.
    pub code: Option<String>,
    /// The provider's own words, cut to a bounded length; no secrets.
    pub message: String,
    /// The wait the provider asked for.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without a provider's answer.
    #[must_use]
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Failure { class, status: None, code: None, message: message.into(), retry_after: None }
    }

    /// Status for the caller: the provider's own, or the class's. A provider that says 400 to a bad key or an unpaid
    /// bill blames the request for what no caller can mend, so that is never passed on.
    #[must_use]
    pub fn caller_status(&self) -> u16 {
        let status = self.status.filter(|status| match status {
            400 | 422 => self.class.default_status() == 400,
            status => *status >= 400,
        });
        status.unwrap_or(self.class.default_status())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.status {
            write!(f, "{status} ")?;
        }
        write!(f, "{}", self.class)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_400_for_what_no_caller_can_mend_is_not_passed_on() {
        let said =
            |status, class| Failure { status: Some(status), ..Failure::new(class, "") }.caller_status();

        // Gemini's bad key, Anthropic's unpaid bill, FastAPI's busy worker.
        assert_eq!(said(400, FailureClass::Unauthorized), 401);
        assert_eq!(said(400, FailureClass::QuotaExhausted), 429);
        assert_eq!(said(422, FailureClass::Overloaded), 503);
        // The caller's own mistakes, and every status that blames nobody wrongly, stay what they are.
        assert_eq!(said(400, FailureClass::ContextExceeded), 400);
        assert_eq!(said(422, FailureClass::InvalidRequest), 422);
        assert_eq!(said(403, FailureClass::Unauthorized), 403);
        assert_eq!(said(529, FailureClass::Overloaded), 529);
    }
}
