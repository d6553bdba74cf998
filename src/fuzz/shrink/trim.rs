//! Entries and items, wherever they stand: taken out if it fails without them, or put in the place of what holds them.
//!
//! This pass knows nothing of the language. It need not: a document with a hole where something is required is refused before
//! it costs anything.

use super::asked;
use super::search::Search;
use crate::fuzz::Doc;

/// Takes out what can go, from the outside in.
pub(super) fn trim(search: &mut Search<'_>) {
    inner(search, &[]);
}

fn inner(search: &mut Search<'_>, place: &[usize]) {
    let judged = search.is_judged();
    let below = |nth: usize| [place, &[nth]].concat();
    search.thin(place, |doc, nth| !(judged && is_fixed(doc, &below(nth))));
    while simpler_form(search, place) {}
    let mut nth = search.doc().at(place).map_or(0, Doc::len);
    while nth > 0 && !search.is_spent() {
        nth -= 1;
        if !(judged && is_fixed(search.doc(), &below(nth))) {
            inner(search, &below(nth));
        }
    }
}

/// Whether nothing may be taken out of it where an expectation is what fails: the world it was written for stays as it is.
fn is_fixed(doc: &Doc, place: &[usize]) -> bool {
    match doc.keys_to(place).as_slice() {
        ["router" | "providers" | "quotas" | "network", ..] => true,
        ["faults", _, key, ..] => *key != "name",
        ["requests", _, "send", ..] => asked::is_judged(doc, place[1]),
        _ => false,
    }
}

/// Puts a value in the place of what holds it (`{ p50: 420ms, p99: 1.6s }` becomes `420ms`), or a word in the place of a map
/// that says more (`{ cut: { after: 3 } }` becomes `cut`).
fn simpler_form(search: &mut Search<'_>, place: &[usize]) -> bool {
    let Some(here) = search.doc().at(place).filter(|_| place.len() > 1) else { return false };
    let values: Vec<Doc> = match here {
        Doc::Map(entries) => {
            let key = entries.first().filter(|_| entries.len() == 1).map(|(key, _)| Doc::Word(key.clone()));
            key.into_iter().chain(entries.iter().map(|(_, value)| value.clone())).collect()
        }
        Doc::List(items) => items.clone(),
        Doc::Word(_) | Doc::Text(_) => Vec::new(),
    };
    values.into_iter().any(|value| {
        search.edit(|doc| {
            if let Some(here) = doc.at_mut(place) {
                *here = value;
            }
        })
    })
}
