//! Requests, checked as OpenAI checks them.

use super::Body;
use crate::dialect::Complaint;

/// What OpenAI refuses.
pub(in crate::dialect::openai) fn check(body: &Body<'_>) -> Result<(), Complaint> {
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
    if body.stops() > 4 {
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
