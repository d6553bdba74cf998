//! A Messages request.

use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

mod turns;

use self::turns::{System, THOUGHTS, Turn, system, turns};
use super::super::encode::{Adapted, Envelope, finite};
use super::super::{Encoded, Upstream};
use crate::chat::{ChatRequest, Failure, Message, Origin, Part, ResponseFormat, Role, ToolChoice};

/// The version of the API whose shapes are written here.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// `max_tokens` is required: what every model since the first accepts.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The highest temperature there is.
const MAX_TEMPERATURE: f64 = 1.0;

/// The schema of a tool without arguments.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// Writes the request. System turns are joined on top, turns of one speaker in a row merged, tool results put
/// into user turns.
pub(in super::super) fn encode(request: &ChatRequest, upstream: &Upstream<'_>) -> Result<Encoded, Failure> {
    let mut adapted = Adapted::default();
    let body = body(request, upstream.model, &mut adapted);
    let envelope = Envelope {
        upstream,
        path: "/v1/messages",
        query: None,
        key_header: HeaderName::from_static("x-api-key"),
        key_prefix: "",
        stream: request.stream,
    };
    let mut encoded = envelope.seal(&body, adapted)?;
    encoded.request.headers_mut().insert("anthropic-version", VERSION);
    Ok(encoded)
}

/// The body of a request.
#[derive(Serialize)]
pub(in super::super) struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<System<'a>>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "is_false")]
    stream: bool,
    /// Fields of the caller's own, in this dialect's words.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

#[derive(Serialize)]
struct WireTool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: &'a RawValue,
    /// What only this vendor knows of it.
    #[serde(flatten)]
    own: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    disable_parallel_tool_use: bool,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    format: Format<'a>,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'a RawValue,
}

pub(in super::super) fn body<'a>(
    request: &'a ChatRequest,
    model: &'a str,
    adapted: &mut Adapted,
) -> Body<'a> {
    if request.seed.is_some() {
        adapted.dropped("seed");
    }
    let body = Body {
        model,
        max_tokens: request.max_tokens.unwrap_or_else(|| {
            adapted.note(format!("max_tokens defaulted to {DEFAULT_MAX_TOKENS}"));
            DEFAULT_MAX_TOKENS
        }),
        system: system(request, adapted),
        messages: turns(request, adapted),
        temperature: temperature(request, adapted),
        top_p: finite(request.top_p),
        stop_sequences: stops(request, adapted),
        tools: tools(request, adapted),
        tool_choice: choice(request, adapted),
        output_config: output_config(request, adapted),
        metadata: request.user.as_deref().map(|user_id| Metadata { user_id }),
        stream: request.stream,
        extra: extra(request, adapted),
    };
    if request.origin != Origin::Anthropic {
        let serial = body.tool_choice.as_ref().is_some_and(|choice| choice.disable_parallel_tool_use);
        adapted.drop_extra(&request.extra, if serial { &[SERIAL] } else { &[] });
    }
    body
}

/// OpenAI's way of asking for one call at a time.
const SERIAL: &str = "parallel_tool_calls";

/// The extra field that holds, by a tool's name, what only this vendor knows of it.
const TOOL_FIELDS: &str = "tool_fields";

/// Fields this encoder writes itself; an extra field of that name would stand in the body twice.
const OWN: [&str; 14] = [
    TOOL_FIELDS,
    "model",
    "max_tokens",
    "system",
    "messages",
    "temperature",
    "top_p",
    "stop_sequences",
    "tools",
    "tool_choice",
    "output_config",
    "metadata",
    "stream",
    SERIAL,
];

