//! Requests, checked as Anthropic checks them.

use http::Method;
use http::request::Parts;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::dialect::ask::{self, authorised, bearer, text};
use crate::dialect::json::{Content, Text, read as read_json};
use crate::dialect::{Ask, Asked, Complaint, Dialect};
use crate::fault::ErrorKind;
use crate::provider::Spec;

/// The version that refuses sampling parameters.
const UNSAMPLED: &str = "2026-10-21";
const VERSIONS: [&str; 3] = ["2023-01-01", "2023-06-01", UNSAMPLED];

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    max_tokens: Option<u64>,
    stream: Option<bool>,
    #[serde(borrow, default)]
    system: Content<'a>,
    #[serde(borrow)]
    tools: Option<Vec<Named<'a>>>,
    #[serde(borrow)]
    tool_choice: Option<Choice<'a>>,
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    output_config: Option<Output<'a>>,
    temperature: Option<IgnoredAny>,
    top_p: Option<IgnoredAny>,
    top_k: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Content<'a>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    user_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    format: Option<Choice<'a>>,
}

/// Reads a request.
pub(in crate::dialect) fn read(
    spec: &Spec,
    head: &Parts,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    let (key, token) = (text(&head.headers, "x-api-key"), bearer(&head.headers));
    ask.key = key.or(token).map(str::to_owned);
    let listing = match head.uri.path() {
        "/v1/messages" => false,
        "/v1/models" => true,
        path => return Err(Complaint::unknown_path(&head.method, path)),
    };
    ask.aside = listing;
    ask::method(head, if listing { &Method::GET } else { &Method::POST })?;
    if (key.is_some() && token.is_some()) || !authorised(spec, ask.key.as_deref()) {
        return Err(Complaint::usual(Dialect::Anthropic, ErrorKind::Unauthorized));
    }
    let version = version(head)?;
    if listing {
        return Ok(Asked::Aside(super::write::models(&spec.models)));
    }
    let body: Body<'_> = read_json(Dialect::Anthropic, body)?;
    take(&body, ask);
    check(&body, version)?;
    ask.settle(spec, body.metadata.as_ref().and_then(|data| data.user_id.as_ref()).map(|user| &*user.0))
}

fn version(head: &Parts) -> Result<&str, Complaint> {
    let Some(version) = text(&head.headers, "anthropic-version") else {
        return Err(Complaint::invalid("anthropic-version", "anthropic-version: header is required"));
    };
    if VERSIONS.contains(&version) {
        return Ok(version);
    }
    let message = format!("anthropic-version: \"{version}\" is not a valid version");
    Err(Complaint::invalid("anthropic-version", &message))
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    body.system.say(ask);
    body.messages.iter().flatten().for_each(|message| message.content.say(ask));
    ask.stream = body.stream == Some(true);
    ask.max_tokens = body.max_tokens.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
    ask.tool = body.tool_choice.as_ref().and_then(|choice| forced(choice, body.tools.as_deref()));
    let format = body.output_config.as_ref().and_then(|output| output.format.as_ref()?.kind.as_ref());
    ask.json = format.is_some_and(|kind| kind.0 == "json_schema");
}

fn forced(choice: &Choice<'_>, tools: Option<&[Named<'_>]>) -> Option<String> {
    let name = match &*choice.kind.as_ref()?.0 {
        "tool" => choice.name.as_ref()?,
        "any" => tools?.first()?.name.as_ref()?,
        _ => return None,
    };
    Some(ask::name(&name.0))
}

fn check(body: &Body<'_>, version: &str) -> Result<(), Complaint> {
    if body.model.as_ref().is_none_or(|model| model.0.is_empty()) {
        return Err(Complaint::invalid("model", "model: Field required"));
    }
    if body.max_tokens.is_none() {
        return Err(Complaint::invalid("max_tokens", "max_tokens: Field required"));
    }
    match body.messages.as_deref() {
        None => return Err(Complaint::invalid("messages", "messages: Field required")),
        Some([]) => {
            return Err(Complaint::invalid("messages", "messages: at least one message is required"));
        }
        Some(_) => {}
    }
    let sampled = body.temperature.is_some() || body.top_p.is_some() || body.top_k.is_some();
    if sampled && version == UNSAMPLED {
        let message = "temperature, top_p and top_k are not supported with this version";
        return Err(Complaint::invalid("temperature", message));
    }
    Ok(())
}
