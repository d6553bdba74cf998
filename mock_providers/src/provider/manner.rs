//! In which manner an answer gets on the wire: what faults of bytes and HTTP make of it, whatever it says.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::Provider;
use crate::dice::Key;
use crate::fault::{BadChunk, BytesFault, Decision, Draw, Facts, Fault, HttpFault, Rule};
use crate::latency::Dist;

/// Most bytes of a header value that is made up.
const HEADER_BYTES_MAX: u32 = 1 << 20;
/// Most headers that are made up.
const HEADERS_MAX: u32 = 10_000;
/// Most informational answers.
const INFORMATIONAL_MAX: u32 = 1_000;

/// The manner of an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    /// How bytes leave.
    pub(crate) shape: Option<Shape>,
    /// What the body is said to be.
    pub(crate) content_type: Option<HeaderValue>,
    /// Headers that are added.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether every header comes twice.
    pub(crate) twice: bool,
    /// Whether the body is compressed, and whether wrongly.
    pub(crate) gzip: Option<bool>,
    /// After which silence the connection is closed.
    pub(crate) hang_up: Option<Duration>,
    /// Whether the connection says goodbye, and ends after its last stream.
    pub(crate) goodbye: bool,
    /// What the HTTP library would not write.
    pub(crate) by_hand: Option<ByHand>,
}

/// How bytes leave.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Microseconds each write is late.
    pub(crate) late: Option<Dist>,
    /// Bytes a second.
    pub(crate) per_second: Option<u64>,
    /// Bytes of a segment, and microseconds to the next.
    pub(crate) segments: Option<(Dist, Dist)>,
    /// Of its draws.
    pub(crate) key: Key,
}

/// What the HTTP library would not write.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByHand {
    /// Informational answers before the final one.
    pub(crate) informational: Vec<u16>,
    /// Another version than HTTP/1.1.
    pub(crate) version: Option<&'static str>,
    /// Time between bytes of the head.
    pub(crate) per_byte: Option<Duration>,
    /// How far the announced length is off.
    pub(crate) length_by: i64,
    /// How chunks are wrong.
    pub(crate) chunks: Option<BadChunk>,
    /// Whether the body ends with the connection.
    pub(crate) until_close: bool,
}

impl Provider {
    /// The manner that the rules which fired ask for, in their order.
    pub(super) fn manner(&self, rules: &[Rule], decision: &Decision, facts: &Facts<'_>) -> Manner {
        let mut manner = Manner::default();
        for rule in decision.edits.iter().chain(&decision.ending).map(|rule| &rules[*rule]) {
            let draw = Draw::new(facts, &self.dice, &rule.name);
            let key = || facts.key(&self.dice, "shape").str(&rule.name);
            match &rule.fault {
                Fault::Bytes(fault) => manner.bytes(fault, draw, key),
                Fault::Http(fault) => manner.http(fault, draw),
                _ => {}
            }
        }
        manner
    }
}

impl Manner {
    fn bytes(&mut self, fault: &BytesFault, draw: Draw<'_>, key: impl FnOnce() -> Key) {
        match *fault {
            BytesFault::Jitter { per_chunk } => self.shape(key).late = Some(per_chunk),
            BytesFault::Bandwidth { per_second } => {
                let bytes = u64::from(draw.count("per_second", per_second)).max(1);
                self.shape(key).per_second = Some(bytes);
            }
            BytesFault::TinySegments { size, gap } => self.shape(key).segments = Some((size, gap)),
            BytesFault::CloseBetweenRequests { after } => {
                self.hang_up = Some(draw.duration("after", after));
            }
            BytesFault::WrongContentLength { by } => self.by_hand().length_by = by,
            BytesFault::BadChunkFraming(how) => self.by_hand().chunks = Some(how),
            BytesFault::FinWithoutTerminator { .. } => self.by_hand().until_close = true,
            BytesFault::ResetReused | BytesFault::HalfClose { .. } | BytesFault::StallHeaders => {}
        }
    }

    fn http(&mut self, fault: &HttpFault, draw: Draw<'_>) {
        match fault {
            HttpFault::WrongContentType { to } => self.content_type = HeaderValue::try_from(to).ok(),
            HttpFault::Gzip { corrupt } => self.gzip = Some(*corrupt),
            HttpFault::DuplicateHeaders => self.twice = true,
            HttpFault::HugeHeaders { size, count } => {
                let size = draw.count("size", *size).min(HEADER_BYTES_MAX) as usize;
                let value = HeaderValue::try_from("x".repeat(size)).ok();
                for nth in 0..draw.count("count", *count).min(HEADERS_MAX) {
                    let name = HeaderName::try_from(format!("x-padding-{nth}")).ok();
                    self.headers.extend(name.zip(value.clone()));
                }
            }
            HttpFault::SlowHeaders { per_byte } => {
                self.by_hand().per_byte = Some(draw.duration("per_byte", *per_byte));
            }
            HttpFault::Informational { code, times } => {
                let times = draw.count("times", *times).min(INFORMATIONAL_MAX);
                self.by_hand().informational.extend((0..times).map(|_| *code));
            }
            HttpFault::Goaway { code: 0, .. } => self.goodbye = true,
            HttpFault::HttpVersion => self.by_hand().version = Some("HTTP/9.9"),
            HttpFault::Redirect { .. }
            | HttpFault::HtmlError { .. }
            | HttpFault::EnormousBody { .. }
            | HttpFault::Garbage
            | HttpFault::Goaway { .. }
            | HttpFault::RstStream { .. } => {}
        }
    }

    fn shape(&mut self, key: impl FnOnce() -> Key) -> &mut Shape {
        self.shape.get_or_insert_with(|| Shape { late: None, per_second: None, segments: None, key: key() })
    }

    fn by_hand(&mut self) -> &mut ByHand {
        self.by_hand.get_or_insert_default()
    }
}
