//! Errors as Anthropic writes them.

use serde_json::Value;

use crate::dialect::Complaint;
use crate::dialect::json::string;
use crate::fault::ErrorKind;

/// The body of an error.
pub(in crate::dialect) fn error(complaint: &Complaint, request: &str) -> String {
    format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"{}\",\"message\":{}}},\"request_id\":\"{request}\"}}",
        name(complaint),
        string(&complaint.message)
    )
}

/// The type of an error.
pub(super) const fn name(complaint: &Complaint) -> &'static str {
    match (complaint.kind, complaint.status) {
        (_, 413) => "request_too_large",
        (_, 409) => "conflict_error",
        (ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight, _)
        | (ErrorKind::QuotaExhausted, 429) => "rate_limit_error",
        (ErrorKind::QuotaExhausted, 402) => "billing_error",
        (ErrorKind::Overloaded, 503) => "api_error",
        (ErrorKind::Overloaded, _) => "overloaded_error",
        (ErrorKind::ServerError | ErrorKind::BadGateway, _) => "api_error",
        (ErrorKind::Timeout, _) => "timeout_error",
        (ErrorKind::Unauthorized, _) => "authentication_error",
        (ErrorKind::Forbidden, _) => "permission_error",
        (ErrorKind::NotFound, _) => "not_found_error",
        _ => "invalid_request_error",
    }
}

/// A field, what it is called when it is of the wrong type, and how that is seen.
type Field = (&'static str, &'static str, fn(&Value) -> bool);

const FIELDS: [Field; 11] = [
    ("model", "string", Value::is_string),
    ("messages", "list", Value::is_array),
    ("max_tokens", "integer", Value::is_i64),
    ("stream", "boolean", Value::is_boolean),
    ("system", "list", |value| value.is_array() || value.is_string()),
    ("tools", "list", Value::is_array),
    ("tool_choice", "dictionary", Value::is_object),
    ("metadata", "dictionary", Value::is_object),
    ("stop_sequences", "list", Value::is_array),
    ("thinking", "dictionary", Value::is_object),
    ("temperature", "number", Value::is_number),
];

/// What exactly is wrong with a body in which `error` was found.
pub(super) fn diagnose(error: &serde_json::Error, raw: &[u8]) -> Complaint {
    let Ok(body) = serde_json::from_slice::<Value>(raw) else {
        let message = format!("The request body is not valid JSON: {error}");
        return Complaint::new(ErrorKind::InvalidRequest, 400, message);
    };
    let wrong = FIELDS
        .iter()
        .find(|(name, _, fits)| body.get(name).is_some_and(|value| !value.is_null() && !fits(value)));
    let message = match wrong {
        _ if !body.is_object() => {
            "Input should be a valid dictionary or object to extract fields from".to_owned()
        }
        Some((name, kind, _)) => format!("{name}: Input should be a valid {kind}"),
        None => inner(&body).unwrap_or_else(|| format!("Input should be valid: {error}")),
    };
    Complaint::new(ErrorKind::InvalidRequest, 400, message)
}

/// The first message that is none.
fn inner(body: &Value) -> Option<String> {
    let messages = body.get("messages")?.as_array()?.iter().enumerate();
    messages.filter_map(|(index, message)| wrong_message(index, message)).next()
}

fn wrong_message(index: usize, message: &Value) -> Option<String> {
    let content = message.get("content");
    if !message.is_object() {
        Some(format!("messages.{index}: Input should be a valid dictionary or object to extract fields from"))
    } else if message.get("role").is_some_and(|role| !role.is_string()) {
        Some(format!("messages.{index}.role: Input should be 'user' or 'assistant'"))
    } else if content.is_some_and(|content| !content.is_string() && !content.is_array()) {
        Some(format!("messages.{index}.content: Input should be a valid list"))
    } else {
        None
    }
}
