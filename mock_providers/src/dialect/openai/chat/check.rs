//! Requests, checked as OpenAI checks them.

use super::body::{Body, Message};
use super::read::CHOICES_MAX;
use crate::dialect::Complaint;
use crate::dialect::openai::check::{
    decimal, missing, name, strict, text_too_long, thinker, too_long, unknown_value, whole,
};

const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];
const FORMATS: [&str; 3] = ["json_object", "json_schema", "text"];
const TOOLS_MAX: usize = 128;

/// What OpenAI refuses.
pub(in crate::dialect::openai) fn check(body: &Body<'_>) -> Result<(), Complaint> {
    if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
        return Err(Complaint::invalid("model", "you must provide a model parameter"));
    }
    match body.messages.as_deref() {
        None => return Err(missing("messages")),
        Some([]) => {
            let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an \
                           empty array instead.";
            return Err(Complaint::invalid("messages", message).coded("empty_array"));
        }
        Some(messages) => check_messages(messages)?,
    }
    check_numbers(body)?;
    check_thinker(body)?;
    check_stop(body)?;
    check_tools(body)?;
    check_format(body)?;
    check_metadata(body)?;
    if body.stream_options.is_some() && body.stream != Some(true) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Complaint::invalid("stream_options", message));
    }
    Ok(())
}

/// Roles, contents, and that every answer of a tool has its call.
pub(in crate::dialect::openai) fn check_messages(messages: &[Message<'_>]) -> Result<(), Complaint> {
    // Calls of the last message of the assistant that wait for an answer.
    let mut open: Vec<&str> = Vec::new();
    let mut called = false;
    for (index, message) in messages.iter().enumerate() {
        let Some(role) = &message.role else { return Err(missing(format!("messages[{index}].role"))) };
        if !ROLES.contains(&&*role.0) {
            return Err(unknown_value(format!("messages[{index}].role"), &role.0, &ROLES));
        }
        check_content(message, &role.0, index)?;
        if role.0 == "tool" {
            let id = tool_answer(message, index, called)?;
            open.retain(|call| *call != id);
            continue;
        }
        unanswered(&open, index)?;
        let calls = message.tool_calls.as_deref().unwrap_or_default();
        open = calls.iter().filter_map(|call| call.id.as_ref()).map(|id| &*id.0).collect();
        called = !calls.is_empty();
    }
    unanswered(&open, messages.len())
}

fn check_content(message: &Message<'_>, role: &str, index: usize) -> Result<(), Complaint> {
    let instead = message.tool_calls.is_some()
        || message.function_call.is_some()
        || message.refusal.is_some()
        || message.audio.is_some();
    if message.content.is_some() || role == "assistant" && instead {
        return Ok(());
    }
    let message = "Invalid value for 'content': expected a string, got null.";
    Err(Complaint::invalid(format!("messages.[{index}].content"), message))
}

fn tool_answer<'m>(message: &'m Message<'_>, index: usize, called: bool) -> Result<&'m str, Complaint> {
    let Some(id) = &message.tool_call_id else {
        let words = "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.";
        return Err(Complaint::invalid(format!("messages.[{index}].tool_call_id"), words));
    };
    if !called {
        let words = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with \
                     'tool_calls'.";
        return Err(Complaint::invalid(format!("messages.[{index}].role"), words));
    }
    Ok(&id.0)
}

fn unanswered(open: &[&str], index: usize) -> Result<(), Complaint> {
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(Complaint::invalid(format!("messages.[{index}].role"), message))
}

fn check_numbers(body: &Body<'_>) -> Result<(), Complaint> {
    if body.max_tokens.is_some() && body.max_completion_tokens.is_some() {
        let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Complaint::invalid("max_tokens", message).coded("invalid_parameter_combination"));
    }
    whole("max_tokens", body.max_tokens, 1, i64::MAX)?;
    whole("max_completion_tokens", body.max_completion_tokens, 1, i64::MAX)?;
    decimal("temperature", body.temperature, 0.0, 2.0)?;
    decimal("top_p", body.top_p, 0.0, 1.0)?;
    decimal("presence_penalty", body.presence_penalty, -2.0, 2.0)?;
    decimal("frequency_penalty", body.frequency_penalty, -2.0, 2.0)?;
    whole("n", body.n, 1, i64::from(CHOICES_MAX))?;
    whole("top_logprobs", body.top_logprobs, 0, 20)?;
    if body.top_logprobs.is_some() && body.logprobs != Some(true) {
        let message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
        return Err(Complaint::invalid("top_logprobs", message));
    }
    Ok(())
}

/// Models that always think take other parameters.
fn check_thinker(body: &Body<'_>) -> Result<(), Complaint> {
    if !body.model.as_ref().is_some_and(|model| thinker(&model.0)) {
        return Ok(());
    }
    if body.max_tokens.is_some() {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                       'max_completion_tokens' instead.";
        return Err(Complaint::invalid("max_tokens", message).coded("unsupported_parameter"));
    }
    let only = [
        ("temperature", body.temperature, 1.0),
        ("top_p", body.top_p, 1.0),
        ("presence_penalty", body.presence_penalty, 0.0),
        ("frequency_penalty", body.frequency_penalty, 0.0),
    ];
    for (param, value, default) in only {
        if let Some(value) = value.filter(|value| *value != default) {
            let message = format!(
                "Unsupported value: '{param}' does not support {value} with this model. Only the default ({default}) \
                 value is supported."
            );
            return Err(Complaint::invalid(param, message).coded("unsupported_value"));
        }
    }
    Ok(())
}

