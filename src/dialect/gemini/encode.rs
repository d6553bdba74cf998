//! A `generateContent` request.
//!
//! JSON schemas are sent as JSON schemas (`parametersJsonSchema`, `responseJsonSchema`), verbatim: the older
//! `parameters` and `responseSchema` take a subset of OpenAPI and refuse words they do not know.

use std::fmt::Write;

use http::header::HeaderName;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

mod turns;

use self::turns::{Part, Turn, system, turns};
use super::super::encode::{Adapted, Envelope, finite, stops};
use super::super::{Encoded, Upstream};
use crate::chat::{ChatRequest, Failure, ResponseFormat, ToolChoice};

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
pub(in super::super) struct Body<'a> {
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
#[serde(rename_all = "camelCase")]
struct Generation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
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

pub(in super::super) fn body<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Body<'a> {
    let system = system(request, adapted);
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
    adapted.drop_extra(&request.extra, &["top_k"]);
    body
}

fn generation<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Generation<'a> {
    let schema = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => schema.as_deref(),
        _ => None,
    };
    Generation {
        max_output_tokens: request.max_tokens,
        temperature: finite(request.temperature),
        top_p: finite(request.top_p),
        top_k: request.extra.get("top_k").and_then(Value::as_u64),
        stop_sequences: stops(&request.stop, MAX_STOPS, adapted),
        seed: request.seed,
        response_mime_type: request.response_format.as_ref().map(|_| "application/json"),
        response_json_schema: schema,
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
