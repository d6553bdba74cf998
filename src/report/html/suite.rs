//! The page of a suite: the verdict on all of it, what needs a look, and every scenario as a row.

mod row;
mod spark;

use std::collections::BTreeMap;

use row::Columns;

use super::markup::{Markup, el, span};
use super::parts::{badge, outcome_class};
use super::scene::Scene;
use crate::judge::{Outcome, Verdict};
use crate::report::Suite;
use crate::report::paint::{show_seconds, thousands};

/// Scenarios that did not pass and are told above the table; the table has all.
const LOOKS_MAX: usize = 12;

/// The page, shown when no other is asked for.
pub(super) fn page(suite: &Suite, scenes: &[Scene<'_>]) -> Markup {
    let columns = Columns::of(suite);
    let groups = groups(scenes).into_iter().map(|(folder, scenes)| group(&folder, &scenes, columns));
    let table = el("table").class("suite").with(columns.head()).each(groups);
    el("section")
        .class("page home")
        .id("suite")
        .attr("aria-labelledby", "suite-h")
        .with(headline(suite))
        .with(looks(scenes))
        .with(filters(suite))
        .with(legend(scenes))
        .with(table)
        .into()
}

/// How many of how many, and what was run.
fn headline(suite: &Suite) -> Markup {
    let count =
        |verdict: Verdict| suite.chapters.iter().filter(|chapter| chapter.verdict() == verdict).count();
    let (all, missing) = (suite.chapters.len(), suite.planned.saturating_sub(suite.chapters.len()));
    let failed = count(Verdict::Fail);
    let doubtful = count(Verdict::Inconclusive);
    let (verdict, words) = match (failed, doubtful + missing) {
        (0, 0) if all == 0 => (Verdict::Inconclusive, "No scenario was run".to_owned()),
        (0, 0) => (Verdict::Pass, format!("{} passed", of(all, all))),
        (0, _) => (Verdict::Inconclusive, format!("{} failed, {}", of(0, all), open(doubtful, missing))),
        (_, 0) => (Verdict::Fail, format!("{} failed", of(failed, all))),
        _ => (Verdict::Fail, format!("{} failed, {}", of(failed, all), open(doubtful, missing))),
    };
    let runs = suite
        .chapters
        .iter()
        .map(|chapter| chapter.seeds.as_ref().map_or(1, |seeds| seeds.runs.len()))
        .sum::<usize>();
    let requests: u64 = suite.chapters.iter().map(|chapter| chapter.account.judgement.whole.requests).sum();
    let time: f64 = suite
        .chapters
        .iter()
        .map(|chapter| chapter.account.judgement.footer.ended.as_us() as f64 / 1e6)
        .sum();
    let seeds = if runs > all {
        format!(" under {} seeds; shown is the worst run of each", thousands(runs as u64))
    } else {
        String::new()
    };
    let about =
        format!("{} requests judged in {} of scenario time{seeds}.", thousands(requests), show_seconds(time));
    let class = format!("verdict v-{}", verdict.name());
    Markup::from(el("h1").id("suite-h").class(&class).with(words)).and(el("p").class("lead").with(about))
}

fn of(part: usize, all: usize) -> String {
    if part == all && all != 1 {
        format!("All {all} scenarios")
    } else {
        format!("{part} of {all} scenarios")
    }
}

fn open(doubtful: usize, missing: usize) -> String {
    let parts = [(doubtful, "inconclusive"), (missing, "not run")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

/// What did not pass, and why.
fn looks(scenes: &[Scene<'_>]) -> Option<Markup> {
    let mut looks: Vec<&Scene<'_>> =
        scenes.iter().filter(|scene| scene.chapter.verdict() != Verdict::Pass).collect();
    looks.sort_by_key(|scene| scene.chapter.verdict());
    let more = looks.len().saturating_sub(LOOKS_MAX);
    let more = (more > 0).then(|| el("li").class("muted").with(format!("and {more} more, below")));
    let each = looks.iter().take(LOOKS_MAX).map(|scene| {
        let link = el("a").attr("href", format_args!("#{}", scene.id)).with(scene.chapter.name());
        let reason = scene.judgement().reasons.first().map(|reason| reason.what.as_str());
        el("li")
            .with(badge(scene.chapter.verdict()))
            .with(" ")
            .with(link)
            .with(span("why", reason.unwrap_or_default()))
    });
    (!looks.is_empty()).then(|| el("ul").class("looks").each(each).with(more).into())
}

/// Which rows are shown: a choice that works without a script, and a search that needs one.
fn filters(suite: &Suite) -> Option<Markup> {
    let count =
        |verdict: Verdict| suite.chapters.iter().filter(|chapter| chapter.verdict() == verdict).count();
    let choices = [
        ("all", "All", suite.chapters.len()),
        ("fail", "Failed", count(Verdict::Fail)),
        ("inconclusive", "Inconclusive", count(Verdict::Inconclusive)),
        ("pass", "Passed", count(Verdict::Pass)),
    ];
    let choices: Vec<_> = choices.iter().filter(|(_, _, count)| *count > 0).collect();
    let choices_count = choices.len();
    let choices = choices.into_iter().map(|(id, words, count)| {
        let input = el("input").attr("type", "radio").attr("name", "show").id(&format!("show-{id}"));
        let input = if *id == "all" { input.flag("checked") } else { input };
        el("label").with(input).with(span("", format!("{words} {count}")))
    });
    let search = el("input")
        .class("js find")
        .attr("type", "search")
        .attr("placeholder", "Find a scenario")
        .attr("aria-label", "Find a scenario by its name, folder or description");
    let field =
        el("fieldset").with(el("legend").class("unseen").with("Which scenarios are shown")).each(choices);
    // With one verdict there is nothing to choose from.
    let field = (choices_count > 2).then_some(field);
    (suite.chapters.len() > 1).then(|| el("div").class("filters").with(field).with(search).into())
}

/// What the colours mean, of the outcomes that there are.
fn legend(scenes: &[Scene<'_>]) -> Markup {
    let any = |outcome: Outcome| scenes.iter().any(|scene| scene.judgement().whole.outcome(outcome) > 0);
    let keys = Outcome::SPLIT.into_iter().filter(|outcome| any(*outcome));
    let keys = keys.map(|outcome| span("key", el("i").class(&outcome_class(outcome))).with(outcome.name()));
    let armed = scenes.iter().any(|scene| !scene.shades().is_empty());
    let armed = armed.then(|| span("key", el("i").class("stroke o-broken")).with("a fault is armed"));
    el("p").class("keys").each(keys).with(armed).into()
}

/// Scenarios by folder, the folders in the order of their first scenario.
fn groups<'s, 'a>(scenes: &'s [Scene<'a>]) -> Vec<(String, Vec<&'s Scene<'a>>)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<(String, Vec<&Scene<'_>>)> = Vec::new();
    for scene in scenes {
        let folder = folder(&scene.judgement().header.path);
        let place = *places.entry(folder).or_insert_with(|| {
            groups.push((folder.to_owned(), Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(scene);
    }
    groups
}

fn folder(path: &str) -> &str {
    path.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

/// The scenarios of a folder, what did not pass first.
fn group(folder: &str, scenes: &[&Scene<'_>], columns: Columns) -> Markup {
    let mut scenes = scenes.to_vec();
    let rank = |verdict| {
        [Verdict::Fail, Verdict::Inconclusive, Verdict::Pass].iter().position(|other| *other == verdict)
    };
    scenes.sort_by_key(|scene| rank(scene.chapter.verdict()));
    let passed = scenes.iter().filter(|scene| scene.chapter.verdict() == Verdict::Pass).count();
    let counts = format!("{passed} of {} passed", scenes.len());
    let head = el("th")
        .attr("colspan", columns.count())
        .attr("scope", "rowgroup")
        .with(if folder.is_empty() { "." } else { folder })
        .with(span("unit", counts));
    el("tbody")
        .with(el("tr").class("folder").with(head))
        .each(scenes.iter().map(|scene| columns.row(scene)))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_grouped_by_its_folder() {
        assert_eq!(folder("scenarios/outage/crash.yaml"), "scenarios/outage");
        assert_eq!((folder("crash.yaml"), folder(r"scenarios\crash.yaml")), ("", "scenarios"));
    }

    #[test]
    fn the_headline_counts_what_passed_and_what_is_open() {
        assert_eq!(
            (of(194, 194), of(3, 194), of(1, 1)),
            ("All 194 scenarios".to_owned(), "3 of 194 scenarios".to_owned(), "1 of 1 scenarios".to_owned())
        );
        assert_eq!(open(2, 1), "2 inconclusive, 1 not run");
    }
}
