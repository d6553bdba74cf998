//! Amounts and texts: rounder numbers, shorter times, fewer words.

use super::asked;
use super::scalar;
use super::search::Search;
use crate::fuzz::Doc;

/// Keys at which an amount is a place, in time or in a stream: the very beginning is one of them.
const PLACES: [&str; 5] = ["at", "from", "to", "during", "after"];

/// Makes every amount as round as it can be.
pub(super) fn round(search: &mut Search<'_>) {
    let places: Vec<_> = search.doc().places();
    for place in places.into_iter().rev() {
        if search.is_spent() {
            return;
        }
        // Nothing is taken out here, so that places stay what they are.
        let Some(word) = search.doc().at(&place).and_then(Doc::word).map(str::to_owned) else { continue };
        if is_fixed(search, &place) {
            continue;
        }
        let instant = search.doc().keys_to(&place).iter().any(|key| PLACES.contains(key));
        for simple in scalar::simpler(&word, instant).into_iter().chain(fewer_words(&word)) {
            if search.edit(|doc| say(doc, &place, simple)) {
                break;
            }
        }
    }
}

/// Another seed: none at all is the simplest.
pub(super) fn seed(search: &mut Search<'_>) {
    if !search.edit(|doc| drop(doc.remove("seed"))) && search.doc().get("seed").is_some() {
        for seed in 1..10_u64 {
            if search.edit(|doc| doc.put_first("seed", seed)) {
                return;
            }
        }
    }
}

fn say(doc: &mut Doc, place: &[usize], simple: String) {
    if let Some(Doc::Word(word) | Doc::Text(word)) = doc.at_mut(place) {
        *word = simple;
    }
}

/// The first words of a text: one, two, four, and so on.
fn fewer_words(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').collect();
    let counts = (0..).map(|power| 1_usize << power).take_while(|count| *count < words.len());
    counts.map(|count| words[..count].join(" ")).collect()
}

/// Whether the amount stays: where an expectation is what fails, a world may only become kinder.
fn is_fixed(search: &Search<'_>, place: &[usize]) -> bool {
    let keys = search.doc().keys_to(place);
    search.is_judged()
        && match keys.as_slice() {
            ["load", ..] => false,
            ["requests", _, "send", ..] => asked::is_judged(search.doc(), place[1]),
            _ => true,
        }
}
