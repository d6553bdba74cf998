//! Requests, checked as Anthropic checks them.

use super::body::{Body, Message, Said};
use crate::dialect::Complaint;

const BUDGET_MIN: i64 = 1_024;
/// Families that refuse sampling parameters whatever the version.
const UNSAMPLED: [&str; 4] = ["claude-opus-4-7", "claude-opus-4-8", "claude-fable-5", "claude-opus-5"];
/// Families that take no prefilled answer.
const UNFILLED: [&str; 11] = [
    "claude-opus-4-6",
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-sonnet-4-7",
    "claude-sonnet-4-8",
    "claude-opus-5",
    "claude-sonnet-5",
    "claude-haiku-5",
    "claude-fable-5",
    "claude-mythos",
];

fn bad(message: impl Into<String>) -> Result<(), Complaint> {
    Err(Complaint::new(crate::fault::ErrorKind::InvalidRequest, 400, message.into()))
}

fn is_one_of(model: &str, families: &[&str]) -> bool {
    families.iter().any(|family| model.starts_with(family))
}

/// What is refused in a request for a message; `newest` is the generation that refuses sampling parameters.
pub(super) fn check(body: &Body<'_>, newest: bool) -> Result<(), Complaint> {
    if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
        return bad("model: Field required");
    }
    match body.max_tokens {
        None => return bad("max_tokens: Field required"),
        // Nought fills the cache and says nothing.
        Some(most) if most < 0 => return bad("max_tokens: Input should be greater than or equal to 0"),
        Some(_) => {}
    }
    check_prompt(body, newest)?;
    check_sampling(body, newest)?;
    check_thinking(body)?;
    if body.stop_sequences.iter().flatten().any(|stop| stop.trim().is_empty()) {
        return bad("stop_sequences: each stop sequence must contain non-whitespace");
    }
    match body.format().map(|format| (format.kind.as_ref().map(|kind| &*kind.0), format.schema)) {
        Some((Some("json_schema"), None)) => bad("output_config.format.json_schema.schema: Field required"),
        Some((Some("json_schema"), Some(_))) | None => Ok(()),
        Some((kind, _)) => bad(tag("output_config.format", kind, "'json_schema'")),
    }
}

fn tag(field: &str, kind: Option<&str>, known: &str) -> String {
    match kind {
        None => format!("{field}.type: Field required"),
        Some(kind) => format!(
            "{field}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {known}"
        ),
    }
}

/// What is refused wherever a prompt is given.
pub(super) fn check_prompt(body: &Body<'_>, newest: bool) -> Result<(), Complaint> {
    if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
        return bad("model: Field required");
    }
    let messages = match body.messages.as_deref() {
        None => return bad("messages: Field required"),
        Some([]) => return bad("messages: at least one message is required"),
        Some(messages) => messages,
    };
    for (index, message) in messages.iter().enumerate() {
        check_message(message, (index, index + 1 == messages.len()), newest)?;
    }
    check_calls(messages)?;
    let model = body.model.as_ref().map_or("", |model| &model.0);
    if messages.last().is_some_and(|last| is_assistant(last)) && is_one_of(model, &UNFILLED) {
        return bad(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        );
    }
    check_tools(body)
}

fn is_assistant(message: &Message<'_>) -> bool {
    message.role.as_ref().is_some_and(|role| role.0 == "assistant")
}

fn check_message(message: &Message<'_>, (index, last): (usize, bool), newest: bool) -> Result<(), Complaint> {
    match message.role.as_ref().map(|role| &*role.0) {
        None => return bad(format!("messages.{index}.role: Field required")),
        Some("user" | "assistant") => {}
        Some("system") if newest => {}
        Some("system") => {
            return bad(
                "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
                 \"system\" as an input message role.",
            );
        }
        Some(_) => return bad(format!("messages.{index}.role: Input should be 'user' or 'assistant'")),
    }
    let assistant = is_assistant(message);
    let Some(content) = &message.content else {
        return bad(format!("messages.{index}.content: Field required"));
    };
    if content.is_empty() && !(assistant && last) {
        return bad(format!(
            "messages.{index}: all messages must have non-empty content except for the optional final assistant message"
        ));
    }
    check_blocks(content, (index, assistant), newest)
}

