//! From a request to what is asked.

use serde_json::value::RawValue;

use super::body::{Body, Choice, Tool};
use super::check::{check, check_prompt};
use super::error::diagnose;
use crate::dialect::schema::Shape;
use crate::dialect::{Ask, Asked, Caching, Complaint, ask};
use crate::provider::Spec;

/// Stop texts kept.
const STOPS_MAX: usize = 256;

/// Reads a request for a message; `newest` is the generation that refuses sampling parameters.
pub(super) fn message(spec: &Spec, raw: &[u8], newest: bool, ask: &mut Ask) -> Result<Asked, Complaint> {
    let body: Body<'_> = serde_json::from_slice(raw).map_err(|error| diagnose(&error, raw))?;
    take(&body, raw, ask);
    check(&body, newest)?;
    ask.settle(spec, body.metadata.as_ref().and_then(|data| data.user_id.as_ref()).map(|user| &*user.0))
}

/// Counts the tokens of a prompt.
pub(super) fn count(spec: &Spec, raw: &[u8], newest: bool, ask: &mut Ask) -> Result<Asked, Complaint> {
    let body: Body<'_> = serde_json::from_slice(raw).map_err(|error| diagnose(&error, raw))?;
    take(&body, raw, ask);
    check_prompt(&body, newest)?;
    ask::known(spec, &ask.model)?;
    Ok(Asked::Aside(format!("{{\"input_tokens\":{}}}", ask.prompt_tokens())))
}

fn take(body: &Body<'_>, raw: &[u8], ask: &mut Ask) {
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    body.system.iter().for_each(|system| system.say(ask));
    let contents = body.messages.iter().flatten().filter_map(|message| message.content.as_ref());
    contents.for_each(|content| content.say(ask));
    ask.stream = body.stream == Some(true);
    ask.max_tokens = body.max_tokens.map(|limit| u32::try_from(limit.max(0)).unwrap_or(u32::MAX));
    ask.stop = body.stop_sequences.iter().flatten().take(STOPS_MAX).cloned().collect();
    if marks_cache(raw) {
        ask.caching = Caching::Mark;
    }
    take_thinking(body, ask);
    take_shape(body, ask);
}

/// Whether anything in the body has a mark of the cache; in a text its quotes would be escaped.
fn marks_cache(raw: &[u8]) -> bool {
    std::str::from_utf8(raw).is_ok_and(|text| text.contains("\"cache_control\""))
}

fn take_thinking(body: &Body<'_>, ask: &mut Ask) {
    let Some(thinking) = &body.thinking else { return };
    ask.thinks = thinking.kind.as_ref().is_some_and(|kind| kind.0 != "disabled");
    ask.thoughts_max = thinking.budget_tokens.map(|most| u32::try_from(most.max(0)).unwrap_or(u32::MAX));
    ask.thoughts_shown = thinking.display.as_ref().is_none_or(|display| display.0 != "omitted");
}

fn take_shape(body: &Body<'_>, ask: &mut Ask) {
    if let Some(tool) = body.tool_choice.as_ref().and_then(|choice| forced(choice, body.tools.as_deref())) {
        ask.tool = tool.name.as_ref().map(|name| ask::name(&name.0));
        ask.shape = Some(Box::new(Shape::arguments(tool.input_schema.map(RawValue::get))));
    } else if let Some(format) = body.format() {
        ask.json = format.kind.as_ref().is_some_and(|kind| kind.0 == "json_schema");
        let schema = format.schema.filter(|_| ask.json);
        ask.shape = schema.map(|schema| Box::new(Shape::of(schema.get())));
    }
}

fn forced<'b, 'a>(choice: &Choice<'a>, tools: Option<&'b [Tool<'a>]>) -> Option<&'b Tool<'a>> {
    let mut tools = tools?.iter();
    match &*choice.kind.as_ref()?.0 {
        "tool" => tools.find(|tool| tool.name == choice.name),
        "any" => tools.next(),
        _ => None,
    }
}
