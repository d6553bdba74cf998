//! The whole document: what no section could promise alone.

use std::collections::BTreeSet;

use super::page;
use crate::history::{FaultFired, Footer, HealthChange, HealthState};
use crate::judge::Verdict;
use crate::judge::diff::{Basis, Better, Change, Diff, FigureDiff, Lone};
use crate::judge::seeds::{SeedExpectation, SeedFigure, SeedPromise, SeedRun, Seeds, Worst};
use crate::judge::testkit::{SECOND, at, failed_over, header, served};
use crate::report::account::Collector;
use crate::report::testkit::{broken, doubtful, good, suite};
use crate::report::{Account, Chapter, Suite};

fn alone(account: Account) -> String {
    page(&Suite { chapters: vec![Chapter::once(account)], planned: 1 })
}

/// Every value of an attribute, in the order of the document.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let starts = html.match_indices(attribute).map(|(at, found)| &html[at + found.len()..]);
    let value = |rest: &'a str| match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([' ', '>']).next(),
    };
    starts.filter_map(value).collect()
}

#[test]
fn the_same_suite_gives_the_same_bytes() {
    assert_eq!(page(&suite()), page(&suite()));
}

#[test]
fn a_document_fetches_nothing_and_says_so() {
    let html = page(&suite());
    assert!(html.contains("default-src &#39;none&#39;"));
    for fetched in [" src=", "@import", "url(", "<link", "<iframe", "<img"] {
        assert!(!html.contains(fetched), "{fetched}");
    }
}

#[test]
fn what_was_read_is_shown_as_text() {
    // The name holds `<fired>`, an ampersand and a control character.
    let html = alone(doubtful());
    assert!(!html.contains("<fired>") && !html.contains('\u{1}'));
    assert!(html.contains("never &lt;fired&gt; &amp; \u{fffd}"));
}

#[test]
fn ids_are_unique_and_every_link_inside_leads_to_one() {
    // Twice the same name, and one with nothing in it that an id may have.
    let mut nameless = good();
    "λ".clone_into(&mut nameless.judgement.header.scenario);
    let chapters = [good(), good(), broken(), doubtful(), nameless].map(Chapter::once).to_vec();
    let html = page(&Suite { chapters, planned: 5 });
    let ids = values(&html, " id=");
    let unique: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    let inside = values(&html, " href=").into_iter().filter_map(|href| href.strip_prefix('#'));
    let lost: BTreeSet<_> = inside.filter(|id| !unique.contains(id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_suite_of_one_is_its_scenario_and_a_larger_one_has_a_page_of_its_own() {
    assert!(alone(good()).contains("class=\"page scenario home\""));
    assert!(!page(&suite()).contains("class=\"page scenario home\""));
}

#[test]
fn every_chart_of_a_run_with_troubles_has_marks_and_words() {
    let html = alone(troubled(60));
    let charts: Vec<_> = html.split("<svg class=chart").skip(1).collect();
    assert!(charts.len() >= 8, "{}", charts.len());
    for chart in charts {
        let chart = chart.split("</figure>").next().expect("a split has a first part");
        let name = values(chart, " aria-label=")[0];
        assert!(["<path", "<rect", "<text", "<line"].iter().any(|mark| chart.contains(mark)), "{name}");
        assert!(!chart.contains("<desc></desc>"), "{name}");
    }
}

#[test]
fn a_verdict_links_to_the_requests_that_show_it() {
    let html = alone(broken());
    // Request 12 broke the promise about waits.
    assert!(html.contains("Look at <a href=#s-broken-promise--r12>request 12</a>"));
    assert!(html.contains("id=s-broken-promise--r12"));
    assert!(html.contains("brownout run"));
}

#[test]
fn seeds_and_changes_are_told_where_there_are_any() {
    let once = alone(good());
    assert!(!once.contains("--seeds") && !once.contains("--since"));
    let figure = FigureDiff {
        phase: "outage".to_owned(),
        name: "latency.first_token.p99".to_owned(),
        better: Better::Lower,
        before: 1.0,
        after: 1.5,
        interval: Some((0.25, 0.75)),
        change: Change::Worse,
    };
    let diff = Diff {
        scenario: "regional-outage".to_owned(),
        seeds: vec![7],
        basis: Basis::Requests,
        passed: (1, 1),
        passes: Change::Same,
        figures: vec![figure],
        lone: vec![Lone {
            phase: "run".to_owned(),
            name: "time_to_failover".to_owned(),
            before: None,
            after: Some(0.5),
        }],
        change: Change::Worse,
    };
    let chapter = Chapter { account: good(), seeds: Some(seeds()), diff: Some(diff) };
    let html = page(&Suite { chapters: vec![chapter], planned: 1 });
    for told in [
        "too few passed. 1 of 2 seeds passed (50.0%)",
        "seed 8: fail, too slow",
        "measured 90%, with seed 8",
        "+500ms",
        "+250ms – +750ms",
        "▼ worse",
    ] {
        assert!(html.contains(told), "{told}");
    }
}

fn seeds() -> Seeds {
    let run =
        |seed, verdict, reason: Option<&str>| SeedRun { seed, verdict, reason: reason.map(str::to_owned) };
    Seeds {
        runs: vec![run(7, Verdict::Pass, None), run(8, Verdict::Fail, Some("too slow"))],
        verdict: Verdict::Fail,
        why: "too few passed".to_owned(),
        passed: 1,
        share: 0.5,
        interval: (0.1, 0.9),
        wanted: 1.0,
        figures: vec![SeedFigure {
            name: "availability".to_owned(),
            runs: 2,
            min: 0.9,
            median: 0.95,
            max: 1.0,
            mean: 0.95,
            interval: (0.9, 1.0),
        }],
        expectations: vec![SeedExpectation {
            text: "availability >= 99%".to_owned(),
            counts: (1, 1, 0),
            worst: Some(Worst { seed: 8, measured: Some(0.9), explanation: "measured 90%".to_owned() }),
        }],
        promises: vec![SeedPromise { id: "I03".to_owned(), name: "no-splice".to_owned(), seeds: vec![8] }],
    }
}

#[test]
fn a_page_does_not_grow_with_its_requests() {
    // Ten times the requests in ten times the time: as many slices, as many marks, longer numbers.
    let (few, many) = (alone(troubled(400)).len(), alone(troubled(4_000)).len());
    assert!(many < 250_000 && many < few * 2, "{few} and {many} bytes");
}

/// Requests one a second; those of every second half minute fail over, and the router benches the provider then.
fn troubled(requests: u64) -> Account {
    let mut collector = Collector::new(header());
    for number in 0..requests {
        let bad = number % 60 >= 30;
        collector.record(&if bad { failed_over(number) } else { served(number, "claude") });
        let state = match number % 60 {
            30 => Some(HealthState::Benched { until: at(number as f64 + 20.0) }),
            50 => Some(HealthState::Probing),
            59 => Some(HealthState::Open),
            _ => None,
        };
        if let Some(state) = state {
            collector.health(&HealthChange {
                at: crate::history::Moment::from_us(number * SECOND),
                target: "claude".to_owned(),
                model: "claude".to_owned(),
                provider: "anthropic".to_owned(),
                state,
                why: None,
            });
        }
    }
    let fired = FaultFired {
        provider: "anthropic".to_owned(),
        name: "outage".to_owned(),
        count: 1,
        first: Some(at(10.0)),
    };
    let ended = crate::history::Moment::from_us(requests * SECOND);
    collector.finish(Footer { ended, intended: requests, fired: vec![fired], ..Footer::default() })
}
