//! Qwen at DashScope, in its OpenAI-compatible mode. Its inspection refuses prompts and answers; its
//! `insufficient_quota` is tokens per minute and heals by itself, which OpenAI's never does.

use std::fmt::Write;

use http::HeaderMap;

use super::headers::put;
use super::json::string;
use super::openai::{Body, Finish, Route, UsageAt, Vendor, standard_route};
use super::{Ask, Complaint, Script, ids};
use crate::fault::{ErrorKind, RefusalForm};

const PREFIX: &str = "/compatible-mode/v1";

/// Qwen.
pub(super) struct Qwen;

impl Vendor for Qwen {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        standard_route(path.strip_prefix(PREFIX)?)
    }

    fn take(&self, _: &Body<'_>, ask: &mut Ask) {
        ask.obfuscation = false;
    }

    fn check(&self, body: &Body<'_>) -> Result<(), Complaint> {
        let wrong = |field: &'static str, what: &str| {
            let message = format!("<400> InternalError.Algo.InvalidParameter: {what}");
            Err(Complaint::invalid(field, message))
        };
        if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
            return Err(Complaint::invalid("model", "you must provide a model parameter"));
        }
        if body.messages.as_ref().is_none_or(Vec::is_empty) {
            return wrong("messages", "[] is too short - 'messages'");
        }
        if body.temperature.is_some_and(|heat| !(0.0..2.0).contains(&heat)) {
            return wrong("temperature", "Temperature should be in [0.0, 2.0)");
        }
        if body.max_tokens == Some(0) {
            return wrong("max_tokens", "Range of max_tokens should be [1, 8192]");
        }
        if body.stream_options.is_some() && body.stream != Some(true) {
            return wrong("stream_options", "'stream_options' only set this when you set stream: true");
        }
        Ok(())
    }

    fn status(&self, kind: ErrorKind) -> Option<u16> {
        Some(status(kind))
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        Some(message(kind))
    }

    fn error(&self, complaint: &Complaint, request: &str) -> String {
        error(complaint, request)
    }

    /// The error as a chunk, and then the end of the body, without a terminator.
    fn trouble(&self, script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
        let complaint = match kind {
            // A prompt would not have come so far.
            ErrorKind::ContentFilter => Complaint::output_blocked(),
            kind => Complaint::usual(script.dialect, kind),
        };
        let _ = write!(out, "data: {}\n\n", error(&complaint, &script.id));
    }

    fn dress(&self, request: &str, headers: &mut HeaderMap) {
        put(headers, "x-request-id", &ids::uuid(request));
        put(headers, "x-dashscope-call-gateway", "true");
        put(headers, "server", "istio-envoy");
    }

    fn push_id(&self, script: &Script, out: &mut String) {
        out.push_str("chatcmpl-");
        out.push_str(&ids::uuid(&script.id));
    }

    fn push_top(&self, _: &Script, out: &mut String) {
        out.push_str(",\"system_fingerprint\":null");
    }

    fn push_message(&self, _: &Script, _: &mut String) {}

    fn push_role(&self, _: &Script, _: &mut String) {}

    fn push_choice(&self, _: &Script, _: Option<Finish>, _: &mut String) {}

    fn push_usage(&self, script: &Script, out: &mut String) {
        let _ = write!(out, ",\"prompt_tokens_details\":{{\"cached_tokens\":{}}}", script.cached);
        if script.reasoning > 0 {
            let _ =
                write!(out, ",\"completion_tokens_details\":{{\"reasoning_tokens\":{}}}", script.reasoning);
        }
    }

    fn usage_at(&self, ask: &Ask) -> UsageAt {
        if ask.include_usage { UsageAt::Chunk { nulls: true } } else { UsageAt::Nowhere }
    }

    fn thoughts(&self) -> Option<&'static str> {
        Some("reasoning_content")
    }

    fn pads(&self) -> bool {
        false
    }

    fn refusal(&self, form: RefusalForm) -> RefusalForm {
        if form == RefusalForm::Native { RefusalForm::Prose } else { form }
    }

    fn dimensions(&self, _: &str) -> u32 {
        1_024
    }

    fn push_list(&self, script: &Script, out: &mut String) {
        let _ = write!(out, ",\"id\":\"{}\"", ids::uuid(&script.id));
    }

    fn known_models(&self) -> &'static [&'static str] {
        &["qwen3-max", "qwen-plus", "qwen-flash", "qwen-turbo"]
    }

    fn model(&self, id: &str) -> String {
        format!(
            "{{\"id\":{},\"object\":\"model\",\"created\":1715367049,\"owned_by\":\"system\"}}",
            string(id)
        )
    }
}

const fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => 429,
        ErrorKind::Overloaded => 503,
        ErrorKind::ServerError => 500,
        ErrorKind::BadGateway => 502,
        ErrorKind::Timeout => 504,
        ErrorKind::Unauthorized => 401,
        ErrorKind::Forbidden => 403,
        ErrorKind::NotFound => 404,
        // An account in arrears is a bad request here.
        ErrorKind::QuotaExhausted
        | ErrorKind::ContentFilter
        | ErrorKind::ContextExceeded
        | ErrorKind::InvalidRequest => 400,
    }
}

const fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::BudgetInFlight => {
            "Requests rate limit exceeded, please try again later."
        }
        ErrorKind::TokensLimited => {
            "Allocated quota exceeded, please increase your quota limit. For details, see: \
             https://help.aliyun.com/zh/model-studio/error-code#token-limit"
        }
        ErrorKind::QuotaExhausted => "Access denied, please make sure your account is in good standing.",
        ErrorKind::Overloaded => "Too many requests in route. Please try again later.",
        ErrorKind::ServerError => {
            "An internal error has occured, please try again later or contact service support."
        }
        ErrorKind::BadGateway => "Bad gateway",
        ErrorKind::Timeout => "Request timed out, please try again later.",
        ErrorKind::Unauthorized => "Incorrect API key provided.",
        ErrorKind::Forbidden => "Access denied.",
        ErrorKind::NotFound => "The model does not exist or you do not have access to it.",
        ErrorKind::ContentFilter => {
            "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content."
        }
        ErrorKind::ContextExceeded => {
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]"
        }
        ErrorKind::InvalidRequest => "<400> InternalError.Algo.InvalidParameter: Invalid request.",
    }
}

/// The body of an error, with the ids that stand beside it.
fn error(complaint: &Complaint, request: &str) -> String {
    let uuid = ids::uuid(request);
    format!("{{{},\"id\":\"chatcmpl-{uuid}\",\"request_id\":\"{uuid}\"}}", object(complaint))
}

/// The field `error` alone.
fn object(complaint: &Complaint) -> String {
    let (kind, code) = names(complaint);
    format!(
        "\"error\":{{\"code\":\"{code}\",\"param\":null,\"message\":{},\"type\":\"{kind}\"}}",
        string(&complaint.message)
    )
}

const fn names(complaint: &Complaint) -> (&'static str, &'static str) {
    let invalid = "invalid_request_error";
    match complaint.kind {
        ErrorKind::RateLimited | ErrorKind::BudgetInFlight => ("limit_requests", "limit_requests"),
        ErrorKind::TokensLimited => ("insufficient_quota", "insufficient_quota"),
        ErrorKind::QuotaExhausted => ("Arrearage", "Arrearage"),
        ErrorKind::Overloaded => ("ServiceUnavailable", "ModelServingError"),
        ErrorKind::ServerError | ErrorKind::BadGateway => ("internal_error", "internal_error"),
        ErrorKind::Timeout => ("internal_error", "RequestTimeOut"),
        ErrorKind::Unauthorized => (invalid, "invalid_api_key"),
        ErrorKind::Forbidden => (invalid, "access_denied"),
        ErrorKind::NotFound => (invalid, "model_not_found"),
        ErrorKind::ContentFilter => ("data_inspection_failed", "data_inspection_failed"),
        ErrorKind::ContextExceeded | ErrorKind::InvalidRequest => (invalid, "invalid_parameter_error"),
    }
}
