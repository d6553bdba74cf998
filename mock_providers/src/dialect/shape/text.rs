//! Texts of a kind.

use serde_json::{Map, Value};

use super::limits::whole;

/// What a text says that has nothing to say.
const PLAIN: &str = "text";
/// Longest text that is made up, in characters.
const LENGTH_MAX: u64 = 4_096;

/// Whether the text may be any words at all.
pub(super) fn is_free(schema: &Map<String, Value>) -> bool {
    let bound = ["const", "enum", "format", "pattern", "maxLength", "minLength"];
    bound.iter().all(|key| schema.get(*key).is_none_or(Value::is_null))
}

/// A text that the schema allows; patterns are not looked at.
pub(super) fn of(schema: &Map<String, Value>) -> String {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let text = match format {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "duration" => "P1D",
        "email" => "somebody@example.com",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "uri" | "url" => "https://example.com/",
        _ => PLAIN,
    };
    let count = |key: &str| schema.get(key).and_then(whole).map(|count| count.min(LENGTH_MAX) as usize);
    let most = count("maxLength").unwrap_or(usize::MAX);
    let mut text: String = text.chars().take(most).collect();
    while text.len() < count("minLength").unwrap_or(0) {
        text.push('x');
    }
    text
}
