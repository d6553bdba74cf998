//! The text of what a model thinks before it answers, where a vendor shows it. It is no part of the canonical
//! reply: none of its words is one.

const WORDS: [&str; 16] = [
    "First,", "let", "me", "work", "out", "what", "is", "being", "asked,", "then", "weigh", "the", "ways",
    "to", "answer", "it.",
];

/// Words shown at most: vendors show a summary of long thoughts.
const SHOWN_MAX: u32 = 64;
/// Words a streamed piece has.
const PIECE: u32 = 8;

/// The text shown of `tokens` tokens of reasoning, in pieces. Nothing in it needs escaping in JSON.
pub(super) fn pieces(tokens: u32) -> impl Iterator<Item = String> {
    let shown = tokens.min(SHOWN_MAX);
    (0..shown).step_by(PIECE as usize).map(move |from| {
        let words = from..(from + PIECE).min(shown);
        words.fold(String::new(), |mut text, word| {
            if word > 0 {
                text.push(' ');
            }
            text.push_str(WORDS[word as usize % WORDS.len()]);
            text
        })
    })
}

/// The same as one text.
pub(super) fn whole(tokens: u32) -> String {
    pieces(tokens).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_have_as_many_words_as_tokens_up_to_a_limit() {
        assert_eq!(whole(0), "");
        assert_eq!(whole(3), "First, let me");
        assert_eq!(pieces(9).collect::<Vec<_>>(), ["First, let me work out what is being", " asked,"]);
        assert_eq!(whole(u32::MAX).split(' ').count(), 64);
    }
}