fn check_blocks(
    content: &Said<'_>,
    (index, assistant): (usize, bool),
    newest: bool,
) -> Result<(), Complaint> {
    for (at, block) in content.blocks().iter().enumerate() {
        let place = format!("messages.{index}.content.{at}");
        match block.kind.as_ref().map(|kind| &*kind.0) {
            None => return bad(format!("{place}.type: Field required")),
            Some("text") if block.text.is_none() => return bad(format!("{place}.text.text: Field required")),
            Some("text") if block.text.as_ref().is_some_and(|text| text.0.is_empty()) => {
                return bad("messages: text content blocks must be non-empty");
            }
            Some("text") if newest && !assistant && block.citations.is_some() => {
                return bad(format!("{place}.text.citations: Extra inputs are not permitted"));
            }
            Some("document") if newest && assistant => {
                return bad(format!("{place}: document blocks are not permitted in assistant messages"));
            }
            Some("tool_result") if block.tool_use_id.is_none() => {
                return bad(format!("{place}.tool_result.tool_use_id: Field required"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Every call has its result in the next message, and every result its call in the one before.
fn check_calls(messages: &[Message<'_>]) -> Result<(), Complaint> {
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let blocks = message.content.as_ref().map_or(&[][..], Said::blocks);
        let mut missing = open.clone();
        for (at, block) in blocks.iter().enumerate() {
            let Some(id) = block.tool_use_id.as_ref().filter(|_| is(block, "tool_result")) else { continue };
            if !open.contains(&&*id.0) {
                return bad(format!(
                    "messages.{index}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {}. Each \
                     `tool_result` block must have a corresponding `tool_use` block in the previous message.",
                    id.0
                ));
            }
            missing.retain(|call| *call != id.0);
        }
        if !missing.is_empty() {
            return bad(format!(
                "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each \
                 `tool_use` block must have a corresponding `tool_result` block in the next message.",
                index - 1,
                missing.join(", ")
            ));
        }
        let calls = blocks.iter().filter(|block| is(block, "tool_use"));
        open = calls.filter_map(|block| block.id.as_ref()).map(|id| &*id.0).collect();
    }
    Ok(())
}

fn is(block: &super::body::Block<'_>, kind: &str) -> bool {
    block.kind.as_ref().is_some_and(|name| name.0 == kind)
}

fn check_tools(body: &Body<'_>) -> Result<(), Complaint> {
    let tools = body.tools.as_deref().unwrap_or_default();
    for (index, tool) in tools.iter().enumerate() {
        // Tools of the vendor's own have a type and need no schema.
        let own = tool.kind.as_ref().is_some_and(|kind| kind.0 != "custom");
        let Some(name) = &tool.name else { return bad(format!("tools.{index}.custom.name: Field required")) };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if name.0.is_empty() || name.0.len() > 128 || !name.0.bytes().all(fits) {
            return bad(format!(
                "tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            ));
        }
        if !own && tool.input_schema.is_none() {
            return bad(format!("tools.{index}.custom.input_schema: Field required"));
        }
        if tools[..index].iter().any(|other| other.name.as_ref() == Some(name)) {
            return bad("tools: Tool names must be unique.");
        }
    }
    let Some(choice) = &body.tool_choice else { return Ok(()) };
    match choice.kind.as_ref().map(|kind| &*kind.0) {
        Some("auto" | "any" | "tool" | "none") => {}
        kind => return bad(tag("tool_choice", kind, "'any', 'auto', 'none', 'tool'")),
    }
    if tools.is_empty() {
        return bad("tool_choice: tool_choice may only be specified while providing tools");
    }
    if choice.kind.as_ref().is_none_or(|kind| kind.0 != "tool") {
        return Ok(());
    }
    match &choice.name {
        None => bad("tool_choice.tool.name: Field required"),
        Some(name) if tools.iter().any(|tool| tool.name.as_ref() == Some(name)) => Ok(()),
        Some(name) => bad(format!("Tool '{}' not found in provided tools", name.0)),
    }
}

fn check_sampling(body: &Body<'_>, newest: bool) -> Result<(), Complaint> {
    let model = body.model.as_ref().map_or("", |model| &model.0);
    let given = [
        ("temperature", body.temperature.is_some()),
        ("top_p", body.top_p.is_some()),
        ("top_k", body.top_k.is_some()),
    ];
    let given = given.iter().find(|(_, given)| *given).map(|(name, _)| *name);
    match given {
        Some(name) if newest => {
            return bad(format!(
                "{name}: temperature, top_p and top_k are not supported in API version 2026-10-21"
            ));
        }
        Some(name) if is_one_of(model, &UNSAMPLED) => {
            return bad(format!("`{name}` is deprecated for this model."));
        }
        _ => {}
    }
    if body.temperature.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        return bad("temperature: range: 0..1");
    }
    if body.top_p.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        return bad("top_p: range: 0..1");
    }
    if body.top_k.is_some_and(|value| value < 0) {
        return bad("top_k: Input should be greater than or equal to 0");
    }
    Ok(())
}

fn check_thinking(body: &Body<'_>) -> Result<(), Complaint> {
    let Some(thinking) = &body.thinking else { return Ok(()) };
    match thinking.kind.as_ref().map(|kind| &*kind.0) {
        Some("disabled") => return Ok(()),
        Some("adaptive") => {}
        Some("enabled") => check_budget(thinking.budget_tokens, body.max_tokens)?,
        kind => return bad(tag("thinking", kind, "'adaptive', 'disabled', 'enabled'")),
    }
    if body.temperature.is_some_and(|temperature| temperature != 1.0) {
        return bad(
            "`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation at \
             https://docs.claude.com/en/docs/build-with-claude/extended-thinking#important-considerations-when-using-extended-thinking",
        );
    }
    let forces = |kind: &str| matches!(kind, "any" | "tool");
    if body.tool_choice.as_ref().and_then(|choice| choice.kind.as_ref()).is_some_and(|kind| forces(&kind.0)) {
        return bad("Thinking may not be enabled when tool_choice forces tool use.");
    }
    Ok(())
}

fn check_budget(budget: Option<i64>, max_tokens: Option<i64>) -> Result<(), Complaint> {
    match budget {
        None => bad("thinking.enabled.budget_tokens: Field required"),
        Some(budget) if budget < BUDGET_MIN => {
            bad("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        }
        Some(budget) if max_tokens.is_some_and(|most| most <= budget) => bad(
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at \
             https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size",
        ),
        Some(_) => Ok(()),
    }
}
