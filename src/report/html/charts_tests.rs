//! Every chart over many runs: it has marks where there is something to see, and numbers that are numbers everywhere.

use proptest::prelude::*;

use super::markup::Markup;
use super::scene::Scene;
use super::{cost, failover, faults, flow, heatmap, percentiles, suite, waterfall};
use crate::history::{Footer, Header, Moment, Record};
use crate::judge::testkit::{
    at, continued, failed_over, failing, footer, header, hedged, served, unreachable_then,
};
use crate::report::account::Collector;
use crate::report::testkit::{broken, good};
use crate::report::{Account, Chapter, Suite};

/// Every section of a scenario's page that is a chart, by name.
fn sections(account: &Account) -> Vec<(&'static str, String)> {
    let chapter = Chapter::once(account.clone());
    let scene = Scene::new(&chapter, "s".to_owned());
    let text = |markup: Markup| markup.as_str().to_owned();
    vec![
        ("percentiles", text(percentiles::section(&scene))),
        ("heatmap", text(heatmap::section(&scene))),
        ("flow", text(flow::section(&scene))),
        ("failover", text(failover::section(&scene))),
        ("cost", text(cost::section(&scene))),
        ("faults", text(faults::section(&scene))),
        ("waterfall", text(waterfall::section(&scene))),
        ("suite", suite_page(vec![chapter.clone(), chapter.clone()])),
    ]
}

fn suite_page(chapters: Vec<Chapter>) -> String {
    let suite = Suite { planned: chapters.len(), chapters };
    let scenes: Vec<_> = suite
        .chapters
        .iter()
        .enumerate()
        .map(|(at, chapter)| Scene::new(chapter, format!("s{at}")))
        .collect();
    suite::page(&suite, &scenes).as_str().to_owned()
}

#[test]
fn every_chart_of_an_incident_has_marks() {
    // Ten requests of thirty fail over in the fault window.
    for (name, markup) in sections(&good()) {
        let marks = ["<path", "<rect", "<line", "<circle"].iter().map(|mark| markup.matches(mark).count());
        assert!(marks.sum::<usize>() >= 2, "{name}: {markup}");
        assert!(markup.contains("<desc>") || markup.contains("class=says>"), "{name} says nothing in words");
    }
}

#[test]
fn the_request_that_broke_a_promise_is_told_first() {
    let markup = sections(&broken()).swap_remove(6).1;
    let first = markup.find("<details").map(|at| &markup[at..]).expect("a request");
    assert!(first.starts_with("<details class=request id=s--r12 open>"), "{}", &first[..80]);
    assert!(first.contains("breaks I"));
}

#[test]
fn a_fault_that_never_fired_stands_out() {
    let mut account = good();
    account.judgement.footer.fired.clear();
    let markup = sections(&account).swap_remove(5).1;
    assert!(markup.contains("never fired") && markup.contains("silent"), "{markup}");
}

#[test]
fn a_suite_names_what_failed_before_the_table_and_links_to_it() {
    let markup = suite_page(vec![Chapter::once(good()), Chapter::once(broken())]);
    assert!(markup.contains("1 of 2 scenarios failed"), "{markup}");
    let (above, table) = markup.split_once("<table").expect("a table");
    assert!(above.contains("href=\"#s1\"") || above.contains("href=#s1"), "{above}");
    // In the table it comes first too.
    let (failed, passed) = (table.find("#s1").expect("a row"), table.find("#s0").expect("a row"));
    assert!(failed < passed);
    assert_eq!(table.matches("class=spark").count(), 2);
}

#[test]
fn two_hundred_scenarios_are_a_light_page() {
    let chapters = vec![Chapter::once(good()); 194];
    let bytes = suite_page(chapters).len();
    assert!(bytes < 500_000, "{bytes}");
}

/// One of the ways a request can go.
fn record(way: u8, number: u64) -> Record {
    let mut record = match way {
        0 => served(number, "claude"),
        1 => failed_over(number),
        2 => failing(number, &["claude", "flash"]),
        3 => hedged(number),
        4 => continued(number),
        5 => unreachable_then("flash"),
        6 => failing(number, &["claude", "claude", "claude", "flash", "flash", "claude"]),
        _ => served(number, "flash"),
    };
    record.caller.number = number;
    if way == 7 {
        // A router that is not ours, and nobody who answered.
        (record.trail, record.caller.first_output) = (None, None);
        record.calls.clear();
    }
    record
}

fn account(ways: &[(u8, u64)], ended: u64, windows: u8) -> Account {
    let mut header: Header = header();
    match windows {
        0 => header.faults.clear(),
        1 => header.faults[0].during.clear(),
        2 => header.faults[0].during[0].to = Moment::NEVER,
        _ => {}
    }
    let mut collector = Collector::new(header);
    ways.iter().for_each(|(way, number)| collector.record(&record(*way, *number)));
    let intended = ways.len() as u64;
    collector.finish(Footer { ended: at(ended as f64), ..footer(intended) })
}

proptest! {
    /// However a run went, also one without requests or of no length: no number of a chart is missing or endless.
    #[test]
    fn numbers_are_numbers(
        ways in prop::collection::vec((0..9_u8, 0..40_u64), 0..9),
        ended in 0..60_u64,
        windows in 0..4_u8,
    ) {
        for (name, markup) in sections(&account(&ways, ended, windows)) {
            let plain = markup.replace("inflation", "");
            prop_assert!(!plain.contains("NaN") && !plain.contains("inf"), "{}: {}", name, markup);
        }
    }
}
