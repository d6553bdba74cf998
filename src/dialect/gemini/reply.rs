//! A whole response.

use super::super::json::{self, Text};
use super::super::stream::with_calls;
use super::super::{Dialect, failure};
use super::wire::{Response, WireUsage, tool_call};
use crate::chat::{ChatReply, Failure, Finish};

/// Reads a response. A blocked prompt is a refusal; `{}` is a reply with nothing in it.
pub(in super::super) fn reply(json: &str) -> Result<ChatReply, Failure> {
    if let Some(failure) = json.starts_with('[').then(|| failure::raw_error(Dialect::Gemini, json)).flatten()
    {
        return Err(failure);
    }
    let mut response: Response<'_> = json::object(json)?;
    if let Some(failure) = response.failure(json) {
        return Err(failure);
    }
    let mut reply = ChatReply {
        id: Text::or_empty(response.response_id.as_ref()).to_owned(),
        model: Text::or_empty(response.model_version.as_ref()).to_owned(),
        usage: response.usage_metadata.as_ref().map(WireUsage::normalised),
        ..ChatReply::default()
    };
    let Some(candidate) = response.first_candidate() else {
        reply.refusal = response.block_reason().map(super::blocked);
        reply.finish = reply.refusal.as_ref().map(|_| Finish::ContentFilter);
        return Ok(reply);
    };
    let finish = super::finish(candidate.finish_reason.as_ref())?;
    for part in candidate.parts() {
        if let Some(text) = part.text.as_ref().filter(|_| !part.is_thought()) {
            reply.text.get_or_insert_default().push_str(&text.0);
        }
        if let Some(call) = &part.function_call {
            reply.tool_calls.push(tool_call(reply.tool_calls.len(), call)?);
        }
    }
    reply.finish = finish.map(|finish| with_calls(finish, !reply.tool_calls.is_empty()));
    Ok(reply)
}
