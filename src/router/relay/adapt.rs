//! What a model is declared not to take is left out for it, and said.

use std::borrow::Cow;

use crate::chat::ChatRequest;
use crate::router::config::{Capabilities, Model};

/// `request` as `model` takes it; what had to be changed is added to `notes`.
pub(super) fn adapted<'a>(
    request: &'a ChatRequest,
    model: &Model,
    notes: &mut Vec<String>,
) -> Cow<'a, ChatRequest> {
    let mut request = Cow::Borrowed(request);
    let can = &model.can;
    for name in &can.refuses {
        if drop_parameter(&mut request, name) {
            notes.push(format!("dropped `{name}`"));
        }
    }
    clamp_temperature(&mut request, can, notes);
    if let (Some(most), Some(asked)) = (can.max_output, request.max_tokens)
        && asked > most
    {
        notes.push(format!("clamped `max_tokens` {asked} -> {most}"));
        request.to_mut().max_tokens = Some(most);
    }
    if let Some(most) = can.max_stop
        && request.stop.len() > most
    {
        notes.push(format!("dropped {} of {} `stop` strings", request.stop.len() - most, request.stop.len()));
        request.to_mut().stop.truncate(most);
    }
    request
}

/// Whether `adapted` would change anything.
pub(crate) fn would_adapt(request: &ChatRequest, model: &Model) -> bool {
    let mut notes = Vec::new();
    adapted(request, model, &mut notes);
    !notes.is_empty()
}

fn clamp_temperature(request: &mut Cow<'_, ChatRequest>, can: &Capabilities, notes: &mut Vec<String>) {
    let (Some((least, most)), Some(asked)) = (can.temperature, request.temperature) else { return };
    let granted = asked.max(least).min(most);
    if granted != asked {
        notes.push(format!("clamped `temperature` {asked} -> {granted}"));
        request.to_mut().temperature = Some(granted);
    }
}

/// Whether the parameter was there.
fn drop_parameter(request: &mut Cow<'_, ChatRequest>, name: &str) -> bool {
    let there = match name {
        "temperature" => request.temperature.is_some(),
        "top_p" => request.top_p.is_some(),
        "stop" => !request.stop.is_empty(),
        "seed" => request.seed.is_some(),
        "max_tokens" | "max_completion_tokens" => request.max_tokens.is_some(),
        "user" => request.user.is_some(),
        "response_format" => request.response_format.is_some(),
        "tool_choice" => request.tool_choice.is_some(),
        other => request.extra.contains_key(other),
    };
    if !there {
        return false;
    }
    let request = request.to_mut();
    match name {
        "temperature" => request.temperature = None,
        "top_p" => request.top_p = None,
        "stop" => request.stop.clear(),
        "seed" => request.seed = None,
        "max_tokens" | "max_completion_tokens" => request.max_tokens = None,
        "user" => request.user = None,
        "response_format" => request.response_format = None,
        "tool_choice" => request.tool_choice = None,
        other => {
            request.extra.remove(other);
        }
    }
    true
}
