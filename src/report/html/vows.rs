//! What the scenario expects, and what holds in every world.

use super::definitions::defined;
use super::markup::{Element, Markup, el, span};
use super::parts::{Column, badge, definition_id, empty, lead, section, table};
use super::scene::Scene;
use super::verdict::request;
use crate::judge::PromiseResult;
use crate::report::paint::thousands;

/// The thresholds, with what was measured.
pub(super) fn expectations(scene: &Scene<'_>) -> Markup {
    let judgement = scene.judgement();
    if judgement.expectations.is_empty() && judgement.scripted.is_empty() {
        let why = "The scenario sets no threshold of its own: promises alone decide.";
        return section(scene, "expectations", "Expectations", empty(why));
    }
    let columns = [Column::Text("expectation"), Column::Text("verdict"), Column::Text("measured")];
    let thresholds = judgement.expectations.iter().map(|result| {
        [
            Markup::from(el("code").with(result.expectation.text.as_str())),
            badge(result.verdict).into(),
            result.explanation.as_str().into(),
        ]
    });
    let thresholds = table("Thresholds of this scenario", &columns, thresholds);
    let body = Markup::from((!judgement.expectations.is_empty()).then_some(thresholds)).and(scripted(scene));
    section(scene, "expectations", "Expectations", body)
}

/// Requests that had to go a certain way.
fn scripted(scene: &Scene<'_>) -> Option<Element> {
    let scripted = &scene.judgement().scripted;
    let columns = [Column::Text("request"), Column::Text("verdict"), Column::Text("how it differs")];
    let rows = scripted.iter().map(|result| {
        let differences: Vec<_> = result
            .mismatches
            .iter()
            .map(|one| format!("{}: expected {}, was {}", one.what, one.expected, one.actual))
            .collect();
        let told = if differences.is_empty() { "as scripted".to_owned() } else { differences.join("; ") };
        [request(scene, result.expectation.number), badge(result.verdict).into(), told.into()]
    });
    (!scripted.is_empty()).then(|| table("Scripted requests", &columns, rows))
}

/// The promises: broken ones first, then kept ones, then those that no request could have broken.
pub(super) fn promises(scene: &Scene<'_>) -> Markup {
    let promises = &scene.judgement().promises;
    let rank = |promise: &&PromiseResult| match (promise.violations, promise.checked) {
        (1.., _) => 0,
        (_, 1..) => 1,
        _ => 2,
    };
    let mut sorted: Vec<_> = promises.iter().collect();
    sorted.sort_by_key(rank);
    let count = |wanted: i32| sorted.iter().filter(|promise| rank(promise) == wanted).count();
    let told = format!("{} broken, {} kept, {} not applicable here.", count(0), count(1), count(2));
    let columns = [
        Column::Text("promise"),
        Column::Text("verdict"),
        Column::Number("checked"),
        Column::Number("broken by"),
        Column::Text("witness"),
    ];
    let (applied, rest): (Vec<&PromiseResult>, Vec<_>) = sorted.iter().partition(|promise| rank(promise) < 2);
    let rows = applied.into_iter().map(|promise| row(scene, promise));
    let table = table("Promises that hold in every world", &columns, rows);
    let rest = (!rest.is_empty()).then(|| idle(&rest));
    section(scene, "promises", "Promises", Markup::from(lead(told)).and(table).and(rest))
}

/// Promises that no request of the run could have broken.
fn idle(promises: &[&PromiseResult]) -> Element {
    let mut list =
        el("p").class("muted").with("Not applicable here, since nothing happened that could break them: ");
    for (index, promise) in promises.iter().enumerate() {
        list = list.with(if index > 0 { ", " } else { "" }).with(name(promise));
    }
    list.with(".")
}

fn row(scene: &Scene<'_>, promise: &PromiseResult) -> [Markup; 5] {
    let verdict = if promise.violations > 0 {
        span("word v-fail", "✗ broken")
    } else {
        span("word v-pass", "✓ kept")
    };
    let witness = promise.witnesses.first().map(|witness| {
        let by = witness.number.map(|number| request(scene, number).and(": "));
        Markup::from(by).and(witness.what.as_str())
    });
    let some = |count: u64| Markup::from(if count == 0 { "–".to_owned() } else { thousands(count) });
    [name(promise), verdict.into(), some(promise.checked), some(promise.violations), witness.into()]
}

/// Its id and its name, linked to its definition where the documents have one.
fn name(promise: &PromiseResult) -> Markup {
    let name = if defined(&promise.id) {
        el("a").class("def").attr("href", format_args!("#{}", definition_id(&promise.id)))
    } else {
        el("span")
    };
    Markup::from(span("muted", promise.id.as_str())).and(" ").and(name.with(promise.name.as_str()))
}
