//! A `generateContent` request.
//!
//! JSON schemas are sent as JSON schemas (`parametersJsonSchema`, `responseJsonSchema`), verbatim: the older
//! `parameters` and `responseSchema` take a subset of OpenAPI and refuse words they do not know.

use std::fmt::Write;

use http::header::HeaderName;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::encode::{Adapted, Envelope, data_url, finite};
use super::super::{Encoded, Upstream};
use crate::chat::{ChatRequest, Failure, Message, Part as ChatPart, ResponseFormat, Role, ToolChoice};

/// The most stop strings taken.
const MAX_STOPS: usize = 5;

/// Writes the request. System turns are joined into the instruction, turns of one speaker in a row merged, tool
/// results put into user turns under their function's name.
pub(in super::super) fn encode(request: &ChatRequest, upstream: &Upstream<'_>) -> Result<Encoded, Failure> {
    let mut adapted = Adapted::default();
    let body = body(request, &mut adapted);
    let (method, query) =
        if request.stream { ("streamGenerateContent", Some("alt=sse")) } else { ("generateContent", None) };
    let path = format!("/v1beta/models/{}:{method}", Escaped(upstream.model));
    let envelope = Envelope {
        upstream,
        path: &path,
        query,
        key_header: HeaderName::from_static("x-goog-api-key"),
        key_prefix: "",
        stream: request.stream,
    };
    envelope.seal(&body, adapted)
}

/// A model id as one segment of a path; `models/` in front of it is the path's own.
pub(in super::super) struct Escaped<'a>(pub(in super::super) &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.0.strip_prefix("models/").unwrap_or(self.0).bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    generation_config: Generation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tools<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
}

#[derive(Serialize)]
struct Instruction<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Part<'a> {
    Text(&'a str),
    #[serde(rename_all = "camelCase")]
    InlineData {
        mime_type: &'a str,
        data: &'a str,
    },
    #[serde(rename_all = "camelCase")]
    FileData {
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<&'static str>,
        file_uri: &'a str,
    },
    FunctionCall {
        name: &'a str,
        args: Object<'a>,
    },
    FunctionResponse {
        name: &'a str,
        response: Object<'a>,
    },
}

/// A JSON object: one that came as text, or a text inside one.
#[derive(Serialize)]
#[serde(untagged)]
enum Object<'a> {
    Raw(&'a RawValue),
    Arguments { arguments: &'a str },
    Result { result: String },
    Empty {},
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    function_calling_config: Calling<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Calling<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

fn body<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Body<'a> {
    let is_system = |message: &&Message| message.role == Role::System;
    let system: Vec<Part<'a>> = request
        .messages
        .iter()
        .filter(is_system)
        .flat_map(|message| &message.parts)
        .filter_map(|part| wire_part(part, adapted))
        .collect();
    let body = Body {
        contents: turns(request, adapted),
        system_instruction: (!system.is_empty()).then_some(Instruction { parts: system }),
        generation_config: generation(request, adapted),
        tools: tools(request, adapted),
        tool_config: tool_config(request, adapted),
    };
    if request.user.is_some() {
        adapted.dropped("user");
    }
    adapted.drop_extra(request);
    body
}

fn generation<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Generation<'a> {
    let stops = &request.stop[..request.stop.len().min(MAX_STOPS)];
    if stops.len() < request.stop.len() {
        adapted.note(format!("dropped `stop` strings beyond {MAX_STOPS}"));
    }
    let schema = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => schema.as_deref(),
        _ => None,
    };
    Generation {
        max_output_tokens: request.max_tokens,
        temperature: finite(request.temperature),
        top_p: finite(request.top_p),
        stop_sequences: stops,
        seed: request.seed,
        response_mime_type: request.response_format.as_ref().map(|_| "application/json"),
        response_json_schema: schema,
    }
}

fn turns<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn<'a>> = Vec::with_capacity(request.messages.len());
    for (at, message) in request.messages.iter().enumerate() {
        let (role, parts) = match message.role {
            Role::System => continue,
            Role::Tool => ("user", vec![tool_result(&request.messages[..at], message, adapted)]),
            Role::User => ("user", parts(message, adapted)),
            Role::Assistant => ("model", parts(message, adapted)),
        };
        if message.name.is_some() && message.role != Role::Tool {
            adapted.dropped("name");
        }
        if parts.is_empty() {
            adapted.note("dropped an empty message".to_owned());
            continue;
        }
        match turns.last_mut().filter(|last| last.role == role) {
            Some(last) => last.parts.extend(parts),
            None => turns.push(Turn { role, parts }),
        }
    }
    turns
}

