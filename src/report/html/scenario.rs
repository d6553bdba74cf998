//! A scenario's page: the verdict and why, then the run from the timeline down to single requests.

use super::markup::{Element, Markup, el};
use super::moments;
use super::parts::{badge, section};
use super::scene::Scene;
use super::{
    cost, failover, faults, figures, flow, heatmap, percentiles, reproduce, seeds, since, tiles, timeline,
};
use super::{verdict, vows, waterfall};
use crate::history::Mode;
use crate::report::paint::{show_seconds, thousands};

/// Its neighbours, and whether it has the document for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// Shown when no other page is asked for.
    pub(super) home: bool,
    /// The page before.
    pub(super) before: Option<&'a Scene<'a>>,
    /// The page after.
    pub(super) after: Option<&'a Scene<'a>>,
}

/// The page.
pub(super) fn page(scene: &Scene<'_>, place: Place<'_>) -> Markup {
    let class = if place.home { "page scenario home" } else { "page scenario" };
    let heading = scene.anchor("h");
    let parts = parts(scene);
    let links = parts.iter().map(|(part, title, _)| (scene.anchor(part), *title));
    el("section")
        .class(class)
        .id(&scene.id)
        .attr("aria-labelledby", &heading)
        .with(
            el("a")
                .class("skip")
                .attr("href", format_args!("#{}", scene.anchor("verdict")))
                .with("Skip to the verdict"),
        )
        .with(around(place))
        .with(head(scene, &heading))
        .with(contents(links))
        .each(parts.into_iter().map(|(_, _, markup)| markup))
        .with(el("p").class("said unseen").attr("aria-live", "polite"))
        .with(moments::data(scene, &[timeline::series(scene), heatmap::series(scene)].concat()))
        .into()
}

/// The sections that this scenario has something for, in the order of the page: name in the address, title, markup.
fn parts(scene: &Scene<'_>) -> Vec<(&'static str, &'static str, Markup)> {
    let all = [
        ("verdict", "Verdict", verdict::section_of(scene)),
        ("key", "Key figures", tiles::section_of(scene)),
        ("timeline", "Timeline", timeline::section_of(scene)),
        charted(scene, "failover", "Failover and recovery", failover::section),
        charted(scene, "latency", "Latency", percentiles::section),
        charted(scene, "heat", "Latency over time", heatmap::section),
        charted(scene, "flow", "Where requests went", flow::section),
        charted(scene, "cost", "Cost and quality", cost::section),
        ("expectations", "Expectations", vows::expectations(scene)),
        ("promises", "Promises", vows::promises(scene)),
        charted(scene, "faults", "Faults, planned and fired", faults::section),
        charted(scene, "requests", "Requests worth a closer look", waterfall::section),
        ("seeds", "Seeds", seeds::section_of(scene)),
        ("since", "Since the baseline", since::section_of(scene)),
        ("figures", "All figures", figures::section_of(scene)),
        ("reproduce", "Run it again", reproduce::section_of(scene)),
    ];
    all.into_iter().filter(|(_, _, markup)| !markup.is_empty()).collect()
}

/// A section whose file gives what is in it.
fn charted(
    scene: &Scene<'_>,
    part: &'static str,
    title: &'static str,
    body: impl Fn(&Scene<'_>) -> Markup,
) -> (&'static str, &'static str, Markup) {
    (part, title, section(scene, part, title, body(scene)))
}

fn head(scene: &Scene<'_>, heading: &str) -> Element {
    let judgement = scene.judgement();
    let header = &judgement.header;
    let mode = match header.mode {
        Mode::Simulated => "simulated",
        Mode::RealTime => "in real time",
    };
    let requests = judgement.footer.intended;
    let requests = format!("{} request{}", thousands(requests), if requests == 1 { "" } else { "s" });
    let facts = format!("{requests} in {}, {mode}, seed {}", show_seconds(scene.end), header.seed);
    let about = header.about.as_deref().map(str::trim).filter(|about| !about.is_empty());
    el("header")
        .class("head")
        .with(el("h1").id(heading).with(scene.chapter.name()).with(" ").with(badge(scene.chapter.verdict())))
        .with(about.map(|about| el("p").class("about").with(about)))
        .with(
            el("p").class("muted facts").with(facts).with(" · ").with(el("code").with(header.path.as_str())),
        )
}

/// Ways to other pages.
fn around(place: Place<'_>) -> Option<Element> {
    if place.home {
        return None;
    }
    let to = |rel: &'static str, id: &str, words: String| {
        el("a").attr("rel", rel).attr("href", format_args!("#{id}")).with(words)
    };
    let up = to("up", "suite", "All scenarios".to_owned());
    let before = place.before.map(|scene| to("prev", &scene.id, format!("← {}", scene.chapter.name())));
    let after = place.after.map(|scene| to("next", &scene.id, format!("{} →", scene.chapter.name())));
    Some(el("nav").class("around").attr("aria-label", "Scenarios").with(up).with(before).with(after))
}

/// Ways inside the page.
fn contents<'a>(links: impl Iterator<Item = (String, &'a str)>) -> Element {
    let links =
        links.map(|(id, title)| el("li").with(el("a").attr("href", format_args!("#{id}")).with(title)));
    el("nav").class("contents").attr("aria-label", "On this page").with(el("ul").each(links))
}
