//! Hand-made suites for the tests of formats.

use std::time::Duration;

use super::account::Collector;
use super::{Account, Chapter, Suite};
use crate::history::expect::Expectation;
use crate::history::{Footer, Header, Record};
use crate::judge::testkit::{failed_over, failing, footer, header, served};

/// Thirty requests, one a second: claude serves, but from 10 s to 20 s flash does.
pub(crate) fn thirty() -> Vec<Record> {
    (0..30).map(|n| if (10..20).contains(&n) { failed_over(n) } else { served(n, "claude") }).collect()
}

fn expecting(texts: &[&str]) -> Header {
    let expect = texts.iter().map(|text| Expectation::parse(text).expect("legal")).collect();
    Header { expect, ..header() }
}

fn account(header: Header, records: &[Record], footer: Footer) -> Account {
    let mut collector = Collector::new(header);
    records.iter().for_each(|record| collector.record(record));
    collector.finish(footer)
}

/// Everything kept.
pub(crate) fn good() -> Account {
    let header = expecting(&[
        "availability >= 99.9%",
        "latency.first_token.p99 < 3s during outage",
        "amplification <= 1.4",
    ]);
    account(header, &thirty(), footer(30))
}

/// Request 12 is asked again too early, fails, and takes the availability with it.
pub(crate) fn broken() -> Account {
    let mut records = thirty();
    records[12] = failing(12, &["claude", "claude"]);
    records[12].calls[0].retry_after = Some(Duration::from_secs(2));
    let header = Header { scenario: "broken-promise".to_owned(), ..expecting(&["availability >= 99.9%"]) };
    account(header, &records, footer(30))
}

/// Its fault never fired.
pub(crate) fn doubtful() -> Account {
    let header = Header { scenario: "never <fired> & \u{1}".to_owned(), ..header() };
    account(header, &thirty(), Footer { fired: Vec::new(), ..footer(30) })
}

/// One that passed and one that failed.
pub(crate) fn suite() -> Suite {
    Suite { chapters: vec![Chapter::once(good()), Chapter::once(broken())], planned: 2 }
}
