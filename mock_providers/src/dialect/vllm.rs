//! vLLM's OpenAI-compatible server: types named like classes, numbers for codes, usage with every chunk for
//! those who ask.

use std::fmt::Write;

use http::HeaderMap;

use super::headers::put;
use super::json::string;
use super::openai::{Body, Finish, Route, UsageAt, Vendor, standard_route};
use super::{Ask, Complaint, Script, ids};
use crate::fault::{ErrorKind, RefusalForm};

/// FastAPI's own words for what it does not serve.
const NOT_FOUND: &str = "Not Found";

/// vLLM.
pub(super) struct Vllm;

impl Vendor for Vllm {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        standard_route(path.strip_prefix("/v1")?)
    }

    /// Usage comes as soon as there are stream options, unless they say otherwise.
    fn take(&self, body: &Body<'_>, ask: &mut Ask) {
        ask.obfuscation = false;
        if let Some(options) = &body.stream_options {
            ask.include_usage = options.include_usage != Some(false);
            ask.continuous_usage = ask.include_usage && options.continuous_usage_stats == Some(true);
        }
    }

    fn check(&self, body: &Body<'_>) -> Result<(), Complaint> {
        if body.messages.is_none() {
            return Err(missing("messages"));
        }
        if body.temperature.is_some_and(|heat| heat < 0.0) {
            let message = "temperature must be non-negative, got a negative value.";
            return Err(Complaint::invalid("temperature", message));
        }
        if body.max_tokens == Some(0) {
            return Err(Complaint::invalid("max_tokens", "max_tokens must be at least 1, got 0."));
        }
        if body.stream_options.is_some() && body.stream != Some(true) {
            let message = "Stream options can only be defined when `stream=True`.";
            return Err(Complaint::invalid("stream_options", message));
        }
        Ok(())
    }

    /// It sells nothing; what does so in front of it asks to be paid.
    fn status(&self, kind: ErrorKind) -> Option<u16> {
        (kind == ErrorKind::QuotaExhausted).then_some(402)
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        Some(message(kind))
    }

    fn unknown_model(&self, model: &str) -> Complaint {
        let mut complaint =
            Complaint::new(ErrorKind::NotFound, 404, format!("The model `{model}` does not exist."));
        complaint.param = Some("model".into());
        complaint
    }

    fn unknown_path(&self, _: &http::Method, _: &str) -> Complaint {
        Complaint::new(ErrorKind::NotFound, 404, NOT_FOUND.to_owned())
    }

    fn error(&self, complaint: &Complaint, _: &str) -> String {
        error(complaint)
    }

    /// The engine's own error, whatever the door would have said.
    fn inside(&self, complaint: &Complaint, _: &str) -> String {
        object(complaint)
    }

    /// The same, and the terminator.
    fn trouble(&self, script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
        out.push_str("data: ");
        out.push_str(&object(&Complaint::usual(script.dialect, kind)));
        out.push_str("\n\ndata: [DONE]\n\n");
    }

    fn dress(&self, _: &str, headers: &mut HeaderMap) {
        put(headers, "server", "uvicorn");
    }

    fn push_id(&self, script: &Script, out: &mut String) {
        out.push_str("chatcmpl-");
        out.push_str(&ids::hex(&script.id));
    }

    fn push_top(&self, _: &Script, out: &mut String) {
        out.push_str(
            ",\"service_tier\":null,\"system_fingerprint\":null,\"prompt_logprobs\":null,\
             \"kv_transfer_params\":null",
        );
    }

    fn push_chunk(&self, _: &Script, _: &mut String) {}

    fn push_message(&self, script: &Script, out: &mut String) {
        out.push_str(",\"refusal\":null,\"annotations\":null,\"audio\":null,\"function_call\":null");
        if script.ask.tool.is_none() {
            out.push_str(",\"tool_calls\":[]");
        }
        if script.reasoning == 0 {
            out.push_str(",\"reasoning_content\":null");
        }
    }

    fn push_role(&self, _: &Script, _: &mut String) {}

    fn push_choice(&self, _: &Script, finish: Option<Finish>, out: &mut String) {
        if finish.is_some() {
            out.push_str(",\"stop_reason\":null");
        }
    }

    fn push_usage(&self, _: &Script, out: &mut String) {
        out.push_str(",\"prompt_tokens_details\":null");
    }

    fn usage_at(&self, ask: &Ask) -> UsageAt {
        match (ask.include_usage, ask.continuous_usage) {
            (_, true) => UsageAt::Every,
            (true, false) => UsageAt::Chunk { nulls: false },
            (false, false) => UsageAt::Nowhere,
        }
    }

    fn thoughts(&self) -> Option<&'static str> {
        Some("reasoning_content")
    }

    fn pads(&self) -> bool {
        false
    }

    fn push_call_id(&self, script: &Script, out: &mut String) {
        out.push_str("chatcmpl-tool-");
        out.push_str(&ids::hex(&script.id));
    }

    fn refusal(&self, _: RefusalForm) -> RefusalForm {
        RefusalForm::Prose
    }

    fn dimensions(&self, _: &str) -> u32 {
        1_024
    }

    fn without(&self, field: &'static str) -> Result<(), Complaint> {
        if field == "model" { Ok(()) } else { Err(missing(field)) }
    }

    fn push_list(&self, script: &Script, out: &mut String) {
        let _ = write!(out, ",\"id\":\"embd-{}\",\"created\":{}", ids::hex(&script.id), script.created_s);
    }

    fn push_list_usage(&self, _: &Script, out: &mut String) {
        out.push_str(",\"completion_tokens\":0,\"prompt_tokens_details\":null");
    }

    fn known_models(&self) -> &'static [&'static str] {
        &["meta-llama/Llama-3.1-8B-Instruct"]
    }

    fn model(&self, id: &str) -> String {
        model(id)
    }
}

