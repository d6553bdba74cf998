//! Canonical replies: every word says which attempt it belongs to and where.
//!
//! A word looks like `harbor-2n-k3f9xq1`: a readable lexeme, its position in base 36, and the [`Tag`] of the
//! reply. So truncation, duplication and splices of two attempts are recognised exactly, from a caller's
//! transcript alone; see [`Scan`].

//!
//! ```
//! use mock_providers::dice::Dice;
//! use mock_providers::reply::{Scan, Tag, push_word};
//!
//! let tag = Tag::of(&Dice::new(7), "openai", "gpt-4o", "req-1", 0);
//! let mut text = String::new();
//! (0..3).for_each(|index| push_word(tag, index, &mut text));
//!
//! let mut scan = Scan::default();
//! scan.push(&text[..5]);
//! scan.push(&text[5..]);
//! assert!(scan.finish().is_whole(tag, 3));
//! ```

mod lexicon;
mod scan;
mod word;

use serde::{Deserialize, Serialize};

pub use scan::Scan;
pub use word::push_word;
pub(crate) use word::{LONGEST_WORD, push_words};

use crate::dice::Dice;

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

impl Tag {
    /// The tag of the reply to the `nth` call (from 0) that a provider sees for `request_id`.
    #[must_use]
    pub fn of(dice: &Dice, provider: &str, model: &str, request_id: &str, nth: u32) -> Tag {
        let hash = dice.key("reply").str(provider).str(model).str(request_id).u64(u64::from(nth)).hash();
        Tag((hash >> 32) as u32)
    }
}

impl Transcript {
    /// Whether these are all `words` words of `tag`, in order, each once, and nothing else.
    #[must_use]
    pub fn is_whole(&self, tag: Tag, words: u32) -> bool {
        self.is_prefix(tag) && self.words == words
    }

    /// Whether this is the beginning of `tag`'s reply (nothing at all included), and nothing else.
    #[must_use]
    pub fn is_prefix(&self, tag: Tag) -> bool {
        let runs = match self.segments[..] {
            [] => true,
            [run] => run.tag == tag && run.from == 0,
            _ => false,
        };
        runs && self.strays == 0
    }
}

#[cfg(test)]
mod tests;
