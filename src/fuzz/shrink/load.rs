//! Traffic -> single requests: of a crowd, the few that matter.

use std::time::Duration;

use super::scalar;
use super::search::Search;
use crate::fuzz::{Case, Doc};
use crate::load::Ask;
use crate::run;
use crate::scenario::{Arrivals, Scenario};

/// Most requests of a load that are written down one by one: more are not tried, they are too many to be few in the end.
const MOST_TRIED: usize = 400;

/// Most requests that a list may have in the end: a longer one says less than the load it stands for.
const MOST_LISTED: usize = 12;

/// Seeds to try where chance has a say: other requests draw other lots.
const SEEDS: u64 = 3;

/// How much of a prompt is written down.
#[derive(Clone, Copy)]
enum Prompts {
    /// Nothing: the usual one.
    Usual,
    /// Its beginning, which tells it from others and says how long the answer is to be.
    Beginnings,
    /// Every word of it.
    Whole,
}

/// Less of everything that a source sends.
pub(super) fn thin_out(search: &mut Search<'_>) {
    for nth in (0..sources(search.doc())).rev() {
        if search.edit(|doc| drop_source(doc, nth)) {
            continue;
        }
        search.edit(|doc| open(doc, nth));
        for key in ["rate", "burst"] {
            slower(search, nth, key);
        }
    }
}

/// Writes the requests of every load down one by one, and keeps those that it takes.
pub(super) fn list(search: &mut Search<'_>) {
    if sources(search.doc()) == 0 || search.is_spent() {
        return;
    }
    let Some(asks) = asks(&search.case().scenario) else { return };
    for prompts in [Prompts::Usual, Prompts::Beginnings, Prompts::Whole] {
        let seeds = if super::Size::of(search.case()).chance > 0 { SEEDS } else { 0 };
        for seed in [None].into_iter().chain((0..seeds).map(Some)) {
            let mut doc = listed(search.doc(), &asks, prompts);
            if let Some(seed) = seed {
                doc.put_first("seed", seed);
            }
            if search.detour(doc, drop_requests, few) {
                return;
            }
        }
    }
}

/// Leaves out requests of the list.
pub(super) fn drop_requests(search: &mut Search<'_>) {
    if let Some(place) = search.doc().find("requests") {
        search.thin(&[place], |_, _| true);
    }
}

fn few(case: &Case) -> bool {
    case.doc.get("requests").map_or(0, Doc::len) <= MOST_LISTED
}

fn sources(doc: &Doc) -> usize {
    doc.get("load").map_or(0, Doc::len)
}

fn drop_source(doc: &mut Doc, nth: usize) {
    if sources(doc) == 1 {
        doc.remove("load");
    } else if let Some(load) = doc.get_mut("load") {
        load.keep(|source| source != nth);
    }
}

/// Callers who wait for their answers -> callers who do not, one a second: then it is known who asks when.
fn open(doc: &mut Doc, nth: usize) {
    if let Some(source) = doc.get_mut("load").and_then(|load| load.at_mut(&[nth]))
        && source.remove("closed").is_some()
    {
        source.set("rate", "1/s");
    }
}

/// A lower rate, or smaller bursts.
fn slower(search: &mut Search<'_>, nth: usize, key: &str) {
    let source = |doc: &Doc| doc.get("load").and_then(|load| load.at(&[nth])).cloned();
    let value = |doc: &Doc| {
        let value = source(doc)?.get(key).cloned()?;
        Some(value.get("size").unwrap_or(&value).word()?.to_owned())
    };
    let Some(word) = value(search.doc()) else { return };
    for simple in scalar::simpler(&word, false) {
        let taken = search.edit(|doc| {
            let value = doc
                .get_mut("load")
                .and_then(|load| load.at_mut(&[nth]))
                .and_then(|source| source.get_mut(key));
            match value {
                Some(Doc::Word(word)) => *word = simple,
                Some(burst) => burst.set("size", simple),
                None => {}
            }
        });
        if taken {
            return;
        }
    }
}

/// Who asks, if everybody is known and they are not too many.
fn asks(scenario: &Scenario) -> Option<Vec<Ask>> {
    let known = |arrivals: &Arrivals| !matches!(arrivals, Arrivals::Closed { .. });
    if !scenario.load.iter().all(|source| known(&source.arrivals)) {
        return None;
    }
    let asks = run::asks(scenario, MOST_TRIED + 1).ok()?;
    (asks.len() <= MOST_TRIED).then_some(asks)
}

/// `doc` with a list of requests in the place of its load.
fn listed(doc: &Doc, asks: &[Ask], prompts: Prompts) -> Doc {
    let mut doc = doc.clone();
    let mut all: Vec<(Duration, Doc)> = asks.iter().map(|ask| written(ask, prompts)).collect();
    let mut before = Duration::ZERO;
    for request in doc.get("requests").map(Doc::items).unwrap_or_default() {
        let at = request.get("send").and_then(|send| send.get("at")).and_then(Doc::word);
        // One without a time of its own follows the one before it.
        before = at.and_then(crate::scenario::duration).unwrap_or(before);
        all.push((before, request.clone()));
    }
    all.sort_by_key(|(at, _)| *at);
    let requests = Doc::List(all.into_iter().map(|(_, request)| request).collect());
    match doc.find("load") {
        Some(place) if doc.get("requests").is_none() => {
            if let Doc::Map(entries) = &mut doc {
                entries[place] = ("requests".to_owned(), requests);
            }
        }
        _ => {
            doc.remove("load");
            doc.set("requests", requests);
        }
    }
    doc
}

fn written(ask: &Ask, prompts: Prompts) -> (Duration, Doc) {
    // Thousandths of a second are near enough; what is nearer is found out by playing it.
    let at = Duration::from_millis(ask.intended.as_us() / 1_000);
    let mut send = Doc::map([("route", ask.route.as_str().into()), ("at", at.into())]);
    if let Some(tenant) = &ask.tenant {
        send.set("tenant", tenant.as_str());
    }
    if ask.stream {
        send.set("stream", true);
    }
    if let Some(leave) = ask.leave_after {
        send.set("leave_after", leave);
    }
    if let Some(prompt) = prompt(&ask.prompt, prompts) {
        send.set("prompt", Doc::Text(prompt));
    }
    (at, Doc::map([("send", send)]))
}

fn prompt(prompt: &str, how: Prompts) -> Option<String> {
    let words = if prompt.starts_with('[') { 2 } else { 1 };
    match how {
        Prompts::Usual => None,
        Prompts::Beginnings => Some(prompt.split(' ').take(words).collect::<Vec<_>>().join(" ")),
        Prompts::Whole => Some(prompt.to_owned()),
    }
}
