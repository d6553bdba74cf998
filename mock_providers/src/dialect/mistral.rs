//! Mistral: a strict FastAPI server behind a Kong gateway. Errors are flat, not nested under `error`; tool calls
//! come whole in one delta; the last chunk carries the usage.

use std::fmt::Write;

use http::HeaderMap;

use super::headers::put;
use super::json::string;
use super::openai::{Body, Finish, Route, UsageAt, Vendor, standard_route};
use super::{Ask, Complaint, Script, ids};
use crate::fault::{ErrorKind, RefusalForm};

/// What FastAPI says of a field that is not there.
const MISSING: &str = "Field required";
/// And of one it does not know.
const EXTRA: &str = "Extra inputs are not permitted";

/// Mistral.
pub(super) struct Mistral;

impl Vendor for Mistral {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        standard_route(path.strip_prefix("/v1")?)
    }

    fn take(&self, _: &Body<'_>, ask: &mut Ask) {
        ask.obfuscation = false;
    }

    fn check(&self, body: &Body<'_>) -> Result<(), Complaint> {
        let wrong = |field: &'static str, message: &str| {
            let mut complaint = Complaint::invalid(field, message);
            complaint.status = 422;
            Err(complaint)
        };
        if body.model.is_none() {
            return wrong("model", MISSING);
        }
        match body.messages.as_deref() {
            None => return wrong("messages", MISSING),
            Some([]) => return wrong("messages", "Value error, Conversation must have at least one message"),
            Some(_) => {}
        }
        if body.temperature.is_some_and(|heat| !(0.0..=1.5).contains(&heat)) {
            return wrong("temperature", "Input should be between 0 and 1.5");
        }
        if body.max_completion_tokens.is_some() {
            return wrong("max_completion_tokens", EXTRA);
        }
        Ok(())
    }

    fn misread(&self, error: &serde_json::Error) -> Complaint {
        let mut complaint = Complaint::invalid("body", format!("JSON decode error: {error}"));
        complaint.status = 422;
        complaint
    }

    fn status(&self, kind: ErrorKind) -> Option<u16> {
        Some(status(kind))
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        Some(message(kind))
    }

    fn unknown_model(&self, model: &str) -> Complaint {
        let mut complaint = Complaint::new(ErrorKind::NotFound, 400, format!("Invalid model: {model}"));
        complaint.param = Some("model".into());
        complaint
    }

    fn unknown_path(&self, _: &http::Method, _: &str) -> Complaint {
        Complaint::new(ErrorKind::NotFound, 404, "no Route matched with those values".to_owned())
    }

    fn error(&self, complaint: &Complaint, request: &str) -> String {
        error(complaint, request)
    }

    /// Mistral's own words: FastAPI and the gateway turn away at the door.
    fn inside(&self, complaint: &Complaint, _: &str) -> String {
        own(complaint, complaint.status, &string(&complaint.message))
    }

    /// The error as a chunk, which the official SDK takes for an invalid answer, and no terminator.
    fn trouble(&self, script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
        let _ = write!(out, "data: {}\n\n", self.inside(&Complaint::usual(script.dialect, kind), &script.id));
    }

    fn dress(&self, request: &str, headers: &mut HeaderMap) {
        put(headers, "mistral-correlation-id", &ids::uuid(request));
        put(headers, "x-kong-request-id", &ids::hex(request));
        put(headers, "server", "cloudflare");
    }

    fn push_id(&self, script: &Script, out: &mut String) {
        out.push_str(&ids::hex(&script.id));
    }

    fn push_top(&self, _: &Script, _: &mut String) {}

    fn push_message(&self, script: &Script, out: &mut String) {
        if script.ask.tool.is_none() {
            out.push_str(",\"tool_calls\":null");
        }
    }

    fn push_role(&self, _: &Script, _: &mut String) {}

    fn push_choice(&self, _: &Script, _: Option<Finish>, _: &mut String) {}

    fn push_usage(&self, script: &Script, out: &mut String) {
        let _ = write!(
            out,
            ",\"num_cached_tokens\":{0},\"prompt_tokens_details\":{{\"cached_tokens\":{0}}}",
            script.cached
        );
    }

    fn usage_at(&self, _: &Ask) -> UsageAt {
        UsageAt::Finish
    }

    fn pads(&self) -> bool {
        false
    }

    fn whole_calls(&self) -> bool {
        true
    }

    /// Nine letters and digits.
    fn push_call_id(&self, script: &Script, out: &mut String) {
        out.push_str(script.id.get(..9).unwrap_or("call00000"));
    }

    fn finish(&self, finish: Finish) -> &'static str {
        match finish {
            Finish::Stop | Finish::ContentFilter => "stop",
            Finish::Length => "length",
            Finish::ToolCalls => "tool_calls",
        }
    }

    fn refusal(&self, _: RefusalForm) -> RefusalForm {
        RefusalForm::Prose
    }

    fn dimensions(&self, model: &str) -> u32 {
        if model.starts_with("codestral") { 1_536 } else { 1_024 }
    }

    fn without(&self, field: &'static str) -> Result<(), Complaint> {
        let mut complaint = Complaint::invalid(field, MISSING);
        complaint.status = 422;
        Err(complaint)
    }

    fn push_list(&self, script: &Script, out: &mut String) {
        let _ = write!(out, ",\"id\":\"{}\"", ids::hex(&script.id));
    }

    fn push_list_usage(&self, _: &Script, out: &mut String) {
        out.push_str(",\"completion_tokens\":0,\"prompt_audio_seconds\":null");
    }

    fn known_models(&self) -> &'static [&'static str] {
        &["mistral-large-latest", "mistral-medium-latest", "mistral-small-latest", "codestral-latest"]
    }

    fn model(&self, id: &str) -> String {
        model(id)
    }
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
        ErrorKind::NotFound | ErrorKind::ContentFilter | ErrorKind::ContextExceeded => 400,
        ErrorKind::InvalidRequest => 422,
    }
}

const fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            "Rate limit exceeded"
        }
        ErrorKind::QuotaExhausted => "You have reached the usage limit of your plan.",
        ErrorKind::Overloaded => "Service tier capacity exceeded for this model.",
        ErrorKind::ServerError => "Internal server error",
        ErrorKind::BadGateway => "An invalid response was received from the upstream server",
        ErrorKind::Timeout => "The upstream server is timing out",
        ErrorKind::Unauthorized => "Unauthorized",
        ErrorKind::Forbidden => "You cannot consume this service",
        ErrorKind::NotFound => "Invalid model",
        ErrorKind::ContentFilter => "The prompt was blocked by the content moderation policy",
        ErrorKind::ContextExceeded => {
            "Prompt contains 192041 tokens, too large for model with 131072 maximum context length"
        }
        ErrorKind::InvalidRequest => MISSING,
    }
}

/// The body of an error: FastAPI's own (401, 422), the gateway's (403, 404, 502, 504), or Mistral's.
fn error(complaint: &Complaint, request: &str) -> String {
    let message = string(&complaint.message);
    match complaint.status {
        401 => format!("{{\"detail\":{message}}}"),
        403 | 404 | 405 | 502 | 504 => {
            format!("{{\"message\":{message},\"request_id\":\"{}\"}}", ids::hex(request))
        }
        422 => {
            let field = complaint.param.as_deref().unwrap_or("messages");
            let kind = match complaint.message.as_str() {
                MISSING => "missing",
                EXTRA => "extra_forbidden",
                _ => "value_error",
            };
            format!(
                "{{\"detail\":[{{\"type\":\"{kind}\",\"loc\":[\"body\",\"{field}\"],\"msg\":{message},\
                 \"input\":{{}}}}]}}"
            )
        }
        status => own(complaint, status, &message),
    }
}

fn own(complaint: &Complaint, status: u16, message: &str) -> String {
    let (kind, code) = match complaint.kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => {
            ("rate_limited", "\"1300\"")
        }
        ErrorKind::QuotaExhausted => ("payment_required", "null"),
        ErrorKind::ServerError | ErrorKind::BadGateway | ErrorKind::Timeout => {
            ("internal_server_error", "\"1000\"")
        }
        ErrorKind::Unauthorized => ("authentication_error", "null"),
        ErrorKind::Forbidden => ("permission_error", "null"),
        ErrorKind::NotFound => ("invalid_request_error", "\"unknown_model\""),
        ErrorKind::ContextExceeded => ("invalid_request_error", "\"3051\""),
        ErrorKind::ContentFilter => ("content_policy_violation", "null"),
        _ => ("invalid_request_error", "null"),
    };
    let param = complaint.param.as_deref().filter(|_| complaint.kind == ErrorKind::NotFound);
    let param = param.map_or_else(|| "null".to_owned(), string);
    format!(
        "{{\"object\":\"error\",\"message\":{message},\"type\":\"{kind}\",\"param\":{param},\"code\":{code},\
         \"raw_status_code\":{status}}}"
    )
}

fn model(id: &str) -> String {
    let id = string(id);
    format!(
        "{{\"id\":{id},\"object\":\"model\",\"created\":1715367049,\"owned_by\":\"mistralai\",\
         \"capabilities\":{{\"completion_chat\":true,\"completion_fim\":false,\"function_calling\":true,\
         \"fine_tuning\":false,\"vision\":false}},\"name\":{id},\"description\":null,\
         \"max_context_length\":131072,\"aliases\":[],\"deprecation\":null,\
         \"default_model_temperature\":0.7,\"type\":\"base\"}}"
    )
}
