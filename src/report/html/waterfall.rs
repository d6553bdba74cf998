//! The requests that are worth a closer look, each as a waterfall: what the router did and why, beside what providers
//! did and what the caller saw.

mod life;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use life::{End, Kind, Life, Mark, Row, State};

use super::markup::{Markup, el, span};
use super::parts::{empty, lead};
use super::rows::{drawing, row, rows, ruler};
use super::scale::Scale;
use super::scene::Scene;
use super::svg::{Anchor, line, rect, text};
use crate::history::Record;
use crate::judge::{Judgement, Verdict};
use crate::report::paint::show_seconds;
use crate::report::words;

/// Requests drawn, of a run that passed and of any other; witnesses of what was broken come first.
const LIVES_MAX: (usize, usize) = (6, 16);

/// Height of a row, in pixels.
const ROW: f64 = 22.0;

/// The requests, the most instructive first; the first one is open.
pub(super) fn section(scene: &Scene<'_>) -> Markup {
    let chosen = chosen(scene.judgement());
    if chosen.is_empty() {
        return empty("No request was kept: none failed, and none was made.").into();
    }
    let about = "Each row is a wait or an attempt; below it is what its provider did. Times count from the moment at which \
                 the request was meant to be sent.";
    let lives = chosen.iter().enumerate().map(|(place, (record, why))| life(scene, record, why, place == 0));
    Markup::from(lead(about)).and(legend()).and(lives.collect::<Markup>())
}

/// Numbers of the requests that [`section`] draws.
pub(super) fn shown(judgement: &Judgement) -> Vec<u64> {
    chosen(judgement).into_iter().map(|(record, _)| record.caller.number).collect()
}

/// The requests that are drawn, and why each: what is broken, the slowest, then one of each way to fail.
fn chosen(judgement: &Judgement) -> Vec<(&Record, Vec<String>)> {
    let mut why: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut order: Vec<u64> = Vec::new();
    let mut tell = |number: u64, words: String| {
        if !order.contains(&number) {
            order.push(number);
        }
        why.entry(number).or_default().push(words);
    };
    for promise in &judgement.promises {
        let numbers = promise.witnesses.iter().filter_map(|witness| witness.number);
        numbers.for_each(|number| tell(number, format!("breaks {} {}", promise.id, promise.name)));
    }
    for scripted in judgement.scripted.iter().filter(|scripted| scripted.verdict == Verdict::Fail) {
        tell(scripted.expectation.number, "is not as scripted".to_owned());
    }
    for (place, number) in judgement.slowest.iter().enumerate() {
        tell(*number, if place == 0 { "the slowest".to_owned() } else { "among the slowest".to_owned() });
    }
    for record in &judgement.worst {
        if !order.contains(&record.caller.number) {
            order.push(record.caller.number);
        }
    }
    let records = order.into_iter().filter_map(|number| judgement.record(number));
    let told = records.map(|record| (record, why.remove(&record.caller.number).unwrap_or_default()));
    let most = if judgement.verdict == Verdict::Pass { LIVES_MAX.0 } else { LIVES_MAX.1 };
    told.take(most).collect()
}

fn legend() -> Markup {
    let keys = [
        ("seg-connecting", "connecting"),
        ("seg-waiting", "waiting for output"),
        ("seg-output", "output"),
        ("seg-pausing", "waits on purpose"),
        ("seg-limit", "limit"),
    ];
    let keys = keys.map(|(class, words)| span("key", el("i").class(class)).with(words));
    el("p").class("keys").each(keys).into()
}

