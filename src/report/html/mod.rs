//! The report as one file: every scenario at a glance, and each as a page of its own.
//!
//! No network, no framework, and no script where none is needed: pages are sections, shown by their address
//! (`:target`), charts are SVG, values stand in tables. The script adds what only a script can do: one moment pointed
//! at in all charts, a scheme chosen by hand, commands copied.
//!
//! `markup` escapes, `svg` and `scale` draw, `scene` is a scenario's place in the document and its axis of
//! time, `parts` are what pages are made of. `suite` and `scenario` are the pages; every other file is one
//! section of a scenario's page.

#[cfg(test)]
mod charts_tests;
mod cost;
mod definitions;
mod failover;
mod faults;
mod figures;
mod flow;
mod heatmap;
mod latency;
mod markup;
mod moments;
mod parts;
mod percentiles;
mod reproduce;
mod rows;
mod scale;
mod scenario;
mod scene;
mod seeds;
mod since;
mod suite;
mod svg;
#[cfg(test)]
mod tests;
mod tiles;
mod timeline;
mod verdict;
mod vows;
mod waterfall;

use std::collections::BTreeSet;

use self::markup::{Markup, el};
use self::scenario::Place;
use self::scene::Scene;
use super::Suite;

const STYLE: &str = include_str!("style.css");
const CHARTS: &str = include_str!("charts.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing is fetched from anywhere, and nothing but what stands in the file is run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// The report of a suite: one HTML document, byte-identical for the same histories.
#[must_use]
pub fn page(suite: &Suite) -> String {
    let mut taken = BTreeSet::new();
    let scenes: Vec<_> =
        suite.chapters.iter().map(|chapter| Scene::new(chapter, id(chapter.name(), &mut taken))).collect();
    let alone = scenes.len() == 1;
    let pages: Markup = scenes
        .iter()
        .enumerate()
        .map(|(index, scene)| {
            let before = index.checked_sub(1).and_then(|before| scenes.get(before));
            scenario::page(scene, Place { home: alone, before, after: scenes.get(index + 1) })
        })
        .collect();
    let home = if alone { scenes[0].id.as_str() } else { "suite" };
    let pages = if alone { pages } else { suite::page(suite, &scenes).and(pages) };
    document(&title(suite), home, &pages.and(definitions::page()))
}

fn title(suite: &Suite) -> String {
    match suite.chapters.as_slice() {
        [only] => format!("{}: {} · Brownout", only.name(), only.verdict().name()),
        _ => format!("{} scenarios · Brownout", suite.chapters.len()),
    }
}

fn document(title: &str, home: &str, pages: &Markup) -> String {
    let head = el("head")
        .with(el("meta").attr("charset", "utf-8"))
        .with(el("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1"))
        .with(el("meta").attr("http-equiv", "Content-Security-Policy").attr("content", POLICY))
        .with(el("meta").attr("name", "color-scheme").attr("content", "light dark"))
        .with(el("title").with(title));
    let head = Markup::from(head);
    let head = head.as_str().trim_end_matches("</head>");
    format!(
        "<!doctype html>\n<html lang=en>{head}<style>{STYLE}{CHARTS}</style></head>\n<body>{}{}<script>{SCRIPT}</script></body></html>\n",
        top(home).as_str(),
        Markup::from(el("main").id("main").with(pages.clone())).as_str(),
    )
}

/// What stands above every page.
fn top(home: &str) -> Markup {
    let home = el("a").class("brand").attr("href", format_args!("#{home}")).with("Brownout");
    let scheme =
        el("button").class("js scheme").attr("type", "button").attr("aria-pressed", "false").with("Dark");
    el("header").class("top").with(home).with(scheme).into()
}

/// An id made of a name, used by no one before.
fn id(name: &str, taken: &mut BTreeSet<String>) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    let first = format!("s-{}", if slug.is_empty() { "scenario" } else { &slug });
    let numbered = (2..).map(|number| format!("{first}-{number}"));
    let free = std::iter::once(first.clone()).chain(numbered).find(|id| !taken.contains(id));
    let free = free.expect("numbers do not end");
    taken.insert(free.clone());
    free
}
