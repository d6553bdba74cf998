//! A scenario as the text it is made of.
//!
//! Generated worlds are documents of the scenario language, not structs beside it: what is played is what is written to the
//! file, the shrinker works on any scenario whatever made it, and there is no second model of the language to keep in step.

use std::fmt::Write;
use std::time::Duration;

use crate::scenario::plain::{Plain, read};

/// Widest line on which a list or map is written in one line.
const WIDTH: usize = 110;

/// A value of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doc {
    /// A scalar that needs no quotes: a name, a number, a duration, a condition.
    Word(String),
    /// Text in quotes.
    Text(String),
    /// A list.
    List(Vec<Doc>),
    /// A map, in the order in which it is written.
    Map(Vec<(String, Doc)>),
}

impl Doc {
    /// A map of these entries.
    #[must_use]
    pub fn map<const N: usize>(entries: [(&str, Doc); N]) -> Doc {
        Doc::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A list of words.
    #[must_use]
    pub fn words<T: ToString>(words: impl IntoIterator<Item = T>) -> Doc {
        Doc::List(words.into_iter().map(|word| Doc::Word(word.to_string())).collect())
    }

    /// A duration, in the largest unit in which it is a short number.
    #[must_use]
    pub fn duration(duration: Duration) -> Doc {
        Doc::Word(duration_word(duration))
    }

    /// Reads a YAML text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Doc, String> {
        read(text).map(Doc::from)
    }

    /// The value at `key` of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Doc> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Doc> {
        match self {
            Doc::Map(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Puts `value` at `key` of a map: in the place of what is there, or at the end.
    pub fn set(&mut self, key: &str, value: impl Into<Doc>) {
        let value = value.into();
        match self.get_mut(key) {
            Some(old) => *old = value,
            None => {
                if let Doc::Map(entries) = self {
                    entries.push((key.to_owned(), value));
                }
            }
        }
    }

    /// Takes `key` out of a map.
    pub fn remove(&mut self, key: &str) -> Option<Doc> {
        let Doc::Map(entries) = self else { return None };
        let at = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(at).1)
    }

    /// The entries of a map; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[(String, Doc)] {
        match self {
            Doc::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Doc] {
        match self {
            Doc::List(items) => items,
            _ => &[],
        }
    }

    /// A scalar's text.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match self {
            Doc::Word(text) | Doc::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As a YAML text: maps in blocks, and in one line where they are short.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        self.block(0, 0, &mut out);
        out
    }

    /// Writes in block style; the first line stands where it stands, the others are indented so deep.
    fn block(&self, depth: usize, indent: usize, out: &mut String) {
        match self {
            Doc::Map(entries) if !entries.is_empty() => {
                for (nth, (key, value)) in entries.iter().enumerate() {
                    if nth > 0 {
                        out.push_str(&" ".repeat(indent));
                    }
                    out.push_str(&scalar(key));
                    out.push(':');
                    let room = WIDTH.saturating_sub(indent + key.len() + 2);
                    value.below(depth + 1, indent + 2, room, out);
                }
            }
            Doc::List(items) if !items.is_empty() => {
                for (nth, item) in items.iter().enumerate() {
                    if nth > 0 {
                        out.push_str(&" ".repeat(indent));
                    }
                    out.push_str("- ");
                    match item.short(WIDTH.saturating_sub(indent + 2)) {
                        Some(line) => writeln!(out, "{line}").expect("a string takes everything"),
                        None => item.block(depth + 1, indent + 2, out),
                    }
                }
            }
            _ => writeln!(out, "{}", self.flow()).expect("a string takes everything"),
        }
    }

    /// Writes what stands at a key. The maps of the two upper levels are blocks, however short.
    fn below(&self, depth: usize, indent: usize, room: usize, out: &mut String) {
        let open = depth <= 1 && matches!(self, Doc::Map(entries) if !entries.is_empty())
            || depth <= 1
                && matches!(self, Doc::List(items) if items.iter().any(|item| item.word().is_none()));
        match self.short(room).filter(|_| !open) {
            Some(line) => writeln!(out, " {line}").expect("a string takes everything"),
            None => {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                self.block(depth, indent, out);
            }
        }
    }