/// A caller's own fields, where they are in this dialect's words.
///
/// Thinking is asked for together with the thoughts of the turn that a tool's result belongs to; where those were
/// lost on the way (another vendor had them), it would be refused.
fn extra(request: &ChatRequest, adapted: &mut Adapted) -> Map<String, Value> {
    if request.origin != Origin::Anthropic {
        return Map::new();
    }
    let mut extra = request.extra.clone();
    extra.retain(|name, _| !OWN.contains(&name.as_str()));
    let thinks = extra.get("thinking").and_then(|thinking| thinking.get("type"));
    if thinks.is_some_and(|kind| kind != "disabled") && lost_its_thoughts(&request.messages) {
        extra.remove("thinking");
        adapted.dropped("thinking");
    }
    extra
}

/// Whether the conversation ends with results of calls whose turn holds no thoughts.
fn lost_its_thoughts(messages: &[Message]) -> bool {
    let calling = messages.iter().rev().find(|message| message.role != Role::Tool);
    let thought = |part: &Part| {
        let kind = match part {
            Part::Native { origin: Origin::Anthropic, value, .. } => {
                value.get("type").and_then(Value::as_str)
            }
            _ => None,
        };
        kind.is_some_and(|kind| kind.ends_with("thinking"))
    };
    messages.last().is_some_and(|last| last.role == Role::Tool)
        && calling.is_some_and(|turn| {
            let thought = turn.extra.contains_key(THOUGHTS) || turn.parts.iter().any(thought);
            !turn.tool_calls.is_empty() && !thought
        })
}

fn temperature(request: &ChatRequest, adapted: &mut Adapted) -> Option<f64> {
    let temperature = finite(request.temperature)?;
    if temperature > MAX_TEMPERATURE {
        adapted.note(format!("clamped `temperature` {temperature} -> {MAX_TEMPERATURE}"));
    }
    Some(temperature.min(MAX_TEMPERATURE))
}

/// Stop strings; one of only whitespace is an error here.
fn stops<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<&'a str> {
    let stops: Vec<&str> =
        request.stop.iter().map(String::as_str).filter(|stop| !stop.trim().is_empty()).collect();
    if stops.len() < request.stop.len() {
        adapted.note("dropped whitespace-only `stop`".to_owned());
    }
    stops
}

fn tools<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<WireTool<'a>> {
    if request.tools.iter().any(|tool| tool.strict == Some(true)) {
        adapted.dropped("strict");
    }
    let none = serde_json::from_str::<&RawValue>(NO_ARGUMENTS).ok();
    let own = request.extra.get(TOOL_FIELDS).filter(|_| request.origin == Origin::Anthropic);
    let wire = request.tools.iter().filter_map(|tool| {
        let input_schema = tool.parameters.as_deref().or(none)?;
        let own = own.and_then(|own| own.get(&tool.name)).and_then(Value::as_object);
        Some(WireTool { name: &tool.name, description: tool.description.as_deref(), input_schema, own })
    });
    wire.collect()
}

/// A choice without tools is an error here. One call at a time is asked for with the choice.
fn choice<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Option<Choice<'a>> {
    if request.tools.is_empty() {
        if request.tool_choice.is_some() {
            adapted.dropped("tool_choice");
        }
        return None;
    }
    let serial = request.extra.get(SERIAL) == Some(&Value::Bool(false));
    let of = |kind, name| Choice { kind, name, disable_parallel_tool_use: serial && kind != "none" };
    match &request.tool_choice {
        None => serial.then(|| of("auto", None)),
        Some(ToolChoice::Auto) => Some(of("auto", None)),
        Some(ToolChoice::None) => Some(of("none", None)),
        Some(ToolChoice::Required) => Some(of("any", None)),
        Some(ToolChoice::Named(name)) => Some(of("tool", Some(name))),
    }
}

/// Only JSON that follows a schema can be asked for.
fn output_config<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Option<OutputConfig<'a>> {
    match request.response_format.as_ref()? {
        ResponseFormat::JsonSchema { schema: Some(schema), .. } => {
            Some(OutputConfig { format: Format { kind: "json_schema", schema } })
        }
        _ => {
            adapted.dropped("response_format");
            None
        }
    }
}
