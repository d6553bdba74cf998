//! Errors in each vendor's shape.
//!
//! Type, code and status of an error agree on whether to come back, because SDKs and agents decide by any one of
//! them: an error that is not the caller's is never called an invalid request. Where a status alone would make an
//! SDK come back for nothing, `x-should-retry` says so.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde::Serialize;

use super::super::told::{Ledger, Told, Tried};
use crate::chat::{Failure, FailureClass};
use crate::router::seam::seam;

/// Whose errors a face writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vendor {
    /// `{"error": {message, type, param, code}}`.
    OpenAi,
    /// `{"type": "error", "error": {type, message}, "request_id"}`.
    Anthropic,
}

/// An error for a caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault<'a> {
    /// Correlation id; empty when there is none.
    pub(crate) request_id: &'a str,
    /// HTTP status, also of an error inside a stream whose head said 200.
    pub(crate) status: u16,
    pub(crate) failure: &'a Failure,
    /// What to say of it.
    pub(crate) message: &'a str,
    pub(crate) told: &'a Told,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    error: OpenAiDetails<'a>,
}

#[derive(Serialize)]
struct OpenAiDetails<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'a str>,
    code: &'static str,
    #[serde(flatten)]
    more: More<'a>,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: AnthropicDetails<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
}

#[derive(Serialize)]
struct AnthropicDetails<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    #[serde(flatten)]
    more: More<'a>,
}

/// What no vendor has a word for.
#[derive(Serialize)]
struct More<'a> {
    class: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "<[Tried]>::is_empty")]
    attempts: &'a [Tried],
    #[serde(skip_serializing_if = "Option::is_none")]
    brownout: Option<&'a Ledger>,
}

// === impl Fault ===

impl<'a> Fault<'a> {
    /// The error as a body.
    pub(crate) fn body(&self, vendor: Vendor) -> Bytes {
        match vendor {
            Vendor::OpenAi => json(&OpenAiError {
                error: OpenAiDetails {
                    message: &self.openai_message(),
                    kind: self.openai_type(),
                    param: None,
                    code: self.openai_code(),
                    more: self.more(),
                },
            }),
            Vendor::Anthropic => json(&AnthropicError {
                kind: "error",
                error: AnthropicDetails {
                    kind: self.anthropic_type(),
                    message: &self.anthropic_message(),
                    more: self.more(),
                },
                request_id: self.request_id,
            }),
        }
    }

    /// Says when to come back, and whether.
    pub(crate) fn advise(&self, headers: &mut HeaderMap) {
        if let Some(wait) = seam!(KeepsTheWaitToItself, self.failure.retry_after, None) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        if self.is_for_good() && tempts(self.status) {
            headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
        }
    }

    /// Whether coming back would change nothing.
    fn is_for_good(&self) -> bool {
        self.failure.class.is_deterministic() && self.failure.retry_after.is_none()
    }

    fn more(&self) -> More<'a> {
        More {
            class: self.failure.class.name(),
            status: self.status,
            retry_after_ms: seam!(KeepsTheWaitToItself, self.failure.retry_after, None)
                .map(|wait| u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)),
            attempts: &self.told.tried,
            brownout: self.told.ledger.as_deref(),
        }
    }

    /// The message for callers of OpenAI's packages. Whoever shortens a conversation that is too long for its model
    /// (LangChain, agents) knows that by a word of the message; another vendor's model does not say it.
    fn openai_message(&self) -> Cow<'a, str> {
        const SIGN: &str = "context_length_exceeded";
        match self.failure.class {
            FailureClass::ContextExceeded if !self.message.contains(SIGN) => {
                format!("{} ({SIGN})", self.message).into()
            }
            _ => self.message.into(),
        }
    }

    /// The same for callers of Anthropic's.
    fn anthropic_message(&self) -> Cow<'a, str> {
        const SIGN: &str = "prompt is too long";
        match self.failure.class {
            FailureClass::ContextExceeded if !self.message.contains(SIGN) => {
                format!("{SIGN}: {}", self.message).into()
            }
            _ => self.message.into(),
        }
    }

    /// OpenAI's type: a caller's mistake only where status and class both say that it is one.
    pub(crate) fn openai_type(&self) -> &'static str {
        match (self.status, self.failure.class) {
            (_, FailureClass::QuotaExhausted) => "insufficient_quota",
            (401, _) => "authentication_error",
            (403, _) => "permission_error",
            (429, _) => "rate_limit_error",
            (503 | 529, _) => "overloaded_error",
            (408 | 504, _) => "timeout_error",
            (500, _) => "server_error",
            (400..500, class) if is_callers(class) => "invalid_request_error",
            _ => "upstream_error",
        }
    }

    /// OpenAI's code where it has one that programs look at; the class everywhere else.
    pub(crate) const fn openai_code(&self) -> &'static str {
        match self.failure.class {
            FailureClass::ContextExceeded => "context_length_exceeded",
            FailureClass::QuotaExhausted => "insufficient_quota",
            class => class.name(),
        }
    }

    fn anthropic_type(&self) -> &'static str {
        match (self.status, self.failure.class) {
            (_, FailureClass::QuotaExhausted) => "billing_error",
            (401, _) => "authentication_error",
            (403, _) => "permission_error",
            (404, _) => "not_found_error",
            (413, _) => "request_too_large",
            (429, _) => "rate_limit_error",
            (503 | 529, _) => "overloaded_error",
            (408 | 504, _) => "timeout_error",
            (400..500, class) if is_callers(class) => "invalid_request_error",
            _ => "api_error",
        }
    }
}

/// Whether a failure of this class is one the caller can mend.
const fn is_callers(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::InvalidRequest
            | FailureClass::ContextExceeded
            | FailureClass::Refused
            | FailureClass::NotFound
            | FailureClass::Cancelled
    )
}

/// Whether the official SDKs come back on this status.
const fn tempts(status: u16) -> bool {
    matches!(status, 408 | 409 | 429 | 500..)
}

/// Whole seconds, rounded up: a caller that comes back then is never early.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// Bytes of a value that always can be written: its keys are strings.
pub(super) fn json(value: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("these structs have only string keys"))
}

#[cfg(test)]
mod tests;
