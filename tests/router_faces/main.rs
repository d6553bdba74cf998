//! The router's faces: what callers of each vendor's API get, plain and streaming, whichever vendors stand behind and
//! whatever fails there.

mod asks;
mod embeddings;
mod errors;
mod hostile;
mod house;
mod intake;
mod ledger;
mod models;
mod shapes;

use serde_json::{Value, json};

/// A way to ask for a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Chat,
    Responses,
    Messages,
}

impl Face {
    pub(crate) const ALL: [Face; 3] = [Face::Chat, Face::Responses, Face::Messages];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Face::Chat => "/v1/chat/completions",
            Face::Responses => "/v1/responses",
            Face::Messages => "/v1/messages",
        }
    }

    /// A request for an answer of `words` words.
    pub(crate) fn ask(self, stream: bool, words: u32) -> Value {
        let prompt = format!("[words={words}] tea?");
        match self {
            Face::Chat => {
                json!({"model": "chat", "stream": stream, "messages": [{"role": "user", "content": prompt}],
                "stream_options": {"include_usage": true}})
            }
            Face::Responses => json!({"model": "chat", "stream": stream, "input": prompt}),
            Face::Messages => json!({"model": "chat", "stream": stream, "max_tokens": 1000,
                "messages": [{"role": "user", "content": prompt}]}),
        }
    }

    /// The text of a whole answer.
    pub(crate) fn text(self, body: &Value) -> String {
        let text = match self {
            Face::Chat => &body["choices"][0]["message"]["content"],
            Face::Responses => &body["output"][0]["content"][0]["text"],
            Face::Messages => &body["content"][0]["text"],
        };
        text.as_str().unwrap_or_else(|| panic!("no text in {body}")).to_owned()
    }

    /// The text of a streamed answer.
    pub(crate) fn streamed(self, events: &[(String, Value)]) -> String {
        let pieces = events.iter().filter_map(|(_, data)| match self {
            Face::Chat => data["choices"][0]["delta"]["content"].as_str(),
            Face::Responses => {
                data["delta"].as_str().filter(|_| data["type"] == "response.output_text.delta")
            }
            Face::Messages => data["delta"]["text"].as_str(),
        });
        pieces.collect()
    }

    /// Whether a stream ended as one that is whole.
    pub(crate) fn is_whole(self, events: &[(String, Value)]) -> bool {
        let (name, data) = events.last().expect("an event");
        match self {
            Face::Chat => data == "[DONE]",
            Face::Responses => name == "response.completed",
            Face::Messages => name == "message_stop",
        }
    }

    /// The model an answer says served.
    pub(crate) fn model(self, events: &[(String, Value)]) -> Value {
        let (_, first) = &events[0];
        match self {
            Face::Chat => first["model"].clone(),
            Face::Responses => first["response"]["model"].clone(),
            Face::Messages => first["message"]["model"].clone(),
        }
    }
}
