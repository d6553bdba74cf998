//! A whole chat completion.

use super::super::json::{self, Text};
use super::super::stream::with_calls;
use super::wire::{Call, Completion};
use crate::chat::{ChatReply, Failure, ToolCall};

/// Reads a completion. `choices` that are missing, null or empty make a reply with nothing in it.
pub(in super::super) fn reply(json: &str) -> Result<ChatReply, Failure> {
    let mut completion: Completion<'_> = json::object(json)?;
    if let Some(failure) = completion.failure(json) {
        return Err(failure);
    }
    let mut reply = ChatReply {
        id: Text::or_empty(completion.id.as_ref()).to_owned(),
        model: Text::or_empty(completion.model.as_ref()).to_owned(),
        usage: completion.usage.as_ref().and_then(super::wire::WireUsage::normalised),
        ..ChatReply::default()
    };
    let Some(mut choice) = completion.first_choice() else {
        return Ok(reply);
    };
    let finish = super::finish(choice.finish_reason.as_ref(), choice.native_finish_reason.as_ref())?;
    let message = choice.said().unwrap_or_default();
    reply.text = message.content.map(|content| content.text.into_owned());
    reply.refusal = Text::filled(message.refusal.as_ref());
    let calls = message.tool_calls.unwrap_or_default();
    reply.tool_calls = calls.iter().enumerate().map(tool_call).collect::<Result<_, _>>()?;
    reply.finish = finish.map(|finish| with_calls(finish, !reply.tool_calls.is_empty()));
    Ok(reply)
}

fn tool_call((position, call): (usize, &Call<'_>)) -> Result<ToolCall, Failure> {
    let function = call.function.as_ref();
    Ok(ToolCall {
        id: Text::filled(call.id.as_ref()).unwrap_or_else(|| format!("call_{position}")),
        name: Text::or_empty(function.and_then(|function| function.name.as_ref())).to_owned(),
        arguments: json::arguments(function.and_then(|function| function.arguments))?.into_owned(),
    })
}
