//! A caller's request, from the Responses' shape into the neutral language.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::face::{Read, invalid};
use super::items::{Echo, Input, message, messages};
use super::stream::Responses;
use crate::chat::{ChatRequest, Failure, Origin, Part, ResponseFormat, Role, Tool, ToolChoice};

/// Fields that would need something kept here, or work done when nobody waits.
const STATEFUL: [(&str, &str); 4] = [
    ("previous_response_id", "no conversation is kept here; send all of it as `input`"),
    ("conversation", "no conversation is kept here; send all of it as `input`"),
    ("prompt", "no prompts are kept here; send its words as `instructions` and `input`"),
    ("background", "nothing is worked on once its caller has left; leave it out"),
];

/// Fields that chat completions do not have: they are repeated in the answer or do not matter, and go no further.
const OWN: [&str; 8] =
    ["metadata", "store", "include", "truncation", "max_tool_calls", "stream_options", "reasoning", "text"];

/// What the answer repeats of the request, and what it says where the request says nothing.
const REPEATED: [(&str, &str); 11] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("temperature", "null"),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_p", "null"),
    ("truncation", "\"disabled\""),
    ("user", "null"),
];

/// Reads a request's body.
///
/// # Errors
///
/// `invalid_request`, with what is wrong and where.
pub(in super::super) fn read(body: &[u8]) -> Result<Read, Failure> {
    let unreadable = |error| invalid(format!("the body: {error}"));
    let wire: Wire = serde_json::from_slice(body).map_err(unreadable)?;
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(unreadable)?;
    for (name, why) in STATEFUL {
        if fields.get(name).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false))) {
            return Err(invalid(format!("`{name}` cannot be served: {why}")));
        }
    }
    let summary = wire.reasoning.as_ref().is_some_and(|reasoning| {
        [&reasoning.summary, &reasoning.generate_summary].into_iter().any(Option::is_some)
    });
    let shape = Responses::new(echo(&fields), summary);
    let request = request(wire)?;
    Ok(Read { request, shape: Box::new(shape) })
}

fn request(wire: Wire) -> Result<ChatRequest, Failure> {
    let input = wire.input.ok_or_else(|| invalid("`input` is missing; a string or a list of items"))?;
    let mut turns = messages(input)?;
    if let Some(instructions) = wire.instructions {
        turns.insert(0, message(Role::System, vec![Part::Text(instructions)]));
    }
    if turns.is_empty() {
        return Err(invalid("`input` is empty; at least one item is needed"));
    }
    let tools: Vec<Tool> = wire.tools.into_iter().flatten().map(tool).collect::<Result<_, _>>()?;
    let mut extra = wire.extra;
    extra.retain(|name, _| !OWN.contains(&name.as_str()) && STATEFUL.iter().all(|(own, _)| own != name));
    if tools.is_empty() {
        // Said without tools, it is an error of its own in a chat completion.
        extra.remove("parallel_tool_calls");
    }
    let text = wire.text.unwrap_or_default();
    let effort = wire.reasoning.and_then(|reasoning| reasoning.effort);
    for (name, word) in [("reasoning_effort", effort), ("verbosity", text.verbosity)] {
        extra.extend(word.map(|word| (name.to_owned(), Value::String(word))));
    }
    Ok(ChatRequest {
        model: wire.model.unwrap_or_default(),
        messages: turns,
        max_tokens: wire.max_output_tokens,
        temperature: wire.temperature,
        top_p: wire.top_p,
        stop: Vec::new(),
        seed: None,
        stream: wire.stream.unwrap_or(false),
        include_usage: true,
        tools,
        tool_choice: wire.tool_choice.map(choice).transpose()?,
        response_format: response_format(text.format)?,
        user: wire.user,
        extra,
        origin: Origin::OpenAi,
    })
}

#[derive(Deserialize)]
struct Wire {
    model: Option<String>,
    input: Option<Input>,
    instructions: Option<String>,
    max_output_tokens: Option<u64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stream: Option<bool>,
    tools: Option<Vec<WireTool>>,
    tool_choice: Option<WireChoice>,
    text: Option<Text>,
    reasoning: Option<Reasoning>,
    user: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireTool {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    description: Option<String>,
    parameters: Option<Box<RawValue>>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`tool_choice` as none, auto, required or a function")]
enum WireChoice {
    Word(String),
    Named {
        #[serde(rename = "type")]
        kind: String,
        name: Option<String>,
    },
}

#[derive(Default, Deserialize)]
struct Text {
    format: Option<WireFormat>,
    verbosity: Option<String>,
}

#[derive(Deserialize)]
struct WireFormat {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    schema: Option<Box<RawValue>>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
struct Reasoning {
    effort: Option<String>,
    summary: Option<String>,
    generate_summary: Option<String>,
}

fn tool(wire: WireTool) -> Result<Tool, Failure> {
    match (wire.kind.as_str(), wire.name) {
        ("function", Some(name)) => {
            Ok(Tool { name, description: wire.description, parameters: wire.parameters, strict: wire.strict })
        }
        ("function", None) => Err(invalid("`tools[].name` is missing")),
        (kind, _) => Err(invalid(format!("`tools[].type` is `{kind}`; only `function` tools can be routed"))),
    }
}

fn choice(wire: WireChoice) -> Result<ToolChoice, Failure> {
    match wire {
        WireChoice::Word(word) => match word.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            other => Err(invalid(format!("`tool_choice` is `{other}`; expected none, auto or required"))),
        },
        WireChoice::Named { kind, name: Some(name) } if kind == "function" => Ok(ToolChoice::Named(name)),
        WireChoice::Named { kind, .. } => Err(invalid(format!(
            "`tool_choice.type` is `{kind}`; only a `function` with its `name` can be routed"
        ))),
    }
}

fn response_format(wire: Option<WireFormat>) -> Result<Option<ResponseFormat>, Failure> {
    let Some(wire) = wire else { return Ok(None) };
    match (wire.kind.as_str(), wire.name) {
        ("text", _) => Ok(None),
        ("json_object", _) => Ok(Some(ResponseFormat::JsonObject)),
        ("json_schema", Some(name)) => {
            Ok(Some(ResponseFormat::JsonSchema { name, schema: wire.schema, strict: wire.strict }))
        }
        ("json_schema", None) => Err(invalid("`text.format.name` is missing")),
        (other, _) => Err(invalid(format!(
            "`text.format.type` is `{other}`; expected text, json_object or json_schema"
        ))),
    }
}

/// What the answer repeats.
fn echo(fields: &Map<String, Value>) -> Echo {
    let mut echo = Echo::new();
    for (name, default) in REPEATED {
        let said = fields.get(name).filter(|value| !value.is_null()).cloned();
        let value = said.or_else(|| serde_json::from_str(default).ok());
        echo.insert(name.to_owned(), value.unwrap_or_default());
    }
    let part = |of: &str, field: &str| fields.get(of).and_then(|value| value.get(field)).cloned();
    let format = part("text", "format").unwrap_or_else(|| serde_json::json!({"type": "text"}));
    let mut text = Map::from_iter([("format".to_owned(), format)]);
    text.extend(part("text", "verbosity").map(|verbosity| ("verbosity".to_owned(), verbosity)));
    echo.insert("text".to_owned(), Value::Object(text));
    let reasoning = serde_json::json!({
        "effort": part("reasoning", "effort"),
        "summary": part("reasoning", "summary"),
    });
    echo.insert("reasoning".to_owned(), reasoning);
    echo
}

#[cfg(test)]
mod tests;
