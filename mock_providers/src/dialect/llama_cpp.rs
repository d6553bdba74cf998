//! The server of llama.cpp: OpenAI's shape, numbers for codes, and timings in every answer.

use std::fmt::Write;

use http::HeaderMap;

use super::headers::put;
use super::json::string;
use super::openai::{Body, Finish, Route, UsageAt, Vendor, standard_route};
use super::{Ask, Complaint, Script, ids};
use crate::fault::{ErrorKind, RefusalForm};

/// Tokens that fit its context.
const CONTEXT: u32 = 8_192;
/// Tokens of the prompt that does not fit.
const TOO_LONG: u32 = 13_392;

/// The server of llama.cpp.
pub(super) struct LlamaCpp;

impl Vendor for LlamaCpp {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        standard_route(path.strip_prefix("/v1").unwrap_or(path))
    }

    fn take(&self, _: &Body<'_>, ask: &mut Ask) {
        ask.obfuscation = false;
    }

    /// Any model will do, also none: it has one.
    fn check(&self, body: &Body<'_>) -> Result<(), Complaint> {
        if body.messages.is_none() {
            return Err(Complaint::invalid("messages", "'messages' is required"));
        }
        if body.messages.as_ref().is_some_and(Vec::is_empty) {
            return Err(Complaint::invalid("messages", "Expected 'messages' to be a non-empty array"));
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

    fn unknown_model(&self, _: &str) -> Complaint {
        Complaint::new(ErrorKind::NotFound, 400, message(ErrorKind::NotFound).to_owned())
    }

    fn unknown_path(&self, _: &http::Method, _: &str) -> Complaint {
        Complaint::new(ErrorKind::NotFound, 404, "File Not Found".to_owned())
    }

    fn error(&self, complaint: &Complaint, _: &str) -> String {
        error(complaint)
    }

    /// An event of its own kind, and then the end of the body.
    fn trouble(&self, script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
        let _ = write!(out, "data: {}\n\n", error(&Complaint::usual(script.dialect, kind)));
    }

    fn dress(&self, _: &str, headers: &mut HeaderMap) {
        put(headers, "server", "llama.cpp");
    }

    fn push_id(&self, script: &Script, out: &mut String) {
        out.push_str("chatcmpl-");
        out.push_str(&ids::hex(&script.id));
    }

    fn push_top(&self, script: &Script, out: &mut String) {
        out.push_str(FINGERPRINT);
        push_timings(script, out);
    }

    fn push_chunk(&self, _: &Script, out: &mut String) {
        out.push_str(FINGERPRINT);
    }

    fn push_last(&self, script: &Script, out: &mut String) {
        push_timings(script, out);
    }

    fn push_message(&self, _: &Script, _: &mut String) {}

    fn push_role(&self, _: &Script, _: &mut String) {}

    fn push_choice(&self, _: &Script, _: Option<Finish>, _: &mut String) {}

    fn push_usage(&self, _: &Script, _: &mut String) {}

    fn usage_at(&self, ask: &Ask) -> UsageAt {
        if ask.include_usage { UsageAt::Chunk { nulls: false } } else { UsageAt::Nowhere }
    }

    fn thoughts(&self) -> Option<&'static str> {
        Some("reasoning_content")
    }

    fn pads(&self) -> bool {
        false
    }

    /// Thirty-two letters and digits without a prefix.
    fn push_call_id(&self, script: &Script, out: &mut String) {
        out.push_str(&ids::hex(&script.id));
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

    fn dimensions(&self, _: &str) -> u32 {
        768
    }

    /// Any model will do here too.
    fn without(&self, field: &'static str) -> Result<(), Complaint> {
        match field {
            "model" => Ok(()),
            _ => Err(Complaint::invalid(field, "\"input\" or \"content\" must be provided")),
        }
    }

    fn known_models(&self) -> &'static [&'static str] {
        &["gpt-3.5-turbo"]
    }

    fn model(&self, id: &str) -> String {
        let id = string(id);
        format!(
            "{{\"id\":{id},\"object\":\"model\",\"created\":1715367049,\"owned_by\":\"llamacpp\",\"meta\":{{\
             \"vocab_type\":2,\"n_vocab\":128256,\"n_ctx_train\":131072,\"n_embd\":4096,\
             \"n_params\":8030261312,\"size\":4912898304}}}}"
        )
    }
}

const FINGERPRINT: &str = ",\"system_fingerprint\":\"b6800-1f2d4c6a\"";

/// How fast it was, as planned for the whole answer.
fn push_timings(script: &Script, out: &mut String) {
    let (prompt_ns, words_ns) = script.times.nanoseconds();
    let speed = |count: u64, ns: u64| {
        let ms = ns as f64 / 1e6;
        let per_second = if ns == 0 { 0.0 } else { count as f64 * 1e9 / ns as f64 };
        (ms, if count == 0 { 0.0 } else { ms / count as f64 }, per_second)
    };
    let (prompt_n, words_n) = (script.prompt_tokens, script.completion_tokens(script.words));
    let (prompt_ms, prompt_each, prompt_speed) = speed(prompt_n, prompt_ns);
    let (words_ms, words_each, words_speed) = speed(words_n, words_ns);
    let _ = write!(
        out,
        ",\"timings\":{{\"cache_n\":{},\"prompt_n\":{prompt_n},\"prompt_ms\":{prompt_ms:.3},\
         \"prompt_per_token_ms\":{prompt_each:.3},\"prompt_per_second\":{prompt_speed:.3},\
         \"predicted_n\":{words_n},\"predicted_ms\":{words_ms:.3},\
         \"predicted_per_token_ms\":{words_each:.3},\"predicted_per_second\":{words_speed:.3}}}",
        script.cached
    );
}

const fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight => "Too many requests",
        ErrorKind::QuotaExhausted => "Quota exhausted",
        ErrorKind::Overloaded => "Loading model",
        ErrorKind::ServerError => "Failed to process the request",
        ErrorKind::BadGateway => "Bad gateway",
        ErrorKind::Timeout => "The request timed out",
        ErrorKind::Unauthorized => "Invalid API Key",
        ErrorKind::Forbidden => "Forbidden",
        ErrorKind::NotFound => "model not found",
        ErrorKind::ContentFilter => "The prompt was blocked",
        ErrorKind::ContextExceeded => {
            "request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it"
        }
        ErrorKind::InvalidRequest => "Invalid request",
    }
}

/// The body of an error.
fn error(complaint: &Complaint) -> String {
    let more = if complaint.kind == ErrorKind::ContextExceeded {
        format!(",\"n_prompt_tokens\":{TOO_LONG},\"n_ctx\":{CONTEXT}")
    } else {
        String::new()
    };
    format!(
        "{{\"error\":{{\"code\":{},\"message\":{},\"type\":\"{}\"{more}}}}}",
        complaint.status,
        string(&complaint.message),
        name(complaint)
    )
}

const fn name(complaint: &Complaint) -> &'static str {
    match (complaint.kind, complaint.status) {
        (ErrorKind::ContextExceeded, _) => "exceed_context_size_error",
        (ErrorKind::Overloaded, _) => "unavailable_error",
        (ErrorKind::Unauthorized, _) => "authentication_error",
        (ErrorKind::Forbidden, _) => "permission_error",
        (_, 404) => "not_found_error",
        (ErrorKind::RateLimited | ErrorKind::TokensLimited | ErrorKind::BudgetInFlight, _) => {
            "rate_limit_error"
        }
        (_, 500..) => "server_error",
        _ => "invalid_request_error",
    }
}
