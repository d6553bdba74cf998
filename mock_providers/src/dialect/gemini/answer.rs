//! What plain answers and chunks have in common.

use std::fmt::Write;

use crate::dialect::Script;
use crate::dialect::json::string;

pub(super) const RATINGS: &str =
    "\"safetyRatings\":[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"probability\":\"NEGLIGIBLE\"}]";
pub(super) const BLOCKED: &str = "\"safetyRatings\":[{\"category\":\"HARM_CATEGORY_DANGEROUS_CONTENT\",\"probability\":\"HIGH\",\"blocked\":true}]";

/// Why the model stopped; a stop text is told like any other end.
pub(super) const fn finish(script: &Script) -> &'static str {
    if script.limited { "MAX_TOKENS" } else { "STOP" }
}

/// What every answer ends with: the model and the answer's id.
pub(super) fn identity(script: &Script) -> String {
    format!(",\"modelVersion\":{},\"responseId\":\"{}\"}}", string(&script.ask.model), script.id)
}

/// The usage after `words` words, and the end of the answer.
pub(super) fn tail(script: &Script, words: u32, out: &mut String) {
    usage(script, words, out);
    out.push_str(&identity(script));
}

/// The usage after `words` words. Candidates do not include thoughts, the total does; the prompt includes what came
/// from the cache.
pub(super) fn usage(script: &Script, words: u32, out: &mut String) {
    let (prompt, thoughts) = (script.prompt_tokens, script.reasoning);
    let total = prompt + script.completion_tokens(words);
    let _ = write!(
        out,
        "\"usageMetadata\":{{\"promptTokenCount\":{prompt},\"candidatesTokenCount\":{words},\"totalTokenCount\":{total},"
    );
    if thoughts > 0 {
        let _ = write!(out, "\"thoughtsTokenCount\":{thoughts},");
    }
    if script.cached > 0 {
        let cached = script.cached;
        let _ = write!(
            out,
            "\"cachedContentTokenCount\":{cached},\"cacheTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":{cached}}}],"
        );
    }
    let _ = write!(
        out,
        "\"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":{prompt}}}],\"serviceTier\":\"standard\"}}"
    );
}

/// Whether thoughts are shown, as parts before the answer.
pub(super) const fn shows_thoughts(script: &Script) -> bool {
    script.ask.thoughts_shown && script.reasoning > 0
}
