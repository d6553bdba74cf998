//! The verdict and why: every reason with what to do, and the requests that show it.

use super::markup::{Element, Markup, el, span};
use super::parts::section;
use super::scene::Scene;
use crate::judge::{Judgement, Reason, Verdict, Witness};

/// The section.
pub(super) fn section_of(scene: &Scene<'_>) -> Markup {
    let judgement = scene.judgement();
    let body = if judgement.reasons.is_empty() {
        Markup::from(el("p").with(kept(judgement)))
    } else {
        el("ol").class("reasons").each(judgement.reasons.iter().map(|reason| told(scene, reason))).into()
    };
    section(scene, "verdict", title(judgement.verdict), body)
}

const fn title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "Passed: everything was kept",
        Verdict::Fail => "Failed, because",
        Verdict::Inconclusive => "Inconclusive: the run proved nothing, because",
    }
}

fn kept(judgement: &Judgement) -> String {
    let promises = judgement.promises.iter().filter(|promise| promise.checked > 0).count();
    let count = |count: usize, noun: &str| crate::judge::plural(count as u64, noun);
    let mut kept = vec![count(promises, "promise")];
    kept.extend(
        (!judgement.expectations.is_empty()).then(|| count(judgement.expectations.len(), "expectation")),
    );
    kept.extend(
        (!judgement.scripted.is_empty()).then(|| count(judgement.scripted.len(), "scripted request")),
    );
    let last = kept.pop().unwrap_or_default();
    let all = if kept.is_empty() { last } else { format!("{} and {last}", kept.join(", ")) };
    format!("{all} applied, and every one was kept.")
}

fn told(scene: &Scene<'_>, reason: &Reason) -> Element {
    let what = el("strong").with(reason.what.as_str());
    el("li")
        .class(&format!("v-{}", reason.verdict.name()))
        .with(what)
        .with(el("p").with(reason.help.as_str()))
        .with(witnesses(scene, reason))
}

/// The requests that show it, linked to their lives.
fn witnesses(scene: &Scene<'_>, reason: &Reason) -> Option<Element> {
    let judgement = scene.judgement();
    let broken = judgement.promises.iter().filter(|promise| promise.violations > 0);
    let of = broken.filter(|promise| reason.what.starts_with(&format!("{} {} ", promise.id, promise.name)));
    let scripted = judgement.scripted.iter().filter(|result| result.verdict == Verdict::Fail);
    let scripted = scripted
        .filter(|result| reason.what.starts_with(&format!("scripted request {} ", result.expectation.number)))
        .map(|result| request(scene, result.expectation.number));
    let links: Vec<_> = of
        .flat_map(|promise| &promise.witnesses)
        .filter_map(|witness| link(scene, witness))
        .chain(scripted)
        .collect();
    (!links.is_empty()).then(|| el("p").class("witnesses").with("Look at ").with(listed(links)))
}

fn link(scene: &Scene<'_>, witness: &Witness) -> Option<Markup> {
    witness.number.map(|number| request(scene, number))
}

/// A request by its number, linked to its life where that was kept.
pub(super) fn request(scene: &Scene<'_>, number: u64) -> Markup {
    let words = format!("request {number}");
    match scene.request(number) {
        Some(anchor) => el("a").attr("href", format_args!("#{anchor}")).with(words).into(),
        None => span("muted", words).into(),
    }
}

fn listed(all: Vec<Markup>) -> Markup {
    let mut list = Markup::new();
    for (index, one) in all.into_iter().enumerate() {
        if index > 0 {
            list.push(", ");
        }
        list.push(one);
    }
    list
}