/// Pydantic's words for a field that is not there.
fn missing(field: &'static str) -> Complaint {
    let message = format!(
        "[{{'type': 'missing', 'loc': ('body', '{field}'), 'msg': 'Field required', 'input': {{}}}}]"
    );
    Complaint::invalid(field, message)
}

const fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => "Too many requests",
        ErrorKind::QuotaExhausted => "Quota exhausted",
        ErrorKind::Overloaded => "The server is overloaded, please retry later.",
        ErrorKind::ServerError => {
            "EngineCore encountered an issue. See stack trace (above) for the root cause."
        }
        ErrorKind::BadGateway => "Bad gateway",
        ErrorKind::Timeout => "The request timed out",
        ErrorKind::Unauthorized => "Unauthorized",
        ErrorKind::Forbidden => "Forbidden",
        ErrorKind::NotFound => "The model does not exist.",
        ErrorKind::ContentFilter => "The prompt was blocked",
        ErrorKind::ContextExceeded => {
            "This model's maximum context length is 32768 tokens. However, you requested 40960 tokens (36864 in the \
             messages, 4096 in the completion). Please reduce the length of the messages or completion."
        }
        ErrorKind::InvalidRequest => "Invalid request.",
    }
}

/// The body of an error; its guard at the door and its router have words of their own.
fn error(complaint: &Complaint) -> String {
    match complaint.kind {
        ErrorKind::Unauthorized => format!("{{\"error\":{}}}", string(&complaint.message)),
        _ if complaint.message == NOT_FOUND => format!("{{\"detail\":{}}}", string(&complaint.message)),
        _ => object(complaint),
    }
}

fn object(complaint: &Complaint) -> String {
    let param = complaint.param.as_deref().map_or_else(|| "null".to_owned(), string);
    format!(
        "{{\"error\":{{\"message\":{},\"type\":\"{}\",\"param\":{param},\"code\":{}}}}}",
        string(&complaint.message),
        name(complaint.status),
        complaint.status
    )
}

/// The name of a status, as its class is called.
const fn name(status: u16) -> &'static str {
    match status {
        401 => "AuthenticationError",
        402 => "PaymentRequired",
        403 => "PermissionDeniedError",
        404 => "NotFoundError",
        429 => "RateLimitError",
        503 => "ServiceUnavailableError",
        500.. => "InternalServerError",
        _ => "BadRequestError",
    }
}

fn model(id: &str) -> String {
    let id = string(id);
    format!(
        "{{\"id\":{id},\"object\":\"model\",\"created\":1715367049,\"owned_by\":\"vllm\",\"root\":{id},\
         \"parent\":null,\"max_model_len\":32768,\"permission\":[{{\"id\":\"modelperm-0\",\
         \"object\":\"model_permission\",\"created\":1715367049,\"allow_create_engine\":false,\
         \"allow_sampling\":true,\"allow_logprobs\":true,\"allow_search_indices\":false,\
         \"allow_view\":true,\"allow_fine_tuning\":false,\"organization\":\"*\",\"group\":null,\
         \"is_blocking\":false}}]}}"
    )
}
