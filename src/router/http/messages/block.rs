//! Blocks of a turn's content.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::face::has_more;
use crate::chat::{Origin, Part, ToolCall};

/// Content as a text or as a list of blocks.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`content` as a string or a list of blocks")]
enum Either {
    Text(String),
    Blocks(Vec<serde_json::Value>),
}

/// What a turn holds, in order.
#[derive(Default)]
pub(super) struct Content(pub(super) Vec<Block>);

/// One block.
#[derive(Debug)]
pub(super) enum Block {
    Part(Part),
    Call(ToolCall),
    Result {
        id: String,
        parts: Vec<Part>,
        is_error: bool,
        /// Its mark for its vendor's cache.
        mark: Option<serde_json::Value>,
    },
    /// What the model thought, as it was signed by its own vendor; nobody else takes it.
    Thought(serde_json::Value),
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    source: Option<Source>,
    id: Option<String>,
    name: Option<String>,
    input: Option<serde_json::Value>,
    tool_use_id: Option<String>,
    content: Option<serde_json::Value>,
    is_error: Option<bool>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    media_type: Option<String>,
    data: Option<String>,
    url: Option<String>,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Content::of(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl Content {
    fn of(text: &str) -> Result<Self, String> {
        let either: Either = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Content::read(either)
    }

    fn read(either: Either) -> Result<Self, String> {
        match either {
            Either::Text(text) => Ok(Content(vec![Block::Part(Part::Text(text))])),
            Either::Blocks(blocks) => {
                blocks.into_iter().map(Block::read).collect::<Result<_, _>>().map(Content)
            }
        }
    }

    /// The parts, where nothing else may stand; `place` says where that is.
    pub(super) fn parts(self, place: &str) -> Result<Vec<Part>, String> {
        let parts = self.0.into_iter().map(|block| match block {
            Block::Part(part) => Ok(part),
            _ => Err(format!("{place} may hold text and images only")),
        });
        parts.collect()
    }
}

impl Block {
    fn read(value: serde_json::Value) -> Result<Self, String> {
        if matches!(value["type"].as_str(), Some("thinking" | "redacted_thinking")) {
            return Ok(Block::Thought(value));
        }
        let own = has_more(&value, &["type", "text", "source"]).then(|| value.clone());
        let part = |part| match own {
            Some(value) => {
                Block::Part(Part::Native { origin: Origin::Anthropic, value, plain: Some(Box::new(part)) })
            }
            None => Block::Part(part),
        };
        let mark = value.get("cache_control").filter(|mark| !mark.is_null()).cloned();
        let wire: Wire =
            serde_json::from_value(value).map_err(|error| format!("a content block: {error}"))?;
        let missing = |field: &str| format!("a content block of type `{}` lacks its `{field}`", wire.kind);
        match wire.kind.as_str() {
            "text" => Ok(part(Part::Text(wire.text.ok_or_else(|| missing("text"))?))),
            "image" => Ok(part(image(wire.source.ok_or_else(|| missing("source"))?)?)),
            "document" => Ok(part(document(wire.source.ok_or_else(|| missing("source"))?)?)),
            "tool_use" => Ok(Block::Call(ToolCall {
                id: wire.id.clone().ok_or_else(|| missing("id"))?,
                name: wire.name.clone().ok_or_else(|| missing("name"))?,
                arguments: wire.input.as_ref().map_or_else(|| "{}".to_owned(), ToString::to_string),
            })),
            "tool_result" => {
                let id = wire.tool_use_id.clone().ok_or_else(|| missing("tool_use_id"))?;
                let content = match wire.content {
                    None | Some(serde_json::Value::Null) => Content::default(),
                    Some(content) => {
                        let either = serde_json::from_value(content).map_err(|error| error.to_string())?;
                        Content::read(either)?
                    }
                };
                let parts = content.parts("a `tool_result`")?;
                Ok(Block::Result { id, parts, is_error: wire.is_error.unwrap_or(false), mark })
            }
            kind => Err(format!(
                "a content block of type `{kind}` cannot be routed; send text, image, tool_use or tool_result"
            )),
        }
    }
}

fn image(source: Source) -> Result<Part, String> {
    let url = match (source.kind.as_str(), source.media_type, source.data, source.url) {
        ("base64", Some(kind), Some(data), _) => format!("data:{kind};base64,{data}"),
        ("url", _, _, Some(url)) => url,
        (kind, ..) => {
            return Err(format!("an image whose source is `{kind}` cannot be routed; send base64 or url"));
        }
    };
    Ok(Part::Image { url, detail: None })
}

fn document(source: Source) -> Result<Part, String> {
    match (source.kind.as_str(), source.data) {
        ("text", Some(text)) => Ok(Part::Text(text)),
        (kind, _) => Err(format!("a document whose source is `{kind}` cannot be routed; send its text")),
    }
}
