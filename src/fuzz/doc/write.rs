//! A document as YAML, laid out as a person would write a scenario: one provider, model, route, request or fault a line.

use super::Doc;

/// Widest line, as long as a value fits into one at all.
const WIDTH: usize = 120;

impl Doc {
    /// As a YAML text, which reads back to the same document.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        self.write(Place { depth: 0, indent: 0 }, &mut out);
        out
    }

    /// Writes in block style; the first line begins where the text ends.
    fn write(&self, place: Place, out: &mut String) {
        match self {
            Doc::Map(entries) if !entries.is_empty() => {
                for (nth, (key, value)) in entries.iter().enumerate() {
                    place.begin(nth, out);
                    out.push_str(&scalar(key));
                    out.push(':');
                    value.write_at(&scalar(key), place, out);
                }
            }
            Doc::List(items) if !items.is_empty() => {
                for (nth, item) in items.iter().enumerate() {
                    place.begin(nth, out);
                    out.push_str("- ");
                    match item.line(WIDTH.saturating_sub(place.indent + 2)) {
                        Some(line) => out.extend([line.as_str(), "\n"]),
                        None => item.write(place.below(), out),
                    }
                }
            }
            _ => out.extend([self.flow().as_str(), "\n"]),
        }
    }

    /// Writes the value of `key`: behind it where that is what a person would do, else below it.
    fn write_at(&self, key: &str, place: Place, out: &mut String) {
        let room = WIDTH.saturating_sub(place.indent + key.len() + 2);
        match self.line(room).filter(|_| !self.stands_below(place.depth)) {
            Some(line) => out.extend([" ", line.as_str(), "\n"]),
            None => {
                out.push('\n');
                out.push_str(&" ".repeat(place.indent + 2));
                self.write(place.below(), out);
            }
        }
    }

    /// Whether it stands below its key however short it is: parts of a scenario that hold more than plain values, and of a
    /// router those that are named.
    fn stands_below(&self, depth: usize) -> bool {
        let nested = |doc: &Doc| !doc.is_empty();
        match (self, depth) {
            (Doc::List(items), 0) => !items.is_empty(),
            (Doc::Map(entries), 0) => entries.iter().any(|(_, value)| nested(value)),
            (Doc::Map(entries), 1) => entries.iter().all(|(_, value)| nested(value)) && !entries.is_empty(),
            _ => false,
        }
    }

    /// In one line, if it fits; a scalar has no other form.
    fn line(&self, room: usize) -> Option<String> {
        Some(self.flow()).filter(|line| line.len() <= room || self.is_empty())
    }

    /// In one line.
    fn flow(&self) -> String {
        match self {
            Doc::Word(text) => scalar(text),
            Doc::Text(text) => quoted(text),
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

/// Where a map or list in block style stands.
#[derive(Clone, Copy)]
struct Place {
    /// Levels above it.
    depth: usize,
    /// Columns before it.
    indent: usize,
}

impl Place {
    fn below(self) -> Place {
        Place { depth: self.depth + 1, indent: self.indent + 2 }
    }

    /// Begins an entry; the first one stands where its map begins.
    fn begin(self, nth: usize, out: &mut String) {
        if nth > 0 {
            out.push_str(&" ".repeat(self.indent));
        }
    }
}

/// A key or word, in quotes where YAML would read something else.
fn scalar(text: &str) -> String {
    if may_be_bare(text) { text.to_owned() } else { quoted(text) }
}

/// In quotes. JSON's escapes are YAML's, but YAML takes more characters for the end of a line.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for char in serde_json::Value::from(text).to_string().chars() {
        match char {
            ' '..='~' => out.push(char),
            char if char.is_alphanumeric() => out.push(char),
            char if u32::from(char) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => out.push_str(&format!("\\U{:08x}", u32::from(char))),
        }
    }
    out
}

/// Whether a scalar means itself without quotes, in flow style too.
pub(super) fn may_be_bare(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '.') || text == "~";
    let plain = |c: char| matches!(c, ' '..='~') && !"{}[],\"\\".contains(c);
    let nothing = ["null", "Null", "NULL"].contains(&text);
    begins
        && !nothing
        && text.chars().all(plain)
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
}
