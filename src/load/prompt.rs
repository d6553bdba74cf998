//! What callers ask: filler of the right length, with a hint for the mock that answers it.

use std::fmt::Write as _;

use mock_providers::latency::Dist;

use crate::world::Key;

/// Different filler words; prompts are windows on their sequence.
const WORDS: [&str; 32] = [
    "please", "compare", "the", "order", "with", "our", "last", "invoice", "and", "tell", "me", "where",
    "it", "was", "sent", "because", "a", "parcel", "is", "still", "missing", "from", "that", "shipment",
    "since", "monday", "which", "address", "did", "you", "use", "then",
];

/// Longest prompt that is written out, in words: about 2 MB.
const MAX_WORDS: usize = 300_000;

/// Writes prompts.
#[derive(Debug, Default)]
pub struct Prompts {
    filler: String,
    /// Where each word of the filler ends.
    ends: Vec<usize>,
}

impl Prompts {
    /// A prompt of about `words` words, named `name`, which asks a mock for a reply of `reply` words.
    pub fn write(&mut self, name: &str, words: usize, reply: Option<u64>) -> String {
        let words = words.min(MAX_WORDS);
        self.grow(words);
        let mut prompt = String::with_capacity(32 + self.ends.get(words).copied().unwrap_or(0));
        if let Some(reply) = reply {
            let _ = write!(prompt, "[words={reply}] ");
        }
        prompt.push_str(name);
        let rest = words.saturating_sub(if reply.is_some() { 2 } else { 1 });
        if rest > 0 {
            prompt.push_str(&self.filler[..self.ends[rest - 1]]);
        }
        prompt
    }

    fn grow(&mut self, words: usize) {
        while self.ends.len() <= words {
            let index = self.ends.len();
            self.filler.push(' ');
            self.filler.push_str(WORDS[(index * 7 + index / 32) % WORDS.len()]);
            self.ends.push(self.filler.len());
        }
    }
}

/// A whole number of words drawn from `dist` with `key`.
pub fn word_count(dist: &Dist, key: Key) -> u64 {
    let drawn = dist.sample(&mut key.stream());
    if drawn.is_finite() { drawn.max(0.0).round() as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_has_as_many_words_as_were_asked_for() {
        let mut prompts = Prompts::default();
        for words in [2, 3, 50, 1020] {
            let prompt = prompts.write("s0-7", words, Some(129));
            assert_eq!(prompt.split_whitespace().count(), words, "{prompt}");
            assert!(prompt.starts_with("[words=129] s0-7"));
        }
        assert_eq!(prompts.write("s0-8", 1, None), "s0-8");
    }
}
