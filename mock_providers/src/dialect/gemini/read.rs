//! From a request to what is asked.

use serde_json::value::RawValue;

use super::body::{Body, Calling, Config, EmbedBody, Function, Tools};
use super::check::{check, check_contents, unreadable};
use crate::dialect::embedding::{DIMENSIONS_MAX, Embed, input};
use crate::dialect::schema::Shape;
use crate::dialect::{Ask, Asked, Caching, Complaint, Format, ask};
use crate::provider::Spec;

/// Stop texts kept, and texts embedded at once.
const STOPS_MAX: usize = 16;
const INPUTS_MAX: usize = 100;
/// The size of a vector when the caller does not say.
const DIMENSIONS: u32 = 3_072;

/// Reads a request for content.
pub(super) fn content(spec: &Spec, raw: &[u8], ask: &mut Ask) -> Result<Asked, Complaint> {
    let body: Body<'_> = serde_json::from_slice(raw).map_err(|error| unreadable(&error))?;
    take(&body, ask);
    check(&body)?;
    ask.settle(spec, None)
}

/// Counts the tokens of a prompt.
pub(super) fn count(spec: &Spec, raw: &[u8], ask: &mut Ask) -> Result<Asked, Complaint> {
    let body: Body<'_> = serde_json::from_slice(raw).map_err(|error| unreadable(&error))?;
    let body = body.inner.as_deref().unwrap_or(&body);
    take(body, ask);
    check_contents(body)?;
    ask::known(spec, &ask.model)?;
    let tokens = ask.prompt_tokens();
    Ok(Asked::Aside(format!(
        "{{\"totalTokens\":{tokens},\"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":{tokens}}}]}}"
    )))
}

/// Reads a request for embeddings: one, or a `batch`.
pub(super) fn embed(spec: &Spec, raw: &[u8], batch: bool, ask: &mut Ask) -> Result<Asked, Complaint> {
    let body: EmbedBody<'_> = serde_json::from_slice(raw).map_err(|error| unreadable(&error))?;
    ask.format = Format::Embed;
    let requests =
        if batch { body.requests.as_deref().unwrap_or_default() } else { std::slice::from_ref(&body) };
    let wrong = |message: &str| Complaint::invalid("content", message);
    if requests.is_empty() {
        return Err(wrong("* BatchEmbedContentsRequest.requests: requests is not specified\n"));
    }
    if requests.len() > INPUTS_MAX {
        return Err(wrong(
            "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n",
        ));
    }
    let mut inputs = Vec::new();
    let mut dimensions = DIMENSIONS;
    for request in requests {
        let parts = request.content.as_ref().and_then(|content| content.parts.as_ref());
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            return Err(wrong("* EmbedContentRequest.content: content is not specified\n"));
        };
        parts.say(ask);
        inputs.push(input(parts.whole().as_bytes()));
        let given = request.dimensions.or(request.config.as_ref().and_then(|config| config.dimensions));
        dimensions = given.map_or(dimensions, |given| given.clamp(1, i64::from(DIMENSIONS_MAX)) as u32);
    }
    ask.embed = Some(Box::new(Embed { inputs, dimensions, base64: false, batch }));
    ask.settle(spec, None)
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    body.system.iter().filter_map(|turn| turn.parts.as_ref()).for_each(|parts| parts.say(ask));
    let turns = body.contents.iter().flatten().filter_map(|turn| turn.parts.as_ref());
    turns.for_each(|parts| parts.say(ask));
    if body.cached.is_some() {
        ask.caching = Caching::Read;
    }
    if let Some(config) = &body.config {
        take_config(config, ask);
    }
    let calling = body.tool_config.as_ref().and_then(|config| config.calling.as_ref());
    if let Some(function) = calling.and_then(|calling| forced(calling, body.tools.as_deref())) {
        ask.tool = function.name.as_ref().map(|name| ask::name(&name.0));
        let schema = function.parameters.or(function.json_schema);
        ask.shape = Some(Box::new(Shape::arguments(schema.map(RawValue::get))));
    }
}

fn take_config(config: &Config<'_>, ask: &mut Ask) {
    ask.max_tokens = config.max_tokens.map(|most| u32::try_from(most.max(0)).unwrap_or(u32::MAX));
    ask.stop =
        config.stops.iter().flatten().filter(|stop| !stop.is_empty()).take(STOPS_MAX).cloned().collect();
    if let Some(thinking) = &config.thinking {
        ask.thinks = thinking.budget != Some(0);
        // A negative budget leaves it to the model.
        ask.thoughts_max = thinking.budget.and_then(|most| u32::try_from(most).ok());
        ask.thoughts_shown = thinking.shown == Some(true);
    }
    ask.json = config.mime.as_ref().is_some_and(|mime| mime.0 == "application/json");
    if ask.json {
        let schema = config.schema.or(config.json_schema);
        ask.shape = Some(Box::new(schema.map_or_else(Shape::text, |schema| Shape::of(schema.get()))));
    }
}

/// The function that has to be called: the first allowed one, or the first of all.
fn forced<'b, 'a>(calling: &Calling<'a>, tools: Option<&'b [Tools<'a>]>) -> Option<&'b Function<'a>> {
    if calling.mode.as_ref()?.0 != "ANY" {
        return None;
    }
    let mut all = tools?.iter().flat_map(|tools| tools.functions.iter().flatten());
    match calling.allowed.as_deref().and_then(<[_]>::first) {
        Some(name) => all.find(|function| function.name.as_ref() == Some(name)),
        None => all.next(),
    }
}