fn life(scene: &Scene<'_>, record: &Record, why: &[String], open: bool) -> Markup {
    let caller = &record.caller;
    let total = show_seconds((caller.ended - caller.intended).as_secs_f64());
    let life = Life::of(record, &scene.judgement().header);
    let short = record.trail.as_ref().map(crate::history::Trail::short).unwrap_or_default();
    let title = el("span")
        .with(el("b").with(format!("Request {}", caller.number)))
        .with(format!(" {total} "))
        .with(why.iter().map(|why| Markup::from(span("tag", why)).and(" ")).collect::<Markup>())
        .with(span("muted", short));
    let axis = Scale::linear((0.0, life.span), (0.0, 100.0));
    let more =
        (life.more > 0).then(|| el("p").class("muted").with(format!("and {} more attempts", life.more)));
    let arrival = el("p").class("muted").with(words::arrival(record, &scene.judgement().header));
    let lines = life.rows.iter().map(|row| drawn(row, &life, &axis));
    let lines = rows(std::iter::once(ruler(&axis, 0.0)).chain(lines));
    let body = el("div").with(arrival).with(lines).with(marks(&life.marks));
    let folded = el("details").class("request").id(&scene.anchor(&format!("r{}", caller.number)));
    let folded = if open { folded.flag("open") } else { folded };
    folded.with(el("summary").with(title)).with(body.with(more)).into()
}

fn drawn(of: &Row, life: &Life, axis: &Scale) -> Markup {
    let thin = of.kind == Kind::Provider;
    let (top, bottom) = if thin { (7.0, ROW - 7.0) } else { (4.0, ROW - 4.0) };
    let parts = of.parts.iter().map(|part| {
        let told = format!(
            "{} {}, from {}",
            state_words(part.state),
            show_seconds(part.to - part.from),
            show_seconds(part.from)
        );
        rect(state_class(part.state), (axis.at(part.from), axis.at(part.to)), (top, bottom))
            .with(el("title").with(told))
    });
    let inside = |mark: &&Mark| mark.at <= life.span;
    let limits = of.limits.iter().filter(inside).map(|limit| {
        let class = if limit.hit { "seg-limit hit" } else { "seg-limit" };
        let x = axis.at(limit.at);
        line(class, (x, 1.0), (x, ROW - 1.0)).with(el("title").with(&limit.what))
    });
    let guides =
        life.marks.iter().map(|mark| line("guide", (axis.at(mark.at), 0.0), (axis.at(mark.at), ROW)));
    let end = of.end.filter(|(at, _)| *at <= life.span).map(|(at, end)| ending(axis.at(at), end));
    let bar = drawing(ROW).each(guides).each(parts).each(limits).with(end);
    row(kind_class(of.kind), of.who.as_str(), bar, of.says.as_str())
}

/// A dot, a cross or a ring.
fn ending(x: f64, end: End) -> Markup {
    let (class, mark) = match end {
        End::Good => ("end good", "●"),
        End::Bad => ("end bad", "✕"),
        End::Left => ("end left", "○"),
    };
    // At the right edge it would be cut in half.
    let anchor = if x > 98.0 { Anchor::End } else { Anchor::Middle };
    text(class, (x, ROW / 2.0 + 4.0), anchor, mark).into()
}

fn marks(marks: &[Mark]) -> Option<Markup> {
    let told = marks.iter().map(|mark| format!("{}: {}", show_seconds(mark.at), mark.what));
    let told: Vec<_> = told.collect();
    (!told.is_empty()).then(|| el("p").class("muted").with(told.join(" · ")).into())
}

const fn kind_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Caller => "caller",
        Kind::Wait => "pause",
        Kind::Skip => "skip",
        Kind::Attempt => "attempt",
        Kind::Provider => "provider",
    }
}

const fn state_class(state: State) -> &'static str {
    match state {
        State::Late => "seg-late",
        State::Connecting => "seg-connecting",
        State::Waiting => "seg-waiting",
        State::Output => "seg-output",
        State::Pausing => "seg-pausing",
    }
}

const fn state_words(state: State) -> &'static str {
    match state {
        State::Late => "not sent yet",
        State::Connecting => "connecting",
        State::Waiting => "waiting for output",
        State::Output => "output",
        State::Pausing => "waits",
    }
}
