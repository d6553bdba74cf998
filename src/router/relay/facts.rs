//! What planning must know of a request.

use super::seen::BYTES_PER_TOKEN;
use crate::chat::{ChatRequest, EmbedInput, EmbedRequest, Part, ResponseFormat, Role};
use crate::router::plan::{Facts, Needs};

/// The facts of a request for embeddings. Its longest text must fit: each is read alone.
pub(super) fn of_embed(request: &EmbedRequest) -> Facts {
    let tokens = |input: &EmbedInput| match input {
        EmbedInput::Text(text) => text.len() as u64 / BYTES_PER_TOKEN,
        EmbedInput::Tokens(tokens) => tokens.len() as u64,
    };
    let prompt_tokens = request.input.iter().map(tokens).max().unwrap_or_default();
    Facts { prompt_tokens, needs: Needs { embedding: true, ..Needs::default() }, ..Facts::default() }
}

/// The facts of a chat request.
pub(super) fn of_chat(request: &ChatRequest) -> Facts {
    let parts = || request.messages.iter().flat_map(|message| &message.parts);
    let text = |part: &Part| part.text().map_or(0, |text| text.len() as u64);
    let bytes: u64 = parts().map(text).sum();
    let format = request.response_format.as_ref();
    let needs = Needs {
        tools: !request.tools.is_empty()
            || request.messages.iter().any(|message| !message.tool_calls.is_empty()),
        json_schema: matches!(format, Some(ResponseFormat::JsonSchema { .. })),
        json_object: matches!(format, Some(ResponseFormat::JsonObject)),
        images: parts().any(|part| matches!(part.plain(), Some(Part::Image { .. }))),
        prefill: request
            .messages
            .last()
            .is_some_and(|last| last.role == Role::Assistant && last.tool_calls.is_empty()),
        embedding: false,
    };
    Facts {
        prompt_tokens: bytes / BYTES_PER_TOKEN,
        max_tokens: request.max_tokens,
        stream: request.stream,
        needs,
    }
}
