//! Turns of a conversation as parts.

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::super::encode::{Adapted, data_url, drop_fields};
use crate::chat::{ChatRequest, Message, Part as ChatPart, Role};

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Part<'a> {
    Text(&'a str),
    #[serde(rename_all = "camelCase")]
    InlineData {
        mime_type: &'a str,
        data: &'a str,
    },
    #[serde(rename_all = "camelCase")]
    FileData {
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<&'static str>,
        file_uri: &'a str,
    },
    FunctionCall {
        name: &'a str,
        args: Object<'a>,
    },
    FunctionResponse {
        name: &'a str,
        response: Object<'a>,
    },
}

/// A JSON object: one that came as text, or a text inside one.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Object<'a> {
    Raw(&'a RawValue),
    Arguments { arguments: &'a str },
    Result { result: String },
    Empty {},
}

/// System turns, joined into the instruction.
pub(super) fn system<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<Part<'a>> {
    let system = request.messages.iter().filter(|message| message.role == Role::System);
    system.flat_map(|message| &message.parts).filter_map(|part| wire_part(part, adapted)).collect()
}

/// The turns; those of one speaker in a row are merged.
pub(super) fn turns<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn<'a>> = Vec::with_capacity(request.messages.len());
    for (at, message) in request.messages.iter().enumerate() {
        let (role, parts) = match message.role {
            Role::System => {
                drop_fields(message, true, &[], adapted);
                continue;
            }
            Role::Tool => ("user", vec![tool_result(&request.messages[..at], message, adapted)]),
            Role::User => ("user", parts(message, adapted)),
            Role::Assistant => ("model", parts(message, adapted)),
        };
        drop_fields(message, true, &[], adapted);
        if message.name.is_some() && message.role != Role::Tool {
            adapted.dropped("name");
        }
        if parts.is_empty() {
            adapted.note("dropped an empty message".to_owned());
            continue;
        }
        match turns.last_mut().filter(|last| last.role == role) {
            Some(last) => last.parts.extend(parts),
            None => turns.push(Turn { role, parts }),
        }
    }
    turns
}

fn parts<'a>(message: &'a Message, adapted: &mut Adapted) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = message.parts.iter().filter_map(|part| wire_part(part, adapted)).collect();
    for call in &message.tool_calls {
        let arguments = call.arguments.trim();
        let args = match raw_object(arguments) {
            Some(object) => Object::Raw(object),
            None if arguments.is_empty() => Object::Empty {},
            None => {
                adapted.note(format!("wrapped the arguments of `{}`, which are no object", call.name));
                Object::Arguments { arguments }
            }
        };
        parts.push(Part::FunctionCall { name: &call.name, args });
    }
    parts
}

fn raw_object(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok().filter(|_| text.starts_with('{'))
}

fn wire_part<'a>(part: &'a ChatPart, adapted: &mut Adapted) -> Option<Part<'a>> {
    match part {
        ChatPart::Text(text) => (!text.is_empty()).then_some(Part::Text(text)),
        ChatPart::Image { url, detail } => {
            if detail.is_some() {
                adapted.dropped("detail");
            }
            match data_url(url) {
                Some((mime_type, data)) => Some(Part::InlineData { mime_type, data }),
                None if url.starts_with("data:") => {
                    adapted.note("dropped an image that is not base64".to_owned());
                    None
                }
                None => Some(Part::FileData { mime_type: image_kind(url), file_uri: url }),
            }
        }
        ChatPart::Native { value, .. } => match part.plain() {
            Some(plain) => wire_part(plain, adapted),
            None => {
                adapted.drop_native(value);
                None
            }
        },
    }
}

/// An image's media type, as far as its URL gives it away.
fn image_kind(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    const KINDS: [(&str, &str); 5] = [
        (".png", "image/png"),
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".webp", "image/webp"),
        (".gif", "image/gif"),
    ];
    KINDS.into_iter().find_map(|(ending, kind)| path.ends_with(ending).then_some(kind))
}

/// A tool's result, under the name of the function that the nearest call with its id called.
fn tool_result<'a>(before: &'a [Message], message: &'a Message, adapted: &mut Adapted) -> Part<'a> {
    let id = message.tool_call_id.as_deref().unwrap_or_default();
    let called = before.iter().rev().flat_map(|turn| &turn.tool_calls).find(|call| call.id == id);
    let name = called.map(|call| call.name.as_str()).or(message.name.as_deref()).unwrap_or(id);
    for part in &message.parts {
        match (part.plain(), part) {
            (Some(ChatPart::Image { .. }), _) => adapted.dropped("tool result image"),
            (None, ChatPart::Native { value, .. }) => adapted.drop_native(value),
            _ => {}
        }
    }
    let response = match message.parts.as_slice() {
        [part] => part.text().and_then(|text| raw_object(text.trim())).map(Object::Raw),
        _ => None,
    };
    let texts = message.parts.iter().filter_map(ChatPart::text);
    Part::FunctionResponse {
        name,
        response: response.unwrap_or_else(|| Object::Result { result: texts.collect() }),
    }
}
