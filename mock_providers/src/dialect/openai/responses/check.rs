//! Requests, checked as OpenAI checks them.

use super::read::{Body, Item};
use crate::dialect::Complaint;
use crate::dialect::openai::check::{decimal, missing, name, strict, thinker, unknown_value, whole};

const ROLES: [&str; 4] = ["assistant", "system", "developer", "user"];
/// The least output a caller may ask for.
const OUTPUT_MIN: i64 = 16;

/// What OpenAI refuses.
pub(super) fn check(body: &Body<'_>, items: &[Item<'_>], prompt: &str) -> Result<(), Complaint> {
    if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
        return Err(missing("model"));
    }
    if body.input.is_none() {
        return Err(missing("input"));
    }
    for (index, item) in items.iter().enumerate() {
        check_item(item, index)?;
    }
    whole("max_output_tokens", body.max_output_tokens, OUTPUT_MIN, i64::MAX)?;
    decimal("temperature", body.temperature, 0.0, 2.0)?;
    decimal("top_p", body.top_p, 0.0, 1.0)?;
    if body.temperature.is_some() && body.model.as_ref().is_some_and(|model| thinker(&model.0)) {
        let message = "Unsupported parameter: 'temperature' is not supported with this model.";
        return Err(Complaint::invalid("temperature", message).coded("unsupported_parameter"));
    }
    check_tools(body)?;
    check_format(body, prompt)
}

fn check_item(item: &Item<'_>, index: usize) -> Result<(), Complaint> {
    if item.kind.as_ref().is_some_and(|kind| kind.0 != "message") {
        return Ok(());
    }
    match &item.role {
        None => Err(missing(format!("input[{index}].role"))),
        Some(role) if !ROLES.contains(&&*role.0) => {
            Err(unknown_value(format!("input[{index}].role"), &role.0, &ROLES))
        }
        Some(_) if item.content.is_none() => Err(missing(format!("input[{index}].content"))),
        Some(_) => Ok(()),
    }
}

fn check_tools(body: &Body<'_>) -> Result<(), Complaint> {
    for (index, tool) in body.tools.iter().flatten().enumerate() {
        let Some(kind) = &tool.kind else { return Err(missing(format!("tools[{index}].type"))) };
        if kind.0 != "function" {
            continue;
        }
        let given = tool.name.as_ref().map(|name| &*name.0);
        name(&format!("tools[{index}].name"), given)?;
        // Strict unless it is said otherwise; the vendor then makes the schema fit by itself.
        if let (Some(true), Some(rule)) = (tool.strict, tool.parameters) {
            let what = format!("function '{}'", given.unwrap_or_default());
            strict(&what, &format!("tools[{index}].parameters"), rule.get())?;
        }
    }
    let mode = body.tool_choice.and_then(|choice| serde_json::from_str::<String>(choice.get()).ok());
    match mode {
        Some(mode) if !matches!(&*mode, "none" | "auto" | "required") => {
            Err(unknown_value("tool_choice", &mode, &["none", "auto", "required"]))
        }
        Some(mode) if mode == "required" && body.tools.as_ref().is_none_or(Vec::is_empty) => {
            let message = "Tool choice 'required' must be specified with 'tools' parameter.";
            Err(Complaint::invalid("tool_choice", message))
        }
        _ => Ok(()),
    }
}

fn check_format(body: &Body<'_>, prompt: &str) -> Result<(), Complaint> {
    let Some(format) = body.text.as_ref().and_then(|text| text.format.as_ref()) else { return Ok(()) };
    match format.kind.as_ref().map(|kind| &*kind.0) {
        None => Err(missing("text.format.type")),
        Some("text") => Ok(()),
        Some("json_object") if prompt.to_ascii_lowercase().contains("json") => Ok(()),
        Some("json_object") => {
            let message = "Response input messages must contain the word 'json' in some form to use 'text.format' of \
                           type 'json_object'.";
            Err(Complaint::invalid("input", message))
        }
        Some("json_schema") => {
            let given = format.name.as_ref().map(|name| &*name.0);
            name("text.format.name", given)?;
            let Some(rule) = format.schema else { return Err(missing("text.format.schema")) };
            if format.strict == Some(true) {
                let what = format!("response_format '{}'", given.unwrap_or_default());
                strict(&what, "text.format.schema", rule.get())?;
            }
            Ok(())
        }
        Some(other) => Err(unknown_value("text.format.type", other, &["json_object", "json_schema", "text"])),
    }
}
