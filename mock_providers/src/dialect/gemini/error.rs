//! Errors as Gemini writes them.

use crate::dialect::Complaint;
use crate::dialect::json::string;
use crate::fault::ErrorKind;

use super::answer::BLOCKED;

const QUOTA_TYPE: &str = "type.googleapis.com/google.rpc.QuotaFailure";
const RETRY_TYPE: &str = "type.googleapis.com/google.rpc.RetryInfo";
const INFO_TYPE: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const FIELD_TYPE: &str = "type.googleapis.com/google.rpc.BadRequest";

/// The body of an error; a blocked prompt with status 200 is no error object but the feedback on the prompt.
pub(in crate::dialect) fn error(complaint: &Complaint) -> String {
    if complaint.kind == ErrorKind::ContentFilter && complaint.status == 200 {
        return format!(
            "{{\"promptFeedback\":{{\"blockReason\":\"PROHIBITED_CONTENT\",{BLOCKED}}},\"usageMetadata\":\
             {{\"promptTokenCount\":0,\"totalTokenCount\":0}}}}"
        );
    }
    format!(
        "{{\n  \"error\": {{\n    \"code\": {},\n    \"message\": {},\n    \"status\": \"{}\"{}\n  }}\n}}\n",
        complaint.status,
        string(&complaint.message),
        name(complaint.kind, complaint.status),
        details(complaint)
    )
}

fn details(complaint: &Complaint) -> String {
    let mut details = Vec::new();
    match complaint.kind {
        ErrorKind::RateLimited
        | ErrorKind::TokensLimited
        | ErrorKind::BudgetInFlight
        | ErrorKind::QuotaExhausted
            if complaint.status == 429 =>
        {
            let per = if complaint.kind == ErrorKind::QuotaExhausted { "Day" } else { "Minute" };
            details.push(format!(
                "{{\"@type\":\"{QUOTA_TYPE}\",\"violations\":[{{\"quotaMetric\":\
                 \"generativelanguage.googleapis.com/generate_content_paid_tier_requests\",\"quotaId\":\
                 \"GenerateRequestsPer{per}PerProjectPerModel-PaidTier\",\"quotaValue\":\"50\"}}]}}"
            ));
        }
        ErrorKind::Unauthorized if complaint.status == 400 => details.push(format!(
            "{{\"@type\":\"{INFO_TYPE}\",\"reason\":\"API_KEY_INVALID\",\"domain\":\"googleapis.com\",\"metadata\":\
             {{\"service\":\"generativelanguage.googleapis.com\"}}}}"
        )),
        ErrorKind::InvalidRequest if complaint.code == Some(UNKNOWN_FIELD) => details.push(format!(
            "{{\"@type\":\"{FIELD_TYPE}\",\"fieldViolations\":[{{\"description\":{}}}]}}",
            string(&complaint.message)
        )),
        _ => {}
    }
    if let Some(wait) = complaint.retry_after {
        let (seconds, ms) = (wait.as_secs(), wait.subsec_millis());
        let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
        details.push(format!("{{\"@type\":\"{RETRY_TYPE}\",\"retryDelay\":\"{seconds}{fraction}s\"}}"));
    }
    if details.is_empty() { String::new() } else { format!(",\n    \"details\": [{}]", details.join(",")) }
}

/// The status of an error.
pub(super) const fn name(kind: ErrorKind, status: u16) -> &'static str {
    match (kind, status) {
        (
            ErrorKind::RateLimited
            | ErrorKind::TokensLimited
            | ErrorKind::BudgetInFlight
            | ErrorKind::QuotaExhausted,
            _,
        ) => "RESOURCE_EXHAUSTED",
        (ErrorKind::Overloaded | ErrorKind::BadGateway, _) => "UNAVAILABLE",
        (ErrorKind::ServerError, _) => "INTERNAL",
        (ErrorKind::Timeout, _) => "DEADLINE_EXCEEDED",
        (ErrorKind::Unauthorized, 401) => "UNAUTHENTICATED",
        (ErrorKind::Forbidden, _) | (ErrorKind::Unauthorized, 403) => "PERMISSION_DENIED",
        (ErrorKind::NotFound, _) => "NOT_FOUND",
        _ => "INVALID_ARGUMENT",
    }
}

/// Marks a complaint about a field that there is not.
pub(super) const UNKNOWN_FIELD: &str = "unknown field";
