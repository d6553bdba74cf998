//! Hints in a prompt: `[words=129]` asks for a reply of that length, `[reasoning=64]` for so many tokens of thought
//! before it, `[cached=512]` says how much of the prompt came from a cache, and `[brownout:ID]` names the request
//! for targets that drop headers.

/// Longest reply, in words: beyond what any model writes (393,000 tokens), and a few megabytes.
pub(crate) const WORDS_MAX: u32 = 1 << 19;

/// The length that the prompt asks for.
pub(crate) fn words_hint(prompt: &str) -> Option<u32> {
    count(prompt, "[words=")
}

/// The tokens of reasoning that the prompt asks for.
pub(crate) fn reasoning_hint(prompt: &str) -> Option<u32> {
    count(prompt, "[reasoning=")
}

/// The tokens of the prompt that it says are cached.
pub(crate) fn cached_hint(prompt: &str) -> Option<u32> {
    count(prompt, "[cached=")
}

fn count(prompt: &str, opening: &str) -> Option<u32> {
    let digits = bracketed(prompt, opening)?;
    digits.parse().ok().map(|count: u32| count.min(WORDS_MAX))
}

/// The correlation id that the prompt carries.
pub(super) fn nonce(prompt: &str) -> Option<&str> {
    bracketed(prompt, "[brownout:").filter(|id| !id.is_empty() && !id.contains(char::is_whitespace))
}

/// What follows the first `opening`, up to the bracket that closes it. Every prompt is looked through, however long
/// it is, and hardly any has brackets: the search is for the bracket, which is the fastest.
fn bracketed<'a>(prompt: &'a str, opening: &str) -> Option<&'a str> {
    let mut openings = memchr::memchr_iter(b'[', prompt.as_bytes());
    let rest = openings.find_map(|at| prompt[at..].strip_prefix(opening))?;
    rest.find(']').map(|end| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_found_anywhere_and_nonsense_is_none() {
        assert_eq!(words_hint("say [words=129] please"), Some(129));
        assert_eq!(words_hint("[words=4000000000]"), Some(WORDS_MAX));
        assert_eq!(words_hint("[words=-1]"), None);
        assert_eq!(words_hint("[words=12"), None);
        assert_eq!(words_hint("[[a][words=][words=7]"), None);
        assert_eq!(words_hint("[wörds=1][[words=7]]"), Some(7));
        assert_eq!((reasoning_hint("[reasoning=7]"), cached_hint("[words=1][cached=0]")), (Some(7), Some(0)));
        assert_eq!(nonce("hello [brownout:req-7]"), Some("req-7"));
        assert_eq!(nonce("hello [brownout:two words]"), None);
        assert_eq!(nonce("[brownout:]"), None);
    }
}
