//! The zoo without a hunt: what was caught is played again. No luck is needed.

use std::collections::BTreeSet;

use brownout::fuzz::Broken;
use brownout::router::seam::Defect;
use zoo::caught::Caught;
use zoo::rows::{Row, rows};
use zoo::{hunted, page};

fn played(row: Option<&Row>, caught: &Caught) -> Vec<Broken> {
    hunted::play(row, &caught.case, caught.depth).expect("it runs")
}

#[test]
fn what_was_caught_breaks_its_promise_with_the_defect_and_none_without_it() {
    for row in rows() {
        let caught = Caught::load(row.defect).expect("a scenario");
        let promise = caught.broken.promise.as_str();
        assert!(
            row.names(promise),
            "{:?} is expected to break {:?}, and {promise} caught it",
            row.defect,
            row.breaks
        );
        let broken = played(Some(row), &caught);
        assert!(broken.iter().any(|broken| broken.promise == promise), "{:?} breaks {broken:?}", row.defect);
        assert_eq!(played(None, &caught), [], "{:?}: without the defect", row.defect);
    }
}

#[test]
fn every_defect_has_one_row_and_every_file_is_of_a_defect() {
    let rows: Vec<Defect> = rows().map(|row| row.defect).collect();
    assert_eq!(rows, Defect::ALL, "the same, in the same order");
    let folder = Caught::path(rows[0]).parent().expect("a folder").to_owned();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(Row::named(name.trim_end_matches(".yaml")).is_some(), "{name} is of no defect");
    }
}

#[test]
fn every_promise_has_a_defect_that_is_about_it() {
    let about: BTreeSet<&str> = rows().map(|row| row.breaks[0]).collect();
    for (id, name) in (1..=29).map(|id| format!("I{id:02}")).zip(1..) {
        assert!(about.contains(id.as_str()), "{id}, number {name}: no defect is about it");
    }
}

#[test]
fn every_real_failure_that_is_named_is_in_the_field_report() {
    let report = std::fs::read_to_string(zoo::root().join("docs/field.md")).expect("docs/field.md");
    for row in rows() {
        for id in row.like {
            assert!(report.contains(id), "{:?}: {id} is not in docs/field.md", row.defect);
        }
    }
}

#[test]
fn the_page_is_what_was_caught() {
    let found: Vec<(&Row, Option<Caught>)> = rows().map(|row| (row, Caught::load(row.defect).ok())).collect();
    let written = std::fs::read_to_string(page::path()).unwrap_or_default();
    assert!(
        written == page::page(&found),
        "docs/zoo.md: write it anew with `cargo run --release -p zoo -- --write`"
    );
}
