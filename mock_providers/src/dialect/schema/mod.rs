//! Instances of JSON schemas: what a model that was given a schema would answer, as small as it may be, with room
//! for the canonical words in its first free string.
//!
//! The subset is what vendors accept for tools and structured output: types (also in lists, also in capitals as
//! Gemini writes them), `required`, `enum`, `const`, `items`, `prefixItems`, `minItems`, bounds of numbers and
//! strings, common formats and patterns, `$ref` into the schema itself, `allOf`, `anyOf`, `oneOf`. A schema that
//! cannot be met (or only by an instance beyond all bounds) has none.

mod build;
mod merge;
mod pattern;
mod scalar;
mod shape;

pub(crate) use shape::Shape;

use serde_json::Value;

/// Stands where the words go: a text that no schema has.
const SLOT: &str = "\u{1}words\u{1}";

/// Whether a schema's type is, or may be, `name`; types are compared without regard to case.
fn is_type(value: &Value, name: &str) -> bool {
    value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(name))
}

/// A number, also where it is written as text (Gemini's 64-bit integers are).
fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    }
}

/// A count.
fn count(value: Option<&Value>) -> Option<usize> {
    number(value).filter(|count| (0.0..1e9).contains(count)).map(|count| count as usize)
}

#[cfg(test)]
mod tests;
