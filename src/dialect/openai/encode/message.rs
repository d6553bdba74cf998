//! Turns of a conversation, and their pieces.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::super::super::encode::{GOES_ON, own_fields};
use super::{List, optional};
use crate::chat::{ChatRequest, Message, Origin, Part, Role, ToolCall};

/// How a server is asked to go on with the last, assistant's turn, rather than to answer it. Nobody agrees on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GoesOn {
    /// Not at all: nothing is to be gone on with, or the server does so without being asked (OpenRouter).
    Silent,
    /// A mark on the turn: Mistral's and DeepSeek's `prefix`, Moonshot's `partial`.
    Mark(&'static str),
    /// The chat template is told (vLLM, SGLang; llama.cpp needs no telling and does not mind).
    Template,
}

impl GoesOn {
    /// Whether it sets this field of the request.
    pub(super) fn sets(self, name: &str) -> bool {
        self == GoesOn::Template && matches!(name, "continue_final_message" | "add_generation_prompt")
    }
}

/// How this server is asked, if the request asks for it.
pub(super) fn goes_on(request: &ChatRequest, base_url: &str) -> GoesOn {
    let asked = request.messages.last().is_some_and(|last| {
        last.role == Role::Assistant && last.extra.get(GOES_ON) == Some(&Value::Bool(true))
    });
    if !asked {
        return GoesOn::Silent;
    }
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    const HOSTS: [(&str, GoesOn); 7] = [
        ("mistral", GoesOn::Mark(GOES_ON)),
        ("deepseek", GoesOn::Mark(GOES_ON)),
        ("moonshot", GoesOn::Mark("partial")),
        ("dashscope", GoesOn::Mark("partial")),
        ("openrouter", GoesOn::Silent),
        ("openai.com", GoesOn::Silent),
        ("azure.com", GoesOn::Silent),
    ];
    HOSTS.into_iter().find(|(name, _)| host.contains(name)).map_or(GoesOn::Template, |(_, how)| how)
}

/// One turn.
pub(super) struct WireMessage<'a> {
    pub(super) message: &'a Message,
    /// Whose words its extra fields are.
    pub(super) origin: Origin,
    pub(super) goes_on: GoesOn,
}

/// Fields this encoder writes itself.
const OWN: [&str; 5] = ["role", "content", "name", "tool_call_id", "tool_calls"];

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message;
        let mut map = serializer.serialize_map(None)?;
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        };
        map.serialize_entry("role", role)?;
        let pieces: Vec<Piece<'_>> = message.parts.iter().filter_map(Piece::of).collect();
        match pieces.as_slice() {
            [] if !message.tool_calls.is_empty() => map.serialize_entry("content", &None::<&str>)?,
            [] => map.serialize_entry("content", "")?,
            [Piece::Plain(Part::Text(text))] => map.serialize_entry("content", text)?,
            pieces => map.serialize_entry("content", pieces)?,
        }
        optional(&mut map, "name", message.name.as_deref())?;
        optional(&mut map, "tool_call_id", message.tool_call_id.as_deref())?;
        if !message.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &List(&message.tool_calls, wire_call))?;
        }
        if self.origin == Origin::OpenAi {
            for (name, value) in own_fields(message).filter(|(name, _)| !OWN.contains(&name.as_str())) {
                map.serialize_entry(name, value)?;
            }
        }
        if let GoesOn::Mark(mark) = self.goes_on {
            map.serialize_entry(mark, &true)?;
        }
        map.end()
    }
}

/// A piece of a turn as it goes out.
enum Piece<'a> {
    Plain(&'a Part),
    Own(&'a Value),
}

impl<'a> Piece<'a> {
    fn of(part: &'a Part) -> Option<Self> {
        match part {
            Part::Native { origin: Origin::OpenAi, value, .. } => Some(Piece::Own(value)),
            part => part.plain().map(Piece::Plain),
        }
    }
}

impl Serialize for Piece<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Wire<'a> {
            Text { text: &'a str },
            ImageUrl { image_url: Image<'a> },
        }
        #[derive(serde::Serialize)]
        struct Image<'a> {
            url: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'a str>,
        }
        match self {
            Piece::Own(value) => value.serialize(serializer),
            Piece::Plain(Part::Native { value, .. }) => value.serialize(serializer),
            Piece::Plain(Part::Text(text)) => Wire::Text { text }.serialize(serializer),
            Piece::Plain(Part::Image { url, detail }) => {
                Wire::ImageUrl { image_url: Image { url, detail: detail.as_deref() } }.serialize(serializer)
            }
        }
    }
}

#[derive(serde::Serialize)]
struct CallFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(serde::Serialize)]
struct WireCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CallFunction<'a>,
}

fn wire_call(call: &ToolCall) -> WireCall<'_> {
    let function = CallFunction { name: &call.name, arguments: &call.arguments };
    WireCall { id: &call.id, kind: "function", function }
}
