//! How long an answer is, and what its usage is beside its words.

use super::Provider;
use crate::dialect::{Ask, Caching, Format, Script, WORDS_MAX, cached_hint, reasoning_hint, words_hint};
use crate::dice::Key;
use crate::reply::push_words;

/// Tokens of reasoning drawn when the caller wants some and says no number: from, and up to.
const REASONING: (u32, u32) = (32, 512);
/// Words looked through at a time for a stop text.
const BATCH: u32 = 512;

/// Draws of one call's measures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    pub(super) output: Key,
    pub(super) reasoning: Key,
    pub(super) cache: Key,
}

impl Provider {
    /// Decides how many words and thoughts the answer has and how much of the prompt was cached.
    pub(super) fn measure(&self, script: &mut Script, draws: Measures) {
        if matches!(script.ask.format, Format::Embeddings | Format::Embed | Format::OllamaEmbed) {
            return;
        }
        let ask = &script.ask;
        let wanted = words_hint(&ask.prompt).unwrap_or_else(|| {
            let drawn = self.spec().output.sample_us(&mut draws.output.stream());
            drawn.clamp(1, u64::from(WORDS_MAX)) as u32
        });
        let wanted = ask.shape.as_ref().map_or(wanted, |shape| wanted.min(shape.words_max));
        // Answers side by side, and what is told of each of their tokens, have to fit into memory.
        let room =
            WORDS_MAX / ask.choices.unwrap_or(1) / ask.logprobs.map_or(1, |top| 8 * (u32::from(top) + 1));
        let wanted = wanted.min(room.max(1));
        // Thoughts come first, and out of the same allowance.
        let most = ask.max_tokens.unwrap_or(u32::MAX);
        let reasoning = reasoning(ask, draws.reasoning).min(most);
        script.reasoning = reasoning;
        script.words = wanted.min(most - reasoning);
        script.limited = script.words < wanted;
        cache(script, draws.cache);
        if script.ask.shape.is_none() && !script.ask.stop.is_empty() {
            stop(script);
        }
    }
}

fn reasoning(ask: &Ask, key: Key) -> u32 {
    let (from, to) = REASONING;
    let drawn = || if ask.thinks { from + (key.unit() * f64::from(to - from)) as u32 } else { 0 };
    let tokens = reasoning_hint(&ask.prompt).unwrap_or_else(drawn);
    tokens.min(ask.thoughts_max.unwrap_or(u32::MAX))
}

/// Three quarters of a prompt are cached where the caller uses the cache: found there, or (half the time, where
/// the caller marks what to cache) only now written to it.
fn cache(script: &mut Script, key: Key) {
    let tokens = script.prompt_tokens;
    if let Some(hint) = cached_hint(&script.ask.prompt) {
        script.cached = u64::from(hint).min(tokens);
        return;
    }
    match script.ask.caching {
        Caching::Off => {}
        Caching::Mark if key.happens(500_000) => script.written = tokens * 3 / 4,
        Caching::Read | Caching::Mark => script.cached = tokens * 3 / 4,
    }
}

/// Ends the answer before the first of the stop texts that occurs in it.
fn stop(script: &mut Script) {
    let mut text = String::new();
    // Where the text that is kept begins: all before it was looked through.
    let mut words = 0;
    let longest = script.ask.stop.iter().map(String::len).max().unwrap_or(0);
    while words < script.words {
        let to = (words + BATCH).min(script.words);
        push_words(script.tag, words, to, &mut text);
        words = to;
        let hits = script.ask.stop.iter().filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
        if let Some((at, stop)) = hits.min_by_key(|(at, _)| *at) {
            let stop = stop.clone();
            return end_at(script, &text, at, words, stop);
        }
        // A stop text may begin in this batch and end in the next one.
        let keep = text.len().saturating_sub(longest);
        let keep = text[..keep].rfind(' ').unwrap_or(0);
        text.drain(..keep);
    }
}

/// The answer ends at byte `at` of `text`, which is the end of the first `words` words.
fn end_at(script: &mut Script, text: &str, at: usize, words: u32, stop: String) {
    let after = text[at..].split(' ').filter(|word| !word.is_empty()).count() as u32;
    let begun = text[..at].rfind(' ').unwrap_or(0);
    let partial = if text[at..].starts_with(' ') { "" } else { &text[begun..at] };
    // A word that was cut belongs to those after the end; what was said of it is kept as it is.
    script.words = words - after;
    script.tail = partial.to_owned();
    script.limited = false;
    script.stopped = Some(stop);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::reply::Tag;

    /// The text of the first `words` words.
    fn text(tag: Tag, words: u32) -> String {
        let mut text = String::new();
        push_words(tag, 0, words, &mut text);
        text
    }

    fn stopped(stops: &[&str], words: u32) -> (u32, String) {
        let stop = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let ask = Ask { stop, ..Ask::default() };
        let mut script = Script::new(Dialect::Openai, ask, String::new(), 0, Tag(7));
        script.words = words;
        super::stop(&mut script);
        (script.words, script.tail)
    }

    #[test]
    fn an_answer_ends_exactly_before_its_stop_text() {
        let whole = text(Tag(7), 2_000);
        let cases = [0, 1, 5, 511, 512, 513, 1_400].map(|word: usize| whole.split(' ').nth(word).unwrap());
        for stop in cases {
            for (stop, expected) in [
                (stop.to_owned(), whole.split(stop).next().unwrap()),
                (format!(" {stop}"), whole.split(&format!(" {stop}")).next().unwrap()),
                (stop[3..].to_owned(), whole.split(&stop[3..]).next().unwrap()),
            ] {
                let (words, tail) = stopped(&["no such text", &stop], 2_000);
                assert_eq!(text(Tag(7), words) + &tail, expected, "{stop:?}");
            }
        }
        assert_eq!(stopped(&["no such text"], 2_000), (2_000, String::new()));
        let across = &whole[whole.len() / 2..whole.len() / 2 + 60];
        let (words, tail) = stopped(&[across], 2_000);
        assert_eq!(text(Tag(7), words) + &tail, whole.split(across).next().unwrap());
    }
}
