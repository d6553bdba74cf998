//! Requests.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::dialect::ask;
use crate::dialect::json::{Content, Text, string};
use crate::dialect::openai::chat::{Field, Kind, diagnose, thinks};
use crate::dialect::schema::Shape;
use crate::dialect::{Ask, Asked, Caching, Complaint, Format};
use crate::provider::Spec;

use super::check::check;

const FIELDS: [Field; 10] = [
    ("model", Kind::Text),
    ("instructions", Kind::Text),
    ("stream", Kind::Flag),
    ("max_output_tokens", Kind::Whole),
    ("temperature", Kind::Decimal),
    ("top_p", Kind::Decimal),
    ("tools", Kind::Objects),
    ("text", Kind::Object),
    ("reasoning", Kind::Object),
    ("metadata", Kind::Object),
];

#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    instructions: Option<Text<'a>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    pub(super) max_output_tokens: Option<i64>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    #[serde(borrow)]
    pub(super) tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    pub(super) tool_choice: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) text: Option<TextConfig<'a>>,
    #[serde(borrow)]
    reasoning: Option<Reasoning<'a>>,
    #[serde(borrow)]
    prompt_cache_key: Option<Text<'a>>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_obfuscation: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Tool<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) parameters: Option<&'a RawValue>,
    pub(super) strict: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct TextConfig<'a> {
    #[serde(borrow)]
    pub(super) format: Option<TextFormat<'a>>,
}

#[derive(Deserialize)]
pub(super) struct TextFormat<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) schema: Option<&'a RawValue>,
    pub(super) strict: Option<bool>,
}

#[derive(Deserialize)]
struct Reasoning<'a> {
    #[serde(borrow)]
    effort: Option<Text<'a>>,
    #[serde(borrow)]
    summary: Option<Text<'a>>,
}

/// One item of the input.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub(super) role: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<Content<'a>>,
    #[serde(borrow, default)]
    output: Option<Content<'a>>,
}

/// Reads a body.
pub(in crate::dialect::openai) fn read(spec: &Spec, body: &[u8], ask: &mut Ask) -> Result<Asked, Complaint> {
    let raw = body;
    let body: Body<'_> = serde_json::from_slice(raw).map_err(|error| diagnose(&error, raw, &FIELDS))?;
    ask.format = Format::Responses;
    take(&body, ask);
    let items = input(&body, ask)?;
    check(&body, &items, &ask.prompt)?;
    echo(&body, raw, ask);
    ask.settle(spec, body.user.as_ref().map(|user| &*user.0))
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    ask.stream = body.stream == Some(true);
    ask.obfuscation =
        body.stream_options.as_ref().and_then(|options| options.include_obfuscation) != Some(false);
    ask.max_tokens = body.max_output_tokens.map(|most| u32::try_from(most.max(0)).unwrap_or(u32::MAX));
    if let Some(reasoning) = &body.reasoning {
        ask.thinks = reasoning.effort.as_ref().is_none_or(|effort| thinks(&effort.0));
        ask.thoughts_shown = reasoning.summary.is_some();
    }
    if body.prompt_cache_key.is_some() {
        ask.caching = Caching::Read;
    }
    if let Some(instructions) = &body.instructions {
        ask.say(&instructions.0);
    }
    if let Some(tool) = forced(body) {
        ask.tool = tool.name.as_ref().map(|name| ask::name(&name.0));
        ask.shape = Some(Box::new(Shape::arguments(tool.parameters.map(RawValue::get))));
    } else if let Some(format) = body.text.as_ref().and_then(|text| text.format.as_ref()) {
        ask.shape = match format.kind.as_ref().map(|kind| &*kind.0) {
            Some("json_object") => Some(Box::new(Shape::text())),
            Some("json_schema") => format.schema.map(|schema| Box::new(Shape::of(schema.get()))),
            _ => None,
        };
        ask.json = ask.shape.is_some();
    }
}

fn forced<'b, 'a>(body: &'b Body<'a>) -> Option<&'b Tool<'a>> {
    let mut functions = body.tools.iter().flatten().filter(|tool| tool.name.is_some());
    let choice = body.tool_choice?.get();
    if let Ok(mode) = serde_json::from_str::<String>(choice) {
        return functions.next().filter(|_| mode == "required");
    }
    let named: Tool<'_> = serde_json::from_str(choice).ok()?;
    functions.find(|tool| tool.name == named.name)
}

/// The items of the input; a text is one item without a role.
fn input<'a>(body: &Body<'a>, ask: &mut Ask) -> Result<Vec<Item<'a>>, Complaint> {
    let Some(raw) = body.input else { return Ok(Vec::new()) };
    if let Ok(text) = serde_json::from_str::<Text<'a>>(raw.get()) {
        ask.say(&text.0);
        return Ok(Vec::new());
    }
    let items: Vec<Item<'a>> = serde_json::from_str(raw.get()).map_err(|_| {
        let message = "Invalid type for 'input': expected one of an array of objects or string, but got something else \
                       instead.";
        Complaint::invalid("input", message).coded("invalid_type")
    })?;
    let texts = items.iter().flat_map(|item| [&item.content, &item.output]).flatten();
    texts.for_each(|content| content.say(ask));
    Ok(items)
}

/// What the answer repeats of the request, with the vendor's defaults for what it does not say.
fn echo(body: &Body<'_>, raw: &[u8], ask: &mut Ask) {
    // Written anew: line breaks between fields must not get into an event.
    let fields: BTreeMap<String, Value> = serde_json::from_slice(raw).unwrap_or_default();
    let defaults = [
        ("instructions", "null"),
        ("max_output_tokens", "null"),
        ("metadata", "{}"),
        ("parallel_tool_calls", "true"),
        ("previous_response_id", "null"),
        ("store", "true"),
        ("temperature", "1.0"),
        ("tool_choice", "\"auto\""),
        ("tools", "[]"),
        ("top_p", "1.0"),
        ("truncation", "\"disabled\""),
        ("user", "null"),
    ];
    for (name, default) in defaults {
        let _ = write!(ask.echo, ",\"{name}\":");
        match fields.get(name).filter(|value| !value.is_null()) {
            Some(value) => ask.echo.push_str(&value.to_string()),
            None => ask.echo.push_str(default),
        }
    }
    let or_null = |text: Option<&Text<'_>>| text.map_or_else(|| "null".to_owned(), |text| string(&text.0));
    let reasoning = body.reasoning.as_ref();
    let effort = or_null(reasoning.and_then(|reasoning| reasoning.effort.as_ref()));
    let summary = or_null(reasoning.and_then(|reasoning| reasoning.summary.as_ref()));
    let format = fields.get("text").and_then(|text| text.get("format")).filter(|format| format.is_object());
    let format = format.map_or_else(|| "{\"type\":\"text\"}".to_owned(), ToString::to_string);
    let _ = write!(
        ask.echo,
        ",\"reasoning\":{{\"effort\":{effort},\"summary\":{summary}}},\"text\":{{\"format\":{format},\"verbosity\":\
         \"medium\"}},\"service_tier\":\"default\",\"background\":false"
    );
}
