//! Whole messages, and the parts that streams share with them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::{ChatReply, Finish, ToolCall, Usage};
use crate::router::told::Ledger;

use super::super::writer::About;

/// A message, whole or as a stream begins it.
#[derive(Serialize)]
pub(super) struct MessageOut<'a> {
    pub(super) id: Id<'a>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    pub(super) model: &'a str,
    pub(super) content: Vec<Block<'a>>,
    pub(super) stop_reason: Option<&'static str>,
    pub(super) stop_sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_details: Option<StopDetails<'a>>,
    pub(super) usage: UsageOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) brownout: Option<&'a Ledger>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text { text: Cow<'a, str> },
    Thinking { thinking: &'a str, signature: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: Input<'a> },
}

/// A call's arguments: an object, whatever the model made of them.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Input<'a> {
    Object(&'a RawValue),
    Broken { arguments: &'a str },
    Empty {},
}

/// Why a refusal is one.
#[derive(Serialize)]
pub(super) struct StopDetails<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) category: Option<()>,
    pub(super) explanation: Option<&'a str>,
}

/// Tokens in Anthropic's sense: the input without what a cache held. This shape has no word for "unknown": what is
/// not known is 0 here, and null in the ledger.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct UsageOut {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}

/// `msg_` and the correlation id, without an allocation.
pub(super) struct Id<'a>(pub(super) &'a str);

impl Serialize for Id<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("msg_{}", self.0))
    }
}

impl UsageOut {
    pub(super) fn of(usage: Option<Usage>) -> Self {
        let usage = usage.unwrap_or_default();
        let cached = usage.cached_input.unwrap_or(0);
        UsageOut {
            input_tokens: usage.input.unwrap_or(0).saturating_sub(cached),
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: cached,
            output_tokens: usage.output.unwrap_or(0),
        }
    }
}

/// A whole message.
pub(super) fn whole<'a>(reply: &'a ChatReply, about: &'a About) -> MessageOut<'a> {
    let said = |text: &&'a str| !text.is_empty();
    let text = reply.text.as_deref().filter(said);
    let refusal = reply.refusal.as_deref().filter(said);
    let refusal = refusal.map(|refusal| apart(text.is_some(), refusal));
    let texts = text.map(Cow::Borrowed).into_iter().chain(refusal);
    let mut content: Vec<Block<'a>> = texts.map(|text| Block::Text { text }).collect();
    content.extend(reply.tool_calls.iter().map(call));
    let refused = reply.is_refused();
    MessageOut {
        id: Id(&about.request_id),
        kind: "message",
        role: "assistant",
        model: &about.model,
        content,
        stop_reason: Some(stop_reason(reply.finish.unwrap_or(Finish::Stop), refused)),
        stop_sequence: None,
        stop_details: refused.then(|| StopDetails::of(reply.refusal.as_deref())),
        usage: UsageOut::of(reply.usage),
        brownout: about.ledger.as_deref(),
    }
}

/// The words of a refusal, which the format has no block for: text of a block of its own, set off by an empty line from what
/// was said before. Whoever joins the blocks finds no word of the one run into the other.
pub(super) fn apart(after_text: bool, refusal: &str) -> Cow<'_, str> {
    if after_text { format!("\n\n{refusal}").into() } else { refusal.into() }
}

fn call(call: &ToolCall) -> Block<'_> {
    let arguments = call.arguments.trim();
    let input = match serde_json::from_str::<&RawValue>(arguments) {
        Ok(object) if arguments.starts_with('{') => Input::Object(object),
        _ if arguments.is_empty() => Input::Empty {},
        _ => Input::Broken { arguments },
    };
    Block::ToolUse { id: &call.id, name: &call.name, input }
}

impl<'a> StopDetails<'a> {
    pub(super) fn of(explanation: Option<&'a str>) -> Self {
        StopDetails { kind: "refusal", category: None, explanation }
    }
}

pub(super) const fn stop_reason(finish: Finish, refused: bool) -> &'static str {
    match finish {
        _ if refused => "refusal",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter => "refusal",
    }
}
