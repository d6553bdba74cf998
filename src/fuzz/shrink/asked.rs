//! What is said of a scenario and asked of it, without which it plays the same.

use super::search::Search;
use crate::fuzz::Doc;

/// Keys that only say something.
const SAID: [&str; 3] = ["version", "name", "about"];

/// Keys that ask something of the whole run.
const ASKED: [&str; 2] = ["expect", "abort_on"];

/// Leaves out what is said and asked: a promise needs none of it. What cannot go is what fails.
pub(super) fn leave_out(search: &mut Search<'_>) {
    let at_once = search.edit(|doc| {
        remove(doc, &SAID);
        remove(doc, &ASKED);
        for nth in 0..requests(doc) {
            ask_nothing(doc, nth);
        }
    });
    if !at_once {
        search.edit(|doc| remove(doc, &SAID));
        for key in ASKED {
            search.edit(|doc| remove(doc, &[key]));
        }
        ask_less(search);
    }
    let asked = ASKED.iter().any(|key| search.doc().get(key).is_some());
    let judged = (0..requests(search.doc())).any(|nth| is_judged(search.doc(), nth));
    search.set_judged(asked || judged);
}

/// Asks nothing of as many requests as it can, the last first: it is seldom more than one that is not answered as it should be.
fn ask_less(search: &mut Search<'_>) {
    let mut end = requests(search.doc());
    while end > 0 && !search.is_spent() {
        let gone = search.gallop(end, end, |search, mut numbers| {
            let asked = numbers.clone().any(|nth| is_judged(search.doc(), nth));
            !asked || search.edit(|doc| numbers.by_ref().for_each(|nth| ask_nothing(doc, nth)))
        });
        end -= gone.max(1).min(end);
    }
}

/// Whether more is written of the request with this number in the list than what is sent.
pub(super) fn is_judged(doc: &Doc, nth: usize) -> bool {
    let request = doc.get("requests").and_then(|requests| requests.items().get(nth));
    request.is_some_and(|request| request.entries().iter().any(|(key, _)| key != "send"))
}

fn requests(doc: &Doc) -> usize {
    doc.get("requests").map_or(0, Doc::len)
}

fn ask_nothing(doc: &mut Doc, nth: usize) {
    if let Some(Doc::Map(entries)) = doc.get_mut("requests").and_then(|requests| requests.at_mut(&[nth])) {
        entries.retain(|(key, _)| key == "send");
    }
}

fn remove(doc: &mut Doc, keys: &[&str]) {
    for key in keys {
        doc.remove(key);
    }
}
