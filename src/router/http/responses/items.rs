//! The items of a request's input.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::face::invalid;
use crate::chat::{Failure, Message, Part, Role, ToolCall};

/// The input: a text, or items.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`input` as a string or a list of items")]
pub(super) enum Input {
    Text(String),
    Items(Vec<Item>),
}

#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "type")]
    kind: Option<String>,
    role: Option<String>,
    content: Option<Content>,
    call_id: Option<String>,
    name: Option<String>,
    arguments: Option<String>,
    output: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a string or a list of content parts")]
enum Content {
    Text(String),
    Parts(Vec<WirePart>),
}

#[derive(Deserialize)]
struct WirePart {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    refusal: Option<String>,
    image_url: Option<String>,
    detail: Option<String>,
}

/// The turns of `input`.
pub(super) fn messages(input: Input) -> Result<Vec<Message>, Failure> {
    let items = match input {
        Input::Text(text) => return Ok(vec![message(Role::User, vec![Part::Text(text)])]),
        Input::Items(items) => items,
    };
    let mut messages = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        take(at, item, &mut messages)?;
    }
    Ok(messages)
}

pub(super) fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts, tool_calls: Vec::new(), tool_call_id: None, name: None, extra: Map::new() }
}

fn take(at: usize, item: Item, messages: &mut Vec<Message>) -> Result<(), Failure> {
    let missing = |field: &str| invalid(format!("`input[{at}].{field}` is missing"));
    match item.kind.as_deref() {
        None | Some("message") => {
            let role = role(at, &item.role.ok_or_else(|| missing("role"))?)?;
            let parts = parts(at, item.content.ok_or_else(|| missing("content"))?)?;
            messages.push(message(role, parts));
        }
        Some("function_call") => {
            let call = ToolCall {
                id: item.call_id.ok_or_else(|| missing("call_id"))?,
                name: item.name.ok_or_else(|| missing("name"))?,
                arguments: item.arguments.unwrap_or_default(),
            };
            // Calls made together, and the words said with them, are one turn.
            match messages.last_mut().filter(|last| last.role == Role::Assistant) {
                Some(last) => last.tool_calls.push(call),
                None => {
                    messages.push(Message { tool_calls: vec![call], ..message(Role::Assistant, Vec::new()) });
                }
            }
        }
        Some("function_call_output") => {
            let id = item.call_id.ok_or_else(|| missing("call_id"))?;
            let parts = parts(at, item.output.ok_or_else(|| missing("output"))?)?;
            messages.push(Message { tool_call_id: Some(id), ..message(Role::Tool, parts) });
        }
        // What a model thought is its own vendor's, and the next model may be another's.
        Some("reasoning") => {}
        Some("item_reference") => {
            let message = "refers to an item that is not kept here; send the item itself";
            return Err(invalid(format!("`input[{at}]` {message}")));
        }
        Some(kind) => {
            let message = "cannot be routed; send message, function_call or function_call_output";
            return Err(invalid(format!("`input[{at}].type` is `{kind}`, which {message}")));
        }
    }
    Ok(())
}

fn role(at: usize, role: &str) -> Result<Role, Failure> {
    match role {
        "system" | "developer" => Ok(Role::System),
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        other => Err(invalid(format!(
            "`input[{at}].role` is `{other}`; expected system, developer, user or assistant"
        ))),
    }
}

fn parts(at: usize, content: Content) -> Result<Vec<Part>, Failure> {
    match content {
        Content::Text(text) => Ok(vec![Part::Text(text)]),
        Content::Parts(parts) => parts.into_iter().map(|part| part.read(at)).collect(),
    }
}

impl WirePart {
    fn read(self, at: usize) -> Result<Part, Failure> {
        match (self.kind.as_str(), self.text.or(self.refusal), self.image_url) {
            ("input_text" | "output_text" | "text" | "refusal", Some(text), _) => Ok(Part::Text(text)),
            ("input_image", _, Some(url)) => Ok(Part::Image { url, detail: self.detail }),
            ("input_image", ..) => {
                Err(invalid(format!("`input[{at}]`: an image without `image_url` cannot be routed")))
            }
            (kind, ..) => Err(invalid(format!(
                "`input[{at}]`: a content part of type `{kind}` cannot be routed; send input_text or input_image"
            ))),
        }
    }
}

/// Fields that the answer repeats, as they came.
pub(super) type Echo = Map<String, Value>;
