//! DeepSeek: OpenAI's shape with reasoning beside the content, cache counts in the usage, and a queue in place
//! of rate limits, which keeps callers waiting with comments or blank lines.

use std::fmt::Write;

use http::HeaderMap;

use super::headers::put;
use super::json::string;
use super::openai::{Body, Finish, Route, UsageAt, Vendor, standard_route};
use super::{Ask, Complaint, Media, Script, ids};
use crate::fault::{ErrorKind, RefusalForm};

/// Most stop sequences.
const STOPS_MAX: usize = 16;

/// DeepSeek.
pub(super) struct Deepseek;

impl Vendor for Deepseek {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        let rest = ["/v1", "/beta"].iter().find_map(|prefix| path.strip_prefix(prefix));
        standard_route(rest.unwrap_or(path)).filter(|route| !matches!(route, Route::Embeddings(_)))
    }

    /// One model thinks by itself.
    fn take(&self, _: &Body<'_>, ask: &mut Ask) {
        ask.obfuscation = false;
        ask.thinks |= ask.model.starts_with("deepseek-reasoner");
    }

    fn check(&self, body: &Body<'_>) -> Result<(), Complaint> {
        if body.messages.is_none() {
            return Err(undeserialised("missing field `messages`"));
        }
        if body.model.is_none() {
            return Err(undeserialised("missing field `model`"));
        }
        if body.messages.as_ref().is_some_and(Vec::is_empty) {
            return Err(Complaint::invalid("messages", "Empty input messages"));
        }
        if body.temperature.is_some_and(|heat| !(0.0..=2.0).contains(&heat)) {
            let message = "Invalid temperature value, the valid range of temperature is [0, 2.0]";
            return Err(Complaint::invalid("temperature", message));
        }
        if body.max_tokens == Some(0) {
            let message = "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]";
            return Err(Complaint::invalid("max_tokens", message));
        }
        if body.stops() > STOPS_MAX {
            return Err(Complaint::invalid("stop", "Invalid stop value, at most 16 sequences are supported"));
        }
        // The one trap of its JSON mode that is no chance.
        if body.wants_json() && !body.says("json") {
            let message = "Prompt must contain the word 'json' in some form to use 'response_format' of type \
                           'json_object'.";
            return Err(Complaint::invalid("response_format", message));
        }
        Ok(())
    }

    fn misread(&self, error: &serde_json::Error) -> Complaint {
        undeserialised(&error.to_string())
    }

    fn status(&self, kind: ErrorKind) -> Option<u16> {
        Some(status(kind))
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        Some(message(kind))
    }

    /// A model it does not have is a bad request here.
    fn unknown_model(&self, _: &str) -> Complaint {
        Complaint::new(ErrorKind::NotFound, 400, message(ErrorKind::NotFound).to_owned())
    }

    fn error(&self, complaint: &Complaint, _: &str) -> String {
        error(complaint)
    }

    fn error_media(&self, complaint: &Complaint) -> Media {
        if complaint.status == 422 { Media::Text } else { Media::Json }
    }

    /// The error as a chunk, and then the end of the body, without a terminator.
    fn trouble(&self, script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
        let _ = write!(out, "data: {}\n\n", error(&Complaint::usual(script.dialect, kind)));
    }

    fn dress(&self, request: &str, headers: &mut HeaderMap) {
        put(headers, "x-ds-trace-id", &ids::hex(request));
        put(headers, "vary", "origin, access-control-request-method, access-control-request-headers");
        put(headers, "server", "CloudFront");
    }

    fn push_id(&self, script: &Script, out: &mut String) {
        out.push_str(&ids::uuid(&script.id));
    }

    fn push_top(&self, _: &Script, out: &mut String) {
        out.push_str(",\"system_fingerprint\":\"fp_ffc7281d48_prod0820_fp8_kvcache\"");
    }

    fn push_message(&self, _: &Script, _: &mut String) {}

    fn push_role(&self, _: &Script, _: &mut String) {}

    fn push_usage(&self, script: &Script, out: &mut String) {
        let missed = script.prompt_tokens.saturating_sub(script.cached);
        let _ = write!(out, ",\"prompt_tokens_details\":{{\"cached_tokens\":{}}}", script.cached);
        if script.reasoning > 0 {
            let _ =
                write!(out, ",\"completion_tokens_details\":{{\"reasoning_tokens\":{}}}", script.reasoning);
        }
        let _ = write!(
            out,
            ",\"prompt_cache_hit_tokens\":{},\"prompt_cache_miss_tokens\":{missed}",
            script.cached
        );
    }

    /// With the finish reason, whether or not it was asked for.
    fn usage_at(&self, _: &Ask) -> UsageAt {
        UsageAt::Finish
    }

    fn thoughts(&self) -> Option<&'static str> {
        Some("reasoning_content")
    }

    fn pads(&self) -> bool {
        false
    }

    fn push_choice(&self, _: &Script, _: Option<Finish>, _: &mut String) {}

    fn push_call_id(&self, script: &Script, out: &mut String) {
        let _ = write!(out, "call_0_{}", ids::uuid(&script.id));
    }

    fn refusal(&self, form: RefusalForm) -> RefusalForm {
        if form == RefusalForm::Native { RefusalForm::Prose } else { form }
    }

    fn known_models(&self) -> &'static [&'static str] {
        &["deepseek-chat", "deepseek-reasoner"]
    }

    fn model(&self, id: &str) -> String {
        format!("{{\"id\":{},\"object\":\"model\",\"owned_by\":\"deepseek\"}}", string(id))
    }
}

