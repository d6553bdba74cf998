//! Where those who imitate OpenAI's chat completions differ from it.
//!
//! Every method of [`Vendor`] is one habit, and its default is OpenAI's own. A vendor is a unit struct in a
//! module named after it that overrides what it does otherwise; [`vendor`] is the only place that lists them.

use http::request::Parts;
use http::{HeaderMap, Method};

use super::{chat, check, error, models, route};
use crate::dialect::ask::bearer;
use crate::dialect::azure::Azure;
use crate::dialect::deepseek::Deepseek;
use crate::dialect::llama_cpp::LlamaCpp;
use crate::dialect::mistral::Mistral;
use crate::dialect::ollama::Ollama;
use crate::dialect::openrouter::Openrouter;
use crate::dialect::qwen::Qwen;
use crate::dialect::vllm::Vllm;
use crate::dialect::{Ask, Complaint, Dialect, Media, Script};
use crate::fault::{ErrorKind, RefusalForm};

/// Why a model stopped, in OpenAI's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) enum Finish {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

/// Where a stream tells its usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) enum UsageAt {
    Nowhere,
    /// In a chunk of its own without choices; `null` on all others when `nulls`.
    Chunk {
        nulls: bool,
    },
    /// In the chunk that has the finish reason.
    Finish,
    /// As far as it is known in every chunk, and in a chunk of its own.
    Every,
}

/// A vendor's habits. Fields that are appended to an object are written with a leading comma: `,"name":value`.
pub(in crate::dialect) trait Vendor: Sync {
    // === requests ===

