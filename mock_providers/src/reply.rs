//! Canonical replies: every word says which attempt it belongs to and where.
//!
//! A word looks like `harbor-2n-k3f9xq1`: a readable lexeme, its position in base 36, and the [`Tag`] of the
//! reply. So truncation, duplication and splices of two attempts are recognised exactly, from a caller's
//! transcript alone; see [`Scan`].

use serde::{Deserialize, Serialize};

/// Names one planned reply: a hash of (seed, provider, model, request, how many-eth call).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub u32);

/// A run of consecutive words of one reply in a transcript: words `from..to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Whose words.
    pub tag: Tag,
    /// Position of the first word.
    pub from: u32,
    /// One past the position of the last.
    pub to: u32,
}

/// What a transcript consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Runs of canonical words in the order in which they came; at most [`MAX_SEGMENTS`] are kept.
    pub segments: Vec<Segment>,
    /// Canonical words in all.
    pub words: u32,
    /// Words that are nobody's.
    pub strays: u32,
    /// Bytes in all.
    pub bytes: u64,
}

/// Segments a [`Transcript`] keeps; further ones are counted as strays, so a hostile reply stays small.
pub const MAX_SEGMENTS: usize = 16;
