//! Changes of text that need nothing but the text: fields of the JSON, and how events are written.

use super::{Event, Kind, json, responses};
use crate::dialect::{Format, Part, Script};
use crate::latency::whole;

/// One way of rewriting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rewrite {
    /// Lines end with CR LF, or with LF where they ended with CR LF.
    LineEnds,
    /// No space after `data:`.
    NoSpace,
    /// Events get this name.
    Name(String),
    /// JSON over several lines.
    Lines,
    /// The index of choice, candidate or block.
    Index(u32),
    /// The role in every delta.
    Role,
    /// No usage.
    NoUsage,
    /// All counts of the usage multiplied.
    FalseUsage(f64),
    /// This finish reason.
    Finish(String),
    /// So many choices.
    Choices(u32),
}

impl Rewrite {
    /// Rewrites one event.
    pub(super) fn event(&self, script: &Script, event: &mut Event) {
        let text = &mut event.text;
        match self {
            Rewrite::LineEnds if text.contains("\r\n") => *text = text.replace("\r\n", "\n"),
            Rewrite::LineEnds => *text = text.replace('\n', "\r\n"),
            Rewrite::NoSpace => *text = text.replace("data: ", "data:"),
            Rewrite::Name(name) => named(name, event),
            Rewrite::Lines => spread(text),
            Rewrite::Index(index) if matches!(event.kind, Kind::Delta { .. }) => {
                let name = if script.ask.format == Format::Responses { "output_index" } else { "index" };
                let first = json::fields(text, name).into_iter().next();
                first.into_iter().for_each(|(_, value)| text.replace_range(value, &index.to_string()));
            }
            Rewrite::Role if matches!(event.kind, Kind::Delta { .. }) => {
                *text = text.replace("\"delta\":{", "\"delta\":{\"role\":\"assistant\",");
            }
            Rewrite::NoUsage if event.kind == Kind::Part(Part::Usage) => text.clear(),
            Rewrite::Index(_) | Rewrite::Role => {}
            _ => self.json(script, text),
        }
    }

    /// Rewrites a plain body.
    pub(super) fn plain(&self, script: &Script, body: &mut String) {
        self.json(script, body);
    }

    fn json(&self, script: &Script, text: &mut String) {
        match self {
            Rewrite::NoUsage => {
                for name in ["usage", "usageMetadata"] {
                    json::remove(text, name, |value| value.starts_with('{'));
                }
            }
            Rewrite::FalseUsage(factor) => {
                for name in ["usage", "usageMetadata"] {
                    json::replace(text, name, |old| old.starts_with('{').then(|| multiplied(old, *factor)));
                }
            }
            Rewrite::Finish(reason) if script.ask.format == Format::Responses => {
                responses::finish(&legal(reason), text);
            }
            Rewrite::Finish(reason) => {
                let reason = finish_word(script.ask.format, reason);
                for name in ["finish_reason", "stop_reason", "finishReason", "done_reason"] {
                    json::replace(text, name, |old| old.starts_with('"').then(|| format!("\"{reason}\"")));
                }
            }
            Rewrite::Choices(count) => {
                for name in ["choices", "candidates"] {
                    json::replace(text, name, |old| choices(old, *count));
                }
            }
            _ => {}
        }
    }
}

/// A finish reason in the vendor's words; what is no neutral word stays as it is.
fn finish_word(format: Format, reason: &str) -> String {
    let word = match (format, reason) {
        (Format::Messages, "stop") => "end_turn",
        (Format::Messages, "length") => "max_tokens",
        (Format::Messages, "tool_calls") => "tool_use",
        (Format::Messages, "content_filter") => "refusal",
        (Format::Generate, "stop" | "tool_calls") => "STOP",
        (Format::Generate, "length") => "MAX_TOKENS",
        (Format::Generate, "content_filter") => "SAFETY",
        (_, other) => other,
    };
    legal(word)
}

/// What of a word can stand in JSON as it is.
fn legal(word: &str) -> String {
    word.chars().filter(|char| !char.is_control() && !matches!(char, '"' | '\\')).collect()
}

/// Every number of an object multiplied.
fn multiplied(object: &str, factor: f64) -> String {
    let mut out = String::with_capacity(object.len());
    let mut rest = object;
    while let Some(colon) = rest.find(':') {
        let (before, after) = rest.split_at(colon + 1);
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        match after[..digits].parse::<u64>() {
            Ok(count) => out.push_str(&whole(count as f64 * factor).to_string()),
            Err(_) => out.push_str(&after[..digits]),
        }
        rest = &after[digits..];
    }
    out + rest
}

/// The first choice of a list so many times, each with its own index; lists without choices stay.
fn choices(list: &str, count: u32) -> Option<String> {
    let one = list.strip_prefix('[')?.strip_suffix(']').filter(|one| !one.is_empty())?;
    let numbered = |index: u32| {
        let mut one = one.to_owned();
        // A candidate's own index is its last, a choice's its first field.
        let at = json::fields(&one, "index");
        let own = if one.starts_with("{\"index\"") { at.first() } else { at.last() };
        if let Some((_, value)) = own.cloned() {
            one.replace_range(value, &index.to_string());
        }
        one
    };
    Some(format!("[{}]", (0..count).map(numbered).collect::<Vec<_>>().join(",")))
}

/// Names the events of a text; where they have names, one nobody knows comes before each delta.
fn named(name: &str, event: &mut Event) {
    let text = &mut event.text;
    if !text.contains("event: ") {
        *text = text.replace("data: ", &format!("event: {name}\ndata: "));
    } else if matches!(event.kind, Kind::Delta { .. }) {
        text.insert_str(0, &format!("event: {name}\ndata: {{\"type\":\"{name}\"}}\n\n"));
    }
}

/// Spreads the JSON of a text's last event over a line a field.
fn spread(text: &mut String) {
    let Some(range) = json::data(text) else { return };
    let body = &text[range.clone()];
    let mut lines = String::with_capacity(body.len() * 2);
    let (mut quoted, mut escaped) = (false, false);
    for char in body.chars() {
        lines.push(char);
        quoted ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        if char == ',' && !quoted {
            lines.push_str("\ndata: ");
        }
    }
    text.replace_range(range, &lines);
}
