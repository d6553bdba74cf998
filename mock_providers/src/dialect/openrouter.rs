//! OpenRouter: somebody else's models behind one envelope. What fails after the upstream accepted a call comes
//! with status 200, in several forms.

use std::fmt::Write;

use http::HeaderMap;

use super::headers::put;
use super::json::string;
use super::openai::{Body, Finish, Route, UsageAt, Vendor, standard_route};
use super::{Ask, Complaint, Script, ask, ids};
use crate::fault::ErrorKind;

/// Whose models it is said to have asked.
const UPSTREAM: &str = "Brownout";
/// Models tried for one call, at most.
const MODELS_MAX: usize = 16;
/// What a token costs, in billionths of a dollar: of the prompt, of the reply.
const PRICES: (u64, u64) = (1_000, 2_000);

/// The comment that begins a stream, and keeps it alive.
const PROCESSING: &str = ": OPENROUTER PROCESSING\n\n";

/// OpenRouter.
pub(super) struct Openrouter;

impl Vendor for Openrouter {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        standard_route(path.strip_prefix("/api/v1")?)
    }

    /// The models to fall back to; the first of them stands in for a model that is not named.
    fn take(&self, body: &Body<'_>, ask: &mut Ask) {
        ask.obfuscation = false;
        let models = body.models.iter().flatten().take(MODELS_MAX);
        ask.fallbacks = models.map(|model| ask::name(&model.0)).collect();
        if let (true, Some(first)) = (ask.model.is_empty(), ask.fallbacks.first()) {
            ask.model = first.clone();
        }
    }

    fn check(&self, body: &Body<'_>) -> Result<(), Complaint> {
        if body.model.is_none() && body.models.as_ref().is_none_or(Vec::is_empty) {
            return Err(Complaint::invalid("model", "No models provided"));
        }
        if body.models.as_ref().is_some_and(|models| models.len() > MODELS_MAX) {
            return Err(Complaint::invalid("models", "'models' array must have 16 items or fewer."));
        }
        if body.messages.as_ref().is_none_or(Vec::is_empty) {
            let message = "Input required: specify \"prompt\" or \"messages\"";
            return Err(Complaint::invalid("messages", message));
        }
        if body.temperature.is_some_and(|heat| !(0.0..=2.0).contains(&heat)) {
            return Err(Complaint::invalid("temperature", "Invalid value for temperature: expected 0 to 2"));
        }
        if body.stops() > 4 {
            return Err(Complaint::invalid("stop", "Invalid value for stop: at most 4 sequences"));
        }
        Ok(())
    }

    fn status(&self, kind: ErrorKind) -> Option<u16> {
        Some(status(kind))
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        Some(message(kind))
    }

    fn unknown_model(&self, model: &str) -> Complaint {
        Complaint::new(ErrorKind::NotFound, 400, format!("{model} is not a valid model ID"))
    }

    fn error(&self, complaint: &Complaint, request: &str) -> String {
        error(complaint, request)
    }

    /// A chunk with the error beside a finish reason that says `error`, then the terminator.
    fn trouble(&self, script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
        let complaint = Complaint::usual(script.dialect, kind);
        out.push_str(&script.prefix);
        let _ = write!(
            out,
            "[{{\"index\":0,\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"error\",\
             \"native_finish_reason\":\"error\"}}],{}}}\n\n",
            object(&complaint)
        );
        out.push_str("data: [DONE]\n\n");
    }

    fn dress(&self, request: &str, headers: &mut HeaderMap) {
        put(headers, "x-generation-id", &format!("gen-{}", ids::hex(request)));
        put(headers, "access-control-allow-origin", "*");
        put(headers, "server", "cloudflare");
        put(headers, "cf-ray", &ids::hex(request)[..16]);
    }

    fn keep_alive(&self) -> &'static str {
        PROCESSING
    }

    fn preamble(&self, _: &Script, out: &mut String) {
        out.push_str(PROCESSING);
    }

    fn push_id(&self, script: &Script, out: &mut String) {
        let _ = write!(out, "gen-{}-{}", script.created_s, script.id.get(..20).unwrap_or_default());
    }

    fn push_top(&self, _: &Script, out: &mut String) {
        let _ = write!(out, ",\"provider\":\"{UPSTREAM}\",\"system_fingerprint\":null");
    }

    fn push_message(&self, script: &Script, out: &mut String) {
        out.push_str(",\"refusal\":null");
        if script.reasoning == 0 {
            out.push_str(",\"reasoning\":null");
        }
    }

    fn push_role(&self, _: &Script, _: &mut String) {}

    fn push_choice(&self, _: &Script, finish: Option<Finish>, out: &mut String) {
        let native = finish.map_or_else(|| "null".to_owned(), |finish| string(self.finish(finish)));
        let _ = write!(out, ",\"native_finish_reason\":{native}");
    }

    fn push_usage(&self, script: &Script, out: &mut String) {
        // The prompt's price and, for what was said, the reply's: in billionths, written as a decimal.
        let cost = script.prompt_tokens * PRICES.0 + script.completion_tokens(script.words) * PRICES.1;
        let cost = format!("{}.{:09}", cost / 1_000_000_000, cost % 1_000_000_000);
        let _ = write!(
            out,
            ",\"cost\":{cost},\"is_byok\":false,\"prompt_tokens_details\":{{\"cached_tokens\":{},\
             \"audio_tokens\":0}},\"cost_details\":{{\"upstream_inference_cost\":{cost}}},\
             \"completion_tokens_details\":{{\"reasoning_tokens\":{},\"image_tokens\":0}}",
            script.cached, script.reasoning
        );
    }

    /// Always, whatever the caller says.
    fn usage_at(&self, _: &Ask) -> UsageAt {
        UsageAt::Chunk { nulls: false }
    }

    fn thoughts(&self) -> Option<&'static str> {
        Some("reasoning")
    }

    fn pads(&self) -> bool {
        false
    }

    fn push_list(&self, script: &Script, out: &mut String) {
        let _ = write!(out, ",\"id\":\"gen-emb-{}-{}\"", script.created_s, script.id);
    }

    fn push_list_usage(&self, script: &Script, out: &mut String) {
        let _ = write!(out, ",\"cost\":{}", (script.prompt_tokens * PRICES.0) as f64 / 1e9);
    }

    fn known_models(&self) -> &'static [&'static str] {
        &["openai/gpt-4o", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash", "deepseek/deepseek-chat"]
    }

    fn model(&self, id: &str) -> String {
        model(id)
    }
}

const fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited => 429,
        ErrorKind::QuotaExhausted | ErrorKind::BudgetInFlight => 402,
        ErrorKind::Overloaded => 529,
        ErrorKind::ServerError => 500,
        ErrorKind::BadGateway => 502,
        ErrorKind::Timeout => 524,
        ErrorKind::Unauthorized => 401,
        ErrorKind::Forbidden | ErrorKind::ContentFilter => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::ContextExceeded | ErrorKind::InvalidRequest => 400,
    }
}

const fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited => "Rate limit exceeded",
        ErrorKind::QuotaExhausted => {
            "Insufficient credits. Add more using https://openrouter.ai/settings/credits"
        }
        ErrorKind::BudgetInFlight => "The budget of requests in flight is exhausted. Please try again later.",
        ErrorKind::Overloaded => "Provider is overloaded",
        ErrorKind::ServerError => "Internal Server Error",
        ErrorKind::BadGateway => "Provider returned error",
        ErrorKind::Timeout => "The request timed out",
        ErrorKind::Unauthorized => "No auth credentials found",
        ErrorKind::Forbidden => "Key does not have permission for this request",
        ErrorKind::NotFound => "No endpoints found for this model.",
        ErrorKind::ContentFilter => "The input requires moderation and was flagged",
        ErrorKind::ContextExceeded => {
            "This endpoint's maximum context length is 128000 tokens. However, you requested about 192041 tokens \
             (192041 of text input). Please reduce the length of either one, or use the \"middle-out\" transform to \
             compress your prompt automatically."
        }
        ErrorKind::InvalidRequest => "Invalid request.",
    }
}

/// The body of an error.
fn error(complaint: &Complaint, request: &str) -> String {
    format!("{{{},\"user_id\":\"user_{}\"}}", object(complaint), ids::hex(request))
}

/// The field `error` alone.
fn object(complaint: &Complaint) -> String {
    let mut metadata = format!("\"error_type\":\"{}\"", error_type(complaint.kind));
    match complaint.kind {
        ErrorKind::ContentFilter => {
            let _ = write!(
                metadata,
                ",\"reasons\":[\"{}\"],\"flagged_input\":\"...\",\"provider_name\":\"{UPSTREAM}\",\
                 \"model_slug\":\"unknown\"",
                complaint.category.name()
            );
        }
        ErrorKind::BudgetInFlight => metadata.push_str(",\"limit_source\":\"openrouter_in_flight_budget\""),
        ErrorKind::BadGateway | ErrorKind::Overloaded => {
            let _ = write!(metadata, ",\"provider_name\":\"{UPSTREAM}\",\"raw\":\"upstream error\"");
        }
        _ => {}
    }
    format!(
        "\"error\":{{\"code\":{},\"message\":{},\"metadata\":{{{metadata}}}}}",
        complaint.status,
        string(&complaint.message)
    )
}

/// OpenRouter's own name for it, the same whichever status carries it.
const fn error_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited | ErrorKind::TokensLimited => "rate_limit_exceeded",
        ErrorKind::QuotaExhausted | ErrorKind::BudgetInFlight => "payment_required",
        ErrorKind::Overloaded => "provider_overloaded",
        ErrorKind::ServerError => "server",
        ErrorKind::BadGateway => "provider_unavailable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Unauthorized => "authentication",
        ErrorKind::Forbidden => "permission_denied",
        ErrorKind::NotFound => "not_found",
        ErrorKind::ContentFilter => "content_policy_violation",
        ErrorKind::ContextExceeded => "context_length_exceeded",
        ErrorKind::InvalidRequest => "invalid_request",
    }
}

fn model(id: &str) -> String {
    let id = string(id);
    format!(
        "{{\"id\":{id},\"canonical_slug\":{id},\"name\":{id},\"created\":1715367049,\"description\":\"\",\
         \"context_length\":128000,\"architecture\":{{\"modality\":\"text->text\",\
         \"input_modalities\":[\"text\"],\"output_modalities\":[\"text\"],\"tokenizer\":\"Other\",\
         \"instruct_type\":null}},\"pricing\":{{\"prompt\":\"0.000001\",\"completion\":\"0.000002\"}},\
         \"top_provider\":{{\"context_length\":128000,\"max_completion_tokens\":16384,\
         \"is_moderated\":false}},\"per_request_limits\":null,\"supported_parameters\":[\"tools\",\
         \"max_tokens\",\"temperature\"]}}"
    )
}
