//! Latencies as histograms, by phase, provider and outcome.

use std::collections::BTreeMap;

use super::families::{Buckets, Families, labels};
use crate::history::Header;
use crate::judge::Outcome;
use crate::report::Account;
use crate::report::account::{Cell, Counts};

/// The figures that are told as histograms, in the order of [`SELECT`].
pub(super) const FIGURES: [&str; 3] = ["latency.first_token", "latency.total", "latency.error"];

/// Upper bounds in microseconds: 1, 2 and 5 of each decade from 100 us to an hour's.
const BOUNDS_US: [u64; 23] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
];

type Select = fn(&Cell) -> Option<&Counts>;

/// Which latencies of a cell each of the figures counts.
const SELECT: [Select; 3] = [
    |cell| Some(&cell.first_token),
    |cell| cell.outcome.answered().then_some(&cell.total),
    |cell| (!cell.outcome.answered()).then_some(&cell.total),
];

pub(super) fn add(families: &mut Families, account: &Account) {
    for (figure, select) in FIGURES.into_iter().zip(SELECT) {
        let help = format!("{}; durations rounded down to three digits", super::help(figure));
        for ((phase, provider, outcome), counts) in by_labels(account, select) {
            let header = &account.judgement.header;
            let labels = labels(&[
                ("scenario", &header.scenario),
                ("phase", phase_name(header, phase)),
                ("provider", provider.unwrap_or("nobody")),
                ("outcome", outcome.name()),
            ]);
            families.histogram(&super::metric(figure), &help, labels, buckets(&counts));
        }
    }
}

type Key<'a> = (usize, Option<&'a str>, Outcome);

fn by_labels(account: &Account, select: Select) -> BTreeMap<Key<'_>, Counts> {
    let mut sums: BTreeMap<Key<'_>, Counts> = BTreeMap::new();
    for cell in &account.grid.cells {
        if let Some(counts) = select(cell).filter(|counts| !counts.is_empty()) {
            sums.entry((cell.phase, cell.provider.as_deref(), cell.outcome)).or_default().merge(counts);
        }
    }
    sums
}

fn phase_name(header: &Header, phase: usize) -> &str {
    header.phases.get(phase).map_or("", |phase| phase.name.as_str())
}

fn buckets(counts: &Counts) -> Buckets {
    let mut buckets: Vec<(f64, u64)> = BOUNDS_US.iter().map(|us| (*us as f64 / 1e6, 0)).collect();
    buckets.push((f64::INFINITY, 0));
    let mut sum_us = 0_u128;
    for (us, count) in &counts.by_us {
        buckets[BOUNDS_US.partition_point(|bound| bound < us)].1 += count;
        sum_us += u128::from(*us) * u128::from(*count);
    }
    Buckets { sum: sum_us as f64 / 1e6, count: counts.len(), buckets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_duration_at_a_bound_is_counted_below_it() {
        // 100 us and 1 s are bounds themselves; 101 us belongs to the next one, an hour to none.
        let mut counts = Counts::default();
        for us in [100, 101, 1_000_000, 3_600_000_000] {
            counts.record(Duration::from_micros(us));
        }
        let got = buckets(&counts);
        let filled: Vec<_> = got.buckets.iter().filter(|(_, count)| *count > 0).copied().collect();
        assert_eq!(filled, [(0.0001, 1), (0.0002, 1), (1.0, 1), (f64::INFINITY, 1)]);
        assert_eq!(got.count, 4);
    }
}
