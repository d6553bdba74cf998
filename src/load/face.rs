//! What a caller's request looks like on the wire, by the face of the router it addresses.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::caller::Ask;
use crate::dialect::Dialect;

/// Tokens asked for where the format wants a number and nobody gave one.
const MAX_TOKENS: u64 = 4096;

/// Which of the router's faces a request addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Face {
    /// OpenAI's chat completions.
    #[default]
    Chat,
    /// Anthropic's messages.
    Messages,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: [Message<'a>; 1],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl Face {
    /// The face that speaks `dialect`.
    #[must_use]
    pub const fn speaking(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Anthropic => Face::Messages,
            _ => Face::Chat,
        }
    }

    /// The format it answers in.
    pub(super) const fn dialect(self) -> Dialect {
        match self {
            Face::Chat => Dialect::Openai,
            Face::Messages => Dialect::Anthropic,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Face::Chat => "/v1/chat/completions",
            Face::Messages => "/v1/messages",
        }
    }

    /// The request to the service at `base`.
    pub(super) fn request(self, base: &str, ask: &Ask) -> http::Result<Request<Full<Bytes>>> {
        // Vendors give JSON to those only who ask for it in words, too.
        let prompt = if ask.json { format!("{} Answer in JSON.", ask.prompt) } else { String::new() };
        let prompt = if ask.json { &prompt } else { &ask.prompt };
        let body = match self {
            Face::Chat => chat(ask, prompt),
            Face::Messages => messages(ask, prompt),
        };
        let usual = Request::post(format!("{base}{}", self.path()))
            .header("content-type", "application/json")
            .header("x-request-id", &ask.request_id);
        let usual = match self {
            Face::Chat => usual,
            Face::Messages => usual.header("anthropic-version", "2023-06-01"),
        };
        let headers = ask.headers.iter();
        let request = headers.fold(usual, |request, (name, value)| request.header(name, value));
        request.body(Full::new(Bytes::from(bytes(&body, &ask.body))))
    }
}

fn chat<'a>(ask: &'a Ask, prompt: &'a str) -> Body<'a> {
    Body {
        model: &ask.route,
        messages: [Message { role: "user", content: prompt }],
        stream: ask.stream,
        stream_options: ask.stream.then_some(StreamOptions { include_usage: true }),
        max_tokens: ask.max_tokens,
        user: ask.tenant.as_deref(),
        metadata: None,
        tools: ask.tool.as_deref().map(
            |name| json!([{ "type": "function", "function": { "name": name, "parameters": parameters() } }]),
        ),
        tool_choice: ask.tool.as_ref().map(|_| json!("required")),
        response_format: ask.json.then(|| json!({ "type": "json_object" })),
    }
}

fn messages<'a>(ask: &'a Ask, prompt: &'a str) -> Body<'a> {
    Body {
        model: &ask.route,
        messages: [Message { role: "user", content: prompt }],
        stream: ask.stream,
        stream_options: None,
        max_tokens: Some(ask.max_tokens.unwrap_or(MAX_TOKENS)),
        user: None,
        metadata: ask.tenant.as_ref().map(|tenant| json!({ "user_id": tenant })),
        tools: ask.tool.as_deref().map(|name| json!([{ "name": name, "input_schema": parameters() }])),
        tool_choice: ask.tool.as_ref().map(|_| json!({ "type": "any" })),
        response_format: None,
    }
}

/// Those of a tool that takes a text.
fn parameters() -> Value {
    json!({ "type": "object", "properties": { "text": { "type": "string" } } })
}

/// The body as it is sent: with `more` in it, if there is more.
fn bytes(body: &Body<'_>, more: &Map<String, Value>) -> Vec<u8> {
    const PLAIN: &str = "these structs have only string keys";
    if more.is_empty() {
        return serde_json::to_vec(body).expect(PLAIN);
    }
    let mut whole = serde_json::to_value(body).expect(PLAIN);
    for (name, value) in more {
        whole[name] = value.clone();
    }
    serde_json::to_vec(&whole).expect(PLAIN)
}
