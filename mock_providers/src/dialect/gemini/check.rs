//! Requests, checked as Gemini checks them.

use super::body::{Body, Config};
use super::error::UNKNOWN_FIELD;
use crate::dialect::Complaint;
use crate::fault::ErrorKind;

const STOPS_MAX: usize = 5;

fn bad(field: &str, message: &str) -> Result<(), Complaint> {
    let message = format!("* GenerateContentRequest.{field}: {message}\n");
    Err(Complaint::new(ErrorKind::InvalidRequest, 400, message))
}

/// What is wrong with a body that could not be read.
pub(super) fn unreadable(error: &serde_json::Error) -> Complaint {
    let text = error.to_string();
    let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let (message, code) = match unknown {
        Some(name) => (
            format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."),
            Some(UNKNOWN_FIELD),
        ),
        None => (format!("Invalid JSON payload received. {text}"), None),
    };
    let mut complaint = Complaint::new(ErrorKind::InvalidRequest, 400, message);
    complaint.code = code;
    complaint
}

/// What Gemini refuses.
pub(super) fn check(body: &Body<'_>) -> Result<(), Complaint> {
    check_contents(body)?;
    check_tools(body)?;
    body.config.as_ref().map_or(Ok(()), check_config)
}

/// What it refuses wherever a prompt is given.
pub(super) fn check_contents(body: &Body<'_>) -> Result<(), Complaint> {
    let contents = body.contents.as_deref().unwrap_or_default();
    if contents.is_empty() {
        return bad("contents", "contents is not specified");
    }
    for (index, turn) in contents.iter().enumerate() {
        if turn.role.as_ref().is_some_and(|role| !matches!(&*role.0, "user" | "model" | "function" | "")) {
            let message = "Please use a valid role: user, model.".to_owned();
            return Err(Complaint::new(ErrorKind::InvalidRequest, 400, message));
        }
        if turn.parts.as_ref().is_none_or(crate::dialect::json::Content::is_empty) {
            return bad(&format!("contents[{index}].parts"), "contents.parts must not be empty.");
        }
    }
    Ok(())
}

fn check_tools(body: &Body<'_>) -> Result<(), Complaint> {
    for (at, tools) in body.tools.iter().flatten().enumerate() {
        for (index, function) in tools.functions.iter().flatten().enumerate() {
            let name = function.name.as_ref().map_or("", |name| &name.0);
            let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
            if !begins || name.len() > 64 || !name.bytes().all(fits) {
                return bad(
                    &format!("tools[{at}].function_declarations[{index}].name"),
                    "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, \
                     0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.",
                );
            }
        }
    }
    Ok(())
}

fn check_config(config: &Config<'_>) -> Result<(), Complaint> {
    if config.max_tokens.is_some_and(|most| most <= 0) {
        return bad("generation_config.max_output_tokens", "max_output_tokens must be positive.");
    }
    if config.temperature.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
        return bad("generation_config.temperature", "temperature must be in the range [0.0, 2.0].");
    }
    if config.top_p.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        return bad("generation_config.top_p", "top_p must be in the range [0.0, 1.0].");
    }
    if config.stops.as_ref().is_some_and(|stops| stops.len() > STOPS_MAX) {
        return bad("generation_config.stop_sequences", "at most 5 stop sequences may be specified.");
    }
    match config.candidates {
        Some(0 | 1) | None => Ok(()),
        Some(2..=8) => {
            let message = "Multiple candidates is not enabled for this model".to_owned();
            Err(Complaint::new(ErrorKind::InvalidRequest, 400, message))
        }
        Some(_) => bad("generation_config.candidate_count", "candidate_count must be between 1 and 8."),
    }
}
