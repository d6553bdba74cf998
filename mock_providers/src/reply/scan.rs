//! The recogniser: text in whatever pieces it comes, a [`Transcript`] out.

use super::word::{LONGEST_WORD, read_word, write_word};
use super::{MAX_SEGMENTS, Segment, Transcript};

/// Reads a reply as it comes, cut anywhere. Needs the same small memory for any length.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    seen: Transcript,
    /// The beginning of a word whose end has not come yet.
    partial: [u8; LONGEST_WORD],
    held: usize,
    /// The word is longer than any of ours.
    overlong: bool,
}

impl Scan {
    /// Takes the next piece of text.
    pub fn push(&mut self, text: &str) {
        self.seen.bytes += text.len() as u64;
        let mut rest = text.as_bytes();
        if self.held > 0 || self.overlong {
            let end = rest.iter().position(u8::is_ascii_whitespace);
            self.hold(&rest[..end.unwrap_or(rest.len())]);
            let Some(end) = end else { return };
            self.end_held();
            rest = &rest[end..];
        }
        while let Some(start) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
            rest = &rest[start..];
            let Some(end) = rest.iter().position(u8::is_ascii_whitespace) else {
                self.hold(rest);
                return;
            };
            self.take(&rest[..end]);
            rest = &rest[end..];
        }
    }

    /// What was read. A last word that was cut short counts neither as a word nor as a stray when it begins as
    /// the next word of the run before it would.
    #[must_use]
    pub fn finish(mut self) -> Transcript {
        if (self.held > 0 || self.overlong) && !self.cut_short() {
            self.end_held();
        }
        self.seen
    }

    fn cut_short(&self) -> bool {
        let Some(run) = self.seen.segments.last() else { return false };
        let mut expected = [0; LONGEST_WORD];
        let length = write_word(run.tag, run.to, &mut expected);
        !self.overlong && self.held < length && expected[..self.held] == self.partial[..self.held]
    }

    fn hold(&mut self, piece: &[u8]) {
        let end = self.held + piece.len();
        if self.overlong || end > LONGEST_WORD {
            self.overlong = true;
            self.held = 0;
            return;
        }
        self.partial[self.held..end].copy_from_slice(piece);
        self.held = end;
    }

    fn end_held(&mut self) {
        if std::mem::take(&mut self.overlong) {
            self.stray();
        } else {
            let word = self.partial;
            self.take(&word[..self.held]);
        }
        self.held = 0;
    }

    fn take(&mut self, word: &[u8]) {
        let Some((tag, index)) = read_word(word) else { return self.stray() };
        let next = index.saturating_add(1);
        let room = self.seen.segments.len() < MAX_SEGMENTS;
        match self.seen.segments.last_mut() {
            Some(run) if run.tag == tag && run.to == index => run.to = next,
            _ if room => {
                self.seen.segments.push(Segment { tag, from: index, to: next });
            }
            _ => return self.stray(),
        }
        self.seen.words = self.seen.words.saturating_add(1);
    }

    fn stray(&mut self) {
        self.seen.strays = self.seen.strays.saturating_add(1);
    }
}