/// What its parser says; it comes as plain text.
fn undeserialised(what: &str) -> Complaint {
    let message = format!("Failed to deserialize the JSON body into the target type: {what}");
    Complaint::new(ErrorKind::InvalidRequest, 422, message)
}

const fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => 429,
        ErrorKind::QuotaExhausted => 402,
        ErrorKind::Overloaded => 503,
        ErrorKind::ServerError => 500,
        ErrorKind::BadGateway => 502,
        ErrorKind::Timeout => 504,
        ErrorKind::Unauthorized => 401,
        ErrorKind::Forbidden => 403,
        // A model it does not have is a bad request here.
        ErrorKind::NotFound
        | ErrorKind::ContentFilter
        | ErrorKind::ContextExceeded
        | ErrorKind::InvalidRequest => 400,
    }
}

const fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            "Rate limit reached: too many concurrent requests for this account."
        }
        ErrorKind::QuotaExhausted => "Insufficient Balance",
        ErrorKind::Overloaded => {
            "Service is too busy. We advise users to temporarily switch to alternative LLM API service providers."
        }
        ErrorKind::ServerError => "Internal server error",
        ErrorKind::BadGateway => "Bad gateway",
        ErrorKind::Timeout => "The request timed out.",
        ErrorKind::Unauthorized => "Authentication Fails (no such user)",
        ErrorKind::Forbidden => "Access denied",
        ErrorKind::NotFound => "Model Not Exist",
        ErrorKind::ContentFilter => "Content Exists Risk",
        ErrorKind::ContextExceeded => {
            "This model's maximum context length is 131072 tokens. However, you requested 192041 tokens (188041 in \
             the messages, 4000 in the completion). Please reduce the length of the messages or completion."
        }
        ErrorKind::InvalidRequest => "Invalid request.",
    }
}

/// The body of an error: plain text when the request could not be deserialised.
fn error(complaint: &Complaint) -> String {
    if complaint.status == 422 {
        return complaint.message.clone();
    }
    let (kind, code) = match complaint.kind {
        // `code` says invalid request: whoever goes by it files an empty account under bad requests.
        ErrorKind::QuotaExhausted => ("unknown_error", "invalid_request_error"),
        ErrorKind::Unauthorized => ("authentication_error", "invalid_request_error"),
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            ("rate_limit_error", "rate_limit_error")
        }
        ErrorKind::Overloaded => ("service_unavailable_error", "service_unavailable_error"),
        ErrorKind::ServerError | ErrorKind::BadGateway | ErrorKind::Timeout => {
            ("internal_server_error", "internal_server_error")
        }
        ErrorKind::Forbidden => ("permission_error", "invalid_request_error"),
        _ => ("invalid_request_error", "invalid_request_error"),
    };
    format!(
        "{{\"error\":{{\"message\":{},\"type\":\"{kind}\",\"param\":null,\"code\":\"{code}\"}}}}",
        string(&complaint.message)
    )
}
