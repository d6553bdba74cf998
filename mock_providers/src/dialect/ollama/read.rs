//! Requests of Ollama's own interface.

use http::Method;
use http::request::Parts;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{embed, error, pages};
use crate::dialect::ask::{self, bearer};
use crate::dialect::json::{Content, Text};
use crate::dialect::schema::Shape;
use crate::dialect::{Ask, Asked, Complaint, Format};
use crate::fault::ErrorKind;
use crate::provider::Spec;

#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    /// The model's name in older calls of `/api/show`.
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    #[serde(borrow)]
    system: Option<Text<'a>>,
    stream: Option<bool>,
    #[serde(borrow)]
    format: Option<&'a RawValue>,
    options: Option<Options>,
    #[serde(borrow)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    keep_alive: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Option<Text<'a>>,
    #[serde(borrow, default)]
    content: Content<'a>,
}

#[derive(Deserialize)]
struct Options {
    /// Negative: without limit.
    num_predict: Option<i64>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    function: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
}

/// Reads a request.
pub(in crate::dialect) fn read(
    spec: &Spec,
    head: &Parts,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    ask.key = bearer(&head.headers).map(str::to_owned);
    let path = head.uri.path();
    // Probes ask with HEAD.
    let probe = head.method == Method::HEAD && path == "/";
    let wanted = match path {
        _ if probe => Method::HEAD,
        "/api/chat" | "/api/generate" | "/api/show" | "/api/embed" | "/api/embeddings" => Method::POST,
        "/" | "/api/version" | "/api/tags" | "/api/ps" => Method::GET,
        _ => return Err(error::unknown_path()),
    };
    ask.format = match path {
        "/api/generate" => Format::OllamaGenerate,
        "/api/embed" | "/api/embeddings" => Format::OllamaEmbed,
        _ => Format::OllamaChat,
    };
    ask.aside = path == "/api/show" || wanted != Method::POST;
    ask::method(head, &wanted)?;
    if !ask::authorised(spec, ask.key.as_deref()) {
        return Err(Complaint::usual(spec.dialect, ErrorKind::Unauthorized));
    }
    if wanted != Method::POST {
        return Ok(Asked::Aside(pages::page(path, &spec.models)));
    }
    if ask.format == Format::OllamaEmbed {
        embed::take(path == "/api/embed", body, ask)?;
        return found(spec, ask).map(|()| Asked::Call);
    }
    let body: Body<'_> = parse(body)?;
    take(&body, ask);
    found(spec, ask)?;
    if ask.aside {
        return Ok(Asked::Aside(pages::show()));
    }
    loading(&body, ask);
    Ok(Asked::Call)
}

/// Whether there is the model that is asked for.
fn found(spec: &Spec, ask: &mut Ask) -> Result<(), Complaint> {
    ask.attribute(None)?;
    if ask.model.is_empty() {
        return Err(Complaint::invalid("model", "model is required"));
    }
    if serves(&spec.models, &ask.model) { Ok(()) } else { Err(unknown_model(&ask.model)) }
}

/// Whether a model is served. The tag `latest` goes without saying.
pub(in crate::dialect) fn serves(models: &[String], wanted: &str) -> bool {
    let bare = |model: &str| model.strip_suffix(":latest").unwrap_or(model).to_owned();
    models.is_empty() || models.iter().any(|model| bare(model) == bare(wanted))
}

pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Complaint> {
    if body.is_empty() {
        return Err(Complaint::invalid("body", "missing request body"));
    }
    serde_json::from_slice(body).map_err(|error| Complaint::invalid("body", error.to_string()))
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    let model = body.model.as_ref().or(body.name.as_ref());
    ask.model = model.map(|model| ask::name(&model.0)).unwrap_or_default();
    [&body.system, &body.prompt].into_iter().flatten().for_each(|text| ask.say(&text.0));
    body.messages.iter().flatten().for_each(|message| message.content.say(ask));
    // Streams unless told otherwise.
    ask.stream = body.stream != Some(false);
    let limit = body.options.as_ref().and_then(|options| options.num_predict);
    ask.max_tokens = limit.and_then(|limit| u32::try_from(limit).ok());
    ask.json = body.format.is_some_and(|format| !matches!(format.get(), "null" | "\"\""));
    let function = called(body, ask);
    ask.tool = function.and_then(|function| function.name.as_ref()).map(|name| ask::name(&name.0));
    let schema = body.format.filter(|_| ask.json).map(RawValue::get);
    ask.shape = match (function, schema) {
        (Some(function), _) => Some(Shape::arguments(function.parameters.map(RawValue::get))),
        // A word asks for any object, a schema for one of its form.
        (None, Some(schema)) if schema.starts_with('{') => Some(Shape::of(schema)),
        (None, Some(_)) => Some(Shape::text()),
        (None, None) => None,
    }
    .map(Box::new);
}

/// The tool that is called. There is no way to force one here, so a tool is called when the caller's last words
/// name it.
fn called<'b, 'a>(body: &'b Body<'a>, ask: &Ask) -> Option<&'b Named<'a>> {
    let last = body.messages.as_ref()?.last()?;
    let asked = last.role.as_ref().is_some_and(|role| role.0 == "user");
    let mut words = Ask::default();
    last.content.say(&mut words);
    let names = |name: &Text<'_>| !name.0.is_empty() && words.prompt.contains(&*name.0);
    let mut functions = body.tools.iter().flatten().filter_map(|tool| tool.function.as_ref());
    let named = functions.find(|function| function.name.as_ref().is_some_and(names));
    named.filter(|_| asked && !ask.json)
}

/// A call without a prompt loads the model, or unloads it.
fn loading(body: &Body<'_>, ask: &mut Ask) {
    let asks = body.messages.as_ref().is_some_and(|messages| !messages.is_empty())
        || body.prompt.as_ref().is_some_and(|prompt| !prompt.0.is_empty());
    if !asks {
        let zero = body.keep_alive.is_some_and(|kept| matches!(kept.get(), "0" | "\"0\"" | "\"0s\""));
        ask.max_tokens = Some(0);
        ask.stream = false;
        ask.done = Some(if zero { "unload" } else { "load" });
    }
}

/// The native interface quotes a model in its own way.
pub(super) fn unknown_model(model: &str) -> Complaint {
    Complaint::new(ErrorKind::NotFound, 404, format!("model '{model}' not found"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_latest_goes_without_saying() {
        let models = ["llama3.2:latest".to_owned(), "qwen3:8b".to_owned()];

        assert!(serves(&models, "llama3.2") && serves(&models, "llama3.2:latest"));
        assert!(serves(&models, "qwen3:8b") && !serves(&models, "qwen3"));
        assert!(serves(&[], "anything"));
    }
}
