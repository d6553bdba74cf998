//! Requests, checked as OpenAI checks them.

use http::Method;
use http::request::Parts;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::dialect::ask::{self, authorised, bearer};
use crate::dialect::json::{Content, Text, read as read_json};
use crate::dialect::{Ask, Asked, Complaint, Dialect};
use crate::fault::ErrorKind;
use crate::provider::Spec;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    temperature: Option<f64>,
    #[serde(borrow)]
    stop: Option<&'a RawValue>,
    #[serde(borrow)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    tool_choice: Option<&'a RawValue>,
    #[serde(borrow)]
    response_format: Option<Format<'a>>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Content<'a>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
    include_obfuscation: Option<bool>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    function: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

/// Reads a request.
pub(in crate::dialect) fn read(
    spec: &Spec,
    head: &Parts,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    ask.key = bearer(&head.headers).map(str::to_owned);
    let listing = match head.uri.path() {
        "/v1/chat/completions" | "/chat/completions" => false,
        "/v1/models" | "/models" => true,
        path => return Err(Complaint::unknown_path(&head.method, path)),
    };
    ask::method(head, if listing { &Method::GET } else { &Method::POST })?;
    if !authorised(spec, ask.key.as_deref()) {
        return Err(Complaint::usual(Dialect::Openai, ErrorKind::Unauthorized));
    }
    if listing {
        return Ok(Asked::Models);
    }
    let body: Body<'_> = read_json(Dialect::Openai, body)?;
    take(&body, ask);
    check(&body)?;
    ask.settle(spec, body.user.as_ref().map(|user| &*user.0))
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    body.messages.iter().flatten().for_each(|message| message.content.say(ask));
    ask.stream = body.stream == Some(true);
    let limit = body.max_completion_tokens.or(body.max_tokens);
    ask.max_tokens = limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
    if let Some(options) = &body.stream_options {
        ask.include_usage = options.include_usage == Some(true);
        ask.obfuscation = options.include_obfuscation != Some(false);
    }
    ask.tool = body.tool_choice.and_then(|choice| forced(choice, body.tools.as_deref()));
    let format = body.response_format.as_ref().and_then(|format| format.kind.as_ref());
    ask.json = format.is_some_and(|kind| kind.0 == "json_object" || kind.0 == "json_schema");
}

fn forced(choice: &RawValue, tools: Option<&[Tool<'_>]>) -> Option<String> {
    if let Ok(tool) = serde_json::from_str::<Tool<'_>>(choice.get()) {
        return tool.function?.name.map(|name| ask::name(&name.0));
    }
    let mode: Text<'_> = serde_json::from_str(choice.get()).ok()?;
    let first = tools?.first()?.function.as_ref()?.name.as_ref()?;
    (mode.0 == "required").then(|| ask::name(&first.0))
}

fn check(body: &Body<'_>) -> Result<(), Complaint> {
    if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
        return Err(Complaint::invalid("model", "you must provide a model parameter"));
    }
    match body.messages.as_deref() {
        None => return Err(Complaint::invalid("messages", "Missing required parameter: 'messages'.")),
        Some([]) => {
            let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an \
                           empty array instead.";
            return Err(Complaint::invalid("messages", message));
        }
        Some(_) => {}
    }
    check_numbers(body)?;
    let stops = body.stop.and_then(|stop| serde_json::from_str::<Vec<IgnoredAny>>(stop.get()).ok());
    if stops.is_some_and(|stops| stops.len() > 4) {
        let message = "Invalid 'stop': array too long. Expected an array with maximum length 4.";
        return Err(Complaint::invalid("stop", message));
    }
    if body.stream_options.is_some() && body.stream != Some(true) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Complaint::invalid("stream_options", message));
    }
    Ok(())
}

fn check_numbers(body: &Body<'_>) -> Result<(), Complaint> {
    if body.max_tokens.is_some() && body.max_completion_tokens.is_some() {
        let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Complaint::invalid("max_tokens", message));
    }
    if body.max_tokens == Some(0) || body.max_completion_tokens == Some(0) {
        let message =
            "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got 0 instead.";
        return Err(Complaint::invalid("max_tokens", message));
    }
    if body.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
        let message = "Invalid 'temperature': decimal outside the range from 0 to 2.";
        return Err(Complaint::invalid("temperature", message));
    }
    Ok(())
}
