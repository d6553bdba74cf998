//! Pieces of a request that come in more than one form.

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::super::face::has_more;
use crate::chat::{Origin, Part, ToolChoice};

/// A string, or a list of parts; null and absent are no parts.
#[derive(Default)]
pub(super) struct Content(pub(super) Vec<Part>);

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Content;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`content` as a string or a list of parts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                self.visit_string(text.to_owned())
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
                Ok(Content(vec![Part::Text(text)]))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
                Ok(Content::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Content, A::Error> {
                let mut content = Vec::new();
                while let Some(value) = parts.next_element::<Value>()? {
                    content.push(part(value).map_err(de::Error::custom)?);
                }
                Ok(Content(content))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

#[derive(Deserialize)]
struct WirePart {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    image_url: Option<WireImage>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct WireImage {
    url: String,
    detail: Option<String>,
}

/// One part. What a vendor added to it (OpenRouter's `cache_control`) is kept for providers of this dialect.
fn part(value: Value) -> Result<Part, String> {
    let own = has_more(&value, &["type", "text", "image_url", "refusal"]).then(|| value.clone());
    let wire: WirePart = serde_json::from_value(value).map_err(|error| format!("a content part: {error}"))?;
    let plain = wire.read()?;
    Ok(match own {
        Some(value) => Part::Native { origin: Origin::OpenAi, value, plain: Some(Box::new(plain)) },
        None => plain,
    })
}

impl WirePart {
    fn read(self) -> Result<Part, String> {
        match (self.kind.as_str(), self.text.or(self.refusal), self.image_url) {
            ("text" | "refusal", Some(text), _) => Ok(Part::Text(text)),
            ("image_url", _, Some(image)) => Ok(Part::Image { url: image.url, detail: image.detail }),
            (kind, _, _) => {
                Err(format!("a content part of type `{kind}` cannot be routed; send text or image_url"))
            }
        }
    }
}

/// A string or a list of strings.
pub(super) struct Stop(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Stop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Stop;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`stop` as a string or a list of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Stop, E> {
                Ok(Stop(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Stop, A::Error> {
                let mut stop = Vec::new();
                while let Some(item) = items.next_element()? {
                    stop.push(item);
                }
                Ok(Stop(stop))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

/// A word, or the name of a function.
pub(super) struct Choice(pub(super) ToolChoice);

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Choice;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`tool_choice` as none, auto, required or a function")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Choice, E> {
                match word {
                    "auto" => Ok(Choice(ToolChoice::Auto)),
                    "none" => Ok(Choice(ToolChoice::None)),
                    "required" => Ok(Choice(ToolChoice::Required)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Choice, A::Error> {
                /// A function by name, as `tool_choice` or as `function_call` has it.
                #[derive(Deserialize)]
                struct Either {
                    function: Option<Named>,
                    name: Option<String>,
                }
                #[derive(Deserialize)]
                struct Named {
                    name: String,
                }
                let either = Either::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let name = either.function.map(|function| function.name).or(either.name);
                Ok(Choice(ToolChoice::Named(name.ok_or_else(|| de::Error::missing_field("function"))?)))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}
