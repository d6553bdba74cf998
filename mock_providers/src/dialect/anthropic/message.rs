//! What plain messages and streams have in common.

use std::fmt::Write;

use crate::dialect::Script;
use crate::dialect::json::{push_string, string};

/// What is said of a refusal.
pub(super) const STOP_DETAILS: &str =
    "{\"type\":\"refusal\",\"category\":\"general_harms\",\"explanation\":null}";

/// A message up to its content.
pub(super) fn head(script: &Script, out: &mut String) {
    let _ = write!(
        out,
        "{{\"id\":\"msg_01{}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":",
        script.id
    );
    push_string(&script.ask.model, out);
    out.push_str(",\"content\":");
}

/// A message from behind its content; `details` is JSON.
pub(super) fn tail(script: &Script, reason: &str, details: &str, words: u32, out: &mut String) {
    let _ = write!(
        out,
        ",\"stop_reason\":\"{reason}\",\"stop_sequence\":{},\"stop_details\":{details},\"usage\":{{",
        stop_sequence(script, reason)
    );
    push_input(script, out);
    let _ = write!(
        out,
        ",\"cache_creation\":{{\"ephemeral_5m_input_tokens\":{},\"ephemeral_1h_input_tokens\":0}},\"output_tokens\":{},\
         \"service_tier\":\"standard\",\"inference_geo\":\"global\"}}}}",
        script.written,
        script.completion_tokens(words)
    );
}

/// The tokens of the prompt, told apart: only what neither came from the cache nor was put there is input.
pub(super) fn push_input(script: &Script, out: &mut String) {
    let _ = write!(
        out,
        "\"input_tokens\":{},\"cache_creation_input_tokens\":{},\"cache_read_input_tokens\":{}",
        script.prompt_tokens - script.cached - script.written,
        script.written,
        script.cached
    );
}

/// The stop text that ended the message, as JSON.
pub(super) fn stop_sequence(script: &Script, reason: &str) -> String {
    match &script.stopped {
        Some(stop) if reason == "stop_sequence" => string(stop),
        _ => "null".to_owned(),
    }
}

/// Why the model stopped.
pub(super) const fn stop_reason(script: &Script) -> &'static str {
    match (script.limited, &script.stopped, &script.ask.tool) {
        (true, _, _) => "max_tokens",
        (false, Some(_), _) => "stop_sequence",
        (false, None, Some(_)) => "tool_use",
        (false, None, None) => "end_turn",
    }
}

/// Id and name of a call, with a comma at the end.
pub(super) fn push_call(script: &Script, tool: &str, out: &mut String) {
    let _ = write!(out, "\"id\":\"toolu_01{}\",\"name\":", script.id);
    push_string(tool, out);
    out.push(',');
}

/// Whether the message begins with a block of thoughts.
pub(super) const fn thinks(script: &Script) -> bool {
    script.ask.thinks && script.reasoning > 0
}

/// Tokens of thought that are shown as text.
pub(super) const fn shown(script: &Script) -> u32 {
    if script.ask.thoughts_shown { script.reasoning } else { 0 }
}

/// The index of the block that has the answer.
pub(super) const fn index(script: &Script) -> u32 {
    if thinks(script) { 1 } else { 0 }
}

/// The signature of a thought: base64 letters, as good as any.
pub(super) fn signature(script: &Script) -> String {
    format!("Er{}{}AB==", script.id, script.id)
}
