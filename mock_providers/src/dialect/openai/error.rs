//! Errors as OpenAI writes them.

use crate::dialect::Complaint;
use crate::dialect::json::string;
use crate::fault::ErrorKind;

/// The body of an error.
pub(in crate::dialect) fn body(complaint: &Complaint) -> String {
    format!("{{\"error\":{}}}", object(complaint))
}

/// What stands in `error`.
pub(in crate::dialect) fn object(complaint: &Complaint) -> String {
    let (kind, code) = names(complaint);
    let or_null = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), string);
    format!(
        "{{\"message\":{},\"type\":\"{kind}\",\"param\":{},\"code\":{}}}",
        string(&complaint.message),
        or_null(complaint.param.as_deref()),
        or_null(code)
    )
}

/// Type and code.
pub(in crate::dialect) fn names(complaint: &Complaint) -> (&'static str, Option<&'static str>) {
    let invalid = "invalid_request_error";
    match complaint.kind {
        ErrorKind::TokensLimited => ("tokens", Some("rate_limit_exceeded")),
        ErrorKind::RateLimited | ErrorKind::BudgetInFlight => ("requests", Some("rate_limit_exceeded")),
        ErrorKind::QuotaExhausted => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Overloaded => ("service_unavailable_error", Some("server_is_overloaded")),
        ErrorKind::ServerError | ErrorKind::BadGateway | ErrorKind::Timeout => ("server_error", None),
        ErrorKind::Unauthorized => (invalid, Some("invalid_api_key")),
        ErrorKind::Forbidden => ("request_forbidden", Some("unsupported_country_region_territory")),
        // A path that leads nowhere has no code, a model that does not exist has one.
        ErrorKind::NotFound | ErrorKind::InvalidRequest => (invalid, complaint.code),
        ErrorKind::ContentFilter => (invalid, Some("content_filter")),
        ErrorKind::ContextExceeded => (invalid, Some("context_length_exceeded")),
    }
}
