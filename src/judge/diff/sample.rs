//! Requests of a run, one by one, as far as two runs are compared by them: all of a small run, a fixed choice of a large one.

use std::collections::BTreeMap;

use crate::history::{Header, PhaseKind, Record};
use crate::judge::case::Case;
use crate::judge::facts::Facts;
use crate::judge::money::bill;
use crate::judge::outcome::Outcome;
use crate::judge::tally::{attained, first_output};
use crate::world::Dice;

/// Requests kept of a run. The choice is by number, so that two runs keep the same ones.
const ROWS_MAX: usize = 10_000;

/// The requests that were kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Names of the phases, and whether each is judged.
    pub(super) phases: Vec<(String, bool)>,
    /// The requests, by number.
    pub(super) rows: Vec<Row>,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    pub(super) number: u64,
    /// Place in [`Sample::phases`].
    pub(super) phase: usize,
    pub(super) outcome: Outcome,
    pub(super) attained: bool,
    pub(super) attempts: u32,
    /// Seconds from the intended arrival to the sending.
    pub(super) lag: f64,
    /// Seconds from the intended arrival to the first useful output.
    pub(super) first: Option<f64>,
    /// Seconds from the intended arrival to the end.
    pub(super) total: f64,
    /// What providers billed for it, in picodollars.
    pub(super) cost: f64,
}

/// Keeps requests of a run while it goes on.
#[derive(Debug)]
pub struct Sampler {
    facts: Facts,
    dice: Dice,
    /// By a draw for the number: those with the least draws are kept.
    kept: BTreeMap<(u64, u64), Row>,
}

impl Sampler {
    /// A sampler of the run that `header` describes.
    #[must_use]
    pub fn new(header: Header) -> Sampler {
        Sampler { facts: Facts::new(header), dice: Dice::new(0), kept: BTreeMap::new() }
    }

    /// Takes one request.
    pub fn record(&mut self, record: &Record) {
        let number = record.caller.number;
        let key = (self.dice.key("sample").u64(number).hash(), number);
        let full = self.kept.len() >= ROWS_MAX;
        if full && self.kept.last_key_value().is_some_and(|(last, _)| *last < key) {
            return;
        }
        let case = Case::new(record, &self.facts);
        let Some(phase) = self.facts.phase_at(record.caller.intended) else { return };
        self.kept.insert(key, Row::of(&case, phase));
        if full {
            self.kept.pop_last();
        }
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(self) -> Sample {
        let phases = self.facts.header.phases.iter();
        let phases = phases.map(|phase| (phase.name.clone(), phase.kind != PhaseKind::Warmup)).collect();
        let mut rows: Vec<Row> = self.kept.into_values().collect();
        rows.sort_by_key(|row| row.number);
        Sample { phases, rows }
    }
}

impl Row {
    fn of(case: &Case<'_>, phase: usize) -> Row {
        let caller = &case.record.caller;
        let bills = case.record.calls.iter().filter_map(|call| bill(case, call));
        Row {
            number: caller.number,
            phase,
            outcome: case.outcome,
            attained: attained(case),
            attempts: u32::try_from(case.attempt_count()).unwrap_or(u32::MAX),
            lag: (case.sent() - caller.intended).as_secs_f64(),
            first: first_output(case).map(|first| (first - caller.intended).as_secs_f64()),
            total: case.total().as_secs_f64(),
            cost: bills.map(|bill| bill as f64).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{failed_over, header, served};

    #[test]
    fn a_row_tells_of_a_request_what_figures_are_made_of() {
        let mut sampler = Sampler::new(header());
        [failed_over(12), served(0, "claude")].iter().for_each(|record| sampler.record(record));

        let sample = sampler.finish();

        // Flash serves after a refusal of 60 ms: 61 ms + 500 ms to the first output, 61 ms + 1 s to the end, and
        // 100 tokens at 300,000 with 10 at 2,500,000 picodollars.
        let row = sample.rows[1];
        assert_eq!((row.number, row.phase, row.outcome, row.attempts), (12, 1, Outcome::Fallback, 2));
        assert!(
            (row.first.expect("output") - 0.561).abs() < 1e-9 && (row.total - 1.061).abs() < 1e-9,
            "{row:?}"
        );
        assert_eq!(row.cost, 55_000_000.0);
        assert_eq!(sample.rows[0].number, 0);
    }

    #[test]
    fn of_a_large_run_the_same_requests_are_kept_whatever_the_order() {
        let numbers = |order: &mut dyn Iterator<Item = u64>| {
            let mut sampler = Sampler::new(header());
            let mut record = served(0, "claude");
            for number in order {
                record.caller.number = number;
                sampler.record(&record);
            }
            sampler.finish().rows.iter().map(|row| row.number).collect::<Vec<_>>()
        };
        let (up, down) = (numbers(&mut (0..25_000)), numbers(&mut (0..25_000).rev()));
        assert_eq!(up.len(), ROWS_MAX);
        assert!(up == down);
    }

    #[test]
    fn every_phase_is_judged_but_the_warm_up() {
        let mut header = header();
        header.phases[0].kind = PhaseKind::Warmup;
        let judged: Vec<bool> =
            Sampler::new(header).finish().phases.iter().map(|(_, judged)| *judged).collect();
        assert_eq!(judged, [false, true, true]);
    }
}
