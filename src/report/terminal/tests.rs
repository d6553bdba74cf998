//! Pages of hand-made judgements, to be looked at.

use std::time::Duration;

use super::*;
use crate::history::expect::Expectation;
use crate::history::{Header, Record};
use crate::judge::testkit::{failed_over, failing, footer, header, served};
use crate::judge::{Judge, Judgement};

fn judge(header: Header, records: &[Record]) -> Judgement {
    let mut judge = Judge::new(header);
    records.iter().for_each(|record| judge.record(record));
    judge.finish(footer(records.len() as u64))
}

fn thirty() -> Vec<Record> {
    (0..30).map(|n| if (10..20).contains(&n) { failed_over(n) } else { served(n, "claude") }).collect()
}

fn good() -> Judgement {
    let mut header = header();
    header.expect =
        ["availability >= 99.9%", "latency.first_token.p99 < 3s during outage", "amplification <= 1.4"]
            .map(|text| Expectation::parse(text).expect("legal"))
            .to_vec();
    judge(header, &thirty())
}

fn bad() -> Judgement {
    let mut records = thirty();
    records[12] = failing(12, &["claude", "claude"]);
    records[12].calls[0].retry_after = Some(Duration::from_secs(2));
    let mut header = header();
    header.expect = vec![Expectation::parse("availability >= 99.9%").expect("legal")];
    judge(header, &records)
}

#[test]
fn status_lines_are_aligned() {
    let talk = Talk { took: Duration::from_millis(20) };
    let lines = [status_line(&good(), Some(&talk), 120, false), status_line(&bad(), Some(&talk), 120, false)];
    insta::assert_snapshot!(lines.join("\n"), @"");
}

#[test]
fn a_page_tells_the_run() {
    insta::assert_snapshot!(summary(&good(), 80, false), @"");
}

#[test]
fn a_failure_is_told_as_a_story() {
    insta::assert_snapshot!(failure(&bad()), @"");
    assert_eq!(failure(&good()), "");
}

#[test]
fn the_closing_says_what_to_do_next() {
    insta::assert_snapshot!(closing(&[good(), bad()], 60, false), @"");
}

#[test]
fn narrow_pages_stay_narrow() {
    for judgement in [good(), bad()] {
        let text = [summary(&judgement, 60, false), status_line(&judgement, None, 60, false)].join("\n");
        let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 60).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
}

#[test]
fn colour_is_only_there_when_asked_for() {
    assert!(!summary(&bad(), 80, false).contains('\u{1b}'));
    assert!(summary(&bad(), 80, true).contains("\u{1b}[1m"));
}
