//! A caller's request, from OpenAI's shape into the neutral language.
//!
//! Strict where a mistake would change the answer (roles, types), liberal where OpenAI's own servers are
//! (unknown fields are kept). Every complaint names the field.

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::chat::{
    ChatRequest, Failure, FailureClass, Message, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice,
};

/// Reads a request's body.
///
/// # Errors
///
/// `invalid_request`, with what is wrong and where.
pub(super) fn request(body: &[u8]) -> Result<ChatRequest, Failure> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| invalid(format!("the body: {error}")))?;
    if wire.model.is_empty() {
        return Err(invalid("`model` is empty; it names a route"));
    }
    if wire.messages.is_empty() {
        return Err(invalid("`messages` is empty; at least one is needed"));
    }
    if wire.n.is_some_and(|n| n != 1) {
        return Err(invalid("`n` must be 1: a fallback cannot continue several choices"));
    }
    let stream_options = wire.stream_options.unwrap_or_default();
    Ok(ChatRequest {
        model: wire.model,
        messages: wire.messages.into_iter().map(message).collect::<Result<_, _>>()?,
        max_tokens: wire.max_completion_tokens.or(wire.max_tokens),
        temperature: wire.temperature,
        top_p: wire.top_p,
        stop: wire.stop.map(|stop| stop.0).unwrap_or_default(),
        seed: wire.seed,
        stream: wire.stream.unwrap_or(false),
        include_usage: stream_options.include_usage.unwrap_or(false),
        tools: wire.tools.unwrap_or_default().into_iter().map(tool).collect::<Result<_, _>>()?,
        tool_choice: wire.tool_choice.map(|choice| choice.0),
        response_format: response_format(wire.response_format)?,
        user: wire.user,
        extra: wire.extra,
    })
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    model: String,
    #[serde(default)]
    messages: Vec<WireMessage>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop: Option<Stop>,
    seed: Option<i64>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    tools: Option<Vec<WireTool>>,
    tool_choice: Option<Choice>,
    response_format: Option<WireFormat>,
    user: Option<String>,
    n: Option<u64>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct WireMessage {
    role: String,
    #[serde(default)]
    content: Content,
    tool_calls: Option<Vec<WireCall>>,
    tool_call_id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct WireCall {
    id: String,
    function: WireFunction,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    arguments: String,
}

#[derive(Deserialize)]
struct WireTool {
    #[serde(rename = "type")]
    kind: String,
    function: Option<WireToolFunction>,
}

#[derive(Deserialize)]
struct WireToolFunction {
    name: String,
    description: Option<String>,
    parameters: Option<Box<RawValue>>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
struct WireFormat {
    #[serde(rename = "type")]
    kind: String,
    json_schema: Option<WireSchema>,
}

#[derive(Deserialize)]
struct WireSchema {
    name: String,
    schema: Option<Box<RawValue>>,
    strict: Option<bool>,
}

fn message(wire: WireMessage) -> Result<Message, Failure> {
    let role = match wire.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        other => {
            return Err(invalid(format!(
                "`messages[].role` is `{other}`; expected system, developer, user, assistant or tool"
            )));
        }
    };
    let call = |call: WireCall| ToolCall {
        id: call.id,
        name: call.function.name,
        arguments: call.function.arguments,
    };
    Ok(Message {
        role,
        parts: wire.content.0,
        tool_calls: wire.tool_calls.unwrap_or_default().into_iter().map(call).collect(),
        tool_call_id: wire.tool_call_id,
        name: wire.name,
    })
}

fn tool(wire: WireTool) -> Result<Tool, Failure> {
    let function = wire.function.filter(|_| wire.kind == "function");
    let function = function.ok_or_else(|| {
        invalid(format!("`tools[].type` is `{}`; only `function` tools can be routed", wire.kind))
    })?;
    Ok(Tool {
        name: function.name,
        description: function.description,
        parameters: function.parameters,
        strict: function.strict,
    })
}

fn response_format(wire: Option<WireFormat>) -> Result<Option<ResponseFormat>, Failure> {
    let Some(wire) = wire else { return Ok(None) };
    match (wire.kind.as_str(), wire.json_schema) {
        ("text", _) => Ok(None),
        ("json_object", _) => Ok(Some(ResponseFormat::JsonObject)),
        ("json_schema", Some(schema)) => Ok(Some(ResponseFormat::JsonSchema {
            name: schema.name,
            schema: schema.schema,
            strict: schema.strict,
        })),
        ("json_schema", None) => Err(invalid("`response_format.json_schema` is missing")),
        (other, _) => Err(invalid(format!(
            "`response_format.type` is `{other}`; expected text, json_object or json_schema"
        ))),
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure { status: Some(400), ..Failure::new(FailureClass::InvalidRequest, message) }
}

/// A string, or a list of parts; null and absent are no parts.
#[derive(Default)]
struct Content(Vec<Part>);

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Content;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`content` as a string or a list of parts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                self.visit_string(text.to_owned())
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
                Ok(Content(vec![Part::Text(text)]))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
                Ok(Content::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Content, A::Error> {
                let mut content = Vec::new();
                while let Some(part) = parts.next_element::<WirePart>()? {
                    content.push(part.read().map_err(de::Error::custom)?);
                }
                Ok(Content(content))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

#[derive(Deserialize)]
struct WirePart {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    image_url: Option<WireImage>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct WireImage {
    url: String,
    detail: Option<String>,
}

impl WirePart {
    fn read(self) -> Result<Part, String> {
        match (self.kind.as_str(), self.text.or(self.refusal), self.image_url) {
            ("text" | "refusal", Some(text), _) => Ok(Part::Text(text)),
            ("image_url", _, Some(image)) => Ok(Part::Image { url: image.url, detail: image.detail }),
            (kind, _, _) => {
                Err(format!("a content part of type `{kind}` cannot be routed; send text or image_url"))
            }
        }
    }
}

/// A string or a list of strings.
struct Stop(Vec<String>);

impl<'de> Deserialize<'de> for Stop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Stop;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`stop` as a string or a list of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Stop, E> {
                Ok(Stop(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Stop, A::Error> {
                let mut stop = Vec::new();
                while let Some(item) = items.next_element()? {
                    stop.push(item);
                }
                Ok(Stop(stop))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

/// A word, or the name of a function.
struct Choice(ToolChoice);

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Choice;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`tool_choice` as none, auto, required or a function")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Choice, E> {
                match word {
                    "auto" => Ok(Choice(ToolChoice::Auto)),
                    "none" => Ok(Choice(ToolChoice::None)),
                    "required" => Ok(Choice(ToolChoice::Required)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choice, A::Error> {
                #[derive(Deserialize)]
                struct Named {
                    name: String,
                }
                let mut named = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "function" {
                        named = Some(map.next_value::<Named>()?.name);
                    } else {
                        map.next_value::<de::IgnoredAny>()?;
                    }
                }
                let name = named.ok_or_else(|| de::Error::missing_field("function"))?;
                Ok(Choice(ToolChoice::Named(name)))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_request_is_understood() {
        let body = br#"{"model":"support","messages":[
            {"role":"developer","content":"be kind"},
            {"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:x"}}]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"42"}],
            "max_tokens":9,"max_completion_tokens":7,"stop":"x","stream":true,"stream_options":{"include_usage":true},
            "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
            "tool_choice":{"type":"function","function":{"name":"f"}},"logit_bias":{"1":2}}"#;
        let read = request(body).unwrap();
        assert_eq!((read.model.as_str(), read.max_tokens, read.stream), ("support", Some(7), true));
        assert_eq!(read.messages[0].role, Role::System);
        assert_eq!(read.messages[1].parts.len(), 2);
        assert_eq!(read.messages[2].tool_calls[0].name, "f");
        assert_eq!(read.tool_choice, Some(ToolChoice::Named("f".to_owned())));
        assert!(read.include_usage);
        assert_eq!(read.extra.keys().collect::<Vec<_>>(), ["logit_bias"]);
    }

    #[test]
    fn mistakes_are_named() {
        let complaint = |body: &str| request(body.as_bytes()).unwrap_err().message;
        assert!(complaint("").contains("the body"));
        assert!(complaint(r#"{"messages":[]}"#).contains("`model`"));
        assert!(complaint(r#"{"model":"a"}"#).contains("`messages`"));
        assert!(complaint(r#"{"model":"a","messages":[{"role":"bard","content":"x"}]}"#).contains("`bard`"));
        assert!(complaint(r#"{"model":"a","messages":[{"role":"user","content":7}]}"#).contains("content"));
        assert!(
            complaint(r#"{"model":"a","n":2,"messages":[{"role":"user","content":"x"}]}"#).contains("`n`")
        );
    }
}