    fn short(&self, room: usize) -> Option<String> {
        Some(self.flow()).filter(|line| line.len() <= room || self.word().is_some())
    }

    /// In one line.
    fn flow(&self) -> String {
        match self {
            Doc::Word(text) => text.clone(),
            Doc::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Doc::List(items) => {
                let items: Vec<_> = items.iter().map(Doc::flow).collect();
                format!("[{}]", items.join(", "))
            }
            Doc::Map(entries) if entries.is_empty() => "{}".to_owned(),
            Doc::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", scalar(key), value.flow()));
                format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl From<Plain> for Doc {
    fn from(plain: Plain) -> Doc {
        match plain {
            Plain::Word(text) if may_be_bare(&text) => Doc::Word(text),
            Plain::Word(text) | Plain::Text(text) => Doc::Text(text),
            Plain::List(items) => Doc::List(items.into_iter().map(Doc::from).collect()),
            Plain::Map(entries) => {
                Doc::Map(entries.into_iter().map(|(key, value)| (key, Doc::from(value))).collect())
            }
        }
    }
}

impl From<&str> for Doc {
    fn from(word: &str) -> Doc {
        Doc::Word(word.to_owned())
    }
}

impl From<String> for Doc {
    fn from(word: String) -> Doc {
        Doc::Word(word)
    }
}

impl From<u64> for Doc {
    fn from(number: u64) -> Doc {
        Doc::Word(number.to_string())
    }
}

impl From<bool> for Doc {
    fn from(truth: bool) -> Doc {
        Doc::Word(truth.to_string())
    }
}

impl From<Duration> for Doc {
    fn from(duration: Duration) -> Doc {
        Doc::duration(duration)
    }
}

impl From<Vec<Doc>> for Doc {
    fn from(items: Vec<Doc>) -> Doc {
        Doc::List(items)
    }
}

/// A key or word, in quotes where YAML would read something else.
fn scalar(text: &str) -> String {
    if may_be_bare(text) { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Whether a scalar means itself without quotes, in flow style too.
fn may_be_bare(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|first| first.is_ascii_alphanumeric() || first == '.' || first == '~')
        && !text.chars().any(|c| c.is_control() || matches!(c, '{' | '}' | '[' | ']' | ',' | '"' | '\\'))
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && text.trim() == text
}

fn duration_word(duration: Duration) -> String {
    let us = duration.as_micros();
    match us {
        0 => "0s".to_owned(),
        _ if us.is_multiple_of(60_000_000) => format!("{}m", us / 60_000_000),
        _ if us.is_multiple_of(100_000) => decimal(us, 1_000_000, "s"),
        _ if us.is_multiple_of(1_000) => format!("{}ms", us / 1_000),
        _ => format!("{us}us"),
    }
}

fn decimal(us: u128, unit: u128, name: &str) -> String {
    match us % unit {
        0 => format!("{}{name}", us / unit),
        rest => format!("{}.{}{name}", us / unit, rest * 10 / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_reads_back_as_it_was_written() {
        let text = "seed: 7\nproviders:\n  anthropic: { dialect: anthropic, latency: { first_token: 420ms } }\nrequests:\n  - send: { route: support, prompt: \"a, \\\"b\\\": c #d\" }\n    status: 200\nexpect: [availability >= 99.9%]\n";
        let doc = Doc::read(text).expect("it is YAML");
        assert_eq!(Doc::read(&doc.yaml()).expect("so is this"), doc);
        assert_eq!(doc.get("seed").and_then(Doc::word), Some("7"));
    }

    #[test]
    fn durations_are_written_in_the_unit_in_which_they_are_short() {
        let word = |us| duration_word(Duration::from_micros(us));
        assert_eq!(
            [
                word(0),
                word(120_000_000),
                word(90_000_000),
                word(1_500_000),
                word(420_000 + 1_000),
                word(1_250_000),
                word(7)
            ],
            ["0s", "2m", "90s", "1.5s", "421ms", "1250ms", "7us"]
        );
    }
}
