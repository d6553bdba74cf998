//! From a request to what is asked.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::value::RawValue;

use super::body::{Body, Format, Function, Tool};
use crate::dialect::ask;
use crate::dialect::json::{Text, push_string};
use crate::dialect::openai::vendor::Vendor;
use crate::dialect::schema::Shape;
use crate::dialect::{Ask, Asked, Caching, Complaint};
use crate::provider::Spec;

/// Stop texts kept, and how long each may be: more than any vendor takes.
const STOPS_MAX: usize = 16;
/// Answers given side by side.
pub(super) const CHOICES_MAX: u32 = 128;

/// Reads a body; `model` is the one the path names, where it does.
pub(in crate::dialect::openai) fn read(
    spec: &Spec,
    vendor: &dyn Vendor,
    model: Option<&str>,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    let mut body: Body<'_> =
        serde_json::from_slice(body).map_err(|error| vendor.diagnose(&error, body, &super::FIELDS))?;
    if let Some(model) = model {
        body.model = Some(Text(Cow::Borrowed(model)));
    }
    take(&body, ask);
    vendor.take(&body, ask);
    vendor.check(&body)?;
    ask.settle(spec, body.user.as_ref().map(|user| &*user.0))
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    let contents = body.messages.iter().flatten().filter_map(|message| message.content.as_ref());
    contents.for_each(|content| content.say(ask));
    ask.stream = body.stream == Some(true);
    let limit = body.max_completion_tokens.or(body.max_tokens);
    ask.max_tokens = limit.map(|limit| u32::try_from(limit.max(0)).unwrap_or(u32::MAX));
    if let Some(options) = &body.stream_options {
        ask.include_usage = options.include_usage == Some(true);
        ask.obfuscation = options.include_obfuscation != Some(false);
    }
    ask.choices = body.n.and_then(|n| u32::try_from(n).ok()).map(|n| n.clamp(1, CHOICES_MAX));
    ask.stop = body.stop.map(stops).unwrap_or_default();
    ask.thinks = body.reasoning_effort.as_ref().is_some_and(|effort| thinks(&effort.0));
    if body.prompt_cache_key.is_some() {
        ask.caching = Caching::Read;
    }
    if body.logprobs == Some(true) {
        ask.logprobs = Some(body.top_logprobs.and_then(|top| u8::try_from(top).ok()).unwrap_or(0).min(20));
    }
    take_shape(body, ask);
    take_echo(body, ask);
}

/// Whether an effort is one.
pub(in crate::dialect::openai) fn thinks(effort: &str) -> bool {
    !matches!(effort, "none" | "minimal")
}

fn stops(stop: &RawValue) -> Vec<String> {
    let mut stops = match serde_json::from_str::<Vec<String>>(stop.get()) {
        Ok(stops) => stops,
        Err(_) => serde_json::from_str::<String>(stop.get()).into_iter().collect(),
    };
    stops.retain(|stop| !stop.is_empty());
    stops.truncate(STOPS_MAX);
    stops
}

/// What of the answer is JSON: a call's arguments, or all of it.
fn take_shape(body: &Body<'_>, ask: &mut Ask) {
    if let Some(function) = body.tool_choice.and_then(|choice| forced(choice, body.tools.as_deref())) {
        ask.tool = function.name.as_ref().map(|name| ask::name(&name.0));
        ask.shape = Some(Box::new(Shape::arguments(function.parameters.map(RawValue::get))));
    } else if let Some(format) = &body.response_format {
        ask.shape = wanted(format).map(Box::new);
        ask.json = ask.shape.is_some();
    }
}

fn wanted(format: &Format<'_>) -> Option<Shape> {
    match &*format.kind.as_ref()?.0 {
        "json_object" => Some(Shape::text()),
        "json_schema" => {
            let schema = format.json_schema.as_ref().and_then(|schema| schema.schema);
            Some(schema.map_or_else(Shape::text, |schema| Shape::of(schema.get())))
        }
        _ => None,
    }
}

/// The function that has to be called: the named one, or the first when any will do.
fn forced<'b, 'a>(choice: &'a RawValue, tools: Option<&'b [Tool<'a>]>) -> Option<Cow<'b, Function<'a>>> {
    let mut functions = tools.into_iter().flatten().filter_map(|tool| tool.function.as_ref());
    if let Ok(mode) = serde_json::from_str::<Text<'_>>(choice.get()) {
        let any = matches!(&*mode.0, "required" | "any");
        return functions.next().filter(|_| any).map(Cow::Borrowed);
    }
    let named = serde_json::from_str::<Tool<'a>>(choice.get()).ok()?.function?;
    let known = functions.find(|function| function.name == named.name);
    Some(known.map_or(Cow::Owned(named), Cow::Borrowed))
}

/// What the answer repeats when it is stored.
fn take_echo(body: &Body<'_>, ask: &mut Ask) {
    let Some(metadata) = body.metadata.as_ref().filter(|_| body.store == Some(true)) else { return };
    ask.echo.push_str(",\"metadata\":{");
    for (index, (key, value)) in metadata.iter().enumerate() {
        let _ = ask.echo.write_str(if index > 0 { "," } else { "" });
        push_string(&key.0, &mut ask.echo);
        ask.echo.push(':');
        push_string(&value.0, &mut ask.echo);
    }
    ask.echo.push('}');
}
