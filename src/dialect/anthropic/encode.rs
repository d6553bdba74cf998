//! A Messages request.

use std::collections::BTreeMap;

use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::encode::{Adapted, Envelope, data_url, finite};
use super::super::{Encoded, Upstream};
use crate::chat::{ChatRequest, Failure, Message, Origin, Part, ResponseFormat, Role, ToolCall, ToolChoice};

/// The version of the API whose shapes are written here.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// `max_tokens` is required: what every model since the first accepts.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The highest temperature there is.
const MAX_TEMPERATURE: f64 = 1.0;

/// The field of a message that holds, in this vendor's words, what the model thought before it spoke.
const THOUGHTS: &str = "thinking";

/// Fields this encoder writes itself; an extra field of that name would stand in the body twice.
const OWN: [&str; 12] = [
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
];

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

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
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
    #[serde(flatten)]
    extra: BTreeMap<&'a str, &'a Value>,
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
struct Turn<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Input<'a>,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "is_false")]
        is_error: bool,
    },
    /// What the model thought, as it was signed.
    #[serde(untagged)]
    Thought(&'a Value),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url { url: &'a str },
}

/// A call's arguments: an object, or what was no object inside one.
#[derive(Serialize)]
#[serde(untagged)]
enum Input<'a> {
    Object(&'a RawValue),
    Wrapped { arguments: &'a str },
    Empty {},
}

#[derive(Serialize)]
struct WireTool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: &'a RawValue,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Choice<'a> {
    Auto,
    Any,
    None,
    Tool { name: &'a str },
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

fn body<'a>(request: &'a ChatRequest, model: &'a str, adapted: &mut Adapted) -> Body<'a> {
    if request.seed.is_some() {
        adapted.dropped("seed");
    }
    Body {
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
    }
}

/// Fields that only this vendor knows, where the request came in its words. Thinking goes on only where the thoughts
/// that led to the last calls of tools are at hand: without them it is an error here.
fn extra<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> BTreeMap<&'a str, &'a Value> {
    if request.origin != Origin::Anthropic {
        adapted.drop_extra(request);
        return BTreeMap::new();
    }
    let mut extra: BTreeMap<_, _> =
        request.extra.iter().map(|(name, value)| (name.as_str(), value)).collect();
    extra.retain(|name, _| !OWN.contains(name));
    if extra.contains_key("thinking") && lost_its_thoughts(request) {
        adapted.dropped("thinking");
        extra.remove("thinking");
    }
    extra
}

fn lost_its_thoughts(request: &ChatRequest) -> bool {
    let answers = request.messages.last().is_some_and(|last| last.role == Role::Tool);
    let asked = request.messages.iter().rfind(|message| message.role == Role::Assistant);
    answers && asked.is_some_and(|asked| !asked.extra.contains_key(THOUGHTS))
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

fn system(request: &ChatRequest, adapted: &mut Adapted) -> Option<String> {
    let mut texts = Vec::new();
    for part in request.messages.iter().filter(|turn| turn.role == Role::System).flat_map(|turn| &turn.parts)
    {
        match part {
            Part::Text(text) if !text.is_empty() => texts.push(text.as_str()),
            Part::Text(_) => {}
            Part::Image { .. } => adapted.dropped("system image"),
        }
    }
    let first = request.messages.iter().position(|turn| turn.role != Role::System);
    let later = first.is_some_and(|at| request.messages[at..].iter().any(|turn| turn.role == Role::System));
    if later {
        adapted.note("moved later system messages to the top".to_owned());
    }
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn turns<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn<'a>> = Vec::with_capacity(request.messages.len());
    for message in request.messages.iter().filter(|message| message.role != Role::System) {
        if message.name.is_some() {
            adapted.dropped("name");
        }
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let content = blocks(request, message, adapted);
        if content.is_empty() {
            adapted.note("dropped an empty message".to_owned());
            continue;
        }
        match turns.last_mut().filter(|last| last.role == role) {
            Some(last) => last.content.extend(content),
            None => turns.push(Turn { role, content }),
        }
    }
    turns
}

fn blocks<'a>(request: &ChatRequest, message: &'a Message, adapted: &mut Adapted) -> Vec<Block<'a>> {
    let own = |name: &str| message.extra.get(name).filter(|_| request.origin == Origin::Anthropic);
    let thoughts = own(THOUGHTS).and_then(Value::as_array).into_iter().flatten();
    let mut blocks: Vec<Block<'a>> = thoughts.map(Block::Thought).collect();
    blocks.extend(message.parts.iter().filter_map(|part| part_block(part, adapted)));
    if message.role == Role::Tool {
        let tool_use_id = message.tool_call_id.as_deref().unwrap_or_default();
        let is_error = own("is_error") == Some(&Value::Bool(true));
        return vec![Block::ToolResult { tool_use_id, content: blocks, is_error }];
    }
    for call in &message.tool_calls {
        blocks.push(Block::ToolUse { id: &call.id, name: &call.name, input: input(call, adapted) });
    }
    blocks
}

/// A part as a block; empty text is an error here, so it is left out.
fn part_block<'a>(part: &'a Part, adapted: &mut Adapted) -> Option<Block<'a>> {
    match part {
        Part::Text(text) => (!text.is_empty()).then_some(Block::Text { text }),
        Part::Image { url, detail } => {
            if detail.is_some() {
                adapted.dropped("detail");
            }
            let source = match data_url(url) {
                Some((media_type, data)) => Source::Base64 { media_type, data },
                None if url.starts_with("data:") => {
                    adapted.note("dropped an image that is not base64".to_owned());
                    return None;
                }
                None => Source::Url { url },
            };
            Some(Block::Image { source })
        }
    }
}

fn input<'a>(call: &'a ToolCall, adapted: &mut Adapted) -> Input<'a> {
    let arguments = call.arguments.trim();
    if arguments.is_empty() {
        return Input::Empty {};
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(object) if arguments.starts_with('{') => Input::Object(object),
        _ => {
            adapted.note(format!("wrapped the arguments of `{}`, which are no object", call.name));
            Input::Wrapped { arguments }
        }
    }
}

fn tools<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<WireTool<'a>> {
    if request.tools.iter().any(|tool| tool.strict == Some(true)) {
        adapted.dropped("strict");
    }
    let none = serde_json::from_str::<&RawValue>(NO_ARGUMENTS).ok();
    let wire = request.tools.iter().filter_map(|tool| {
        let input_schema = tool.parameters.as_deref().or(none)?;
        Some(WireTool { name: &tool.name, description: tool.description.as_deref(), input_schema })
    });
    wire.collect()
}

/// A choice without tools is an error here.
fn choice<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Option<Choice<'a>> {
    let choice = request.tool_choice.as_ref()?;
    if request.tools.is_empty() {
        adapted.dropped("tool_choice");
        return None;
    }
    Some(match choice {
        ToolChoice::Auto => Choice::Auto,
        ToolChoice::None => Choice::None,
        ToolChoice::Required => Choice::Any,
        ToolChoice::Named(name) => Choice::Tool { name },
    })
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
