//! The ways in which a success can be empty, made of the two that every format knows: no answer at all, and an
//! answer without text.
//!
//! Formats that others add are emptied as far as they use the same fields; what they do not know stays as it is.

use super::Format;
use crate::fault::Emptiness;

/// Whether this kind begins with no answer at all, instead of one without text.
pub(super) const fn is_bare(kind: Emptiness) -> bool {
    matches!(kind, Emptiness::NoChoices | Emptiness::NullChoices | Emptiness::MissingChoices)
}

/// Turns an empty answer, plain or streamed, into one that is empty in this way.
pub(super) fn hollow(kind: Emptiness, format: Format, text: &mut String) {
    let (from, to) = match format {
        Format::Chat => chat(kind),
        Format::Messages => messages(kind),
        Format::Generate => generate(kind),
        Format::OllamaChat | Format::OllamaGenerate => ollama(kind),
        Format::Embeddings => embeddings(kind),
        Format::Responses => return responses(kind, text),
        Format::Embed | Format::OllamaEmbed => ("", ""),
    };
    if !from.is_empty() {
        *text = text.replace(from, to);
    }
}

const fn chat(kind: Emptiness) -> (&'static str, &'static str) {
    match kind {
        Emptiness::NullChoices => ("\"choices\":[]", "\"choices\":null"),
        // Plain bodies have fields behind it, chunks have not.
        Emptiness::MissingChoices => ("\"choices\":[]", "\"warnings\":[]"),
        Emptiness::NullContent => ("\"content\":\"\"", "\"content\":null"),
        Emptiness::Whitespace => ("\"content\":\"\"", "\"content\":\" \\n\""),
        Emptiness::ReasoningOnly => (
            "\"content\":\"\"",
            "\"content\":\"\",\"reasoning_content\":\"Let me think about what is asked.\"",
        ),
        Emptiness::LengthWithoutText => ("\"finish_reason\":\"stop\"", "\"finish_reason\":\"length\""),
        _ => ("", ""),
    }
}

/// An item is emptied wherever it is told, in its events and in the response at the end.
fn responses(kind: Emptiness, text: &mut String) {
    const NO_TEXT: &str = "\"logprobs\":[],\"text\":\"\"";
    let mut put = |from: &str, to: &str| *text = text.replace(from, to);
    match kind {
        Emptiness::NullChoices => put("\"output\":[]", "\"output\":null"),
        Emptiness::MissingChoices => put("\"output\":[],", ""),
        Emptiness::NullContent => put(NO_TEXT, "\"logprobs\":[],\"text\":null"),
        Emptiness::Whitespace => put(NO_TEXT, "\"logprobs\":[],\"text\":\" \\n\""),
        Emptiness::LengthWithoutText => {
            put("\"completed\"", "\"incomplete\"");
            put("response.completed", "response.incomplete");
            put(
                "\"status\":\"incomplete\",\"error\":null,\"incomplete_details\":null",
                "\"status\":\"incomplete\",\"error\":null,\"incomplete_details\":{\"reason\":\"max_output_tokens\"}",
            );
        }
        _ => {}
    }
}

/// A success without vectors.
const fn embeddings(kind: Emptiness) -> (&'static str, &'static str) {
    match kind {
        Emptiness::NullChoices => ("\"data\":[]", "\"data\":null"),
        Emptiness::MissingChoices => ("\"data\":[],", ""),
        _ => ("", ""),
    }
}

const fn ollama(kind: Emptiness) -> (&'static str, &'static str) {
    match kind {
        Emptiness::NullContent => ("\"content\":\"\"", "\"content\":null"),
        Emptiness::Whitespace => ("\"content\":\"\"", "\"content\":\" \\n\""),
        Emptiness::ReasoningOnly => {
            ("\"content\":\"\"", "\"content\":\"\",\"thinking\":\"Let me think about what is asked.\"")
        }
        Emptiness::LengthWithoutText => ("\"done_reason\":\"stop\"", "\"done_reason\":\"length\""),
        _ => ("", ""),
    }
}

const fn messages(kind: Emptiness) -> (&'static str, &'static str) {
    match kind {
        Emptiness::NullChoices => ("\"content\":[]", "\"content\":null"),
        Emptiness::MissingChoices => ("\"content\":[],", ""),
        Emptiness::NullContent => ("\"type\":\"text\",\"text\":\"\"", "\"type\":\"text\",\"text\":null"),
        Emptiness::Whitespace => ("\"type\":\"text\",\"text\":\"\"", "\"type\":\"text\",\"text\":\" \\n\""),
        Emptiness::ReasoningOnly => (
            "\"type\":\"text\",\"text\":\"\"",
            "\"type\":\"thinking\",\"thinking\":\"Let me think about what is asked.\",\"signature\":\"\"",
        ),
        Emptiness::LengthWithoutText => ("\"stop_reason\":\"end_turn\"", "\"stop_reason\":\"max_tokens\""),
        _ => ("", ""),
    }
}

const fn generate(kind: Emptiness) -> (&'static str, &'static str) {
    const NO_PARTS: &str = "\"content\":{\"role\":\"model\"}";
    match kind {
        Emptiness::NullChoices => ("\"usageMetadata\":{", "\"candidates\":null,\"usageMetadata\":{"),
        Emptiness::NullContent => (NO_PARTS, "\"content\":null"),
        Emptiness::Whitespace => {
            (NO_PARTS, "\"content\":{\"parts\":[{\"text\":\" \\n\"}],\"role\":\"model\"}")
        }
        Emptiness::ReasoningOnly => (
            NO_PARTS,
            "\"content\":{\"parts\":[{\"text\":\"Let me think about what is asked.\",\"thought\":true}],\
             \"role\":\"model\"}",
        ),
        Emptiness::LengthWithoutText => ("\"finishReason\":\"STOP\"", "\"finishReason\":\"MAX_TOKENS\""),
        _ => ("", ""),
    }
}
