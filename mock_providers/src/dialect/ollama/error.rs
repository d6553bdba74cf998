//! Ollama's errors, in both interfaces.

use crate::dialect::Complaint;
use crate::dialect::json::string;
use crate::fault::ErrorKind;

/// Its words; statuses are the usual ones.
pub(super) const fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            "you've reached your hourly usage limit, please upgrade to continue"
        }
        ErrorKind::QuotaExhausted => "you've reached your weekly usage limit, please upgrade to continue",
        // Two spaces, as in the source.
        ErrorKind::Overloaded => "server busy, please try again.  maximum pending requests exceeded",
        ErrorKind::ServerError => "llama runner process has terminated: exit status 2",
        ErrorKind::BadGateway => "Bad gateway",
        ErrorKind::Timeout => "timed out waiting for llama runner to start",
        ErrorKind::Unauthorized => "unauthorized",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::NotFound => "model not found, try pulling it first",
        ErrorKind::ContentFilter => "the prompt was blocked",
        ErrorKind::ContextExceeded => "the input length exceeds the context length",
        ErrorKind::InvalidRequest => "invalid request",
    }
}

/// The error for a model that was never pulled.
pub(super) fn unknown_model(model: &str) -> Complaint {
    let message = format!("model \"{model}\" not found, try pulling it first");
    Complaint::new(ErrorKind::NotFound, 404, message)
}

/// Gin's own words.
pub(super) fn unknown_path() -> Complaint {
    Complaint::new(ErrorKind::NotFound, 404, "404 page not found".to_owned())
}

/// The body of an error of the native interface.
pub(in crate::dialect) fn native(complaint: &Complaint) -> String {
    format!("{{\"error\":{}}}", string(&complaint.message))
}

/// The body of an error of the compatible interface.
pub(super) fn compatible(complaint: &Complaint) -> String {
    let kind = match complaint.status {
        400 => "invalid_request_error",
        404 => "not_found_error",
        _ => "api_error",
    };
    format!(
        "{{\"error\":{{\"message\":{},\"type\":\"{kind}\",\"param\":null,\"code\":null}}}}",
        string(&complaint.message)
    )
}