fn parts<'a>(message: &'a Message, adapted: &mut Adapted) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = message.parts.iter().filter_map(|part| wire_part(part, adapted)).collect();
    for call in &message.tool_calls {
        let arguments = call.arguments.trim();
        let args = match raw_object(arguments) {
            Some(object) => Object::Raw(object),
            None if arguments.is_empty() => Object::Empty {},
            None => {
                adapted.note(format!("wrapped the arguments of `{}`, which are no object", call.name));
                Object::Arguments { arguments }
            }
        };
        parts.push(Part::FunctionCall { name: &call.name, args });
    }
    parts
}

fn raw_object(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok().filter(|_| text.starts_with('{'))
}

fn wire_part<'a>(part: &'a ChatPart, adapted: &mut Adapted) -> Option<Part<'a>> {
    match part {
        ChatPart::Text(text) => (!text.is_empty()).then_some(Part::Text(text)),
        ChatPart::Image { url, detail } => {
            if detail.is_some() {
                adapted.dropped("detail");
            }
            match data_url(url) {
                Some((mime_type, data)) => Some(Part::InlineData { mime_type, data }),
                None if url.starts_with("data:") => {
                    adapted.note("dropped an image that is not base64".to_owned());
                    None
                }
                None => Some(Part::FileData { mime_type: image_kind(url), file_uri: url }),
            }
        }
    }
}

/// An image's media type, as far as its URL gives it away.
fn image_kind(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    const KINDS: [(&str, &str); 5] = [
        (".png", "image/png"),
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".webp", "image/webp"),
        (".gif", "image/gif"),
    ];
    KINDS.into_iter().find_map(|(ending, kind)| path.ends_with(ending).then_some(kind))
}

/// A tool's result, under the name of the function that the nearest call with its id called.
fn tool_result<'a>(before: &'a [Message], message: &'a Message, adapted: &mut Adapted) -> Part<'a> {
    let id = message.tool_call_id.as_deref().unwrap_or_default();
    let called = before.iter().rev().flat_map(|turn| &turn.tool_calls).find(|call| call.id == id);
    let name = called.map(|call| call.name.as_str()).or(message.name.as_deref()).unwrap_or(id);
    if message.parts.iter().any(|part| matches!(part, ChatPart::Image { .. })) {
        adapted.dropped("tool result image");
    }
    let texts = message.parts.iter().filter_map(|part| match part {
        ChatPart::Text(text) => Some(text.as_str()),
        ChatPart::Image { .. } => None,
    });
    let response = match message.parts.as_slice() {
        [ChatPart::Text(text)] => raw_object(text.trim()).map(Object::Raw),
        _ => None,
    };
    Part::FunctionResponse {
        name,
        response: response.unwrap_or_else(|| Object::Result { result: texts.collect() }),
    }
}

fn tools<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Option<[Tools<'a>; 1]> {
    if request.tools.iter().any(|tool| tool.strict == Some(true)) {
        adapted.dropped("strict");
    }
    let declare = request.tools.iter().map(|tool| Declaration {
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters_json_schema: tool.parameters.as_deref(),
    });
    (!request.tools.is_empty()).then(|| [Tools { function_declarations: declare.collect() }])
}

/// A choice without tools has nothing to choose from.
fn tool_config<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Option<ToolConfig<'a>> {
    let choice = request.tool_choice.as_ref()?;
    if request.tools.is_empty() {
        adapted.dropped("tool_choice");
        return None;
    }
    let (mode, name) = match choice {
        ToolChoice::Auto => ("AUTO", None),
        ToolChoice::None => ("NONE", None),
        ToolChoice::Required => ("ANY", None),
        ToolChoice::Named(name) => ("ANY", Some(name.as_str())),
    };
    let calling = Calling { mode, allowed_function_names: name.map(|name| [name]) };
    Some(ToolConfig { function_calling_config: calling })
}
