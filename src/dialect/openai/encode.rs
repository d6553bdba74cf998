//! A chat completion request.
//!
//! Output is bounded by `max_tokens`, which every compatible server knows, except where it is refused: OpenAI's
//! own hosts and its reasoning models anywhere get `max_completion_tokens`. Upstream streams always ask for
//! usage, because the router accounts for it whether or not the caller wants it.

use http::header::AUTHORIZATION;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::encode::{Adapted, Envelope, finite};
use super::super::{Encoded, Upstream};
use crate::chat::{
    ChatRequest, Failure, Message, Origin, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice,
};

/// Writes the request; nothing but another vendor's own fields needs adapting, for the neutral language is this
/// dialect's.
pub(in super::super) fn encode(request: &ChatRequest, upstream: &Upstream<'_>) -> Result<Encoded, Failure> {
    let envelope = Envelope {
        upstream,
        path: "/chat/completions",
        query: None,
        key_header: AUTHORIZATION,
        key_prefix: "Bearer ",
        stream: request.stream,
    };
    let body = Body { request, model: upstream.model, limit_name: limit_name(upstream) };
    let mut adapted = Adapted::default();
    if request.origin != Origin::OpenAi {
        adapted.drop_extra(request);
    }
    envelope.seal(&body, adapted)
}

/// The name of the output limit.
fn limit_name(upstream: &Upstream<'_>) -> &'static str {
    let model = upstream.model.rsplit('/').next().unwrap_or_default();
    let digit = |prefix: &str| model.strip_prefix(prefix).and_then(|rest| rest.bytes().next());
    let reasons = digit("o").is_some_and(|byte| byte.is_ascii_digit())
        || digit("gpt-").is_some_and(|byte| (b'5'..=b'9').contains(&byte));
    let own = ["://api.openai.com", ".openai.azure.com"].iter().any(|host| upstream.base_url.contains(host));
    if own || reasons { "max_completion_tokens" } else { "max_tokens" }
}

/// Fields this encoder writes itself; an extra field of that name would stand in the body twice.
const OWN: [&str; 14] = [
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "response_format",
    "user",
];

struct Body<'a> {
    request: &'a ChatRequest,
    model: &'a str,
    limit_name: &'static str,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("messages", &Messages(request))?;
        optional(&mut map, self.limit_name, request.max_tokens)?;
        optional(&mut map, "temperature", finite(request.temperature))?;
        optional(&mut map, "top_p", finite(request.top_p))?;
        optional(&mut map, "stop", Some(&request.stop).filter(|stop| !stop.is_empty()))?;
        optional(&mut map, "seed", request.seed)?;
        if !request.tools.is_empty() {
            map.serialize_entry("tools", &List(&request.tools, WireTool))?;
        }
        optional(&mut map, "tool_choice", request.tool_choice.as_ref().map(WireChoice))?;
        optional(&mut map, "response_format", request.response_format.as_ref().map(WireFormat))?;
        optional(&mut map, "user", request.user.as_deref())?;
        if request.stream {
            map.serialize_entry("stream", &true)?;
            let options = own_extra(request, &request.extra).find(|(name, _)| *name == "stream_options");
            map.serialize_entry("stream_options", &StreamOptions(options.map(|(_, options)| options)))?;
        }
        for (name, value) in own_extra(request, &request.extra) {
            if !OWN.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// Those of `extra` that are this dialect's.
fn own_extra<'a>(
    request: &ChatRequest,
    extra: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let own = request.origin == Origin::OpenAi;
    extra.iter().filter(move |_| own)
}

fn optional<M: SerializeMap>(map: &mut M, name: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}

/// The caller's options, with usage always asked for.
struct StreamOptions<'a>(Option<&'a Value>);

impl Serialize for StreamOptions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("include_usage", &true)?;
        let rest = self.0.and_then(Value::as_object).into_iter().flatten();
        for (name, value) in rest.filter(|(name, _)| *name != "include_usage") {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A list whose items are written through a wrapper.
struct List<'a, T, W>(&'a [T], fn(&'a T) -> W);

impl<T, W: Serialize> Serialize for List<'_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            seq.serialize_element(&(self.1)(item))?;
        }
        seq.end()
    }
}

struct Messages<'a>(&'a ChatRequest);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.messages.iter().map(|message| WireMessage(self.0, message)))
    }
}

/// Fields of a message that this encoder writes itself.
const OWN_OF_MESSAGE: [&str; 5] = ["role", "content", "name", "tool_call_id", "tool_calls"];

struct WireMessage<'a>(&'a ChatRequest, &'a Message);

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.1;
        let mut map = serializer.serialize_map(None)?;
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        };
        map.serialize_entry("role", role)?;
        match message.parts.as_slice() {
            [] if !message.tool_calls.is_empty() => map.serialize_entry("content", &None::<&str>)?,
            [] => map.serialize_entry("content", "")?,
            [Part::Text(text)] => map.serialize_entry("content", text)?,
            parts => map.serialize_entry("content", &List(parts, WirePart))?,
        }
        optional(&mut map, "name", message.name.as_deref())?;
        optional(&mut map, "tool_call_id", message.tool_call_id.as_deref())?;
        if !message.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &List(&message.tool_calls, wire_call))?;
        }
        for (name, value) in own_extra(self.0, &message.extra) {
            if !OWN_OF_MESSAGE.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

struct WirePart<'a>(&'a Part);

impl Serialize for WirePart<'_> {
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
        match self.0 {
            Part::Text(text) => Wire::Text { text },
            Part::Image { url, detail } => {
                Wire::ImageUrl { image_url: Image { url, detail: detail.as_deref() } }
            }
        }
        .serialize(serializer)
    }
}

#[derive(serde::Serialize)]
struct Function<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: T,
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

struct WireTool<'a>(&'a Tool);

impl Serialize for WireTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Declaration<'a> {
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            parameters: Option<&'a RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            strict: Option<bool>,
        }
        let Tool { name, description, parameters, strict } = self.0;
        let function = Declaration {
            name,
            description: description.as_deref(),
            parameters: parameters.as_deref(),
            strict: *strict,
        };
        Function { kind: "function", function }.serialize(serializer)
    }
}

struct WireChoice<'a>(&'a ToolChoice);

impl Serialize for WireChoice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Name<'a> {
            name: &'a str,
        }
        match self.0 {
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Named(name) => {
                Function { kind: "function", function: Name { name } }.serialize(serializer)
            }
        }
    }
}

struct WireFormat<'a>(&'a ResponseFormat);

impl Serialize for WireFormat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Wire<'a> {
            JsonObject,
            JsonSchema { json_schema: Schema<'a> },
        }
        #[derive(serde::Serialize)]
        struct Schema<'a> {
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            schema: Option<&'a RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            strict: Option<bool>,
        }
        match self.0 {
            ResponseFormat::JsonObject => Wire::JsonObject,
            ResponseFormat::JsonSchema { name, schema, strict } => {
                Wire::JsonSchema { json_schema: Schema { name, schema: schema.as_deref(), strict: *strict } }
            }
        }
        .serialize(serializer)
    }
}
