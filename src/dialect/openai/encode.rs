//! A chat completion request.
//!
//! Output is bounded by `max_tokens`, which every compatible server knows, except where it is refused: OpenAI's
//! own hosts and its reasoning models anywhere get `max_completion_tokens`. Upstream streams always ask for
//! usage, because the router accounts for it whether or not the caller wants it.

use http::header::AUTHORIZATION;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

mod message;

use self::message::{GoesOn, WireMessage, goes_on};
use super::super::encode::{Adapted, Envelope, drop_fields, finite, stops};
use super::super::{Encoded, Upstream};
use crate::chat::{ChatRequest, Failure, Origin, Part, ResponseFormat, Tool, ToolChoice};

/// Stop strings the vendor takes at most. Callers in its own dialect know what their servers take.
const MAX_STOPS: usize = 4;

/// Writes the request; little needs adapting, for the neutral language is this dialect's.
pub(in super::super) fn encode(request: &ChatRequest, upstream: &Upstream<'_>) -> Result<Encoded, Failure> {
    let envelope = Envelope {
        upstream,
        path: "/chat/completions",
        query: None,
        key_header: AUTHORIZATION,
        key_prefix: "Bearer ",
        stream: request.stream,
    };
    let mut adapted = Adapted::default();
    let stops = adapt(request, &mut adapted);
    let goes_on = goes_on(request, upstream.base_url);
    let body = Body { request, model: upstream.model, limit_name: limit_name(upstream), stops, goes_on };
    envelope.seal(&body, adapted)
}

/// Notes what this dialect has no words for, and gives the stop strings that are left.
pub(in super::super) fn adapt<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<&'a str> {
    let foreign = request.origin != Origin::OpenAi;
    for message in &request.messages {
        drop_fields(message, foreign, &[], adapted);
        for part in &message.parts {
            if let Part::Native { origin, value, .. } = part
                && *origin != Origin::OpenAi
                && part.plain().is_none()
            {
                adapted.drop_native(value);
            }
        }
    }
    if !foreign {
        return request.stop.iter().map(String::as_str).collect();
    }
    let stops = stops(&request.stop, MAX_STOPS, adapted);
    adapted.drop_extra(&request.extra, &[]);
    stops
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
    stops: Vec<&'a str>,
    goes_on: GoesOn,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("messages", &Messages { request, goes_on: self.goes_on })?;
        optional(&mut map, self.limit_name, request.max_tokens)?;
        optional(&mut map, "temperature", finite(request.temperature))?;
        optional(&mut map, "top_p", finite(request.top_p))?;
        optional(&mut map, "stop", Some(&self.stops).filter(|stops| !stops.is_empty()))?;
        optional(&mut map, "seed", request.seed)?;
        if !request.tools.is_empty() {
            map.serialize_entry("tools", &List(&request.tools, WireTool))?;
        }
        optional(&mut map, "tool_choice", request.tool_choice.as_ref().map(WireChoice))?;
        optional(&mut map, "response_format", request.response_format.as_ref().map(WireFormat))?;
        optional(&mut map, "user", request.user.as_deref())?;
        if request.stream {
            map.serialize_entry("stream", &true)?;
            map.serialize_entry(
                "stream_options",
                &StreamOptions(
                    request.extra.get("stream_options").filter(|_| request.origin == Origin::OpenAi),
                ),
            )?;
        }
        let own = request.extra.iter().filter(|(name, _)| {
            request.origin == Origin::OpenAi
                && !OWN.contains(&name.as_str())
                && !self.goes_on.sets(name.as_str())
        });
        for (name, value) in own {
            map.serialize_entry(name, value)?;
        }
        if self.goes_on == GoesOn::Template {
            map.serialize_entry("continue_final_message", &true)?;
            map.serialize_entry("add_generation_prompt", &false)?;
        }
        map.end()
    }
}

struct Messages<'a> {
    request: &'a ChatRequest,
    goes_on: GoesOn,
}

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let messages = &self.request.messages;
        let mut seq = serializer.serialize_seq(Some(messages.len()))?;
        for (at, message) in messages.iter().enumerate() {
            let goes_on = if at + 1 == messages.len() { self.goes_on } else { GoesOn::Silent };
            seq.serialize_element(&WireMessage { message, origin: self.request.origin, goes_on })?;
        }
        seq.end()
    }
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

#[derive(serde::Serialize)]
struct Function<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: T,
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
