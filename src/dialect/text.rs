//! Providers' words for people: bounded, and without secrets.

use crate::chat::Failure;
use crate::router::config::Secret;

/// The most characters of a provider's message that are kept: enough for every known error, too little for a
/// page.
pub(super) const MAX_MESSAGE_CHARS: usize = 512;

/// A key's shortest piece worth hiding: below that, ordinary words would be.
const MIN_KEY_PIECE: usize = 8;

const HIDDEN: &str = "[redacted]";

/// How credentials begin, whoever they belong to: some providers quote the key they refuse.
const KEY_PREFIXES: [&str; 5] = ["sk-", "AIza", "gsk_", "xai-", "ya29."];

/// Takes `key` out of a failure's words, should the provider have quoted it, whole or cut off at the message's
/// end. Decoding hides what looks like a credential already; this hides the one that was sent, whatever it looks
/// like.
pub fn redact(failure: &mut Failure, key: &Secret) {
    let key = key.expose();
    if key.is_empty() {
        return;
    }
    hide(&mut failure.message, key);
    if let Some(code) = &mut failure.code {
        hide(code, key);
    }
}

fn hide(words: &mut String, key: &str) {
    if words.contains(key) {
        *words = words.replace(key, HIDDEN);
    }
    let tail = (MIN_KEY_PIECE..key.len())
        .rev()
        .filter_map(|end| key.get(..end))
        .find(|piece| words.trim_end_matches('…').ends_with(piece));
    if let Some(piece) = tail {
        let kept = words.trim_end_matches('…').len() - piece.len();
        words.truncate(kept);
        words.push_str(HIDDEN);
    }
}

/// A provider's message as it is kept: trimmed, credentials hidden, cut.
pub(super) fn tidy(message: &str) -> String {
    let message = message.trim();
    if KEY_PREFIXES.iter().any(|prefix| message.contains(prefix)) || message.contains("Bearer ") {
        return cut_to(&without_credentials(message), MAX_MESSAGE_CHARS).to_owned();
    }
    cut_to(message, MAX_MESSAGE_CHARS).to_owned()
}

/// `message` up to `chars` characters.
pub(super) fn cut_to(message: &str, chars: usize) -> &str {
    message.char_indices().nth(chars).map_or(message, |(end, _)| &message[..end])
}

/// A body that is not JSON, in words: a page's title, or the text itself.
pub(super) fn of_body(body: &[u8]) -> String {
    let start = &body[..body.len().min(MAX_BODY_LOOK)];
    let text = String::from_utf8_lossy(start);
    let text = text.trim();
    if !text.starts_with('<') {
        return tidy(text);
    }
    let title = title(text).map(str::trim).filter(|title| !title.is_empty());
    title.map_or_else(|| "HTML page".to_owned(), tidy)
}

/// How far into a page its title is looked for.
const MAX_BODY_LOOK: usize = 16 << 10;

fn title(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    page.get(start..end)
}

/// Replaces every word that looks like a credential.
fn without_credentials(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut after_bearer = false;
    for word in message.split_inclusive(is_separator) {
        let bare = word.trim_end_matches(is_separator);
        let looks = after_bearer || KEY_PREFIXES.iter().any(|prefix| bare.starts_with(prefix));
        if looks && bare.len() >= MIN_KEY_PIECE {
            out.push_str(HIDDEN);
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
        after_bearer = bare == "Bearer";
    }
    out
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '`' | ',' | ';' | ':' | '=' | '(' | ')' | '{' | '}' | '<' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::FailureClass;

    #[test]
    fn messages_are_cut_on_a_character() {
        let cut = tidy(&"ä".repeat(2 * MAX_MESSAGE_CHARS));
        assert_eq!(cut.chars().count(), MAX_MESSAGE_CHARS);
    }

    #[test]
    fn pages_are_reduced_to_their_title() {
        assert_eq!(of_body(b"<html><head><TITLE lang=en> 502 Bad Gateway </title>"), "502 Bad Gateway");
        assert_eq!(of_body(b"  <!doctype html><p>no"), "HTML page");
        assert_eq!(of_body(b"upstream connect error"), "upstream connect error");
    }

    #[test]
    fn what_looks_like_a_credential_is_hidden() {
        let hidden = tidy("Incorrect API key provided: sk-abcdefghijkl. Header was 'Bearer topsecrettoken'");
        assert!(!hidden.contains("abcdef") && !hidden.contains("topsecret"), "{hidden}");
        assert!(hidden.starts_with("Incorrect API key provided: [redacted]"), "{hidden}");
        assert_eq!(tidy("the task-scheduler failed"), "the task-scheduler failed");
    }

    #[test]
    fn the_key_itself_is_hidden_whole_or_cut() {
        let key = Secret::new("my-own-key-of-any-form");
        for quoted in ["key my-own-key-of-any-form is bad", "the key is my-own-key-of"] {
            let mut failure = Failure::new(FailureClass::Unauthorized, quoted);
            redact(&mut failure, &key);
            assert!(!failure.message.contains("my-own"), "{}", failure.message);
        }
    }
}
