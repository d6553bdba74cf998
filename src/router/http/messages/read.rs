//! A caller's request, from Anthropic's shape into the neutral language.
//!
//! A user's turn there may hold results of tools beside text; here those are turns of their own, in the same order.
//! What the model thought before is kept beside what it said, for its own vendor, which signed it; others never see it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::face::{Read, invalid};
use super::block::{Block, Content};
use super::stream::Messages;
use crate::chat::{ChatRequest, Failure, Message, Origin, Part, ResponseFormat, Role, Tool, ToolChoice};

/// What a schema is called where Anthropic has no name for it.
const SCHEMA_NAME: &str = "output";

/// The extra field that holds, by a tool's name, what only Anthropic knows of it, as a mark for its cache.
const TOOL_FIELDS: &str = "tool_fields";

/// Reads a request's body.
///
/// # Errors
///
/// `invalid_request`, with what is wrong and where.
pub(in super::super) fn read(body: &[u8]) -> Result<Read, Failure> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| invalid(format!("the body: {error}")))?;
    let thinks = wire.thinking.as_ref().is_some_and(|thinking| thinking["type"] != "disabled");
    let request = request(wire)?;
    Ok(Read { request, shape: Box::new(Messages::new(thinks)) })
}

fn request(wire: Wire) -> Result<ChatRequest, Failure> {
    if wire.messages.is_empty() {
        return Err(invalid("`messages` is empty; at least one is needed"));
    }
    if wire.mcp_servers.is_some_and(|servers| !servers.is_empty()) {
        return Err(invalid("`mcp_servers` cannot be routed: no model but its own vendor's could ask them"));
    }
    let mut messages = Vec::with_capacity(wire.messages.len() + 1);
    if let Some(system) = wire.system {
        let parts = system.parts("`system`").map_err(invalid)?;
        messages.push(message(Role::System, parts));
    }
    for (at, turn) in wire.messages.into_iter().enumerate() {
        take(at, turn, &mut messages)?;
    }
    let format = wire.output_config.and_then(|config| config.format).or(wire.output_format);
    let mut extra = wire.extra;
    extra.extend(wire.thinking.map(|thinking| ("thinking".to_owned(), thinking)));
    let tools = wire.tools.unwrap_or_default();
    let own: Map<String, Value> = tools.iter().filter_map(WireTool::own).collect();
    if !own.is_empty() {
        extra.insert(TOOL_FIELDS.to_owned(), Value::Object(own));
    }
    Ok(ChatRequest {
        model: wire.model.unwrap_or_default(),
        messages,
        max_tokens: wire.max_tokens,
        temperature: wire.temperature,
        top_p: wire.top_p,
        stop: wire.stop_sequences.unwrap_or_default(),
        seed: None,
        stream: wire.stream.unwrap_or(false),
        include_usage: true,
        tools: tools.into_iter().map(tool).collect::<Result<_, _>>()?,
        tool_choice: wire.tool_choice.map(choice).transpose()?,
        response_format: format.map(response_format).transpose()?,
        user: wire.metadata.and_then(|metadata| metadata.user_id),
        extra,
        origin: Origin::Anthropic,
    })
}

#[derive(Deserialize)]
struct Wire {
    model: Option<String>,
    #[serde(default)]
    messages: Vec<Turn>,
    system: Option<Content>,
    max_tokens: Option<u64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop_sequences: Option<Vec<String>>,
    stream: Option<bool>,
    tools: Option<Vec<WireTool>>,
    tool_choice: Option<WireChoice>,
    metadata: Option<Metadata>,
    thinking: Option<Value>,
    output_config: Option<OutputConfig>,
    output_format: Option<WireFormat>,
    mcp_servers: Option<Vec<Value>>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize)]