fn check_stop(body: &Body<'_>) -> Result<(), Complaint> {
    match body.stops() {
        stops if stops > 4 => Err(too_long("stop", 4, stops)),
        _ => Ok(()),
    }
}

fn check_tools(body: &Body<'_>) -> Result<(), Complaint> {
    let tools = body.tools.as_deref().unwrap_or_default();
    if body.tools.is_some() && tools.is_empty() {
        let message = "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array \
                       instead.";
        return Err(Complaint::invalid("tools", message).coded("empty_array"));
    }
    if tools.len() > TOOLS_MAX {
        return Err(too_long("tools", TOOLS_MAX, tools.len()));
    }
    for (index, tool) in tools.iter().enumerate() {
        match tool.kind.as_ref().map(|kind| &*kind.0) {
            None => return Err(missing(format!("tools[{index}].type"))),
            Some("function") => {}
            Some("custom") => continue,
            Some(other) => {
                return Err(unknown_value(format!("tools[{index}].type"), other, &["function", "custom"]));
            }
        }
        let Some(function) = &tool.function else { return Err(missing(format!("tools[{index}].function"))) };
        let given = function.name.as_ref().map(|name| &*name.0);
        name(&format!("tools[{index}].function.name"), given)?;
        if let (Some(true), Some(rule)) = (function.strict, function.parameters) {
            let what = format!("function '{}'", given.unwrap_or_default());
            strict(&what, &format!("tools[{index}].function.parameters"), rule.get())?;
        }
    }
    check_choice(body)
}

fn check_choice(body: &Body<'_>) -> Result<(), Complaint> {
    let Some(choice) = body.tool_choice else { return Ok(()) };
    let mode = serde_json::from_str::<String>(choice.get()).ok();
    if body.tools.is_none() && mode.as_deref() != Some("none") {
        let message =
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.";
        return Err(Complaint::invalid("tool_choice", message));
    }
    match mode {
        Some(mode) if !matches!(&*mode, "none" | "auto" | "required") => {
            Err(unknown_value("tool_choice", &mode, &["none", "auto", "required"]))
        }
        Some(_) => Ok(()),
        None => known_choice(body, choice.get()),
    }
}

/// A named function has to be among the tools.
fn known_choice(body: &Body<'_>, choice: &str) -> Result<(), Complaint> {
    let named = serde_json::from_str::<super::body::Tool<'_>>(choice).ok().and_then(|tool| tool.function);
    let Some(name) = named.and_then(|function| function.name) else { return Ok(()) };
    let functions = body.tools.iter().flatten().filter_map(|tool| tool.function.as_ref());
    if functions.filter_map(|function| function.name.as_ref()).any(|known| known.0 == name.0) {
        return Ok(());
    }
    let message = format!(
        "Invalid value for 'tool_choice': no function named '{}' was specified in the 'tools' parameter.",
        name.0
    );
    Err(Complaint::invalid("tool_choice", message))
}

fn check_format(body: &Body<'_>) -> Result<(), Complaint> {
    let Some(format) = &body.response_format else { return Ok(()) };
    match format.kind.as_ref().map(|kind| &*kind.0) {
        None => Err(missing("response_format.type")),
        Some("text") => Ok(()),
        Some("json_object") => mentions_json(body),
        Some("json_schema") => {
            let Some(schema) = &format.json_schema else {
                return Err(missing("response_format.json_schema"));
            };
            let given = schema.name.as_ref().map(|name| &*name.0);
            name("response_format.json_schema.name", given)?;
            let Some(rule) = schema.schema else { return Err(missing("response_format.json_schema.schema")) };
            if schema.strict == Some(true) {
                let what = format!("response_format '{}'", given.unwrap_or_default());
                strict(&what, "response_format", rule.get())?;
            }
            Ok(())
        }
        Some(other) => Err(unknown_value("response_format.type", other, &FORMATS)),
    }
}

fn mentions_json(body: &Body<'_>) -> Result<(), Complaint> {
    if body.says("json") {
        return Ok(());
    }
    let message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                   'json_object'.";
    Err(Complaint::invalid("messages", message))
}

fn check_metadata(body: &Body<'_>) -> Result<(), Complaint> {
    let Some(metadata) = &body.metadata else { return Ok(()) };
    if metadata.len() > 16 {
        let message = format!(
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object \
             with {} properties instead.",
            metadata.len()
        );
        return Err(Complaint::invalid("metadata", message).coded("object_above_max_properties"));
    }
    for (key, value) in metadata {
        if key.0.chars().count() > 64 {
            return Err(text_too_long("metadata", 64, key.0.chars().count()));
        }
        if value.0.chars().count() > 512 {
            return Err(text_too_long(format!("metadata.{}", key.0), 512, value.0.chars().count()));
        }
    }
    Ok(())
}
