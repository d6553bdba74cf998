//! Faults of the byte stream: how an answer's bytes get on the wire, and how the connection ends.

use serde::{Deserialize, Serialize};

use super::{Role, Way};
use crate::latency::Dist;

/// What happens to the bytes of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BytesFault {
    /// Every write is late by a draw of its own; later writes queue up behind it.
    Jitter {
        /// How late, in microseconds.
        per_chunk: Dist,
    },
    /// The connection carries only so many bytes a second.
    Bandwidth {
        /// Bytes a second.
        per_second: Dist,
    },
    /// Bytes leave in tiny segments that respect neither characters nor events.
    TinySegments {
        /// Bytes of a segment.
        size: Dist,
        /// Time between segments, in microseconds.
        gap: Dist,
    },
    /// A kept-alive connection is reset when the next request comes on it.
    ResetReused,
    /// A kept-alive connection is closed after the answer, without a word in its headers.
    CloseBetweenRequests {
        /// How long after the answer, in microseconds.
        after: Dist,
    },
    /// The server shuts its sending side and reads on.
    HalfClose {
        /// Tokens delivered before; none shuts it before any header.
        after: Option<Dist>,
    },
    /// The body's end is the connection's (HTTP/1.0 style), and comes early: to HTTP it looks whole.
    FinWithoutTerminator {
        /// Tokens delivered before.
        after: Dist,
    },
    /// Half a status line, and then nothing.
    StallHeaders,
    /// A whole body announces a length that is not its own.
    WrongContentLength {
        /// By how many bytes it is off.
        by: i64,
    },
    /// The framing of a chunked body breaks.
    BadChunkFraming(BadChunk),
}

/// How chunked framing breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadChunk {
    /// The second chunk's size is no number (the first one's, when there is only one).
    #[default]
    Size,
    /// The line break behind the first chunk is missing.
    NoLineBreak,
    /// The last chunk is missing; the connection stays open.
    NoLastChunk,
}

impl BytesFault {
    /// The fault's name in the scenario language.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            BytesFault::Jitter { .. } => "jitter",
            BytesFault::Bandwidth { .. } => "bandwidth",
            BytesFault::TinySegments { .. } => "tiny_segments",
            BytesFault::ResetReused => "reset_reused",
            BytesFault::CloseBetweenRequests { .. } => "close_between_requests",
            BytesFault::HalfClose { .. } => "half_close",
            BytesFault::FinWithoutTerminator { .. } => "fin_without_terminator",
            BytesFault::StallHeaders => "stall_headers",
            BytesFault::WrongContentLength { .. } => "wrong_content_length",
            BytesFault::BadChunkFraming(_) => "bad_chunk_framing",
        }
    }

    pub(super) const fn role(&self) -> Role {
        match self {
            BytesFault::ResetReused
            | BytesFault::HalfClose { .. }
            | BytesFault::FinWithoutTerminator { .. }
            | BytesFault::StallHeaders => Role::Ending,
            _ => Role::Edit,
        }
    }

    pub(super) fn numbers(&self) -> Vec<(&'static str, Dist)> {
        match self {
            BytesFault::Jitter { per_chunk } => vec![("per_chunk", *per_chunk)],
            BytesFault::Bandwidth { per_second } => vec![("per_second", *per_second)],
            BytesFault::TinySegments { size, gap } => vec![("size", *size), ("gap", *gap)],
            BytesFault::CloseBetweenRequests { after } | BytesFault::FinWithoutTerminator { after } => {
                vec![("after", *after)]
            }
            BytesFault::HalfClose { after } => after.iter().map(|after| ("after", *after)).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it can be done to a call that came this way. HTTP/2 frames its bodies itself.
    pub(super) const fn fits(&self, way: Way<'_>, stream: bool) -> bool {
        match self {
            BytesFault::Jitter { .. } | BytesFault::Bandwidth { .. } | BytesFault::TinySegments { .. } => {
                true
            }
            BytesFault::ResetReused => way.reused && !way.http2,
            BytesFault::WrongContentLength { .. } => !stream && !way.http2,
            _ => !way.http2,
        }
    }
}
