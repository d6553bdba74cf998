//! JSON as providers write it: borrowed where possible, forgiving where they differ.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{protocol, text};
use crate::chat::{Failure, FailureClass};

/// The JSON text of a success, or why there is none.
pub(super) fn body<'a>(parts: &http::response::Parts, body: &'a [u8]) -> Result<&'a str, Failure> {
    // Blank lines that kept the connection alive may stand before a mark of the byte order.
    let body = body.trim_ascii();
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    if body.is_empty() {
        return Err(protocol("a success with an empty body"));
    }
    let kind = parts.headers.get(http::header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if body[0] == b'<' || kind.to_ascii_lowercase().starts_with(b"text/html") {
        let page = text::of_body(body);
        return Err(protocol(format!("a success with a web page instead of JSON: {page}")));
    }
    std::str::from_utf8(body).map_err(|_| protocol("a success whose body is not UTF-8"))
}

/// Parses an object; JSON that stops in the middle is cut, everything else wrong with it is malformed.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Failure> {
    if !json.trim_ascii_start().starts_with('{') {
        return Err(protocol(format!("expected a JSON object, got: {}", text::cut_to(json, 80))));
    }
    serde_json::from_str(json).map_err(|error| {
        let cut = error.is_eof() || is_half_number(json, &error);
        let class = if cut { FailureClass::Truncated } else { FailureClass::Protocol };
        Failure::new(class, format!("malformed JSON: {error}"))
    })
}

/// Whether JSON stops within a number (`0.`, `-`, `1e`): serde calls that an invalid one, and no end.
fn is_half_number(json: &str, error: &serde_json::Error) -> bool {
    let last = json.rsplit('\n').next().unwrap_or_default();
    error.column() >= last.len() && json.ends_with(['.', '-', '+', 'e', 'E'])
}

/// Text that borrows from its source where it has no escapes, and takes numbers for text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Text<'_> {
    /// The text, none if empty.
    pub(super) fn filled(text: Option<&Self>) -> Option<String> {
        text.filter(|text| !text.0.is_empty()).map(|text| text.0.to_string())
    }

    /// The text of an optional field, empty if there is none.
    pub(super) fn or_empty<'b>(text: Option<&'b Text<'_>>) -> &'b str {
        text.map_or("", |text| &text.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_owned())))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
}

/// A message's content: a string, or a list of typed pieces of which some are reasoning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content<'a> {
    /// What is said.
    pub(super) text: Cow<'a, str>,
    /// What is thought.
    pub(super) reasoning: String,
}

#[derive(serde::Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Box<Content<'a>>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a list of content pieces")
    }

    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Content { text: Cow::Borrowed(value), reasoning: String::new() })
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Content { text: Cow::Owned(value.to_owned()), reasoning: String::new() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut content = Content::default();
        while let Some(piece) = seq.next_element::<Piece<'de>>()? {
            content.text.to_mut().push_str(Text::or_empty(piece.text.as_ref()));
            if let Some(thinking) = piece.thinking {
                content.reasoning.push_str(&thinking.text);
            }
        }
        Ok(content)
    }
}

/// A count; what is no natural number is unknown, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count(pub(super) Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Count(raw.parse().ok().or_else(|| whole(raw))))
    }
}

/// A float that is a natural number: some servers write `12.0`.
fn whole(raw: &str) -> Option<u64> {
    let (digits, zeros) = raw.split_once('.')?;
    zeros.bytes().all(|digit| digit == b'0').then(|| digits.parse().ok())?
}

/// Tool arguments: JSON text, whether written as a string (as OpenAI does) or as the object itself.
///
/// # Errors
/// [`FailureClass::Protocol`] for text or an object with half of a surrogate pair, which passes as JSON until it is read.
pub(super) fn arguments(raw: Option<&RawValue>) -> Result<Cow<'_, str>, Failure> {
    Ok(match raw.map(RawValue::get) {
        None | Some("null") => Cow::Borrowed(""),
        Some(raw) if raw.starts_with('"') => {
            let text = serde_json::from_str::<Text<'_>>(raw);
            text.map_err(|error| protocol(format!("tool arguments that are no text: {error}")))?.0
        }
        Some(raw) => {
            // Only these are not looked at before: all else was read as JSON.
            if raw.contains("\\ud") || raw.contains("\\uD") {
                serde_json::from_str::<Value>(raw)
                    .map_err(|error| protocol(format!("tool arguments that are no JSON: {error}")))?;
            }
            Cow::Borrowed(raw)
        }
    })
}
