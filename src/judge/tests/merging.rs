//! Sums of parts are the sum of the whole, to the last digit.

use proptest::prelude::*;

use super::super::facts::Facts;
use super::super::figures::Around;
use super::super::health::Sums;
use super::super::politeness::Load;
use super::super::tally::Tally;
use super::super::testkit::{at, continued, failed_over, failing, header, hedged, served};
use super::{PhaseFigures, Record};
use crate::history::{CallerEnding, PhaseKind};
use crate::judge::Case;

fn record(which: u8, number: u64) -> Record {
    let mut record = match which % 8 {
        0 | 1 => served(number, "claude"),
        2 => served(number, "flash"),
        3 => failed_over(number),
        4 => failing(number, &["claude", "claude", "flash"]),
        5 => hedged(number),
        6 => continued(number),
        _ => failing(number, &[]),
    };
    if which >= 240 {
        record.caller.ending = CallerEnding::Left;
    }
    record
}

fn figures(tally: &Tally) -> PhaseFigures {
    let around = Around {
        name: "run",
        kind: PhaseKind::Whole,
        spans: vec![(at(0.0), at(30.0))],
        load: &Load::new(),
        windows: vec![],
        baseline_median_us: Some(501_000),
        baseline_attainment: Some(1.0),
        faults: (1, 1),
        health: Sums::default(),
    };
    PhaseFigures::new(tally, &around)
}

proptest! {
    /// However requests are spread over tallies, and in whatever order these are merged, every figure is the same.
    #[test]
    fn any_split_of_the_requests_gives_the_same_figures(
        requests in prop::collection::vec((any::<u8>(), 0..5_usize), 1..60),
        backwards in any::<bool>(),
    ) {
        let mut header = header();
        header.routes[0].objective_availability = Some(0.999);
        let facts = Facts::new(header);
        let mut whole = Tally::default();
        let mut parts = vec![Tally::default(); 5];
        for (number, (which, part)) in requests.into_iter().enumerate() {
            let record = record(which, number as u64 % 30);
            let case = Case::new(&record, &facts);
            whole.add(&case);
            parts[part].add(&case);
        }
        if backwards {
            parts.reverse();
        }
        let mut merged = Tally::default();
        parts.iter().for_each(|part| merged.merge(part));
        prop_assert_eq!(figures(&merged), figures(&whole));
    }
}
