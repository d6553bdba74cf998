//! A caller's request, from OpenAI's shape into the neutral language.
//!
//! Strict where a mistake would change the answer (roles, types), liberal where OpenAI's own servers are
//! (unknown fields are kept, of the request and of its messages). Every complaint names the field. Who still speaks
//! of `functions`, as before there were tools, is understood, and answered in the same words.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::face::{Read, invalid};
use super::parts::{Choice, Content, Stop};
use super::write::Chat;
use crate::chat::{ChatRequest, Failure, Message, Origin, ResponseFormat, Role, Tool, ToolCall};

/// Reads a request's body.
///
/// # Errors
///
/// `invalid_request`, with what is wrong and where.
pub(in super::super) fn read(body: &[u8]) -> Result<Read, Failure> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| invalid(format!("the body: {error}")))?;
    let legacy = wire.functions.is_some() || wire.function_call.is_some();
    let request = request(wire)?;
    let shape = Chat::new(request.include_usage, legacy);
    Ok(Read { request, shape: Box::new(shape) })
}

fn request(mut wire: Wire) -> Result<ChatRequest, Failure> {
    if wire.messages.is_empty() {
        return Err(invalid("`messages` is empty; at least one is needed"));
    }
    if wire.n.is_some_and(|n| n != 1) {
        return Err(invalid("`n` must be 1: a fallback cannot continue several choices"));
    }
    if wire.functions.is_some() && wire.tools.is_some() {
        return Err(invalid("`functions` and `tools` are both given; send `tools`"));
    }
    let (include_usage, options) = stream_options(wire.stream_options.take());
    if !options.is_empty() {
        wire.extra.insert("stream_options".to_owned(), Value::Object(options));
    }
    let functions = wire.functions.into_iter().flatten().map(tool_of);
    let tools = wire.tools.into_iter().flatten().map(tool).collect::<Result<Vec<_>, _>>()?;
    Ok(ChatRequest {
        model: wire.model.unwrap_or_default(),
        messages: messages(wire.messages)?,
        max_tokens: wire.max_completion_tokens.or(wire.max_tokens),
        temperature: wire.temperature,
        top_p: wire.top_p,
        stop: wire.stop.map(|stop| stop.0).unwrap_or_default(),
        seed: wire.seed,
        stream: wire.stream.unwrap_or(false),
        include_usage,
        tools: functions.chain(tools).collect(),
        tool_choice: wire.tool_choice.or(wire.function_call).map(|choice| choice.0),
        response_format: response_format(wire.response_format)?,
        user: wire.user,
        extra: wire.extra,
        origin: Origin::OpenAi,
    })
}

/// Whether a stream shall end with usage, and the options this router has no word for.
fn stream_options(options: Option<Map<String, Value>>) -> (bool, Map<String, Value>) {
    let mut options = options.unwrap_or_default();
    let include_usage = options.remove("include_usage").and_then(|value| value.as_bool()).unwrap_or(false);
    (include_usage, options)
}

#[derive(Deserialize)]
struct Wire {
    model: Option<String>,
    #[serde(default)]
    messages: Vec<WireMessage>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop: Option<Stop>,
    seed: Option<i64>,
    stream: Option<bool>,
    stream_options: Option<Map<String, Value>>,
    tools: Option<Vec<WireTool>>,
    tool_choice: Option<Choice>,
    functions: Option<Vec<WireToolFunction>>,
    function_call: Option<Choice>,
    response_format: Option<WireFormat>,
    user: Option<String>,
    n: Option<u64>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireMessage {
    role: String,
    #[serde(default)]
    content: Content,
    tool_calls: Option<Vec<WireCall>>,
    function_call: Option<WireFunction>,
    tool_call_id: Option<String>,
    name: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireCall {
    #[serde(default)]
    id: String,
    function: Option<WireFunction>,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    #[serde(default)]
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

fn messages(wire: Vec<WireMessage>) -> Result<Vec<Message>, Failure> {
    let mut messages: Vec<Message> = Vec::with_capacity(wire.len());
    for (at, turn) in wire.into_iter().enumerate() {
        let legacy = turn.role == "function";
        let mut message = message(at, turn)?;
        if legacy && message.tool_call_id.is_none() {
            // A function's result names its function; a tool's names the call.
            message.tool_call_id = Some(last_call_of(&messages, message.name.as_deref()));
            message.name = None;
        }
        messages.push(message);
    }
    Ok(messages)
}

fn message(at: usize, wire: WireMessage) -> Result<Message, Failure> {
    let role = match wire.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        other => {
            return Err(invalid(format!(
                "`messages[{at}].role` is `{other}`; expected system, developer, user, assistant or tool"
            )));
        }
    };
    let mut tool_calls = Vec::new();
    for call in wire.tool_calls.into_iter().flatten() {
        let function = call.function.ok_or_else(|| {
            invalid(format!("`messages[{at}].tool_calls`: only calls of functions can be routed"))
        })?;
        tool_calls.push(ToolCall { id: call.id, name: function.name, arguments: function.arguments });
    }
    tool_calls.extend(wire.function_call.map(|call| ToolCall {
        id: legacy_id(at),
        name: call.name,
        arguments: call.arguments,
    }));
    let mut extra = wire.extra;
    // What SDKs write out of an answer they keep: null says nothing, and not every vendor takes it.
    extra.retain(|_, value| !value.is_null());
    Ok(Message {
        role,
        parts: wire.content.0,
        tool_calls,
        tool_call_id: wire.tool_call_id,
        name: wire.name,
        extra,
    })
}

/// The id of a call that was made, by message `at`, before calls had ids.
fn legacy_id(at: usize) -> String {
    format!("call_of_message_{at}")
}

/// The id of the last call of `name`.
fn last_call_of(messages: &[Message], name: Option<&str>) -> String {
    let calls = messages.iter().rev().flat_map(|message| &message.tool_calls);
    let found = calls.into_iter().find(|call| name.is_none_or(|name| call.name == name));
    found.map_or_else(|| legacy_id(messages.len()), |call| call.id.clone())
}

fn tool(wire: WireTool) -> Result<Tool, Failure> {
    let function = wire.function.filter(|_| wire.kind == "function");
    let function = function.ok_or_else(|| {
        invalid(format!("`tools[].type` is `{}`; only `function` tools can be routed", wire.kind))
    })?;
    Ok(tool_of(function))
}

fn tool_of(function: WireToolFunction) -> Tool {
    Tool {
        name: function.name,
        description: function.description,
        parameters: function.parameters,
        strict: function.strict,
    }
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

#[cfg(test)]
mod tests;
