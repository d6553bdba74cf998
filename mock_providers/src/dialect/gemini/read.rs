//! Requests, checked as Gemini checks them.

use http::Method;
use http::request::Parts;
use serde::Deserialize;

use crate::dialect::ask::{self, authorised, bearer, text};
use crate::dialect::json::{Content, Text, read as read_json};
use crate::dialect::{Ask, Asked, Complaint, Dialect};
use crate::fault::ErrorKind;
use crate::provider::Spec;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    contents: Option<Vec<Turn<'a>>>,
    #[serde(borrow, rename = "systemInstruction", alias = "system_instruction")]
    system: Option<Turn<'a>>,
    #[serde(borrow, rename = "generationConfig", alias = "generation_config")]
    config: Option<Config<'a>>,
    #[serde(borrow)]
    tools: Option<Vec<Tools<'a>>>,
    #[serde(borrow, rename = "toolConfig", alias = "tool_config")]
    tool_config: Option<ToolConfig<'a>>,
}

#[derive(Deserialize)]
struct Turn<'a> {
    #[serde(borrow, default)]
    parts: Content<'a>,
}

#[derive(Deserialize)]
struct Config<'a> {
    #[serde(rename = "maxOutputTokens", alias = "max_output_tokens")]
    max_tokens: Option<u64>,
    temperature: Option<f64>,
    #[serde(borrow, rename = "responseMimeType", alias = "response_mime_type")]
    mime: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Tools<'a> {
    #[serde(borrow, rename = "functionDeclarations", alias = "function_declarations")]
    functions: Option<Vec<Function<'a>>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ToolConfig<'a> {
    #[serde(borrow, rename = "functionCallingConfig", alias = "function_calling_config")]
    calling: Option<Calling<'a>>,
}

#[derive(Deserialize)]
struct Calling<'a> {
    #[serde(borrow)]
    mode: Option<Text<'a>>,
    #[serde(borrow, rename = "allowedFunctionNames", alias = "allowed_function_names")]
    allowed: Option<Vec<Text<'a>>>,
}

/// Reads a request.
pub(in crate::dialect) fn read(
    spec: &Spec,
    head: &Parts,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    ask.key = text(&head.headers, "x-goog-api-key")
        .or_else(|| query(head, "key"))
        .or_else(|| bearer(&head.headers))
        .map(str::to_owned);
    ask.aside = route(head, ask)?;
    ask::method(head, if ask.aside { &Method::GET } else { &Method::POST })?;
    if !authorised(spec, ask.key.as_deref()) {
        return Err(Complaint::usual(Dialect::Gemini, ErrorKind::Unauthorized));
    }
    if ask.aside {
        return Ok(Asked::Aside(super::write::models(&spec.models)));
    }
    let body: Body<'_> = read_json(Dialect::Gemini, body)?;
    take(&body, ask);
    check(&body)?;
    ask.settle(spec, None)
}

/// Finds out whether models are to be listed, or else model and method in the path: `/v1beta/models/gemini-2.5-flash:streamGenerateContent`.
fn route(head: &Parts, ask: &mut Ask) -> Result<bool, Complaint> {
    let path = head.uri.path();
    let unknown = || Complaint::unknown_path(&head.method, path);
    let rest = ["/v1/models", "/v1beta/models", "/v1alpha/models"]
        .iter()
        .find_map(|base| path.strip_prefix(base))
        .ok_or_else(unknown)?;
    if rest.is_empty() {
        return Ok(true);
    }
    let rest = rest.strip_prefix('/').ok_or_else(unknown)?.replace("%3A", ":").replace("%3a", ":");
    let (model, action) = rest.rsplit_once(':').ok_or_else(unknown)?;
    ask.stream = match action {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return Err(unknown()),
    };
    ask.array = ask.stream && query(head, "alt") != Some("sse");
    ask.model = ask::name(model);
    Ok(false)
}

fn query<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    let pairs = head.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    body.system.iter().for_each(|turn| turn.parts.say(ask));
    body.contents.iter().flatten().for_each(|turn| turn.parts.say(ask));
    if let Some(config) = &body.config {
        ask.max_tokens = config.max_tokens.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
        ask.json = config.mime.as_ref().is_some_and(|mime| mime.0 == "application/json");
    }
    let calling = body.tool_config.as_ref().and_then(|config| config.calling.as_ref());
    ask.tool = calling.and_then(|calling| forced(calling, body.tools.as_deref()));
}

fn forced(calling: &Calling<'_>, tools: Option<&[Tools<'_>]>) -> Option<String> {
    if calling.mode.as_ref()?.0 != "ANY" {
        return None;
    }
    let allowed = calling.allowed.as_deref().and_then(<[_]>::first);
    let declared = || tools?.iter().flat_map(|tools| tools.functions.iter().flatten()).next()?.name.as_ref();
    allowed.or_else(declared).map(|name| ask::name(&name.0))
}

fn check(body: &Body<'_>) -> Result<(), Complaint> {
    if body.contents.as_ref().is_none_or(Vec::is_empty) {
        return Err(Complaint::invalid(
            "contents",
            "* GenerateContentRequest.contents: contents is not specified\n",
        ));
    }
    let Some(config) = &body.config else { return Ok(()) };
    if config.max_tokens == Some(0) {
        let message = "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be \
                       positive.\n";
        return Err(Complaint::invalid("maxOutputTokens", message));
    }
    if config.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
        let message = "* GenerateContentRequest.generation_config.temperature: temperature must be in the range \
                       [0.0, 2.0].\n";
        return Err(Complaint::invalid("temperature", message));
    }
    Ok(())
}
