//! Server-sent events, incrementally.
//!
//! Bytes may be cut anywhere: inside a line, between CR and LF, inside a UTF-8 code point. Lines are only looked
//! at when they are whole, so the cuts cannot matter. As in the WHATWG specification: a BOM is skipped, lines end
//! with LF, CRLF or CR, comments (`:` lines) and unknown fields are ignored, several `data` lines are joined by
//! LF, an event without data is none. Beyond it: an event that the end of the body cuts off before its blank
//! line is still delivered (marked [`Event::cut`]), because many servers forget that line; and text that looks
//! like JSON outside any field is reported ([`Item::Raw`]), because Gemini writes its mid-stream errors so. What can only be
//! an event whose line was mangled is reported as well ([`Item::Stray`], [`Item::Hollow`]): the specification ignores it, and an
//! event would be lost in silence.

use memchr::memchr2;
use serde::de::IgnoredAny;

use super::protocol;
use crate::chat::Failure;
use crate::router::seam::seam;

/// The largest event: far above any text chunk, yet enough for one with an inline image; a provider that never
/// ends its line shall not fill the memory.
pub const MAX_EVENT_BYTES: usize = 8 << 20;

/// The most text outside any field: error objects are far smaller, and since it is looked at again with every
/// line that may complete it, a larger bound would let a hostile body cost quadratic time.
pub const MAX_RAW_BYTES: usize = 16 << 10;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event:` field; empty when there was none.
    pub name: &'a str,
    /// The `data:` lines, joined. Never empty.
    pub data: &'a str,
    /// The body ended before the event's blank line: it may be incomplete.
    pub cut: bool,
}

/// What a stream consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// An event.
    Event(Event<'a>),
    /// JSON that stands in the stream outside any field: everything so far, as often as it may be complete.
    Raw(&'a str),
    /// An event whose data is not UTF-8.
    Garbled,
    /// A line that holds JSON and is no field, or JSON outside any field that broke off or is no error: once an event.
    Stray,
    /// An event with this name and no data at all.
    Hollow(&'a str),
}

/// The parser: feed it bytes, it calls back with items.
#[derive(Debug, Default)]
pub struct Parser {
    /// The line that is not whole yet.
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    name: String,
    raw: String,
    /// Whether it was JSON, and told of.
    settled: bool,
    after_cr: bool,
    begun: bool,
}

impl Parser {
    /// A parser at the start of a body.
    #[must_use]
    pub fn new() -> Self {
        Parser::default()
    }

    /// Feeds bytes; every item they complete goes to `sink`.
    ///
    /// # Errors
    /// What `sink` returns, and [`crate::chat::FailureClass::Protocol`] for an event that is too large.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        sink: &mut impl FnMut(Item<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr2(b'\n', seam!(KnowsOnlyLineFeeds, b'\r', b'\n'), bytes) {
            self.end_line(&bytes[..end], sink)?;
            let crlf = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
            self.after_cr = bytes[end] == b'\r' && end + 1 == bytes.len();
            bytes = &bytes[end + 1 + usize::from(crlf)..];
        }
        self.grow(self.line.len() + bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends the body: delivers the event it cut off, if any.
    ///
    /// # Errors
    /// As [`Parser::push`].
    pub fn finish(&mut self, sink: &mut impl FnMut(Item<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        if !self.line.is_empty() {
            self.end_line(&[], sink)?;
        }
        self.dispatch(true, sink)
    }

    /// What stands outside any field.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether [`Parser::raw`] was told of as [`Item::Stray`].
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.settled
    }

    fn grow(&self, line: usize) -> Result<(), Failure> {
        if self.data.len() + line > MAX_EVENT_BYTES {
            return Err(protocol(format!("a stream event exceeds {MAX_EVENT_BYTES} bytes")));
        }
        Ok(())
    }

    fn end_line(
        &mut self,
        rest: &[u8],
        sink: &mut impl FnMut(Item<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.grow(self.line.len() + rest.len())?;
        if self.line.is_empty() {
            return self.whole_line(rest, sink);
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(rest);
        let result = self.whole_line(&line, sink);
        line.clear();
        self.line = line;
        result
    }

    fn whole_line(
        &mut self,
        mut line: &[u8],
        sink: &mut impl FnMut(Item<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !self.begun {
            self.begun = true;
            let plain = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
            line = seam!(StumblesOverABom, plain, line);
        }
        if line.is_empty() {
            return self.dispatch(false, sink);
        }
        if let Some(value) = field(line, b"data") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.has_data = true;
            self.data.extend_from_slice(value);
        } else if let Some(value) = field(line, b"event") {
            if holds_json(value) {
                return sink(Item::Stray);
            }
            self.name.clear();
            self.name.push_str(&String::from_utf8_lossy(value));
        } else {
            return self.stray(line, sink);
        }
        Ok(())
    }

    /// Collects lines that open or continue JSON outside any field, and offers them where they may be complete.
    fn stray(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(Item<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let first = line.trim_ascii_start().first();
        let known = [&b"id"[..], b"retry", b""].iter().any(|name| field(line, name).is_some());
        if known && (is_comment(line) || !holds_json(line)) {
            return Ok(());
        }
        let opens = match first {
            Some(b'{' | b'[') => true,
            Some(b'<') => !is_broken_tag(line),
            _ => false,
        };
        if self.settled {
            self.settled = false;
            self.raw.clear();
        }
        if self.raw.is_empty() && !opens {
            // `dat: {"id":…`: no server has fields of its own that hold JSON.
            return if holds_json(line) { sink(Item::Stray) } else { Ok(()) };
        }
        if self.raw.len() + line.len() > MAX_RAW_BYTES {
            return Err(protocol("a body that is not an event stream, or more than one"));
        }
        self.raw.push_str(&String::from_utf8_lossy(line));
        self.raw.push('\n');
        if matches!(line.trim_ascii_end().last(), Some(b'}' | b']')) && !line[0].is_ascii_whitespace() {
            sink(Item::Raw(&self.raw))?;
            // It was no error, or that would have ended the stream.
            if serde_json::from_str::<IgnoredAny>(&self.raw).is_ok() {
                self.settled = true;
                sink(Item::Stray)?;
            }
        }
        Ok(())
    }

    /// An event comes behind JSON that stands outside any field, and never became whole.
    fn broken_off(&mut self, sink: &mut impl FnMut(Item<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        if self.settled || !self.raw.trim_start().starts_with(['{', '[']) {
            return Ok(());
        }
        self.settled = true;
        sink(Item::Stray)
    }

    fn dispatch(
        &mut self,
        cut: bool,
        sink: &mut impl FnMut(Item<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !self.has_data && !self.name.is_empty() && !cut {
            sink(Item::Hollow(&self.name))?;
        }
        if self.has_data && !self.data.is_empty() {
            self.broken_off(sink)?;
            match std::str::from_utf8(&self.data) {
                Ok(data) => sink(Item::Event(Event { name: &self.name, data, cut }))?,
                Err(error) if cut && error.error_len().is_none() => {
                    return Err(super::stream::truncated("the stream was cut inside an event"));
                }
                Err(_) => sink(Item::Garbled)?,
            }
        }
        self.has_data = false;
        self.data.clear();
        self.name.clear();
        Ok(())
    }
}

/// Whether there is the beginning of an object somewhere.
fn holds_json(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"{\"").is_some()
}

/// Whether an object begins before any tag of `line` ends: `<data: {"` is a mangled event and no page.
fn is_broken_tag(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"{\"").is_some_and(|object| !line[..object].contains(&b'>'))
}

/// Whether a line that opens with a colon is really none of anybody's business. Keep-alives may hold JSON (`: {"wait":1}`), but nobody
/// comments an event out: `:data: {"` is one behind a stray byte.
fn is_comment(line: &[u8]) -> bool {
    let object = memchr::memmem::find(line, b"{\"").unwrap_or_default();
    line.starts_with(b":") && !line[..object].trim_ascii_end().ends_with(b"ata:")
}

/// The value of `line` if its field is `name`; a line without a colon is a field without a value.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(name)? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn events(body: &[u8]) -> Vec<(String, String, bool)> {
        let mut out = Vec::new();
        let mut parser = Parser::new();
        let mut sink = |item: Item<'_>| {
            if let Item::Event(event) = item {
                out.push((event.name.to_owned(), event.data.to_owned(), event.cut));
            }
            Ok(())
        };
        parser.push(body, &mut sink).unwrap();
        parser.finish(&mut sink).unwrap();
        out
    }

    fn event(name: &str, data: &str) -> (String, String, bool) {
        (name.to_owned(), data.to_owned(), false)
    }

    #[test]
    fn bom_comments_ids_and_unknown_fields_are_skipped() {
        let body = b"\xEF\xBB\xBF: hello\nid: 7\nretry: 10\nfoo: bar\nevent: x\ndata: 1\n\n: keep-alive\n\n";
        assert_eq!(events(body), [event("x", "1")]);
    }

    #[test]
    fn every_line_ending_is_one() {
        for end in ["\n", "\r\n", "\r"] {
            let body = ["data: 1", "data:2", "", "data:  3", "", ""].join(end);
            assert_eq!(events(body.as_bytes()), [event("", "1\n2"), event("", " 3")], "{end:?}");
        }
    }

    #[test]
    fn events_without_data_are_none() {
        assert_eq!(events(b"event: ping\n\ndata\n\ndata:\n\ndata: 1\n\n"), [event("", "1")]);
    }

    #[test]
    fn the_name_of_an_event_does_not_outlive_it() {
        assert_eq!(events(b"event: a\ndata: 1\n\ndata: 2\n\n"), [event("a", "1"), event("", "2")]);
    }

    #[test]
    fn a_missing_last_blank_line_is_made_up_for() {
        for body in [&b"data: 1"[..], b"data: 1\n", b"data: 1\r"] {
            assert_eq!(events(body), [(String::new(), "1".to_owned(), true)]);
        }
    }

    #[test]
    fn an_endless_event_is_a_protocol_failure() {
        let mut parser = Parser::new();
        let mut sink = |_: Item<'_>| Ok(());
        let chunk = vec![b'a'; 1 << 20];
        let result = (0..=MAX_EVENT_BYTES >> 20).try_for_each(|_| parser.push(&chunk, &mut sink));
        assert_eq!(result.unwrap_err().class, crate::chat::FailureClass::Protocol);
    }

    #[test]
    fn endless_data_lines_are_a_protocol_failure() {
        let mut parser = Parser::new();
        let mut sink = |_: Item<'_>| Ok(());
        let line = [b"data: ".to_vec(), vec![b'a'; 1 << 20], b"\n".to_vec()].concat();
        let result = (0..=MAX_EVENT_BYTES >> 20).try_for_each(|_| parser.push(&line, &mut sink));
        assert_eq!(result.unwrap_err().class, crate::chat::FailureClass::Protocol);
    }

    #[test]
    fn endless_text_outside_any_field_is_a_protocol_failure() {
        let mut parser = Parser::new();
        let mut sink = |_: Item<'_>| Ok(());
        let result = parser.push(&b"[[]\n".repeat(MAX_RAW_BYTES / 4 + 1), &mut sink);
        assert_eq!(result.unwrap_err().class, crate::chat::FailureClass::Protocol);
    }

    #[test]
    fn an_event_behind_a_stray_byte_is_no_page_and_no_comment() {
        let strays = |line: &str| {
            let mut strays = 0;
            let mut parser = Parser::new();
            let mut sink = |item: Item<'_>| {
                strays += usize::from(item == Item::Stray);
                Ok(())
            };
            parser.push(format!("{line}\n\ndata: 1\n\n").as_bytes(), &mut sink).unwrap();
            parser.finish(&mut sink).unwrap();
            strays
        };
        for mangled in [
            "<data: {\"a\":1}",
            "<ata: {\"a\":1}",
            " < data: {\"a\":\"<b>\"}",
            ":data: {\"a\":1}",
            ":ata:{\"a\":1}",
        ] {
            assert_eq!(strays(mangled), 1, "{mangled}");
        }
        for comment in [": {\"wait\":1}", ":{\"wait\":1}", ": alive {\"wait\":1}", ":data: 1", ":"] {
            assert_eq!(strays(comment), 0, "{comment}");
        }
        for page in ["<html>", "<!doctype html", "<script>a = {\"a\":1}", "<pre>{\"a\":1}</pre>", "<data: 1"]
        {
            assert_eq!(strays(page), 0, "{page}");
        }
    }

    #[test]
    fn json_outside_any_field_is_reported_whole() {
        let mut raw = Vec::new();
        let mut parser = Parser::new();
        let body = b"data: 1\n\n{\n  \"error\": {\n    \"code\": 503\n  }\n}\n";
        parser
            .push(body, &mut |item| {
                raw.extend(matches!(item, Item::Raw(_)).then(|| format!("{item:?}")));
                Ok(())
            })
            .unwrap();
        assert_eq!(raw.len(), 1);
        assert!(serde_json::from_str::<serde_json::Value>(parser.raw()).is_ok());
    }
}
