//! How many tokens a request has, by an estimate: which model's tokenizer will count is known only when it is asked.

use serde_json::value::RawValue;

use super::read::read;
use crate::chat::{ChatRequest, Failure, Part};

/// Bytes of text that make a token, roughly, in English; other languages have fewer.
const BYTES_PER_TOKEN: u64 = 4;

/// What a turn and a tool take beside their words.
const PER_TURN: u64 = 4;
const PER_TOOL: u64 = 8;

/// An image of the size most are scaled to: (1092 x 1092) / 750.
const PER_IMAGE: u64 = 1590;

/// Estimates the tokens of the request in `body`.
///
/// # Errors
///
/// As [`read`].
pub(in super::super) fn count(body: &[u8]) -> Result<u64, Failure> {
    Ok(estimate(&read(body)?.request))
}

fn estimate(request: &ChatRequest) -> u64 {
    let mut bytes = 0;
    let mut tokens = PER_TURN * request.messages.len() as u64 + PER_TOOL * request.tools.len() as u64;
    for message in &request.messages {
        for part in &message.parts {
            match part.plain() {
                Some(Part::Image { .. }) => tokens += PER_IMAGE,
                _ => bytes += part.text().map_or(0, |text| text.len() as u64),
            }
        }
        bytes += message
            .tool_calls
            .iter()
            .map(|call| (call.name.len() + call.arguments.len()) as u64)
            .sum::<u64>();
    }
    for tool in &request.tools {
        let schema = tool.parameters.as_deref().map_or(0, |schema: &RawValue| schema.get().len());
        bytes += (tool.name.len() + tool.description.as_ref().map_or(0, String::len) + schema) as u64;
    }
    tokens + bytes.div_ceil(BYTES_PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_turns_and_images_are_counted() {
        let body = br#"{"model":"m","max_tokens":9,"system":"12345678","messages":[{"role":"user","content":[
            {"type":"text","text":"1234567"},
            {"type":"image","source":{"type":"url","url":"http://x/y.png"}}]}]}"#;
        // Two turns of 4, an image of 1590, and 15 bytes that make 4 tokens.
        assert_eq!(count(body).unwrap(), 8 + 1590 + 4);
        assert!(count(b"{}").is_err());
    }
}
