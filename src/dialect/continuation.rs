//! Going on with an answer that broke off, by giving its beginning to a model as the assistant's last turn.
//!
//! Whether a model takes that is its operator's word (many of today's refuse it); how a server is asked differs,
//! and the encoders know: Anthropic and Gemini go on with a last turn of the model by themselves (Anthropic refuses
//! blanks at its end), Mistral and DeepSeek want it marked, vLLM's chat template is told. Nothing else of the
//! request changes: no instruction is added to anybody's conversation (B010).

use serde_json::Value;

use super::encode::GOES_ON;
use crate::chat::{ChatRequest, Message, Part, Role};

/// The request that asks a model to go on after `said`: its last turn is the assistant's, begun so. An assistant's
/// turn that is there already, a beginning the caller gave, is gone on with.
#[must_use]
pub fn continue_from(request: &ChatRequest, said: &str) -> ChatRequest {
    let mut request = request.clone();
    if request.messages.last().is_none_or(|last| last.role != Role::Assistant) {
        request.messages.push(Message { parts: Vec::new(), ..Message::new(Role::Assistant, "") });
    }
    if let Some(last) = request.messages.last_mut() {
        match last.parts.last_mut() {
            Some(Part::Text(text)) => text.push_str(said),
            _ if said.is_empty() => {}
            _ => last.parts.push(Part::Text(said.to_owned())),
        }
        last.extra.insert(GOES_ON.to_owned(), Value::Bool(true));
    }
    request
}

/// What of `more`, the first piece of a continuation, is new after `said`: a model that was given `said` without
/// the blanks at its end says them again.
#[must_use]
pub fn after_seam<'a>(said: &str, more: &'a str) -> &'a str {
    let blanks = &said[said.trim_end().len()..];
    let overlap = blanks.char_indices().map(|(at, _)| &blanks[at..]).find(|tail| more.starts_with(tail));
    &more[overlap.map_or(0, str::len)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_appended_as_the_assistants_turn() {
        let request =
            ChatRequest { messages: vec![Message::new(Role::User, "Hi")], ..ChatRequest::default() };
        let continued = continue_from(&request, "Hello th");
        assert_eq!(continued.messages.len(), 2);
        assert_eq!(continued.messages[1].role, Role::Assistant);
        assert_eq!(continued.messages[1].parts, [Part::Text("Hello th".to_owned())]);
        // Broken off once more, the same turn goes on.
        let again = continue_from(&continued, "ere");
        assert_eq!(again.messages.len(), 2);
        assert_eq!(again.messages[1].parts, [Part::Text("Hello there".to_owned())]);
        assert_eq!(request.messages.len(), 1, "the caller's request is left alone");
    }

    #[test]
    fn blanks_at_the_seam_are_not_doubled() {
        for (said, more, new) in [
            ("Hello", " there", " there"),
            ("Hello ", " there", "there"),
            ("Hello ", "there", "there"),
            ("Hello\n\n", "\n\nthere", "there"),
            ("Hello\n\n", "\nthere", "there"),
            ("Hello\n", "\n\nthere", "\nthere"),
            ("Hello \n", "\n", ""),
            ("", " x", " x"),
            (" ", " x", "x"),
            ("Hello\u{a0}", "\u{a0}x", "x"),
        ] {
            assert_eq!(after_seam(said, more), new, "{said:?} {more:?}");
        }
    }
}
