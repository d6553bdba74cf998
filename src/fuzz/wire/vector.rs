//! A finding as a file: the bytes that were read, and what should have come of them.
//!
//! A line each of what is to be known, then the body, its bytes escaped as in Rust and one line of it a line.

use std::fmt;
use std::fmt::Write as _;

use super::super::Broken;
use super::reading::{Reading, Said, read};
use super::through::{Face, answer};
use crate::chat::FailureClass;
use crate::dialect::{Dialect, Ends, Leniency, Malformed, decode_reply};

/// Bytes, and what a reader owes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// The promise that was broken.
    pub promise: String,
    /// How: the witness.
    pub what: String,
    /// Whose reply it was.
    pub vendor: String,
    /// How it is read.
    pub dialect: Dialect,
    /// Its content type.
    pub kind: String,
    /// What is forgiven.
    pub leniency: Leniency,
    /// What should come of it.
    pub expect: Expect,
    /// The bytes.
    pub body: Vec<u8>,
}

/// What should come of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Not a success.
    Failure,
    /// A failure that says that it was cut.
    Truncated,
    /// A success that says this text and calls these tools with these arguments.
    Whole {
        /// Text.
        text: String,
        /// All arguments of all calls.
        arguments: String,
    },
}

impl Expect {
    /// What came of a reading.
    #[must_use]
    pub fn of(reading: &Reading) -> Expect {
        if reading.is_whole() { Expect::whole(&reading.said()) } else { Expect::Failure }
    }

    /// The same as a success.
    #[must_use]
    pub fn made_whole(self) -> Expect {
        match self {
            Expect::Failure | Expect::Truncated => Expect::whole(&Said::default()),
            whole @ Expect::Whole { .. } => whole,
        }
    }

    fn whole(said: &Said) -> Expect {
        Expect::Whole { text: said.text.clone(), arguments: said.arguments() }
    }

    /// Its word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Expect::Failure => "failure",
            Expect::Truncated => "truncated",
            Expect::Whole { .. } => "whole",
        }
    }
}

impl Vector {
    /// As a promise that did not hold.
    #[must_use]
    pub fn broken(&self) -> Broken {
        let what = format!("{} ({}): {}", self.vendor, self.kind, self.what);
        Broken { promise: self.promise.clone(), what, request: None }
    }

    /// What comes of the bytes now, if it is not what should.
    #[must_use]
    pub fn fails(&self) -> Option<String> {
        let got = self.read();
        let right = match (&self.expect, &got) {
            (Expect::Failure, Err(_)) => true,
            (Expect::Truncated, Err(class)) => *class == FailureClass::Truncated,
            (whole @ Expect::Whole { .. }, Ok(said)) => Expect::whole(said) == *whole,
            _ => false,
        };
        (!right).then(|| format!("{}: {got:?} instead of {:?}", self.what, self.expect))
    }

    fn read(&self) -> Result<Said, FailureClass> {
        if let Some(way) = self.kind.strip_prefix("http; ") {
            let face = Face::ALL.into_iter().find(|face| way.starts_with(&format!("{face:?}")));
            let face = face.ok_or(FailureClass::InvalidRequest)?;
            let heard = answer(self.dialect, face, way.contains("stream"), &self.body);
            return if heard.whole { Ok(heard.said) } else { Err(FailureClass::Truncated) };
        }
        if self.kind.starts_with("text/event-stream") {
            let reading = read(self.dialect, self.leniency, [&self.body[..]]);
            return reading.end.map(|()| Said::of(&reading.deltas)).map_err(|failure| failure.class);
        }
        let answer = http::Response::builder().header("content-type", &self.kind).body(());
        let parts = answer.map_err(|_| FailureClass::InvalidRequest)?.into_parts().0;
        let reply = decode_reply(self.dialect, &parts, &self.body, 0).map_err(|failure| failure.class)?;
        Ok(Said::from(reply))
    }

    /// Reads what [`Vector`] writes.
    ///
    /// # Errors
    ///
    /// What is missing or no such thing, in words.
    pub fn parse(text: &str) -> Result<Vector, String> {
        let (head, body) = text.split_once("\nbody:\n").ok_or("a line `body:` is missing")?;
        let field = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let found = lines.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next();
            found.ok_or_else(|| format!("a line `{name}: …` is missing"))
        };
        let word = |name: &str| field(name).map(serde_json::Value::String);
        fn known<T: serde::de::DeserializeOwned>(word: serde_json::Value) -> Result<T, String> {
            serde_json::from_value(word).map_err(|error| error.to_string())
        }
        let expect = match field("expect")?.as_str() {
            "failure" => Expect::Failure,
            "truncated" => Expect::Truncated,
            "whole" => {
                let said = |name| {
                    String::from_utf8(unescaped(&field(name).unwrap_or_default()))
                        .map_err(|error| error.to_string())
                };
                Expect::Whole { text: said("text")?, arguments: said("arguments")? }
            }
            other => return Err(format!("expect `{other}`: say failure, truncated or whole")),
        };
        Ok(Vector {
            promise: field("promise")?,
            what: field("what")?,
            vendor: field("vendor")?,
            dialect: known(word("dialect")?)?,
            kind: field("kind")?,
            leniency: Leniency {
                ends: known::<Ends>(word("ends")?)?,
                malformed: known::<Malformed>(word("malformed")?)?,
            },
            expect,
            body: unescaped(body),
        })
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: serde_json::Result<serde_json::Value>| match value {
            Ok(serde_json::Value::String(word)) => word,
            _ => String::new(),
        };
        writeln!(f, "promise: {}", self.promise)?;
        writeln!(f, "what: {}", self.what.replace('\n', " "))?;
        writeln!(f, "vendor: {}", self.vendor)?;
        writeln!(f, "dialect: {}", word(serde_json::to_value(self.dialect)))?;
        writeln!(f, "kind: {}", self.kind)?;
        writeln!(f, "ends: {}", word(serde_json::to_value(self.leniency.ends)))?;
        writeln!(f, "malformed: {}", word(serde_json::to_value(self.leniency.malformed)))?;
        writeln!(f, "expect: {}", self.expect.name())?;
        if let Expect::Whole { text, arguments } = &self.expect {
            writeln!(f, "text: {}", escaped(text.as_bytes()))?;
            writeln!(f, "arguments: {}", escaped(arguments.as_bytes()))?;
        }
        writeln!(f, "body:")?;
        for line in self.body.split_inclusive(|byte| *byte == b'\n') {
            writeln!(f, "{}", escaped(line))?;
        }
        Ok(())
    }
}

/// Bytes as printable text: what is not printable ASCII, and the backslash, escaped as in Rust.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(*byte)),
            other => drop(write!(out, "\\x{other:02x}")),
        }
    }
    out
}

/// The bytes of an escaped text; its own line ends mean nothing.
#[must_use]
pub fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().filter(|byte| *byte != b'\n');
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b'x') => {
                let digit =
                    |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or(0) as u8;
                let high = digit(bytes.next());
                out.push(high << 4 | digit(bytes.next()));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}
