//! Turns of a conversation as blocks.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::super::encode::{Adapted, data_url, drop_fields};
use crate::chat::{ChatRequest, Message, Origin, Part, Role, ToolCall};

/// A field of a tool's result that this dialect knows, whoever the caller is.
const IS_ERROR: &str = "is_error";

/// The mark of a tool's result for this vendor's cache.
const MARK: &str = "cache_control";

/// The field of a message that holds, in this vendor's words, what the model thought before it spoke.
pub(super) const THOUGHTS: &str = "thinking";

/// The instructions: a text, or blocks where the caller's own are kept.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum System<'a> {
    Text(String),
    Blocks(Vec<Piece<'a>>),
}

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    role: &'static str,
    content: Vec<Piece<'a>>,
}

/// A block, ours or the caller's own.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Piece<'a> {
    Block(Block<'a>),
    Own(&'a Value),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Input<'a>,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: Vec<Piece<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a Value>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url { url: &'a str },
}

/// A call's arguments: an object, or what was no object inside one.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Input<'a> {
    Object(&'a RawValue),
    Wrapped { arguments: &'a str },
    Empty {},
}

/// System turns, joined on top.
pub(super) fn system<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Option<System<'a>> {
    let first = request.messages.iter().position(|turn| turn.role != Role::System);
    let later = first.is_some_and(|at| request.messages[at..].iter().any(|turn| turn.role == Role::System));
    if later {
        adapted.note("moved later system messages to the top".to_owned());
    }
    let mut pieces = Vec::new();
    for message in request.messages.iter().filter(|turn| turn.role == Role::System) {
        fields(request.origin, message, adapted);
        pieces.extend(message.parts.iter().filter_map(|part| piece(part, adapted)));
    }
    let images = pieces.len();
    pieces.retain(|piece| !matches!(piece, Piece::Block(Block::Image { .. })));
    if pieces.len() < images {
        adapted.dropped("system image");
    }
    let texts: Option<Vec<&str>> = pieces.iter().map(Piece::text).collect();
    match texts {
        Some(texts) if texts.is_empty() => None,
        Some(texts) => Some(System::Text(texts.join("\n\n"))),
        None => Some(System::Blocks(pieces)),
    }
}

/// The other turns; those of one speaker in a row are merged.
pub(super) fn turns<'a>(request: &'a ChatRequest, adapted: &mut Adapted) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn<'a>> = Vec::with_capacity(request.messages.len());
    for message in request.messages.iter().filter(|message| message.role != Role::System) {
        fields(request.origin, message, adapted);
        if message.name.is_some() {
            adapted.dropped("name");
        }
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let content = blocks(request.origin, message, adapted);
        if content.is_empty() {
            adapted.note("dropped an empty message".to_owned());
            continue;
        }
        match turns.last_mut().filter(|last| last.role == role) {
            Some(last) => last.content.extend(content),
            None => turns.push(Turn { role, content }),
        }
    }
    trim(&mut turns, adapted);
    turns
}

/// A turn has a role and content here, and nothing beside them.
fn fields(origin: Origin, message: &Message, adapted: &mut Adapted) {
    let kept: &[&str] = match (message.role, origin) {
        (Role::Tool, Origin::Anthropic) => &[IS_ERROR, MARK],
        (Role::Tool, _) => &[IS_ERROR],
        (Role::Assistant, Origin::Anthropic) => &[THOUGHTS],
        _ => &[],
    };
    drop_fields(message, true, kept, adapted);
}

/// A last turn that the model is to go on with may not end in blanks.
fn trim(turns: &mut [Turn<'_>], adapted: &mut Adapted) {
    let last = turns.last_mut().filter(|last| last.role == "assistant");
    if let Some(Piece::Block(Block::Text { text })) = last.and_then(|last| last.content.last_mut())
        && text.trim_end().len() < text.len()
    {
        *text = text.trim_end();
        adapted.note("trimmed the end of the last turn".to_owned());
    }
}

/// The blocks of a turn; first what was thought before it was said, as it was signed.
fn blocks<'a>(origin: Origin, message: &'a Message, adapted: &mut Adapted) -> Vec<Piece<'a>> {
    let own = origin == Origin::Anthropic && message.role == Role::Assistant;
    let thoughts = message.extra.get(THOUGHTS).filter(|_| own);
    let thoughts = thoughts.and_then(Value::as_array).into_iter().flatten();
    let mut blocks: Vec<Piece<'a>> = thoughts.map(Piece::Own).collect();
    blocks.extend(message.parts.iter().filter_map(|part| piece(part, adapted)));
    if message.role == Role::Tool {
        let tool_use_id = message.tool_call_id.as_deref().unwrap_or_default();
        let is_error = message.extra.get(IS_ERROR).and_then(Value::as_bool).filter(|is_error| *is_error);
        let cache_control = message.extra.get(MARK).filter(|_| origin == Origin::Anthropic);
        let result = Block::ToolResult { tool_use_id, content: blocks, is_error, cache_control };
        return vec![Piece::Block(result)];
    }
    for call in &message.tool_calls {
        let input = input(call, adapted);
        blocks.push(Piece::Block(Block::ToolUse { id: &call.id, name: &call.name, input }));
    }
    blocks
}

/// A part as a block; text of nothing but blanks is an error here, so it is left out.
fn piece<'a>(part: &'a Part, adapted: &mut Adapted) -> Option<Piece<'a>> {
    match part {
        Part::Text(text) if text.trim().is_empty() => {
            if !text.is_empty() {
                adapted.note("dropped a blank text".to_owned());
            }
            None
        }
        Part::Text(text) => Some(Piece::Block(Block::Text { text })),
        Part::Image { url, detail } => {
            if detail.is_some() {
                adapted.dropped("detail");
            }
            let source = match data_url(url) {
                Some((media_type, data)) => Source::Base64 { media_type, data },
                None if url.starts_with("data:") => {
                    adapted.note("dropped an image that is not base64".to_owned());
                    return None;
                }
                None => Source::Url { url },
            };
            Some(Piece::Block(Block::Image { source }))
        }
        Part::Native { origin: Origin::Anthropic, value, .. } => Some(Piece::Own(value)),
        Part::Native { value, .. } => match part.plain() {
            Some(plain) => piece(plain, adapted),
            None => {
                adapted.drop_native(value);
                None
            }
        },
    }
}

impl<'a> Piece<'a> {
    /// Its text, if it is nothing else.
    fn text(&self) -> Option<&'a str> {
        match self {
            Piece::Block(Block::Text { text }) => Some(text),
            _ => None,
        }
    }
}

fn input<'a>(call: &'a ToolCall, adapted: &mut Adapted) -> Input<'a> {
    let arguments = call.arguments.trim();
    if arguments.is_empty() {
        return Input::Empty {};
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(object) if arguments.starts_with('{') => Input::Object(object),
        _ => {
            adapted.note(format!("wrapped the arguments of `{}`, which are no object", call.name));
            Input::Wrapped { arguments }
        }
    }
}
