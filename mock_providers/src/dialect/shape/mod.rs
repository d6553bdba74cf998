//! JSON that fits a schema, around the words of a reply.
//!
//! A caller that asks for structured output, or forces a tool, parses what comes back against its own schema, and a
//! reply that only looks like JSON would fail there. So the answer is a document of that schema: the words go into
//! its first free text, everything else is filled in with the plainest value that is allowed. Properties are written in
//! alphabetical order.

mod fill;
mod limits;
mod text;

use serde_json::Value;

use self::fill::Filler;
use super::json::string;

/// How a JSON answer begins and ends around its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    open: String,
    close: String,
    /// The same as part of a JSON string.
    quoted: (String, String),
    /// Whether the words have a place between the two; else they stay away and `open` is the whole document.
    pub(crate) roomy: bool,
}

impl Shape {
    /// The shape of `schema`, in JSON Schema or in Gemini's own dialect of it. A schema that nobody can fill, or
    /// none at all, gives an object with one text.
    pub(crate) fn of(schema: &str) -> Shape {
        let Ok(schema) = serde_json::from_str::<Value>(schema) else { return Shape::default() };
        let mut filler = Filler::new(&schema);
        let empty = schema.as_object().is_some_and(serde_json::Map::is_empty);
        if empty || filler.fill(&schema).is_none() {
            return Shape::default();
        }
        let (mut open, place) = filler.done();
        let close = place.map(|place| open.split_off(place)).unwrap_or_default();
        Shape::new(open, close, place.is_some())
    }

    fn new(open: String, close: String, roomy: bool) -> Shape {
        let quoted = (inside(&open), inside(&close));
        Shape { open, close, quoted, roomy }
    }

    /// What stands before the words; `quoted`: as part of a JSON string.
    pub(crate) fn open(&self, quoted: bool) -> &str {
        if quoted { &self.quoted.0 } else { &self.open }
    }

    /// What stands after the words.
    pub(crate) fn close(&self, quoted: bool) -> &str {
        if quoted { &self.quoted.1 } else { &self.close }
    }
}

impl Default for Shape {
    /// `{"text":"…"}`
    fn default() -> Shape {
        Shape::new("{\"text\":\"".to_owned(), "\"}".to_owned(), true)
    }
}

/// `text` as it stands inside the quotes of a JSON string.
fn inside(text: &str) -> String {
    let quoted = string(text);
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests;
