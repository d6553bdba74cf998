//! Ollama's OpenAI-compatible interface.

use http::HeaderMap;

use super::{embed, error};
use crate::dialect::openai::{Body, Finish, Route, UsageAt, Vendor, standard_route};
use crate::dialect::{Ask, Complaint, Script, ids};
use crate::fault::{ErrorKind, RefusalForm};

/// Ids are drawn from so few that they collide.
const IDS: u64 = 999;

/// Ollama, to those who take it for OpenAI.
pub(in crate::dialect) struct Ollama;

impl Vendor for Ollama {
    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        standard_route(path.strip_prefix("/v1")?)
    }

    fn take(&self, _: &Body<'_>, ask: &mut Ask) {
        ask.obfuscation = false;
    }

    fn check(&self, body: &Body<'_>) -> Result<(), Complaint> {
        if body.messages.as_ref().is_none_or(Vec::is_empty) {
            return Err(Complaint::invalid("messages", "[] is too short - 'messages'"));
        }
        if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
            return Err(Complaint::invalid("model", "model is required"));
        }
        Ok(())
    }

    fn misread(&self, error: &serde_json::Error) -> Complaint {
        Complaint::invalid("body", error.to_string())
    }

    fn message(&self, kind: ErrorKind) -> Option<&'static str> {
        Some(error::message(kind))
    }

    fn unknown_model(&self, model: &str) -> Complaint {
        error::unknown_model(model)
    }

    fn unknown_path(&self, _: &http::Method, _: &str) -> Complaint {
        error::unknown_path()
    }

    fn error(&self, complaint: &Complaint, _: &str) -> String {
        error::compatible(complaint)
    }

    /// The native layer writes its error into a stream that already began, and the compatible one takes it for
    /// a chunk that says nothing: an empty delta, and then the end.
    fn trouble(&self, script: &Script, _: ErrorKind, _: u32, out: &mut String) {
        out.push_str(&script.prefix);
        out.push_str(
            "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
        );
    }

    fn dress(&self, _: &str, _: &mut HeaderMap) {}

    fn push_id(&self, script: &Script, out: &mut String) {
        out.push_str("chatcmpl-");
        out.push_str(&ids::number(&script.id, IDS).to_string());
    }

    fn push_top(&self, _: &Script, out: &mut String) {
        out.push_str(",\"system_fingerprint\":\"fp_ollama\"");
    }

    fn push_message(&self, _: &Script, _: &mut String) {}

    fn push_role(&self, _: &Script, _: &mut String) {}

    fn push_choice(&self, _: &Script, _: Option<Finish>, _: &mut String) {}

    fn push_usage(&self, _: &Script, _: &mut String) {}

    fn usage_at(&self, ask: &Ask) -> UsageAt {
        if ask.include_usage { UsageAt::Chunk { nulls: false } } else { UsageAt::Nowhere }
    }

    fn thoughts(&self) -> Option<&'static str> {
        Some("reasoning")
    }

    fn pads(&self) -> bool {
        false
    }

    fn whole_calls(&self) -> bool {
        true
    }

    fn push_call_id(&self, script: &Script, out: &mut String) {
        out.push_str("call_");
        out.push_str(script.id.get(..8).unwrap_or("00000000"));
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
        embed::DIMENSIONS
    }

    fn without(&self, field: &'static str) -> Result<(), Complaint> {
        let message = if field == "model" { "model is required" } else { "invalid input" };
        Err(Complaint::invalid(field, message))
    }

    fn known_models(&self) -> &'static [&'static str] {
        super::KNOWN
    }

    fn model(&self, id: &str) -> String {
        let id = crate::dialect::json::string(id);
        format!("{{\"id\":{id},\"object\":\"model\",\"created\":1715367049,\"owned_by\":\"library\"}}")
    }
}