    /// What a path leads to; none when it leads nowhere.
    fn route<'a>(&self, path: &'a str) -> Option<route::Route<'a>> {
        route::standard(route::bare(path))
    }

    /// What of the head is wrong beyond path, method and credential.
    fn check_head(&self, _: &Parts) -> Result<(), Complaint> {
        Ok(())
    }

    /// The credential.
    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        bearer(&head.headers)
    }

    /// Takes what only this vendor knows out of a chat body.
    fn take(&self, _: &chat::Body<'_>, _: &mut Ask) {}

    /// What the vendor refuses in a chat body, in the order in which it looks.
    fn check(&self, body: &chat::Body<'_>) -> Result<(), Complaint> {
        chat::check(body)
    }

    // === errors ===

    /// The status of an error; none for the usual one.
    fn status(&self, _: ErrorKind) -> Option<u16> {
        None
    }

    /// The words of an error; none for OpenAI's.
    fn message(&self, _: ErrorKind) -> Option<&'static str> {
        None
    }

    /// The error for a model nobody knows.
    fn unknown_model(&self, model: &str) -> Complaint {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        Complaint::new(ErrorKind::NotFound, 404, message).coded("model_not_found")
    }

    /// The error for a body that is no JSON of the right form.
    fn misread(&self, error: &serde_json::Error) -> Complaint {
        let message = if error.is_data() {
            format!("Invalid type in the request body: {error}.")
        } else {
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
             library correctly.)"
                .to_owned()
        };
        Complaint::new(ErrorKind::InvalidRequest, 400, message)
    }

    /// The same, after a second look at the body for the field at fault.
    fn diagnose(&self, error: &serde_json::Error, _: &[u8], _: &[chat::Field]) -> Complaint {
        self.misread(error)
    }

    /// The error for a path that leads nowhere.
    fn unknown_path(&self, method: &Method, path: &str) -> Complaint {
        Complaint::unknown_path(method, path)
    }

    /// What the body of an error is.
    fn error_media(&self, _: &Complaint) -> Media {
        Media::Json
    }

    /// The body of an error; `request` is the request's id.
    fn error(&self, complaint: &Complaint, request: &str) -> String {
        let _ = request;
        error::body(complaint)
    }

    /// The same of an error inside a success: who answers at the door, with a status of its own, has no part in it.
    fn inside(&self, complaint: &Complaint, request: &str) -> String {
        self.error(complaint, request)
    }

    /// An error in a stream after so many words, up to its end.
    fn trouble(&self, script: &Script, kind: ErrorKind, _: u32, out: &mut String) {
        chat::usual_trouble(script, kind, out);
    }

    // === answers ===

    /// Puts on the headers of every answer; `request` is the request's id.
    fn dress(&self, request: &str, headers: &mut HeaderMap) {
        route::dress(request, headers);
    }

    /// What keeps a silent stream alive: a comment.
    fn keep_alive(&self) -> &'static str {
        ": keep-alive\n\n"
    }

    /// What comes before the first event of a stream: comments, as a rule.
    fn preamble(&self, _: &Script, _: &mut String) {}

    /// The answer's id, without quotes.
    fn push_id(&self, script: &Script, out: &mut String) {
        out.push_str("chatcmpl-");
        out.push_str(&script.id);
    }

    /// Fields at the end of a plain answer.
    fn push_top(&self, _: &Script, out: &mut String) {
        out.push_str(",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44709d6fcb\"");
    }

    /// Fields of every chunk, between the model and the choices.
    fn push_chunk(&self, script: &Script, out: &mut String) {
        self.push_top(script, out);
    }

    /// Fields at the end of a plain message.
    fn push_message(&self, _: &Script, out: &mut String) {
        out.push_str(",\"refusal\":null,\"annotations\":[]");
    }

    /// Fields at the end of the first delta.
    fn push_role(&self, _: &Script, out: &mut String) {
        out.push_str(",\"refusal\":null");
    }

    /// Fields of a choice, before its finish reason; `finish` is none for all but the last delta.
    fn push_choice(&self, _: &Script, _: Option<Finish>, _: &mut String) {}

    /// What a filter found in a choice, of which `words` are said here.
    fn push_filter(&self, _: &Script, _: u32, _: Option<Finish>, _: &mut String) {}

    /// Whether every choice has a field `logprobs`.
    fn logprobs(&self) -> bool {
        true
    }

    /// Fields at the end of the usage; the three counts stand before.
    fn push_usage(&self, script: &Script, out: &mut String) {
        chat::push_usage_details(script, out);
    }

    /// Fields at the end of the chunk that has the finish reason.
    fn push_last(&self, _: &Script, _: &mut String) {}

    /// Where a stream tells its usage.
    fn usage_at(&self, ask: &Ask) -> UsageAt {
        if ask.include_usage { UsageAt::Chunk { nulls: true } } else { UsageAt::Nowhere }
    }

    /// The field of message and delta that shows the model's thoughts, where they are shown.
    fn thoughts(&self) -> Option<&'static str> {
        None
    }

    /// Whether deltas are padded unless the caller does not want it.
    fn pads(&self) -> bool {
        true
    }

    /// Whether a tool call comes whole in one delta.
    fn whole_calls(&self) -> bool {
        false
    }

    /// The id of a tool call, without quotes.
    fn push_call_id(&self, script: &Script, out: &mut String) {
        out.push_str("call_");
        out.push_str(&script.id);
    }

    /// The vendor's word for a finish reason.
    fn finish(&self, finish: Finish) -> &'static str {
        match finish {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::ToolCalls => "tool_calls",
            Finish::ContentFilter => "content_filter",
        }
    }

    /// The form in which it gives a refusal that was wanted in `form`: who has no `refusal` field gives another.
    fn refusal(&self, form: RefusalForm) -> RefusalForm {
        form
    }

    // === embeddings ===

    /// The size of a vector when the caller does not say.
    fn dimensions(&self, model: &str) -> u32 {
        if model.ends_with("large") { 3_072 } else { 1_536 }
    }

    /// The error for `model` or `input` missing in a request for embeddings, where it has to be there.
    fn without(&self, field: &'static str) -> Result<(), Complaint> {
        Err(match field {
            "model" => Complaint::invalid(field, "you must provide a model parameter"),
            _ => check::missing(field),
        })
    }

    /// Fields at the end of a list of embeddings.
    fn push_list(&self, _: &Script, _: &mut String) {}

    /// Fields at the end of its usage; the counts of the prompt and of all stand before.
    fn push_list_usage(&self, _: &Script, _: &mut String) {}

    // === models ===

    /// Ids it lists when the specification has none.
    fn known_models(&self) -> &'static [&'static str] {
        &["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5", "gpt-5-mini", "o3", "text-embedding-3-small"]
    }

    /// One model of the listing.
    fn model(&self, id: &str) -> String {
        models::entry(id, "system", "")
    }
}

/// OpenAI itself.
struct Openai;

impl Vendor for Openai {
    fn diagnose(&self, error: &serde_json::Error, body: &[u8], fields: &[chat::Field]) -> Complaint {
        chat::diagnose(error, body, fields)
    }

    fn route<'a>(&self, path: &'a str) -> Option<route::Route<'a>> {
        route::openai(path)
    }
}

/// Who speaks this dialect's chat completions. The vendors with formats of their own stand for OpenAI here; they
/// are never asked.
pub(in crate::dialect) fn vendor(dialect: Dialect) -> &'static dyn Vendor {
    match dialect {
        Dialect::Openai | Dialect::Anthropic | Dialect::Gemini => &Openai,
        Dialect::Azure => &Azure,
        Dialect::Mistral => &Mistral,
        Dialect::Deepseek => &Deepseek,
        Dialect::Qwen => &Qwen,
        Dialect::Openrouter => &Openrouter,
        Dialect::Ollama => &Ollama,
        Dialect::LlamaCpp => &LlamaCpp,
        Dialect::Vllm => &Vllm,
    }
}
