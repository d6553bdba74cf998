//! The router's faces, as a caller asks and hears them.

use serde_json::{Value, json};

use super::super::reading::{Said, read};
use crate::dialect::{Dialect, Leniency};

/// Where a caller asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
}

/// What a caller heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Whether it was a success.
    pub whole: bool,
    /// What it says, or the part of it that came.
    pub said: Said,
}

impl Face {
    /// All of them.
    pub const ALL: [Face; 3] = [Face::Chat, Face::Responses, Face::Messages];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Face::Chat => "/v1/chat/completions",
            Face::Responses => "/v1/responses",
            Face::Messages => "/v1/messages",
        }
    }

    pub(super) fn ask(self, stream: bool, tool: bool) -> Value {
        let parameters = json!({ "type": "object" });
        let said = json!([{ "role": "user", "content": "as json" }]);
        let mut body = match self {
            Face::Chat => json!({ "model": "chat", "stream": stream, "messages": said }),
            Face::Responses => json!({ "model": "chat", "stream": stream, "input": "as json" }),
            Face::Messages => {
                json!({ "model": "chat", "stream": stream, "max_tokens": 100, "messages": said })
            }
        };
        if self == Face::Chat && stream {
            body["stream_options"] = json!({ "include_usage": true });
        }
        if tool {
            body["tools"] = match self {
                Face::Chat => {
                    json!([{ "type": "function", "function": { "name": "look", "parameters": parameters } }])
                }
                Face::Responses => json!([{ "type": "function", "name": "look", "parameters": parameters }]),
                Face::Messages => json!([{ "name": "look", "input_schema": parameters }]),
            };
        }
        body
    }

    pub(super) fn hear(self, stream: bool, body: &[u8]) -> Heard {
        let dialect = match self {
            Face::Responses => return responses(stream, body),
            Face::Chat => Dialect::Openai,
            Face::Messages => Dialect::Anthropic,
        };
        if stream {
            let reading = read(dialect, Leniency::default(), [body]);
            return Heard { whole: reading.is_whole(), said: reading.said() };
        }
        let parts = ::http::Response::new(()).into_parts().0;
        let reply = crate::dialect::decode_reply(dialect, &parts, body, 0);
        Heard { whole: reply.is_ok(), said: reply.map(Said::from).unwrap_or_default() }
    }
}

/// What an answer of the face `responses` says.
fn responses(stream: bool, body: &[u8]) -> Heard {
    let text = String::from_utf8_lossy(body);
    let events =
        text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let mut partial = Said::default();
    let mut whole = if stream { Value::Null } else { serde_json::from_slice(body).unwrap_or_default() };
    for event in events {
        match event["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" => {
                partial.text.push_str(event["delta"].as_str().unwrap_or_default());
            }
            "response.completed" => whole = event["response"].clone(),
            _ => {}
        }
    }
    if whole["status"] != "completed" {
        return Heard { whole: false, said: partial };
    }
    let mut said = Said::default();
    for item in whole["output"].as_array().into_iter().flatten() {
        let field = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        match item["type"].as_str().unwrap_or_default() {
            "message" => {
                said.text.push_str(item["content"][0]["text"].as_str().unwrap_or_default());
            }
            "function_call" => said.calls.push((field("call_id"), field("name"), field("arguments"))),
            _ => {}
        }
    }
    if stream && said.text != partial.text {
        Heard { whole: false, said: partial }
    } else {
        Heard { whole: true, said }
    }
}