struct WireTool {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: String,
    description: Option<String>,
    input_schema: Option<Box<RawValue>>,
    strict: Option<bool>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl WireTool {
    /// What only its vendor knows of it, by its name.
    fn own(&self) -> Option<(String, Value)> {
        let own = self.extra.iter().filter(|(_, value)| !value.is_null());
        let own: Map<String, Value> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        (!own.is_empty()).then(|| (self.name.clone(), Value::Object(own)))
    }
}

#[derive(Deserialize)]
struct WireChoice {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    user_id: Option<String>,
}

#[derive(Deserialize)]
struct OutputConfig {
    format: Option<WireFormat>,
}

#[derive(Deserialize)]
struct WireFormat {
    #[serde(rename = "type")]
    kind: String,
    schema: Option<Box<RawValue>>,
}

/// Takes turn number `at`: results of tools become turns of their own.
fn take(at: usize, turn: Turn, messages: &mut Vec<Message>) -> Result<(), Failure> {
    let role = match turn.role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            return Err(invalid(format!("`messages[{at}].role` is `{other}`; expected user or assistant")));
        }
    };
    let mut said = message(role, Vec::new());
    let blank = turn.content.0.is_empty();
    let mut thoughts = Vec::new();
    for block in turn.content.0 {
        match block {
            Block::Part(part) => said.parts.push(part),
            Block::Call(call) if role == Role::Assistant => said.tool_calls.push(call),
            Block::Result { id, parts, is_error, mark } if role == Role::User => {
                // What was said before the result stays before it.
                if !said.parts.is_empty() {
                    messages.push(std::mem::replace(&mut said, message(role, Vec::new())));
                }
                let mut result = Message { tool_call_id: Some(id), ..message(Role::Tool, parts) };
                if is_error {
                    result.extra.insert("is_error".to_owned(), Value::Bool(true));
                }
                result.extra.extend(mark.map(|mark| ("cache_control".to_owned(), mark)));
                messages.push(result);
            }
            Block::Thought(thought) => thoughts.extend(signed(thought)),
            Block::Call(_) | Block::Result { .. } => {
                let role = turn.role;
                let message = "tool_use belongs into the assistant's turns, tool_result into the user's";
                return Err(invalid(format!("`messages[{at}]` of the {role}: {message}")));
            }
        }
    }
    if !thoughts.is_empty() && role == Role::Assistant {
        said.extra.insert("thinking".to_owned(), Value::Array(thoughts));
    }
    let silent = said.parts.is_empty() && said.tool_calls.is_empty();
    // A turn that held nothing but results, or nothing but thoughts, has nothing left to say.
    if !silent || blank {
        messages.push(said);
    }
    Ok(())
}

/// A thought that its vendor would take back. One without a signature was another model's, written here.
fn signed(thought: Value) -> Option<Value> {
    let seal = thought.get("signature").or(thought.get("data"));
    seal.and_then(Value::as_str).is_some_and(|seal| !seal.is_empty()).then_some(thought)
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts, tool_calls: Vec::new(), tool_call_id: None, name: None, extra: Map::new() }
}

fn tool(wire: WireTool) -> Result<Tool, Failure> {
    if let Some(kind) = wire.kind.filter(|kind| kind != "custom") {
        return Err(invalid(format!(
            "`tools[].type` is `{kind}`; only tools of the caller's own can be routed"
        )));
    }
    Ok(Tool {
        name: wire.name,
        description: wire.description,
        parameters: wire.input_schema,
        strict: wire.strict,
    })
}

fn choice(wire: WireChoice) -> Result<ToolChoice, Failure> {
    match (wire.kind.as_str(), wire.name) {
        ("auto", _) => Ok(ToolChoice::Auto),
        ("any", _) => Ok(ToolChoice::Required),
        ("none", _) => Ok(ToolChoice::None),
        ("tool", Some(name)) => Ok(ToolChoice::Named(name)),
        ("tool", None) => Err(invalid("`tool_choice.name` is missing")),
        (other, _) => {
            Err(invalid(format!("`tool_choice.type` is `{other}`; expected auto, any, tool or none")))
        }
    }
}

fn response_format(wire: WireFormat) -> Result<ResponseFormat, Failure> {
    if wire.kind != "json_schema" || wire.schema.is_none() {
        return Err(invalid("`output_config.format` must be a json_schema with its `schema`"));
    }
    Ok(ResponseFormat::JsonSchema { name: SCHEMA_NAME.to_owned(), schema: wire.schema, strict: Some(true) })
}

#[cfg(test)]
mod tests;
