//! The body of a request, as far as anything depends on it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::dialect::Ask;
use crate::dialect::json::Text;

/// A request for a message, or for its count of tokens.
#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) messages: Option<Vec<Message<'a>>>,
    pub(super) max_tokens: Option<i64>,
    pub(super) stream: Option<bool>,
    #[serde(borrow, default)]
    pub(super) system: Option<Said<'a>>,
    #[serde(borrow)]
    pub(super) tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    pub(super) tool_choice: Option<Choice<'a>>,
    #[serde(borrow)]
    pub(super) metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    pub(super) output_config: Option<Output<'a>>,
    /// Where betas of 2025 had the format.
    #[serde(borrow)]
    pub(super) output_format: Option<Format<'a>>,
    pub(super) stop_sequences: Option<Vec<String>>,
    #[serde(borrow)]
    pub(super) thinking: Option<Thinking<'a>>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) role: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<Said<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Tool<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) input_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) user_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Output<'a> {
    #[serde(borrow)]
    pub(super) format: Option<Format<'a>>,
}

impl<'a> Body<'a> {
    /// The format that is asked for, wherever that is said.
    pub(super) fn format(&self) -> Option<&Format<'a>> {
        let format = self.output_config.as_ref().and_then(|output| output.format.as_ref());
        format.or(self.output_format.as_ref())
    }
}

#[derive(Deserialize)]
pub(super) struct Format<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Thinking<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    pub(super) budget_tokens: Option<i64>,
    #[serde(borrow)]
    pub(super) display: Option<Text<'a>>,
}

/// One block of a content.
#[derive(Deserialize)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<Said<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tool_use_id: Option<Text<'a>>,
    pub(super) citations: Option<IgnoredAny>,
}

/// A content: text, or blocks.
pub(super) enum Said<'a> {
    Text(Text<'a>),
    Blocks(Vec<Block<'a>>),
}

impl<'a> Said<'a> {
    pub(super) fn blocks(&self) -> &[Block<'a>] {
        match self {
            Said::Text(_) => &[],
            Said::Blocks(blocks) => blocks,
        }
    }

    /// Whether nothing is said at all.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Said::Text(text) => text.0.is_empty(),
            Said::Blocks(blocks) => blocks.is_empty(),
        }
    }

    /// Adds all text to the prompt, results of tools included.
    pub(super) fn say(&self, ask: &mut Ask) {
        match self {
            Said::Text(text) => ask.say(&text.0),
            Said::Blocks(blocks) => {
                for block in blocks {
                    block.text.iter().for_each(|text| ask.say(&text.0));
                    block.content.iter().for_each(|content| content.say(ask));
                }
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaidVisitor)
    }
}

struct SaidVisitor;

impl<'de> Visitor<'de> for SaidVisitor {
    type Value = Said<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of content blocks")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Said<'de>, E> {
        Ok(Said::Text(Text(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Said<'de>, E> {
        Ok(Said::Text(Text(text.to_owned().into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut blocks: A) -> Result<Said<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(block) = blocks.next_element()? {
            all.push(block);
        }
        Ok(Said::Blocks(all))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Said<'de>, A::Error> {
        // The content of a search result or of a code execution is one object.
        let block = Block::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(Said::Blocks(vec![block]))
    }
}
