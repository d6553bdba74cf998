//! A whole message.

use super::super::json::{self, Text};
use super::super::stream::with_calls;
use super::super::{Dialect, failure};
use super::wire::{Block, Message};
use crate::chat::{ChatReply, Failure, ToolCall};

/// Reads a message. A refusal keeps what text there is.
pub(in super::super) fn reply(json: &str) -> Result<ChatReply, Failure> {
    let mut message: Message<'_> = json::object(json)?;
    if message.error.is_some() || Text::or_empty(message.kind.as_ref()) == "error" {
        return Err(failure::in_band(Dialect::Anthropic, json));
    }
    let stop = message.stop();
    let blocks = message.content.as_deref().unwrap_or_default();
    let calls = blocks.iter().filter(|block| block.is("tool_use")).enumerate();
    let tool_calls = calls.map(tool_call).collect::<Result<Vec<ToolCall>, _>>()?;
    let texts: Vec<&str> = blocks
        .iter()
        .filter(|block| block.is("text"))
        .map(|block| Text::or_empty(block.text.as_ref()))
        .collect();
    Ok(ChatReply {
        id: Text::or_empty(message.id.as_ref()).to_owned(),
        model: Text::or_empty(message.model.as_ref()).to_owned(),
        text: (!texts.is_empty()).then(|| texts.concat()),
        refusal: stop.refusal(),
        finish: super::finish(stop.stop_reason.as_ref())?
            .map(|finish| with_calls(finish, !tool_calls.is_empty())),
        tool_calls,
        usage: message.usage.map(|usage| usage.normalised()),
    })
}

fn tool_call((position, block): (usize, &Block<'_>)) -> Result<ToolCall, Failure> {
    let arguments = json::arguments(block.input)?;
    Ok(ToolCall {
        id: Text::filled(block.id.as_ref()).unwrap_or_else(|| format!("call_{position}")),
        name: Text::or_empty(block.name.as_ref()).to_owned(),
        arguments: if arguments.is_empty() { "{}".to_owned() } else { arguments.into_owned() },
    })
}

impl Block<'_> {
    /// Whether this block is of a kind.
    pub(super) fn is(&self, kind: &str) -> bool {
        Text::or_empty(self.kind.as_ref()) == kind
    }
}
